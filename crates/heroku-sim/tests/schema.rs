//! What is made up has the fields and the types of Heroku's published hyper-schema (`GET
//! https://api.heroku.com/schema`), neither more nor less, but for the undocumented figures that
//! are named here.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod client;

use std::collections::BTreeSet;

use client::get;
use heroku_sim::{Company, Simulator, Team};
use jiff::civil::date;
use serde_json::Value;

/// What the published schema says a field is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Number,
    Text,
    Flag,
    List,
    Object,
    /// Text or `null`.
    MaybeText,
    /// A number or `null`.
    MaybeNumber,
    /// An integer or `null`.
    MaybeInteger,
    /// An object or `null`.
    MaybeObject,
}

use Kind::{
    Flag, Integer, List, MaybeInteger, MaybeNumber, MaybeObject, MaybeText, Number, Object, Text,
};

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

/// What rows of a team with a space have beyond the schema.
const UNDOCUMENTED: [(&str, Kind); 4] = [
    ("private_space", Number),
    ("private_space_credits", Number),
    ("shield_space", Number),
    ("shield_space_credits", Number),
];

/// The schema's `enterprise-account-monthly-usage`, every property.
const ENTERPRISE_USAGE: [(&str, Kind); 10] = [
    ("addons", Number),
    ("connect", Number),
    ("data", Number),
    ("dynos", Number),
    ("id", Text),
    ("month", Text),
    ("name", Text),
    ("partner", Number),
    ("space", Number),
    ("teams", List),
];

/// The schema's `team`, every property.
const TEAM: [(&str, Kind); 14] = [
    ("created_at", Text),
    ("credit_card_collections", Flag),
    ("default", Flag),
    ("enterprise_account", MaybeObject),
    ("id", Text),
    ("identity_provider", MaybeObject),
    ("membership_limit", MaybeNumber),
    ("name", Text),
    ("pipeline_cost_consent_at", MaybeText),
    ("pipeline_cost_consent_user_email", MaybeText),
    ("provisioned_licenses", Flag),
    ("role", MaybeText),
    ("type", Text),
    ("updated_at", Text),
];

/// The schema's `enterprise-account`, every property.
const ENTERPRISE_ACCOUNT: [(&str, Kind); 8] = [
    ("created_at", Text),
    ("id", Text),
    ("identity_provider", MaybeObject),
    ("name", Text),
    ("partner_benefits", Flag),
    ("permissions", List),
    ("trial", Flag),
    ("updated_at", Text),
];

/// The schema's `invoice`, every property.
const PERSONAL_INVOICE: [(&str, Kind); 10] = [
    ("charges_total", Number),
    ("created_at", Text),
    ("credits_total", Number),
    ("id", Text),
    ("number", Integer),
    ("period_end", Text),
    ("period_start", Text),
    ("state", Integer),
    ("total", Number),
    ("updated_at", Text),
];

/// The schema's `team-delinquency`, every property.
const DELINQUENCY: [(&str, Kind); 2] = [
    ("scheduled_deletion_time", MaybeText),
    ("scheduled_suspension_time", MaybeText),
];

/// The schema's `team-license`, every property.
const LICENSE: [(&str, Kind); 6] = [
    ("code", Text),
    ("consumed", Integer),
    ("end_date", Text),
    ("name", Text),
    ("qty", Integer),
    ("start_date", Text),
];

/// The schema's `oauth-authorization`, every property, and those of its parts.
const AUTHORIZATION: [(&str, Kind); 11] = [
    ("access_token", MaybeObject),
    ("client", MaybeObject),
    ("created_at", Text),
    ("description", Text),
    ("grant", MaybeObject),
    ("id", Text),
    ("refresh_token", MaybeObject),
    ("scope", List),
    ("session", MaybeObject),
    ("updated_at", Text),
    ("user", Object),
];

const ACCESS_TOKEN: [(&str, Kind); 4] = [
    ("expires_in", MaybeInteger),
    ("id", Text),
    ("token", Text),
    ("version", Integer),
];

