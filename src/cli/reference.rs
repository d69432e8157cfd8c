//! The references that stand in the documents, generated from the declarations.

use std::fmt::Write;

use crate::catalogue::{self, Metric, Presence};
use crate::config::API_KEY_VARIABLE;
use crate::config::file::keys::{self, Key};
use crate::config::setting::{self, Setting, Takes};
use crate::domain::reason::Reason;

/// `docs/METRICS.md`.
pub fn metrics() -> String {
    let mut text = "# Metrics\n\n\
        Printed by `heroku-cost-exporter metrics`. Figures are polled from Heroku, at start and then once an hour \
        unless set otherwise; a scrape never asks Heroku. A figure that Heroku does not give is an absent series, \
        not a zero.\n"
        .to_owned();
    for metric in catalogue::all() {
        describe(&mut text, metric);
    }
    text
}

fn describe(text: &mut String, metric: &Metric) {
    let Metric {
        name,
        kind,
        help,
        source,
        ..
    } = metric;
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n## `{name}`\n\n{help}\n\nKind: {}. Source: `{source}`.\n",
        kind.word()
    );
    if !metric.labels.is_empty() {
        text.push_str("\n| label | meaning |\n|---|---|\n");
    }
    for label in metric.labels {
        let when = match label.presence {
            Presence::Always => "",
            Presence::SeveralTeams => " Only where more than one team is asked for.",
        };
        let _ = writeln!(text, "| `{}` | {}{when} |", label.name, label.meaning);
    }
}

/// The table of metrics in the README.
pub fn metrics_table() -> String {
    let mut text = "| metric | labels | what it is |\n|---|---|---|\n".to_owned();
    for metric in catalogue::all() {
        let labels: Vec<_> = metric
            .label_names(false)
            .map(|name| format!("`{name}`"))
            .collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            metric.name,
            labels.join(", "),
            metric.help
        );
    }
    text
}

/// The table of reasons in `docs/RELIABILITY.md`.
pub fn reasons() -> String {
    let mut text = "| reason | what to do |\n|---|---|\n".to_owned();
    for reason in Reason::ALL {
        let _ = writeln!(text, "| `{}` | {} |", reason.word(), reason.advice());
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
