//! How far off the forecast is: a year of made-up companies, each day of which is forecast as the program would have.
//!
//! The companies are drawn from a fixed seed, so that the tables in `docs/FORECAST.md` are the same on every machine.

mod companies;

use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;

use billing::forecast::{Coverage, Forecaster, PREVIOUS_WEIGHT};
use billing::money::Money;
use jiff::tz::Offset;

use companies::{App, Draws, LIVES, Life, MONTHS, Year, company};

/// The companies of each life.
const COMPANIES: usize = 40;

/// The days of the month on which a forecast is judged: no month is shorter.
const DAYS: Range<usize> = 1..29;

fn money(micros: i128) -> Money {
    Money::from_micros_saturating(micros)
}

/// The share of a day that figures hold of the day on which they were renewed: the night before the renewal, which no date tells.
const NIGHT: Range<f64> = 0.0..0.25;

/// One month of a company, looked at on one of its days.
struct Look {
    covered: Coverage,
    /// For each app: this month to date, the month before, and this month at its end.
    apps: Vec<[Money; 3]>,
    /// The sums of these.
    team: [Money; 3],
}

impl Look {
    fn new(company: &[App], year: &Year, month: usize, day: usize, night: f64) -> Self {
        let [before, days] = [&year.days[month - 1], &year.days[month]];
        let past = days.start..days.start + day - 1;
        let at = year.months[month].first_day().at(2, 0, 0, 0);
        let at = Offset::UTC.to_timestamp(at).expect("a time");
        let nights = jiff::SignedDuration::from_hours(24 * (day as i64 - 1));
        let apps = company.iter().map(|app| {
            let [to_date, before, whole] = [&past, before, days].map(|days| app.cost(days.clone()));
            let begun = app.cost(past.end..past.end + 1) as f64 * night;
            [to_date + begun as i128, before, whole].map(money)
        });
        let apps: Vec<_> = apps.collect();
        Self {
            covered: Coverage::new(year.months[month], at + nights),
            team: [0, 1, 2].map(|which| apps.iter().map(|app| app[which]).sum()),
            apps,
        }
    }

    fn sum(&self, which: usize) -> Money {
        self.team[which]
    }

    /// How far off a forecast of the team is, as a share of what the month did cost.
    fn error(&self, forecast: Option<Money>) -> Option<f64> {
        let actual = self.sum(2);
        let off = (forecast? - actual).micros().abs();
        (actual > Money::ZERO).then(|| off as f64 / actual.micros() as f64)
    }

    /// Of each app by itself: how far off all are together.
    fn error_of_apps(&self, forecast: impl Fn([Money; 3]) -> Option<Money>) -> Option<f64> {
        let off = self
            .apps
            .iter()
            .map(|app| Some((forecast(*app)? - app[2]).micros().abs()));
        let off: Option<i128> = off.sum();
        let actual = self.sum(2);
        let off = off?;
        (actual > Money::ZERO).then(|| off as f64 / actual.micros() as f64)
    }

    fn ours(&self, weight: u16) -> Option<Money> {
        Some(Forecaster::weighted(self.covered, weight)?.month_end(self.sum(0), self.sum(1)))
    }

    /// The month to date over the share of the month.
    fn naive(&self) -> Option<Money> {
        self.ours(0)
    }

    /// With the month's own rate counting s, not s², and the previous month's `weight`.
    fn by_share(&self, weight: f64) -> Option<Money> {
        let share = self.covered.ratio();
        let [to_date, before] = [0, 1].map(|which| self.sum(which).micros() as f64);
        let rest = (1.0 - share) * (to_date + weight * before) / (share + weight);
        Some(money((to_date + rest) as i128))
    }

    /// An app that cost something last month and nothing yet is taken to have ended, and one that
    /// cost nothing last month goes on as it began.
    fn by_presence(&self, ended: bool, begun: bool) -> Option<Money> {
        let forecast = |[to_date, before, _]: [Money; 3]| {
            let day_is_over = self.covered.ratio() > 0.0;
            if ended && day_is_over && to_date == Money::ZERO {
                return Some(Money::ZERO);
            }
            let weight = if begun && day_is_over && before == Money::ZERO {
                0
            } else {
                PREVIOUS_WEIGHT
            };
            Some(Forecaster::weighted(self.covered, weight)?.month_end(to_date, before))
        };
        self.apps.iter().map(|app| forecast(*app)).sum()
    }
}

/// A mean of what is known.
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

struct Looks(Vec<(Life, usize, Look)>);

