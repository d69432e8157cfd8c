//! Chance that does not depend on the order in which it is asked: every number has a name.
//!
//! A generator that hands out one number after the other would shift all of them as soon as one
//! more app, month or day is asked for. Here a number is a digest of the seed and of a label such
//! as `checkout-api/2026-03/hours`, so each is what it is, whatever else is drawn.

use crate::identifier;

/// The chance of one seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    seed: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Draws {
        Draws { seed }
    }

    /// The number from 0 to `bound - 1` that `label` names; 0 when there is none.
    pub(crate) fn below(self, label: &str, bound: u64) -> u64 {
        identifier::digest(self.seed, label.as_bytes())
            .checked_rem(bound)
            .unwrap_or(0)
    }

    /// The number from `low` to `high`, both included, that `label` names.
    pub(crate) fn between(self, label: &str, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + u32::try_from(self.below(label, span)).unwrap_or_default()
    }

    pub(crate) fn uuid(self, label: &str) -> String {
        identifier::uuid(self.seed, label)
    }
}
