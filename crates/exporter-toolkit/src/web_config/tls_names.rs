//! Go's names for what TLS offers, which the file format uses, and what they are called here.
//! <https://pkg.go.dev/crypto/tls#pkg-constants>

use rustls::SupportedCipherSuite;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{cipher_suite, kx_group};

use super::error::shown;

/// The cipher suites of TLS 1.2 that exist here, by Go's names.
static TLS12_CIPHER_SUITES: [(&str, SupportedCipherSuite); 6] = [
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// The cipher suites of TLS 1.3. Go takes their names and always offers all three; so does this.
const TLS13_CIPHER_SUITES: [&str; 3] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// The suites of which HTTP/2 demands at least one (RFC 9113, section 9.2.2).
pub(super) const HTTP2_CIPHER_SUITES: [&str; 2] = [
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
];

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    Tls12,
    Tls13,
}

/// The version of that name.
pub(super) fn version(name: &str) -> Result<Version, String> {
    match name {
        "TLS12" => Ok(Version::Tls12),
        "TLS13" => Ok(Version::Tls13),
        "TLS10" | "TLS11" => Err(format!(
            "{name} is not offered, for it is broken; give TLS12 or TLS13"
        )),
        _ => Err(format!(
            "{} is no version of TLS; give TLS12 or TLS13",
            shown(name)
        )),
    }
}

/// The cipher suite of that name; `None` for one of TLS 1.3, which are not a matter of choice.
pub(super) fn cipher_suite(name: &str) -> Result<Option<SupportedCipherSuite>, String> {
    if TLS13_CIPHER_SUITES.contains(&name) {
        return Ok(None);
    }
    let known = TLS12_CIPHER_SUITES.iter().find(|(known, _)| *known == name);
    known.map(|(_, suite)| Some(*suite)).ok_or_else(|| {
        let names: Vec<_> = TLS12_CIPHER_SUITES.iter().map(|(name, _)| *name).collect();
        let what = if name.contains("_CBC_") || name.starts_with("TLS_RSA_WITH_") {
            "is not offered, for it is weak"
        } else {
            "is not known"
        };
        format!("{} {what}; give some of {}", shown(name), names.join(", "))
    })
}

/// The curve of that name.
pub(super) fn curve(name: &str) -> Result<&'static dyn SupportedKxGroup, String> {
    match name {
        "X25519" => Ok(kx_group::X25519),
        "CurveP256" => Ok(kx_group::SECP256R1),
        "CurveP384" => Ok(kx_group::SECP384R1),
        "CurveP521" => {
            Err("CurveP521 is not offered; give some of X25519, CurveP256, CurveP384".into())
        }
        _ => Err(format!(
            "{} is not known; give some of X25519, CurveP256, CurveP384",
            shown(name)
        )),
    }
}
