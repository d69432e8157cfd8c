//! The Heroku API token and its source. The token cannot be printed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use secrecy::SecretString;

use exporter_toolkit::bounded;

/// The variable that holds the token. It has no flag, because other users can read flags in the
/// process list.
pub const API_KEY_VARIABLE: &str = "HEROKU_API_KEY";

/// The maximum size of a token file in bytes.
const MAX_FILE_SIZE: u64 = 64 << 10;

/// The source of the token.
pub enum Token {
    /// A value that was given at start.
    Given(SecretString),
    /// A file, whose content may change while the program runs.
    File(PathBuf),
}

/// An error of reading the token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("{path} cannot be read", path = .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file is empty.
    #[error("{path} is empty", path = .0.display())]
    Empty(PathBuf),
    /// The text is no valid token.
    #[error("holds a character that no token has (a space, a quote from a copy, a line break?)")]
    Malformed,
}

impl Token {
    /// Returns the token, from the current content of a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or holds no token.
    pub fn read(&self) -> Result<SecretString, TokenError> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::File(path) => {
                let text = bounded::read(path, MAX_FILE_SIZE)
                    .map(SecretString::from)
                    .map_err(|error| TokenError::Unreadable(path.clone(), error))?;
                parse(&text)?.ok_or_else(|| TokenError::Empty(path.clone()))
            }
        }
    }
}

/// Omits the token itself.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given([REDACTED])"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Returns whether a text contains what looks like a Heroku token, `HRKU-…`. Such a text must not be
/// part of a message.
pub fn looks_like_token(text: &str) -> bool {
    text.to_ascii_uppercase().contains("HRKU-")
}

/// Parses a token with white space around it. Returns `None` if there is only white space.
///
/// # Errors
///
/// Returns an error if the token contains characters that are invalid in an HTTP header.
pub fn parse(text: &SecretString) -> Result<Option<SecretString>, TokenError> {
    let token = secrecy::ExposeSecret::expose_secret(text).trim();
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(TokenError::Malformed);
    }
    Ok((!token.is_empty()).then(|| SecretString::from(token)))
}
