//! The parts of the documents that are generated from declarations.

use std::fmt::Write;
use std::time::Duration;

use crate::collector;
use crate::config::API_KEY_VARIABLE;
use crate::config::file::keys;
use crate::config::setting::{self, Arity, Group, Setting};
use crate::metrics::descriptors;
use crate::report::advice;
use crate::snapshot::FailureReason;
use exporter_toolkit::server::MAX_HEADERS;
use exporter_toolkit::{server, web_config};
use heroku_api::client;

/// `docs/METRICS.md`.
pub fn metrics() -> String {
    let mut text = "# Metrics\n\n\
        Printed by `heroku-cost-exporter metrics`. Figures are polled from Heroku, at start and then once an hour \
        unless set otherwise; a scrape never asks Heroku. A figure that Heroku does not give is an absent series, \
        not a zero.\n"
        .to_owned();
    for metric in descriptors::all() {
        let (name, help, source) = (metric.name, metric.help, metric.source);
        let kind = metric.metric_type.as_str();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\n## `{name}`\n\n{help}\n\nKind: {kind}. Source: `{source}`."
        );
        if !metric.labels.is_empty() {
            text.push_str("\n| label | meaning |\n|---|---|\n");
        }
        for label in metric.labels {
            let when = if label.optional {
                " Only where more than one team is asked for."
            } else {
                ""
            };
            let _ = writeln!(text, "| `{}` | {}{when} |", label.name, label.description);
        }
    }
    text
}

/// The table of metrics in the README.
pub fn metrics_table() -> String {
    let mut text = "| metric | labels | what it is |\n|---|---|---|\n".to_owned();
    for metric in descriptors::all() {
        let labels = metric.label_names(false).map(|name| format!("`{name}`"));
        let labels = labels.collect::<Vec<_>>().join(", ");
        let help = metric.help.replace('|', r"\|");
        let _ = writeln!(text, "| `{}` | {labels} | {help} |", metric.name);
    }
    text
}

/// The table of reasons in `docs/RELIABILITY.md`.
pub fn reasons() -> String {
    let mut text = "reason | what to do\n---|---\n".to_owned();
    for reason in FailureReason::ALL {
        let _ = writeln!(text, "`{}` | {}", reason.as_str(), advice(reason));
    }
    text
}

/// The table of polling limits in `docs/RELIABILITY.md`.
pub fn polling_limits() -> String {
    let limits = client::Limits::within(Duration::MAX);
    format!(
        "limit | value
---|---
a poll, with all pages | `--heroku.timeout`
connecting to Heroku | {} seconds
a pause within a response | {} seconds
response size of a poll, decompressed | {} MiB
pages of a list | {}
concurrent polls | {}
rate-limit floor | {} requests
",
        limits.connect.as_secs(),
        limits.idle.as_secs(),
        limits.body >> 20,
        client::MAX_PAGES,
        collector::MAX_CONCURRENT_POLLS,
        collector::RATE_LIMIT_FLOOR,
    )
}

/// The table of server limits in `docs/WEB.md`.
pub fn serving_bounds() -> String {
    let limits = server::Limits::default();
    let seconds = |duration: Duration| format!("{} s", duration.as_secs_f64());
    format!(
        "what | limit | beyond it
---|---|---
TLS handshake | {} | closed
time of an HTTP/1 request head | {} | closed
idle connection | {} | closed
unread response | {} after the idle limit | closed
size of a request head | {} KiB, {MAX_HEADERS} headers | 431, closed
request body | none | 413, closed
connections | {} | new ones wait
requests on an HTTP/2 connection | {} | new ones wait
requests, except health checks | `--web.max-requests` | 503
pending password comparisons | {}, {} at once | 503
graceful shutdown | {} | closed
",
        seconds(limits.handshake),
        seconds(limits.header_read_timeout),
        seconds(limits.idle),
        seconds(limits.write_timeout),
        limits.head_bytes >> 10,
        limits.connections,
        limits.streams,
        web_config::MAX_PENDING_COMPARISONS,
        web_config::MAX_CONCURRENT_COMPARISONS,
        seconds(limits.shutdown),
    )
}

/// The tables of settings in `docs/CONFIGURATION.md`.
pub fn settings() -> String {
    let mut text = format!(
        "flag | environment variable | default | description\n---|---|---|---\n\
         none | `{API_KEY_VARIABLE}` | required | Heroku API token\n"
    );
    for group in [
        &setting::HEROKU,
        &setting::COSTS,
        &setting::SERVING,
        &setting::LOG,
    ] {
        rows(&mut text, group);
    }
    const HEADER: &str = "flag | default | description\n---|---|---\n";
    let _ = write!(text, "\nOnly for `report`:\n\n{HEADER}");
    rows(&mut text, &setting::REPORT);
    let _ = write!(text, "\nOnly for `demo` and `report --demo`:\n\n{HEADER}");
    rows(&mut text, &setting::DEMO);
    text
}

fn rows(text: &mut String, group: &Group) {
    for setting in group.settings {
        let Setting { flag, help, .. } = setting;
        let default = match (setting.default, *flag) {
            (Some(default), _) => format!("`{default}`"),
            (None, "heroku.team-id") => "required, or another scope".to_owned(),
            (None, _) => String::new(),
        };
        let value = match setting.arity {
            Arity::Switch => format!("[={}]", setting.value_name),
            Arity::One | Arity::Repeated => format!(" {}", setting.value_name),
        };
        let variable = setting.variable();
        let variable = variable.map_or(String::new(), |name| format!("`{name}` | "));
        let _ = writeln!(text, "`--{flag}{value}` | {variable}{default} | {help}");
    }
}

/// The table of the configuration file's keys in `docs/CONFIGURATION.md`.
pub fn config_keys() -> String {
    let mut text = "key | description\n---|---\n".to_owned();
    for key in keys::ALL.iter().filter(|key| !key.example.is_empty()) {
        let _ = writeln!(text, "`{}` | {}", key.path, key.help);
    }
    text
}

/// `docs/config.example.yml`, with all keys of the configuration file.
pub fn config_example() -> String {
    let mut text =
        "# All keys of the configuration file, with example values. Every key is optional.\n"
            .to_owned();
    let mut above = "";
    for key in &keys::ALL {
        let parent = key.parent();
        let levels = key.path.split('.').count() - 1;
        let lists = parent.matches("[]").count();
        let mut indent = "  ".repeat(levels + lists);
        if levels == 0 {
            text.push('\n');
        }
        // The first key of a list item follows the dash.
        let begins = parent.strip_suffix("[]").is_some_and(|list| list == above);
        if begins {
            indent.truncate(indent.len() - 2);
        }
        let _ = writeln!(text, "{indent}# {}.", key.help);
        if !key.example.is_empty() {
            let default = key.default;
            let default = default.map(|value| format!(" Default: {value}."));
            let _ = writeln!(
                text,
                "{indent}# Expected: {}.{}",
                key.expected,
                default.unwrap_or_default()
            );
        }
        let dash = if begins { "- " } else { "" };
        let _ = writeln!(
            text,
            "{}",
            format!("{indent}{dash}{}: {}", key.name(), key.example).trim_end()
        );
        above = key.path;
    }
    text
}
