//! Backtest of the forecast: a year of synthetic companies with a forecast on each day.
//!
//! The companies are generated from a fixed seed, so the tables in `docs/FORECAST.md` are
//! reproducible.

mod companies;

use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;

use billing::forecast::{Coverage, Forecaster, PREVIOUS_WEIGHT};
use billing::money::Money;
use jiff::tz::Offset;

use companies::{App, MONTHS, PATTERNS, Pattern, SeededRng, Year, company};

/// The number of companies of each pattern.
const COMPANIES: usize = 40;

/// The days of the month with a forecast. Every month has these days.
const DAYS: Range<usize> = 1..29;

fn money(micros: i128) -> Money {
    Money::from_micros(micros)
}

/// The share of the current day that usage already includes. Heroku renews usage at an unknown time
/// of the night.
const CURRENT_DAY_SHARE: Range<f64> = 0.0..0.25;

/// The state of a company on a day of a month.
struct Observation {
    coverage: Coverage,
    /// The month to date, the previous month and the complete month of each app.
    apps: Vec<[Money; 3]>,
    /// The sums over all apps.
    team: [Money; 3],
}

impl Observation {
    fn new(company: &[App], year: &Year, month: usize, day: usize, current_day_share: f64) -> Self {
        let [previous, days] = [&year.days[month - 1], &year.days[month]];
        let past = days.start..days.start + day - 1;
        let at = year.months[month].first_day().at(2, 0, 0, 0);
        let at = Offset::UTC.to_timestamp(at).expect("the time is in range");
        let elapsed = jiff::SignedDuration::from_hours(24 * (day as i64 - 1));
        let apps = company.iter().map(|app| {
            let [to_date, previous, complete] =
                [&past, previous, days].map(|days| app.cost(days.clone()));
            let current_day = app.cost(past.end..past.end + 1) as f64 * current_day_share;
            [to_date + current_day as i128, previous, complete].map(money)
        });
        let apps: Vec<_> = apps.collect();
        Self {
            coverage: Coverage::new(year.months[month], at + elapsed),
            team: [0, 1, 2].map(|which| apps.iter().map(|app| app[which]).sum()),
            apps,
        }
    }

    fn sum(&self, which: usize) -> Money {
        self.team[which]
    }

    /// Returns the absolute error of a forecast of the team, relative to the actual cost.
    fn error(&self, forecast: Option<Money>) -> Option<f64> {
        let actual = self.sum(2);
        let error = (forecast? - actual).micros().abs();
        (actual > Money::ZERO).then(|| error as f64 / actual.micros() as f64)
    }

    /// Returns the sum of the absolute errors of forecasts of each app, relative to the actual cost
    /// of the team.
    fn error_of_apps(&self, forecast: impl Fn([Money; 3]) -> Option<Money>) -> Option<f64> {
        let error = self
            .apps
            .iter()
            .map(|app| Some((forecast(*app)? - app[2]).micros().abs()));
        let error: Option<i128> = error.sum();
        let actual = self.sum(2);
        let error = error?;
        (actual > Money::ZERO).then(|| error as f64 / actual.micros() as f64)
    }

    fn with_weight(&self, weight: u16) -> Option<Money> {
        Some(Forecaster::weighted(self.coverage, weight)?.month_end(self.sum(0), self.sum(1)))
    }

    /// The month to date divided by the elapsed share of the month.
    fn naive(&self) -> Option<Money> {
        self.with_weight(0)
    }

    /// The forecast with the weights s and `weight` instead of their squares.
    fn unsquared(&self, weight: f64) -> Option<Money> {
        let share = self.coverage.ratio();
        let [to_date, previous] = [0, 1].map(|which| self.sum(which).micros() as f64);
        let rest = (1.0 - share) * (to_date + weight * previous) / (share + weight);
        Some(money((to_date + rest) as i128))
    }

