//! Synthetic companies are deterministic, continuous in time and consistent.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

use std::collections::{BTreeMap, BTreeSet};

use heroku_sim::{Company, Team};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::Value;

const TODAY: Date = date(2026, 8, 14);

fn number(row: &Value, field: &str) -> f64 {
    row[field].as_f64().unwrap()
}

/// Returns a number with up to three decimals in thousandths.
fn thousandths(row: &Value, field: &str) -> i64 {
    let scaled = number(row, field) * 1_000.0;
    assert!(
        (scaled - scaled.round()).abs() < 1e-6,
        "{field} has more than three decimals"
    );
    scaled.round() as i64
}

fn apps(row: &Value) -> &[Value] {
    row["apps"].as_array().unwrap()
}

/// Returns the `YYYY-MM` of an invoice's start in either date format.
fn month(invoice: &Value) -> String {
    let start = invoice["period_start"].as_str().unwrap();
    match start.split('/').collect::<Vec<_>>()[..] {
        [month, "01", year] => format!("{year}-{month}"),
        _ => start.strip_suffix("-01").unwrap().to_owned(),
    }
}

/// Checks the invariants of a company on any date.
fn check_company(company: &Company, today: Date) {
    check_accounts(company, today);
    assert_eq!(company.teams.len(), 3);
    let first = today.day() == 1;
    for team in &company.teams {
        assert_eq!(team.usage.len(), if first { 12 } else { 13 });
        assert_eq!(team.invoices.len(), 13);
        for row in &team.usage {
            assert_eq!(
                (row["id"].as_str(), row["name"].as_str()),
                (Some(team.id.as_str()), Some(team.name.as_str()))
            );
            for field in ["dynos", "data", "partner", "addons"] {
                assert_eq!(
                    apps(row)
                        .iter()
                        .map(|app| thousandths(app, field))
                        .sum::<i64>(),
                    thousandths(row, field),
                    "{field}"
                );
            }
            for figures in apps(row).iter().chain([row]) {
                assert_eq!(
                    thousandths(figures, "addons"),
                    thousandths(figures, "data") + thousandths(figures, "partner")
                );
            }
            let names: BTreeSet<_> = apps(row)
                .iter()
                .map(|app| app["app_name"].as_str())
                .collect();
            assert_eq!(names.len(), apps(row).len(), "duplicate app");
        }
        let usage: BTreeMap<_, _> = team
            .usage
            .iter()
            .map(|row| (row["month"].as_str().unwrap(), row))
            .collect();
        let open = format!("{:04}-{:02}", today.year(), today.month());
        for invoice in &team.invoices {
            assert!(invoice["dyno_units"].is_f64() && invoice["weighted_dyno_hours"].is_f64());
            let cents = |field: &str| invoice[field].as_i64().unwrap();
            assert_eq!(
                cents("platform_total") + cents("addons_total") + cents("database_total"),
                cents("charges_total")
            );
            assert_eq!(
                cents("charges_total") + cents("credits_total"),
                cents("total")
            );
            assert!(cents("credits_total") <= 0 && cents("total") >= 0);
            let month = month(invoice);
            let state = (cents("state"), invoice["payment_status"].as_str().unwrap());
            assert_eq!(
                state,
                if month == open {
                    (0, "Pending")
                } else {
                    (1, "Paid")
                }
            );
            let Some(row) = usage.get(month.as_str()) else {
                assert!(first && month == open && cents("charges_total") == 0);
                continue;
            };
            assert_eq!(
                thousandths(invoice, "dyno_units"),
                thousandths(row, "dynos")
            );
            assert_eq!(cents("database_total") * 10, thousandths(row, "data"));
            assert_eq!(cents("addons_total") * 10, thousandths(row, "partner"));
            let price = number(invoice, "platform_total") / number(invoice, "dyno_units");
            assert!((2_400.0..2_950.0).contains(&price), "{price} cents a unit");
        }
    }
}

