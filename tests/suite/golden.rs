//! Golden files: the complete exposition of each scenario.
//!
//! `INSTA_UPDATE=always cargo test --test suite golden` updates them.

use crate::external_parsers;
use crate::scenario::{ALL, Scenario};

/// The accepted warnings of `promtool check metrics`. The names are those of legacy metrics, which
/// cannot change.
pub(crate) const ACCEPTED_WARNINGS: [&str; 2] = [
    "heroku_invoice_current_weighted_dyno_hours use base unit \"seconds\" instead of \"hours\"",
    "heroku_invoice_previous_weighted_dyno_hours use base unit \"seconds\" instead of \"hours\"",
];

/// Parts of the names of metrics whose values depend on the time, the machine or the build.
const VARIABLE: [&str; 10] = [
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

/// Name prefixes of team and token metadata, which is polled separately and may be missing.
const METADATA: [&str; 5] = [
    "heroku_team_info",
    "heroku_team_suspension_",
    "heroku_team_deletion_",
    "heroku_team_license_",
    "heroku_api_token_",
];

/// Removes the metadata from an exposition and masks the variable values.
fn normalized(text: &str) -> String {
    let is_metadata = |line: &&str| {
        let comment = line
            .strip_prefix("# HELP ")
            .or(line.strip_prefix("# TYPE "));
        let name = comment.unwrap_or(line);
        METADATA.iter().any(|prefix| name.starts_with(prefix))
    };
    let lines = text.lines().filter(|line| !is_metadata(line)).map(|line| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let is_variable = !line.starts_with('#') && VARIABLE.iter().any(|part| name.contains(part));
        match line.rsplit_once(' ') {
            Some((_, _)) if name == "heroku_cost_exporter_build_info" => {
                format!("{name}{{…}} 1\n")
            }
            Some((series, _)) if is_variable => format!("{series} …\n"),
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// Generates a test for each scenario.
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
                insta::assert_snapshot!(scenario.name, normalized(&text));
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
fn every_scenario_has_a_test() {
    let names: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
    assert_eq!(TESTED, names);
}
