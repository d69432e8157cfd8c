//! What something costs: so far, at the month's end, last month; and what follows from these.

use std::iter::Sum;

use billing::money::Money;

/// What something costs. `None` is what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The current month so far.
    pub current: Option<Money>,
    /// What the current month will have cost at its end.
    pub forecast: Option<Money>,
    /// The month before.
    pub previous: Option<Money>,
    /// What it may cost in a month.
    pub budget: Option<Money>,
}

/// A share in tenths of a per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerCent {
    /// Tenths of a per cent.
    pub tenths: i128,
}

impl PerCent {
    /// `part` of `whole`, rounded half away from zero; `None` of what is not more than nothing.
    fn of(part: Money, whole: Money) -> Option<Self> {
        let (part, whole) = (part.micros().checked_mul(1_000)?, whole.micros());
        if whole <= 0 {
            return None;
        }
        let (tenths, rest) = (part / whole, part % whole);
        let is_more_than_half = rest.unsigned_abs() >= whole.unsigned_abs().div_ceil(2);
        let more = if is_more_than_half { part.signum() } else { 0 };
        Some(Self {
            tenths: tenths + more,
        })
    }
}

impl Figures {
    /// How much more the month will have cost than the one before.
    pub fn change(&self) -> Option<Money> {
        Some(self.forecast? - self.previous?)
    }

    /// The change as a share of the month before.
    pub fn change_share(&self) -> Option<PerCent> {
        PerCent::of(self.change()?, self.previous?)
    }

    /// The share of the budget that is used so far.
    pub fn budget_used(&self) -> Option<PerCent> {
        PerCent::of(self.current?, self.budget?)
    }

    /// The share of the budget that will have been used at the month's end.
    pub fn budget_forecast(&self) -> Option<PerCent> {
        PerCent::of(self.forecast?, self.budget?)
    }

    /// What will be left of the budget at the month's end.
    pub fn budget_left(&self) -> Option<Money> {
        Some(self.budget? - self.forecast?)
    }

    /// Whether anything is known of what it costs.
    pub fn is_known(&self) -> bool {
        self.current.or(self.forecast).or(self.previous).is_some()
    }

    /// Whether nothing is known of it but that it costs nothing.
    pub fn is_nothing(&self) -> bool {
        let costs = [self.current, self.forecast, self.previous];
        costs.into_iter().flatten().all(|cost| cost == Money::ZERO)
    }

    /// What the costliest come first by.
    pub(crate) fn rank(&self) -> (Option<Money>, Option<Money>) {
        (self.forecast.or(self.current), self.previous)
    }
}

/// A sum is of what is known; one of nothing known is not known.
impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        let both = |a: Option<Money>, b: Option<Money>| a.zip(b).map(|(a, b)| a + b).or(a).or(b);
        all.fold(Self::default(), |sum, more| Self {
            current: both(sum.current, more.current),
            forecast: both(sum.forecast, more.forecast),
            previous: both(sum.previous, more.previous),
            budget: both(sum.budget, more.budget),
        })
    }
}