impl Looks {
    /// Made once, for all tests of it.
    fn all() -> &'static Self {
        static ALL: OnceLock<Looks> = OnceLock::new();
        ALL.get_or_init(Self::new)
    }

    fn new() -> Self {
        let year = Year::new();
        let mut draws = Draws(20_261_124);
        let mut looks = Vec::new();
        for (life, _) in LIVES {
            for _ in 0..COMPANIES {
                let company = company(life, &mut draws, &year);
                let night = draws.number(NIGHT.start, NIGHT.end);
                for month in 1..MONTHS {
                    looks.extend(
                        DAYS.map(|day| (life, day, Look::new(&company, &year, month, day, night))),
                    );
                }
            }
        }
        Self(looks)
    }

    fn mean(
        &self,
        wanted: impl Fn(Life, usize) -> bool,
        error: impl Fn(&Look) -> Option<f64>,
    ) -> Mean {
        let looks = self.0.iter().filter(|(life, day, _)| wanted(*life, *day));
        Mean::of(looks.map(|(_, _, look)| error(look)))
    }
}

/// The weights that were tried, in thousandths of a month.
const WEIGHTS: [u16; 10] = [0, 20, 40, 60, 80, 100, 120, 150, 200, 300];

/// The error over all days but the first, on which the weight says nothing.
fn of_weight(looks: &Looks, weight: u16) -> Mean {
    looks.mean(|_, day| day > 1, |look| look.error(look.ours(weight)))
}

/// The tables of `docs/FORECAST.md`.
pub(crate) fn markdown() -> String {
    let looks = Looks::all();
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
        let mean =
            |error: &dyn Fn(&Look) -> Option<f64>| looks.mean(|_, d| d == day, error).percent();
        let each = |weight| {
            move |look: &Look| {
                look.error_of_apps(|app| {
                    Some(Forecaster::weighted(look.covered, weight)?.month_end(app[0], app[1]))
                })
            }
        };
        line(&[
            day.to_string(),
            mean(&|look| look.error(look.ours(PREVIOUS_WEIGHT))),
            mean(&|look| look.error(look.naive())),
            mean(&|look| look.error(Some(look.sum(1)))),
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
    for (life, words) in LIVES {
        let mut cells = vec![words.to_owned()];
        for days in [2..8, 8..29] {
            let mean = |error: &dyn Fn(&Look) -> Option<f64>| {
                looks
                    .mean(|l, day| l == life && days.contains(&day), error)
                    .percent()
            };
            cells.push(mean(&|look| look.error(look.ours(PREVIOUS_WEIGHT))));
            cells.push(mean(&|look| look.error(look.naive())));
            cells.push(mean(&|look| look.error(Some(look.sum(1)))));
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
    let ways = WEIGHTS.map(|weight| {
        let chosen = if weight == PREVIOUS_WEIGHT {
            " (the forecast)"
        } else {
            ""
        };
        let way =
            Box::new(move |look: &Look| look.ours(weight)) as Box<dyn Fn(&Look) -> Option<Money>>;
        (format!("κ = {}{chosen}", f64::from(weight) / 1000.0), way)
    });
    let by_presence = [
        ("apps without cost to date have ended", (true, false)),
        ("new apps have κ = 0", (false, true)),
        ("both", (true, true)),
    ]
    .map(|(words, (ended, begun))| {
        let way = Box::new(move |look: &Look| look.by_presence(ended, begun))
            as Box<dyn Fn(&Look) -> Option<Money>>;
        (words.to_owned(), way)
    });
    let by_share = [0.02, 0.05, 0.1].map(|weight| {
        let way = Box::new(move |look: &Look| look.by_share(weight))
            as Box<dyn Fn(&Look) -> Option<Money>>;
        (format!("unsquared weights, κ = {weight}"), way)
    });
    let others = by_share.into_iter().chain(by_presence);
    for (words, way) in ways.into_iter().chain(others) {
        let mean = |wanted: fn(Life, usize) -> bool| {
            looks.mean(wanted, |look| look.error(way(look))).percent()
        };
        line(&[
            words,
            mean(|_, day| day == 2),
            mean(|_, day| (3..8).contains(&day)),
            mean(|life, day| life == Life::Reviewing && (3..8).contains(&day)),
            mean(|_, day| day >= 8),
        ]);
    }
    text
}

#[test]
fn the_weight_of_the_previous_month_is_the_best_of_those_tried() {
    let looks = Looks::all();
    let ours = of_weight(looks, PREVIOUS_WEIGHT).value();
    for weight in WEIGHTS {
        let other = of_weight(looks, weight).value();
        assert!(ours <= other, "{weight} thousandths: {other}, not {ours}");
    }
}

#[test]
fn the_forecast_is_much_better_than_the_naive_quotient_at_first_and_no_worse_later() {
    let looks = Looks::all();
    for wanted in DAYS.skip(1) {
        let mean = |forecast: fn(&Look) -> Option<Money>| {
            looks
                .mean(|_, day| day == wanted, |look| look.error(forecast(look)))
                .value()
        };
        let (ours, naive) = (mean(|look| look.ours(PREVIOUS_WEIGHT)), mean(Look::naive));
        let bound = match wanted {
            2 => naive / 2.0,
            3 => naive * 0.8,
            _ => naive + 0.002,
        };
        assert!(ours <= bound, "day {wanted}: {ours}, not {naive}");
    }
}
