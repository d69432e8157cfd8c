//! Basic authentication against bcrypt hashes.
//!
//! Comparing a bcrypt hash takes tens of milliseconds or more. A verified password is therefore
//! remembered, as an HMAC under a random key of the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use ring::hmac;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tokio::sync::Semaphore;

use crate::config_file::{Field, FileError};

/// The maximum number of passwords that are compared concurrently. Each comparison occupies a CPU.
pub const MAX_CONCURRENT_COMPARISONS: usize = 2;

/// The maximum number of passwords that are compared or wait for it; further requests are rejected.
/// Remembered passwords do not wait, so a flood of wrong ones does not lock out Prometheus.
pub const MAX_PENDING_COMPARISONS: usize = 16;

/// The maximum cost of a hash. A comparison takes about a second at this cost, and twice as long at
/// each higher one.
const MAX_COST: u32 = 14;

/// What a hash has to be.
pub(super) const BCRYPT_HASH: &str = "a bcrypt hash as printed by `htpasswd -nBC 10 \"\"`";

/// Salt and hash that match no password, for comparisons for unknown users.
const DUMMY_SALT_AND_HASH: &str = ".....................................................";

/// The users and their verified passwords.
#[derive(Debug)]
pub struct Users {
    hashes: BTreeMap<String, SecretString>,
    /// Compared for an unknown user, so that the response time does not reveal which users exist.
    dummy_hash: SecretString,
    /// The tag of each user's verified password.
    verified: Mutex<BTreeMap<String, hmac::Tag>>,
    key: hmac::Key,
    pending: Arc<Semaphore>,
    concurrent: Arc<Semaphore>,
}

/// The result of authenticating a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthResult {
    /// User and password are correct.
    Authorized,
    /// The credentials are missing or wrong.
    Unauthorized,
    /// Too many passwords are being compared.
    Busy,
    /// The password could not be compared.
    Failed,
}

/// The user and password of a request.
struct Credentials {
    user: String,
    password: SecretSlice<u8>,
}

/// Parses `basic_auth_users`.
pub(super) fn hashes(field: &Field<'_>) -> BTreeMap<String, SecretString> {
    let mut hashes = BTreeMap::new();
    for (user, field) in field.entries() {
        let Some(hash) = field.text() else { continue };
        if user.is_empty() || user.contains(|c: char| c == ':' || c.is_control()) {
            field.reject("invalid user name, expected no colon or control character");
        } else {
            match cost(hash) {
                Some(..=MAX_COST) => {
                    hashes.insert(user.to_owned(), hash.into());
                }
                Some(cost) => field.reject(format_args!(
                    "a bcrypt hash with the cost {cost}, expected a cost of at most {MAX_COST}"
                )),
                None => field.reject(format_args!("not a bcrypt hash, expected {BCRYPT_HASH}")),
            }
        }
    }
    hashes
}

/// Returns the cost of a bcrypt hash.
fn cost(text: &str) -> Option<u32> {
    let parts = text.parse::<bcrypt::HashParts>().ok()?;
    Some(parts.get_cost()).filter(|cost| (4..=31).contains(cost))
}

