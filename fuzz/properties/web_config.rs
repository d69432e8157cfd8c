//! Properties of the web configuration that hold for any text. No file is opened.

use std::path::Path;
use std::sync::LazyLock;

use exporter_toolkit::web_config::{File, Pem, PemSource, Tls, parse};
use rcgen::CertifiedKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// The maximum length of an error message with its location.
const MAX_MESSAGE_CHARS: usize = 700;

/// A part of every secret, which occurs nowhere else.
const MARKER: &str = "Zq7vXk";

/// Templates of configurations with a secret. `SECRET` is replaced by the secret, and `QUOTED` by
/// the quoted secret, because a plain secret may be a mapping.
const SECRET_TEMPLATES: [&str; 6] = [
    "basic_auth_users:\n  alice: SECRET\n",
    "basic_auth_users:\n  alice: &a SECRET\n  bob: *a\n",
    "basic_auth_users: QUOTED\n",
    "basic_auth_users:\n  - SECRET\n",
    "tls_server_config:\n  cert_file: a\n  key: SECRET\n",
    "tls_server_config:\n  client_ca: |\n    SECRET\n",
];

/// A valid certificate and its private key in PEM.
static KEY_PAIR: LazyLock<[String; 2]> = LazyLock::new(|| {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    [cert.pem(), signing_key.serialize_pem()]
});

/// Parses `text` as a web configuration. If it is accepted, its values are valid, equivalent texts
/// have the same meaning, and the configuration can be built. If it is rejected, each error is one
/// line without secrets.
pub fn web_config(text: &str) {
    match parse(text, |_| false) {
        Ok(file) => check_accepted(text, file),
        Err(errors) => errors
            .iter()
            .for_each(|error| check_message(&error.to_string())),
    }
    check_secret(text.split(['\n', '\r']).next().unwrap_or_default());
}

fn check_accepted(text: &str, file: File) {
    check_values(&file);
    let json = to_json(&file);
    for equivalent in equivalent_texts(text) {
        let parsed =
            parse(&equivalent, |_| false).unwrap_or_else(|error| panic!("{error}\n{equivalent:?}"));
        assert_eq!(to_json(&parsed), json, "{equivalent:?}");
    }
    let json_text = json.to_string();
    let parsed = parse(&json_text, |_| false).unwrap_or_else(|error| panic!("{error}\n{json}"));
    assert_eq!(to_json(&parsed), json);
    check_complete(text, &file);
    check_build(file);
}

/// Returns texts with the same meaning.
fn equivalent_texts(text: &str) -> Vec<String> {
    let mut texts = vec![text.to_owned(), format!("{text}\n# The end.\n")];
    if !text.contains('\r') {
        texts.push(text.replace('\n', "\r\n"));
    }
    texts
}

fn check_values(file: &File) {
    let debug = format!("{file:?}");
    for (user, hash) in &file.users {
        let hash = hash.expose_secret();
        assert!(!user.is_empty() && !user.contains(|c: char| c == ':' || c.is_control()));
        assert!(is_hash(hash), "{hash}");
        assert!(!debug.contains(hash.trim_start_matches('$')), "{debug}");
        // Verifies with the minimum cost, which is fast.
        let minimum_cost = format!("{}04{}", &hash[..4], &hash[6..]);
        assert!(bcrypt::verify("", &minimum_cost).is_ok(), "{hash}");
    }
    for (name, value) in &file.headers {
        let value = value.as_bytes();
        assert!(!value.contains(&b'\n') && !value.contains(&b'\r') && !value.contains(&0));
        match name.as_str() {
            "x-content-type-options" => assert_eq!(value, b"nosniff"),
            "x-frame-options" => assert!([&b"deny"[..], b"sameorigin"].contains(&value)),
            name => assert!(
                [
                    "content-security-policy",
                    "strict-transport-security",
                    "x-xss-protection"
                ]
                .contains(&name)
            ),
        }
    }
    if let Some(limit) = file.rate_limit {
        assert!(!limit.interval.is_zero());
    }
    if let Some(tls) = &file.tls {
        let versions: Vec<_> = tls.versions.iter().map(|v| u16::from(v.version)).collect();
        assert!([&[0x304, 0x303][..], &[0x304], &[0x303]].contains(&&versions[..]));
        assert!(tls.curves.as_ref().is_none_or(|curves| !curves.is_empty()));
        // Allowed names require verification. A client CA requires that certificates are requested.
        let auth = format!("{:?}", tls.client_auth);
        assert!(tls.allowed_names.is_empty() || auth.contains("Verify"));
        assert!(tls.client_ca.is_none() || auth != "NoClientCert");
        assert!(tls.client_ca.is_some() || auth != "RequireAndVerifyClientCert");
    }
}

