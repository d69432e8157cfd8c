//! The geometry of bar and column charts for SVG, in percentages of the width or height.

use crate::report::costs::CostSummary;
use billing::money::Money;

/// A horizontal bar with the cost to date, the forecast and a mark for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// The length for the cost to date, such as `41.50%`.
    pub(super) current: Option<String>,
    /// The length for the forecast.
    pub(super) forecast: Option<String>,
    /// The position of the mark.
    pub(super) mark: Option<String>,
    /// The position and length of the part beyond the limit.
    pub(super) excess: Option<(String, String)>,
}

impl Bar {
    /// Creates a bar whose full length is `max`.
    pub(super) fn new(costs: &CostSummary, mark: Option<Money>, max: Money) -> Self {
        let length = |money: Option<Money>| length(money?, max);
        Self {
            current: length(costs.current),
            forecast: length(costs.forecast),
            mark: length(mark),
            excess: None,
        }
    }

    /// Creates a bar that highlights the part beyond `limit`.
    pub(super) fn with_limit(costs: &CostSummary, limit: Money) -> Self {
        let total = costs.forecast.max(costs.current).unwrap_or_default();
        let max = total.max(limit);
        if total <= limit {
            return Self::new(costs, None, max);
        }
        let start = length(limit, max).unwrap_or_else(|| percent(0.0));
        Self {
            excess: length(total - limit, max).map(|excess| (start, excess)),
            ..Self::new(costs, Some(limit), max)
        }
    }

    /// Returns whether any part is visible.
    pub(super) fn is_visible(&self) -> bool {
        self.current.is_some() || self.forecast.is_some() || self.mark.is_some()
    }
}

/// Returns the largest amount in bars that have their mark at the previous month.
pub(super) fn max_amount<'a>(all: impl IntoIterator<Item = &'a CostSummary>) -> Money {
    let amounts = all
        .into_iter()
        .flat_map(|costs| [costs.current, costs.forecast, costs.previous]);
    amounts.flatten().max().unwrap_or(Money::ZERO)
}

/// Returns the share of `part` in `whole` as a length, if it is positive.
fn length(part: Money, whole: Money) -> Option<String> {
    (part > Money::ZERO && whole > Money::ZERO)
        .then(|| percent(part.dollars() / whole.dollars() * 100.0))
}

fn percent(value: f64) -> String {
    format!("{:.2}%", value.clamp(0.0, 100.0))
}

/// A column chart.
#[derive(Debug)]
pub(super) struct ColumnChart {
    pub(super) gridlines: Vec<Gridline>,
    pub(super) columns: Vec<ChartColumn>,
    pub(super) column_width: String,
}

/// A horizontal gridline.
#[derive(Debug)]
pub(super) struct Gridline {
    pub(super) y: String,
    /// The value, such as `5k`.
    pub(super) label: String,
}

/// A column. Its height is zero if the amount is unknown or negative.
#[derive(Debug)]
pub(super) struct ChartColumn {
    pub(super) x: String,
    pub(super) middle: String,
    pub(super) y: String,
    pub(super) height: String,
}

/// The gap between two columns, as a share of the distance between them.
const GAP: f64 = 0.28;

impl ColumnChart {
    /// Creates a column for each amount.
    pub(super) fn new(amounts: &[Option<Money>]) -> Self {
        let dollars = |money: &Option<Money>| money.map_or(0.0, Money::dollars).max(0.0);
        let max = amounts.iter().map(dollars).fold(0.0, f64::max);
        let step = step(max);
        let steps = (max / step).ceil().clamp(1.0, 9.0);
        let top = step * steps;
        let distance = 100.0 / amounts.len().max(1) as f64;
        let columns = amounts.iter().enumerate().map(|(position, money)| {
            let height = dollars(money) / top * 100.0;
            let left = distance * position as f64;
            ChartColumn {
                x: percent(left + distance * GAP / 2.0),
                middle: percent(left + distance / 2.0),
                y: percent(100.0 - height),
                height: percent(height),
            }
        });
        let gridlines = (0..=steps as u32).map(|number| {
            let value = step * f64::from(number);
            Gridline {
                y: percent(100.0 - value / top * 100.0),
                label: abbreviate(value),
            }
        });
        Self {
            columns: columns.collect(),
            gridlines: gridlines.collect(),
            column_width: percent(distance * (1.0 - GAP)),
        }
    }
}

/// Returns the distance between gridlines, of which there are three to five: 1, 2 or 5 times a
/// power of ten.
///
/// This is a search, because a logarithm would link the math library, which adds 0.3 MiB.
fn step(max: f64) -> f64 {
    let rough = max.max(1.0) / 4.0;
    let powers = std::iter::successors(Some(0.1), |power| Some(power * 10.0));
    let mut steps = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * power));
    steps.find(|step| *step >= rough).unwrap_or(rough)
}

/// Abbreviates a number: `0`, `0.5`, `500`, `2k`, `1.5M`.
fn abbreviate(value: f64) -> String {
    let units = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    let unit = units.into_iter().find(|(unit, _)| value >= *unit);
    let (unit, name) = unit.unwrap_or((1.0, ""));
    let number = format!("{:.1}", value / unit);
    format!("{}{name}", number.trim_end_matches(".0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(dollars: i32) -> Money {
        Money::from_whole_dollars(dollars)
    }

    #[test]
    fn bar_length_is_the_share_of_the_maximum() {
        let costs = CostSummary::new(Some(dollars(1)), Some(dollars(4)), Some(dollars(-3)), None);
        let bar = Bar::new(&costs, costs.previous, dollars(3));
        assert_eq!(bar.current.as_deref(), Some("33.33%"));
        assert_eq!(bar.forecast.as_deref(), Some("100.00%"));
        assert_eq!(bar.mark, None);
        let over_limit = Bar::with_limit(&costs, dollars(3));
        assert_eq!(over_limit.excess, Some(("75.00%".into(), "25.00%".into())));
        assert_eq!(Bar::with_limit(&costs, dollars(8)).excess, None);
        let empty = Bar::new(&costs, None, Money::ZERO);
        assert_eq!((empty.current, empty.forecast), (None, None));
    }

    #[test]
    fn gridlines_are_round_numbers() {
        let table = [
            (0, "0 0.5"),
            (1, "0 0.5 1"),
            (9, "0 5 10"),
            (840, "0 500 1k"),
            (1_001, "0 500 1k 1.5k"),
            (123_456, "0 50k 100k 150k"),
            (2_000_000, "0 500k 1M 1.5M 2M"),
        ];
        for (max, labels) in table {
            let chart = ColumnChart::new(&[Some(dollars(max)), None, Some(dollars(-5))]);
            let found: Vec<_> = chart
                .gridlines
                .iter()
                .map(|line| line.label.as_str())
                .collect();
            assert_eq!(found.join(" "), labels, "{max}");
            assert_eq!(chart.columns[1].height, "0.00%");
            assert_eq!(chart.columns[2].height, "0.00%");
        }
        assert!(ColumnChart::new(&[]).columns.is_empty());
        let huge = Money::from_micros(i64::MAX.into());
        assert!(ColumnChart::new(&[Some(huge)]).gridlines.len() < 7);
    }
}
