//! The made-up rows have the fields and the types of Heroku's published hyper-schema (`GET
//! https://api.heroku.com/schema`), neither more nor less.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

use std::collections::BTreeSet;

use heroku_sim::Company;
use jiff::civil::date;
use serde_json::Value;

/// What the published schema says a field is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Number,
    Text,
    List,
}

use Kind::{Integer, List, Number, Text};

/// The schema's `team-invoice`, every property.
const INVOICE: [(&str, Kind); 16] = [
    ("addons_total", Integer),
    ("charges_total", Integer),
    ("created_at", Text),
    ("credits_total", Integer),
    ("database_total", Integer),
    ("dyno_units", Number),
    ("id", Text),
    ("number", Integer),
    ("payment_status", Text),
    ("period_end", Text),
    ("period_start", Text),
    ("platform_total", Integer),
    ("state", Integer),
    ("total", Integer),
    ("updated_at", Text),
    ("weighted_dyno_hours", Number),
];

/// The schema's `team-monthly-usage`, every property.
const USAGE: [(&str, Kind); 10] = [
    ("addons", Number),
    ("apps", List),
    ("connect", Number),
    ("data", Number),
    ("dynos", Number),
    ("id", Text),
    ("month", Text),
    ("name", Text),
    ("partner", Number),
    ("space", Number),
];

/// The schema's `team-monthly-usage.app_usage_monthly`, every property.
const APP: [(&str, Kind); 5] = [
    ("addons", Number),
    ("app_name", Text),
    ("data", Number),
    ("dynos", Number),
    ("partner", Number),
];

fn conforms(row: &Value, fields: &[(&str, Kind)]) {
    let keys: BTreeSet<&str> = row
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, fields.iter().map(|(name, _)| *name).collect());
    for (name, kind) in fields {
        let value = &row[name];
        let fits = match kind {
            Integer => value.is_i64() || value.is_u64(),
            Number => value.is_number(),
            Text => value.is_string(),
            List => value.is_array(),
        };
        assert!(fits, "{name} is {value}");
    }
}

#[test]
fn rows_have_the_fields_of_the_schema() {
    for today in [
        date(2026, 8, 14),
        date(2026, 9, 1),
        date(2026, 9, 2),
        date(2028, 2, 29),
    ] {
        for team in &Company::believable(1, today).teams {
            team.invoices
                .iter()
                .for_each(|invoice| conforms(invoice, &INVOICE));
            for row in &team.usage {
                conforms(row, &USAGE);
                row["apps"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .for_each(|app| conforms(app, &APP));
            }
        }
    }
}

#[test]
fn identifiers_and_months_have_the_form_of_the_schema() {
    let like = |text: &str, form: &str| {
        text.len() == form.len()
            && text
                .chars()
                .zip(form.chars())
                .all(|(letter, form)| match form {
                    '9' => letter.is_ascii_digit(),
                    'f' => letter.is_ascii_digit() || ('a'..='f').contains(&letter),
                    other => letter == other,
                })
    };
    let uuid = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    for team in &Company::believable(1, date(2026, 8, 14)).teams {
        assert!(like(&team.id, uuid), "{}", team.id);
        for row in &team.usage {
            assert!(like(row["month"].as_str().unwrap(), "9999-99"));
        }
        for invoice in &team.invoices {
            assert!(like(invoice["id"].as_str().unwrap(), uuid));
            for field in ["created_at", "updated_at"] {
                assert!(like(
                    invoice[field].as_str().unwrap(),
                    "9999-99-99T99:99:99Z"
                ));
            }
        }
    }
}
