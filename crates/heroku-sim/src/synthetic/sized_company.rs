//! A synthetic company of a given size for benchmarks, with a year of invoices.
//!
//! Each `version` has the same apps with different figures, so that a client cannot reuse earlier
//! results. App names have the format of Heroku's generated names, such as
//! `peaceful-reaches-47689`. Figures have Heroku's precision: a thousandth of a dyno unit, a
//! hundredth of a credit.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::calendar::Month;
use super::seeded_rng::SeededRng;
use super::usage::scaled;
use crate::company::{Company, Team};

const ADJECTIVES: [&str; 12] = [
    "peaceful", "radiant", "quiet", "polar", "nameless", "morning", "hidden", "gentle", "fierce",
    "damp", "ancient", "warm",
];

const NOUNS: [&str; 12] = [
    "reaches", "forest", "sierra", "lowlands", "cove", "tundra", "ridge", "meadow", "river",
    "mesa", "harbor", "plains",
];

/// The number of months with an invoice, including the current one.
const INVOICES: i32 = 12;

/// The size of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompanySize {
    /// The number of teams.
    pub teams: u32,
    /// The number of apps, which are divided equally among the teams.
    pub apps: u32,
    /// The number of months with usage, including the current one.
    pub months: u8,
}

impl Company {
    /// Returns a company of a size on a UTC date, for benchmarks.
    ///
    /// The same arguments always give the same company. Each `version` has the same apps with
    /// different figures.
    #[must_use]
    pub fn of_size(size: CompanySize, version: u64, today: Date) -> Company {
        let CompanySize {
            teams,
            apps,
            months,
        } = size;
        let rng = SeededRng::new(version);
        let current = Month::of(today);
        let team = |number: u32| {
            let months = (1 - i32::from(months)..=0).map(|back| current.plus(back));
            Team {
                id: format!("00000000-0000-4000-8000-{number:012}"),
                name: format!("team-{number:04}"),
                usage: months
                    .map(|month| usage_row(rng, number, apps / teams.max(1), month))
                    .collect(),
                invoices: (1 - INVOICES..=0)
                    .map(|back| invoice(rng, number, current.plus(back), current))
                    .collect(),
                ..Team::default()
            }
        };
        Company {
            teams: (1..=teams).map(team).collect(),
            ..Company::default()
        }
    }
}

/// Returns the name of an app, which is unique within its team and independent of the version.
fn app_name(team: u32, app: u32) -> String {
    let rng = SeededRng::new(u64::from(team));
    let pick = |label: &str, words: [&'static str; 12]| {
        words[rng.below(&format!("{app}/{label}"), 12) as usize]
    };
    format!(
        "{}-{}-{app:05}",
        pick("adjective", ADJECTIVES),
        pick("noun", NOUNS)
    )
}

/// Returns a team's usage of a month (schema: `team-monthly-usage`).
fn usage_row(rng: SeededRng, team: u32, apps: u32, month: Month) -> Value {
    let (mut dynos, mut data, mut partner) = (0_u64, 0_u64, 0_u64);
    let rows = (1..=apps).map(|app| {
        let random = |field: &str, low, high| {
            let label = format!("{team}/{app}/{}/{field}", month.iso());
            u64::from(rng.between(&label, low, high))
        };
        let (app_dynos, app_data, app_partner) = (
            random("dynos", 1, 4_000),
            random("data", 0, 20_000),
            random("partner", 0, 9_000),
        );
        dynos += app_dynos;
        data += app_data;
        partner += app_partner;
        json!({
            "app_name": app_name(team, app),
            "dynos": scaled(app_dynos, 1_000),
            "data": scaled(app_data, 100),
            "partner": scaled(app_partner, 100),
            "addons": scaled(app_data + app_partner, 100),
        })
    });
    let rows: Vec<Value> = rows.collect();
    json!({
        "id": format!("00000000-0000-4000-8000-{team:012}"),
        "name": format!("team-{team:04}"),
        "month": month.iso(),
        "dynos": scaled(dynos, 1_000),
        "data": scaled(data, 100),
        "partner": scaled(partner, 100),
        "addons": scaled(data + partner, 100),
        "connect": rng.below(&format!("{team}/{}/connect", month.iso()), 1_000_000),
        "space": 0,
        "apps": rows,
    })
}

/// Returns the invoice of a month (schema: `team-invoice`).
fn invoice(rng: SeededRng, team: u32, month: Month, current: Month) -> Value {
    let closed = month < current;
    let random = |field: &str, bound| {
        // Closed invoices do not depend on the version.
        let rng = if closed { SeededRng::new(0) } else { rng };
        rng.below(&format!("{team}/{}/{field}", month.iso()), bound)
    };
    let (platform, database, addons) = (
        random("platform", 90_000_000),
        random("database", 40_000_000),
        random("addons", 20_000_000),
    );
    let charges = platform + database + addons;
    let dyno_units = platform as f64 / 2_500.0;
    json!({
        "id": format!("00000000-0000-4000-9000-{:06}{team:06}", month.year() * 100 + month.month()),
        "number": 9_000_000 + random("number", 900_000),
        "period_start": month.day(1).iso(),
        "period_end": month.day(month.days()).iso(),
        "created_at": format!("{}T00:00:00Z", month.day(1).iso()),
        "updated_at": format!("{}T02:14:00Z", month.day(1).iso()),
        "payment_status": if closed { "Paid" } else { "Pending" },
        "state": u8::from(closed),
        "charges_total": charges,
        "credits_total": 0,
        "total": charges,
        "platform_total": platform,
        "database_total": database,
        "addons_total": addons,
        "dyno_units": dyno_units,
        "weighted_dyno_hours": dyno_units * 24.0 * f64::from(month.days()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::{Company, CompanySize};
    use jiff::civil::date;

    const SIZE: CompanySize = CompanySize {
        teams: 2,
        apps: 600,
        months: 2,
    };

    /// Returns the app names of each usage row.
    fn names(company: &Company) -> Vec<BTreeSet<&str>> {
        let rows = company.teams.iter().flat_map(|team| &team.usage);
        let names = rows.map(|row| {
            let apps = row["apps"].as_array().unwrap();
            let names: BTreeSet<_> = apps
                .iter()
                .map(|app| app["app_name"].as_str().unwrap())
                .collect();
            assert_eq!(names.len(), apps.len(), "duplicate app name");
            names
        });
        names.collect()
    }

    #[test]
    fn versions_have_same_apps_with_different_figures() {
        let today = date(2026, 11, 23);
        let [one, two] = [1, 2].map(|version| Company::of_size(SIZE, version, today));
        assert_eq!(one, Company::of_size(SIZE, 1, today));
        assert_eq!(names(&one), names(&two));
        assert_eq!(
            names(&one).iter().map(BTreeSet::len).sum::<usize>(),
            2 * 600
        );
        for (one, two) in one.teams.iter().zip(&two.teams) {
            assert_ne!(one.usage, two.usage);
            assert_ne!(one.invoices.last(), two.invoices.last());
            assert_eq!(one.invoices[..11], two.invoices[..11]);
        }
    }
}