/// Checks the invariants of enterprise and personal accounts.
fn check_accounts(company: &Company, today: Date) {
    let [account] = company.enterprise_accounts.as_slice() else {
        panic!("expected one enterprise account")
    };
    assert_eq!(account.usage, None, "usage is summed from teams");
    let members: Vec<_> = company
        .teams
        .iter()
        .filter(|team| team.enterprise_account.is_some())
        .collect();
    let [member] = members[..] else {
        panic!("expected one team of the account")
    };
    assert_eq!(member.enterprise_account.as_ref(), Some(&account.name));
    assert!(company.teams.iter().all(|team| team.delinquency.is_none()));
    for row in &member.usage {
        assert_eq!(row["private_space_credits"], row["space"]);
        assert_eq!(row["shield_space_credits"], 0);
    }

    let [addons, dynos, spaces] = member.licenses.as_deref().unwrap() else {
        panic!("expected three licences")
    };
    let open = format!("{:04}-{:02}", today.year(), today.month());
    let used = |field: &str| {
        let row = member.usage.iter().find(|row| row["month"] == open);
        row.map_or(0, |row| number(row, field).ceil() as i64)
    };
    for (license, field) in [(addons, "addons"), (dynos, "dynos"), (spaces, "space")] {
        assert_eq!(license["consumed"].as_i64(), Some(used(field)), "{field}");
        assert!(license["qty"].as_i64() > Some(0));
        let year = format!("{:04}", today.year());
        assert_eq!(license["start_date"], format!("{year}-01-01"));
        assert_eq!(license["end_date"], format!("{year}-12-31"));
    }

    assert_eq!(company.personal_invoices.len(), 13);
    for invoice in &company.personal_invoices {
        let cents = |field: &str| {
            assert!(invoice[field].is_f64(), "{field} is a float");
            number(invoice, field)
        };
        assert_eq!(
            cents("charges_total") + cents("credits_total"),
            cents("total")
        );
        assert!((0.0..=1_700.0).contains(&cents("total")));
        assert_eq!(
            invoice["state"].as_u64(),
            Some(u64::from(month(invoice) != open))
        );
    }
}

/// Returns the invoices and usage rows of closed months by team and month.
fn closed_rows(company: &Company) -> BTreeMap<(String, String), (Value, Value)> {
    let rows = |team: &Team| {
        let paid = team.invoices.iter().filter(|invoice| invoice["state"] == 1);
        let usage = |month: &str| {
            team.usage
                .iter()
                .find(|row| row["month"] == month)
                .unwrap()
                .clone()
        };
        let rows = paid.map(|invoice| {
            (
                (team.name.clone(), month(invoice)),
                (invoice.clone(), usage(&month(invoice))),
            )
        });
        rows.collect::<Vec<_>>()
    };
    company.teams.iter().flat_map(rows).collect()
}

#[test]
fn company_depends_only_on_seed_and_date() {
    let json = |seed, today| serde_json::to_string(&Company::synthetic(seed, today)).unwrap();
    assert_eq!(json(1, TODAY), json(1, TODAY));
    assert_ne!(json(1, TODAY), json(2, TODAY));
    assert_ne!(json(1, TODAY), json(1, TODAY.tomorrow().unwrap()));
}

#[test]
fn figures_are_stable_between_releases() {
    // Golden files depend on these figures.
    let company = Company::synthetic(1, TODAY);
    let dynos = company
        .teams
        .iter()
        .map(|team| (team.name.as_str(), team.usage[11]["dynos"].as_f64()));
    assert_eq!(
        dynos.collect::<Vec<_>>(),
        [
            ("tidewell-product", Some(80.104)),
            ("tidewell-data", Some(28.555)),
            ("tidewell-platform", Some(25.049)),
        ]
    );
}

#[test]
fn invariants_hold_over_several_years() {
    let mut today = date(2023, 12, 25);
    while today < date(2028, 3, 5) {
        check_company(&Company::synthetic(1, today), today);
        // Every day around the beginning of a month, and some days in between.
        today = if (5..25).contains(&today.day()) {
            today.saturating_add(6.days())
        } else {
            today.tomorrow().unwrap()
        };
    }
}

#[test]
fn company_is_continuous_in_time() {
    for (today, later) in [
        (date(2026, 8, 14), date(2026, 8, 15)),
        (date(2026, 8, 31), date(2026, 9, 1)),
        (date(2026, 9, 1), date(2026, 9, 2)),
        (date(2025, 12, 31), date(2026, 1, 1)),
        (date(2028, 2, 29), date(2028, 3, 31)),
    ] {
        let (before, after) = (Company::synthetic(7, today), Company::synthetic(7, later));
        let paid = before
            .personal_invoices
            .iter()
            .filter(|row| row["state"] == 1);
        let unchanged = paid.filter(|row| after.personal_invoices.contains(row));
        assert!(unchanged.count() >= 11, "closed personal invoices changed");
        let (before_rows, after_rows) = (closed_rows(&before), closed_rows(&after));
        let mut compared = 0;
        for (key, row) in &before_rows {
            if let Some(row_after) = after_rows.get(key) {
                assert_eq!(row, row_after, "{key:?}");
                compared += 1;
            }
        }
        assert!(compared >= 3 * 11, "{compared}");
        if today.month() == later.month() && today.day() > 1 {
            for (before, after) in before.teams.iter().zip(&after.teams) {
                let (before, after) = (before.usage.last().unwrap(), after.usage.last().unwrap());
                for field in ["dynos", "data", "partner", "connect", "space"] {
                    assert!(number(before, field) <= number(after, field), "{field}");
                }
                let names = |row| {
                    apps(row)
                        .iter()
                        .map(|app| app["app_name"].to_string())
                        .collect::<BTreeSet<_>>()
                };
                assert!(names(before).is_subset(&names(after)));
            }
        }
    }
}

