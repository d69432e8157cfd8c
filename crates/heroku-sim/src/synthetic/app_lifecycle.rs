//! An app's lifetime, its dynos and add-ons, and its usage of a month.

use super::calendar::{Day, Month};
use super::prices::{Addon, DynoSize, Plan, Provider};
use super::seeded_rng::SeededRng;

/// The number of months after which a growing app returns to its initial size, which bounds growth.
const GROWTH_CYCLE: u32 = 30;
/// The month of the growth cycle in which add-ons are upgraded to a larger plan.
const UPGRADE_MONTH: u32 = 18;

/// Dynos of one process type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) size: DynoSize,
    pub(crate) quantity: u64,
    pub(crate) schedule: Schedule,
}

/// When the dynos of a process type run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Schedule {
    /// Always.
    Steady,
    /// Always, and `extra` dynos in busy hours.
    Scaled { extra: u64 },
    /// About this number of hours per day.
    Scheduled { hours: u32 },
}

/// An app.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) name: String,
    processes: Vec<Process>,
    addons: Vec<Addon>,
    /// The day of creation; `None` if the app was created before all months.
    created: Option<Day>,
    /// The first day on which the app no longer exists.
    deleted: Option<Day>,
    /// Whether the app grows and has traffic peaks.
    has_traffic: bool,
}

/// An app's usage of a month: the average in thousandths of a dyno unit, and add-on costs in cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AppUsage {
    pub(crate) dynos: u64,
    pub(crate) data: u64,
    pub(crate) partner: u64,
}

impl App {
    pub(crate) fn long_running(name: &str, processes: &[Process], addons: &[Addon]) -> App {
        App {
            name: name.to_owned(),
            processes: processes.to_vec(),
            addons: addons.to_vec(),
            created: None,
            deleted: None,
            has_traffic: !name.ends_with("-staging"),
        }
    }

    /// Returns an app that exists from `created` until the day before `deleted`.
    pub(crate) fn ephemeral(
        name: String,
        processes: &[Process],
        addons: &[Addon],
        created: Day,
        deleted: Day,
    ) -> App {
        App {
            name,
            processes: processes.to_vec(),
            addons: addons.to_vec(),
            created: Some(created),
            deleted: Some(deleted),
            has_traffic: false,
        }
    }

    /// Returns the months since the app had its initial size.
    fn age(&self, rng: SeededRng, month: Month) -> u32 {
        if self.has_traffic {
            month.phase(GROWTH_CYCLE, rng.below(&self.name, GROWTH_CYCLE.into()))
        } else {
            0
        }
    }

    /// Returns the day of creation, which is before all months if it is unknown.
    pub(crate) fn created(&self) -> Option<Day> {
        self.created
    }

    /// Returns the add-ons of a month: provider and plan of each.
    pub(crate) fn addons(&self, rng: SeededRng, month: Month) -> Vec<(Provider, Plan)> {
        let age = self.age(rng, month);
        let addons = self.addons.iter();
        addons
            .map(|addon| (addon.provider, plan(addon, age)))
            .collect()
    }

    /// Returns the dynos of each process type at the start of a day. Those of Heroku Scheduler are in
    /// no formation.
    pub(crate) fn formation(&self, rng: SeededRng, day: Day) -> Vec<(DynoSize, u64)> {
        let age = self.age(rng, day.month);
        let peak = self.traffic_peak(rng, day.month);
        let factor = peak
            .filter(|(days, _)| days.contains(&day.day))
            .map_or(1, |(_, factor)| factor);
        let dynos = |process: &Process| match process.schedule {
            Schedule::Steady => process.quantity * factor,
            Schedule::Scaled { .. } => (process.quantity + u64::from(age / 12)) * factor,
            Schedule::Scheduled { .. } => 0,
        };
        let processes = self.processes.iter();
        processes
            .map(|process| (process.size, dynos(process)))
            .collect()
    }

