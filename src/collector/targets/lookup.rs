//! A team or an enterprise account by its id or name, and its identity.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::collector::error::Error;
use crate::store::{Answer, Data, Fact, Store, Subject};
use heroku_api::client::Decoded;
use heroku_api::error::Error as ApiError;
use heroku_api::stats::Endpoint;

/// A resource by its id or name, and its identity once it has been fetched.
#[derive(Debug)]
pub(super) struct Lookup<T> {
    pub(super) id_or_name: String,
    identity: OnceCell<Fact<T>>,
    /// Whether the identity was fetched and is not stored yet.
    is_unstored: AtomicBool,
}

impl<T> Lookup<T> {
    pub(super) fn new(id_or_name: String, identity: Option<Fact<T>>) -> Arc<Self> {
        Arc::new(Self {
            id_or_name,
            identity: OnceCell::new_with(identity),
            is_unstored: AtomicBool::new(false),
        })
    }

    /// Returns the identity if it is known.
    pub(super) fn identity(&self) -> Option<&Fact<T>> {
        self.identity.get()
    }

    /// Returns the identity. Runs `fetch` if it is not known yet.
    pub(super) async fn fetch_identity(
        &self,
        now: Timestamp,
        fetch: impl Future<Output = Result<Decoded<T>, ApiError>>,
    ) -> Result<&Fact<T>, Error> {
        let fetch = async || {
            let response = fetch.await?;
            self.is_unstored.store(true, Ordering::Relaxed);
            Ok(Fact {
                data: Some(Arc::new(response.data)),
                at: now,
            })
        };
        self.identity.get_or_try_init(fetch).await
    }

    /// Writes a fetched identity to the store, once.
    pub(super) fn store_identity(&self, endpoint: Endpoint, subject: Subject, store: &Store)
    where
        Data: From<Arc<T>>,
    {
        let Some(identity) = self.identity() else {
            return;
        };
        if self.is_unstored.swap(false, Ordering::Relaxed) {
            store.write(Answer::of_fact(subject, endpoint, identity));
        }
    }

    /// Returns whether the resource is given by its id, a UUID.
    pub(super) fn is_by_id(&self) -> bool {
        is_id(&self.id_or_name)
    }
}

/// Returns whether a text is an id, which is a UUID, and not a name.
pub(super) fn is_id(id_or_name: &str) -> bool {
    let is_valid = |(position, byte): (usize, u8)| match position {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    id_or_name.len() == 36 && id_or_name.bytes().enumerate().all(is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_ids_from_names() {
        assert!(is_id("01234567-89ab-cdef-0123-456789ABCDEF"));
        let names = [
            "acme",
            "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567089ab-cdef-0123-456789abcdef",
            "",
        ];
        for name in names {
            assert!(!is_id(name), "{name}");
        }
    }
}
