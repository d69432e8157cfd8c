//! Documentation that is generated from declarations in the code.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use crate::collector;
use crate::config::API_KEY_VARIABLE;
use crate::config::file::keys;
use crate::config::setting::{self, Arity, Group, Setting};
use crate::metrics::descriptors;
use crate::report::advice;
use crate::snapshot::FailureReason;
use expfmt::{MetricDescriptor, MetricType};
use exporter_toolkit::server::MAX_HEADERS;
use exporter_toolkit::{server, web_config};
use heroku_api::client;

/// A table of the metric reference.
struct MetricTable {
    title: &'static str,
    notes: &'static str,
    metrics: Vec<&'static MetricDescriptor>,
}

const METRICS_INTRODUCTION: &str = "# Metrics

Printed by `heroku-cost-exporter metrics`. The exporter polls Heroku, once an hour by default; a scrape never contacts \
Heroku. A value that Heroku does not report has no series. The exporter's own series exist from the first scrape. Metrics \
in tables without a type are gauges. Sources are resources and fields of Heroku's Platform API. \
[COSTS.md](COSTS.md) explains the amounts.
";

const COST_NOTES: &str = "The series of a metric do not overlap, so sums count nothing twice. A team's cost is \
`sum by (team_name, period) (heroku_team_cost_usd)`. `category=\"other\"` is the team's usage that no app and no other \
category includes, and can be negative. [FORECAST.md](FORECAST.md) describes the forecast.";

const RESOURCE_NOTES: &str = "What runs now, disabled by `--heroku.resources=false`. The last three metrics require \
`--metrics.resources`. [COSTS.md](COSTS.md#run-rate) describes the run rate.";

const INVOICE_NOTES: &str = "The invoice of the current month is open: its amounts grow and its end date can change. \
Heroku writes the last day or the day after it as the end. `state=\"unknown\"` is any other state than these.";

const EXPORTER_NOTES: &str = "Heroku updates usage about nightly, so a successful poll can return old data. An endpoint \
is not available if it has only ever returned 403, 404 or 410, as for teams without invoices. Alert on `heroku_up == 0 \
unless heroku_cost_exporter_endpoint_available == 0`.";

const LEGACY_NOTES: &str = "The metrics of the Go exporter, disabled by `--metrics.legacy=false`. Invoice metrics have \
`team_name` only with several teams. One add-on credit counts as one dollar. Do not sum over `type` or `app_name`: \
`addons` includes `data` and `partner`, and `_team_total` includes the apps. [COSTS.md](COSTS.md) lists replacements.";

/// Returns `docs/METRICS.md`.
pub fn metrics() -> String {
    let is_process = |metric: &&MetricDescriptor| metric.name.starts_with("process_");
    let (process, exporter) = descriptors::exporter::all().partition(is_process);
    let tables = [
        MetricTable {
            title: "Costs and usage",
            notes: COST_NOTES,
            metrics: descriptors::cost::all().collect(),
        },
        MetricTable {
            title: "Run rate",
            notes: RESOURCE_NOTES,
            metrics: descriptors::resources::all().collect(),
        },
        MetricTable {
            title: "Invoices",
            notes: INVOICE_NOTES,
            metrics: descriptors::invoice::all().collect(),
        },
        MetricTable {
            title: "Teams and token",
            notes: "Fetched once a day.",
            metrics: descriptors::team::all().collect(),
        },
        MetricTable {
            title: "Exporter",
            notes: EXPORTER_NOTES,
            metrics: exporter,
        },
        MetricTable {
            title: "Process",
            notes: "Linux only.",
            metrics: process,
        },
        MetricTable {
            title: "Legacy",
            notes: LEGACY_NOTES,
            metrics: descriptors::legacy::all().collect(),
        },
    ];
    let mut text = METRICS_INTRODUCTION.to_owned();
    for table in &tables {
        table.write(&mut text);
    }
    text.push_str("\n## Labels\n\nlabel | value\n---|---\n");
    let mut names = BTreeSet::new();
    let labels = tables.iter().flat_map(|table| &table.metrics);
    let labels = labels.flat_map(|metric| metric.labels);
    for label in labels.filter(|label| names.insert(label.name)) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "`{}` | {}", label.name, label.description);
    }
    text
}

