//! Tests of the token, the proxy and the trusted certificates.

use super::*;

/// The message for one more environment variable.
fn rejection_of(name: &str, value: &str) -> Option<String> {
    let environment = [MINIMAL[0], MINIMAL[1], (name, value)];
    let errors = resolve(&raw(&[], &environment)).err()?;
    Some(errors.to_string())
}

#[test]
fn rejects_tokens_in_quotation_marks_and_assignments() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("api-key");
    for (text, reason) in [
        ("\"HRKU-secret\"", "token is in quotation marks"),
        ("'HRKU-secret'", "token is in quotation marks"),
        ("\"HRKU-secret", "token is in quotation marks"),
        ("HEROKU_API_KEY=HRKU-secret", "token looks like NAME=VALUE"),
        ("key=\"HRKU-secret\"", "token looks like NAME=VALUE"),
        ("export HEROKU_API_KEY=HRKU-secret", "white space"),
    ] {
        let message = rejection_of("HEROKU_API_KEY", text).unwrap();
        assert!(message.contains("for HEROKU_API_KEY: "), "{message}");
        std::fs::write(&path, format!("{text}\n")).unwrap();
        let file = rejection_of("HEROKU_API_KEY_FILE", path.to_str().unwrap()).unwrap();
        assert!(file.contains("for HEROKU_API_KEY_FILE: "), "{file}");
        for message in [message, file] {
            assert!(message.contains(reason), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
    for token in ["HRKU-secret", "c2VjcmV0cw==", "01234567-89ab"] {
        assert_eq!(rejection_of("HEROKU_API_KEY", token), None, "{token}");
    }
}

#[test]
fn rejects_unusable_proxies() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for value in [
            "\"http://proxy.example:3128\"",
            "http://proxy.example:3128\n# comment",
            "http://user:hunter2@proxy.example:port",
            "socks5://proxy.example",
            "???",
        ] {
            let message = rejection_of(name, value).unwrap();
            assert!(message.contains(&format!("for {name}: ")), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        let (usable, other) = ("http://user:hunter2@proxy.example:3128", "HTTPS_PROXY");
        let environment = [MINIMAL[0], MINIMAL[1], (name, usable), (other, usable)];
        let config = resolve(&raw(&[], &environment)).unwrap();
        assert!(config.heroku.proxy.is_some());
        assert!(!format!("{config:?}").contains("hunter2"));
    }
    let local = [
        MINIMAL[0],
        MINIMAL[1],
        ("HEROKU_API_URL", "http://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://proxy.example:3128"),
    ];
    assert!(resolve(&raw(&[], &local)).unwrap().heroku.proxy.is_none());
}

#[test]
fn rejects_unusable_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("text.pem"), "hello").unwrap();
    std::fs::write(
        path("broken.pem"),
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let none = path("none");
    for (name, value, reason) in [
        ("SSL_CERT_FILE", path("none.pem"), "No such file"),
        ("SSL_CERT_FILE", path(""), "not a regular file"),
        (
            "SSL_CERT_FILE",
            "/dev/zero".to_owned(),
            "not a regular file",
        ),
        ("SSL_CERT_FILE", path("text.pem"), "no certificate"),
        ("SSL_CERT_FILE", path("broken.pem"), "base64"),
        ("SSL_CERT_DIR", none.clone(), "No such file"),
        ("SSL_CERT_DIR", path("text.pem"), "Not a directory"),
        ("SSL_CERT_DIR", path(""), "no certificate"),
    ] {
        let message = rejection_of(name, &value).unwrap();
        for part in [&format!("for {name}: "), &value, reason] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
    let key = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
    std::fs::write(path("usable.pem"), format!("# A CA\n{}", key.cert.pem())).unwrap();
    assert_eq!(rejection_of("SSL_CERT_FILE", &path("usable.pem")), None);
    assert_eq!(rejection_of("SSL_CERT_DIR", &path("")), None);
    // One usable certificate is enough, and comments may have any encoding.
    let broken = std::fs::read(path("broken.pem")).unwrap();
    let mixed = [b"# F\xf5tan\xfas\n", &broken[..], key.cert.pem().as_bytes()].concat();
    std::fs::write(path("mixed.pem"), mixed).unwrap();
    assert_eq!(rejection_of("SSL_CERT_FILE", &path("mixed.pem")), None);
    let both = format!("{}:{none}", path(""));
    assert!(rejection_of("SSL_CERT_DIR", &both).is_some());
}

#[test]
fn credentials_of_invalid_urls_are_redacted() {
    for (name, value) in [
        ("HEROKU_API_URL", "https://user:hunter2@heroku.example:port"),
        ("HEROKU_API_URL", "user:hunter2@heroku.example"),
        ("HTTPS_PROXY", "user:hunter2@proxy.example:99999"),
    ] {
        let message = rejection_of(name, value).unwrap();
        assert!(message.contains("[redacted]"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}
