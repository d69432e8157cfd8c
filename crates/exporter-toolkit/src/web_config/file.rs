//! What the file means: each value read, and what contradicts itself refused. Nothing that it names
//! is opened here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use http::HeaderMap;
use rustls::SupportedCipherSuite;
use rustls::crypto::SupportedKxGroup;
use secrecy::{ExposeSecret, SecretString};

use super::document::{self, Names, TlsServerConfig, Value, given, given_secret};
use super::error::{Error, Spanned, shown};
use super::http::{self as http_settings, RateLimit};
use super::tls_names::{self, Version};
use super::users;
use crate::yaml::Location;

/// A web configuration as it is written, understood.
#[derive(Debug)]
pub struct File {
    /// How to speak TLS, if at all.
    pub tls: Option<Tls>,
    /// Whether to offer HTTP/2, which takes TLS.
    pub http2: bool,
    /// Headers of every answer.
    pub headers: HeaderMap,
    /// The users and bcrypt's hashes of their passwords.
    pub users: BTreeMap<String, SecretString>,
    /// How many requests are answered.
    pub rate_limit: Option<RateLimit>,
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
    /// `client_allowed_sans`; none means that any name will do.
    pub allowed_names: Vec<String>,
    /// From `max_version` down to `min_version`.
    pub versions: Vec<&'static rustls::SupportedProtocolVersion>,
    /// `cipher_suites`: those of TLS 1.2; `None` means all.
    pub cipher_suites: Option<Vec<SupportedCipherSuite>>,
    /// `prefer_server_cipher_suites`.
    pub prefer_server_cipher_suites: bool,
    /// `curve_preferences`, in order; `None` means all.
    pub curves: Option<Vec<&'static dyn SupportedKxGroup>>,
}

/// Something in PEM, in the file itself or in one that it names.
#[derive(Debug)]
pub struct Pem {
    /// The key under which it stands.
    pub key: &'static str,
    /// Where its value stands.
    pub place: Location,
    /// The PEM, or where it is.
    pub source: PemSource,
}

/// Where PEM is.
#[derive(Debug)]
pub enum PemSource {
    /// In the web configuration itself.
    Inline(SecretString),
    /// In a file, of which a relative path begins where the web configuration is.
    File(PathBuf),
}

/// Whether clients show certificates, by Go's names.
/// <https://pkg.go.dev/crypto/tls#ClientAuthType>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// None is asked for.
    NoClientCert,
    /// One is asked for; it may be missing, and anyone's.
    RequestClientCert,
    /// One is demanded; it may be anyone's.
    RequireAnyClientCert,
    /// One is asked for; it may be missing, and must be signed by the client CA.
    VerifyClientCertIfGiven,
    /// One is demanded, and must be signed by the client CA.
    RequireAndVerifyClientCert,
}

impl ClientAuth {
    pub(super) fn verifies(self) -> bool {
        matches!(
            self,
            Self::VerifyClientCertIfGiven | Self::RequireAndVerifyClientCert
        )
    }

    pub(super) fn requires(self) -> bool {
        matches!(
            self,
            Self::RequireAnyClientCert | Self::RequireAndVerifyClientCert
        )
    }

    fn read(name: &str) -> Result<Self, String> {
        match name {
            "NoClientCert" => Ok(Self::NoClientCert),
            "RequestClientCert" => Ok(Self::RequestClientCert),
            // The older name is one that the toolkit keeps.
            "RequireAnyClientCert" | "RequireClientCert" => Ok(Self::RequireAnyClientCert),
            "VerifyClientCertIfGiven" => Ok(Self::VerifyClientCertIfGiven),
            "RequireAndVerifyClientCert" => Ok(Self::RequireAndVerifyClientCert),
            _ => Err(format!(
                "client_auth_type cannot be {}; give NoClientCert, RequestClientCert, \
                 RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
                shown(name)
            )),
        }
    }
}

