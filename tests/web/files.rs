//! Web configurations, good and bad: those that the toolkit's documentation and tests give, written
//! anew, and those of things that are refused here.
//! <https://github.com/prometheus/exporter-toolkit/tree/master/web/testdata>

use std::path::Path;

use exporter_toolkit::web_config::{Loaded, parse};
use proptest::prelude::*;

use crate::certificates::{Directory, TLS};
use crate::program::command;

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

fn tls(more: &str) -> String {
    format!("{TLS}{more}")
}

fn indented(pem: &str) -> String {
    pem.lines().map(|line| format!("    {line}\n")).collect()
}

#[test]
fn what_the_toolkit_gives_as_good_is_good() {
    let directory = Directory::new();
    let pem = |name: &str| indented(&std::fs::read_to_string(directory.path().join(name)).unwrap());
    let inline = format!(
        "tls_server_config:\n  cert: |\n{}  key: |\n{}  client_ca: |\n{}  client_auth_type: RequestClientCert\n",
        pem("server.crt"),
        pem("server.key"),
        pem("ca.pem")
    );
    let good = [
        ("nothing", String::new()),
        ("a comment", "# Nothing.\n".into()),
        ("blank sections", "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n".into()),
        ("TLS", tls("")),
        ("client certificates if given", tls("  client_auth_type: VerifyClientCertIfGiven\n")),
        ("any client certificate", tls("  client_auth_type: RequireAnyClientCert\n")),
        ("any client certificate, by the older name", tls("  client_auth_type: RequireClientCert\n")),
        ("a CA", tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n")),
        ("names", tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: [one, test3, two, 10.0.0.1, 'spiffe://x/y']\n")),
        ("all inline", inline),
        ("some cipher suites", tls("  min_version: TLS12\n  max_version: TLS12\n  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n  - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n")),
        ("cipher suites in the client's order", tls("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n  prefer_server_cipher_suites: false\n")),
        ("all strong cipher suites", tls("  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n  - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n  - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n  - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n  - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256\n  - TLS_AES_128_GCM_SHA256\n  - TLS_AES_256_GCM_SHA384\n  - TLS_CHACHA20_POLY1305_SHA256\n")),
        ("cipher suites that TLS 1.3 ignores", tls("  min_version: TLS13\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n")),
        ("no HTTP/2 and so none of its suites", tls("  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\nhttp_server_config:\n  http2: false\n")),
        ("curves", tls("  min_version: TLS13\n  curve_preferences: [CurveP384, X25519, CurveP256]\n")),
        ("headers", "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Strict-Transport-Security: max-age=31536000; includeSubDomains\n    X-Content-Type-Options: nosniff\n    X-XSS-Protection: 1\n    Content-Security-Policy: \"default-src 'self' *.test.example.net\"\n".into()),
        ("a blank header", "http_server_config:\n  headers:\n    X-Frame-Options: ''\n".into()),
        ("users", format!("basic_auth_users:\n  alice: {HASH}\n  bob: {}\n", HASH.replace("$10$", "$18$"))),
        ("no rate limit", "rate_limit:\n  interval: 0\n  burst: 0\n".into()),
        ("a rate limit that allows nothing", "rate_limit:\n  interval: \"1s\"\n  burst: 0\n".into()),
        ("the documentation's example", format!("{TLS}basic_auth_users:\n  alice: {HASH}\nrate_limit:\n  interval: \"1s\" # time\n  burst: 20\n")),
    ];
    for (name, text) in good {
        let read = Loaded::read(Path::new(&directory.web(&text)));
        assert!(read.is_ok(), "{name}: {}\n{text}", read.unwrap_err());
    }
}

#[test]
fn what_is_bad_is_refused_with_its_place_and_what_would_be_right() {
    let directory = Directory::new();
    directory.write("other.key", &directory.authority.server().key);
    directory.write(
        "junk.pem",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    );
    directory.write("empty.pem", "");
    let bad = [
        (
            "junk",
            "hWkNKCp3fvIx3jKnsaBI\nTuEjdwNS8A2vYdFbiKqr\n".to_owned(),
        ),
        (
            "junk key",
            "tls_server_config:\n  cert_filse: \"server.crt\"\n".into(),
        ),
        ("unknown section", "tls_config:\n  cert_file: a\n".into()),
        (
            "a key twice",
            "rate_limit:\n  burst: 1\n  burst: 2\n".into(),
        ),
        (
            "two documents",
            "---\nrate_limit:\n---\nrate_limit:\n".into(),
        ),
        (
            "no certificate",
            "tls_server_config:\n  cert_file: \"\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "blank certificate inline",
            "tls_server_config:\n  cert: \"\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "no key",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"\"\n".into(),
        ),
        (
            "blank key inline",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key: \"\"\n".into(),
        ),
        (
            "both blank",
            "tls_server_config:\n  cert_file: \"\"\n  key_file: \"\"\n  client_auth_type: \"x\"\n"
                .into(),
        ),
        (
            "TLS meant, but no certificate",
            "tls_server_config:\n  min_version: TLS13\n".into(),
        ),
        (
            "certificate not there",
            "tls_server_config:\n  cert_file: \"somefile\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "key not there",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"somefile\"\n".into(),
        ),
        ("certificate twice", format!("{TLS}  cert: x\n")),
        (
            "another's key",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"other.key\"\n".into(),
        ),
        (
            "a key for a certificate",
            "tls_server_config:\n  cert_file: \"server.key\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "a certificate for a key",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"server.crt\"\n".into(),
        ),
        (
            "junk for a certificate",
            "tls_server_config:\n  cert_file: \"junk.pem\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "junk for a key, inline",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key: hunter2\n".into(),
        ),
        (
            "no such client auth type",
            tls("  client_auth_type: Maybe\n"),
        ),
        (
            "a client auth type without an end",
            tls(&format!(
                "  client_auth_type: {}\n",
                "\u{202e}".repeat(100_000)
            )),
        ),
        (
            "CA without a type",
            tls("  client_ca_file: \"/dev/null\"\n"),
        ),
        (
            "CA not there",
            tls("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: somefile\n"),
        ),
        (
            "CA of nobody",
            tls("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: empty.pem\n"),
        ),
        (
            "verified against nothing",
            tls("  client_auth_type: RequireAndVerifyClientCert\n"),
        ),
        (
            "names that nobody verifies",
            tls("  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n"),
        ),
        (
            "an e-mail address",
            tls(
                "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans:\n    - a@b.example\n",
            ),
        ),
        (
            "no names",
            tls(
                "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: []\n",
            ),
        ),
        ("no such version", tls("  min_version: TLS111\n")),
        ("a broken version", tls("  min_version: TLS10\n")),
        (
            "versions upside down",
            tls("  min_version: TLS13\n  max_version: TLS12\n"),
        ),
        (
            "an invented cipher suite",
            tls("  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048\n"),
        ),
        (
            "a weak cipher suite",
            tls("  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA\n"),
        ),
        (
            "HTTP/2 without its suites",
            tls("  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n"),
        ),
        (
            "no suite for TLS 1.2",
            tls("  cipher_suites: [TLS_AES_128_GCM_SHA256]\nhttp_server_config:\n  http2: false\n"),
        ),
        (
            "an invented curve",
            tls("  curve_preferences:\n    - CurveP257\n"),
        ),
        (
            "a curve that is not offered",
            tls("  curve_preferences:\n    - CurveP521\n"),
        ),
        (
            "not a list",
            tls("  cipher_suites: TLS_AES_128_GCM_SHA256\n"),
        ),
        (
            "not a boolean",
            "http_server_config:\n  http2: maybe\n".into(),
        ),
        (
            "another header",
            "http_server_config:\n  headers:\n    Content-Type: foo\n".into(),
        ),
        (
            "a wrong X-Content-Type-Options",
            "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n".into(),
        ),
        (
            "a wrong X-Frame-Options",
            "http_server_config:\n  headers:\n    X-Frame-Options: foo\n".into(),
        ),
        (
            "a header of two lines",
            "http_server_config:\n  headers:\n    Content-Security-Policy: \"a\\nb\"\n".into(),
        ),
        (
            "a password in place of its hash",
            "basic_auth_users:\n  john: hunter2\n".into(),
        ),
        (
            "a password that reads as a tag",
            "basic_auth_users:\n  john: !!hunter2\n".into(),
        ),
        (
            "a hash in place of a name",
            format!("basic_auth_users:\n  {HASH}: john\n"),
        ),
        ("a hash in place of a key", format!("{HASH}: john\n")),
        (
            "a list of users",
            "basic_auth_users:\n  - john: hunter2\n".into(),
        ),
        (
            "a user of two",
            format!("basic_auth_users:\n  'a:b': {HASH}\n"),
        ),
        (
            "a rate without a unit",
            "rate_limit:\n  interval: 5\n  burst: 1\n".into(),
        ),
        ("a negative rate", "rate_limit:\n  interval: -1s\n".into()),
        (
            "a negative burst",
            "rate_limit:\n  interval: 1s\n  burst: -1\n".into(),
        ),
        (
            "a burst of words",
            "rate_limit:\n  interval: 1s\n  burst: many\n".into(),
        ),
        (
            "too deep",
            tls(&format!("  cipher_suites: {}\n", "[".repeat(5000))),
        ),
    ];
    let told = bad.map(|(name, text)| {
        let error = Loaded::read(Path::new(&directory.web(&text))).expect_err(name);
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!error.to_string().contains(&HASH[10..]), "{error}");
        format!("{name}: {error}")
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_is_wrong_with_the_file_is_told_with_all_else_that_is_wrong() {
    let directory = Directory::new();
    let path = directory.web("tls_server_config:\n  cert_filse: server.crt\n");
    let missing = directory.path().join("missing.yml");
    let flag = format!("--web.config.file={path}");
    let output = command(&["demo", "--port=x", &flag, "--web.max-requests=-1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    let told = told.replace(directory.path().to_str().unwrap(), "/etc");
    insta::assert_snapshot!(told);

    let output = command(&["demo"])
        .env("WEB_CONFIG_FILE", &missing)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("WEB_CONFIG_FILE is ") && told.contains("cannot be read"),
        "{told}"
    );
}

#[test]
fn the_example_in_the_documentation_is_good() {
    let text = include_str!("../../docs/web-config.example.yml");
    let directory = Directory::new();
    let read = Loaded::read(Path::new(&directory.web(text)));
    assert!(read.is_ok(), "{}", read.unwrap_err());
    let document = include_str!("../../docs/WEB.md");
    assert!(document.contains(text), "docs/WEB.md shows another example");
    let (_, hash) = text.split_once("prometheus: ").unwrap();
    let hash = hash.lines().next().unwrap();
    assert!(bcrypt::verify("changeme", hash).unwrap());
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in ".*") {
        let _ = parse(&text);
    }

    #[test]
    fn no_value_is_too_odd(
        section in "tls_server_config|http_server_config|basic_auth_users|rate_limit",
        key in "cert|key|client_allowed_sans|min_version|cipher_suites|headers|http2|interval|burst|a",
        value in "[^\\p{Cc}]*",
    ) {
        let _ = parse(&format!("{section}:\n  {key}: {value}\n"));
        let _ = parse(&format!("{section}:\n  {key}:\n    - {value}\n    - b\n"));
        let _ = parse(&format!("{section}: {{{key}: {value:?}}}\n"));
    }
}
