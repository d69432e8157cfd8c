//! Synthetic companies with the cost of each app on each day of a year.

use std::ops::Range;

use billing::month::Month;
use jiff::civil::Date;
use jiff::tz::Offset;

/// How the costs of a company change during the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    Steady,
    Growing,
    Shrinking,
    Spikes,
    AppChurn,
    AddonChanges,
    ReviewApps,
    WeekendScaling,
}

pub(super) const PATTERNS: [(Pattern, &str); 8] = [
    (Pattern::Steady, "steady"),
    (Pattern::Growing, "growing by 3 to 15% a month"),
    (Pattern::Shrinking, "shrinking by 3 to 13% a month"),
    (
        Pattern::Spikes,
        "spikes: an app at 3 to 8 times its dynos for 1 to 4 days, about monthly",
    ),
    (
        Pattern::AppChurn,
        "apps start and stop mid-month, each about once a year",
    ),
    (
        Pattern::AddonChanges,
        "add-ons change mid-month, about one a month",
    ),
    (
        Pattern::ReviewApps,
        "a third of the cost in two-week review apps",
    ),
    (
        Pattern::WeekendScaling,
        "20 to 50% of the dynos on weekends",
    ),
];

/// The number of months. The first has no previous month and is not forecast.
pub(super) const MONTHS: usize = 13;

/// A platform-independent pseudorandom number generator (SplitMix64).
pub(super) struct SeededRng(pub(super) u64);

impl SeededRng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns an integer in `range`.
    fn integer(&mut self, range: Range<usize>) -> usize {
        range.start
            + usize::try_from(self.next() % (range.len() as u64)).expect("less than a usize")
    }

    /// Returns a number from `low` to `high`.
    pub(super) fn float(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.float(0.0, 1.0) < probability
    }
}

/// The costs of an app on the days of the year in millionths of a dollar.
pub(super) struct App {
    /// The cumulative cost before each day, and before the end of the year.
    cumulative: Vec<i128>,
}

impl App {
    fn new(days: impl Iterator<Item = i128>) -> Self {
        let mut cumulative = vec![0];
        cumulative.extend(days.scan(0, |sum, day| {
            *sum += day;
            Some(*sum)
        }));
        Self { cumulative }
    }

    /// Returns the total cost on these days.
    pub(super) fn cost(&self, days: Range<usize>) -> i128 {
        self.cumulative[days.end] - self.cumulative[days.start]
    }
}

pub(super) struct Year {
    pub(super) months: Vec<Month>,
    /// The days of the year in each month.
    pub(super) days: Vec<Range<usize>>,
}

impl Year {
    pub(super) fn new() -> Self {
        let mut first: Date = "2025-10-01".parse().expect("a valid date");
        let mut year = Self {
            months: Vec::new(),
            days: Vec::new(),
        };
        let mut start = 0;
        for _ in 0..MONTHS {
            let month = Month::of(first);
            let end = start + usize::from(month.days());
            year.months.push(month);
            year.days.push(start..end);
            start = end;
            first = Offset::UTC.to_datetime(month.end()).date();
        }
        year
    }

    fn len(&self) -> usize {
        self.days.last().expect("the year has months").end
    }

    /// Returns the number of days in the month of `day`.
    fn month_length(&self, day: usize) -> f64 {
        let month = self.days.iter().find(|days| days.contains(&day));
        month.expect("a day of the year").len() as f64
    }
}

pub(super) fn company(pattern: Pattern, rng: &mut SeededRng, year: &Year) -> Vec<App> {
    let count = rng.integer(4..16);
    let rate = match pattern {
        Pattern::Growing => rng.float(1.03, 1.15),
        Pattern::Shrinking => 1.0 / rng.float(1.03, 1.15),
        _ => 1.0,
    };
    let mut apps: Vec<App> = (0..count).map(|_| app(pattern, rate, rng, year)).collect();
    if pattern == Pattern::ReviewApps {
        let base_cost: f64 = apps.iter().map(|app| app.cost(0..year.len()) as f64).sum();
        let mut review_cost = 0.0;
        while review_cost < base_cost / 2.0 {
            let start = rng.integer(0..year.len());
            let end = (start + rng.integer(7..22)).min(year.len());
            let daily_cost = base_cost / year.len() as f64 * rng.float(0.01, 0.05);
            let days = (0..year.len()).map(|day| {
                if (start..end).contains(&day) {
                    daily_cost as i128
                } else {
                    0
                }
            });
            apps.push(App::new(days));
            review_cost += daily_cost * (end - start) as f64;
        }
    }
    apps
}

/// Generates an app whose dynos vary by day and by weekend. Its add-ons change only with
/// [`Pattern::AddonChanges`].
fn app(pattern: Pattern, rate: f64, rng: &mut SeededRng, year: &Year) -> App {
    let scale = 10_f64.powf(rng.float(1.0, 3.0));
    let mut addons = scale * rng.float(0.1, 0.9);
    let dynos = scale - addons;
    let weekend = if pattern == Pattern::WeekendScaling {
        rng.float(0.2, 0.5)
    } else if rng.chance(0.3) {
        rng.float(0.5, 1.0)
    } else {
        1.0
    };
    let (mut is_running, mut spike, mut spike_end) = (true, 1.0, 0);
    let days = (0..year.len()).map(|day| {
        match pattern {
            Pattern::Spikes if day >= spike_end => {
                spike = 1.0;
                if rng.chance(1.0 / 240.0) {
                    spike = rng.float(3.0, 8.0);
                    spike_end = day + rng.integer(1..5);
                }
            }
            Pattern::AppChurn if rng.chance(1.0 / 365.0) => is_running = !is_running,
            Pattern::AddonChanges if rng.chance(1.0 / 270.0) => {
                addons = scale * rng.float(0.0, 1.5)
            }
            _ => {}
        }
        let growth = rate.powf(day as f64 / 30.4);
        let week = if day % 7 >= 5 { weekend } else { 1.0 };
        let monthly_cost = growth * (addons + dynos * week * spike * rng.float(0.95, 1.05));
        let dollars = if is_running {
            monthly_cost / year.month_length(day)
        } else {
            0.0
        };
        (dollars * 1e6) as i128
    });
    App::new(days)
}
