//! TLS: versions, suites, HTTP/2, and the certificates of clients.

use std::net::{IpAddr, Ipv4Addr};

use rcgen::SanType;
use reqwest::Version;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ProtocolVersion};

use crate::certificates::{Authority, Directory, TLS};
use crate::http_client::{get, status};
use crate::test_server::TestServer;
use crate::tls_client::Client;

#[test]
fn rejects_versions_outside_the_configured_range() {
    let directory = Directory::new();
    let only = |versions| Client {
        versions,
        ..Client::new(&directory.authority)
    };
    let versions = [&TLS12, &TLS13];
    let (old, new, both) = (only(&versions[..1]), only(&versions[1..]), only(&versions));
    for (bounds, of_old, of_new, of_both) in [
        ("", true, true, Some(ProtocolVersion::TLSv1_3)),
        (
            "  min_version: TLS13\n",
            false,
            true,
            Some(ProtocolVersion::TLSv1_3),
        ),
        (
            "  max_version: TLS12\n",
            true,
            false,
            Some(ProtocolVersion::TLSv1_2),
        ),
    ] {
        let server = TestServer::with_web_config(&directory.web(&format!("{TLS}{bounds}")));
        let get = |client: &Client<'_>| client.get(server.address, "/health", &[]).ok();
        assert_eq!(get(&old).is_some(), of_old, "{bounds}");
        assert_eq!(get(&new).is_some(), of_new, "{bounds}");
        assert_eq!(
            get(&both).map(|exchange| exchange.version),
            of_both,
            "{bounds}"
        );
    }
}

#[test]
fn prefers_cipher_suites_in_configured_order() {
    let directory = Directory::new();
    let list = "  max_version: TLS12\n  curve_preferences: [CurveP384]\n  cipher_suites:\n  \
        - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n  \
        - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n";
    for (more, suite) in [
        (
            "",
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        ),
        (
            "  prefer_server_cipher_suites: false\n",
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ),
    ] {
        let server = TestServer::with_web_config(&directory.web(&format!("{TLS}{list}{more}")));
        let client = Client::new(&directory.authority);
        let exchange = client.get(server.address, "/", &[]).unwrap();
        assert_eq!(exchange.suite, suite);
    }
}

#[test]
fn answers_plain_http_with_400() {
    let directory = Directory::new();
    let server = TestServer::with_web_config(&directory.web(TLS));
    let response = get(server.address, "/");
    assert_eq!(status(&response), "400");
    assert!(
        response.ends_with("\r\n\r\nThis port speaks HTTPS\n"),
        "{response}"
    );
}

#[test]
fn client_auth_type_decides_which_clients_connect() {
    let directory = Directory::new();
    let known = directory.authority.client(vec![]);
    let stranger = Authority::new("another CA").client(vec![]);
    let (yes, no) = (true, false);
    let with_ca = "  client_ca_file: ca.pem\n";
    for (kind, ca, of_none, of_known, of_stranger) in [
        ("NoClientCert", "", yes, yes, yes),
        ("RequestClientCert", "", yes, yes, yes),
        ("RequestClientCert", with_ca, yes, yes, yes),
        ("RequireAnyClientCert", "", no, yes, yes),
        // Without a CA nobody's certificate can be verified.
        ("VerifyClientCertIfGiven", "", yes, no, no),
        ("VerifyClientCertIfGiven", with_ca, yes, yes, no),
        ("RequireAndVerifyClientCert", with_ca, no, yes, no),
    ] {
        let text = format!("{TLS}  client_auth_type: {kind}\n{ca}");
        let server = TestServer::with_web_config(&directory.web(&text));
        for versions in [&[&TLS12][..], &[&TLS13]] {
            let came_in = [None, Some(&known), Some(&stranger)].map(|identity| {
                let client = Client {
                    identity,
                    versions,
                    ..Client::new(&directory.authority)
                };
                client.get(server.address, "/health", &[]).is_ok()
            });
            // A client sends no certificate that the server's hints rule out; one sent in spite of
            // them is what the other rows are for.
            assert_eq!(
                came_in,
                [of_none, of_known, of_stranger],
                "{text} {versions:?}"
            );
        }
    }
}

#[test]
fn verified_client_needs_an_allowed_name() {
    let directory = Directory::new();
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let address = SanType::IpAddress(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    let uri = SanType::URI("spiffe://x/prometheus".try_into().unwrap());
    let text = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
         client_allowed_sans: [one.example, 10.0.0.1, 'spiffe://x/prometheus']\n"
    );
    let server = TestServer::with_web_config(&directory.web(&text));
    for (names, comes_in) in [
        (vec![dns("one.example")], true),
        (vec![dns("other.example"), dns("one.example")], true),
        (vec![address], true),
        (vec![uri], true),
        (vec![dns("x.one.example")], false),
        (vec![dns("*.example")], false),
        (vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())], false),
        (vec![], false),
    ] {
        let client = directory.authority.client(names.clone());
        let client = Client {
            identity: Some(&client),
            ..Client::new(&directory.authority)
        };
        let came_in = client.get(server.address, "/health", &[]).is_ok();
        assert_eq!(came_in, comes_in, "{names:?}");
    }
}

#[test]
fn negotiates_protocol_by_alpn() {
    let directory = Directory::new();
    let on = TestServer::with_web_config(&directory.web(TLS));
    let off = format!("{TLS}http_server_config:\n  http2: false\n");
    let off = TestServer::with_web_config(&directory.web(&off));
    let client = |protocols| Client {
        protocols,
        ..Client::new(&directory.authority)
    };
    let exchange = client(&[b"http/1.1"]).get(on.address, "/", &[]).unwrap();
    assert_eq!(exchange.protocol.unwrap(), b"http/1.1");
    let exchange = client(&[b"h2", b"http/1.1"])
        .get(off.address, "/", &[])
        .unwrap();
    assert_eq!(exchange.protocol.unwrap(), b"http/1.1");
    let exchange = client(&[]).get(on.address, "/", &[]).unwrap();
    assert_eq!(
        (exchange.protocol, status(&exchange.response)),
        (None, "200")
    );
    assert!(client(&[b"h2"]).get(off.address, "/", &[]).is_err());
}

#[test]
fn serves_http2() {
    let directory = Directory::new();
    let text = format!("{TLS}http_server_config:\n  headers:\n    X-Frame-Options: deny\n");
    let server = TestServer::with_web_config(&directory.web(&text));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = directory.authority.certificate();
    let certificate = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([certificate])
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("https://{}/", server.address);
    server.runtime.block_on(async {
        let response = client.get(&url).send().await.unwrap();
        assert_eq!(
            (response.version(), response.status().as_u16()),
            (Version::HTTP_2, 200)
        );
        assert_eq!(response.headers()["x-frame-options"], "deny");
        response.text().await.unwrap();
        let refused = client.post(&url).body("x").send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 405);
    });
}