const CLIENT: [(&str, Kind); 3] = [("id", Text), ("name", Text), ("redirect_uri", Text)];

const USER: [(&str, Kind); 3] = [("email", Text), ("full_name", MaybeText), ("id", Text)];

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
        let integer = value.is_i64() || value.is_u64();
        let fits = match kind {
            Integer => integer,
            Number => value.is_number(),
            Text => value.is_string(),
            Flag => value.is_boolean(),
            List => value.is_array(),
            Object => value.is_object(),
            MaybeText => value.is_string() || value.is_null(),
            MaybeNumber => value.is_number() || value.is_null(),
            MaybeInteger => integer || value.is_null(),
            MaybeObject => value.is_object() || value.is_null(),
        };
        assert!(fits, "{name} is {value}");
    }
}

/// The fields of a usage row: the schema's, and the undocumented ones where there is a space.
fn usage_of(team: &Team, fields: &[(&'static str, Kind)]) -> Vec<(&'static str, Kind)> {
    let undocumented = UNDOCUMENTED.iter().filter(|_| team.licenses.is_some());
    fields.iter().chain(undocumented).copied().collect()
}

#[tokio::test]
async fn answers_have_the_fields_of_the_schema() {
    let today = date(2026, 8, 14);
    let company = Company::believable(1, today);
    let account = company.enterprise_accounts[0].id.clone();
    let [card, enterprise] = [false, true].map(|licensed| {
        let mut teams = company.teams.iter();
        let team = teams.find(|team| team.licenses.is_some() == licensed);
        team.unwrap().clone()
    });
    let heroku = Simulator::builder(company, today).start().await.unwrap();
    let one = async |path: &str| {
        let reply = get(&heroku, path).await;
        assert_eq!(reply.status, Some(200), "{path}");
        reply.json()
    };
    let each = async |path: &str, fields: &[(&str, Kind)]| {
        let list = one(path).await;
        let list = list.as_array().unwrap().clone();
        assert!(!list.is_empty(), "{path}");
        list.iter().for_each(|row| conforms(row, fields));
        list
    };
    let accounts = "/enterprise-accounts";

    each("/teams", &TEAM).await;
    let teams = each(&format!("{accounts}/{account}/teams"), &TEAM).await;
    conforms(
        &teams[0]["enterprise_account"],
        &[("id", Text), ("name", Text)],
    );
    conforms(&one(&format!("/teams/{}", card.id)).await, &TEAM);
    each(accounts, &ENTERPRISE_ACCOUNT).await;
    conforms(
        &one(&format!("{accounts}/{account}")).await,
        &ENTERPRISE_ACCOUNT,
    );
    each("/account/invoices", &PERSONAL_INVOICE).await;
    each(&format!("/teams/{}/licenses", enterprise.id), &LICENSE).await;
    let path = format!("/teams/{}/delinquency", card.id);
    conforms(&one(&path).await, &DELINQUENCY);

    let path = format!("{accounts}/{account}/usage/monthly?start=2025-08&end=2026-08");
    let months = each(&path, &usage_of(&enterprise, &ENTERPRISE_USAGE)).await;
    assert_eq!(months.len(), 13);
    let without_month: Vec<_> = usage_of(&enterprise, &USAGE)
        .into_iter()
        .filter(|(name, _)| *name != "month")
        .collect();
    for row in &months {
        for team in row["teams"].as_array().unwrap() {
            conforms(team, &without_month);
            let apps = team["apps"].as_array().unwrap();
            apps.iter().for_each(|app| conforms(app, &APP));
        }
    }

    for row in each("/oauth/authorizations", &AUTHORIZATION).await {
        let parts: [(&str, &[(&str, Kind)]); 3] = [
            ("access_token", &ACCESS_TOKEN),
            ("client", &CLIENT),
            ("user", &USER),
        ];
        for (part, fields) in parts {
            if !row[part].is_null() {
                conforms(&row[part], fields);
            }
        }
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
                conforms(row, &usage_of(team, &USAGE));
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