/// Reads the text of a web configuration. What it names is not opened.
///
/// # Errors
///
/// The first thing that cannot be used, with its line and column.
pub fn parse(text: &str) -> Result<File, Error> {
    let document = document::read(text)?;
    let http = document.http_server_config;
    let http2 = http.http2.unwrap_or(true);
    let tls = match document.tls_server_config {
        Some(section) => tls(section.value, section.place, http2)?,
        None => None,
    };
    let mut users = BTreeMap::new();
    for (user, hash) in document.basic_auth_users {
        let place = hash.place;
        if user.is_empty() || user.contains(|c: char| c == ':' || c.is_control()) {
            let what = "basic_auth_users: a name that no client can send";
            return Err(Error::at(place, what));
        }
        if !users::is_hash(hash.value.expose_secret()) {
            let what = format!(
                "basic_auth_users: what stands for {} is not a bcrypt hash, such as \
                 `htpasswd -nBC 10 \"\"` prints",
                shown(&user)
            );
            return Err(Error::at(place, what));
        }
        users.insert(user, hash.value);
    }
    Ok(File {
        tls,
        http2,
        headers: http_settings::headers(http.headers)?,
        users,
        rate_limit: match document.rate_limit {
            Some(section) => http_settings::rate_limit(section)?,
            None => None,
        },
    })
}

/// Reads `tls_server_config`. With any key in it, TLS is meant: one without a certificate is a
/// mistake that must not end in plain HTTP.
fn tls(section: TlsServerConfig, place: Location, http2: bool) -> Result<Option<Tls>, Error> {
    if section.is_empty() {
        return Ok(None);
    }
    let missing = |what: &str| Error::at(place, format!("tls_server_config: {what}"));
    let certificate = pem(("cert", section.cert), ("cert_file", section.cert_file))?
        .ok_or_else(|| missing("cert_file (or cert) is missing"))?;
    let key = pem(("key", section.key), ("key_file", section.key_file))?
        .ok_or_else(|| missing("key_file (or key) is missing"))?;
    let client_ca = pem(
        ("client_ca", section.client_ca),
        ("client_ca_file", section.client_ca_file),
    )?;
    let client_auth = match given(section.client_auth_type) {
        Some(given) => ClientAuth::read(&given.value).map_err(|e| Error::at(given.place, e))?,
        None => ClientAuth::NoClientCert,
    };
    if let Some(ca) = &client_ca
        && client_auth == ClientAuth::NoClientCert
    {
        let what = "without a client_auth_type, no client is asked for a certificate";
        return Err(Error::at(ca.place, format!("{}: {what}", ca.key)));
    }
    if client_ca.is_none() && client_auth == ClientAuth::RequireAndVerifyClientCert {
        return Err(missing(
            "RequireAndVerifyClientCert takes a client_ca_file (or client_ca) to verify against",
        ));
    }
    let allowed_names = allowed_names(section.client_allowed_sans, client_auth)?;
    let (min, versions) = versions(section.min_version, section.max_version)?;
    Ok(Some(Tls {
        certificate,
        key,
        client_auth,
        client_ca,
        allowed_names,
        versions,
        cipher_suites: cipher_suites(section.cipher_suites, min, http2)?,
        prefer_server_cipher_suites: section.prefer_server_cipher_suites.unwrap_or(true),
        curves: each(
            section.curve_preferences,
            "curve_preferences",
            tls_names::curve,
        )?
        .map(|(_, curves)| curves),
    }))
}

impl TlsServerConfig {
    /// Whether nothing is written in it, be it blank.
    fn is_empty(&self) -> bool {
        let Self {
            cert,
            key,
            client_ca,
            cert_file,
            key_file,
            client_auth_type,
            client_ca_file,
            client_allowed_sans,
            min_version,
            max_version,
            cipher_suites,
            prefer_server_cipher_suites,
            curve_preferences,
        } = self;
        let texts = [cert_file, key_file, client_auth_type, client_ca_file];
        let secrets = [cert, key, client_ca];
        let lists = [client_allowed_sans, cipher_suites, curve_preferences];
        texts.iter().all(|value| value.is_none())
            && secrets.iter().all(|value| value.is_none())
            && lists.iter().all(|value| value.is_none())
            && [min_version, max_version].iter().all(|v| v.is_none())
            && prefer_server_cipher_suites.is_none()
    }
}

