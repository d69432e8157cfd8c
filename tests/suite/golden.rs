//! Golden scrapes: what the real binary shows of each scenario, character by character.
//!
//! A picture is renewed with `INSTA_UPDATE=always cargo test --test suite golden`, and then read.

use crate::external_parsers;
use crate::scenario::{ALL, Scenario};

/// What `promtool check metrics` may say of a golden scrape. These names are the seed's and part of the contract; Prometheus would have them in seconds.
pub(crate) const ACCEPTED_WARNINGS: [&str; 2] = [
    "heroku_invoice_current_weighted_dyno_hours use base unit \"seconds\" instead of \"hours\"",
    "heroku_invoice_previous_weighted_dyno_hours use base unit \"seconds\" instead of \"hours\"",
];

/// The parts of metrics' names whose values are of the moment, the machine or the build.
const MOMENTS: [&str; 10] = [
    "heroku_cost_exporter_last_",
    "heroku_cost_exporter_data_changed_",
    "_elapsed_ratio",
    "_duration_seconds",
    "_polls_total",
    "_poll_failures_total",
    "heroku_api_",
    "_build_info",
    "_http_requests_total",
    "process_",
];

/// The beginnings of the names of what comes beside the figures, in its own time.
const BESIDE: [&str; 5] = [
    "heroku_team_info",
    "heroku_team_suspension_",
    "heroku_team_deletion_",
    "heroku_team_license_",
    "heroku_api_token_",
];

/// A scrape's text without the values that no two runs share, and without what comes in its own time.
fn without_moments(text: &str) -> String {
    let is_beside = |line: &&str| {
        let comment = line
            .strip_prefix("# HELP ")
            .or(line.strip_prefix("# TYPE "));
        let name = comment.unwrap_or(line);
        BESIDE.iter().any(|beginning| name.starts_with(beginning))
    };
    let lines = text.lines().filter(|line| !is_beside(line)).map(|line| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let moment = !line.starts_with('#') && MOMENTS.iter().any(|part| name.contains(part));
        match line.rsplit_once(' ') {
            Some((_, _)) if name == "heroku_cost_exporter_build_info" => {
                format!("{name}{{…}} 1\n")
            }
            Some((series, _)) if moment => format!("{series} …\n"),
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// One test for each scenario, so that each runs and fails by itself.
macro_rules! golden {
    ($($name:ident),* $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];

        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let scenario = Scenario::named(stringify!($name));
                let Some((_heroku, exporter)) = scenario.start_exporter().await else { return };
                let text = exporter.metrics().await;
                external_parsers::promtool(scenario.name, &text);
                insta::assert_snapshot!(scenario.name, without_moments(&text));
            }
        )*
    };
}

golden!(
    one_team,
    several_teams,
    hostile_names,
    month_first_day,
    paged_invoices,
    nulls_and_missing_fields,
    usage_unavailable,
    invoices_unavailable,
    mixed_date_formats,
);

#[test]
fn every_scenario_is_tested() {
    let names: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
    assert_eq!(TESTED, names);
}
