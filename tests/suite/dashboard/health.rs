//! Panels of the exporter's health.

use super::panel::{Panel, areas, lines, stat, table};

const GOOD: (&str, &str) = ("yes", "green");

pub(crate) fn rows() -> Vec<(&'static str, Vec<Panel>)> {
    vec![("The exporter's own health", health())]
}

fn health() -> Vec<Panel> {
    vec![
        stat("Exporters", "short", "Exporters that are scraped.")
            .instant("exporters", "count(heroku_cost_exporter_build_info)")
            .thresholds(&[(None, "red"), (Some(1.0), "green")])
            .no_value("none is scraped"),
        stat("Endpoints that fail", "short", "Endpoints of Heroku whose last poll failed, without those that Heroku does not offer to the team.")
            .instant("fail", "count(
  max by (job, team_name, endpoint) (heroku_up) == 0
  unless on (job, team_name, endpoint) max by (job, team_name, endpoint) (heroku_cost_exporter_endpoint_available) == 0
) or vector(0)")
            .thresholds(&[(None, "green"), (Some(1.0), "red")]),
        stat("Oldest figures", "s", "How long ago Heroku last gave the figures of the endpoint that has waited longest, without those that it does not offer to the team.")
            .instant("age", "time() - min(
  max by (job, team_name, endpoint) (heroku_cost_exporter_last_poll_success_timestamp_seconds)
  unless on (job, team_name, endpoint) max by (job, team_name, endpoint) (heroku_cost_exporter_endpoint_available) == 0
)")
            .thresholds(&[(None, "green"), (Some(7200.0), "orange"), (Some(21_600.0), "red")])
            .no_value("no figures"),
        stat("Rate limit left", "short", "Requests that were left to the Heroku account of 4500 when Heroku last answered.")
            .instant("left", "min(heroku_api_rate_limit_remaining)")
            .thresholds(&[(None, "red"), (Some(450.0), "orange"), (Some(1500.0), "green")]),
        stat("Token expires in", "s", "How long the Heroku token is good for.")
            .instant("token", "min(heroku_api_token_expiry_timestamp_seconds) - time()")
            .thresholds(&[(None, "red"), (Some(259_200.0), "orange"), (Some(1_209_600.0), "green")])
            .no_value("not known to expire"),
        stat("Version", "none", "Which build of the exporter is scraped.")
            .instant("{{version}}", "count by (version) (heroku_cost_exporter_build_info)")
            .with_options(serde_json::json!({ "textMode": "name" }))
            .no_value("none is scraped"),
        table("Endpoints", "short", "What Heroku is asked for, whether the last poll succeeded, how old its figures are, when they last changed, and how many rows could not be understood.")
            .rows("max by (team_name, endpoint) (heroku_up)")
            .rows("max by (team_name, endpoint) (heroku_cost_exporter_endpoint_available)")
            .rows("time() - max by (team_name, endpoint) (heroku_cost_exporter_last_poll_success_timestamp_seconds > 0)")
            .rows("time() - max by (team_name, endpoint) (heroku_cost_exporter_last_poll_timestamp_seconds > 0)")
            .rows("time() - max by (team_name, endpoint) (heroku_cost_exporter_data_changed_timestamp_seconds > 0)")
            .rows("max by (team_name, endpoint) (heroku_cost_exporter_last_poll_duration_seconds)")
            .rows("max by (team_name, endpoint) (heroku_cost_exporter_skipped_rows)")
            .rows(r#"sum by (team_name, endpoint) (increase(heroku_cost_exporter_poll_failures_total[$__range]))"#)
            .columns(&[
                ("team_name", "Team"), ("endpoint", "Endpoint"), ("Value #A", "Answers"), ("Value #B", "Offered"), ("Value #C", "Age"),
                ("Value #D", "Asked ago"), ("Value #E", "Changed ago"), ("Value #F", "Took"), ("Value #G", "Rows left out"), ("Value #H", "Failures"),
            ])
            .column_text("Answers", GOOD, ("no", "red"))
            .column_text("Offered", GOOD, ("no", "text"))
            .column_unit("Age", "s")
            .column_unit("Asked ago", "s")
            .column_unit("Changed ago", "s")
            .column_unit("Took", "s")
            .column_colors("Rows left out", &[(None, "green"), (Some(1.0), "red")])
            .with_defaults(serde_json::json!({ "decimals": 0 }))
            .size(24, 10),
        areas("Failed polls by reason", "short", "Polls that failed, by reason. docs/RELIABILITY.md says what to do about each.")
            .range("{{reason}}", "sum by (reason) (increase(heroku_cost_exporter_poll_failures_total[$__rate_interval]))")
            .size(8, 8),
        areas("Requests to Heroku by status", "reqps", "Requests to Heroku by what it answered; `none` is no answer. Each page of a list is a request.")
            .range("{{code}}", "sum by (code) (rate(heroku_api_requests_total[$__rate_interval])) > 0")
            .size(8, 8),
        lines("Time of requests to Heroku", "s", "The time within which 95 of 100 requests to Heroku are answered.")
            .range("{{endpoint}}", "histogram_quantile(0.95, sum by (endpoint, le) (rate(heroku_api_request_duration_seconds_bucket[$__rate_interval]))) > 0")
            .size(8, 8),
        lines("Rate limit", "short", "Requests left to the Heroku account when Heroku last answered. It refills by 75 a minute up to 4500.")
            .range("left", "min(heroku_api_rate_limit_remaining)")
            .with_defaults(serde_json::json!({ "min": 0 }))
            .size(8, 8),
        areas("Requests to the exporter", "reqps", "What the exporter was asked for, scrapes above all, and how it answered.")
            .range("{{path}} {{code}}", "sum by (path, code) (rate(heroku_cost_exporter_http_requests_total[$__rate_interval])) > 0")
            .size(8, 8),
        lines("Apps that are added up", "short", "Apps without a row of their own because others are costlier (--apps.max).")
            .range("{{team_name}}", r#"max by (team_name) (heroku_cost_exporter_apps_rolled_up{team_name=~"$team"})"#)
            .size(8, 8),
        lines("Memory", "bytes", "Resident memory of the exporter.")
            .range("{{instance}}", "process_resident_memory_bytes and on (job, instance) heroku_cost_exporter_build_info")
            .with_defaults(serde_json::json!({ "min": 0 }))
            .size(8, 8),
        lines("Processor", "percentunit", "Share of one processor that the exporter uses.")
            .range("{{instance}}", "rate(process_cpu_seconds_total[$__rate_interval]) and on (job, instance) heroku_cost_exporter_build_info")
            .with_defaults(serde_json::json!({ "min": 0 }))
            .size(8, 8),
        lines("Open descriptors", "short", "Open file descriptors of the exporter.")
            .range("{{instance}}", "process_open_fds and on (job, instance) heroku_cost_exporter_build_info")
            .with_defaults(serde_json::json!({ "min": 0 }))
            .size(8, 8),
    ]
}
