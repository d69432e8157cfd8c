//! The contract with the dashboards that people have: the seed's twenty metrics, name by name and label by label, and their values to the digit.
//!
//! The table is written out in full and shares nothing with the program's catalogue.

use std::collections::{BTreeMap, BTreeSet};

use heroku_cost_exporter::metrics::descriptors;
use heroku_sim::Company;
use jiff::civil::Date;
use serde_json::Value;

use crate::exporter::ExporterBuilder;
use crate::scenario::Scenario;
use crate::scrape::{Scrape, Series};

/// The seed's metrics and their labels, as its README lists them.
#[rustfmt::skip]
pub(crate) const LEGACY_METRICS: [(&str, &[&str]); 20] = [
    ("heroku_invoice_current_total_usd", &["payment_status", "state", "period_end"]),
    ("heroku_invoice_current_charges_total_usd", &["period_end"]),
    ("heroku_invoice_current_credits_total_usd", &["period_end"]),
    ("heroku_invoice_current_addons_total_usd", &["period_end"]),
    ("heroku_invoice_current_database_total_usd", &["period_end"]),
    ("heroku_invoice_current_platform_total_usd", &["period_end"]),
    ("heroku_invoice_current_dyno_units", &["period_end"]),
    ("heroku_invoice_current_weighted_dyno_hours", &["period_end"]),
    ("heroku_invoice_previous_total_usd", &["payment_status", "state", "period_end"]),
    ("heroku_invoice_previous_charges_total_usd", &["period_end"]),
    ("heroku_invoice_previous_credits_total_usd", &["period_end"]),
    ("heroku_invoice_previous_addons_total_usd", &["period_end"]),
    ("heroku_invoice_previous_database_total_usd", &["period_end"]),
    ("heroku_invoice_previous_platform_total_usd", &["period_end"]),
    ("heroku_invoice_previous_dyno_units", &["period_end"]),
    ("heroku_invoice_previous_weighted_dyno_hours", &["period_end"]),
    ("heroku_team_usage_current_usd", &["team_name", "app_name", "type", "month"]),
    ("heroku_team_usage_previous_usd", &["team_name", "app_name", "type", "month"]),
    ("heroku_team_usage_current_dyno_units", &["team_name", "app_name", "month"]),
    ("heroku_team_usage_previous_dyno_units", &["team_name", "app_name", "month"]),
];

/// Heroku's field for the end of an invoice metric's name.
const INVOICE_FIELDS: [(&str, &str); 8] = [
    ("total_usd", "total"),
    ("charges_total_usd", "charges_total"),
    ("credits_total_usd", "credits_total"),
    ("addons_total_usd", "addons_total"),
    ("database_total_usd", "database_total"),
    ("platform_total_usd", "platform_total"),
    ("dyno_units", "dyno_units"),
    ("weighted_dyno_hours", "weighted_dyno_hours"),
];

