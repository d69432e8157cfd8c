//! The names, labels and values of the legacy metrics, on which existing dashboards depend.
//!
//! The table is written out here and independent of the metric descriptors.

use std::collections::{BTreeMap, BTreeSet};

use heroku_cost_exporter::metrics::descriptors;
use heroku_sim::Company;
use jiff::civil::Date;
use serde_json::Value;

use crate::exporter::ExporterBuilder;
use crate::scenario::Scenario;
use crate::scrape::{Scrape, Series};

/// The legacy metrics and their labels, as listed in the README of the Go program.
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

/// The suffixes of the invoice metrics and the fields of Heroku's invoices.
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

/// Asserts that a scrape has all legacy metrics as gauges with a HELP and exactly their labels.
fn assert_legacy_metrics(scrape: &Scrape, several_teams: bool) {
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
async fn one_team_has_exact_labels_and_values() {
    let scenario = Scenario::named("one_team");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    let scrape = Scrape::parse(&exporter.metrics().await).legacy();
    assert_legacy_metrics(&scrape, false);
    assert_eq!(
        scrape.samples,
        expected_samples(&scenario.company(), scenario.today)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_teams_add_team_name_to_invoices() {
    let scenario = Scenario::named("several_teams");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    assert_legacy_metrics(&Scrape::parse(&exporter.metrics().await), true);
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_has_exact_values_on_any_day() {
    for (seed, day) in [
        (1, "2026-11-23"),
        (2, "2027-03-31"),
        (3, "2028-02-29"),
        (4, "2026-12-31"),
    ] {
        let today: Date = day.parse().expect("a valid date");
        let company = Company::synthetic(seed, today);
        let seed = format!("--seed={seed}");
        let exporter = ExporterBuilder::new(&["demo", &seed, "--date", day])
            .start()
            .await;
        let expected = expected_samples(&company, today);
        let scrape = exporter
            .wait_for_scrape(day, |scrape| {
                scrape.legacy().samples.len() >= expected.len()
            })
            .await;
        assert_legacy_metrics(&scrape, true);
        assert_eq!(scrape.legacy().samples, expected, "{day}");
    }
}

#[test]
fn descriptors_declare_all_legacy_metrics() {
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

/// Returns the legacy samples of a company, as documented in the README of the Go program. Each
/// team must have both invoices and usage; the order of the invoices is arbitrary.
fn expected_samples(company: &Company, today: Date) -> BTreeMap<Series, String> {
    let several = company.teams.len() > 1;
    let current = today.strftime("%Y-%m").to_string();
    let previous = today
        .first_of_month()
        .yesterday()
        .expect("the previous day is in range")
        .strftime("%Y-%m")
        .to_string();
    let mut samples = BTreeMap::new();
    for team in &company.teams {
        let mut invoices: Vec<_> = team.invoices.iter().collect();
        invoices.sort_by_key(|invoice| std::cmp::Reverse(sortable(&invoice["period_start"])));
        for (period, invoice) in ["current", "previous"].iter().zip(invoices) {
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
                let amount = &invoice[field];
                let value = if name.ends_with("_usd") {
                    dollars(amount)
                } else {
                    plain(amount)
                };
                samples.insert(
                    series(format!("heroku_invoice_{period}_{name}"), labels),
                    value,
                );
            }
        }
        for (period, month) in [("current", &current), ("previous", &previous)] {
            let row = team.usage.iter().find(|row| text(&row["month"]) == *month);
            let Some(row) = row else { continue };
            let apps = row["apps"].as_array().expect("a list of apps").iter();
            let apps = apps.map(|app| (text(&app["app_name"]), app));
            for (app, amounts) in apps.chain([("_team_total".to_owned(), row)]) {
                let labels = [("team_name", text(&row["name"])), ("app_name", app)];
                let with = |more: &[(&'static str, &str)]| {
                    let more = more
                        .iter()
                        .map(|(label, value)| (*label, (*value).to_owned()));
                    labels.iter().cloned().chain(more).collect::<Vec<_>>()
                };
                for kind in ["data", "addons", "connect", "partner"] {
                    let labels = with(&[("type", kind), ("month", month)]);
                    let value = amounts.get(kind).map_or("0".to_owned(), plain);
                    samples.insert(
                        series(format!("heroku_team_usage_{period}_usd"), labels),
                        value,
                    );
                }
                let labels = with(&[("month", month)]);
                let name = format!("heroku_team_usage_{period}_dyno_units");
                samples.insert(series(name, labels), plain(&amounts["dynos"]));
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
    value.as_str().expect("a string").to_owned()
}

/// Converts a date of either format to text that sorts chronologically.
fn sortable(date: &Value) -> String {
    let date = text(date);
    match date.split('/').collect::<Vec<_>>()[..] {
        [month, day, year] => format!("{year}-{month}-{day}"),
        _ => date,
    }
}

/// Formats integer cents as dollars by moving the decimal point.
fn dollars(cents: &Value) -> String {
    let cents = cents.to_string();
    let (sign, digits) = cents
        .strip_prefix('-')
        .map_or(("", cents.as_str()), |digits| ("-", digits));
    let digits = format!("{digits:0>3}");
    let (whole, fraction) = digits.split_at(digits.len() - 2);
    format!("{sign}{}", trimmed(&format!("{whole}.{fraction}")))
}

/// Formats a number as in JSON, without trailing zeros of the fraction.
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
fn table_has_twenty_different_metrics() {
    let names: BTreeSet<_> = LEGACY_METRICS.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 20);
}
