//! Made-up companies: what each of their apps cost on each day of a year.

use std::ops::Range;

use billing::month::Month;
use jiff::civil::Date;
use jiff::tz::Offset;

/// What happens to a company in its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Steady,
    Growing,
    Shrinking,
    Spiking,
    Turning,
    Buying,
    Reviewing,
    Resting,
}

pub(super) const LIVES: [(Life, &str); 8] = [
    (Life::Steady, "steady"),
    (Life::Growing, "growing by 3 to 15% a month"),
    (Life::Shrinking, "shrinking by 3 to 13% a month"),
    (
        Life::Spiking,
        "spikes: an app at 3 to 8 times its dynos for 1 to 4 days, about monthly",
    ),
    (
        Life::Turning,
        "apps start and stop mid-month, each about once a year",
    ),
    (Life::Buying, "add-ons change mid-month, about one a month"),
    (
        Life::Reviewing,
        "a third of the cost in two-week review apps",
    ),
    (Life::Resting, "20 to 50% of the dynos on weekends"),
];

/// The first month has none before it, and is not forecast.
pub(super) const MONTHS: usize = 13;

/// Numbers that look random and are the same everywhere (SplitMix64).
pub(super) struct Draws(pub(super) u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number in `range`.
    fn whole(&mut self, range: Range<usize>) -> usize {
        range.start
            + usize::try_from(self.next() % (range.len() as u64)).expect("it is less than a length")
    }

    /// A number from `low` to `high`.
    pub(super) fn number(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.number(0.0, 1.0) < probability
    }
}

/// What an app cost on the days of the year, in millionths of a dollar.
pub(super) struct App {
    /// Up to each day, and at the end up to the last.
    until: Vec<i128>,
}

impl App {
    fn new(days: impl Iterator<Item = i128>) -> Self {
        let mut until = vec![0];
        until.extend(days.scan(0, |sum, day| {
            *sum += day;
            Some(*sum)
        }));
        Self { until }
    }

    /// What it cost on all of these days.
    pub(super) fn cost(&self, days: Range<usize>) -> i128 {
        self.until[days.end] - self.until[days.start]
    }
}

pub(super) struct Year {
    pub(super) months: Vec<Month>,
    /// For each month, which days of the year it has.
    pub(super) days: Vec<Range<usize>>,
}

impl Year {
    pub(super) fn new() -> Self {
        let mut first: Date = "2025-10-01".parse().expect("a date");
        let mut year = Self {
            months: Vec::new(),
            days: Vec::new(),
        };
        let mut begun = 0;
        for _ in 0..MONTHS {
            let month = Month::of(first);
            let end = begun + usize::from(month.days());
            year.months.push(month);
            year.days.push(begun..end);
            begun = end;
            first = Offset::UTC.to_datetime(month.end()).date();
        }
        year
    }

    fn len(&self) -> usize {
        self.days.last().expect("there are months").end
    }

    /// The days of the month in which `day` is.
    fn month_length(&self, day: usize) -> f64 {
        let month = self.days.iter().find(|days| days.contains(&day));
        month.expect("a day of the year").len() as f64
    }
}

pub(super) fn company(life: Life, draws: &mut Draws, year: &Year) -> Vec<App> {
    let count = draws.whole(4..16);
    let rate = match life {
        Life::Growing => draws.number(1.03, 1.15),
        Life::Shrinking => 1.0 / draws.number(1.03, 1.15),
        _ => 1.0,
    };
    let mut apps: Vec<App> = (0..count).map(|_| app(life, rate, draws, year)).collect();
    if life == Life::Reviewing {
        let lasting: f64 = apps.iter().map(|app| app.cost(0..year.len()) as f64).sum();
        let mut reviewed = 0.0;
        while reviewed < lasting / 2.0 {
            let begins = draws.whole(0..year.len());
            let ends = (begins + draws.whole(7..22)).min(year.len());
            let a_day = lasting / year.len() as f64 * draws.number(0.01, 0.05);
            let days = (0..year.len()).map(|day| {
                if (begins..ends).contains(&day) {
                    a_day as i128
                } else {
                    0
                }
            });
            apps.push(App::new(days));
            reviewed += a_day * (ends - begins) as f64;
        }
    }
    apps
}

/// Dynos, with a little noise and fewer of them on week-ends, and add-ons, which do not change by themselves.
fn app(life: Life, rate: f64, draws: &mut Draws, year: &Year) -> App {
    let scale = 10_f64.powf(draws.number(1.0, 3.0));
    let mut addons = scale * draws.number(0.1, 0.9);
    let dynos = scale - addons;
    let weekend = if life == Life::Resting {
        draws.number(0.2, 0.5)
    } else if draws.happens(0.3) {
        draws.number(0.5, 1.0)
    } else {
        1.0
    };
    let (mut runs, mut spike, mut spike_ends) = (true, 1.0, 0);
    let days = (0..year.len()).map(|day| {
        match life {
            Life::Spiking if day >= spike_ends => {
                spike = 1.0;
                if draws.happens(1.0 / 240.0) {
                    spike = draws.number(3.0, 8.0);
                    spike_ends = day + draws.whole(1..5);
                }
            }
            Life::Turning if draws.happens(1.0 / 365.0) => runs = !runs,
            Life::Buying if draws.happens(1.0 / 270.0) => addons = scale * draws.number(0.0, 1.5),
            _ => {}
        }
        let grown = rate.powf(day as f64 / 30.4);
        let week = if day % 7 >= 5 { weekend } else { 1.0 };
        let a_month = grown * (addons + dynos * week * spike * draws.number(0.95, 1.05));
        let dollars = if runs {
            a_month / year.month_length(day)
        } else {
            0.0
        };
        (dollars * 1e6) as i128
    });
    App::new(days)
}
