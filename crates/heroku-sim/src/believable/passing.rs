//! Apps that come and go: one for each pull request, a version that its successor replaces, a page
//! for a season, a load test.
//!
//! Each is tied to the calendar, so that it is found whichever day is asked for, and only those of
//! the months that are asked for are made.

use super::calendar::Month;
use super::draws::Draws;
use super::life::{App, Process, Rhythm};
use super::prices::*;

/// The review apps of a repository: `storefront-pr-1832`.
#[derive(Debug)]
pub(crate) struct ReviewApps {
    pub(crate) repository: &'static str,
    /// The fewest that are opened in a month.
    pub(crate) least: u32,
    /// The most.
    pub(crate) most: u32,
}

/// The apps of a team that come and go by the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stories {
    None,
    /// An orders service whose old version is switched off each summer, and a page for Black
    /// Friday.
    Shop,
    /// A few days of load testing in each quarter.
    LoadTests,
}

const fn runs(size: Size, quantity: u64) -> Process {
    Process {
        size,
        quantity,
        rhythm: Rhythm::Steady,
    }
}

impl ReviewApps {
    /// Those that live between two months, both included.
    pub(crate) fn between(&self, draws: Draws, first: Month, last: Month) -> Vec<App> {
        let mut apps = Vec::new();
        // One that was opened late in the month before may still be there.
        let mut month = first.plus(-1);
        while month <= last {
            let label = |what: &str| format!("{}/{}/{what}", self.repository, month.iso());
            for index in 0..draws.between(&label("opened"), self.least, self.most) {
                let label = |what: &str| label(&format!("{index}/{what}"));
                // Numbers rise with time: 31 a month, of which a review app is made of some. They
                // begin anew after a century.
                let number = 200
                    + month.phase(1_200, 12 * 280) * 31
                    + index * 5
                    + draws.between(&label("number"), 0, 4);
                let born = month.day(draws.between(&label("born"), 1, month.days()));
                let ended = born.plus(draws.between(&label("lived"), 1, 9));
                let name = format!("{}-pr-{number}", self.repository);
                apps.push(App::passing(
                    name,
                    &[runs(BASIC, 1)],
                    &[POSTGRES_ESSENTIAL_0, KEY_VALUE_MINI],
                    born,
                    ended,
                ));
            }
            month = month.plus(1);
        }
        apps
    }
}

/// The yearly apps that may live between two months.
pub(crate) fn stories(draws: Draws, stories: Stories, first: Month, last: Month) -> Vec<App> {
    let years = first.year()..=last.year() + 1;
    match stories {
        Stories::None => Vec::new(),
        Stories::Shop => years
            .flat_map(|year| [orders_api(draws, year), black_friday(year)])
            .collect(),
        Stories::LoadTests => years
            .flat_map(|year| (1..=4).map(move |quarter| load_test(draws, year, quarter)))
            .collect(),
    }
}

/// The version that is switched off in the summer of `year`; its successor has been running since
/// that spring.
fn orders_api(draws: Draws, year: i32) -> App {
    let version = (year - 2018).rem_euclid(1_000);
    let name = format!("orders-api-v{version}");
    let ended = Month::new(year, draws.between(&format!("{name}/ended"), 6, 7) as i32);
    let ended = ended.day(draws.between(&format!("{name}/day"), 4, 24));
    let addons = [POSTGRES_STANDARD_4, PAPERTRAIL_FORSTA, SENTRY_TEAM];
    App::passing(
        name,
        &[runs(STANDARD_2X, 4)],
        &addons,
        Month::new(year - 1, 5).day(6),
        ended,
    )
}

fn black_friday(year: i32) -> App {
    let (born, ended) = (Month::new(year, 10).day(24), Month::new(year, 12).day(4));
    App::passing(
        format!("black-friday-{year}"),
        &[runs(PERFORMANCE_M, 1)],
        &[KEY_VALUE_PREMIUM_0],
        born,
        ended,
    )
}

fn load_test(draws: Draws, year: i32, quarter: i32) -> App {
    let name = format!("load-test-{year}-q{quarter}");
    let month = Month::new(year, quarter * 3 - 1);
    let born = month.day(draws.between(&format!("{name}/born"), 3, 18));
    let ended = born.plus(draws.between(&format!("{name}/lived"), 3, 8));
    App::passing(name, &[runs(PERFORMANCE_L, 3)], &[], born, ended)
}
