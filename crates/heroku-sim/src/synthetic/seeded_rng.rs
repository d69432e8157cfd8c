//! Reproducible random numbers that do not depend on the order of calls.
//!
//! Every number is a hash of the seed and a label such as `checkout-api/2026-03/hours`, so that an
//! additional number does not change the others. Changing a label changes the figures that depend
//! on it, including those in golden files.

use crate::hash;

/// A source of random numbers, each identified by a label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeededRng {
    seed: u64,
}

impl SeededRng {
    pub(crate) fn new(seed: u64) -> SeededRng {
        SeededRng { seed }
    }

    /// Returns a number less than `bound`, or 0 if `bound` is 0.
    pub(crate) fn below(self, label: &str, bound: u64) -> u64 {
        hash::hash(self.seed, label.as_bytes())
            .checked_rem(bound)
            .unwrap_or(0)
    }

    /// Returns a number from `low` to `high`, inclusive.
    pub(crate) fn between(self, label: &str, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + u32::try_from(self.below(label, span)).unwrap_or_default()
    }

    /// Returns a version-4 UUID.
    pub(crate) fn uuid(self, label: &str) -> String {
        hash::uuid(self.seed, label)
    }
}
