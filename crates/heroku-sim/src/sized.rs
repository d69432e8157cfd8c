//! A made-up company of any size, for measurements: as many apps as asked for, two months of usage
//! and a year of invoices.
//!
//! Its figures are those of a number, the `version`: another version has the same apps with other
//! figures, so that nothing which depends on them can be kept. Names have the shape that Heroku
//! gives an app which nobody named, `peaceful-reaches-47689`, and figures the shape of Heroku's: a
//! thousandth of a dyno unit, a hundredth of a credit.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::believable::{Draws, Month};
use crate::company::{Company, Team};

const ADJECTIVES: [&str; 12] = [
    "peaceful", "radiant", "quiet", "polar", "nameless", "morning", "hidden", "gentle", "fierce",
    "damp", "ancient", "warm",
];

const NOUNS: [&str; 12] = [
    "reaches", "forest", "sierra", "lowlands", "cove", "tundra", "ridge", "meadow", "river",
    "mesa", "harbor", "plains",
];

/// The months of which a team has invoices, the current one included.
const INVOICES: i32 = 12;

impl Company {
    /// A company of `teams` teams with about `apps` apps in all, as many in each team, on a day. The
    /// same numbers and day give the same company; another `version` gives its apps other figures,
    /// each of them at least a little.
    #[must_use]
    pub fn of_size(teams: u32, apps: u32, version: u64, today: Date) -> Company {
        let draws = Draws::new(version);
        let current = Month::of(today);
        let team = |number: u32| {
            let months = [current.plus(-1), current];
            Team {
                id: format!("00000000-0000-4000-8000-{number:012}"),
                name: format!("team-{number:04}"),
                usage: months
                    .map(|month| usage(draws, number, apps / teams.max(1), month))
                    .into(),
                invoices: (1 - INVOICES..=0)
                    .map(|back| invoice(draws, number, current.plus(back), current))
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

/// The name of an app: unique within its team.
fn name(team: u32, app: u32) -> String {
    // A name stays whatever the version.
    let draws = Draws::new(u64::from(team));
    let one_of = |what: &str, words: [&'static str; 12]| {
        words[draws.below(&format!("{app}/{what}"), 12) as usize]
    };
    format!(
        "{}-{}-{app:05}",
        one_of("adjective", ADJECTIVES),
        one_of("noun", NOUNS)
    )
}

/// A month of a team (schema: `team-monthly-usage`). Sums are taken of whole thousandths and
/// hundredths.
fn usage(draws: Draws, team: u32, apps: u32, month: Month) -> Value {
    let (mut dynos, mut data, mut partner) = (0_u64, 0_u64, 0_u64);
    let rows = (1..=apps).map(|app| {
        let drawn = |what: &str, low, high| {
            let label = format!("{team}/{app}/{}/{what}", month.iso());
            u64::from(draws.between(&label, low, high))
        };
        let (of_dynos, of_data, of_partner) = (
            drawn("dynos", 1, 4_000),
            drawn("data", 0, 20_000),
            drawn("partner", 0, 9_000),
        );
        dynos += of_dynos;
        data += of_data;
        partner += of_partner;
        json!({
            "app_name": name(team, app),
            "dynos": parts(of_dynos, 1_000.0),
            "data": parts(of_data, 100.0),
            "partner": parts(of_partner, 100.0),
            "addons": parts(of_data + of_partner, 100.0),
        })
    });
    let rows: Vec<Value> = rows.collect();
    json!({
        "id": format!("00000000-0000-4000-8000-{team:012}"),
        "name": format!("team-{team:04}"),
        "month": month.iso(),
        "dynos": parts(dynos, 1_000.0),
        "data": parts(data, 100.0),
        "partner": parts(partner, 100.0),
        "addons": parts(data + partner, 100.0),
        "connect": draws.below(&format!("{team}/{}/connect", month.iso()), 1_000_000),
        "space": 0,
        "apps": rows,
    })
}

/// A count of parts as a number, an integer where it is one, as Heroku may write it.
fn parts(count: u64, of_one: f64) -> Value {
    let number = count as f64 / of_one;
    if number.fract() == 0.0 {
        json!(number as u64)
    } else {
        json!(number)
    }
}

/// A month's invoice (schema: `team-invoice`).
fn invoice(draws: Draws, team: u32, month: Month, current: Month) -> Value {
    let closed = month < current;
    let drawn = |what: &str, most| {
        // What is over stays as it is, whatever the version.
        let draws = if closed { Draws::new(0) } else { draws };
        draws.below(&format!("{team}/{}/{what}", month.iso()), most)
    };
    let (platform, database, addons) = (
        drawn("platform", 90_000_000),
        drawn("database", 40_000_000),
        drawn("addons", 20_000_000),
    );
    let charges = platform + database + addons;
    let dyno_units = platform as f64 / 2_500.0;
    json!({
        "id": format!("00000000-0000-4000-9000-{:06}{team:06}", month.year() * 100 + month.month()),
        "number": 9_000_000 + drawn("number", 900_000),
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

    use crate::Company;
    use jiff::civil::date;

    fn names(company: &Company) -> Vec<BTreeSet<&str>> {
        let rows = company.teams.iter().flat_map(|team| &team.usage);
        let names = rows.map(|row| {
            let apps = row["apps"].as_array().unwrap();
            let names: BTreeSet<_> = apps
                .iter()
                .map(|app| app["app_name"].as_str().unwrap())
                .collect();
            assert_eq!(names.len(), apps.len(), "a name stands twice");
            names
        });
        names.collect()
    }

    #[test]
    fn it_has_the_apps_asked_for_whatever_the_version_and_other_figures_in_another() {
        let today = date(2026, 11, 23);
        let [one, two] = [1, 2].map(|version| Company::of_size(2, 600, version, today));
        assert_eq!(one, Company::of_size(2, 600, 1, today));
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
