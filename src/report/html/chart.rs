//! The geometry of bars and columns for SVG, in percentages of the width or height.

use crate::report::figures::Figures;
use billing::money::Money;

/// A horizontal bar: the cost to date, the forecast beyond it, and a mark to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// The length of the cost to date, such as `41.50%`.
    pub(super) current: Option<String>,
    /// The length of the forecast.
    pub(super) forecast: Option<String>,
    /// The position of the mark.
    pub(super) mark: Option<String>,
    /// The position and the length of the part beyond a limit.
    pub(super) excess: Option<(String, String)>,
}

impl Bar {
    /// Creates a bar with `max` as its full length.
    pub(super) fn new(figures: &Figures, mark: Option<Money>, max: Money) -> Self {
        let length = |money: Option<Money>| length(money?, max);
        Self {
            current: length(figures.current),
            forecast: length(figures.forecast),
            mark: length(mark),
            excess: None,
        }
    }

    /// Creates a bar that marks the part beyond `limit`.
    pub(super) fn limited(figures: &Figures, limit: Money) -> Self {
        let reached = figures.forecast.max(figures.current).unwrap_or_default();
        let max = reached.max(limit);
        if reached <= limit {
            return Self::new(figures, None, max);
        }
        let start = length(limit, max).unwrap_or_else(|| percent(0.0));
        Self {
            excess: length(reached - limit, max).map(|beyond| (start, beyond)),
            ..Self::new(figures, Some(limit), max)
        }
    }

    /// Returns whether any part is visible.
    pub(super) fn is_visible(&self) -> bool {
        self.current.is_some() || self.forecast.is_some() || self.mark.is_some()
    }
}

/// Returns the largest amount of bars with the previous month as their mark.
pub(super) fn max_amount<'a>(all: impl IntoIterator<Item = &'a Figures>) -> Money {
    let amounts = all
        .into_iter()
        .flat_map(|figures| [figures.current, figures.forecast, figures.previous]);
    amounts.flatten().max().unwrap_or(Money::ZERO)
}

/// Returns the length of `part` if it is positive.
fn length(part: Money, whole: Money) -> Option<String> {
    (part > Money::ZERO && whole > Money::ZERO)
        .then(|| percent(part.dollars() / whole.dollars() * 100.0))
}

fn percent(value: f64) -> String {
    format!("{:.2}%", value.clamp(0.0, 100.0))
}

/// A chart of vertical columns.
#[derive(Debug)]
pub(super) struct Columns {
    /// The horizontal lines of the scale.
    pub(super) lines: Vec<Line>,
    pub(super) columns: Vec<Column>,
    /// The width of a column.
    pub(super) width: String,
}

/// A line of the scale.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) y: String,
    /// The value, such as `5k`.
    pub(super) label: String,
}

/// A column. Its height is zero if the amount is not known or negative.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) x: String,
    pub(super) middle: String,
    pub(super) y: String,
    pub(super) height: String,
}

/// The space between two columns, as a share of a column's place.
const GAP: f64 = 0.28;

impl Columns {
    /// Creates a column for each amount.
    pub(super) fn new(amounts: &[Option<Money>]) -> Self {
        let dollars = |money: &Option<Money>| money.map_or(0.0, Money::dollars).max(0.0);
        let max = amounts.iter().map(dollars).fold(0.0, f64::max);
        let step = step(max);
        let steps = (max / step).ceil().clamp(1.0, 9.0);
        let top = step * steps;
        let place = 100.0 / amounts.len().max(1) as f64;
        let columns = amounts.iter().enumerate().map(|(position, money)| {
            let height = dollars(money) / top * 100.0;
            let left = place * position as f64;
            Column {
                x: percent(left + place * GAP / 2.0),
                middle: percent(left + place / 2.0),
                y: percent(100.0 - height),
                height: percent(height),
            }
        });
        let lines = (0..=steps as u32).map(|number| {
            let value = step * f64::from(number);
            Line {
                y: percent(100.0 - value / top * 100.0),
                label: abbreviate(value),
            }
        });
        Self {
            columns: columns.collect(),
            lines: lines.collect(),
            width: percent(place * (1.0 - GAP)),
        }
    }
}

/// Returns the step of a scale of three to five lines: 1, 2 or 5 times a power of ten.
///
/// A search, because a logarithm would link the library of mathematics, a third of a MiB.
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
    fn bar_length_is_its_share_up_to_full_length() {
        let figures = Figures {
            current: Some(dollars(1)),
            forecast: Some(dollars(4)),
            previous: Some(dollars(-3)),
            budget: None,
        };
        let bar = Bar::new(&figures, figures.previous, dollars(3));
        assert_eq!(bar.current.as_deref(), Some("33.33%"));
        assert_eq!(bar.forecast.as_deref(), Some("100.00%"));
        assert_eq!(bar.mark, None);
        let beyond = Bar::limited(&figures, dollars(3));
        assert_eq!(beyond.excess, Some(("75.00%".into(), "25.00%".into())));
        assert_eq!(Bar::limited(&figures, dollars(8)).excess, None);
        let nothing = Bar::new(&figures, None, Money::ZERO);
        assert_eq!((nothing.current, nothing.forecast), (None, None));
    }

    #[test]
    fn scale_has_round_numbers() {
        let table = [
            (0, "0 0.5"),
            (1, "0 0.5 1"),
            (9, "0 5 10"),
            (840, "0 500 1k"),
            (1_001, "0 500 1k 1.5k"),
            (123_456, "0 50k 100k 150k"),
            (2_000_000, "0 500k 1M 1.5M 2M"),
        ];
        for (most, labels) in table {
            let columns = Columns::new(&[Some(dollars(most)), None, Some(dollars(-5))]);
            let shown: Vec<_> = columns
                .lines
                .iter()
                .map(|line| line.label.as_str())
                .collect();
            assert_eq!(shown.join(" "), labels, "{most}");
            assert_eq!(columns.columns[1].height, "0.00%");
            assert_eq!(columns.columns[2].height, "0.00%");
        }
        assert!(Columns::new(&[]).columns.is_empty());
        let monster = Money::from_micros_saturating(i128::MAX);
        assert!(Columns::new(&[Some(monster)]).lines.len() < 7);
    }
}
