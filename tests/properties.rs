//! The properties of the fuzz targets, checked with generated inputs, the targets' seeds and their
//! regressions.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a violated property panics"
)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[expect(unreachable_pub, reason = "a library for the fuzz targets")]
#[path = "../fuzz/properties.rs"]
mod properties;

/// Returns the path and the content of each seed and regression of a fuzz target.
fn inputs(target: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let directories = ["seeds", "regressions"].map(|kind| fuzz.join(kind).join(target));
    let files = directories
        .into_iter()
        // Some targets have no regressions.
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flatten();
    files.map(|file| {
        let path = file.unwrap().path();
        (path.display().to_string(), fs::read(path).unwrap())
    })
}

fn check_inputs(target: &str, property: fn(&str)) {
    let mut count = 0;
    for (path, bytes) in inputs(target) {
        let text = String::from_utf8(bytes).expect(&path);
        property(&text);
        count += 1;
    }
    assert!(count > 0, "{target} has no seeds");
}

#[test]
fn properties_hold_for_seeds_and_regressions() {
    check_inputs("invoices", properties::invoices);
    check_inputs("usage", properties::usage);
    check_inputs("accept", properties::accept);
    check_inputs("web_config", properties::web_config);
    inputs("snapshot").for_each(|(_, bytes)| properties::snapshot(&bytes));
}

/// Returns a figure in JSON: a number, `null` or an unusual value.
fn figure() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0_u32..1_000_000).prop_map(|n| n.to_string()),
        2 => (-1e6_f64..1e6).prop_map(|n| n.to_string()),
        1 => Just("null".to_owned()),
        2 => prop_oneof![Just("1e308"), Just("-1e308"), Just("-0.0"), Just("\"1\"")].prop_map(str::to_owned),
    ]
}

/// Returns a name as a JSON string, often one that is equal to another row's.
fn name() -> impl Strategy<Value = String> {
    let common = prop_oneof![
        Just("shop"),
        Just("_team_total"),
        Just(""),
        Just("a\"\\\nb")
    ];
    prop_oneof![3 => common.prop_map(str::to_owned), 1 => ".{0,8}"]
        .prop_map(|name| serde_json::to_string(&name).unwrap())
}

