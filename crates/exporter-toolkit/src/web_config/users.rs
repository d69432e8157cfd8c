//! Who may come in: names, and bcrypt's hashes of their passwords.
//!
//! A hash takes as long to compare as its cost says, tens of milliseconds and more, so that each
//! password that was right is remembered: not the password, but a keyed hash of it, under a key that
//! lives as long as the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use ring::hmac;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tokio::sync::Semaphore;

use super::error::Error;

/// Passwords compared at once: comparing takes a processor.
pub const COMPARED_AT_ONCE: usize = 2;

/// Passwords that wait to be compared or are; beyond it nobody is asked to wait. Those that are
/// remembered do not wait, so that a flood of wrong ones does not keep Prometheus out.
pub const WAITING: usize = 16;

/// What a hash of cost 00 would be that no password has. Compared where there is no such user.
const NOBODYS_SALT_AND_HASH: &str = ".....................................................";

/// The users and what has been learnt of them.
#[derive(Debug)]
pub struct Users {
    hashes: BTreeMap<String, SecretString>,
    /// Compared for a user that does not exist, at the cost of one that does, so that the time an
    /// answer takes does not tell.
    nobody: SecretString,
    /// A password for each user at most: the one that its hash is of.
    right: Mutex<BTreeMap<String, hmac::Tag>>,
    key: hmac::Key,
    waiting: Arc<Semaphore>,
    compared: Arc<Semaphore>,
}

/// Whether a request may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthResult {
    /// Its user and password are right.
    Authorized,
    /// They are missing or wrong.
    Unauthorized,
    /// Too many passwords are being compared to say.
    Busy,
    /// It could not be found out.
    Failed,
}

/// A user and a password, as a request brings them.
struct Credentials {
    user: String,
    password: SecretSlice<u8>,
}

/// Whether `hash` is one of bcrypt's.
pub(super) fn is_hash(hash: &str) -> bool {
    hash.parse::<bcrypt::HashParts>()
        .is_ok_and(|parts| (4..=31).contains(&parts.get_cost()))
}

/// Whether something that begins as bcrypt's hashes do stands in `text`, be it broken or cut.
pub(super) fn holds_hash(text: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .any(|beginning| text.contains(beginning))
}