/// Returns whether `text` is a bcrypt hash: a prefix such as `$2y$10$` and 53 characters of
/// bcrypt's alphabet.
fn is_hash(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 60
        && [&b"$2a$"[..], b"$2b$", b"$2x$", b"$2y$"].contains(&&bytes[..4])
        && text[4..6]
            .parse()
            .is_ok_and(|cost: u8| (4..=31).contains(&cost))
        && bytes[6] == b'$'
        && bytes[7..]
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"./".contains(b))
}

/// Checks that an error message is one short line without a complete or truncated hash.
fn check_message(message: &str) {
    let (line, rest) = message.split_once(':').unwrap_or_default();
    let (column, _) = rest.split_once(": ").unwrap_or_default();
    let is_position =
        line.parse().is_ok_and(|n: usize| n > 0) && column.parse().is_ok_and(|n: usize| n > 0);
    // The last of many errors is the number of omitted ones.
    assert!(
        is_position || message.ends_with(" more errors"),
        "{message}"
    );
    assert!(message.chars().count() <= MAX_MESSAGE_CHARS, "{message}");
    let is_bidi = |c: char| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(
        !message.contains(|c: char| c.is_control() || is_bidi(c)),
        "{message:?}"
    );
    let mut hashes = ["$2a$", "$2b$", "$2x$", "$2y$"].iter();
    assert!(!hashes.any(|hash| message.contains(hash)), "{message}");
}

