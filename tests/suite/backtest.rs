//! Backtest of the forecast: thirteen months of synthetic companies, whose figures Heroku renews on
//! time, late or irregularly, with a forecast on each day.
//!
//! The companies are generated from a fixed seed, so the tables in `docs/FORECAST.md` are
//! reproducible.

mod companies;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;

use billing::cost::{BillingInput, TeamCost};
use billing::interval::TABLE;
use billing::money::Money;
use billing::nights::{Lags, Nights};
use billing::rules::Rules;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use jiff::{SignedDuration, Timestamp};

use companies::{App, Calendar, MONTHS, PATTERNS, Pattern, SeededRng, company};

/// The number of companies of each pattern in the documented tables.
const COMPANIES: usize = 6;

/// The days of the month with a forecast. Every month has these days.
const DAYS: Range<usize> = 1..29;

/// When Heroku renews the figures, and what they cover then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewal {
    OnTime,
    HoursIncluded,
    NightsMissing,
    DayLate,
    Alternating,
    AcrossMidnight,
    Irregular,
}

const RENEWALS: [(Renewal, &str); 7] = [
    (Renewal::OnTime, "on time"),
    (
        Renewal::HoursIncluded,
        "on time, with 0 to 6 hours of the current day",
    ),
    (
        Renewal::NightsMissing,
        "on time, but the exporter is down for three nights of ten",
    ),
    (Renewal::DayLate, "a day late"),
    (Renewal::Alternating, "alternately on time and a day late"),
    (
        Renewal::AcrossMidnight,
        "around midnight, so that every other renewal counts as a day late",
    ),
    (Renewal::Irregular, "up to two days late, at random"),
];

impl Renewal {
    /// Returns whether figures are on time, so that the clock shows what they cover.
    fn is_on_time(self) -> bool {
        matches!(self, Self::OnTime | Self::HoursIncluded)
    }

    /// Returns the hour of the renewal of day `day`, since the first day, and the hour up to which it
    /// covers the usage; `None` if the exporter sees no renewal on that day.
    fn on(self, day: i64, hours: i64, rng: &mut SeededRng) -> Option<(i64, i64)> {
        let midnight = 24 * day;
        let random = rng.float(0.0, 1.0);
        match self {
            Self::OnTime => Some((midnight + 3, midnight)),
            Self::HoursIncluded => Some((midnight + hours.max(1), midnight + hours)),
            Self::NightsMissing => (random > 0.3).then_some((midnight + 3, midnight)),
            Self::DayLate => Some((midnight + 3, midnight - 24)),
            Self::Alternating => Some((midnight + 3, midnight - 24 * (day % 2))),
            Self::AcrossMidnight => Some(match day % 2 {
                0 => (midnight - 1, midnight - 24),
                _ => (midnight + 1, midnight - 24),
            }),
            Self::Irregular => {
                let late = if random < 0.6 {
                    0
                } else if random < 0.85 {
                    1
                } else {
                    2
                };
                Some((midnight + 3, midnight - 24 * late))
            }
        }
    }
}

/// The errors of both methods on a day, relative to the actual cost.
struct Observation {
    pattern: Pattern,
    renewal: Renewal,
    day: usize,
    forecast: f64,
    /// The forecast without nights, which was the only one before they were recorded.
    without_nights: f64,
    naive: Option<f64>,
    previous: f64,
    /// Whether the actual cost lies in the interval, if there is one.
    is_in_interval: Option<bool>,
}

/// A company as Heroku reports it.
struct Reported<'a> {
    apps: &'a [App],
    calendar: &'a Calendar,
}

impl Reported<'_> {
    /// Returns the usage of a month up to an hour since the first day.
    fn month(&self, month: usize, covered: i64) -> Option<MonthlyUsage> {
        let days = &self.calendar.days[month];
        let (start, end) = (24 * days.start as i64, 24 * days.end as i64);
        if covered <= start {
            return None;
        }
        let apps = self.apps.iter().filter_map(|app| {
            let used = app.used(start..covered.min(end));
            let is_used = [used.dynos, used.data, used.partner]
                .iter()
                .flatten()
                .any(|units| *units > 0.0);
            is_used.then(|| (app.name.clone(), used))
        });
        let apps: BTreeMap<_, _> = apps.collect();
        let team = apps
            .values()
            .fold(UsageAmounts::default(), |sum, used| sum.plus(*used));
        Some(MonthlyUsage {
            team_name: None,
            team,
            spaces: Spaces::default(),
            apps: Some(apps),
        })
    }

    /// Returns the usage of a month and the one before it.
    fn usage(&self, month: usize, covered: i64) -> Usage {
        let months = [month.checked_sub(1), Some(month)].into_iter().flatten();
        let months = months
            .filter_map(|month| Some((self.calendar.months[month], self.month(month, covered)?)));
        Usage {
            months: months.collect(),
        }
    }
}

