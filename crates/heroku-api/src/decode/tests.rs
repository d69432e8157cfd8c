//! Valid and invalid invoices and usage.

use std::collections::BTreeMap;

use super::*;
use crate::enterprise::AccountUsage;
use crate::team::{Account, Delinquency, Identity, Licenses};
use billing::invoice::Invoices;
use billing::money::Money;
use billing::usage::{Spaces, Usage};
use proptest::prelude::*;

fn decode<T: FromPages>(pages: &[String]) -> Result<(T, Skipped), DecodeError> {
    let mut skipped = Skipped::default();
    Ok((T::from_pages(pages, &mut skipped)?, skipped))
}

fn invoices(pages: &[String]) -> Result<(Invoices, Skipped), DecodeError> {
    decode(pages)
}

fn usage(pages: &[String]) -> Result<(Usage, Skipped), DecodeError> {
    decode(pages)
}

fn one_invoice(row: &str) -> Result<(Invoices, Skipped), DecodeError> {
    invoices(&[format!("[{row}]")])
}

#[test]
fn decodes_integer_and_float_cents() {
    let row = r#"{"period_start":"11/01/2026","total":1234,"charges_total":1234.0,"credits_total":null,
                      "addons_total":-5,"state":1.0,"number":9403943,"dyno_units":2,"updated_at":"2026-11-23T02:14:00Z","unknown":{"a":[]}}"#;
    let decoded = one_invoice(row).unwrap();
    let invoice = decoded.0.current().unwrap();
    assert_eq!(invoice.total, Money::from_cents(1234));
    assert_eq!(invoice.charges, Money::from_cents(1234));
    assert_eq!(invoice.credits, None);
    assert_eq!(invoice.addons, Money::from_cents(-5));
    assert_eq!(invoice.database, None);
    assert_eq!((invoice.state, invoice.number), (Some(1), Some(9_403_943)));
    assert_eq!(invoice.dyno_units, Some(2.0));
    assert_eq!(invoice.updated_at, "2026-11-23T02:14:00Z".parse().ok());
    assert_eq!(decoded.1, Skipped::default());
}

#[test]
fn skips_invalid_row_only() {
    let good = r#"{"id":"a","period_start":"2026-11-01","total":1}"#;
    let bad = [
        r#"{"period_start":"soon","total":1}"#,
        r#"["x",1,"2026-10-01"]"#,
        "{}",
        "null",
        "7",
        "[]",
    ];
    for row in bad {
        let decoded = one_invoice(&format!("{row},{good}")).unwrap();
        let kept = decoded.0.iter().filter(|invoice| invoice.total.is_some());
        assert_eq!((kept.count(), decoded.1.rows.count), (1, 1), "{row}");
        assert!(
            matches!(one_invoice(row), Err(DecodeError::NoRow { rows: 1, .. })),
            "{row}"
        );
    }
}

const INVOICE: &str = r#"{"id":"a","number":7,"period_start":"2026-11-01","period_end":"2026-11-30","state":1,
    "payment_status":"Paid","total":40000,"charges_total":41000,"credits_total":-1000,"addons_total":10000,
    "database_total":5000,"platform_total":25000,"dyno_units":10.5,"weighted_dyno_hours":7440.25,
    "updated_at":"2026-11-23T02:14:00Z"}"#;

const USAGE: &str = r#"{"id":"t","name":"ops","month":"2026-11","dynos":10.5,"data":50,"partner":12,"addons":62,
    "connect":9,"space":0.5,"private_space":1,"shield_space":2,"private_space_credits":0.25,
    "shield_space_credits":0.75,"apps":[
        {"app_name":"shop","dynos":1.5,"data":50,"partner":12,"addons":62,"connect":9},
        {"app_name":"api","dynos":9,"data":0,"partner":0,"addons":0,"connect":0}]}"#;

/// Values of other types than a string, and than a number in range.
const NOT_STRINGS: [&str; 8] = [
    "7",
    "-1.5",
    "1e999",
    "true",
    "[]",
    r#"["a"]"#,
    "{}",
    r#"{"a":{}}"#,
];
const NOT_NUMBERS: [&str; 14] = [
    r#""10.0""#,
    r#""""#,
    "true",
    "[]",
    "[1]",
    "{}",
    r#"{"a":1}"#,
    "1e20",
    "-1e20",
    "9223372036854775808",
    "18446744073709551615",
    "1e308",
    "-1e308",
    "1e999",
];