    pub(crate) fn exists_on(&self, day: Day) -> bool {
        self.created.is_none_or(|created| created <= day)
            && self.deleted.is_none_or(|deleted| day < deleted)
    }

    /// Returns the usage of the first `days` days of a month, or `None` if the app existed on none
    /// of them.
    pub(crate) fn usage(&self, rng: SeededRng, month: Month, days: u32) -> Option<AppUsage> {
        let existing_days: Vec<Day> = (1..=days)
            .map(|day| month.day(day))
            .filter(|day| self.exists_on(*day))
            .collect();
        if existing_days.is_empty() {
            return None;
        }
        let age = self.age(rng, month);
        let peak = self.traffic_peak(rng, month);
        let mut milli_unit_hours = 0;
        for day in &existing_days {
            let factor = peak
                .as_ref()
                .filter(|(days, _)| days.contains(&day.day))
                .map_or(1, |(_, factor)| *factor);
            milli_unit_hours += self.unit_hours(rng, *day, age) * factor;
        }
        let cost = |provider| {
            let addons = self
                .addons
                .iter()
                .filter(|addon| addon.provider == provider);
            let days = existing_days.len() as u64;
            addons
                .map(|addon| div_round(plan(addon, age).price * days, month.days().into()))
                .sum()
        };
        let dynos = div_round(milli_unit_hours, 24 * u64::from(month.days()));
        Some(AppUsage {
            dynos,
            data: cost(Provider::Heroku),
            partner: cost(Provider::Partner),
        })
    }

    /// Returns the dyno unit hours of a day, in thousandths.
    fn unit_hours(&self, rng: SeededRng, day: Day, age: u32) -> u64 {
        let process = |(index, process): (usize, &Process)| {
            let label = || format!("{}/{index}/{}", self.name, day.iso());
            let steady = process.quantity * 24;
            let dyno_hours = match process.schedule {
                Schedule::Steady => steady,
                Schedule::Scaled { extra } => {
                    // More busy hours on workdays, and one more dyno after each year of growth.
                    let (low, high) = if day.is_weekend() { (2, 6) } else { (7, 13) };
                    let hours = u64::from(rng.between(&label(), low, high));
                    steady
                        + u64::from(age / 12) * 24
                        + extra * hours * u64::from(100 + 2 * age) / 100
                }
                Schedule::Scheduled { hours } => {
                    // Up to an hour more or less, and slow growth over the months.
                    u64::from(rng.between(&label(), hours - 1, hours + 1) + age / 15)
                }
            };
            process.size.milli_units * dyno_hours
        };
        self.processes.iter().enumerate().map(process).sum()
    }

    /// Returns the days and the factor of a traffic peak in a month. The storefront has a peak in
    /// the last week of November. Other apps with traffic have one about every second year.
    fn traffic_peak(&self, rng: SeededRng, month: Month) -> Option<(std::ops::Range<u32>, u64)> {
        if !self.has_traffic {
            return None;
        }
        if month.month() == 11 && self.name.starts_with("storefront") {
            return Some((23..31, 3));
        }
        let label = |suffix: &str| format!("{}/{}/{suffix}", self.name, month.iso());
        let has_peak = rng.below(&label("busy"), 24) == 0;
        let from = rng.between(&label("from"), 2, 22);
        let length = rng.between(&label("length"), 2, 6);
        has_peak.then(|| {
            (
                from..from + length,
                u64::from(rng.between(&label("times"), 2, 4)),
            )
        })
    }
}

/// Returns the plan of an add-on.
fn plan(addon: &Addon, age: u32) -> Plan {
    if age < UPGRADE_MONTH {
        addon.plan
    } else {
        addon.upgrade
    }
}

/// Returns a quotient rounded to the nearest integer.
pub(crate) fn div_round(dividend: u64, divisor: u64) -> u64 {
    (dividend + divisor / 2) / divisor
}
