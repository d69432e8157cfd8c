//! Synthetic companies with the usage of each app on each day of thirteen months.

use std::ops::Range;

use billing::month::Month;
use billing::usage::UsageAmounts;
use jiff::civil::Date;
use jiff::tz::Offset;

/// How the costs of a company change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    Steady,
    Growing,
    Shrinking,
    StepChange,
    Spikes,
    AppsAdded,
    AppsRemoved,
    AddonChanges,
    PriceChange,
    ReviewApps,
    WeekendScaling,
}

pub(super) const PATTERNS: [(Pattern, &str); 11] = [
    (Pattern::Steady, "steady"),
    (Pattern::Growing, "dynos grow by 3 to 15% a month"),
    (Pattern::Shrinking, "dynos shrink by 3 to 13% a month"),
    (
        Pattern::StepChange,
        "an app's dynos change by half to double, about one a month",
    ),
    (
        Pattern::Spikes,
        "spikes: an app at 3 to 8 times its dynos for 1 to 4 days, about monthly",
    ),
    (Pattern::AppsAdded, "an app is added every two months"),
    (Pattern::AppsRemoved, "an app is removed every two months"),
    (
        Pattern::AddonChanges,
        "add-ons change mid-month, about one a month",
    ),
    (
        Pattern::PriceChange,
        "all prices change on the 1st by −20, −10 or +10%, every three months",
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

/// The price of a dyno unit in dollars, Heroku's list price.
const DYNO_UNIT: f64 = 25.0;

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
    pub(super) fn integer(&mut self, range: Range<usize>) -> usize {
        range.start
            + usize::try_from(self.next() % (range.len() as u64)).expect("less than a usize")
    }

    /// Returns a number from `low` to `high`.
    pub(super) fn float(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.float(0.0, 1.0) < probability
    }
}

/// The usage of an app: dyno units, data and partner credits, cumulative before each day.
pub(super) struct App {
    pub(super) name: String,
    cumulative: Vec<[f64; 3]>,
}

impl App {
    /// Creates an app from its dollars a day by category.
    fn new(name: String, days: impl Iterator<Item = [f64; 3]>) -> Self {
        let mut sum = [0.0; 3];
        let mut cumulative = vec![sum];
        cumulative.extend(days.map(|[dynos, data, partner]| {
            sum = [sum[0] + dynos / DYNO_UNIT, sum[1] + data, sum[2] + partner];
            sum
        }));
        Self { name, cumulative }
    }

    /// Returns the usage between two hours since the first day.
    pub(super) fn used(&self, hours: Range<i64>) -> UsageAmounts {
        let until = |hour: i64| {
            let (day, rest) = (
                hour.div_euclid(24) as usize,
                hour.rem_euclid(24) as f64 / 24.0,
            );
            let before = self.cumulative[day];
            let Some(after) = self.cumulative.get(day + 1) else {
                return before;
            };
            [0, 1, 2].map(|kind| before[kind] + (after[kind] - before[kind]) * rest)
        };
        let [from, to] = [until(hours.start), until(hours.end)];
        // Heroku's figures have noise of rounding.
        let used = [0, 1, 2].map(|kind| ((to[kind] - from[kind]) * 1e6).round() / 1e6);
        UsageAmounts {
            dynos: Some(used[0]),
            data: Some(used[1]),
            partner: Some(used[2]),
            ..UsageAmounts::default()
        }
    }
}

pub(super) struct Calendar {
    pub(super) months: Vec<Month>,
    /// The days of each month, counted from the first day of the first.
    pub(super) days: Vec<Range<usize>>,
}

impl Calendar {
    pub(super) fn new() -> Self {
        let mut first: Date = "2025-10-01".parse().expect("a valid date");
        let mut calendar = Self {
            months: Vec::new(),
            days: Vec::new(),
        };
        let mut start = 0;
        for _ in 0..MONTHS {
            let month = Month::of(first);
            let end = start + usize::from(month.days());
            calendar.months.push(month);
            calendar.days.push(start..end);
            start = end;
            first = Offset::UTC.to_datetime(month.end()).date();
        }
        calendar
    }

    pub(super) fn len(&self) -> usize {
        self.days.last().expect("there are months").end
    }

    fn month_of(&self, day: usize) -> usize {
        let position = self.days.iter().position(|days| days.contains(&day));
        position.expect("a day of the calendar")
    }
}

pub(super) fn company(pattern: Pattern, rng: &mut SeededRng, calendar: &Calendar) -> Vec<App> {
    let count = rng.integer(8..16);
    let rate = match pattern {
        Pattern::Growing => rng.float(1.03, 1.15),
        Pattern::Shrinking => 1.0 / rng.float(1.03, 1.15),
        _ => 1.0,
    };
    // The level of prices in each month.
    let mut level = 1.0;
    let prices: Vec<f64> = (0..MONTHS)
        .map(|month| {
            if pattern == Pattern::PriceChange && month % 3 == 2 {
                level *= [0.8, 0.9, 1.1][rng.integer(0..3)];
            }
            level
        })
        .collect();
    let mut apps: Vec<App> = (0..count)
        .map(|number| {
            let changing = 365 / count.max(1);
            // Every two months, one app.
            let lifetime = match pattern {
                Pattern::AppsAdded if number < 6 => 60 * number + 20..usize::MAX,
                Pattern::AppsRemoved if number < 6 => 0..60 * number + 50,
                _ => 0..usize::MAX,
            };
            app(
                number, pattern, lifetime, changing, rate, &prices, rng, calendar,
            )
        })
        .collect();
    if pattern == Pattern::ReviewApps {
        let total = |app: &App| app.cumulative.last().expect("a day")[0] * DYNO_UNIT * 2.0;
        let base_cost: f64 = apps.iter().map(total).sum();
        let mut review_cost = 0.0;
        while review_cost < base_cost / 2.0 {
            let start = rng.integer(0..calendar.len());
            let end = (start + rng.integer(7..22)).min(calendar.len());
            let daily_cost = base_cost / calendar.len() as f64 * rng.float(0.01, 0.05);
            let days = (0..calendar.len()).map(|day| {
                let is_running = (start..end).contains(&day);
                [if is_running { daily_cost } else { 0.0 }, 0.0, 0.0]
            });
            apps.push(App::new(format!("review-{:04}", apps.len()), days));
            review_cost += daily_cost * (end - start) as f64;
        }
    }
    apps
}

/// Generates an app whose dynos vary by day and by weekend.
#[expect(clippy::too_many_arguments, reason = "the parts of one generator")]
fn app(
    number: usize,
    pattern: Pattern,
    lifetime: Range<usize>,
    changing: usize,
    rate: f64,
    prices: &[f64],
    rng: &mut SeededRng,
    calendar: &Calendar,
) -> App {
    let scale = 10_f64.powf(rng.float(1.0, 3.0));
    let mut addons = scale * rng.float(0.1, 0.9);
    let mut dynos = scale - addons;
    let data_share = rng.float(0.3, 1.0);
    let weekend = if pattern == Pattern::WeekendScaling {
        rng.float(0.2, 0.5)
    } else if rng.chance(0.3) {
        rng.float(0.5, 1.0)
    } else {
        1.0
    };
    let (mut spike, mut spike_end) = (1.0, 0);
    let changing = changing.max(20) as f64;
    let days = (0..calendar.len()).map(|day| {
        match pattern {
            Pattern::Spikes if day >= spike_end => {
                spike = 1.0;
                if rng.chance(1.0 / 240.0) {
                    spike = rng.float(3.0, 8.0);
                    spike_end = day + rng.integer(1..5);
                }
            }
            Pattern::StepChange if rng.chance(1.0 / (10.0 * changing)) => {
                dynos = (dynos * rng.float(0.5, 2.0)).max(0.02 * scale);
            }
            Pattern::AddonChanges if rng.chance(1.0 / (10.0 * changing)) => {
                addons = scale * rng.float(0.0, 1.5);
            }
            _ => {}
        }
        let month = calendar.month_of(day);
        // Plans of add-ons have fixed prices, so only dynos grow.
        let growth = rate.powf(day as f64 / 30.4);
        let week = if day % 7 >= 5 { weekend } else { 1.0 };
        let is_running = lifetime.contains(&day);
        let daily = if is_running {
            prices[month] / calendar.days[month].len() as f64
        } else {
            0.0
        };
        [
            daily * dynos * growth * week * spike * rng.float(0.95, 1.05),
            daily * addons * data_share,
            daily * addons * (1.0 - data_share),
        ]
    });
    App::new(format!("app-{number:02}"), days)
}
