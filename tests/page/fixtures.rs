//! Exporters whose page the tests open.

use heroku_sim::{Company, Simulator};
use serde_json::{Value, json};

use crate::exporter::{Exporter, ExporterBuilder};
use crate::external_tools;
use crate::scenario::{Scenario, TeamCounts, noon};
use crate::scrape::Scrape;

/// Returns names with markup, quotes, control characters, bidirectional overrides or excessive
/// length.
pub(crate) fn hostile_names() -> Vec<String> {
    let mut names: Vec<_> = [
        "<script>window.ran = 1</script>",
        "\"><img src=x onerror=\"window.ran = 1\">",
        "'><svg onload='window.ran = 1'>",
        "</style></title></textarea><script>window.ran = 1</script>",
        "<!--",
        "]]><b>bold</b>",
        "&lt;i&gt;&#60;i&#62;",
        "javascript:window.ran=1",
        "{{ 7 * 7 }}${7 * 7}",
        "a\u{202e}gnp.exe",
        "line\nbreak\ttab\u{0}zero",
        "   ",
        "👩‍👧 family",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(10_000));
    names.push("wide ".repeat(2_000));
    names
}

/// Returns a company with one team and these apps.
fn company(scenario: &Scenario, team_name: &str, apps: &[String]) -> Company {
    let mut company = scenario.company();
    company.teams.truncate(1);
    let team = &mut company.teams[0];
    team.name = team_name.to_owned();
    for month in &mut team.usage {
        month["name"] = team_name.into();
        let rows = apps.iter().enumerate().map(|(position, name)| {
            let amount = (apps.len() - position) as f64;
            json!({
                "app_name": name, "dynos": amount, "data": amount, "partner": 0.5, "addons": amount + 0.5,
            })
        });
        let rows: Vec<Value> = rows.collect();
        let sum = |key: &str| -> f64 { rows.iter().filter_map(|row| row[key].as_f64()).sum() };
        for key in ["dynos", "data", "partner", "addons"] {
            month[key] = sum(key).into();
        }
        month["apps"] = rows.into();
    }
    company
}

/// Starts an exporter of a team with these apps and waits for its data. Returns `None` if the clock
/// cannot be faked.
pub(crate) async fn with_apps(team_name: &str, apps: &[String]) -> Option<(Simulator, Exporter)> {
    let scenario = Scenario::named("one_team");
    let company = company(&scenario, team_name, apps);
    let ids = company.teams[0].id.clone();
    let heroku = Simulator::builder(company, scenario.today);
    let heroku = heroku.start().await.expect("loopback has a free port");
    let exporter = scenario.exporter_builder(&heroku, &ids)?.start().await;
    scenario.wait_for_data(&exporter).await;
    Some((heroku, exporter))
}

/// Starts the demo of a fixed day, with budgets.
pub(crate) async fn demo() -> Exporter {
    let budgets = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page/budgets.yml");
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23", "--config.file", budgets])
        .start()
        .await;
    let all = TeamCounts {
        invoices: 3,
        usage: 3,
    };
    let arrived = |scrape: &Scrape| TeamCounts::from_scrape(scrape) == all;
    exporter.wait_for_scrape("three teams", arrived).await;
    exporter
}

/// Starts an exporter with a token that Heroku rejects.
pub(crate) async fn with_rejected_token() -> Option<(Simulator, Exporter)> {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let library = external_tools::faketime_library()?;
    let exporter = ExporterBuilder::for_heroku(&heroku, &scenario.team_ids())
        .env("HEROKU_API_KEY", "HRKU-invalid")
        .with_clock_at(noon(scenario.today), library)
        .start()
        .await;
    let failed = |scrape: &Scrape| {
        let polls = scrape.series("heroku_cost_exporter_polls_total");
        polls.filter(|(_, polls)| *polls != "0").count() == 2
    };
    exporter.wait_for_scrape("two failures", failed).await;
    Some((heroku, exporter))
}