/// Asserts that a row with an invalid field decodes like one without the field, which is counted,
/// and that the other rows are unaffected. `set` replaces the field by a JSON value or removes it.
fn assert_field_is_independent<T: FromPages + PartialEq + std::fmt::Debug>(
    field: &str,
    invalid: &[&str],
    set: impl Fn(Option<&str>) -> String,
) {
    let decode = |value: Option<&str>| decode::<T>(&[set(value)]).unwrap();
    let without = decode(None);
    assert_eq!(decode(Some("null")), without, "{field}");
    for value in invalid {
        let (data, skipped) = decode(Some(value));
        assert_eq!(data, without.0, "{field}: {value}");
        assert_eq!(skipped.rows.count, 0, "{field}: {value}");
        assert_eq!(skipped.fields.count, 1, "{field}: {value}");
    }
}

/// Returns `row` with the top-level `field` replaced or removed.
fn with_field(row: &str, field: &str, value: Option<&str>) -> String {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(row).unwrap();
    assert!(fields.remove(field).is_some(), "{field}");
    if let Some(value) = value {
        fields.insert(field.into(), RawValue::from_string(value.into()).unwrap());
    }
    serde_json::to_string(&fields).unwrap()
}

#[test]
fn decodes_each_invoice_field_by_itself() {
    let other = r#"{"id":"b","period_start":"2026-10-01","total":1}"#;
    let strings = [
        "id",
        "period_start",
        "period_end",
        "payment_status",
        "updated_at",
    ];
    let numbers = [
        "number",
        "state",
        "total",
        "charges_total",
        "credits_total",
        "addons_total",
        "database_total",
        "platform_total",
        "dyno_units",
        "weighted_dyno_hours",
    ];
    let fields = strings.map(|field| (field, &NOT_STRINGS[..]));
    let numbers = numbers.map(|field| (field, &NOT_NUMBERS[..]));
    for (field, invalid) in fields.into_iter().chain(numbers) {
        assert_field_is_independent::<Invoices>(field, invalid, |value| {
            format!("[{other},{}]", with_field(INVOICE, field, value))
        });
    }
}

