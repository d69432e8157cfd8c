//! `docs/MIGRATION.md`: what it says is the same, is. Labels and figures are the suite's to hold.

use heroku_cost_exporter::config::{API_KEY_VARIABLE, setting};
use heroku_cost_exporter::metrics::descriptors::legacy;

use crate::files::read;
use crate::program::{Program, STOP_BOUND, command, eventually, get, status};
use crate::service::heroku;

/// The variables of the document's container line.
fn variables(document: &str) -> Vec<&str> {
    let lines = document.lines().map(str::trim);
    let variables = lines.filter_map(|line| line.strip_prefix("-e ")?.split('=').next());
    variables.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_program_s_start_line_and_variables_serve_its_metrics() {
    let document = read("docs/MIGRATION.md");
    let variables = variables(&document)
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    assert_eq!(variables, [API_KEY_VARIABLE, "HEROKU_TEAM_ID"]);
    let heroku = heroku().await;
    tokio::task::spawn_blocking(move || {
        let team = "tidewell-product";
        let mut command = command(&[]);
        command
            .env(&variables[0], heroku.token())
            .env(&variables[1], team)
            .env("PORT", "0")
            // The one thing that is not as it was: who is asked.
            .env("HEROKU_API_URL", heroku.url());
        let mut program = Program::spawn(command);
        assert_eq!(status(&get(program.address, "/health")), "200");
        eventually("every endpoint was asked", || {
            status(&get(program.address, "/-/ready")) == "200"
        });
        let metrics = get(program.address, "/metrics");
        assert_eq!(legacy::all().count(), 20);
        for metric in legacy::all() {
            assert!(metrics.contains(&format!("\n{}{{", metric.name)), "{}", metric.name);
        }
        let total = "\nheroku_team_usage_current_usd{team_name=\"tidewell-product\",app_name=\"_team_total\"";
        assert!(metrics.contains(total), "{metrics}");
        let (status, took) = program.stop("TERM");
        assert!(status.success() && took < STOP_BOUND, "{status} {took:?}");
    })
    .await
    .unwrap();
}

#[test]
fn the_defaults_are_the_go_program_s() {
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

/// What may differ after the move is what this program says of itself elsewhere too.
#[test]
fn the_differences_are_told() {
    let document = read("docs/MIGRATION.md");
    let most = setting::WEB_MAX_REQUESTS.default.unwrap();
    assert!(document.contains(&format!("More than {most} requests at once get 503")));
    let output = command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "no setting at all");
    assert!(document.contains("ends the program with status 2"));
}
