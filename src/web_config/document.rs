//! The YAML as it is written: its keys and where each value stands. What the values mean is
//! [`super::file`]'s to say.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use serde_saphyr::{Error as YamlError, Location, Spanned, UserMessageFormatter};

use super::error::{Error, Place, Placed};
use super::users;

/// As much of a message as bears showing: it may repeat a key, which may be anything.
const MESSAGE_CHARACTERS: usize = 600;

/// A value that may be absent, with its place.
pub(super) type Value<T = String> = Option<Spanned<T>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Document {
    pub(super) tls_server_config: Value<TlsServerConfig>,
    pub(super) http_server_config: Option<HttpServerConfig>,
    pub(super) basic_auth_users: Option<BTreeMap<String, Spanned<SecretString>>>,
    pub(super) rate_limit: Value<RateLimit>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsServerConfig {
    pub(super) cert: Value<SecretString>,
    pub(super) key: Value<SecretString>,
    pub(super) client_ca: Value<SecretString>,
    pub(super) cert_file: Value,
    pub(super) key_file: Value,
    pub(super) client_auth_type: Value,
    pub(super) client_ca_file: Value,
    pub(super) client_allowed_sans: Value<Vec<Spanned<String>>>,
    pub(super) min_version: Value,
    pub(super) max_version: Value,
    pub(super) cipher_suites: Value<Vec<Spanned<String>>>,
    pub(super) prefer_server_cipher_suites: Value<bool>,
    pub(super) curve_preferences: Value<Vec<Spanned<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HttpServerConfig {
    pub(super) http2: Option<bool>,
    pub(super) headers: Option<Headers>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Headers {
    #[serde(rename = "Content-Security-Policy")]
    pub(super) content_security_policy: Value,
    #[serde(rename = "Strict-Transport-Security")]
    pub(super) strict_transport_security: Value,
    #[serde(rename = "X-Content-Type-Options")]
    pub(super) x_content_type_options: Value,
    #[serde(rename = "X-Frame-Options")]
    pub(super) x_frame_options: Value,
    #[serde(rename = "X-XSS-Protection")]
    pub(super) x_xss_protection: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RateLimit {
    pub(super) interval: Value,
    pub(super) burst: Value<i64>,
}

/// Reads the YAML. A document with nothing in it is one with nothing set.
pub(super) fn read(text: &str) -> Result<Document, Error> {
    let document: Result<Option<Document>, YamlError> = serde_saphyr::from_str(text);
    document
        .map(Option::unwrap_or_default)
        .map_err(|e| unusable(&e))
}

/// What the YAML reader says, in this program's words, without the excerpt that it would show: the
/// lines around a mistake may hold a key.
fn unusable(error: &YamlError) -> Error {
    let error = error.without_snippet();
    let location = error.location().filter(|l| *l != Location::UNKNOWN);
    let place = location.map_or(Place { line: 1, column: 1 }, Place::from);
    let said = error.render_with_options(serde_saphyr::render_options! {
        formatter: &UserMessageFormatter,
        snippets: serde_saphyr::SnippetMode::Off,
    });
    // The place is told in front.
    let said = said.split(" at line ").next().unwrap_or(&said);
    let said = said
        .replace("unknown field", "unknown key")
        .replace("invalid i64", "not a whole number")
        .replace("mapping start", "keys and values")
        .replace("sequence start", "a list")
        .replace("string scalar", "a single value");
    if users::holds_hash(&said) {
        return Error::at(place, "a bcrypt hash stands where a key is expected");
    }
    let plain = said.chars().map(|c| if is_plain(c) { c } else { ' ' });
    Error::at(place, plain.take(MESSAGE_CHARACTERS).collect::<String>())
}

/// Whether a character shows as one in a line, and changes nothing around it.
fn is_plain(c: char) -> bool {
    // What would be escaped by its number.
    !c.is_control() && c.escape_debug().len() <= 2
}

/// A value that was given: a blank one counts as not given, as the toolkit has it.
pub(super) fn given(value: Value) -> Option<Placed<String>> {
    let Spanned {
        value, referenced, ..
    } = value?;
    (!value.trim().is_empty()).then(|| Placed {
        place: referenced.into(),
        value,
    })
}

/// As [`given`], for what is not to be shown.
pub(super) fn given_secret(value: Value<SecretString>) -> Option<Placed<SecretString>> {
    use secrecy::ExposeSecret;
    let Spanned {
        value, referenced, ..
    } = value?;
    (!value.expose_secret().trim().is_empty()).then(|| Placed {
        place: referenced.into(),
        value,
    })
}
