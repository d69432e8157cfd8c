//! What must hold for any input: the properties behind the fuzz targets, held against generated
//! input, the targets' seeds and every find of theirs.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a property that does not hold is a panic"
)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[expect(unreachable_pub, reason = "to the fuzz targets it is a library")]
#[path = "../fuzz/properties.rs"]
mod properties;

/// Every file that a fuzz target starts from, or once failed on.
fn kept(target: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let directories = ["seeds", "regressions"].map(|kind| fuzz.join(kind).join(target));
    let files = directories
        .into_iter()
        // A target that never failed has no regressions.
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flatten();
    files.map(|file| {
        let path = file.unwrap().path();
        (path.display().to_string(), fs::read(path).unwrap())
    })
}

fn hold(target: &str, property: fn(&str)) {
    let mut count = 0;
    for (path, bytes) in kept(target) {
        // Shown where a test fails, so that the file is known.
        let text = String::from_utf8(bytes).expect(&path);
        property(&text);
        count += 1;
    }
    assert!(count > 0, "{target} has no seeds");
}

#[test]
fn seeds_and_finds_hold() {
    hold("invoices", properties::invoices);
    hold("usage", properties::usage);
    hold("accept", properties::accept);
    hold("state", properties::state);
    hold("web_config", properties::web_config);
    kept("snapshot").for_each(|(_, bytes)| properties::snapshot(&bytes));
}

/// A figure as Heroku might write it, and as it would not.
fn figure() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0_u32..1_000_000).prop_map(|n| n.to_string()),
        2 => (-1e6_f64..1e6).prop_map(|n| n.to_string()),
        1 => Just("null".to_owned()),
        2 => prop_oneof![Just("1e308"), Just("-1e308"), Just("-0.0"), Just("\"1\"")].prop_map(str::to_owned),
    ]
}

/// A name, often one that another row has too, as a JSON string.
fn name() -> impl Strategy<Value = String> {
    let listed = prop_oneof![
        Just("shop"),
        Just("_team_total"),
        Just(""),
        Just("a\"\\\nb")
    ];
    prop_oneof![3 => listed.prop_map(str::to_owned), 1 => ".{0,8}"]
        .prop_map(|name| serde_json::to_string(&name).unwrap())
}

fn figures() -> impl Strategy<Value = String> {
    let fields = ["dynos", "data", "partner", "addons", "connect"];
    fields
        .map(|field| proptest::option::of(figure()).prop_map(move |f| (field, f)))
        .prop_map(|fields| {
            let given = fields.into_iter();
            given
                .filter_map(|(field, figure)| Some(format!("\"{field}\":{},", figure?)))
                .collect()
        })
}

fn usage_row() -> impl Strategy<Value = String> {
    let month = prop_oneof![
        Just("2026-10"),
        Just("2026-11"),
        Just("2026-12"),
        Just("soon")
    ];
    let app =
        (figures(), name()).prop_map(|(figures, name)| format!("{{{figures}\"app_name\":{name}}}"));
    let apps = proptest::collection::vec(app, 0..6);
    (figures(), month, name(), apps).prop_map(|(figures, month, name, apps)| {
        let apps = apps.join(",");
        format!("{{{figures}\"month\":\"{month}\",\"name\":{name},\"apps\":[{apps}]}}")
    })
}

fn invoice_row() -> impl Strategy<Value = String> {
    let fields = [
        "total",
        "charges_total",
        "state",
        "number",
        "dyno_units",
        "weighted_dyno_hours",
    ]
    .map(|field| figure().prop_map(move |figure| format!("\"{field}\":{figure},")));
    let date = || "(2026-(09|10|11)-(01|30)|(09|10|11)/(01|30)/2026|soon)";
    (fields, name(), date(), date()).prop_map(|(fields, status, start, end)| {
        let fields = fields.concat();
        format!("{{{fields}\"payment_status\":{status},\"period_start\":\"{start}\",\"period_end\":\"{end}\"}}")
    })
}

/// The pages of a list of such rows, put together as the properties take them.
fn pages(row: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let page =
        proptest::collection::vec(row, 0..5).prop_map(|rows| format!("[{}]", rows.join(",")));
    proptest::collection::vec(page, 1..3).prop_map(|pages| pages.join("\u{c}"))
}

fn media_range() -> impl Strategy<Value = String> {
    "(text/plain|text/\\*|\\*/\\*|application/openmetrics-text|gzip|x-gzip|identity|\\*|br)( ?; ?(version=(\"?1\\.0\\.0\"?|0\\.0\\.4)|q=[01](\\.[0-9]{0,4})?|q=x)){0,3}"
}

