//! The generated parts of the documents are up to date.
//!
//! `UPDATE_DOCS=1 cargo test --test suite documents` regenerates them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use heroku_api::stats::Endpoint;
use heroku_cost_exporter::cli::reference;
use heroku_cost_exporter::config::file::{self, keys};
use heroku_cost_exporter::config::setting;
use heroku_cost_exporter::metrics::descriptors;

use crate::external_tools::env_var;

fn path(document: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(document)
}

fn read(document: &str) -> String {
    let text = std::fs::read_to_string(path(document));
    text.unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// Asserts that a document equals `expected`. With `UPDATE_DOCS` set, writes it first.
pub(crate) fn assert_document(document: &str, expected: &str) {
    if env_var("UPDATE_DOCS").is_some() {
        std::fs::write(path(document), expected).expect("the document is writable");
    }
    assert!(
        read(document) == expected,
        "{document} is out of date: run this test with UPDATE_DOCS=1"
    );
}

/// Asserts that a document has `expected` between its markers of `part`. With `UPDATE_DOCS` set,
/// writes it first.
pub(crate) fn assert_part(document: &str, part: &str, expected: &str) {
    // Serializes updates of several parts of the same document.
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
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
fn metric_reference_is_up_to_date() {
    let reference = reference::metrics();
    for metric in descriptors::all() {
        let row = format!("\n`{}` | ", metric.name);
        assert_eq!(reference.matches(&row).count(), 1, "{}", metric.name);
    }
    for endpoint in Endpoint::ALL {
        let name = format!("`{}`", endpoint.as_str());
        assert!(reference.contains(&name), "{name}");
    }
    assert_document("docs/METRICS.md", &reference);
}

/// README.md and the guides in `docs/`. The decision records and the changelog also name metrics
/// that were renamed.
#[test]
fn guides_name_only_existing_metrics() {
    let docs = std::fs::read_dir(path("docs")).expect("docs is readable");
    let docs = docs.map(|entry| entry.expect("docs is readable").path());
    let guides = docs.filter(|path| path.extension().is_some_and(|name| name == "md"));
    for guide in guides.chain([path("README.md")]) {
        let text = std::fs::read_to_string(&guide).expect("the document is readable");
        let code = text.split('`').skip(1).step_by(2);
        let words = code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
        for name in words.filter(|word| word.starts_with("heroku_") && !word.ends_with('_')) {
            let exists = descriptors::all().any(|metric| metric.name == name);
            assert!(exists, "{}: {name}", guide.display());
        }
    }
}

#[test]
fn fault_table_is_up_to_date() {
    assert_part("docs/RELIABILITY.md", "faults", &crate::faults::markdown());
}

#[test]
fn limits_are_up_to_date() {
    assert_part(
        "docs/RELIABILITY.md",
        "limits",
        &reference::polling_limits(),
    );
    assert_part("docs/WEB.md", "bounds", &reference::serving_bounds());
}

#[test]
fn failure_reasons_are_up_to_date() {
    assert_part("docs/RELIABILITY.md", "reasons", &reference::reasons());
}

#[test]
fn configuration_lists_every_setting_and_key() {
    assert_part("docs/CONFIGURATION.md", "settings", &reference::settings());
    let keys = reference::config_keys();
    assert_part("docs/CONFIGURATION.md", "config-file", &keys);
}

#[test]
fn example_configuration_is_up_to_date() {
    assert_document("docs/config.example.yml", &reference::config_example());
}

/// Collects the key paths of a document in the notation of the declarations. The keys of
/// `app_budget_usd` are app names, so they are not collected.
fn collect_paths(
    value: &serde_json::Value,
    path: &str,
    found: &mut std::collections::BTreeSet<String>,
) {
    if !path.is_empty() && !path.ends_with("[]") {
        found.insert(path.to_owned());
    }
    match value {
        serde_json::Value::Object(entries) if !path.ends_with("app_budget_usd") => {
            for (key, value) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                collect_paths(value, &format!("{path}{dot}{key}"), found);
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                collect_paths(item, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn example_configuration_is_valid_and_has_every_key() {
    let text = read("docs/config.example.yml");
    // The exporter uses another YAML parser.
    let document: serde_json::Value = serde_saphyr::from_str(&text).expect("the example is YAML");
    let mut found = std::collections::BTreeSet::new();
    collect_paths(&document, "", &mut found);
    let declared = keys::ALL.iter().map(|key| key.path.to_owned()).collect();
    assert_eq!(found, declared);
    let file = file::parse(&text).expect("the example is valid");
    assert_eq!(file.team_prices.len(), 1);
    assert_eq!(file.budgets.apps.len(), 2);
}

/// A setting has the same name as a flag and as a file key. Two flags have no key.
#[test]
fn keys_are_named_like_their_flags() {
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
fn storage_sizes_are_up_to_date() {
    assert_part(
        "docs/STORAGE.md",
        "storage-size",
        &crate::storage::size_table(),
    );
}

#[test]
fn forecast_errors_are_up_to_date() {
    assert_part("docs/FORECAST.md", "backtest", &crate::backtest::markdown());
}

/// Returns the code blocks of a document in a language, each with its line number.
pub(crate) fn code_blocks(document: &str, language: &str) -> Vec<(usize, String)> {
    let text = read(document);
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        match &mut open {
            None if trimmed == format!("```{language}") => open = Some((index + 1, String::new())),
            None => {}
            Some(_) if trimmed == "```" => blocks.extend(open.take()),
            Some((_, block)) => block.push_str(&format!("{line}\n")),
        }
    }
    blocks
}