fn cost_at<'a>(
    usage: &'a Usage,
    nights: Option<(&'a Nights, &'a Lags)>,
    changed_at: Timestamp,
    now: Timestamp,
) -> TeamCost<'a> {
    let input = BillingInput {
        name: "company",
        usage: Some(usage),
        usage_changed_at: Some(changed_at),
        nights: nights.map(|(nights, _)| nights),
        lags: nights.map(|(_, lags)| lags),
        ..BillingInput::default()
    };
    TeamCost::new(input, &Rules::default(), now)
}

fn dollars(money: Option<Money>) -> f64 {
    money.map_or(0.0, Money::dollars)
}

/// Runs a company through all months.
fn run(
    pattern: Pattern,
    renewal: Renewal,
    apps: &[App],
    calendar: &Calendar,
    rng: &mut SeededRng,
) -> Vec<Observation> {
    let start = calendar.months[0].start();
    let at = |hour: i64| start + SignedDuration::from_hours(hour);
    let reported = Reported { apps, calendar };
    let hours = rng.integer(0..7) as i64;
    let mut nights = Nights::default();
    let (mut covered, mut changed_at) = (0, start);
    let mut observations = Vec::new();
    for month in 0..MONTHS {
        let actual = reported.month(month, i64::MAX).expect("usage");
        let actual = Usage {
            months: [(calendar.months[month], actual)].into(),
        };
        let end = calendar.months[month].end() - SignedDuration::from_hours(1);
        let actual = dollars(cost_at(&actual, None, end, end).current.total());
        for (position, day) in calendar.days[month].clone().enumerate() {
            if let Some((seen, covers)) = renewal.on(day as i64, hours, rng)
                && covers > covered
            {
                covered = covers;
                changed_at = at(seen);
                let seen_month = if seen < 24 * calendar.days[month].start as i64 {
                    month - 1
                } else {
                    month
                };
                let usage = reported.usage(seen_month, covered);
                let previous = seen_month
                    .checked_sub(1)
                    .map(|month| calendar.months[month]);
                if let Some(current) = usage.months.get(&calendar.months[seen_month]) {
                    let previous = previous.and_then(|month| usage.months.get(&month));
                    nights.record(changed_at, current, previous);
                }
            }
            let day_of_month = position + 1;
            if month == 0 || !DAYS.contains(&day_of_month) {
                continue;
            }
            let usage = reported.usage(month, covered);
            let now = at(24 * day as i64 + 12);
            let lags = Lags::new([&nights].into_iter());
            let error = |forecast: f64| (forecast - actual).abs() / actual;
            let total =
                |cost: &TeamCost<'_>| dollars(cost.forecast.as_ref().and_then(|f| f.team.total()));
            let cost = cost_at(&usage, Some((&nights, &lags)), changed_at, now);
            let without_nights = cost_at(&usage, None, changed_at, now);
            let ratio = without_nights
                .forecast
                .as_ref()
                .map_or(0.0, |f| f.coverage.ratio());
            let interval = cost.forecast.as_ref().and_then(|f| f.interval);
            observations.push(Observation {
                pattern,
                renewal,
                day: day_of_month,
                forecast: error(total(&cost)),
                without_nights: error(total(&without_nights)),
                naive: (ratio > 0.0).then(|| error(dollars(cost.current.total()) / ratio)),
                previous: error(dollars(cost.previous.total())),
                is_in_interval: interval.map(|interval| {
                    (interval.low.dollars()..=interval.high.dollars()).contains(&actual)
                }),
            });
        }
    }
    observations
}

impl Observation {
    /// Returns the observations of a number of companies of each pattern.
    fn all(seed: u64, companies: usize) -> Vec<Self> {
        let calendar = Calendar::new();
        let mut rng = SeededRng(seed);
        let mut observations = Vec::new();
        for (pattern, _) in PATTERNS {
            for _ in 0..companies {
                let apps = company(pattern, &mut rng, &calendar);
                for (renewal, _) in RENEWALS {
                    observations.extend(run(pattern, renewal, &apps, &calendar, &mut rng));
                }
            }
        }
        observations
    }
}

/// Returns the observations of the documented tables, which are computed once for all tests.
fn observations() -> &'static [Observation] {
    static ALL: OnceLock<Vec<Observation>> = OnceLock::new();
    ALL.get_or_init(|| Observation::all(20_261_124, COMPANIES))
}

