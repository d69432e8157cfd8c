//! The Heroku API token: where it comes from, and a type of it that cannot be printed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use secrecy::SecretString;

use exporter_toolkit::bounded;

/// The variable that holds the token. It has no flag, because other users can read flags in the
/// process list.
pub const API_KEY_VARIABLE: &str = "HEROKU_API_KEY";

/// No token's file is larger.
const LARGEST_FILE: u64 = 64 << 10;

/// Where the token comes from.
pub enum Token {
    /// It was given when the program started.
    Given(SecretString),
    /// It is the content of a file, which may change while the program runs.
    File(PathBuf),
}

/// No token can be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("{path} cannot be read", path = .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file is empty.
    #[error("{path} is empty", path = .0.display())]
    Empty(PathBuf),
    /// What was given cannot be a token.
    #[error("holds a character that no token has (a space, a quote from a copy, a line break?)")]
    Malformed,
}

impl Token {
    /// The token: of a file, what it holds now.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or holds no token.
    pub fn read(&self) -> Result<SecretString, TokenError> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::File(path) => {
                let text = bounded::read(path, LARGEST_FILE)
                    .map(SecretString::from)
                    .map_err(|error| TokenError::Unreadable(path.clone(), error))?;
                parse(&text)?.ok_or_else(|| TokenError::Empty(path.clone()))
            }
        }
    }
}

/// Never the token itself.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given([REDACTED])"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Whether a text holds what looks like one of Heroku's tokens, `HRKU-…`, and so must not be
/// repeated in a message.
pub fn looks_like_token(text: &str) -> bool {
    text.to_ascii_uppercase().contains("HRKU-")
}

/// Reads a token as a variable or a file holds it, with white space around it; `None` if that is
/// all there is.
///
/// # Errors
///
/// Where it holds what no token has and no HTTP header may.
pub fn parse(text: &SecretString) -> Result<Option<SecretString>, TokenError> {
    let token = secrecy::ExposeSecret::expose_secret(text).trim();
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(TokenError::Malformed);
    }
    Ok((!token.is_empty()).then(|| SecretString::from(token)))
}