impl Users {
    /// The users of `hashes`; `None` where there are none, which means that anyone may come in.
    pub(super) fn new(hashes: BTreeMap<String, SecretString>) -> Result<Option<Self>, Error> {
        let cost = |hash: &SecretString| {
            let parts = hash.expose_secret().parse::<bcrypt::HashParts>();
            parts.map_or(10, |parts| parts.get_cost())
        };
        let Some(cost) = hashes.values().map(cost).max() else {
            return Ok(None);
        };
        let random = ring::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random).map_err(|_| Error::Randomness)?;
        Ok(Some(Self {
            hashes,
            nobody: format!("$2b${cost:02}${NOBODYS_SALT_AND_HASH}").into(),
            right: Mutex::default(),
            key,
            waiting: Arc::new(Semaphore::new(WAITING)),
            compared: Arc::new(Semaphore::new(COMPARED_AT_ONCE)),
        }))
    }

    /// Whether a request with these headers may come in.
    pub async fn authenticate(&self, headers: &HeaderMap) -> AuthResult {
        let Some(claim) = claim(headers) else {
            return AuthResult::Unauthorized;
        };
        let known = self.hashes.get(&claim.user);
        let hash = known.unwrap_or(&self.nobody).clone();
        let told = told(&claim, &hash);
        if self.is_remembered(&claim.user, &told) {
            return AuthResult::Authorized;
        }
        let Ok(waiting) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return AuthResult::Busy;
        };
        // Fails only when closed, which this semaphore never is.
        let compared = Arc::clone(&self.compared).acquire_owned().await;
        let Credentials { user, password } = claim;
        let comparison = tokio::task::spawn_blocking(move || {
            // Held to the end of the comparison, also where the client has gone meanwhile.
            let _held = (waiting, compared);
            bcrypt::verify(password.expose_secret(), hash.expose_secret())
        });
        match comparison.await {
            Ok(Ok(true)) if known.is_some() => {
                let tag = hmac::sign(&self.key, told.expose_secret());
                self.right().insert(user, tag);
                AuthResult::Authorized
            }
            // bcrypt takes no password with a NUL in it.
            Ok(_) => AuthResult::Unauthorized,
            Err(error) => {
                tracing::error!(%error, "a password could not be compared");
                AuthResult::Failed
            }
        }
    }

    fn is_remembered(&self, user: &str, told: &SecretSlice<u8>) -> bool {
        let right = self.right();
        right
            .get(user)
            .is_some_and(|tag| hmac::verify(&self.key, told.expose_secret(), tag.as_ref()).is_ok())
    }

    fn right(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, hmac::Tag>> {
        // Every insertion is whole, so that even a panic in between leaves it sound.
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that a judgement depends on. A hash has no NUL, so that no two claims are told alike.
fn told(claim: &Credentials, hash: &SecretString) -> SecretSlice<u8> {
    let mut told = Vec::from(hash.expose_secret());
    told.push(0);
    told.extend_from_slice(claim.password.expose_secret());
    told.into()
}

/// What `Authorization: Basic` says (RFC 7617); a request with two says nothing.
fn claim(headers: &HeaderMap) -> Option<Credentials> {
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
    Some(Credentials {
        user: String::from_utf8(bytes[..colon].to_vec()).ok()?,
        password: bytes[colon + 1..].to_vec().into(),
    })
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

    fn says(text: &str) -> HeaderMap {
        let value = format!("Basic {}", BASE64_STANDARD.encode(text));
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
    }

    #[test]
    fn nobodys_hash_is_one_that_is_compared_like_any_other() {
        let users = users();
        assert!(is_hash(users.nobody.expose_secret()));
        let compared = bcrypt::verify("right", users.nobody.expose_secret());
        assert!(!compared.unwrap());
    }

    #[tokio::test]
    async fn a_right_password_is_remembered_and_no_other() {
        let users = users();
        assert_eq!(
            users.authenticate(&says("alice:right")).await,
            AuthResult::Authorized
        );
        // Nothing can be compared any more.
        let _all = users.waiting.acquire_many(WAITING as u32).await.unwrap();
        assert_eq!(
            users.authenticate(&says("alice:right")).await,
            AuthResult::Authorized
        );
        for other in ["alice:wrong", "alice:", "bob:right", "alice:rightx"] {
            assert_eq!(
                users.authenticate(&says(other)).await,
                AuthResult::Busy,
                "{other}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_right_claim_is_refused() {
        let users = users();
        for claim in [
            "alice:wrong",
            "bob:right",
            "alice",
            ":right",
            "alice:right\0",
            "ALICE:right",
        ] {
            let verdict = users.authenticate(&says(claim)).await;
            assert_eq!(verdict, AuthResult::Unauthorized, "{claim:?}");
        }
        for value in ["", "Basic", "Basic !", "Bearer YWxpY2U6cmlnaHQ=", "basic"] {
            let headers =
                HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
            assert_eq!(users.authenticate(&headers).await, AuthResult::Unauthorized);
        }
        let mut twice = says("alice:right");
        twice.append(AUTHORIZATION, twice[AUTHORIZATION].clone());
        assert_eq!(users.authenticate(&twice).await, AuthResult::Unauthorized);
    }

    #[test]
    fn hashes_are_told_from_what_is_none() {
        for version in ["2a", "2b", "2y"] {
            assert!(is_hash(&format!("${version}$10${NOBODYS_SALT_AND_HASH}")));
        }
        for text in ["", "doe", "$2y$10$short", "$1$10$x"] {
            assert!(!is_hash(text), "{text}");
        }
        assert!(!is_hash(&format!("$2y$99${NOBODYS_SALT_AND_HASH}")));
    }
}