impl Users {
    /// Returns `None` for no users, which disables authentication.
    ///
    /// # Errors
    ///
    /// Returns an error if the system provides no random bytes.
    pub(super) fn new(hashes: BTreeMap<String, SecretString>) -> Result<Option<Self>, FileError> {
        let costs = hashes.values().map(|hash| cost(hash.expose_secret()));
        let Some(cost) = costs.max().flatten() else {
            return Ok(None);
        };
        let random = ring::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random)
            .map_err(|_| FileError::of_file("no random bytes for basic_auth_users"))?;
        Ok(Some(Self {
            hashes,
            dummy_hash: format!("$2b${cost:02}${DUMMY_SALT_AND_HASH}").into(),
            verified: Mutex::default(),
            key,
            pending: Arc::new(Semaphore::new(MAX_PENDING_COMPARISONS)),
            concurrent: Arc::new(Semaphore::new(MAX_CONCURRENT_COMPARISONS)),
        }))
    }

    /// Authenticates a request by its headers.
    pub async fn authenticate(&self, headers: &HeaderMap) -> AuthResult {
        let Some(credentials) = Credentials::from_headers(headers) else {
            return AuthResult::Unauthorized;
        };
        let known = self.hashes.get(&credentials.user);
        let hash = known.unwrap_or(&self.dummy_hash).clone();
        let message = credentials.hmac_message(&hash);
        if self.is_verified(&credentials.user, &message) {
            return AuthResult::Authorized;
        }
        let Ok(pending) = Arc::clone(&self.pending).try_acquire_owned() else {
            return AuthResult::Busy;
        };
        // Fails only if the semaphore is closed, which never happens.
        let concurrent = Arc::clone(&self.concurrent).acquire_owned().await;
        let Credentials { user, password } = credentials;
        let comparison = tokio::task::spawn_blocking(move || {
            // Held until the end of the comparison, even if the client disconnects.
            let _permits = (pending, concurrent);
            bcrypt::verify(password.expose_secret(), hash.expose_secret())
        });
        match comparison.await {
            Ok(Ok(true)) if known.is_some() => {
                let tag = hmac::sign(&self.key, message.expose_secret());
                self.verified().insert(user, tag);
                AuthResult::Authorized
            }
            // bcrypt returns an error for a password that contains NUL.
            Ok(_) => AuthResult::Unauthorized,
            Err(error) => {
                tracing::error!(%error, "password comparison failed");
                AuthResult::Failed
            }
        }
    }

    fn is_verified(&self, user: &str, message: &SecretSlice<u8>) -> bool {
        self.verified().get(user).is_some_and(|tag| {
            hmac::verify(&self.key, message.expose_secret(), tag.as_ref()).is_ok()
        })
    }

    fn verified(&self) -> MutexGuard<'_, BTreeMap<String, hmac::Tag>> {
        // Insertions are atomic, so the map is consistent even after a panic.
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Credentials {
    /// Parses `Authorization: Basic` (RFC 7617). A request with several such headers has none.
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded: SecretSlice<u8> = BASE64_STANDARD.decode(encoded.trim()).ok()?.into();
        let bytes = decoded.expose_secret();
        let colon = bytes.iter().position(|b| *b == b':')?;
        Some(Self {
            user: String::from_utf8(bytes[..colon].to_vec()).ok()?,
            password: bytes[colon + 1..].to_vec().into(),
        })
    }

    /// Returns the hash and the password, separated by NUL, which no hash contains.
    fn hmac_message(&self, hash: &SecretString) -> SecretSlice<u8> {
        let mut message = Vec::from(hash.expose_secret());
        message.push(0);
        message.extend_from_slice(self.password.expose_secret());
        message.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn users() -> Users {
        let hash = bcrypt::hash("right", 4).unwrap();
        Users::new(BTreeMap::from([("alice".to_owned(), hash.into())]))
            .unwrap()
            .unwrap()
    }

    fn basic_auth(text: &str) -> HeaderMap {
        let value = format!("Basic {}", BASE64_STANDARD.encode(text));
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
    }

    #[test]
    fn dummy_hash_is_compared_like_any_other() {
        let users = users();
        assert!(cost(users.dummy_hash.expose_secret()).is_some());
        let compared = bcrypt::verify("right", users.dummy_hash.expose_secret());
        assert!(!compared.unwrap());
    }

    #[tokio::test]
    async fn remembers_only_verified_passwords() {
        let users = users();
        assert_eq!(
            users.authenticate(&basic_auth("alice:right")).await,
            AuthResult::Authorized
        );
        // No further password can be compared.
        let _all = users
            .pending
            .acquire_many(MAX_PENDING_COMPARISONS as u32)
            .await
            .unwrap();
        assert_eq!(
            users.authenticate(&basic_auth("alice:right")).await,
            AuthResult::Authorized
        );
        for other in ["alice:wrong", "alice:", "bob:right", "alice:rightx"] {
            assert_eq!(
                users.authenticate(&basic_auth(other)).await,
                AuthResult::Busy,
                "{other}"
            );
        }
    }

    #[tokio::test]
    async fn rejects_invalid_credentials() {
        let users = users();
        for credentials in [
            "alice:wrong",
            "bob:right",
            "alice",
            ":right",
            "alice:right\0",
            "ALICE:right",
        ] {
            let result = users.authenticate(&basic_auth(credentials)).await;
            assert_eq!(result, AuthResult::Unauthorized, "{credentials:?}");
        }
        for value in ["", "Basic", "Basic !", "Bearer YWxpY2U6cmlnaHQ=", "basic"] {
            let headers =
                HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
            assert_eq!(users.authenticate(&headers).await, AuthResult::Unauthorized);
        }
        let mut twice = basic_auth("alice:right");
        twice.append(AUTHORIZATION, twice[AUTHORIZATION].clone());
        assert_eq!(users.authenticate(&twice).await, AuthResult::Unauthorized);
    }

    #[test]
    fn recognizes_bcrypt_hashes() {
        for version in ["2a", "2b", "2y"] {
            let hash = format!("${version}$10${DUMMY_SALT_AND_HASH}");
            assert_eq!(cost(&hash), Some(10));
        }
        for text in ["", "doe", "$2y$10$short", "$1$10$x"] {
            assert_eq!(cost(text), None, "{text}");
        }
        assert_eq!(cost(&format!("$2y$99${DUMMY_SALT_AND_HASH}")), None);
    }
}
