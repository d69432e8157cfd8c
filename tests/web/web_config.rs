//! Valid and invalid web configurations, among them those of Prometheus's exporter-toolkit.
//! <https://github.com/prometheus/exporter-toolkit/tree/master/web/testdata>

use std::path::Path;

use exporter_toolkit::config_file::FileErrors;
use exporter_toolkit::web_config::{LoadedConfig, parse};
use heroku_cost_exporter::config::file;
use heroku_cost_exporter::config::token::looks_like_token;
use proptest::prelude::*;

use crate::certificates::{Directory, TLS};
use crate::process::command;

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

fn never_secret(_: &str) -> bool {
    false
}

fn load(path: &str) -> Result<LoadedConfig, FileErrors> {
    LoadedConfig::read(Path::new(path), never_secret)
}

fn tls(more: &str) -> String {
    format!("{TLS}{more}")
}

fn indented(pem: &str) -> String {
    pem.lines().map(|line| format!("    {line}\n")).collect()
}

#[test]
fn accepts_valid_files() {
    let directory = Directory::new();
    let pem = |name: &str| indented(&std::fs::read_to_string(directory.path().join(name)).unwrap());
    let inline = format!(
        "tls_server_config:\n  cert: |\n{}  key: |\n{}  client_ca: |\n{}  client_auth_type: RequestClientCert\n",
        pem("server.crt"),
        pem("server.key"),
        pem("ca.pem")
    );
    let valid = [
        ("empty file", String::new()),
        ("comment only", "# Nothing.\n".into()),
        ("empty sections", "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n".into()),
        ("TLS", tls("")),
        ("optional client certificate", tls("  client_auth_type: VerifyClientCertIfGiven\n")),
        ("any client certificate", tls("  client_auth_type: RequireAnyClientCert\n")),
        ("any client certificate, old name", tls("  client_auth_type: RequireClientCert\n")),
        ("client CA", tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n")),
        ("allowed client names", tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: [one, test3, two, 10.0.0.1, 'spiffe://x/y']\n")),
        ("inline certificates", inline),
        ("cipher suites", tls("  min_version: TLS12\n  max_version: TLS12\n  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n  - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n")),
        ("cipher suites in the client's order", tls("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n  prefer_server_cipher_suites: false\n")),
        ("all secure cipher suites", tls("  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n  - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n  - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n  - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n  - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256\n  - TLS_AES_128_GCM_SHA256\n  - TLS_AES_256_GCM_SHA384\n  - TLS_CHACHA20_POLY1305_SHA256\n")),
        ("cipher suites ignored by TLS 1.3", tls("  min_version: TLS13\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n")),
        ("no HTTP/2 and none of its cipher suites", tls("  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\nhttp_server_config:\n  http2: false\n")),
        ("curves", tls("  min_version: TLS13\n  curve_preferences: [CurveP384, X25519, CurveP256]\n")),
        ("headers", "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Strict-Transport-Security: max-age=31536000; includeSubDomains\n    X-Content-Type-Options: nosniff\n    X-XSS-Protection: 1\n    Content-Security-Policy: \"default-src 'self' *.test.example.net\"\n".into()),
        ("empty header", "http_server_config:\n  headers:\n    X-Frame-Options: ''\n".into()),
        ("users", format!("basic_auth_users:\n  alice: {HASH}\n  bob: {}\n", HASH.replace("$10$", "$14$"))),
        ("disabled rate limit", "rate_limit:\n  interval: 0\n  burst: 0\n".into()),
        ("rate limit that allows nothing", "rate_limit:\n  interval: \"1s\"\n  burst: 0\n".into()),
        ("documented example", format!("{TLS}basic_auth_users:\n  alice: {HASH}\nrate_limit:\n  interval: \"1s\" # time\n  burst: 20\n")),
    ];
    for (name, text) in valid {
        let loaded = load(&directory.web(&text));
        assert!(loaded.is_ok(), "{name}: {}\n{text}", loaded.unwrap_err());
    }
}

#[test]
fn rejects_invalid_files_with_location_and_expectation() {
    let directory = Directory::new();
    directory.write("other.key", &directory.authority.server().key);
    directory.write(
        "junk.pem",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    );
    directory.write("empty.pem", "");
    let invalid = [
        (
            "plain text",
            "hWkNKCp3fvIx3jKnsaBI\nTuEjdwNS8A2vYdFbiKqr\n".to_owned(),
        ),
        (
            "unknown key",
            "tls_server_config:\n  cert_filse: \"server.crt\"\n".into(),
        ),
        ("unknown section", "tls_config:\n  cert_file: a\n".into()),
        (
            "duplicate key",
            "rate_limit:\n  burst: 1\n  burst: 2\n".into(),
        ),
        (
            "multiple documents",
            "---\nrate_limit:\n---\nrate_limit:\n".into(),
        ),
        (
            "empty cert_file",
            "tls_server_config:\n  cert_file: \"\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "empty cert",
            "tls_server_config:\n  cert: \"\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "empty key_file",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"\"\n".into(),
        ),
        (
            "empty key",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key: \"\"\n".into(),
        ),
        (
            "empty cert_file and key_file",
            "tls_server_config:\n  cert_file: \"\"\n  key_file: \"\"\n  client_auth_type: \"x\"\n"
                .into(),
        ),
        (
            "TLS without certificate",
            "tls_server_config:\n  min_version: TLS13\n".into(),
        ),
        (
            "missing certificate file",
            "tls_server_config:\n  cert_file: \"somefile\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "missing key file",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"somefile\"\n".into(),
        ),
        ("cert_file and cert", format!("{TLS}  cert: x\n")),
        (
            "key of another certificate",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"other.key\"\n".into(),
        ),
        (
            "key in place of certificate",
            "tls_server_config:\n  cert_file: \"server.key\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "certificate in place of key",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key_file: \"server.crt\"\n".into(),
        ),
        (
            "malformed certificate",
            "tls_server_config:\n  cert_file: \"junk.pem\"\n  key_file: \"server.key\"\n".into(),
        ),
        (
            "malformed inline key",
            "tls_server_config:\n  cert_file: \"server.crt\"\n  key: hunter2\n".into(),
        ),
        (
            "unknown client auth type",
            tls("  client_auth_type: Maybe\n"),
        ),
        (
            "very long client auth type",
            tls(&format!(
                "  client_auth_type: {}\n",
                "\u{202e}".repeat(100_000)
            )),
        ),
        (
            "client CA without client auth type",
            tls("  client_ca_file: \"/dev/null\"\n"),
        ),
        (
            "missing client CA file",
            tls("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: somefile\n"),
        ),
        (
            "empty client CA file",
            tls("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: empty.pem\n"),
        ),
        (
            "verification without client CA",
            tls("  client_auth_type: RequireAndVerifyClientCert\n"),
        ),
        (
            "allowed client names without verification",
            tls("  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n"),
        ),
        (
            "e-mail address as client name",
            tls(
                "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans:\n    - a@b.example\n",
            ),
        ),
        (
            "empty list of client names",
            tls(
                "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: []\n",
            ),
        ),
        ("unknown TLS version", tls("  min_version: TLS111\n")),
        ("insecure TLS version", tls("  min_version: TLS10\n")),
        (
            "maximum version below minimum",
            tls("  min_version: TLS13\n  max_version: TLS12\n"),
        ),
        (
            "unknown cipher suite",
            tls("  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048\n"),
        ),
        (
            "insecure cipher suite",
            tls("  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA\n"),
        ),
        (
            "no cipher suite for HTTP/2",
            tls("  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n"),
        ),
        (
            "no cipher suite for TLS 1.2",
            tls("  cipher_suites: [TLS_AES_128_GCM_SHA256]\nhttp_server_config:\n  http2: false\n"),
        ),
        (
            "unknown curve",
            tls("  curve_preferences:\n    - CurveP257\n"),
        ),
        (
            "unsupported curve",
            tls("  curve_preferences:\n    - CurveP521\n"),
        ),
        (
            "scalar in place of list",
            tls("  cipher_suites: TLS_AES_128_GCM_SHA256\n"),
        ),
        (
            "invalid boolean",
            "http_server_config:\n  http2: maybe\n".into(),
        ),
        (
            "unsupported header",
            "http_server_config:\n  headers:\n    Content-Type: foo\n".into(),
        ),
        (
            "invalid X-Content-Type-Options",
            "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n".into(),
        ),
        (
            "invalid X-Frame-Options",
            "http_server_config:\n  headers:\n    X-Frame-Options: foo\n".into(),
        ),
        (
            "header with line break",
            "http_server_config:\n  headers:\n    Content-Security-Policy: \"a\\nb\"\n".into(),
        ),
        (
            "password in place of hash",
            "basic_auth_users:\n  john: hunter2\n".into(),
        ),
        (
            "hash that takes too long",
            format!(
                "basic_auth_users:\n  john: {}\n",
                HASH.replace("$10$", "$15$")
            ),
        ),
        (
            "password that is a YAML tag",
            "basic_auth_users:\n  john: !!hunter2\n".into(),
        ),
        (
            "hash in place of user name",
            format!("basic_auth_users:\n  {HASH}: john\n"),
        ),
        ("hash in place of section", format!("{HASH}: john\n")),
        (
            "list of users",
            "basic_auth_users:\n  - john: hunter2\n".into(),
        ),
        (
            "user name with colon",
            format!("basic_auth_users:\n  'a:b': {HASH}\n"),
        ),
        (
            "interval without unit",
            "rate_limit:\n  interval: 5\n  burst: 1\n".into(),
        ),
        ("negative interval", "rate_limit:\n  interval: -1s\n".into()),
        (
            "negative burst",
            "rate_limit:\n  interval: 1s\n  burst: -1\n".into(),
        ),
        (
            "burst that is not a number",
            "rate_limit:\n  interval: 1s\n  burst: many\n".into(),
        ),
        (
            "too deeply nested",
            tls(&format!("  cipher_suites: {}\n", "[".repeat(5000))),
        ),
    ];
    let messages = invalid.map(|(name, text)| {
        let error = load(&directory.web(&text)).expect_err(name);
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!error.to_string().contains(&HASH[10..]), "{error}");
        format!("{name}: {error}")
    });
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn reports_file_errors_with_all_other_setting_errors() {
    let directory = Directory::new();
    let path = directory.web("tls_server_config:\n  cert_filse: server.crt\n");
    let missing = directory.path().join("missing.yml");
    let flag = format!("--web.config.file={path}");
    let output = command(&["demo", "--port=x", &flag, "--web.max-requests=-1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let stderr = stderr.replace(directory.path().to_str().unwrap(), "/etc");
    insta::assert_snapshot!(stderr);

    let output = command(&["demo"])
        .env("WEB_CONFIG_FILE", &missing)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("WEB_CONFIG_FILE: ") && stderr.contains("cannot be read"),
        "{stderr}"
    );
}

#[test]
fn accepts_the_documented_example() {
    let text = include_str!("../../docs/web-config.example.yml");
    let directory = Directory::new();
    let loaded = load(&directory.web(text));
    assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
    let document = include_str!("../../docs/WEB.md");
    assert!(
        document.contains(text),
        "docs/WEB.md has a different example"
    );
    let (_, hash) = text.split_once("prometheus: ").unwrap();
    let hash = hash.lines().next().unwrap();
    assert!(bcrypt::verify("changeme", hash).unwrap());
}

#[test]
fn reports_all_errors_together() {
    let text = "\
tls_server_config:
  cert_file: server.crt
  cert: also
  client_auth_type: Maybe
  min_version: TLS13
  max_version: [TLS12]
  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA, TLS_AES_128_GCM_SHA256, {a: b}]
  curves: []
http_server_config:
  http2: maybe
  headers: {X-Frame-Options: foo, X-XSS-Protection: \"a\\nb\", x-frame-options: deny}
basic_auth_users:
  alice: hunter2
  alice: hunter2
  bob:
rate_limit: {interval: 5, burst: -1}
rate_limits:
";
    let errors = parse(text, never_secret).unwrap_err();
    let lines: Vec<_> = errors.in_file("/etc/web.yml").collect();
    insta::assert_snapshot!(lines.join("\n"), @r##"
    /etc/web.yml:2:3: tls_server_config: key_file (or key) is missing
    /etc/web.yml:2:14: tls_server_config.cert_file: conflicts with cert, expected one of them
    /etc/web.yml:4:21: tls_server_config.client_auth_type: "Maybe" is invalid: unknown type, expected NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert
    /etc/web.yml:6:16: tls_server_config.max_version: found a list, expected TLS12 or TLS13
    /etc/web.yml:7:19: tls_server_config.cipher_suites[0]: "TLS_RSA_WITH_RC4_128_SHA" is invalid: insecure cipher suite, expected one of TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    /etc/web.yml:7:69: tls_server_config.cipher_suites[2]: found keys and values, expected one of TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    /etc/web.yml:8:3: tls_server_config.curves: unknown key, expected cert, key, client_ca, cert_file, key_file, client_auth_type, client_ca_file, client_allowed_sans, min_version, max_version, cipher_suites, prefer_server_cipher_suites, curve_preferences
    /etc/web.yml:10:10: http_server_config.http2: "maybe" is invalid: not a boolean, expected true or false
    /etc/web.yml:11:30: http_server_config.headers.X-Frame-Options: "foo" is invalid: unknown value, expected deny or sameorigin
    /etc/web.yml:11:53: http_server_config.headers.X-XSS-Protection: "a\nb" is invalid: not a header value, expected a text without control characters
    /etc/web.yml:11:61: http_server_config.headers.x-frame-options: unknown key, expected Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection
    /etc/web.yml:13:10: basic_auth_users.alice: not a bcrypt hash, expected a bcrypt hash as printed by `htpasswd -nBC 10 ""`
    /etc/web.yml:14:3: basic_auth_users.alice: duplicate key, first at 13:3
    /etc/web.yml:15:6: basic_auth_users.bob: found nothing, expected a bcrypt hash as printed by `htpasswd -nBC 10 ""`
    /etc/web.yml:16:24: rate_limit.interval: "5" is invalid: not a duration, expected a duration such as 1s, 100ms or 0
    /etc/web.yml:16:34: rate_limit.burst: "-1" is invalid: not a number, expected a number of requests such as 20
    /etc/web.yml:17:1: rate_limits: unknown key, expected tls_server_config, http_server_config, basic_auth_users, rate_limit
    "##);
}

/// A part of every secret that occurs nowhere else.
const MARK: &str = "Zq7vXk";

/// Returns texts in which a secret is misplaced: in place of each word, before it, after it, and in
/// malformed syntax.
fn with_misplaced_secret(text: &str, secret: &str) -> Vec<String> {
    let is_word = |c: char| !c.is_whitespace() && !",:[]{}\"'#-".contains(c);
    let mut misplaced = Vec::new();
    let mut end = 0;
    while let Some(start) = text[end..].find(is_word).map(|start| start + end) {
        end = text[start..]
            .find(|c| !is_word(c))
            .map_or(text.len(), |end| start + end);
        let (before, word, after) = (&text[..start], &text[start..end], &text[end..]);
        for (prefix, suffix) in [
            ("", ""),
            ("\"", "\""),
            ("\"", ""),
            ("'", ""),
            ("[", ""),
            ("{", ": "),
            ("- ", ""),
            ("*", ""),
            ("&", " a"),
            ("!", " a"),
            ("| ", ""),
            ("%", ""),
            ("? ", ""),
            ("\n", ""),
            (": ", ""),
            ("a: ", ""),
            ("{a: ", "}"),
            ("[", "]"),
            ("{", ": b}"),
        ] {
            let secret = format!("{prefix}{secret}{suffix}");
            misplaced.push(format!("{before}{secret}{after}"));
            misplaced.push(format!("{before}{word} {secret}{after}"));
            misplaced.push(format!("{before}{secret} {word}{after}"));
            misplaced.push(format!("{before}{secret}: {word}{after}"));
        }
    }
    misplaced
}

#[test]
fn never_prints_a_misplaced_secret() {
    let directory = Directory::new();
    let web = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
         client_allowed_sans: [a]\n  min_version: TLS12\n  cipher_suites:\n  - \
         TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n  prefer_server_cipher_suites: true\n  \
         curve_preferences: [X25519]\nhttp_server_config:\n  http2: true\n  headers:\n    \
         X-Frame-Options: deny\nbasic_auth_users:\n  alice: {HASH}\nrate_limit:\n  interval: 1s\n  \
         burst: 20\n"
    );
    let lines = include_str!("../../docs/config.example.yml").lines();
    let config: Vec<_> = lines
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let config = config.join("\n");
    assert!(load(&directory.web(&web)).is_ok() && file::parse(&config).is_ok());
    let mut rejected = 0;
    for secret in [
        format!("HRKU-{MARK}"),
        format!("$2y$10${MARK}"),
        format!("x$2b${MARK}"),
    ] {
        let web = with_misplaced_secret(&web, &secret)
            .into_iter()
            .map(|text| {
                let file = parse(&text, looks_like_token);
                let result = file.and_then(|file| file.build(directory.path()));
                (result.err(), text)
            });
        let config = with_misplaced_secret(&config, &secret).into_iter();
        let config = config.map(|text| (file::parse(&text).err(), text));
        for (errors, text) in web.chain(config) {
            let Some(errors) = errors else { continue };
            rejected += 1;
            let printed = format!("{errors} {errors:?}");
            assert!(!printed.contains(MARK), "{printed}\n{text}");
        }
    }
    assert!(rejected > 1000, "{rejected}");
}

proptest! {
    #[test]
    fn parses_any_text_without_panic(text in ".*") {
        let _ = parse(&text, never_secret);
    }

    #[test]
    fn parses_any_value_without_panic(
        section in "tls_server_config|http_server_config|basic_auth_users|rate_limit",
        key in "cert|key|client_allowed_sans|min_version|cipher_suites|headers|http2|interval|burst|a",
        value in "[^\\p{Cc}]*",
    ) {
        let _ = parse(&format!("{section}:\n  {key}: {value}\n"), never_secret);
        let _ = parse(&format!("{section}:\n  {key}:\n    - {value}\n    - b\n"), never_secret);
        let _ = parse(&format!("{section}: {{{key}: {value:?}}}\n"), never_secret);
    }
}
