//! Why a web configuration cannot be used.

use std::io;

use super::users;
use crate::yaml::{Location, Unusable};

/// As much of a value as a message shows.
const SHOWN_CHARACTERS: usize = 80;

/// Why a web configuration cannot be used. No message repeats a value that may be secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// The file is larger than any web configuration.
    #[error("it is larger than a web configuration can be")]
    TooLarge,
    /// Something in the file cannot be used.
    #[error("{place}: {what}")]
    Unusable {
        /// Where it stands.
        place: Location,
        /// What is wrong, with the key.
        what: String,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes, which passwords need")]
    Randomness,
    /// TLS was switched on or off in a running program.
    #[error("it switches TLS on or off, which takes a restart")]
    Switched,
    /// The file was emptied under a running program: somebody is about to write it.
    #[error("it is empty, which would let everybody in; a restart makes it so")]
    Emptied,
}

impl Error {
    pub(super) fn at(place: Location, what: impl Into<String>) -> Self {
        Self::Unusable {
            place,
            what: what.into(),
        }
    }
}

impl From<Unusable> for Error {
    fn from(Unusable { place, what }: Unusable) -> Self {
        Self::Unusable { place, what }
    }
}

/// How a message shows a value: quoted, and not all of a long one. A hash is not shown, wherever it
/// stands by mistake.
pub(super) fn shown(value: &str) -> String {
    if users::holds_hash(value) {
        return "a bcrypt hash".into();
    }
    let most = value.chars().take(SHOWN_CHARACTERS + 1);
    let quoted = format!("{:?}", most.collect::<String>());
    if quoted.chars().count() <= SHOWN_CHARACTERS + 2 {
        return quoted;
    }
    let beginning: String = quoted.chars().take(SHOWN_CHARACTERS).collect();
    format!("{beginning}…\"")
}

/// A value and where it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Spanned<T> {
    /// Where it stands.
    pub(super) place: Location,
    /// The value.
    pub(super) value: T,
}