/// What is given either inline or as a file.
fn pem(
    (inline_key, inline): (&'static str, Value<SecretString>),
    (file_key, file): (&'static str, Value),
) -> Result<Option<Pem>, Error> {
    match (given_secret(inline), given(file)) {
        (None, None) => Ok(None),
        (Some(inline), None) => Ok(Some(Pem {
            key: inline_key,
            place: inline.place,
            source: PemSource::Inline(inline.value),
        })),
        (None, Some(Spanned { place, value })) => Ok(Some(Pem {
            key: file_key,
            place,
            source: PemSource::File(value.into()),
        })),
        (Some(_), Some(file)) => Err(Error::at(
            file.place,
            format!("both {inline_key} and {file_key} are given; give one of them"),
        )),
    }
}

fn allowed_names(names: Value<Names>, client_auth: ClientAuth) -> Result<Vec<String>, Error> {
    let Some(list) = names else {
        return Ok(Vec::new());
    };
    if !client_auth.verifies() {
        let what = "client_allowed_sans: with this client_auth_type no certificate is verified, and \
                    anyone can write any name into one; give RequireAndVerifyClientCert";
        return Err(Error::at(list.place, what));
    }
    if list.value.is_empty() {
        let what = "client_allowed_sans: an empty list would let nobody in; leave it out";
        return Err(Error::at(list.place, what));
    }
    let mut names = Vec::with_capacity(list.value.len());
    for name in list.value {
        if name.value.contains('@') && !name.value.contains(':') {
            let what = format!(
                "client_allowed_sans: {} is an e-mail address, which cannot be compared here; give \
                 DNS names, IP addresses or URIs",
                shown(&name.value)
            );
            return Err(Error::at(name.place, what));
        }
        names.push(name.value);
    }
    Ok(names)
}

/// The versions of TLS to offer, and the lowest of them.
fn versions(
    min: Value,
    max: Value,
) -> Result<(Version, Vec<&'static rustls::SupportedProtocolVersion>), Error> {
    let read = |key: &str, value: Value, default: Version| match given(value) {
        None => Ok((default, None)),
        Some(Spanned { place, value }) => match tls_names::version(&value) {
            Ok(version) => Ok((version, Some(place))),
            Err(what) => Err(Error::at(place, format!("{key}: {what}"))),
        },
    };
    let (min, min_place) = read("min_version", min, Version::Tls12)?;
    let (max, max_place) = read("max_version", max, Version::Tls13)?;
    if let Some(place) = max_place.or(min_place)
        && min > max
    {
        return Err(Error::at(place, "max_version is below min_version"));
    }
    let mut versions = Vec::new();
    if max == Version::Tls13 {
        versions.push(&rustls::version::TLS13);
    }
    if min == Version::Tls12 {
        versions.push(&rustls::version::TLS12);
    }
    Ok((min, versions))
}

fn cipher_suites(
    list: Value<Names>,
    min: Version,
    http2: bool,
) -> Result<Option<Vec<SupportedCipherSuite>>, Error> {
    let names: Vec<String> = match &list {
        Some(list) => list.value.iter().map(|name| name.value.clone()).collect(),
        None => Vec::new(),
    };
    let Some((place, suites)) = each(list, "cipher_suites", tls_names::cipher_suite)? else {
        return Ok(None);
    };
    let for_http2 = |name: &String| tls_names::HTTP2_CIPHER_SUITES.contains(&name.as_str());
    if http2 && min == Version::Tls12 && !names.iter().any(for_http2) {
        let what = format!(
            "cipher_suites: HTTP/2 takes {}; add one, or set http2: false under http_server_config",
            tls_names::HTTP2_CIPHER_SUITES.join(" or ")
        );
        return Err(Error::at(place, what));
    }
    let suites: Vec<_> = suites.into_iter().flatten().collect();
    if min == Version::Tls12 && suites.is_empty() {
        let what = "cipher_suites: none of them is one of TLS 1.2, which min_version admits";
        return Err(Error::at(place, what));
    }
    Ok(Some(suites))
}

/// Reads each name of a list; an empty list counts as not given, as the toolkit has it.
fn each<T>(
    list: Value<Names>,
    key: &str,
    read: fn(&str) -> Result<T, String>,
) -> Result<Option<(Location, Vec<T>)>, Error> {
    let Some(list) = list.filter(|list| !list.value.is_empty()) else {
        return Ok(None);
    };
    let mut read_all = Vec::with_capacity(list.value.len());
    for name in &list.value {
        let one =
            read(&name.value).map_err(|what| Error::at(name.place, format!("{key}: {what}")))?;
        read_all.push(one);
    }
    Ok(Some((list.place, read_all)))
}

impl Tls {
    /// The files that it names.
    pub(super) fn paths(&self, directory: &Path) -> Vec<PathBuf> {
        let all = [
            Some(&self.certificate),
            Some(&self.key),
            self.client_ca.as_ref(),
        ];
        let paths = all
            .into_iter()
            .flatten()
            .filter_map(|pem| pem.path(directory));
        paths.collect()
    }
}

impl Pem {
    /// The file that it is in; a relative path begins where the web configuration is.
    pub(super) fn path(&self, directory: &Path) -> Option<PathBuf> {
        match &self.source {
            PemSource::Inline(_) => None,
            PemSource::File(path) => Some(directory.join(path)),
        }
    }
}