impl MetricTable {
    /// Writes a section with the table. It has a column `type` if not all metrics are gauges.
    fn write(&self, text: &mut String) {
        let mut metrics = self.metrics.iter();
        let has_types = metrics.any(|metric| metric.metric_type != MetricType::Gauge);
        let if_typed = |text: &'static str| if has_types { text } else { "" };
        let _ = writeln!(
            text,
            "\n## {}\n\n{}\n\nmetric | {}labels | description | source\n---|{}---|---|---",
            self.title,
            self.notes,
            if_typed("type | "),
            if_typed("---|"),
        );
        for metric in &self.metrics {
            let _ = writeln!(
                text,
                "`{}` | {}{}{} | {} | {}",
                metric.name,
                if_typed(metric.metric_type.as_str()),
                if_typed(" | "),
                labels(metric),
                metric.help,
                metric.source,
            );
        }
    }
}

fn labels(metric: &MetricDescriptor) -> String {
    let names = metric.label_names(true);
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Returns the table of failure reasons in `docs/RELIABILITY.md`.
pub fn reasons() -> String {
    let mut text = "reason | what to do\n---|---\n".to_owned();
    for reason in FailureReason::ALL {
        let _ = writeln!(text, "`{}` | {}", reason.as_str(), advice(reason));
    }
    text
}

/// Returns the table of polling limits in `docs/RELIABILITY.md`.
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

/// Returns the table of server limits in `docs/WEB.md`.
pub fn serving_bounds() -> String {
    let limits = server::Limits::default();
    let seconds = |duration: Duration| format!("{} s", duration.as_secs_f64());
    format!(
        "what | limit | beyond it
---|---|---
TLS handshake | {} | closed
time of an HTTP/1 request head | {} | closed
idle connection | {} | closed
response, until it has been read | {} | closed
writes to a client without progress | {} | closed
size of a request head | {} KiB, {MAX_HEADERS} headers | 431, closed
request body | none | 413, closed
connections | {} | the longest idle one is closed
requests on an HTTP/2 connection | {} | new ones wait
requests, except health checks | `--web.max-requests` | 503
pending password comparisons | {}, {} at once | 503
graceful shutdown | {} | closed
",
        seconds(limits.handshake),
        seconds(limits.header_read_timeout),
        seconds(limits.idle),
        seconds(limits.write_timeout),
        seconds(limits.write_timeout),
        limits.head_bytes >> 10,
        limits.connections,
        limits.streams,
        web_config::MAX_PENDING_COMPARISONS,
        web_config::MAX_CONCURRENT_COMPARISONS,
        seconds(limits.shutdown),
    )
}

/// Returns the tables of settings in `docs/CONFIGURATION.md`.
pub fn settings() -> String {
    let mut text = format!(
        "flag | environment variable | default | description\n---|---|---|---\n\
         none | `{API_KEY_VARIABLE}` | required | Heroku API token\n"
    );
    for group in [
        &setting::HEROKU,
        &setting::STORAGE,
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

/// Returns the table of the configuration file's keys in `docs/CONFIGURATION.md`.
pub fn config_keys() -> String {
    let mut text = "key | description\n---|---\n".to_owned();
    for key in keys::ALL.iter().filter(|key| !key.example.is_empty()) {
        let _ = writeln!(text, "`{}` | {}", key.path, key.help);
    }
    text
}

/// Returns `docs/config.example.yml`, with all keys of the configuration file.
pub fn config_example() -> String {
    let mut text =
        "# All keys of the configuration file, with example values. Every key is optional.\n"
            .to_owned();
    let mut previous = "";
    for key in &keys::ALL {
        let parent = key.parent();
        let levels = key.path.split('.').count() - 1;
        let lists = parent.matches("[]").count();
        let mut indent = "  ".repeat(levels + lists);
        if levels == 0 {
            text.push('\n');
        }
        // The first key of a list item follows the dash.
        let is_first = parent
            .strip_suffix("[]")
            .is_some_and(|list| list == previous);
        if is_first {
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
        let dash = if is_first { "- " } else { "" };
        let _ = writeln!(
            text,
            "{}",
            format!("{indent}{dash}{}: {}", key.name(), key.example).trim_end()
        );
        previous = key.path;
    }
    text
}
