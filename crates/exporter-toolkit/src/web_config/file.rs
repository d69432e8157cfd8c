//! Reads and validates the text of a web configuration. The files that it names are not opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use http::HeaderMap;
use rustls::SupportedCipherSuite;
use rustls::crypto::SupportedKxGroup;
use secrecy::SecretString;

use super::tls_names::{self, Version};
use super::{http_settings, users};
use crate::config_file::{Document, FileErrors, Key, Location, SecretFilter, Section};

const MAPPING: &str = "keys and values";
const PATH: &str = "a path";
const BOOLEAN: &str = "true or false";
const VERSION: &str = "TLS12 or TLS13";
const HEADER: &str = "a text without control characters";

/// The keys of a web configuration.
const KEYS: [Key; 30] = [
    ("tls_server_config", MAPPING),
    ("tls_server_config.cert", "certificates in PEM"),
    ("tls_server_config.key", "a private key in PEM"),
    ("tls_server_config.client_ca", "certificates in PEM"),
    ("tls_server_config.cert_file", PATH),
    ("tls_server_config.key_file", PATH),
    (
        "tls_server_config.client_auth_type",
        "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or \
         RequireAndVerifyClientCert",
    ),
    ("tls_server_config.client_ca_file", PATH),
    ("tls_server_config.client_allowed_sans", "a list of names"),
    (
        "tls_server_config.client_allowed_sans[]",
        "a DNS name, IP address or URI",
    ),
    ("tls_server_config.min_version", VERSION),
    ("tls_server_config.max_version", VERSION),
    ("tls_server_config.cipher_suites", "a list of cipher suites"),
    (
        "tls_server_config.cipher_suites[]",
        tls_names::CIPHER_SUITES,
    ),
    ("tls_server_config.prefer_server_cipher_suites", BOOLEAN),
    ("tls_server_config.curve_preferences", "a list of curves"),
    (
        "tls_server_config.curve_preferences[]",
        "X25519, CurveP256 or CurveP384",
    ),
    ("http_server_config", MAPPING),
    ("http_server_config.http2", BOOLEAN),
    ("http_server_config.headers", MAPPING),
    ("http_server_config.headers.Content-Security-Policy", HEADER),
    (
        "http_server_config.headers.Strict-Transport-Security",
        HEADER,
    ),
    (
        "http_server_config.headers.X-Content-Type-Options",
        "nosniff",
    ),
    (
        "http_server_config.headers.X-Frame-Options",
        "deny or sameorigin",
    ),
    ("http_server_config.headers.X-XSS-Protection", HEADER),
    ("basic_auth_users", "user names with bcrypt hashes"),
    ("basic_auth_users.*", users::BCRYPT_HASH),
    ("rate_limit", MAPPING),
    ("rate_limit.interval", "a duration such as 1s, 100ms or 0"),
    ("rate_limit.burst", "a number of requests such as 20"),
];

/// A valid web configuration.
#[derive(Debug)]
pub struct File {
    /// `tls_server_config`; `None` disables TLS.
    pub tls: Option<Tls>,
    /// Whether HTTP/2 is offered, which requires TLS.
    pub http2: bool,
    /// Headers of every response.
    pub headers: HeaderMap,
    /// The users and the bcrypt hashes of their passwords.
    pub users: BTreeMap<String, SecretString>,
    /// The rate limit of requests; `None` disables it.
    pub rate_limit: Option<http_settings::RateLimit>,
}

/// `tls_server_config`.
#[derive(Debug)]
pub struct Tls {
    /// `cert` or `cert_file`.
    pub certificate: Pem,
    /// `key` or `key_file`.
    pub key: Pem,
    /// `client_auth_type`.
    pub client_auth: ClientAuth,
    /// `client_ca` or `client_ca_file`.
    pub client_ca: Option<Pem>,
    /// `client_allowed_sans`; empty allows any name.
    pub allowed_names: Vec<String>,
    /// From `max_version` down to `min_version`.
    pub versions: Vec<&'static rustls::SupportedProtocolVersion>,
    /// `cipher_suites` of TLS 1.2; `None` allows all.
    pub cipher_suites: Option<Vec<SupportedCipherSuite>>,
    /// `prefer_server_cipher_suites`.
    pub prefer_server_cipher_suites: bool,
    /// `curve_preferences`, in order; `None` allows all.
    pub curves: Option<Vec<&'static dyn SupportedKxGroup>>,
}

/// A certificate or key in PEM.
#[derive(Debug)]
pub struct Pem {
    /// The key of the web configuration.
    pub key: &'static str,
    /// The location of its value.
    pub location: Location,
    /// The key's path, and the value if it is not secret, for error messages.
    pub(super) label: String,
    /// Where the PEM is.
    pub source: PemSource,
}

/// The source of PEM text.
#[derive(Debug)]
pub enum PemSource {
    /// The web configuration itself.
    Inline(SecretString),
    /// A file. A relative path is resolved against the directory of the web configuration.
    File(PathBuf),
}