/// Checks that neither an error message nor `Debug` output contains a secret that includes `line`.
fn check_secret(line: &str) {
    // The first character may be YAML syntax.
    let (first, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
    for template in SECRET_TEMPLATES {
        for secret in [
            format!("{line}{MARKER}"),
            format!("{MARKER}{line}"),
            format!("{first}{MARKER}{rest}"),
        ] {
            let quoted = Value::from(secret.as_str()).to_string();
            let text = template
                .replace("QUOTED", &quoted)
                .replace("SECRET", &secret);
            let output = match parse(&text, |_| false) {
                Ok(file) => format!("{file:?}"),
                Err(errors) => {
                    errors
                        .iter()
                        .for_each(|error| check_message(&error.to_string()));
                    format!("{errors} {errors:?}")
                }
            };
            assert!(!output.contains(MARKER), "{text:?}: {output}");
        }
    }
}

/// Returns an equivalent file as JSON, which is also YAML.
fn to_json(file: &File) -> Value {
    let mut all = json!({ "http_server_config": { "http2": file.http2 } });
    if !file.users.is_empty() {
        let users = file.users.iter();
        all["basic_auth_users"] = users
            .map(|(user, hash)| (user.clone(), hash.expose_secret().into()))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    let header_names = [
        "Content-Security-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
        "X-XSS-Protection",
    ];
    let headers = header_names.into_iter().filter_map(|name| {
        let value = file.headers.get(name)?;
        let value = String::from_utf8(value.as_bytes().to_vec()).unwrap();
        Some((name.to_owned(), value.into()))
    });
    let headers: serde_json::Map<_, _> = headers.collect();
    assert_eq!(headers.len(), file.headers.len());
    all["http_server_config"]["headers"] = headers.into();
    if let Some(limit) = file.rate_limit {
        let (seconds, nanoseconds) = (limit.interval.as_secs(), limit.interval.subsec_nanos());
        // A float does not represent larger numbers of seconds exactly.
        if seconds < 1 << 52 {
            let interval = format!("{seconds}s{nanoseconds}ns");
            all["rate_limit"] = json!({ "interval": interval, "burst": limit.burst });
        }
    }
    if let Some(tls) = &file.tls {
        all["tls_server_config"] = tls_to_json(tls);
    }
    all
}

fn tls_to_json(tls: &Tls) -> Value {
    let versions = tls.versions.iter().map(|v| match u16::from(v.version) {
        0x304 => "TLS13",
        _ => "TLS12",
    });
    let versions: Vec<_> = versions.collect();
    let mut all = json!({
        "client_auth_type": format!("{:?}", tls.client_auth),
        "max_version": versions.first(),
        "min_version": versions.last(),
        "prefer_server_cipher_suites": tls.prefer_server_cipher_suites,
    });
    let ca = tls.client_ca.as_ref();
    for pem in [&tls.certificate, &tls.key].into_iter().chain(ca) {
        all[pem.key] = match &pem.source {
            PemSource::Inline(text) => text.expose_secret().trim().into(),
            PemSource::File(path) => path.to_str().into(),
        };
    }
    if !tls.allowed_names.is_empty() {
        all["client_allowed_sans"] = json!(tls.allowed_names);
    }
    if let Some(suites) = &tls.cipher_suites {
        let mut names: Vec<_> = suites
            .iter()
            .map(|suite| format!("{:?}", suite.suite()))
            .collect();
        // An empty list would allow all suites, so add one that is always enabled.
        names.push("TLS_AES_128_GCM_SHA256".into());
        all["cipher_suites"] = names.into();
    }
    if let Some(curves) = &tls.curves {
        let names = curves
            .iter()
            .map(|curve| match format!("{:?}", curve.name()).as_str() {
                "secp256r1" => "CurveP256".to_owned(),
                "secp384r1" => "CurveP384".to_owned(),
                name => name.to_owned(),
            });
        all["curve_preferences"] = names.collect();
    }
    all
}

/// Checks that no section that protects the server is ignored, compared with an independent YAML
/// library.
fn check_complete(text: &str, file: &File) {
    let Ok(Value::Object(all)) = serde_saphyr::from_str::<Value>(text) else {
        return;
    };
    let users = all.get("basic_auth_users").and_then(Value::as_object);
    assert_eq!(users.map_or(0, |users| users.len()), file.users.len());
    let tls = all.get("tls_server_config").and_then(Value::as_object);
    let has_tls = tls.is_some_and(|tls| tls.values().any(|value| !value.is_null()));
    assert_eq!(file.tls.is_some(), has_tls, "{text:?}");
    let interval = all
        .get("rate_limit")
        .and_then(|limit| limit.get("interval"));
    let is_limited = interval.is_some_and(|interval| match interval {
        Value::String(text) => text.contains(|c: char| matches!(c, '1'..='9')),
        _ => false,
    });
    assert!(is_limited || file.rate_limit.is_none(), "{text:?}");
}

/// Checks that an accepted file can be built, with valid certificates in place of its own.
fn check_build(mut file: File) {
    let expected = (file.tls.is_some(), file.users.is_empty(), file.rate_limit);
    if let Some(tls) = &mut file.tls {
        let [certificate, key] = &*KEY_PAIR;
        let replace =
            |pem: &mut Pem, text: &String| pem.source = PemSource::Inline(text.clone().into());
        replace(&mut tls.certificate, certificate);
        replace(&mut tls.key, key);
        if let Some(ca) = &mut tls.client_ca {
            replace(ca, certificate);
        }
    }
    let config = file.build(Path::new("")).unwrap();
    assert_eq!(
        (
            config.tls.is_some(),
            config.users.is_none(),
            config.rate_limit
        ),
        expected
    );
}
