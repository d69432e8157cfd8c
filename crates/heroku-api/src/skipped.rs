//! What could not be decoded of a response.

/// The parts of a response that were skipped because they cannot be decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// The rows of lists.
    pub rows: SkipCount,
    /// The fields of the other rows, and their lists that are missing or `null`.
    pub fields: SkipCount,
}

/// A number of skipped rows or fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkipCount {
    /// The number.
    pub count: u64,
    /// The error of the first one.
    pub first_error: Option<String>,
}

impl SkipCount {
    /// Counts an error.
    pub(crate) fn add(&mut self, error: impl FnOnce() -> String) {
        self.count += 1;
        self.first_error.get_or_insert_with(error);
    }
}
