//! What stands in two places is held together: the generated parts of the documents are what the declarations say.
//!
//! `UPDATE_DOCS=1 cargo test --test suite documents` writes them anew.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use heroku_cost_exporter::cli::reference;
use heroku_cost_exporter::config::file::{self, keys};
use heroku_cost_exporter::config::setting;

use crate::external_tools::env_var;

fn path(document: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(document)
}

fn read(document: &str) -> String {
    let text = std::fs::read_to_string(path(document));
    text.unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// Asserts that a document is `expected`, or makes it so.
pub(crate) fn assert_document(document: &str, expected: &str) {
    if env_var("UPDATE_DOCS").is_some() {
        std::fs::write(path(document), expected).expect("the document can be written");
    }
    assert!(
        read(document) == expected,
        "{document} is not what the code says: run this test with UPDATE_DOCS=1"
    );
}

/// Asserts that a document holds `expected` between its markers of `part`, or makes it so.
pub(crate) fn assert_part(document: &str, part: &str, expected: &str) {
    // Parts of one document are written one after the other, or one would write the other's away.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let text = read(document);
    let (begin, end) = (
        format!("<!-- {part}:begin -->\n"),
        format!("<!-- {part}:end -->"),
    );
    let (before, rest) = text
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{document} has no {begin:?}"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{document} has no {end:?}"));
    assert_document(document, &format!("{before}{begin}{expected}{end}{after}"));
}

#[test]
fn the_metric_reference_is_what_the_program_prints() {
    assert_document("docs/METRICS.md", &reference::metrics());
}

#[test]
fn the_readme_lists_every_metric() {
    assert_part("README.md", "metrics", &reference::metrics_table());
}

#[test]
fn the_fault_table_is_the_one_that_is_driven() {
    assert_part("docs/RELIABILITY.md", "faults", &crate::faults::markdown());
}

#[test]
fn the_limits_are_those_of_the_code() {
    assert_part(
        "docs/RELIABILITY.md",
        "limits",
        &reference::polling_limits(),
    );
    assert_part("docs/WEB.md", "bounds", &reference::serving_bounds());
}

#[test]
fn every_reason_is_explained() {
    assert_part("docs/RELIABILITY.md", "reasons", &reference::reasons());
}

/// One test, because both write the one document.
#[test]
fn the_configuration_lists_every_setting_and_every_key_of_the_file() {
    assert_part("docs/CONFIGURATION.md", "settings", &reference::settings());
    let keys = reference::config_keys();
    assert_part("docs/CONFIGURATION.md", "config-file", &keys);
}

#[test]
fn the_example_is_what_the_declarations_say() {
    assert_document("docs/config.example.yml", &reference::config_example());
}

/// Every path of a document as the declarations write it, once. What is below a key that holds
/// amounts by app is the reader's own.
fn paths(value: &serde_json::Value, path: &str, found: &mut std::collections::BTreeSet<String>) {
    if !path.is_empty() && !path.ends_with("[]") {
        found.insert(path.to_owned());
    }
    match value {
        serde_json::Value::Object(entries) if !path.ends_with("app_budget_usd") => {
            for (key, value) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                paths(value, &format!("{path}{dot}{key}"), found);
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                paths(item, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_example_has_every_key_and_is_taken() {
    let text = read("docs/config.example.yml");
    // Another reader's word on which keys there are.
    let document: serde_json::Value = serde_saphyr::from_str(&text).expect("it is YAML");
    let mut found = std::collections::BTreeSet::new();
    paths(&document, "", &mut found);
    let declared = keys::ALL.iter().map(|key| key.path.to_owned()).collect();
    assert_eq!(found, declared);
    let file = file::parse(&text).expect("it is taken");
    assert_eq!(file.team_prices.len(), 1);
    assert_eq!(file.budgets.apps.len(), 2);
}

/// A key that a flag has too is named as the flag is. Two flags have no key.
#[test]
fn keys_are_named_as_their_flags() {
    let paths: Vec<_> = keys::ALL.iter().map(|key| key.path).collect();
    for setting in setting::COSTS.settings {
        let path = setting.flag.replace('-', "_");
        assert!(
            paths.contains(&path.as_str())
                || ["config.file", "data.max_age"].contains(&path.as_str()),
            "{path}"
        );
    }
}

#[test]
fn the_forecast_s_errors_are_those_of_the_back_test() {
    assert_part("docs/FORECAST.md", "backtest", &crate::backtest::markdown());
}
