//! Why a forecast differs from the month before.
//!
//! Heroku prorates to the second. So a resource whose monthly rate changes by Δr when the share τ of
//! the month has passed costs Δr·(1 − τ) more this month, and Δr·τ more again next month. A change
//! of the month before, at its share τ′, costs Δr·τ′ more this month, its first full one.
//!
//! [`Explanation`] holds the identity: forecast − previous month = sum of all effects. The effect of
//! [`Cause::Unexplained`] is what the others leave.

use jiff::Timestamp;

use super::money::{Money, divide_rounded};
use super::month::Month;
use super::price::{Price, Quantity};

/// Why a cost changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A process type got more or fewer dynos.
    Scaled,
    /// A process type got another dyno size.
    Resized,
    /// A process type got more or fewer dynos, and this happens often.
    Autoscaled,
    /// An add-on was added.
    AddonAdded,
    /// An add-on was removed.
    AddonRemoved,
    /// An add-on got another plan or price.
    AddonPlanChanged,
    /// An app was created.
    AppCreated,
    /// An app was deleted.
    AppDeleted,
    /// A change of the month before counts for a full month.
    FullMonth,
    /// The price of a dyno unit changed.
    Price,
    /// The rest: corrections, one-off dynos, and changes between two polls.
    Unexplained,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 11] = [
        Self::Scaled,
        Self::Resized,
        Self::Autoscaled,
        Self::AddonAdded,
        Self::AddonRemoved,
        Self::AddonPlanChanged,
        Self::AppCreated,
        Self::AppDeleted,
        Self::FullMonth,
        Self::Price,
        Self::Unexplained,
    ];

    /// Returns the label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scaled => "scaled",
            Self::Resized => "resized",
            Self::Autoscaled => "autoscaled",
            Self::AddonAdded => "addon_added",
            Self::AddonRemoved => "addon_removed",
            Self::AddonPlanChanged => "addon_plan_changed",
            Self::AppCreated => "app_created",
            Self::AppDeleted => "app_deleted",
            Self::FullMonth => "full_month",
            Self::Price => "price",
            Self::Unexplained => "unexplained",
        }
    }
}

/// A change of what a resource costs a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateChange {
    /// The cause.
    pub cause: Cause,
    /// When it happened.
    pub at: Timestamp,
    /// By how much the cost of a whole month changes.
    pub rate: Money,
}

/// A change of the price of a dyno unit between two months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceChange {
    /// The dyno units of the month before.
    pub units: Quantity,
    /// The price of the month before.
    pub before: Price,
    /// The price of this month.
    pub now: Price,
}

/// What a cause adds to the costs of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The cause.
    pub cause: Cause,
    /// When the change happened. `None` for a price change and the unexplained rest.
    pub at: Option<Timestamp>,
    /// By how much the cost of a whole month changes. `None` for the unexplained rest.
    pub rate: Option<Money>,
    /// What it adds to this month, compared with the month before.
    pub this_month: Money,
    /// What it adds to the next month, compared with this one.
    pub next_month: Money,
}

/// Why the forecast of a month differs from the month before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The effects: changes in the order in which they were given, the price, and last the
    /// unexplained rest. They add up to the difference exactly.
    pub effects: Vec<Effect>,
}

impl Explanation {
    /// Explains the difference of `forecast`, the expected cost of `month`, and `previous`, the cost
    /// of the month before. Changes in other months have no effect.
    pub fn new(
        month: Month,
        forecast: Money,
        previous: Money,
        changes: &[RateChange],
        price: Option<PriceChange>,
    ) -> Self {
        let mut effects: Vec<_> = changes
            .iter()
            .filter_map(|change| effect(month, *change))
            .collect();
        effects.extend(price.map(price_effect));
        let explained: Money = effects.iter().map(|effect| effect.this_month).sum();
        effects.push(Effect {
            cause: Cause::Unexplained,
            at: None,
            rate: None,
            this_month: forecast - previous - explained,
            next_month: Money::ZERO,
        });
        Self { effects }
    }

    /// Returns the sum of all effects on this month: forecast − previous month.
    pub fn total(&self) -> Money {
        self.effects.iter().map(|effect| effect.this_month).sum()
    }
}

/// Returns the effect of a change in `month` or in the month before.
fn effect(month: Month, change: RateChange) -> Option<Effect> {
    let RateChange { cause, at, rate } = change;
    let changed_in = Month::at(at);
    // Rounded once, so that both parts add up to the rate.
    let before = share_before(changed_in, at, rate);
    let (cause, this_month, next_month) = if changed_in == month {
        (cause, rate - before, before)
    } else if changed_in == month.previous() {
        (Cause::FullMonth, before, Money::ZERO)
    } else {
        return None;
    };
    Some(Effect {
        cause,
        at: Some(at),
        rate: Some(rate),
        this_month,
        next_month,
    })
}

/// Returns the part of a month's `rate` that belongs to the time before `at`, rounded to a millionth
/// of a dollar.
fn share_before(month: Month, at: Timestamp, rate: Money) -> Money {
    let passed = at.duration_since(month.start()).as_nanos();
    let whole = month.end().duration_since(month.start()).as_nanos();
    let product = rate.micros().saturating_mul(passed.clamp(0, whole));
    Money::from_micros(divide_rounded(product, whole.max(1)))
}