    /// The sum of forecasts by app that assume, if `ended` is set, that an app without cost to date
    /// has ended, and forecast, if `begun` is set, a new app without the previous month.
    fn by_app_lifecycle(&self, ended: bool, begun: bool) -> Option<Money> {
        let forecast = |[to_date, previous, _]: [Money; 3]| {
            let day_is_over = self.coverage.ratio() > 0.0;
            if ended && day_is_over && to_date == Money::ZERO {
                return Some(Money::ZERO);
            }
            let weight = if begun && day_is_over && previous == Money::ZERO {
                0
            } else {
                PREVIOUS_WEIGHT
            };
            Some(Forecaster::weighted(self.coverage, weight)?.month_end(to_date, previous))
        };
        self.apps.iter().map(|app| forecast(*app)).sum()
    }
}

/// The mean of all known values.
#[derive(Default, Clone, Copy)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn of(values: impl Iterator<Item = Option<f64>>) -> Self {
        values.flatten().fold(Self::default(), |mean, value| Self {
            sum: mean.sum + value,
            count: mean.count + 1,
        })
    }

    fn value(self) -> f64 {
        self.sum / self.count as f64
    }

    fn percent(self) -> String {
        if self.count == 0 {
            return "none".to_owned();
        }
        format!("{:.1}%", 100.0 * self.value())
    }
}

struct Observations(Vec<(Pattern, usize, Observation)>);

impl Observations {
    /// Returns the observations, which are generated once for all tests.
    fn all() -> &'static Self {
        static ALL: OnceLock<Observations> = OnceLock::new();
        ALL.get_or_init(Self::new)
    }

    fn new() -> Self {
        let year = Year::new();
        let mut rng = SeededRng(20_261_124);
        let mut observations = Vec::new();
        for (pattern, _) in PATTERNS {
            for _ in 0..COMPANIES {
                let company = company(pattern, &mut rng, &year);
                let current_day_share = rng.float(CURRENT_DAY_SHARE.start, CURRENT_DAY_SHARE.end);
                for month in 1..MONTHS {
                    observations.extend(DAYS.map(|day| {
                        (
                            pattern,
                            day,
                            Observation::new(&company, &year, month, day, current_day_share),
                        )
                    }));
                }
            }
        }
        Self(observations)
    }

    fn mean(
        &self,
        matches: impl Fn(Pattern, usize) -> bool,
        error: impl Fn(&Observation) -> Option<f64>,
    ) -> Mean {
        let observations = self
            .0
            .iter()
            .filter(|(pattern, day, _)| matches(*pattern, *day));
        Mean::of(observations.map(|(_, _, observation)| error(observation)))
    }
}

/// The evaluated weights in thousandths of a month.
const WEIGHTS: [u16; 10] = [0, 20, 40, 60, 80, 100, 120, 150, 200, 300];

/// Returns the mean error on all days except the first, on which the weight has no effect.
fn mean_error(observations: &Observations, weight: u16) -> Mean {
    observations.mean(
        |_, day| day > 1,
        |observation| observation.error(observation.with_weight(weight)),
    )
}

