//! Responses for a synthetic company have exactly the fields and types of Heroku's published
//! hyper-schema (`GET https://api.heroku.com/schema`), plus the undocumented fields listed here.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod client;

use std::collections::BTreeSet;

use client::get;
use heroku_sim::{Company, Simulator, Team};
use jiff::civil::date;
use jiff::tz::Offset;
use serde_json::Value;

/// The type of a field in the schema.
#[derive(Debug, Clone, Copy, PartialEq)]
enum FieldType {
    Integer,
    Number,
    String,
    Boolean,
    Array,
    Object,
    NullableString,
    NullableNumber,
    NullableInteger,
    NullableObject,
}

use FieldType::{
    Array, Boolean, Integer, NullableInteger, NullableNumber, NullableObject, NullableString,
    Number, Object, String,
};

/// The schema's `team-invoice`.
const INVOICE: [(&str, FieldType); 16] = [
    ("addons_total", Integer),
    ("charges_total", Integer),
    ("created_at", String),
    ("credits_total", Integer),
    ("database_total", Integer),
    ("dyno_units", Number),
    ("id", String),
    ("number", Integer),
    ("payment_status", String),
    ("period_end", String),
    ("period_start", String),
    ("platform_total", Integer),
    ("state", Integer),
    ("total", Integer),
    ("updated_at", String),
    ("weighted_dyno_hours", Number),
];

/// The schema's `team-monthly-usage`.
const USAGE: [(&str, FieldType); 10] = [
    ("addons", Number),
    ("apps", Array),
    ("connect", Number),
    ("data", Number),
    ("dynos", Number),
    ("id", String),
    ("month", String),
    ("name", String),
    ("partner", Number),
    ("space", Number),
];

/// Undocumented fields of the rows of a team with a space.
const UNDOCUMENTED: [(&str, FieldType); 4] = [
    ("private_space", Number),
    ("private_space_credits", Number),
    ("shield_space", Number),
    ("shield_space_credits", Number),
];

/// The schema's `enterprise-account-monthly-usage`.
const ENTERPRISE_USAGE: [(&str, FieldType); 10] = [
    ("addons", Number),
    ("connect", Number),
    ("data", Number),
    ("dynos", Number),
    ("id", String),
    ("month", String),
    ("name", String),
    ("partner", Number),
    ("space", Number),
    ("teams", Array),
];

/// The schema's `team`.
const TEAM: [(&str, FieldType); 14] = [
    ("created_at", String),
    ("credit_card_collections", Boolean),
    ("default", Boolean),
    ("enterprise_account", NullableObject),
    ("id", String),
    ("identity_provider", NullableObject),
    ("membership_limit", NullableNumber),
    ("name", String),
    ("pipeline_cost_consent_at", NullableString),
    ("pipeline_cost_consent_user_email", NullableString),
    ("provisioned_licenses", Boolean),
    ("role", NullableString),
    ("type", String),
    ("updated_at", String),
];

/// The schema's `account`.
const ACCOUNT: [(&str, FieldType); 29] = [
    ("acknowledged_msa", Boolean),
    ("acknowledged_msa_at", NullableString),
    ("allow_tracking", Boolean),
    ("beta", Boolean),
    ("country_of_residence", NullableString),
    ("created_at", String),
    ("default_organization", NullableObject),
    ("default_team", NullableObject),
    ("delinquent_at", NullableString),
    ("eco_dynos_enabled", Boolean),
    ("eco_dynos_shutdown_at", NullableString),
    ("email", String),
    ("federated", Boolean),
    ("id", String),
    ("identity_provider", NullableObject),
    ("italian_customer_terms", NullableString),
    ("italian_partner_terms", NullableString),
    ("last_login", NullableString),
    ("mfa_enabled", Boolean),
    ("mfa_exemption", Boolean),
    ("mfa_exemption_reason", NullableString),
    ("mfa_experience", String),
    ("name", NullableString),
    ("pipeline_cost_consent_at", NullableString),
    ("sms_number", NullableString),
    ("suspended_at", NullableString),
    ("two_factor_authentication", Boolean),
    ("updated_at", String),
    ("verified", Boolean),
];

