//! The errors of all invalid settings, reported together.

use std::fmt;

/// The errors of all invalid settings.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub(super) Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [_] => write!(f, "invalid setting:")?,
            all => write!(f, "{} invalid settings:", all.len())?,
        }
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}
