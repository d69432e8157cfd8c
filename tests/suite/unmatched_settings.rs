//! Settings without effect: `check`, `report`, the page and the log name them, with the nearest name.

use heroku_sim::{Endpoint, Fault, Simulator, Times};
use serde_json::json;

use crate::exporter::{BINARY, ExporterBuilder};
use crate::exporter_log;
use crate::faults::one_team;
use crate::scrape::Scrape;

/// The settings that match nothing, as they are reported.
const UNMATCHED: [&str; 3] = [
    "Unknown team \"tidewell-prodcut\" in the configuration file: its prices and budgets have no effect (did you mean \"tidewell-product\"?)",
    "Unknown app \"storefront-web-prodution\" of tidewell-product in the configuration file: its budget has no effect (did you mean \"storefront-web-production\"?)",
    "The pattern \"nothing-[0-9]+\" matches no app: it has no effect",
];

/// Writes a configuration file whose first team is `team`, and returns its directory and path.
fn configuration(team: &str, app: &str, pattern: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("costs.yml");
    let settings = json!({
        "teams": [
            { "team": team, "budget_usd": 5 },
            { "team": "tidewell-product", "app_budget_usd": { app: 1, "storefront-web-production": 2 } },
        ],
        "apps": { "group": [{ "pattern": pattern, "name": "x" }], "group_review_apps": true },
    });
    std::fs::write(&file, settings.to_string()).expect("the directory is writable");
    let path = file.to_str().expect("the path is UTF-8").to_owned();
    (directory, path)
}

async fn run(heroku: &Simulator, arguments: &[&str], file: &str) -> (Option<i32>, String) {
    let output = tokio::process::Command::new(BINARY)
        .args(arguments)
        .env_clear()
        .env("HEROKU_API_URL", heroku.url())
        .env("HEROKU_API_KEY", heroku.token())
        .env("HEROKU_TEAM_ID", "tidewell-product")
        .env("CONFIG_FILE", file)
        .output()
        .await
        .expect("the exporter starts");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_unmatched_settings_everywhere() {
    let (heroku, _) = one_team().await;
    let (_directory, file) = configuration(
        "tidewell-prodcut",
        "storefront-web-prodution",
        "nothing-[0-9]+",
    );
    let (status, text) = run(&heroku, &["check"], &file).await;
    assert_eq!(status, Some(1), "{text}");
    for message in UNMATCHED {
        assert!(text.contains(message), "{message}\n{text}");
    }
    for format in ["table", "csv", "json"] {
        let (status, text) = run(&heroku, &["report", "--format", format], &file).await;
        assert_eq!(status, Some(0), "{text}");
        let text: Vec<_> = text.split_whitespace().collect();
        for message in UNMATCHED {
            assert!(text.join(" ").contains(message), "{message}\n{text:?}");
        }
    }
    let exporter =
        ExporterBuilder::for_heroku(&heroku, "tidewell-product").env("CONFIG_FILE", &file);
    let exporter = exporter.start().await;
    for message in UNMATCHED {
        let part = message.split('"').nth(1).expect("a name");
        exporter_log::wait_for_line(&exporter, &["level=warn", part]).await;
    }
    let page = exporter.get("/").await.text();
    assert_eq!(page.matches("A setting has no effect").count(), 3, "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_nothing_that_matches_or_is_unknown() {
    let (heroku, id) = one_team().await;
    let (_directory, file) = configuration(&id, "x", "accounts-.*");
    let (status, text) = run(&heroku, &["check"], &file).await;
    assert!(status == Some(0) && !text.contains("no effect"), "{text}");
    // An outage must not look like a typing error.
    let (_directory, file) = configuration(&id, "checkout-apo", "nothing");
    heroku.inject_fault(Endpoint::Usage, Fault::Status(503), Times::Always);
    let (status, text) = run(&heroku, &["check"], &file).await;
    assert!(status == Some(1) && !text.contains("no effect"), "{text}");
    let is_polled = |scrape: &Scrape| scrape.series("heroku_invoice_info").count() > 0;
    let exporter =
        ExporterBuilder::for_heroku(&heroku, "tidewell-product").env("CONFIG_FILE", &file);
    let exporter = exporter.start().await;
    exporter.wait_for_scrape("the invoices", is_polled).await;
    assert!(!exporter.log().contains("no effect"), "{}", exporter.log());
}