/// Returns the mean of the known errors of the matching observations.
fn mean(
    matches: impl Fn(&Observation) -> bool,
    error: impl Fn(&Observation) -> Option<f64>,
) -> Option<f64> {
    let errors = observations()
        .iter()
        .filter(|observation| matches(observation));
    let (sum, count) = errors
        .filter_map(error)
        .fold((0.0, 0), |(sum, count), error| (sum + error, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn percent(error: Option<f64>) -> String {
    error.map_or("none".to_owned(), |error| format!("{:.1}%", 100.0 * error))
}

/// Returns the tables in `docs/FORECAST.md`.
pub(crate) fn markdown() -> String {
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", cells.join(" | "));
    };
    let head = |line: &mut dyn FnMut(&[String]), cells: &[&str]| {
        line(
            &cells
                .iter()
                .map(|cell| (*cell).to_owned())
                .collect::<Vec<_>>(),
        );
        line(&[vec!["---"; cells.len()].join("|")]);
    };
    head(
        &mut line,
        &[
            "figures",
            "forecast",
            "without nights",
            "m ÷ s",
            "in the interval",
        ],
    );
    for (renewal, label) in RENEWALS {
        let of = |error: &dyn Fn(&Observation) -> Option<f64>| {
            percent(mean(|o| o.renewal == renewal && o.day > 1, error))
        };
        line(&[
            label.to_owned(),
            of(&|o| Some(o.forecast)),
            of(&|o| Some(o.without_nights)),
            of(&|o| o.naive),
            of(&|o| o.is_in_interval.map(|is_in| f64::from(u8::from(is_in)))),
        ]);
    }
    line(&[]);
    head(
        &mut line,
        &[
            "day",
            "forecast",
            "without nights",
            "m ÷ s",
            "previous month",
            "late: forecast",
            "late: without nights",
        ],
    );
    for day in [
        1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28,
    ] {
        let of = |is_late: bool, error: &dyn Fn(&Observation) -> Option<f64>| {
            percent(mean(
                |o| o.renewal.is_on_time() != is_late && o.day == day,
                error,
            ))
        };
        line(&[
            day.to_string(),
            of(false, &|o| Some(o.forecast)),
            of(false, &|o| Some(o.without_nights)),
            of(false, &|o| o.naive),
            of(false, &|o| Some(o.previous)),
            of(true, &|o| Some(o.forecast)),
            of(true, &|o| Some(o.without_nights)),
        ]);
    }
    line(&[]);
    head(
        &mut line,
        &[
            "company",
            "days 2–7: forecast",
            "without nights",
            "days 8–28: forecast",
            "without nights",
            "late, days 2–28: forecast",
            "without nights",
        ],
    );
    for (pattern, label) in PATTERNS {
        let mut cells = vec![label.to_owned()];
        for (is_late, days) in [(false, 2..8), (false, 8..29), (true, 2..29)] {
            let of = |error: &dyn Fn(&Observation) -> Option<f64>| {
                percent(mean(
                    |o| {
                        o.pattern == pattern
                            && o.renewal.is_on_time() != is_late
                            && days.contains(&o.day)
                    },
                    error,
                ))
            };
            cells.push(of(&|o| Some(o.forecast)));
            cells.push(of(&|o| Some(o.without_nights)));
        }
        line(&cells);
    }
    text
}

#[test]
fn forecast_reaches_its_goals() {
    let of = |is_late: bool| {
        mean(
            |o| o.renewal.is_on_time() != is_late && o.day > 1,
            |o| Some(o.forecast),
        )
        .expect("observations")
    };
    let (on_time, late) = (of(false), of(true));
    assert!(on_time <= 0.017, "on time: {on_time}");
    assert!(late <= 0.03, "late: {late}");
}

/// The intervals are checked with companies whose seed the method was not chosen with.
#[test]
fn intervals_contain_four_of_five_costs() {
    let observations = Observation::all(0x5eed, 3);
    let intervals = observations
        .iter()
        .filter(|observation| observation.day > 1);
    let intervals: Vec<_> = intervals.filter_map(|o| o.is_in_interval).collect();
    let contained = intervals.iter().filter(|is_in| **is_in).count();
    let share = contained as f64 / intervals.len() as f64;
    assert!((0.76..=0.86).contains(&share), "{share}");
}

/// Returns P10 and P90 of the mean of the next days, divided by the mean of the week before, less one.
fn quantiles_of_companies(days: usize) -> (f64, f64) {
    let calendar = Calendar::new();
    let mut rng = SeededRng(20_261_124);
    let mut differences = Vec::new();
    for (pattern, _) in PATTERNS {
        for _ in 0..COMPANIES {
            let apps = company(pattern, &mut rng, &calendar);
            let rates: Vec<f64> = (0..calendar.len())
                .map(|day| {
                    let hours = 24 * day as i64..24 * (day as i64 + 1);
                    let used = apps.iter().map(|app| app.used(hours.clone()));
                    let used = used.fold(UsageAmounts::default(), UsageAmounts::plus);
                    let days = calendar.days.iter().find(|days| days.contains(&day));
                    let cost = 25.0 * used.dynos.unwrap_or_default()
                        + used.data.unwrap_or_default()
                        + used.partner.unwrap_or_default();
                    cost * days.expect("a month").len() as f64
                })
                .collect();
            let mean = |days: &[f64]| days.iter().sum::<f64>() / days.len() as f64;
            differences.extend(
                (7..=rates.len() - days)
                    .map(|now| mean(&rates[now..now + days]) / mean(&rates[now - 7..now]) - 1.0),
            );
        }
    }
    differences.sort_by(f64::total_cmp);
    let tenth = differences.len() / 10;
    (
        differences[tenth],
        differences[differences.len() - 1 - tenth],
    )
}

#[test]
fn built_in_quantiles_are_those_of_the_companies() {
    let rounded = |quantile: f64| (quantile * 1000.0).round() / 1000.0;
    let expected = TABLE.map(|(days, ..)| {
        let (low, high) = quantiles_of_companies(days);
        (days, rounded(low), rounded(high))
    });
    assert_eq!(TABLE, expected);
}
