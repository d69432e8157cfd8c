//! Go's names of TLS versions, cipher suites and curves, which the file format uses.
//! <https://pkg.go.dev/crypto/tls#pkg-constants>

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{cipher_suite, kx_group};
use rustls::{CipherSuite, SupportedCipherSuite};

/// The supported cipher suites of TLS 1.2, for messages.
pub(super) const CIPHER_SUITES: &str = "one of \
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, \
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";

/// The supported cipher suites of TLS 1.2. rustls uses Go's names for them.
static TLS12_CIPHER_SUITES: [SupportedCipherSuite; 6] = [
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// The cipher suites of TLS 1.3, all of which are always offered, as Go does.
const TLS13_CIPHER_SUITES: [&str; 3] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// The cipher suites of which HTTP/2 requires at least one (RFC 9113, section 9.2.2).
pub(super) const HTTP2_CIPHER_SUITES: [CipherSuite; 2] = [
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
];

/// A TLS version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    Tls12,
    Tls13,
}

/// Returns the version of a name.
pub(super) fn version(name: &str) -> Result<Version, String> {
    match name {
        "TLS12" => Ok(Version::Tls12),
        "TLS13" => Ok(Version::Tls13),
        "TLS10" | "TLS11" => Err("insecure version".to_owned()),
        _ => Err("unknown version".to_owned()),
    }
}

/// Returns the cipher suite of a name; `None` for one of TLS 1.3.
pub(super) fn cipher_suite(name: &str) -> Result<Option<SupportedCipherSuite>, String> {
    if TLS13_CIPHER_SUITES.contains(&name) {
        return Ok(None);
    }
    let mut suites = TLS12_CIPHER_SUITES.iter();
    match suites.find(|suite| format!("{:?}", suite.suite()) == name) {
        Some(suite) => Ok(Some(*suite)),
        None if name.contains("_CBC_") || name.starts_with("TLS_RSA_WITH_") => {
            Err("insecure cipher suite".to_owned())
        }
        None => Err("unknown cipher suite".to_owned()),
    }
}

/// Returns the curve of a name.
pub(super) fn curve(name: &str) -> Result<&'static dyn SupportedKxGroup, String> {
    match name {
        "X25519" => Ok(kx_group::X25519),
        "CurveP256" => Ok(kx_group::SECP256R1),
        "CurveP384" => Ok(kx_group::SECP384R1),
        "CurveP521" => Err("unsupported curve".to_owned()),
        _ => Err("unknown curve".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_every_cipher_suite() {
        let listed = CIPHER_SUITES.strip_prefix("one of ").unwrap();
        let names: Vec<_> = listed.split(", ").collect();
        assert_eq!(names.len(), TLS12_CIPHER_SUITES.len());
        for name in names {
            assert!(cipher_suite(name).unwrap().is_some(), "{name}");
        }
    }
}
