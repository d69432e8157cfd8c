//! Valid and invalid invoices and usage.

use super::*;
use billing::invoice::Invoices;
use billing::usage::{Spaces, Usage};
use proptest::prelude::*;

fn invoices(pages: &[String]) -> Result<(Invoices, Vec<String>), DecodeError> {
    Invoices::from_pages(pages)
}

fn usage(pages: &[String]) -> Result<(Usage, Vec<String>), DecodeError> {
    Usage::from_pages(pages)
}

fn one_invoice(row: &str) -> Result<(Invoices, Vec<String>), DecodeError> {
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
    assert_eq!(decoded.1, Vec::<String>::new());
}

#[test]
fn skips_invalid_row_only() {
    let good = r#"{"id":"a","period_start":"2026-11-01","total":1}"#;
    let bad = [
        r#"{"period_start":"2026-10-01","total":"12"}"#,
        r#"{"period_start":"2026-10-01","total":1e999}"#,
        r#"{"period_start":"2026-10-01","total":9223372036854775807}"#,
        r#"{"period_start":"2026-10-01","state":1.5}"#,
        r#"{"period_start":"soon"}"#,
        "{}",
        "null",
        "7",
        "[]",
    ];
    for row in bad {
        let decoded = one_invoice(&format!("{row},{good}")).unwrap();
        let kept = decoded.0.iter().filter(|invoice| invoice.total.is_some());
        assert_eq!((kept.count(), decoded.1.len()), (1, 1), "{row}");
        assert!(
            matches!(one_invoice(row), Err(DecodeError::NoRow { rows: 1, .. })),
            "{row}"
        );
    }
}

#[test]
fn keeps_period_of_invalid_invoice() {
    let rows = r#"{"id":"a","period_start":"2026-10-01","total":1},{"id":"b","period_start":"2026-11-01","total":2,"dyno_units":"1.5"}"#;
    let decoded = one_invoice(rows).unwrap();
    assert_eq!(decoded.1.len(), 1);
    assert_eq!(decoded.0.current().unwrap().total, None);
    assert_eq!(decoded.0.previous().unwrap().total, Money::from_cents(1));
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
    assert_eq!(decoded.1.len(), 4, "{:?}", decoded.1);
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
    assert_eq!(november.apps.len(), 1);
    assert_eq!(november.apps["shop"].dynos, Some(1.5));
    assert_eq!(november.apps["shop"].connect, Some(3.0));
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
