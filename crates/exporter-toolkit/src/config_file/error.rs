//! Locations and errors of a configuration file.

use std::fmt;

/// The maximum number of characters of a value in a message.
const MAX_DISPLAYED_CHARS: usize = 80;

/// The maximum number of errors that are kept: a file with more is most likely of another format.
const MAX_ERRORS: usize = 50;

/// The prefixes of bcrypt hashes.
const BCRYPT_PREFIXES: [&str; 4] = ["$2a$", "$2b$", "$2x$", "$2y$"];

/// Returns whether a text contains a secret, such as an API token, that no message may repeat.
pub type SecretFilter = fn(&str) -> bool;

/// A position in a file. Line and column are counted from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and its location.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The location of the value's first character.
    pub location: Location,
    /// The value.
    pub value: T,
}

/// An error in a configuration file. The message contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The location; `None` if the error concerns the whole file.
    pub location: Option<Location>,
    /// The key and what is wrong with it.
    pub message: String,
}

impl FileError {
    pub(crate) fn at(location: Location, message: impl Into<String>) -> Self {
        Self {
            location: Some(location),
            message: message.into(),
        }
    }

    pub(crate) fn of_file(message: impl Into<String>) -> Self {
        Self {
            location: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location {
            Some(location) => write!(f, "{location}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// All errors of a configuration file, ordered by location. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileErrors(Vec<FileError>);

impl FileErrors {
    pub(crate) fn new(mut errors: Vec<FileError>) -> Self {
        errors.sort_by_key(|error| error.location);
        if errors.len() > MAX_ERRORS {
            let omitted = errors.len() - MAX_ERRORS;
            errors.truncate(MAX_ERRORS);
            let noun = if omitted == 1 { "error" } else { "errors" };
            errors.push(FileError::of_file(format!("{omitted} more {noun}")));
        }
        Self(errors)
    }

    /// Returns the errors.
    pub fn iter(&self) -> impl Iterator<Item = &FileError> {
        self.0.iter()
    }

    /// Formats each error with the path of the file, as `path:line:column: message`.
    pub fn in_file<'a>(&'a self, path: &'a str) -> impl Iterator<Item = String> + 'a {
        self.iter().map(move |error| match error.location {
            Some(_) => format!("{path}:{error}"),
            None => format!("{path}: {error}"),
        })
    }
}

impl From<FileError> for FileErrors {
    fn from(error: FileError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FileErrors {}

/// Formats a text of the file for a message: quoted, escaped and truncated. A bcrypt hash, or a
/// text that the filter reports as a secret, is replaced.
pub fn display(text: &str, is_secret: &dyn Fn(&str) -> bool) -> String {
    if is_secret(text) || BCRYPT_PREFIXES.iter().any(|prefix| text.contains(prefix)) {
        return "[redacted]".to_owned();
    }
    let mut escaped = String::new();
    for c in text.chars() {
        let start = escaped.len();
        match c {
            // A single quote needs no escape between double quotes.
            '\'' => escaped.push(c),
            c => escaped.extend(c.escape_debug()),
        }
        if escaped.chars().count() > MAX_DISPLAYED_CHARS {
            escaped.truncate(start);
            escaped.push('…');
            break;
        }
    }
    format!("\"{escaped}\"")
}