/// Whether clients must present certificates, by Go's names.
/// <https://pkg.go.dev/crypto/tls#ClientAuthType>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate is requested.
    NoClientCert,
    /// A certificate is requested. It may be missing, and is not verified.
    RequestClientCert,
    /// A certificate is required. It is not verified.
    RequireAnyClientCert,
    /// A certificate is requested. It may be missing, and must be signed by the client CA.
    VerifyClientCertIfGiven,
    /// A certificate is required, and must be signed by the client CA.
    RequireAndVerifyClientCert,
}

/// What TLS clients have to prove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientRequirements {
    /// A certificate is required.
    pub certificate: bool,
    /// Certificates are verified against the client CA.
    pub verified: bool,
    /// Certificates are verified to have one of some names.
    pub named: bool,
}

impl ClientRequirements {
    /// Returns whether a client could be accepted that `previous` rejects.
    pub(super) fn is_weaker_than(self, previous: Self) -> bool {
        (previous.certificate && !self.certificate)
            || (previous.verified && !self.verified)
            || (previous.named && !self.named)
    }
}

impl ClientAuth {
    /// Returns whether certificates are verified against the client CA.
    pub(super) fn verifies(self) -> bool {
        matches!(
            self,
            Self::VerifyClientCertIfGiven | Self::RequireAndVerifyClientCert
        )
    }

    /// Returns whether a certificate is required.
    pub(super) fn requires(self) -> bool {
        matches!(
            self,
            Self::RequireAnyClientCert | Self::RequireAndVerifyClientCert
        )
    }

    fn parse(name: &str) -> Result<Self, String> {
        match name {
            "NoClientCert" => Ok(Self::NoClientCert),
            "RequestClientCert" => Ok(Self::RequestClientCert),
            // The second name is deprecated in exporter-toolkit, which still accepts it.
            "RequireAnyClientCert" | "RequireClientCert" => Ok(Self::RequireAnyClientCert),
            "VerifyClientCertIfGiven" => Ok(Self::VerifyClientCertIfGiven),
            "RequireAndVerifyClientCert" => Ok(Self::RequireAndVerifyClientCert),
            _ => Err("unknown type".to_owned()),
        }
    }
}

/// Parses the text of a web configuration. `is_secret` filters what error messages repeat.
///
/// # Errors
///
/// Returns all errors with their locations.
pub fn parse(text: &str, is_secret: SecretFilter) -> Result<File, FileErrors> {
    let document = Document::parse(text, &KEYS, &is_secret)?;
    let root = document.root();
    let http = root.section("http_server_config");
    let http2 = http.as_ref().is_none_or(|http| boolean(http, "http2"));
    let file = File {
        tls: root
            .section("tls_server_config")
            .and_then(|section| tls(&section, http2)),
        http2,
        headers: http
            .and_then(|http| http.section("headers"))
            .map(|headers| http_settings::headers(&headers))
            .unwrap_or_default(),
        users: root
            .get("basic_auth_users")
            .map(users::hashes)
            .unwrap_or_default(),
        rate_limit: root
            .section("rate_limit")
            .and_then(|limit| http_settings::rate_limit(&limit)),
    };
    drop(root);
    document.finish(file)
}

/// Parses `tls_server_config`. Any key in it requires a certificate: a mistake must not disable
/// TLS. Returns `None` if the section is empty, or after an error.
fn tls(section: &Section<'_>, http2: bool) -> Option<Tls> {
    if section.is_empty() {
        return None;
    }
    let certificate = required_pem(section, "cert", "cert_file");
    let key = required_pem(section, "key", "key_file");
    let client_ca = pem(section, "client_ca", "client_ca_file");
    let client_auth = match section.non_blank("client_auth_type") {
        Some(field) => field.parse(ClientAuth::parse),
        None => Some(ClientAuth::NoClientCert),
    };
    let ca = section
        .non_blank("client_ca_file")
        .or_else(|| section.non_blank("client_ca"));
    match (ca, client_auth) {
        (Some(ca), Some(ClientAuth::NoClientCert)) => {
            ca.reject("not used without client_auth_type, expected RequireAndVerifyClientCert");
        }
        (None, Some(ClientAuth::RequireAndVerifyClientCert)) => {
            section.reject("client_ca_file (or client_ca) is missing, to verify clients against");
        }
        _ => {}
    }
    let allowed_names = allowed_names(section, client_auth);
    let min = version(section, "min_version").unwrap_or(Version::Tls12);
    let max = version(section, "max_version").unwrap_or(Version::Tls13);
    if let Some(field) = section.get("max_version").or(section.get("min_version"))
        && min > max
    {
        field.reject("max_version below min_version");
    }
    let mut versions = Vec::new();
    if max == Version::Tls13 {
        versions.push(&rustls::version::TLS13);
    }
    if min == Version::Tls12 {
        versions.push(&rustls::version::TLS12);
    }
    let cipher_suites = cipher_suites(section, min, http2);
    let curves = each(section, "curve_preferences", tls_names::curve);
    let prefer_server_cipher_suites = boolean(section, "prefer_server_cipher_suites");
    Some(Tls {
        certificate: certificate?,
        key: key?,
        client_auth: client_auth?,
        client_ca,
        allowed_names,
        versions,
        cipher_suites,
        prefer_server_cipher_suites,
        curves,
    })
}