/// Returns the tables in `docs/FORECAST.md`.
pub(crate) fn markdown() -> String {
    let observations = Observations::all();
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
            "day",
            "forecast",
            "naive",
            "previous month",
            "forecast by app",
            "naive by app",
        ],
    );
    for day in [
        1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28,
    ] {
        let mean = |error: &dyn Fn(&Observation) -> Option<f64>| {
            observations.mean(|_, d| d == day, error).percent()
        };
        let each = |weight| {
            move |observation: &Observation| {
                observation.error_of_apps(|app| {
                    Some(
                        Forecaster::weighted(observation.coverage, weight)?
                            .month_end(app[0], app[1]),
                    )
                })
            }
        };
        line(&[
            day.to_string(),
            mean(&|observation| observation.error(observation.with_weight(PREVIOUS_WEIGHT))),
            mean(&|observation| observation.error(observation.naive())),
            mean(&|observation| observation.error(Some(observation.sum(1)))),
            mean(&each(PREVIOUS_WEIGHT)),
            mean(&each(0)),
        ]);
    }
    line(&[]);
    head(
        &mut line,
        &[
            "company",
            "days 2–7: forecast",
            "naive",
            "previous month",
            "days 8–28: forecast",
            "naive",
            "previous month",
        ],
    );
    for (pattern, label) in PATTERNS {
        let mut cells = vec![label.to_owned()];
        for days in [2..8, 8..29] {
            let mean = |error: &dyn Fn(&Observation) -> Option<f64>| {
                observations
                    .mean(|l, day| l == pattern && days.contains(&day), error)
                    .percent()
            };
            cells.push(mean(&|observation| {
                observation.error(observation.with_weight(PREVIOUS_WEIGHT))
            }));
            cells.push(mean(&|observation| observation.error(observation.naive())));
            cells.push(mean(&|observation| {
                observation.error(Some(observation.sum(1)))
            }));
        }
        line(&cells);
    }
    line(&[]);
    head(
        &mut line,
        &[
            "variant",
            "day 2",
            "days 3–7",
            "days 3–7, review apps",
            "days 8–28",
        ],
    );
    let variants = WEIGHTS.map(|weight| {
        let chosen = if weight == PREVIOUS_WEIGHT {
            " (the forecast)"
        } else {
            ""
        };
        let variant = Box::new(move |observation: &Observation| observation.with_weight(weight))
            as Box<dyn Fn(&Observation) -> Option<Money>>;
        (
            format!("κ = {}{chosen}", f64::from(weight) / 1000.0),
            variant,
        )
    });
    let lifecycle_variants = [
        ("apps without cost to date have ended", (true, false)),
        ("new apps have κ = 0", (false, true)),
        ("both", (true, true)),
    ]
    .map(|(label, (ended, begun))| {
        let variant =
            Box::new(move |observation: &Observation| observation.by_app_lifecycle(ended, begun))
                as Box<dyn Fn(&Observation) -> Option<Money>>;
        (label.to_owned(), variant)
    });
    let unsquared_variants = [0.02, 0.05, 0.1].map(|weight| {
        let variant = Box::new(move |observation: &Observation| observation.unsquared(weight))
            as Box<dyn Fn(&Observation) -> Option<Money>>;
        (format!("unsquared weights, κ = {weight}"), variant)
    });
    let other_variants = unsquared_variants.into_iter().chain(lifecycle_variants);
    for (label, variant) in variants.into_iter().chain(other_variants) {
        let mean = |matches: fn(Pattern, usize) -> bool| {
            observations
                .mean(matches, |observation| {
                    observation.error(variant(observation))
                })
                .percent()
        };
        line(&[
            label,
            mean(|_, day| day == 2),
            mean(|_, day| (3..8).contains(&day)),
            mean(|pattern, day| pattern == Pattern::ReviewApps && (3..8).contains(&day)),
            mean(|_, day| day >= 8),
        ]);
    }
    text
}

#[test]
fn previous_month_weight_has_smallest_error() {
    let observations = Observations::all();
    let ours = mean_error(observations, PREVIOUS_WEIGHT).value();
    for weight in WEIGHTS {
        let other = mean_error(observations, weight).value();
        assert!(ours <= other, "weight {weight}: {other} < {ours}");
    }
}

#[test]
fn forecast_beats_naive_quotient_early_in_month() {
    let observations = Observations::all();
    for tested_day in DAYS.skip(1) {
        let mean = |forecast: fn(&Observation) -> Option<Money>| {
            observations
                .mean(
                    |_, day| day == tested_day,
                    |observation| observation.error(forecast(observation)),
                )
                .value()
        };
        let (ours, naive) = (
            mean(|observation| observation.with_weight(PREVIOUS_WEIGHT)),
            mean(Observation::naive),
        );
        let bound = match tested_day {
            2 => naive / 2.0,
            3 => naive * 0.8,
            _ => naive + 0.002,
        };
        assert!(
            ours <= bound,
            "day {tested_day}: {ours} > {bound}, naive: {naive}"
        );
    }
}
