//! The file's sections and keys, and where each value stands. What the values mean is
//! [`super::file`]'s to say.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::error::{Error, Spanned, shown};
use super::users;
use crate::yaml::{self, Location, Node};

/// A value that may be absent, with its place.
pub(super) type Value<T = String> = Option<Spanned<T>>;

/// A list of names, each with its place.
pub(super) type Names = Vec<Spanned<String>>;

#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) tls_server_config: Value<TlsServerConfig>,
    pub(super) http_server_config: HttpServerConfig,
    pub(super) basic_auth_users: BTreeMap<String, Spanned<SecretString>>,
    pub(super) rate_limit: Option<RateLimit>,
}

#[derive(Debug, Default)]
pub(super) struct TlsServerConfig {
    pub(super) cert: Value<SecretString>,
    pub(super) key: Value<SecretString>,
    pub(super) client_ca: Value<SecretString>,
    pub(super) cert_file: Value,
    pub(super) key_file: Value,
    pub(super) client_auth_type: Value,
    pub(super) client_ca_file: Value,
    pub(super) client_allowed_sans: Value<Names>,
    pub(super) min_version: Value,
    pub(super) max_version: Value,
    pub(super) cipher_suites: Value<Names>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
    pub(super) curve_preferences: Value<Names>,
}

#[derive(Debug, Default)]
pub(super) struct HttpServerConfig {
    pub(super) http2: Option<bool>,
    pub(super) headers: Headers,
}

#[derive(Debug, Default)]
pub(super) struct Headers {
    pub(super) content_security_policy: Value,
    pub(super) strict_transport_security: Value,
    pub(super) x_content_type_options: Value,
    pub(super) x_frame_options: Value,
    pub(super) x_xss_protection: Value,
}

#[derive(Debug, Default)]
pub(super) struct RateLimit {
    pub(super) interval: Value,
    pub(super) burst: Value<i64>,
}

/// Reads the YAML. A document with nothing in it is one with nothing set.
pub(super) fn read(text: &str) -> Result<Document, Error> {
    let Some(root) = yaml::read(text)? else {
        return Ok(Document::default());
    };
    let mut keys = Keys::of(
        root,
        &[
            "tls_server_config",
            "http_server_config",
            "basic_auth_users",
            "rate_limit",
        ],
    )?;
    Ok(Document {
        tls_server_config: keys.read("tls_server_config", tls)?,
        http_server_config: keys.read("http_server_config", http)?.unwrap_or_default(),
        basic_auth_users: keys.read("basic_auth_users", hashes)?.unwrap_or_default(),
        rate_limit: keys.read("rate_limit", rate_limit)?,
    })
}

fn tls(node: Node) -> Result<Spanned<TlsServerConfig>, Error> {
    let place = node.place;
    let mut keys = Keys::of(
        node,
        &[
            "cert",
            "key",
            "client_ca",
            "cert_file",
            "key_file",
            "client_auth_type",
            "client_ca_file",
            "client_allowed_sans",
            "min_version",
            "max_version",
            "cipher_suites",
            "prefer_server_cipher_suites",
            "curve_preferences",
        ],
    )?;
    let value = TlsServerConfig {
        cert: keys.read("cert", secret)?,
        key: keys.read("key", secret)?,
        client_ca: keys.read("client_ca", secret)?,
        cert_file: keys.read("cert_file", text)?,
        key_file: keys.read("key_file", text)?,
        client_auth_type: keys.read("client_auth_type", text)?,
        client_ca_file: keys.read("client_ca_file", text)?,
        client_allowed_sans: keys.read("client_allowed_sans", names)?,
        min_version: keys.read("min_version", text)?,
        max_version: keys.read("max_version", text)?,
        cipher_suites: keys.read("cipher_suites", names)?,
        prefer_server_cipher_suites: keys.read("prefer_server_cipher_suites", boolean)?,
        curve_preferences: keys.read("curve_preferences", names)?,
    };
    Ok(Spanned { place, value })
}

fn http(node: Node) -> Result<HttpServerConfig, Error> {
    let mut keys = Keys::of(node, &["http2", "headers"])?;
    Ok(HttpServerConfig {
        http2: keys.read("http2", boolean)?,
        headers: keys.read("headers", headers)?.unwrap_or_default(),
    })
}

