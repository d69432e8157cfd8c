//! The life of one app: when it lives, what runs on each of its days, and what a month of them
//! comes to.

use super::calendar::{Day, Month};
use super::draws::Draws;
use super::prices::{Addon, Maker, Size};

/// Months after which a growing app has been made efficient again, so that no company grows without
/// bound.
const GROWTH_CYCLE: u32 = 30;
/// The month of that cycle in which an app moves to the larger plan.
const OUTGROWN: u32 = 18;

/// Dynos of one process type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) size: Size,
    pub(crate) quantity: u64,
    pub(crate) rhythm: Rhythm,
}

/// When the dynos of a process type run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rhythm {
    /// Day and night.
    Steady,
    /// Day and night, and so many more in the busy hours.
    Scaled { extra: u64 },
    /// About so many hours a day.
    Scheduled { hours: u32 },
}

/// An app.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) name: String,
    processes: Vec<Process>,
    addons: Vec<Addon>,
    /// The first day, and the day after the last; both open for an app that is always there.
    born: Option<Day>,
    ended: Option<Day>,
    /// Whether it is in use: such an app grows, and now and then it is much busier for some days.
    in_use: bool,
}

/// What an app used in a month: thousandths of a dyno unit averaged over the month, and cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) dynos: u64,
    pub(crate) data: u64,
    pub(crate) partner: u64,
}

impl App {
    pub(crate) fn lasting(name: &str, processes: &[Process], addons: &[Addon]) -> App {
        let (processes, addons) = (processes.to_vec(), addons.to_vec());
        let in_use = !name.ends_with("-staging");
        App {
            name: name.to_owned(),
            processes,
            addons,
            born: None,
            ended: None,
            in_use,
        }
    }

    /// An app that lives from one day until the day before another.
    pub(crate) fn passing(
        name: String,
        processes: &[Process],
        addons: &[Addon],
        born: Day,
        ended: Day,
    ) -> App {
        let (processes, addons) = (processes.to_vec(), addons.to_vec());
        App {
            name,
            processes,
            addons,
            born: Some(born),
            ended: Some(ended),
            in_use: false,
        }
    }

    fn lives(&self, day: Day) -> bool {
        self.born.is_none_or(|born| born <= day) && self.ended.is_none_or(|ended| day < ended)
    }

    /// What the first `days` days of a month come to, or `None` if the app lived on none of them.
    pub(crate) fn figures(&self, draws: Draws, month: Month, days: u32) -> Option<Figures> {
        let lived: Vec<Day> = (1..=days)
            .map(|day| month.day(day))
            .filter(|day| self.lives(*day))
            .collect();
        if lived.is_empty() {
            return None;
        }
        let age = if self.in_use {
            month.phase(GROWTH_CYCLE, draws.below(&self.name, GROWTH_CYCLE.into()))
        } else {
            0
        };
        let busy = self.busy_days(draws, month);
        let mut milli_unit_hours = 0;
        for day in &lived {
            let times = busy
                .as_ref()
                .filter(|(days, _)| days.contains(&day.day))
                .map_or(1, |(_, times)| *times);
            milli_unit_hours += self.unit_hours(draws, *day, age) * times;
        }
        let cost = |maker| {
            let addons = self.addons.iter().filter(|addon| addon.maker == maker);
            let prices = addons.map(|addon| {
                if age < OUTGROWN {
                    addon.price
                } else {
                    addon.outgrown
                }
            });
            prices
                .map(|price| rounded(price * lived.len() as u64, month.days().into()))
                .sum()
        };
        let dynos = rounded(milli_unit_hours, 24 * u64::from(month.days()));
        Some(Figures {
            dynos,
            data: cost(Maker::Heroku),
            partner: cost(Maker::Partner),
        })
    }

    /// Thousandths of a unit times the hours that they ran on a day.
    fn unit_hours(&self, draws: Draws, day: Day, age: u32) -> u64 {
        let process = |(index, process): (usize, &Process)| {
            let label = || format!("{}/{index}/{}", self.name, day.iso());
            let steady = process.quantity * 24;
            let dyno_hours = match process.rhythm {
                Rhythm::Steady => steady,
                Rhythm::Scaled { extra } => {
                    // Busier on workdays; and one dyno more after a year of growth, another after
                    // two.
                    let (low, high) = if day.is_weekend() { (2, 6) } else { (7, 13) };
                    let hours = u64::from(draws.between(&label(), low, high));
                    steady
                        + u64::from(age / 12) * 24
                        + extra * hours * u64::from(100 + 2 * age) / 100
                }
                Rhythm::Scheduled { hours } => {
                    // An hour more or less, and slowly more as the tables grow.
                    u64::from(draws.between(&label(), hours - 1, hours + 1) + age / 15)
                }
            };
            process.size.0 * dyno_hours
        };
        self.processes.iter().enumerate().map(process).sum()
    }

    /// The days of a month on which the app is much busier than usual, and how many times. The
    /// shop's own are the last week of November; any app in use has some about every second year.
    fn busy_days(&self, draws: Draws, month: Month) -> Option<(std::ops::Range<u32>, u64)> {
        if !self.in_use {
            return None;
        }
        if month.month() == 11 && self.name.starts_with("storefront") {
            return Some((23..31, 3));
        }
        let label = |what: &str| format!("{}/{}/{what}", self.name, month.iso());
        let struck = draws.below(&label("busy"), 24) == 0;
        let from = draws.between(&label("from"), 2, 22);
        let length = draws.between(&label("length"), 2, 6);
        struck.then(|| {
            (
                from..from + length,
                u64::from(draws.between(&label("times"), 2, 4)),
            )
        })
    }
}

/// A quotient to the nearest whole number.
pub(crate) fn rounded(dividend: u64, divisor: u64) -> u64 {
    (dividend + divisor / 2) / divisor
}
