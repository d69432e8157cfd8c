//! Apps with a limited lifetime: review apps, replaced versions, a seasonal app and load tests.
//!
//! Lifetimes depend on the calendar and not on the current date, so a company is continuous in
//! time.

use super::app_lifecycle::{App, Process, Schedule};
use super::calendar::Month;
use super::prices::*;
use super::seeded_rng::SeededRng;

/// The review apps of a repository, such as `storefront-pr-1832`.
#[derive(Debug)]
pub(crate) struct ReviewApps {
    pub(crate) repository: &'static str,
    pub(crate) min_per_month: u32,
    pub(crate) max_per_month: u32,
}

/// The recurring ephemeral apps of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum YearlyApps {
    None,
    /// An orders service whose old version is deleted each summer, and an app for Black Friday.
    Shop,
    /// A few days of load tests in each quarter.
    LoadTests,
}

const fn dynos(size: DynoSize, quantity: u64) -> Process {
    Process {
        size,
        quantity,
        schedule: Schedule::Steady,
    }
}

impl ReviewApps {
    /// Returns the review apps that exist on any day from `first` to `last`, inclusive.
    pub(crate) fn apps(&self, rng: SeededRng, first: Month, last: Month) -> Vec<App> {
        let mut apps = Vec::new();
        // An app that was created in the previous month may still exist.
        let mut month = first.plus(-1);
        while month <= last {
            let label = |suffix: &str| format!("{}/{}/{suffix}", self.repository, month.iso());
            for index in 0..rng.between(&label("opened"), self.min_per_month, self.max_per_month) {
                let label = |suffix: &str| label(&format!("{index}/{suffix}"));
                // Pull request numbers increase by 31 a month and start over after a century.
                let number = 200
                    + month.phase(1_200, 12 * 280) * 31
                    + index * 5
                    + rng.between(&label("number"), 0, 4);
                let created = month.day(rng.between(&label("born"), 1, month.days()));
                let deleted = created.plus(rng.between(&label("lived"), 1, 9));
                let name = format!("{}-pr-{number}", self.repository);
                apps.push(App::ephemeral(
                    name,
                    &[dynos(BASIC, 1)],
                    &[POSTGRES_ESSENTIAL_0, KEY_VALUE_MINI],
                    created,
                    deleted,
                ));
            }
            month = month.plus(1);
        }
        apps
    }
}

/// Returns the recurring apps that may exist from `first` to `last`, inclusive.
pub(crate) fn yearly_apps(rng: SeededRng, kind: YearlyApps, first: Month, last: Month) -> Vec<App> {
    let years = first.year()..=last.year() + 1;
    match kind {
        YearlyApps::None => Vec::new(),
        YearlyApps::Shop => years
            .flat_map(|year| [orders_api(rng, year), black_friday(year)])
            .collect(),
        YearlyApps::LoadTests => years
            .flat_map(|year| (1..=4).map(move |quarter| load_test(rng, year, quarter)))
            .collect(),
    }
}

/// Returns the version that is deleted in the summer of `year`, weeks after the creation of its
/// successor.
fn orders_api(rng: SeededRng, year: i32) -> App {
    let version = (year - 2018).rem_euclid(1_000);
    let name = format!("orders-api-v{version}");
    let deleted = Month::new(year, rng.between(&format!("{name}/ended"), 6, 7) as i32);
    let deleted = deleted.day(rng.between(&format!("{name}/day"), 4, 24));
    let addons = [POSTGRES_STANDARD_4, PAPERTRAIL_FORSTA, SENTRY_TEAM];
    App::ephemeral(
        name,
        &[dynos(STANDARD_2X, 4)],
        &addons,
        Month::new(year - 1, 5).day(6),
        deleted,
    )
}

fn black_friday(year: i32) -> App {
    let (created, deleted) = (Month::new(year, 10).day(24), Month::new(year, 12).day(4));
    App::ephemeral(
        format!("black-friday-{year}"),
        &[dynos(PERFORMANCE_M, 1)],
        &[KEY_VALUE_PREMIUM_0],
        created,
        deleted,
    )
}

fn load_test(rng: SeededRng, year: i32, quarter: i32) -> App {
    let name = format!("load-test-{year}-q{quarter}");
    let month = Month::new(year, quarter * 3 - 1);
    let created = month.day(rng.between(&format!("{name}/born"), 3, 18));
    let deleted = created.plus(rng.between(&format!("{name}/lived"), 3, 8));
    App::ephemeral(name, &[dynos(PERFORMANCE_L, 3)], &[], created, deleted)
}
