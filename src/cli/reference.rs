//! The references that stand in the documents, generated from the declarations.

use std::fmt::Write;
use std::time::Duration;

use crate::collector;
use crate::config::API_KEY_VARIABLE;
use crate::config::file::keys::{self, Key};
use crate::config::setting::{self, Setting, Takes};
use crate::metrics::descriptors;
use crate::snapshot::FailureReason;
use expfmt::MetricDescriptor;
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
        describe(&mut text, metric);
    }
    text
}

fn describe(text: &mut String, metric: &MetricDescriptor) {
    let MetricDescriptor {
        name,
        metric_type,
        help,
        source,
        ..
    } = metric;
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n## `{name}`\n\n{help}\n\nKind: {}. Source: `{source}`.\n",
        metric_type.as_str()
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

/// The table of metrics in the README.
pub fn metrics_table() -> String {
    let mut text = "| metric | labels | what it is |\n|---|---|---|\n".to_owned();
    for metric in descriptors::all() {
        let labels: Vec<_> = metric
            .label_names(false)
            .map(|name| format!("`{name}`"))
            .collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            metric.name,
            labels.join(", "),
            metric.help.replace('|', r"\|")
        );
    }
    text
}

/// The table of reasons in `docs/RELIABILITY.md`.
pub fn reasons() -> String {
    let mut text = "| reason | what to do |\n|---|---|\n".to_owned();
    for reason in FailureReason::ALL {
        let _ = writeln!(text, "| `{}` | {} |", reason.as_str(), reason.advice());
    }
    text
}

/// The table of what polling may take, in `docs/RELIABILITY.md`.
pub fn polling_limits() -> String {
    let limits = client::Limits::within(Duration::MAX);
    let seconds = |duration: Duration| format!("{} seconds", duration.as_secs());
    table(
        "| what | limit |\n|---|---|\n",
        [
            [
                "one poll of one endpoint, with all its pages".to_owned(),
                "`--heroku.timeout`; a body that drips is a failure by then".to_owned(),
            ],
            ["a connection to Heroku".to_owned(), seconds(limits.connect)],
            [
                "silence in the middle of an answer".to_owned(),
                seconds(limits.idle),
            ],
            [
                "an answer's size, decompressed, with all its pages".to_owned(),
                format!("{} MiB", limits.body >> 20),
            ],
            [
                "pages of one list".to_owned(),
                client::MAX_PAGES.to_string(),
            ],
            [
                "polls at once, over all teams".to_owned(),
                collector::CONCURRENCY.to_string(),
            ],
        ],
    )
}

/// The table of what a client may take, in `docs/WEB.md`.
pub fn serving_bounds() -> String {
    let limits = server::Limits::default();
    let seconds = |duration: Duration| format!("{} s", duration.as_secs_f64());
    let row = |what: &str, bound: String, then: &str| [what.to_owned(), bound, then.to_owned()];
    table(
        "| what | bound | then |\n|---|---|---|\n",
        [
            row("TLS handshake", seconds(limits.handshake), "closed"),
            row(
                "head of an HTTP/1 request, from its first byte",
                seconds(limits.header_read_timeout),
                "cut",
            ),
            row(
                "a connection on which nothing is asked",
                seconds(limits.idle),
                "closed",
            ),
            row(
                "an answer that is not taken",
                format!("{} after that", seconds(limits.write_timeout)),
                "cut",
            ),
            row(
                "head",
                format!("{} KiB, {MAX_HEADERS} lines", limits.head_bytes >> 10),
                "431, closed",
            ),
            row("body", "none".to_owned(), "413, closed"),
            row(
                "connections",
                limits.connections.to_string(),
                "further ones wait",
            ),
            row(
                "requests in flight on one HTTP/2 connection",
                limits.streams.to_string(),
                "further ones wait",
            ),
            row(
                "requests in flight, but for the probes",
                "`--web.max-requests`".to_owned(),
                "503",
            ),
            row(
                "passwords being compared",
                format!(
                    "{}, of which {} at once",
                    web_config::WAITING,
                    web_config::COMPARED_AT_ONCE
                ),
                "503; those that were right once do not wait",
            ),
            row("stopping", seconds(limits.shutdown), "what is left is cut"),
        ],
    )
}

fn table<const COLUMNS: usize>(
    head: &str,
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut text = head.to_owned();
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// The table of settings in `docs/CONFIGURATION.md`.
pub fn settings() -> String {
    let mut text =
        "| flag | environment | default | what it does |\n|---|---|---|---|\n".to_owned();
    let _ = writeln!(
        text,
        "| (none: it would stand in the process list) | `{API_KEY_VARIABLE}` | required | The Heroku API token |"
    );
    for setting in setting::HEROKU
        .into_iter()
        .chain(setting::COSTS)
        .chain(setting::SERVING)
        .chain(setting::LOG)
    {
        row(
            &mut text,
            setting,
            if std::ptr::eq(setting, &setting::HEROKU_TEAM_ID) {
                "required, or another scope"
            } else {
                ""
            },
        );
    }
    text.push_str("\nOf `report` alone:\n\n| flag | environment | default | what it does |\n|---|---|---|---|\n");
    for setting in setting::REPORT {
        row(&mut text, setting, "");
    }
    text.push_str("\nOf `demo` and `report --demo` alone:\n\n| flag | environment | default | what it does |\n|---|---|---|---|\n");
    for setting in setting::DEMO {
        row(&mut text, setting, "today, in UTC");
    }
    text
}

/// The table of the configuration file's keys in `docs/CONFIGURATION.md`.
pub fn config_keys() -> String {
    let mut text = "| key | what it does | what it has to be |\n|---|---|---|\n".to_owned();
    for key in &keys::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} |", key.path, key.help, key.right);
    }
    text
}

/// `docs/config.example.yml`: every key of the configuration file.
pub fn config_example() -> String {
    let mut text =
        "# Every key of the configuration file, each with a value that is not the default. \
                    All may be left out.\n"
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
        // The first key of a list's item has the dash.
        let begins = parent.strip_suffix("[]").is_some_and(|list| list == above);
        if begins {
            indent.truncate(indent.len() - 2);
        }
        for line in wrapped(&comment(key), 100 - indent.len()) {
            let _ = writeln!(text, "{indent}# {line}");
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

fn comment(key: &Key) -> String {
    let Key {
        help,
        right,
        default,
        example,
        ..
    } = key;
    let right = if example.is_empty() {
        String::new()
    } else {
        format!(": {right}")
    };
    let default = default
        .map(|default| format!("; {default} if it is left out"))
        .unwrap_or_default();
    format!("{help}{right}{default}.")
}

/// Breaks a text into lines of at most `width` characters, where its words allow it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn row(text: &mut String, setting: &Setting, without_default: &str) {
    let default = setting.default.map_or_else(
        || without_default.to_owned(),
        |default| format!("`{default}`"),
    );
    let value_name = setting.value_name.replace('|', "\\|");
    let value = match setting.takes {
        Takes::Switch => format!("[={value_name}]"),
        Takes::One | Takes::Several => format!(" {value_name}"),
    };
    let _ = writeln!(
        text,
        "| `--{}{value}` | `{}` | {default} | {} |",
        setting.flag,
        setting.variable(),
        setting.help
    );
}