#[test]
fn decodes_each_usage_field_by_itself() {
    let other = r#"{"month":"2026-10","dynos":1,"apps":[]}"#;
    let numbers = [
        "dynos",
        "data",
        "partner",
        "addons",
        "connect",
        "space",
        "private_space",
        "shield_space",
        "private_space_credits",
        "shield_space_credits",
    ];
    let fields = numbers.map(|field| (field, &NOT_NUMBERS[..]));
    let lists = &["7", "true", "{}", r#""a""#][..];
    for (field, invalid) in fields
        .into_iter()
        .chain([("name", &NOT_STRINGS[..]), ("apps", lists)])
    {
        let set = |value: Option<&str>| format!("[{other},{}]", with_field(USAGE, field, value));
        assert_field_is_independent::<Usage>(field, invalid, set);
        let set = |value: Option<&str>| {
            let team = with_field(USAGE, field, value);
            format!(r#"[{{"month":"2026-11","teams":[{other},{team}]}}]"#)
                .replace(r#""month":"2026-10""#, r#""id":"o""#)
        };
        assert_field_is_independent::<AccountUsage>(field, invalid, set);
    }
    let app = r#"{"app_name":"shop","dynos":1.5,"data":50,"partner":12,"addons":62,"connect":9}"#;
    for field in ["dynos", "data", "partner", "addons", "connect"] {
        assert_field_is_independent::<Usage>(field, &NOT_NUMBERS, |value| {
            let app = with_field(app, field, value);
            let apps = format!(r#"[{app},{{"app_name":"api","data":1}}]"#);
            format!("[{other},{}]", with_field(USAGE, "apps", Some(&apps)))
        });
    }
}

#[test]
fn decodes_each_team_field_by_itself() {
    let team =
        r#"{"id":"1","name":"ops","type":"team","enterprise_account":{"id":"e","name":"acme"}}"#;
    let objects = &["7", "true", "[]", r#""a""#][..];
    let fields = [
        ("name", &NOT_STRINGS[..]),
        ("type", &NOT_STRINGS),
        ("enterprise_account", objects),
    ];
    for (field, invalid) in fields {
        let set = |value: Option<&str>| with_field(team, field, value);
        assert_field_is_independent::<Identity>(field, invalid, set);
        let set = |value: Option<&str>| format!(r#"[{{"id":"2"}},{}]"#, set(value));
        assert_field_is_independent::<Vec<Identity>>(field, invalid, set);
    }
    let account = r#"{"id":"e","name":"acme"}"#;
    for field in ["id", "name"] {
        let set = |value: Option<&str>| with_field(account, field, value);
        assert_field_is_independent::<Account>(field, &NOT_STRINGS, set);
        let set = |value: Option<&str>| {
            with_field(
                team,
                "enterprise_account",
                Some(&with_field(account, field, value)),
            )
        };
        assert_field_is_independent::<Identity>(field, &NOT_STRINGS, set);
    }
    let license = r#"{"name":"a","qty":5,"consumed":2}"#;
    for field in ["qty", "consumed"] {
        let set = |value: Option<&str>| format!("[{}]", with_field(license, field, value));
        assert_field_is_independent::<Licenses>(field, &NOT_NUMBERS, set);
    }
    let delinquency = r#"{"scheduled_suspension_time":"2027-01-01T12:00:00Z","scheduled_deletion_time":"2027-02-01T12:00:00Z"}"#;
    for field in ["scheduled_suspension_time", "scheduled_deletion_time"] {
        let set = |value: Option<&str>| with_field(delinquency, field, value);
        assert_field_is_independent::<Delinquency>(field, &NOT_STRINGS, set);
    }
}

#[test]
fn distinguishes_missing_lists_from_empty_ones() {
    let apps = |apps: &str| {
        let body = format!(r#"[{{"month":"2026-11","dynos":1{apps}}}]"#);
        let (usage, skipped) = usage(&[body]).unwrap();
        let month = usage.months.into_values().next().unwrap();
        (month.apps.map(|apps| apps.len()), skipped.fields.count)
    };
    assert_eq!(apps(r#","apps":[]"#), (Some(0), 0));
    assert_eq!(apps(r#","apps":null"#), (None, 1));
    assert_eq!(apps(""), (None, 1));
}

#[test]
fn keeps_invoices_of_two_periods_with_one_id() {
    let rows = r#"{"id":"x","period_start":"2026-10-01"},{"id":"x","period_start":"2026-11-01"}"#;
    assert_eq!(one_invoice(rows).unwrap().0.len(), 2);
}

#[test]
fn rejects_other_json_than_list() {
    for body in [
        "",
        "{}",
        "null",
        "<html>",
        "[",
        "[{}",
        r#"{"id":"not_found"}"#,
        "[1,]",
    ] {
        assert!(
            matches!(invoices(&[body.to_owned()]), Err(DecodeError::NotAList(_))),
            "{body:?}"
        );
        assert!(
            matches!(usage(&[body.to_owned()]), Err(DecodeError::NotAList(_))),
            "{body:?}"
        );
    }
    assert!(invoices(&["[]".to_owned()]).unwrap().0.is_empty());
}

#[test]
fn deduplicates_invoices_across_pages() {
    let page = r#"[{"id":"a","period_start":"2026-11-01"},{"id":"b","period_start":"2026-10-01"}]"#;
    assert_eq!(
        invoices(&[page.to_owned(), page.to_owned()])
            .unwrap()
            .0
            .len(),
        2
    );
}

#[test]
fn decodes_usage_by_month_and_app() {
    let body = r#"[{"id":"t","name":"ops","month":"2026-11","dynos":1.5,"data":2,"partner":null,"addons":2,
                        "space":0.5,"private_space_credits":0.25,"shield_space":{"odd":[]},"apps":[{"app_name":"shop","dynos":1,"connect":3},{"app_name":"shop","dynos":0.5},
                        {"dynos":9},{"app_name":"odd","dynos":"9"}]},
                       {"month":"2026-10","apps":null},{"month":"November"},{"month":"2026-09","apps":{}}]"#;
    let decoded = usage(&[body.to_owned()]).unwrap();
    let Skipped { rows, fields } = &decoded.1;
    assert_eq!((rows.count, fields.count), (4, 2), "{:?}", decoded.1);
    let months: Vec<_> = decoded.0.months.keys().map(Month::to_string).collect();
    assert_eq!(months, ["2026-10", "2026-11"]);
    let november = &decoded.0.months[&"2026-11".parse().unwrap()];
    assert_eq!(november.team.partner, None);
    assert_eq!(
        november.spaces,
        Spaces {
            credits: Some(0.5),
            private_credits: Some(0.25),
            ..Spaces::default()
        }
    );
    let apps = november.apps.as_ref().unwrap();
    assert_eq!(apps.len(), 1);
    assert_eq!(apps["shop"].dynos, Some(1.5));
    assert_eq!(apps["shop"].connect, Some(3.0));
    assert_eq!(decoded.0.team_name(), Some("ops"));
}

proptest! {
    #[test]
    fn decodes_any_body_without_panic(body in ".{0,200}") {
        let body = [body];
        let _ = (invoices(&body), usage(&body));
    }

    #[test]
    fn decodes_any_row_without_panic(row in r#"\{("(month|period_start|total|apps|dynos|app_name|state)":(-?[0-9]{1,25}(\.[0-9]{1,3})?(e-?[0-9]{1,3})?|"[0-9/T:-]{0,12}"|null|\[\]|\{\}),?){0,6}\}"#) {
        let body = [format!("[{row}]")];
        let _ = (invoices(&body), usage(&body));
    }
}
