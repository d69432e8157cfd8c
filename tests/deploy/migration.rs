//! Verifies the claims of `docs/MIGRATION.md`. `tests/suite` covers labels and values.

use heroku_cost_exporter::config::{API_KEY_VARIABLE, setting};
use heroku_cost_exporter::metrics::descriptors::legacy;

use crate::http_client::{eventually, get, status};
use crate::process::{ExporterProcess, command};
use crate::repository::read;
use crate::simulator;

/// Returns the environment variables of the documented `docker run`.
fn variables(document: &str) -> Vec<&str> {
    let lines = document.lines().map(str::trim);
    let variables = lines.filter_map(|line| line.strip_prefix("-e ")?.split('=').next());
    variables.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn environment_of_go_program_serves_legacy_metrics() {
    let document = read("docs/MIGRATION.md");
    let variables = variables(&document)
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    assert_eq!(variables, [API_KEY_VARIABLE, "HEROKU_TEAM_ID"]);
    let heroku = simulator::start().await;
    tokio::task::spawn_blocking(move || {
        let team = "tidewell-product";
        let mut command = command(&[]);
        command
            .env(&variables[0], heroku.token())
            .env(&variables[1], team)
            .env("PORT", "0")
            // The only difference: the API is simulated.
            .env("HEROKU_API_URL", heroku.url());
        let mut exporter = ExporterProcess::spawn(command);
        assert_eq!(status(&get(exporter.address, "/health")), "200");
        eventually("the exporter is ready", || {
            status(&get(exporter.address, "/-/ready")) == "200"
        });
        let metrics = get(exporter.address, "/metrics");
        assert_eq!(legacy::all().count(), 20);
        for metric in legacy::all() {
            assert!(metrics.contains(&format!("\n{}{{", metric.name)), "{}", metric.name);
        }
        let total = "\nheroku_team_usage_current_usd{team_name=\"tidewell-product\",app_name=\"_team_total\"";
        assert!(metrics.contains(total), "{metrics}");
        exporter.stop("TERM");
    })
    .await
    .unwrap();
}

#[test]
fn defaults_are_those_of_go_program() {
    let document = read("docs/MIGRATION.md");
    for (setting, default) in [(&setting::PORT, "8080"), (&setting::POLL_INTERVAL, "1h")] {
        assert_eq!(setting.default, Some(default));
        assert!(
            document.contains(&format!("{default} unless set")),
            "{default}"
        );
    }
    assert_eq!(setting::WEB_TELEMETRY_PATH.default, Some("/metrics"));
}

#[test]
fn differences_are_documented() {
    let document = read("docs/MIGRATION.md");
    let limit = setting::WEB_MAX_REQUESTS.default.unwrap();
    assert!(document.contains(&format!("More than {limit} requests at once get 503")));
    let output = command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "without settings");
    assert!(document.contains("ends the program with status 2"));
}
