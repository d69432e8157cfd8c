//! The HTTP server: endpoints, content types, compression, methods and listen addresses.

use reqwest::Method;

use crate::exporter::{Exporter, ExporterBuilder};
use crate::external_tools;
use crate::scenario::Scenario;
use crate::scrape::Scrape;

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The `Accept` headers of Prometheus 2, Prometheus 3 and a browser.
const PROMETHEUS_2: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

/// Starts a demo without waiting for its data.
async fn start_demo() -> Exporter {
    ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn negotiates_the_preferred_format() {
    let table = [
        ("", TEXT_FORMAT),
        ("*/*", TEXT_FORMAT),
        ("text/plain", TEXT_FORMAT),
        ("text/*", TEXT_FORMAT),
        (BROWSER, TEXT_FORMAT),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0", OPENMETRICS),
        ("APPLICATION/OpenMetrics-Text", OPENMETRICS),
        (
            "application/openmetrics-text;q=0.3, text/plain;q=0.7",
            TEXT_FORMAT,
        ),
        (
            "application/openmetrics-text;q=0.7, text/plain;q=0.3",
            OPENMETRICS,
        ),
        (
            "text/plain;q=0.3, application/openmetrics-text;q=0.7",
            OPENMETRICS,
        ),
        ("application/openmetrics-text;q=0, */*", TEXT_FORMAT),
        (
            "application/openmetrics-text;version=2.0.0, text/plain;q=0.1",
            TEXT_FORMAT,
        ),
        ("image/png", TEXT_FORMAT),
        (";;,=q,/", TEXT_FORMAT),
    ];
    let exporter = start_demo().await;
    for (accept, expected) in table {
        let headers = [("accept", accept)];
        let headers = if accept.is_empty() {
            &[][..]
        } else {
            &headers[..]
        };
        let response = exporter.request(Method::GET, "/metrics", headers).await;
        assert_eq!(response.status, 200, "{accept}");
        assert_eq!(response.header("content-type"), Some(expected), "{accept}");
        assert_eq!(
            response.text().ends_with("# EOF\n"),
            expected == OPENMETRICS,
            "{accept}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compresses_if_client_accepts_gzip() {
    let table = [
        ("", false),
        ("identity", false),
        ("br", false),
        ("gzip", true),
        ("GZIP", true),
        ("gzip, deflate, br", true),
        ("deflate, gzip;q=0.5", true),
        ("*", true),
        ("gzip;q=0", false),
        ("*;q=0", false),
        ("gzip;q=0, *", false),
        ("identity, gzip;q=0.5", false),
    ];
    let exporter = start_demo().await;
    for (coding, compressed) in table {
        let headers = [("accept-encoding", coding)];
        let headers = if coding.is_empty() {
            &[][..]
        } else {
            &headers[..]
        };
        let response = exporter.request(Method::GET, "/metrics", headers).await;
        assert_eq!(
            response.header("content-encoding"),
            compressed.then_some("gzip"),
            "{coding}"
        );
        let vary = response
            .header("vary")
            .expect("a Vary header")
            .to_ascii_lowercase();
        assert!(
            vary.contains("accept-encoding") && vary.contains("accept,"),
            "{vary}"
        );
        Scrape::parse(&if compressed {
            response.gunzip()
        } else {
            response.text()
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_equals_get_without_body() {
    let Some((_heroku, exporter)) = Scenario::named("one_team").start_exporter().await else {
        return;
    };
    for path in [
        "/",
        "/?q=a",
        "/?team=nobody",
        "/api/v1/costs",
        "/metrics",
        "/health",
    ] {
        for coding in ["identity", "gzip"] {
            let headers = [("accept-encoding", coding)];
            let get = exporter.request(Method::GET, path, &headers).await;
            let head = exporter.request(Method::HEAD, path, &headers).await;
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.body, b"", "{path}");
            // The length of /metrics differs between scrapes.
            let length = head.header("content-length").map(str::parse::<usize>);
            assert!(matches!(length, Some(Ok(1..))), "{path}");
            let comparable = |headers: &reqwest::header::HeaderMap| {
                let mut headers = headers.clone();
                headers.remove("date");
                if path == "/metrics" {
                    headers.remove("content-length");
                }
                headers
            };
            assert_eq!(
                comparable(&head.headers),
                comparable(&get.headers),
                "{path}"
            );
            assert_eq!(
                get.header("content-length"),
                Some(get.body.len().to_string().as_str()),
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_returns_ok() {
    let response = start_demo().await.get("/health").await;
    assert_eq!(
        (response.status, response.body.as_slice()),
        (200, b"OK".as_slice())
    );
    assert_eq!(
        response.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

fn links(page: &str) -> Vec<&str> {
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_links_are_valid() {
    let base = ["demo", "--web.telemetry-path=/costs/of.heroku"];
    for (arguments, is_page) in [
        (base.to_vec(), true),
        ([base.as_slice(), &["--web.page=false"]].concat(), false),
    ] {
        let exporter = ExporterBuilder::new(&arguments).start().await;
        let response = exporter.get("/").await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let page = response.text();
        assert_eq!(page.contains("Summary of the month"), is_page, "{page}");
        assert!(page.contains(env!("CARGO_PKG_VERSION")), "{page}");
        let links = links(&page);
        for link in ["/costs/of.heroku", "/health", "/api/v1/costs"] {
            assert!(links.contains(&link), "{links:?}");
        }
        for link in links.iter().filter(|link| link.starts_with(['/', '?'])) {
            let link = link.replace('?', "/?").replace("&#38;", "&");
            assert_eq!(exporter.get(&link).await.status, 200, "{link}");
        }
        assert_eq!(exporter.get("/metrics").await.status, 404);
        let policy = response
            .header("content-security-policy")
            .expect("a Content-Security-Policy header");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let expected = [
            ("cache-control", "no-cache"),
            ("cross-origin-opener-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "deny"),
        ];
        for (name, value) in expected {
            assert_eq!(response.header(name), Some(value));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_team_is_not_found() {
    let response = start_demo().await.get("/?team=%3Cscript%3E").await;
    assert_eq!(response.status, 404);
    let page = response.text();
    assert!(
        page.contains("Team <bdi>&#60;script&#62;</bdi> not found"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_are_not_found() {
    let exporter = start_demo().await;
    for path in [
        "/nothing",
        "/metrics/",
        "/metrics/x",
        "/Metrics",
        "/health/",
        "//",
        "/%2e%2e/etc/passwd",
        "/favicon.ico",
    ] {
        let response = exporter.get(path).await;
        assert_eq!(response.status, 404, "{path}");
    }
    assert_eq!(exporter.get("/metrics?debug=1").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_other_methods_with_allow_header() {
    let exporter = start_demo().await;
    for path in ["/", "/api/v1/costs", "/metrics", "/health"] {
        for method in [
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
        ] {
            let response = exporter.request(method.clone(), path, &[]).await;
            assert_eq!(response.status, 405, "{method} {path}");
            let allowed = response.header("allow").expect("an Allow header");
            let mut allowed: Vec<_> = allowed.split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!(allowed, ["GET", "HEAD"], "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listens_on_several_addresses() {
    let builder = ExporterBuilder::new(&["demo", "--web.listen-address=127.0.0.1:0"]).listeners(2);
    let exporter = builder.start().await;
    assert_ne!(exporter.addresses[0], exporter.addresses[1]);
    for address in &exporter.addresses {
        let response = exporter
            .request_url(Method::GET, &format!("http://{address}/health"), &[])
            .await;
        assert_eq!(response.text(), "OK", "{address}");
    }
}

/// `PORT` alone has the same effect as in the Go program.
#[tokio::test(flavor = "multi_thread")]
async fn port_alone_listens_on_all_addresses() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let exporter = ExporterBuilder::without_listen_address(&[])
        .with_heroku(&heroku, &scenario.team_names())
        .env("PORT", "0")
        .start()
        .await;
    assert!(
        exporter.addresses[0].ip().is_unspecified(),
        "{:?}",
        exporter.addresses
    );
    let url = format!("http://127.0.0.1:{}/health", exporter.addresses[0].port());
    assert_eq!(
        exporter.request_url(Method::GET, &url, &[]).await.text(),
        "OK"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_address_overrides_port() {
    let exporter = ExporterBuilder::new(&["demo"])
        .env("PORT", "1")
        .start()
        .await;
    assert_eq!(exporter.addresses.len(), 1);
    assert!(exporter.addresses[0].ip().is_loopback() && exporter.addresses[0].port() != 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn listens_on_ipv6() {
    // Skipped on machines without IPv6.
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let exporter =
        ExporterBuilder::without_listen_address(&["demo", "--web.listen-address=[::1]:0"])
            .start()
            .await;
    assert!(exporter.addresses[0].is_ipv6());
    assert_eq!(exporter.get("/health").await.text(), "OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn date_follows_a_clock_that_is_set_back() {
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let offset = directory.path().join("offset");
    std::fs::write(&offset, "+0").expect("the directory is writable");
    let exporter = ExporterBuilder::new(&["demo"])
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", offset.to_str().expect("UTF-8"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .start()
        .await;
    let date = async || {
        let response = exporter.get("/-/healthy").await;
        let date = response.headers.get("date").expect("a Date header");
        jiff::fmt::rfc2822::parse(date.to_str().expect("a text")).expect("a date")
    };
    let before = date().await;
    std::fs::write(&offset, "-3d").expect("the directory is writable");
    let back = before.duration_since(&date().await);
    assert!((71..=72).contains(&back.as_hours()), "{back:?}");
}