/// Asserts that a scrape has all twenty metrics, each a gauge with a HELP and with exactly its labels on every series.
fn assert_contract(scrape: &Scrape, several_teams: bool) {
    for (name, labels) in LEGACY_METRICS {
        let mut expected = labels.to_vec();
        if several_teams && name.starts_with("heroku_invoice_") {
            expected.insert(0, "team_name");
        }
        assert!(scrape.series(name).count() > 0, "{name} has no series");
        for (series, _) in scrape.series(name) {
            let labels: Vec<_> = series
                .labels
                .iter()
                .map(|(label, _)| label.as_str())
                .collect();
            assert_eq!(labels, expected, "{name}");
        }
        assert_eq!(
            scrape.types.get(name).map(String::as_str),
            Some("gauge"),
            "{name}"
        );
        assert!(
            scrape.help.get(name).is_some_and(|help| help.len() > 20),
            "{name} has no HELP"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_team_has_exactly_the_seed_s_labels_and_figures() {
    let scenario = Scenario::named("one_team");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    let scrape = Scrape::parse(&exporter.metrics().await).legacy();
    assert_contract(&scrape, false);
    assert_eq!(
        scrape.samples,
        expected(&scenario.company(), scenario.today)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_teams_gain_a_team_name_on_invoices_and_nothing_else() {
    let scenario = Scenario::named("several_teams");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    assert_contract(&Scrape::parse(&exporter.metrics().await), true);
}

/// The demo has everything that a synthetic company has; `--date` selects the day.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_what_its_company_was_billed_to_the_digit_on_any_day() {
    for (seed, day) in [
        (1, "2026-11-23"),
        (2, "2027-03-31"),
        (3, "2028-02-29"),
        (4, "2026-12-31"),
    ] {
        let today: Date = day.parse().expect("a date");
        let company = Company::synthetic(seed, today);
        let seed = format!("--seed={seed}");
        let exporter = ExporterBuilder::new(&["demo", &seed, "--date", day])
            .start()
            .await;
        let expected = expected(&company, today);
        let scrape = exporter
            .wait_for_scrape(day, |scrape| {
                scrape.legacy().samples.len() >= expected.len()
            })
            .await;
        assert_contract(&scrape, true);
        assert_eq!(scrape.legacy().samples, expected, "{day}");
    }
}

#[test]
fn the_catalogue_declares_the_twenty_and_their_labels() {
    let declared: BTreeMap<_, Vec<_>> = descriptors::all()
        .map(|metric| (metric.name, metric.label_names(false).collect()))
        .collect();
    for (name, labels) in LEGACY_METRICS {
        assert_eq!(
            declared.get(name).map(Vec::as_slice),
            Some(labels),
            "{name}"
        );
    }
}

/// What the seed's README says that a company's bills look like, for teams that have everything and whose invoices stand in any order.
fn expected(company: &Company, today: Date) -> BTreeMap<Series, String> {
    let several = company.teams.len() > 1;
    let month = today.strftime("%Y-%m").to_string();
    let previous = today
        .first_of_month()
        .yesterday()
        .expect("a day before")
        .strftime("%Y-%m")
        .to_string();
    let mut samples = BTreeMap::new();
    for team in &company.teams {
        let mut invoices: Vec<_> = team.invoices.iter().collect();
        invoices.sort_by_key(|invoice| std::cmp::Reverse(sortable(&invoice["period_start"])));
        for (which, invoice) in ["current", "previous"].iter().zip(invoices) {
            for (name, field) in INVOICE_FIELDS {
                let mut labels = Vec::new();
                if several {
                    labels.push(("team_name", text(&team.usage[0]["name"])));
                }
                if field == "total" {
                    labels.push(("payment_status", text(&invoice["payment_status"])));
                    labels.push(("state", invoice["state"].to_string()));
                }
                labels.push(("period_end", text(&invoice["period_end"])));
                let figure = &invoice[field];
                let value = if name.ends_with("_usd") {
                    dollars(figure)
                } else {
                    plain(figure)
                };
                samples.insert(
                    series(format!("heroku_invoice_{which}_{name}"), labels),
                    value,
                );
            }
        }
        for (which, month) in [("current", &month), ("previous", &previous)] {
            let row = team.usage.iter().find(|row| text(&row["month"]) == *month);
            let Some(row) = row else { continue };
            let apps = row["apps"].as_array().expect("a list of apps").iter();
            let apps = apps.map(|app| (text(&app["app_name"]), app));
            for (app, figures) in apps.chain([("_team_total".to_owned(), row)]) {
                let labels = [("team_name", text(&row["name"])), ("app_name", app)];
                let with = |more: &[(&'static str, &str)]| {
                    let more = more
                        .iter()
                        .map(|(label, value)| (*label, (*value).to_owned()));
                    labels.iter().cloned().chain(more).collect::<Vec<_>>()
                };
                for kind in ["data", "addons", "connect", "partner"] {
                    let labels = with(&[("type", kind), ("month", month)]);
                    let value = figures.get(kind).map_or("0".to_owned(), plain);
                    samples.insert(
                        series(format!("heroku_team_usage_{which}_usd"), labels),
                        value,
                    );
                }
                let labels = with(&[("month", month)]);
                let name = format!("heroku_team_usage_{which}_dyno_units");
                samples.insert(series(name, labels), plain(&figures["dynos"]));
            }
        }
    }
    samples
}

fn series(name: String, labels: Vec<(&str, String)>) -> Series {
    let labels = labels
        .into_iter()
        .map(|(label, value)| (label.to_owned(), value));
    Series {
        name,
        labels: labels.collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A date of either form as a text that sorts by date.
fn sortable(date: &Value) -> String {
    let date = text(date);
    match date.split('/').collect::<Vec<_>>()[..] {
        [month, day, year] => format!("{year}-{month}-{day}"),
        _ => date,
    }
}

/// Integer cents as dollars, by moving the point and nothing else.
fn dollars(cents: &Value) -> String {
    let cents = cents.to_string();
    let (sign, digits) = cents
        .strip_prefix('-')
        .map_or(("", cents.as_str()), |digits| ("-", digits));
    let digits = format!("{digits:0>3}");
    let (whole, fraction) = digits.split_at(digits.len() - 2);
    format!("{sign}{}", trimmed(&format!("{whole}.{fraction}")))
}

/// A number as JSON writes it, without a fraction of zeros.
fn plain(number: &Value) -> String {
    trimmed(&number.to_string()).to_owned()
}

fn trimmed(decimal: &str) -> &str {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

#[test]
fn the_table_names_twenty_different_metrics() {
    let names: BTreeSet<_> = LEGACY_METRICS.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 20);
}