/// Parses an optional boolean that defaults to true, with the spellings that Go's YAML library
/// accepts. <https://yaml.org/type/bool.html>
fn boolean(section: &Section<'_>, key: &str) -> bool {
    let parsed = section.get(key).and_then(|field| {
        field.parse(|text| match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Ok(true),
            "false" | "no" | "off" | "n" => Ok(false),
            _ => Err("not a boolean".to_owned()),
        })
    });
    parsed.unwrap_or(true)
}

fn required_pem(
    section: &Section<'_>,
    inline_key: &'static str,
    file_key: &'static str,
) -> Option<Pem> {
    if section
        .non_blank(inline_key)
        .or(section.non_blank(file_key))
        .is_none()
    {
        section.reject(format_args!("{file_key} (or {inline_key}) is missing"));
    }
    pem(section, inline_key, file_key)
}

fn pem(section: &Section<'_>, inline_key: &'static str, file_key: &'static str) -> Option<Pem> {
    let (key, field) = match (section.non_blank(inline_key), section.non_blank(file_key)) {
        (Some(_), Some(file)) => {
            file.reject(format_args!(
                "conflicts with {inline_key}, expected one of them"
            ));
            return None;
        }
        (Some(inline), None) => (inline_key, inline),
        (None, file) => (file_key, file?),
    };
    let text = field.text()?;
    let (label, source) = if key == inline_key {
        (field.path().to_owned(), PemSource::Inline(text.into()))
    } else {
        (field.describe(), PemSource::File(text.into()))
    };
    Some(Pem {
        key,
        location: field.location(),
        label,
        source,
    })
}

fn allowed_names(section: &Section<'_>, client_auth: Option<ClientAuth>) -> Vec<String> {
    let list = section.get("client_allowed_sans");
    let Some((list, items)) = list.and_then(|list| Some((list, list.items()?))) else {
        return Vec::new();
    };
    if client_auth.is_some_and(|client_auth| !client_auth.verifies()) {
        list.reject(
            "not used with this client_auth_type, which verifies no certificate, expected \
             RequireAndVerifyClientCert",
        );
    }
    if items.is_empty() {
        list.reject("an empty list would reject all clients, expected at least one name");
    }
    let name = |name: &str| {
        if name.contains('@') && !name.contains(':') {
            return Err("e-mail addresses are not supported".to_owned());
        }
        Ok(name.to_owned())
    };
    items.iter().filter_map(|item| item.parse(name)).collect()
}

fn version(section: &Section<'_>, key: &str) -> Option<Version> {
    section.non_blank(key)?.parse(tls_names::version)
}

fn cipher_suites(
    section: &Section<'_>,
    min: Version,
    http2: bool,
) -> Option<Vec<SupportedCipherSuite>> {
    let suites = each(section, "cipher_suites", tls_names::cipher_suite)?;
    // The cipher suites of TLS 1.3 are not configurable.
    let suites: Vec<_> = suites.into_iter().flatten().collect();
    let field = section.get("cipher_suites")?;
    let is_for_http2 =
        |suite: &SupportedCipherSuite| tls_names::HTTP2_CIPHER_SUITES.contains(&suite.suite());
    if min == Version::Tls12 && http2 && !suites.iter().any(is_for_http2) {
        field.reject(format_args!(
            "no cipher suite that HTTP/2 requires, expected {:?} or {:?}, or http2: false in \
             http_server_config",
            tls_names::HTTP2_CIPHER_SUITES[0],
            tls_names::HTTP2_CIPHER_SUITES[1],
        ));
    } else if min == Version::Tls12 && suites.is_empty() {
        field.reject("no cipher suite of TLS 1.2, which min_version allows");
    }
    Some(suites)
}

/// Parses each item of a list. Returns `None` if it is absent or empty, or after an error.
fn each<T>(
    section: &Section<'_>,
    key: &str,
    parse: fn(&str) -> Result<T, String>,
) -> Option<Vec<T>> {
    let items = section.get(key)?.items()?;
    let parsed: Vec<_> = items.iter().map(|item| item.parse(parse)).collect();
    let parsed: Option<Vec<T>> = parsed.into_iter().collect();
    parsed.filter(|parsed| !parsed.is_empty())
}

impl Tls {
    pub(super) fn client_requirements(&self) -> ClientRequirements {
        ClientRequirements {
            certificate: self.client_auth.requires(),
            verified: self.client_auth.verifies(),
            named: !self.allowed_names.is_empty(),
        }
    }

    /// Returns the paths of the files that it names.
    pub(super) fn paths(&self, directory: &Path) -> impl Iterator<Item = PathBuf> {
        let pems = [&self.certificate, &self.key].into_iter();
        pems.chain(&self.client_ca)
            .filter_map(move |pem| match &pem.source {
                PemSource::Inline(_) => None,
                PemSource::File(path) => Some(directory.join(path)),
            })
    }
}