/// The schema's `enterprise-account`.
const ENTERPRISE_ACCOUNT: [(&str, FieldType); 8] = [
    ("created_at", String),
    ("id", String),
    ("identity_provider", NullableObject),
    ("name", String),
    ("partner_benefits", Boolean),
    ("permissions", Array),
    ("trial", Boolean),
    ("updated_at", String),
];

/// The schema's `invoice`.
const PERSONAL_INVOICE: [(&str, FieldType); 10] = [
    ("charges_total", Number),
    ("created_at", String),
    ("credits_total", Number),
    ("id", String),
    ("number", Integer),
    ("period_end", String),
    ("period_start", String),
    ("state", Integer),
    ("total", Number),
    ("updated_at", String),
];

/// The schema's `team-delinquency`.
const DELINQUENCY: [(&str, FieldType); 2] = [
    ("scheduled_deletion_time", NullableString),
    ("scheduled_suspension_time", NullableString),
];

/// The schema's `team-license`.
const LICENSE: [(&str, FieldType); 6] = [
    ("code", String),
    ("consumed", Integer),
    ("end_date", String),
    ("name", String),
    ("qty", Integer),
    ("start_date", String),
];

/// The schema's `oauth-authorization` and its nested objects.
const AUTHORIZATION: [(&str, FieldType); 11] = [
    ("access_token", NullableObject),
    ("client", NullableObject),
    ("created_at", String),
    ("description", String),
    ("grant", NullableObject),
    ("id", String),
    ("refresh_token", NullableObject),
    ("scope", Array),
    ("session", NullableObject),
    ("updated_at", String),
    ("user", Object),
];

const ACCESS_TOKEN: [(&str, FieldType); 4] = [
    ("expires_in", NullableInteger),
    ("id", String),
    ("token", String),
    ("version", Integer),
];

const CLIENT: [(&str, FieldType); 3] = [("id", String), ("name", String), ("redirect_uri", String)];

const USER: [(&str, FieldType); 3] = [
    ("email", String),
    ("full_name", NullableString),
    ("id", String),
];

/// The schema's `team-monthly-usage.app_usage_monthly`.
const APP: [(&str, FieldType); 5] = [
    ("addons", Number),
    ("app_name", String),
    ("data", Number),
    ("dynos", Number),
    ("partner", Number),
];

/// Checks that a row has exactly the given fields and types.
fn check_fields(row: &Value, fields: &[(&str, FieldType)]) {
    let keys: BTreeSet<&str> = row
        .as_object()
        .unwrap()
        .keys()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(keys, fields.iter().map(|(name, _)| *name).collect());
    for (name, field_type) in fields {
        let value = &row[name];
        let is_integer = value.is_i64() || value.is_u64();
        let is_valid = match field_type {
            Integer => is_integer,
            Number => value.is_number(),
            String => value.is_string(),
            Boolean => value.is_boolean(),
            Array => value.is_array(),
            Object => value.is_object(),
            NullableString => value.is_string() || value.is_null(),
            NullableNumber => value.is_number() || value.is_null(),
            NullableInteger => is_integer || value.is_null(),
            NullableObject => value.is_object() || value.is_null(),
        };
        assert!(is_valid, "{name} is {value}");
    }
}

