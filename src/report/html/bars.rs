//! The geometry of bars, as SVG wants it: shares of the width in per cent, pixels in height.
//!
//! Every bar tells the same way: full colour is spent, the faint one is what the forecast adds, and a
//! line is what it is held against.

use crate::report::Figures;
use billing::money::Money;

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// How far the full colour goes, such as `41.5%`.
    pub(super) current: Option<String>,
    /// How far the faint colour goes.
    pub(super) forecast: Option<String>,
    /// Where the line stands.
    pub(super) mark: Option<String>,
    /// What is beyond the line, where there must be nothing: where it begins, and how wide it is.
    pub(super) excess: Option<(String, String)>,
}

impl Bar {
    /// Whether any of its figures is known.
    pub(super) fn shows_something(&self) -> bool {
        self.current.is_some() || self.forecast.is_some() || self.mark.is_some()
    }

    /// The bar of `figures` held against `mark`, where `most` is the whole width.
    pub(super) fn new(figures: &Figures, mark: Option<Money>, most: Money) -> Self {
        let share = |money: Option<Money>| share(money?, most);
        Self {
            current: share(figures.current),
            forecast: share(figures.forecast),
            mark: share(mark),
            excess: None,
        }
    }

    /// The bar of `figures` that should not go beyond `limit`.
    pub(super) fn limited(figures: &Figures, limit: Money) -> Self {
        let reached = figures.forecast.max(figures.current).unwrap_or_default();
        let most = reached.max(limit);
        let is_beyond = reached > limit;
        let excess = is_beyond.then(|| {
            let beyond = share(reached - limit, most)?;
            Some((share(limit, most).unwrap_or_else(|| percent(0.0)), beyond))
        });
        Self {
            excess: excess.flatten(),
            ..Self::new(figures, Some(limit).filter(|_| is_beyond), most)
        }
    }
}

/// The most of what bars have to show side by side.
pub(super) fn most<'a>(
    all: impl IntoIterator<Item = &'a Figures>,
    mark: fn(&Figures) -> Option<Money>,
) -> Money {
    let amounts = all
        .into_iter()
        .flat_map(|figures| [figures.current, figures.forecast, mark(figures)]);
    amounts.flatten().max().unwrap_or(Money::ZERO)
}

/// `part` of `whole` in per cent; nothing to show for what is nothing or less.
fn share(part: Money, whole: Money) -> Option<String> {
    (part > Money::ZERO && whole > Money::ZERO)
        .then(|| percent(part.dollars() / whole.dollars() * 100.0))
}

/// A length as SVG takes it, with a decimal that can be seen.
fn percent(value: f64) -> String {
    format!("{:.2}%", value.clamp(0.0, 100.0))
}

/// Columns side by side over a scale.
#[derive(Debug)]
pub(super) struct Columns {
    /// The lines of the scale.
    pub(super) lines: Vec<Line>,
    /// The columns, left to right.
    pub(super) columns: Vec<Column>,
    /// How wide each is.
    pub(super) width: String,
}

/// A line of the scale.
#[derive(Debug)]
pub(super) struct Line {
    /// How far from the top.
    pub(super) y: String,
    /// What it stands for, such as `5k`.
    pub(super) label: String,
}

/// A column, or the place of one where nothing is known.
#[derive(Debug)]
pub(super) struct Column {
    /// Where it begins, from the left.
    pub(super) x: String,
    /// Its middle.
    pub(super) middle: String,
    /// How far from the top it begins.
    pub(super) y: String,
    /// How high it is.
    pub(super) height: String,
}

/// The share of a column's place that is left free, half on each side.
const GAP: f64 = 0.28;

impl Columns {
    /// A column for each amount; what is unknown, or less than nothing, has no height.
    pub(super) fn new(amounts: &[Option<Money>]) -> Self {
        let dollars = |money: &Option<Money>| money.map_or(0.0, Money::dollars).max(0.0);
        let most = amounts.iter().map(dollars).fold(0.0, f64::max);
        let step = step(most);
        // A full step more than the most would waste the height.
        let steps = (most / step).ceil().clamp(1.0, 9.0);
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
                label: short(value),
            }
        });
        Self {
            columns: columns.collect(),
            lines: lines.collect(),
            width: percent(place * (1.0 - GAP)),
        }
    }
}

/// The step of a scale of three to five lines: 1, 2 or 5 with zeros.
///
/// Found and not computed: for one logarithm the program would load the library of mathematics, a
/// third of a MiB.
fn step(most: f64) -> f64 {
    let rough = most.max(1.0) / 4.0;
    let powers = std::iter::successors(Some(0.1), |power| Some(power * 10.0));
    let mut steps = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * power));
    steps.find(|step| *step >= rough).unwrap_or(rough)
}

/// A number of a scale: `0`, `0.5`, `500`, `2k`, `1.5M`.
fn short(value: f64) -> String {
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
    fn a_bar_is_as_long_as_its_share_and_never_longer() {
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
    fn a_scale_has_round_numbers() {
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