#[test]
fn company_size_is_realistic() {
    for seed in 0..40 {
        let company = Company::synthetic(seed, TODAY);
        for index in 0..12 {
            let count: usize = company
                .teams
                .iter()
                .map(|team| apps(&team.usage[index]).len())
                .sum();
            assert!((30..=60).contains(&count), "{count} apps with seed {seed}");
            let total: i64 = company
                .teams
                .iter()
                .map(|team| team.invoices[index]["total"].as_i64().unwrap())
                .sum();
            assert!(
                (500_000..5_000_000).contains(&total),
                "{total} cents with seed {seed}"
            );
        }
    }
}

#[test]
fn company_has_ephemeral_apps_and_traffic_peak() {
    let company = Company::synthetic(1, TODAY);
    let [product, data, platform] = company.teams.as_slice() else {
        panic!("expected three teams")
    };
    let months_of = |team: &Team, name: &str| -> Vec<String> {
        let rows = team
            .usage
            .iter()
            .filter(|row| apps(row).iter().any(|app| app["app_name"] == name));
        rows.map(|row| row["month"].as_str().unwrap().to_owned())
            .collect()
    };
    let replaced = months_of(product, "orders-api-v8");
    assert_eq!(replaced.first().map(String::as_str), Some("2025-08"));
    assert!(replaced.len() < 13, "not deleted: {replaced:?}");
    assert!(months_of(product, "orders-api-v9").contains(&"2026-08".to_owned()));
    assert_eq!(
        months_of(product, "black-friday-2025"),
        ["2025-10", "2025-11", "2025-12"]
    );
    assert_eq!(months_of(product, "storefront-web-production").len(), 13);
    let shop: Vec<f64> = product
        .usage
        .iter()
        .map(|row| {
            number(
                apps(row)
                    .iter()
                    .find(|app| app["app_name"] == "storefront-web-production")
                    .unwrap(),
                "dynos",
            )
        })
        .collect();
    assert!(shop[3] > 1.3 * shop[2], "no peak in November: {shop:?}");
    let reviews: BTreeSet<&str> = product
        .usage
        .iter()
        .flat_map(apps)
        .filter_map(|app| app["app_name"].as_str())
        .filter(|name| name.contains("-pr-"))
        .collect();
    assert!(reviews.len() > 40, "{reviews:?}");
    assert!(
        data.usage
            .iter()
            .all(|row| row["connect"].as_u64().unwrap() > 100_000)
    );
    assert!(platform.usage.iter().all(|row| number(row, "space") > 0.0));
    let credits = company
        .teams
        .iter()
        .flat_map(|team| &team.invoices)
        .filter(|invoice| invoice["credits_total"].as_i64() < Some(0));
    assert!(credits.count() > 2);
}

#[test]
fn invoices_have_both_date_formats() {
    let company = Company::synthetic(1, TODAY);
    let ends = |team: usize, index: usize| {
        company.teams[team].invoices[index]["period_end"]
            .as_str()
            .unwrap()
    };
    assert_eq!((ends(0, 11), ends(0, 12)), ("07/31/2026", "08/31/2026"));
    assert_eq!((ends(1, 11), ends(1, 12)), ("2026-08-01", "2026-09-01"));
    assert_eq!((ends(2, 11), ends(2, 12)), ("2026-07-31", "2026-08-14"));
    assert_eq!(company.personal_invoices[12]["period_end"], "08/14/2026");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn invariants_hold_for_any_seed_and_date(seed: u64, year in 1970i16..2400, month in 1i8..=12, day in 1i8..=31) {
        let today = Date::new(year, month, 1).unwrap();
        let today = today.with().day(day.min(today.days_in_month())).build().unwrap();
        check_company(&Company::synthetic(seed, today), today);
    }
}

#[test]
fn extreme_dates_do_not_panic() {
    for today in [
        Date::MIN,
        Date::MAX,
        date(0, 1, 1),
        date(-1, 12, 31),
        date(9999, 12, 1),
    ] {
        let company = Company::synthetic(u64::MAX, today);
        let again = Company::from_json(&serde_json::to_string(&company).unwrap()).unwrap();
        assert_eq!(again, company);
    }
}
