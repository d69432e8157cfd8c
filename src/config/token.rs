//! The Heroku API token and its source. The token is never printed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use secrecy::SecretString;

use exporter_toolkit::bounded;

/// The environment variable with the token. There is no such flag, because other users can read
/// flags in the process list.
pub const API_KEY_VARIABLE: &str = "HEROKU_API_KEY";

/// The maximum size of a token file in bytes.
const MAX_FILE_SIZE: u64 = 64 << 10;

/// The source of the token.
pub enum Token {
    /// The token itself.
    Value(SecretString),
    /// A file, whose content may change while the exporter runs.
    File(PathBuf),
}

/// An error of reading the token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("cannot read token file {path}", path = .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file is empty.
    #[error("token file {path} is empty", path = .0.display())]
    Empty(PathBuf),
    /// The token is in quotation marks.
    #[error("token is in quotation marks")]
    Quoted,
    /// The token is a whole line of an environment file.
    #[error("token looks like NAME=VALUE")]
    Assignment,
    /// The token contains invalid characters.
    #[error("token contains white space or another invalid character")]
    Malformed,
}

impl Token {
    /// Returns the token. If it is in a file, reads the current content.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or contains no valid token.
    pub fn read(&self) -> Result<SecretString, TokenError> {
        match self {
            Self::Value(token) => Ok(token.clone()),
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
            Self::Value(_) => f.write_str("Value([REDACTED])"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Returns whether a text contains `HRKU-`, the prefix of Heroku's tokens. Messages must not repeat
/// such a text.
pub fn looks_like_token(text: &str) -> bool {
    text.to_ascii_uppercase().contains("HRKU-")
}

/// Parses a token and trims white space. Returns `None` if there is only white space.
///
/// # Errors
///
/// Returns an error if the token contains characters that are invalid in an HTTP header, quotation
/// marks, or the name of a variable.
pub fn parse(text: &SecretString) -> Result<Option<SecretString>, TokenError> {
    let token = secrecy::ExposeSecret::expose_secret(text).trim();
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(TokenError::Malformed);
    }
    if token.starts_with(['"', '\'', '`']) {
        return Err(TokenError::Quoted);
    }
    if let Some((name, value)) = token.split_once('=') {
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        // The padding of base64 is not a value.
        if is_name && !value.trim_end_matches('=').is_empty() {
            return Err(TokenError::Assignment);
        }
    }
    Ok((!token.is_empty()).then(|| SecretString::from(token)))
}