/// A value as a web configuration might have it, and as it would not, in YAML.
fn web_value() -> impl Strategy<Value = String> {
    let hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
    let listed = [
        hash,
        "server.crt",
        "TLS12",
        "TLS13",
        "X25519",
        "CurveP384",
        "1s",
        "100ms",
        "0",
        "20",
        "-1",
        "true",
        "''",
        "~",
        "nosniff",
        "deny",
        "RequireAnyClientCert",
        "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert",
        "TLS_AES_128_GCM_SHA256",
        "&a b",
        "*a",
        "!x y",
        "{a: 1}",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "[X25519]",
        "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
        "[one.example]",
        "'max-age=1'",
        "|\n    -----BEGIN CERTIFICATE-----\n    hunter2",
    ];
    prop_oneof![
        8 => proptest::sample::select(listed.to_vec()).prop_map(str::to_owned),
        1 => "[^\\p{Cc}]{0,90}",
        1 => ".{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ]
}

/// Some keys of a section, with values.
fn web_section(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    let row = (proptest::sample::select(keys), web_value());
    proptest::collection::btree_map(row.0, row.1, 0..6).prop_map(|rows| {
        let rows = rows.into_iter();
        rows.map(|(key, value)| format!("  {key}: {value}\n"))
            .collect()
    })
}

fn web_config() -> impl Strategy<Value = String> {
    let tls = web_section(&[
        "cert",
        "cert_file",
        "key",
        "key_file",
        "client_ca",
        "client_ca_file",
        "client_auth_type",
        "client_allowed_sans",
        "min_version",
        "max_version",
        "cipher_suites",
        "prefer_server_cipher_suites",
        "curve_preferences",
    ]);
    let users = web_section(&["alice", "bob", "''", "'a:b'", "1"]);
    let limit = web_section(&["interval", "burst"]);
    let headers = web_section(&[
        "  X-Frame-Options",
        "  X-Content-Type-Options",
        "  Strict-Transport-Security",
        "  Content-Security-Policy",
        "  X-XSS-Protection",
    ]);
    let pair = prop_oneof![Just(""), Just("  cert_file: a\n  key_file: b\n")];
    let section = |name: &'static str, rows: BoxedStrategy<String>| {
        proptest::option::of(rows)
            .prop_map(move |rows| rows.map_or_else(String::new, |rows| format!("{name}{rows}")))
    };
    (
        section(
            "tls_server_config:\n",
            (pair, tls)
                .prop_map(|(pair, tls)| format!("{pair}{tls}"))
                .boxed(),
        ),
        section("basic_auth_users:\n", users.boxed()),
        section("rate_limit:\n", limit.boxed()),
        section("http_server_config:\n  headers:\n", headers.boxed()),
    )
        .prop_map(|(tls, users, limit, headers)| [tls, users, limit, headers].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_decodes_as_invoices_is_exposed_soundly(text in pages(invoice_row())) {
        properties::invoices(&text);
    }

    #[test]
    fn whatever_decodes_as_usage_is_exposed_soundly(text in pages(usage_row())) {
        properties::usage(&text);
    }

    #[test]
    fn whatever_several_teams_answer_is_exposed_soundly(bytes in proptest::collection::vec(any::<u8>(), 0..800)) {
        properties::snapshot(&bytes);
    }

    #[test]
    fn whatever_a_header_says_it_means_the_same_in_other_words(
        elements in proptest::collection::vec(media_range(), 0..6),
        odd in ".{0,20}",
    ) {
        let header = elements.join(",");
        properties::accept(&header);
        properties::accept(&format!("{odd},{header}{odd}"));
    }

    #[test]
    fn whatever_is_taken_up_from_a_state_file_is_in_order(
        invoices in pages(invoice_row()),
        usage in pages(usage_row()),
        at in "2026-11-2[0-4]T12:00:0[0-9]Z",
        changed_at in "2026-11-2[0-4]T12:00:0[0-9]Z",
        team in name(),
    ) {
        let answer = |endpoint: &str, pages: &str| {
            let pages: Vec<_> = pages.split('\u{c}').collect();
            let pages = serde_json::to_string(&pages).unwrap();
            format!(r#"{{"team":{team},"identity":null,"endpoint":"{endpoint}","at":"{at}","changed_at":"{changed_at}","validator":null,"pages":{pages}}}"#)
        };
        let answers = [answer("invoices", &invoices), answer("usage", &usage)].join(",");
        properties::state(&format!("[{answers}]"));
    }

    #[test]
    fn whatever_a_web_configuration_says_is_sound_or_refused(text in web_config()) {
        properties::web_config(&text);
    }
}