/// Returns the fields of a team's usage row, with the undocumented ones if the team has a space.
fn usage_fields(
    team: &Team,
    fields: &[(&'static str, FieldType)],
) -> Vec<(&'static str, FieldType)> {
    let undocumented = UNDOCUMENTED.iter().filter(|_| team.licenses.is_some());
    fields.iter().chain(undocumented).copied().collect()
}

#[tokio::test]
async fn responses_match_schema() {
    let today = date(2026, 8, 14);
    let company = Company::synthetic(1, today);
    let account = company.enterprise_accounts[0].id.clone();
    let [card, enterprise] = [false, true].map(|licensed| {
        let mut teams = company.teams.iter();
        let team = teams.find(|team| team.licenses.is_some() == licensed);
        team.unwrap().clone()
    });
    let heroku = Simulator::builder(company, today).start().await.unwrap();
    let get_object = async |path: &str| {
        let response = get(&heroku, path).await;
        assert_eq!(response.status, Some(200), "{path}");
        response.json()
    };
    let check_list = async |path: &str, fields: &[(&str, FieldType)]| {
        let list = get_object(path).await;
        let list = list.as_array().unwrap().clone();
        assert!(!list.is_empty(), "{path}");
        list.iter().for_each(|row| check_fields(row, fields));
        list
    };
    let accounts = "/enterprise-accounts";

    check_list("/teams", &TEAM).await;
    let teams = check_list(&format!("{accounts}/{account}/teams"), &TEAM).await;
    check_fields(
        &teams[0]["enterprise_account"],
        &[("id", String), ("name", String)],
    );
    check_fields(&get_object(&format!("/teams/{}", card.id)).await, &TEAM);
    check_list(accounts, &ENTERPRISE_ACCOUNT).await;
    check_fields(
        &get_object(&format!("{accounts}/{account}")).await,
        &ENTERPRISE_ACCOUNT,
    );
    check_list("/account/invoices", &PERSONAL_INVOICE).await;
    check_fields(&get_object("/account").await, &ACCOUNT);
    for key in ["id", "number"] {
        let identity = card.invoices[0][key].to_string().replace('"', "");
        let path = format!("/teams/{}/invoices/{identity}", card.name);
        assert_eq!(get_object(&path).await, card.invoices[0]);
    }
    check_list(&format!("/teams/{}/licenses", enterprise.id), &LICENSE).await;
    let path = format!("/teams/{}/delinquency", card.id);
    check_fields(&get_object(&path).await, &DELINQUENCY);

    let path = format!("{accounts}/{account}/usage/monthly?start=2025-08&end=2026-08");
    let months = check_list(&path, &usage_fields(&enterprise, &ENTERPRISE_USAGE)).await;
    assert_eq!(months.len(), 13);
    let without_month: Vec<_> = usage_fields(&enterprise, &USAGE)
        .into_iter()
        .filter(|(name, _)| *name != "month")
        .collect();
    for row in &months {
        for team in row["teams"].as_array().unwrap() {
            check_fields(team, &without_month);
            let apps = team["apps"].as_array().unwrap();
            apps.iter().for_each(|app| check_fields(app, &APP));
        }
    }

    for row in check_list("/oauth/authorizations", &AUTHORIZATION).await {
        let parts: [(&str, &[(&str, FieldType)]); 3] = [
            ("access_token", &ACCESS_TOKEN),
            ("client", &CLIENT),
            ("user", &USER),
        ];
        for (part, fields) in parts {
            if !row[part].is_null() {
                check_fields(&row[part], fields);
            }
        }
    }
}

#[test]
fn rows_match_schema() {
    for today in [
        date(2026, 8, 14),
        date(2026, 9, 1),
        date(2026, 9, 2),
        date(2028, 2, 29),
    ] {
        let live = Company::live(Offset::UTC.to_timestamp(today.at(12, 0, 0, 0)).unwrap());
        for team in Company::synthetic(1, today).teams.iter().chain(&live.teams) {
            team.invoices
                .iter()
                .for_each(|invoice| check_fields(invoice, &INVOICE));
            for row in &team.usage {
                check_fields(row, &usage_fields(team, &USAGE));
                row["apps"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .for_each(|app| check_fields(app, &APP));
            }
        }
    }
}

#[test]
fn ids_and_months_match_schema_patterns() {
    let matches = |text: &str, pattern: &str| {
        text.len() == pattern.len()
            && text
                .chars()
                .zip(pattern.chars())
                .all(|(c, pattern)| match pattern {
                    '9' => c.is_ascii_digit(),
                    'f' => c.is_ascii_digit() || ('a'..='f').contains(&c),
                    other => c == other,
                })
    };
    let uuid = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    for team in &Company::synthetic(1, date(2026, 8, 14)).teams {
        assert!(matches(&team.id, uuid), "{}", team.id);
        for row in &team.usage {
            assert!(matches(row["month"].as_str().unwrap(), "9999-99"));
        }
        for invoice in &team.invoices {
            assert!(matches(invoice["id"].as_str().unwrap(), uuid));
            for field in ["created_at", "updated_at"] {
                assert!(matches(
                    invoice[field].as_str().unwrap(),
                    "9999-99-99T99:99:99Z"
                ));
            }
        }
    }
}