/// Returns some fields of usage.
fn figures() -> impl Strategy<Value = String> {
    let fields = ["dynos", "data", "partner", "addons", "connect"];
    fields
        .map(|field| proptest::option::of(figure()).prop_map(move |figure| (field, figure)))
        .prop_map(|fields| {
            fields
                .into_iter()
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

/// Returns the pages of a list with a separator that the properties expect.
fn pages(row: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let page =
        proptest::collection::vec(row, 0..5).prop_map(|rows| format!("[{}]", rows.join(",")));
    proptest::collection::vec(page, 1..3).prop_map(|pages| pages.join("\u{c}"))
}

/// Returns an element of an `Accept` or `Accept-Encoding` header.
fn media_range() -> impl Strategy<Value = String> {
    "(text/plain|text/\\*|\\*/\\*|application/openmetrics-text|gzip|x-gzip|identity|\\*|br)( ?; ?(version=(\"?1\\.0\\.0\"?|0\\.0\\.4)|q=[01](\\.[0-9]{0,4})?|q=x)){0,3}"
}

/// A key of a web configuration and some of its valid or invalid values, in YAML.
type WebKey = (&'static str, &'static [&'static str]);

const WEB_TLS: [WebKey; 9] = [
    ("client_ca_file", &["ca.pem"]),
    (
        "client_auth_type",
        &[
            "RequireAnyClientCert",
            "RequireAndVerifyClientCert",
            "VerifyClientCertIfGiven",
        ],
    ),
    (
        "client_allowed_sans",
        &["[one.example, 10.0.0.1]", "[a@b.example]", "[]"],
    ),
    ("min_version", &["TLS12", "TLS13", "''"]),
    ("max_version", &["TLS12", "TLS13", "~"]),
    (
        "cipher_suites",
        &[
            "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
            "[TLS_AES_128_GCM_SHA256]",
            "[]",
        ],
    ),
    ("prefer_server_cipher_suites", &["true", "false"]),
    (
        "curve_preferences",
        &["[X25519, CurveP384]", "\n  - CurveP256"],
    ),
    (
        "cert",
        &["|\n    -----BEGIN CERTIFICATE-----\n    hunter2", "''"],
    ),
];

const HASHES: [&str; 3] = [
    "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
    "'$2a$14$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG'",
    ">-\n    $2b$04$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
];

const WEB_USERS: [WebKey; 4] = [
    ("alice", &HASHES),
    ("\"b\\\"ob\"", &HASHES),
    ("1", &HASHES),
    ("'\u{1f600}'", &HASHES),
];

const WEB_LIMIT: [WebKey; 2] = [
    ("interval", &["1s", "1m0.5s", "100ms", "0", "'0s'", "3ns"]),
    ("burst", &["20", "0", "-1", "4294967295"]),
];

const WEB_HEADERS: [WebKey; 5] = [
    ("  X-Frame-Options", &["deny", "sameorigin", "''"]),
    ("  X-Content-Type-Options", &["nosniff"]),
    (
        "  Strict-Transport-Security",
        &["max-age=31536000; includeSubDomains"],
    ),
    (
        "  Content-Security-Policy",
        &["\"default-src 'self'\"", "é"],
    ),
    ("  X-XSS-Protection", &["1", "~"]),
];

/// Returns a value that is usually invalid.
fn unusual_web_value() -> impl Strategy<Value = String> {
    let common = [
        "&a b", "*a", "!x y", "!!map x", "{a: 1}", "[", "1e308", "hunter2",
    ];
    prop_oneof![
        proptest::sample::select(common.to_vec()).prop_map(str::to_owned),
        "[^\\p{Cc}]{0,90}",
        ".{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ]
}

/// Returns a section with some of the keys, or an empty text.
fn web_section(header: &'static str, keys: &'static [WebKey]) -> impl Strategy<Value = String> {
    let max_keys = keys.len().min(4);
    let lines = proptest::sample::subsequence(keys, 0..=max_keys).prop_flat_map(|keys| {
        let lines = keys.into_iter().map(|(key, values)| {
            let listed = proptest::sample::select(values).prop_map(str::to_owned);
            prop_oneof![15 => listed, 1 => unusual_web_value()]
                .prop_map(move |value| format!("  {key}: {value}\n"))
        });
        lines.collect::<Vec<_>>()
    });
    proptest::option::of(lines).prop_map(move |lines| {
        lines.map_or_else(String::new, |lines| format!("{header}{}", lines.concat()))
    })
}

fn web_config() -> impl Strategy<Value = String> {
    (
        web_section(
            "tls_server_config:\n  cert_file: a\n  key_file: b\n",
            &WEB_TLS,
        ),
        web_section("basic_auth_users:\n", &WEB_USERS),
        web_section("rate_limit:\n", &WEB_LIMIT),
        web_section("http_server_config:\n  headers:\n", &WEB_HEADERS),
    )
        .prop_map(|(tls, users, limit, headers)| [tls, users, limit, headers].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn decoded_invoices_have_valid_exposition(text in pages(invoice_row())) {
        properties::invoices(&text);
    }

    #[test]
    fn decoded_usage_has_valid_exposition(text in pages(usage_row())) {
        properties::usage(&text);
    }

    #[test]
    fn arbitrary_teams_have_valid_exposition(bytes in proptest::collection::vec(any::<u8>(), 0..800)) {
        properties::snapshot(&bytes);
    }

    #[test]
    fn negotiation_ignores_case_and_unknown_elements(
        elements in proptest::collection::vec(media_range(), 0..6),
        arbitrary in ".{0,20}",
    ) {
        let header = elements.join(",");
        properties::accept(&header);
        properties::accept(&format!("{arbitrary},{header}{arbitrary}"));
    }

    #[test]
    fn accepted_web_config_is_valid(text in web_config()) {
        properties::web_config(&text);
    }
}