fn price_effect(change: PriceChange) -> Effect {
    let rate = change.now.cost_of(change.units) - change.before.cost_of(change.units);
    Effect {
        cause: Cause::Price,
        at: None,
        rate: Some(rate),
        this_month: rate,
        next_month: Money::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn dollars(text: &str) -> Money {
        match text.strip_prefix('-') {
            Some(text) => -Money::parse(text).unwrap(),
            None => Money::parse(text).unwrap(),
        }
    }

    fn change(cause: Cause, at: &str, rate: &str) -> RateChange {
        RateChange {
            cause,
            at: at.parse().unwrap(),
            rate: dollars(rate),
        }
    }

    /// Returns the cause of a change, and its effects on November and December.
    fn november(change: RateChange) -> Option<(Cause, Money, Money)> {
        let effect = effect(month("2026-11"), change)?;
        Some((effect.cause, effect.this_month, effect.next_month))
    }

    #[test]
    fn change_counts_from_its_second_on() {
        let table = [
            // Two standard-2x become four performance-m.
            (Cause::Resized, "2026-11-12T00:00:00Z", "900", "570", "330"),
            // 50 dollars become 200.
            (
                Cause::AddonPlanChanged,
                "2026-11-20T12:00:00Z",
                "150",
                "52.5",
                "97.5",
            ),
            (Cause::AddonAdded, "2026-11-01T00:00:00Z", "9", "9", "0"),
            (
                Cause::AddonRemoved,
                "2026-11-16T00:00:00Z",
                "-9",
                "-4.5",
                "-4.5",
            ),
        ];
        for (cause, at, rate, this_month, next_month) in table {
            let expected = (cause, dollars(this_month), dollars(next_month));
            assert_eq!(november(change(cause, at, rate)), Some(expected), "{at}");
        }
    }

    #[test]
    fn change_of_the_month_before_counts_for_a_full_month() {
        // October has 31 days, of which fifteen had passed.
        let bought = change(Cause::AddonAdded, "2026-10-16T00:00:00Z", "200");
        let expected = (Cause::FullMonth, dollars("96.774194"), Money::ZERO);
        assert_eq!(november(bought), Some(expected));
        for other in [
            "2026-09-30T23:59:59Z",
            "2026-12-01T00:00:00Z",
            "2025-11-12T00:00:00Z",
        ] {
            assert_eq!(november(change(Cause::Scaled, other, "200")), None);
        }
    }

    #[test]
    fn price_change_leaves_no_rest() {
        let price = |dollars| Price::per_unit(Money::from_whole_dollars(dollars));
        let change = PriceChange {
            units: Quantity::from_f64(4.0),
            before: price(25),
            now: price(28),
        };
        let explanation = Explanation::new(
            month("2026-11"),
            dollars("112"),
            dollars("100"),
            &[],
            Some(change),
        );
        let effects = explanation.effects.iter();
        let effects: Vec<_> = effects
            .map(|effect| (effect.cause, effect.this_month))
            .collect();
        let expected = [
            (Cause::Price, dollars("12")),
            (Cause::Unexplained, Money::ZERO),
        ];
        assert_eq!(effects, expected);
    }

    fn any_change() -> impl Strategy<Value = RateChange> {
        // From September to the end of the year.
        let seconds = 1_788_220_800_i64..1_798_761_600;
        let cause = (0..Cause::ALL.len() - 3).prop_map(|index| Cause::ALL[index]);
        let rate = -10_000_000_000_i64..10_000_000_000;
        (cause, seconds, rate).prop_map(|(cause, seconds, rate)| RateChange {
            cause,
            at: Timestamp::from_second(seconds).unwrap(),
            rate: Money::from_micros(rate.into()),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn effects_add_up_to_the_difference(
            changes in proptest::collection::vec(any_change(), 0..40),
            forecast in 0_i64..1_000_000_000_000,
            previous in 0_i64..1_000_000_000_000,
            units in 0.0..1e4_f64,
            prices in (1_i64..100_000_000, 1_i64..100_000_000),
        ) {
            let money = |micros: i64| Money::from_micros(micros.into());
            let price = |micros| Price::per_unit(money(micros));
            let price = PriceChange {
                units: Quantity::from_f64(units),
                before: price(prices.0),
                now: price(prices.1),
            };
            let (forecast, previous) = (money(forecast), money(previous));
            let explanation =
                Explanation::new(month("2026-11"), forecast, previous, &changes, Some(price));
            prop_assert_eq!(explanation.total(), forecast - previous);
            let changes_of_month = explanation.effects.iter().filter(|effect| {
                effect.at.is_some() && effect.cause != Cause::FullMonth
            });
            for effect in changes_of_month {
                prop_assert_eq!(Some(effect.this_month + effect.next_month), effect.rate);
            }
        }

        /// Without anything else, the effects explain the costs of two months completely.
        #[test]
        fn changes_explain_prorated_costs(changes in proptest::collection::vec(any_change(), 0..40)) {
            let cost = |month: Month| -> Money {
                let costs = changes.iter().map(|change| {
                    let at = change.at.clamp(month.start(), month.end());
                    change.rate - share_before(month, at, change.rate)
                });
                costs.sum()
            };
            let (november, october) = (month("2026-11"), month("2026-10"));
            let explanation =
                Explanation::new(november, cost(november), cost(october), &changes, None);
            let rest = explanation.effects.last().unwrap();
            prop_assert_eq!(rest.cause, Cause::Unexplained);
            prop_assert_eq!(rest.this_month, Money::ZERO);
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = Cause::ALL.map(Cause::as_str).into();
        assert_eq!(names.len(), Cause::ALL.len());
    }
}