fn headers(node: Node) -> Result<Headers, Error> {
    let mut keys = Keys::of(
        node,
        &[
            "Content-Security-Policy",
            "Strict-Transport-Security",
            "X-Content-Type-Options",
            "X-Frame-Options",
            "X-XSS-Protection",
        ],
    )?;
    Ok(Headers {
        content_security_policy: keys.read("Content-Security-Policy", text)?,
        strict_transport_security: keys.read("Strict-Transport-Security", text)?,
        x_content_type_options: keys.read("X-Content-Type-Options", text)?,
        x_frame_options: keys.read("X-Frame-Options", text)?,
        x_xss_protection: keys.read("X-XSS-Protection", text)?,
    })
}

fn rate_limit(node: Node) -> Result<RateLimit, Error> {
    let mut keys = Keys::of(node, &["interval", "burst"])?;
    Ok(RateLimit {
        interval: keys.read("interval", text)?,
        burst: keys.read("burst", whole_number)?,
    })
}

/// Users and what stands for their hashes; of a user without any, nothing.
fn hashes(node: Node) -> Result<BTreeMap<String, Spanned<SecretString>>, Error> {
    let place = node.place;
    let yaml::Value::Keys(entries) = node.value else {
        return Err(Error::at(place, "expected keys and values"));
    };
    let mut users = BTreeMap::new();
    for (user, node) in entries {
        let place = node.place;
        let hash = match node.value {
            yaml::Value::Null => Spanned {
                place,
                value: SecretString::default(),
            },
            _ => secret(node)?,
        };
        if users.contains_key(&user.text) {
            return Err(twice(user.place, &user.text));
        }
        users.insert(user.text, hash);
    }
    Ok(users)
}

/// The keys of a section that have a value, each of which is known and there once.
struct Keys(BTreeMap<&'static str, Node>);

impl Keys {
    fn of(node: Node, known: &[&'static str]) -> Result<Self, Error> {
        let yaml::Value::Keys(entries) = node.value else {
            return Err(Error::at(node.place, "expected keys and values"));
        };
        let mut seen = BTreeMap::new();
        for (key, node) in entries {
            let Some(name) = known.iter().find(|known| **known == key.text) else {
                return Err(unknown(key.place, &key.text, known));
            };
            if seen.insert(*name, node).is_some() {
                return Err(twice(key.place, &key.text));
            }
        }
        seen.retain(|_, node| !matches!(node.value, yaml::Value::Null));
        Ok(Self(seen))
    }

    fn read<T>(
        &mut self,
        key: &str,
        read: fn(Node) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.0.remove(key).map(read).transpose()
    }
}

fn unknown(place: Location, key: &str, known: &[&str]) -> Error {
    if users::holds_hash(key) {
        return Error::at(place, "a bcrypt hash stands where a key is expected");
    }
    let known = known.join(", ");
    Error::at(
        place,
        format!("unknown key {}, expected one of {known}", shown(key)),
    )
}

fn twice(place: Location, key: &str) -> Error {
    Error::at(place, format!("{} is there twice", shown(key)))
}

fn text(node: Node) -> Result<Spanned<String>, Error> {
    let place = node.place;
    match node.value {
        yaml::Value::Text(value) => Ok(Spanned { place, value }),
        _ => Err(Error::at(place, "expected a single value")),
    }
}

fn secret(node: Node) -> Result<Spanned<SecretString>, Error> {
    let Spanned { place, value } = text(node)?;
    Ok(Spanned {
        place,
        value: value.into(),
    })
}

fn names(node: Node) -> Result<Spanned<Names>, Error> {
    let place = node.place;
    let yaml::Value::List(nodes) = node.value else {
        return Err(Error::at(place, "expected a list"));
    };
    let value = nodes.into_iter().map(text).collect::<Result<_, _>>()?;
    Ok(Spanned { place, value })
}

/// As Go's reader has it. <https://yaml.org/type/bool.html>
fn boolean(node: Node) -> Result<bool, Error> {
    let Spanned { place, value } = text(node)?;
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Ok(true),
        "false" | "no" | "off" | "n" => Ok(false),
        _ => Err(Error::at(place, "neither true nor false")),
    }
}

fn whole_number(node: Node) -> Result<Spanned<i64>, Error> {
    let Spanned { place, value } = text(node)?;
    let number = value
        .parse()
        .map_err(|_| Error::at(place, "not a whole number"))?;
    Ok(Spanned {
        place,
        value: number,
    })
}

/// A value that was given: a blank one counts as not given, as the toolkit has it.
pub(super) fn given(value: Value) -> Option<Spanned<String>> {
    value.filter(|given| !given.value.trim().is_empty())
}

/// As [`given`], for what is not to be shown.
pub(super) fn given_secret(value: Value<SecretString>) -> Option<Spanned<SecretString>> {
    value.filter(|given| !given.value.expose_secret().trim().is_empty())
}
