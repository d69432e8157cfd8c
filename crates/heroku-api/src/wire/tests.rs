//! Answers as Heroku gives them, and as it should not.

use super::*;
use proptest::prelude::*;

fn one_invoice(row: &str) -> Result<Decoded<Invoices>, Unreadable> {
    invoices(&[format!("[{row}]")])
}

#[test]
fn cents_are_read_as_integers_and_as_floats_and_null_is_unknown() {
    let row = r#"{"period_start":"11/01/2026","total":1234,"charges_total":1234.0,"credits_total":null,
                      "addons_total":-5,"state":1.0,"number":9403943,"dyno_units":2,"updated_at":"2026-11-23T02:14:00Z","unknown":{"a":[]}}"#;
    let decoded = one_invoice(row).unwrap();
    let invoice = decoded.value.current().unwrap();
    assert_eq!(invoice.total, Money::from_cents(1234));
    assert_eq!(invoice.charges, Money::from_cents(1234));
    assert_eq!(invoice.credits, None);
    assert_eq!(invoice.addons, Money::from_cents(-5));
    assert_eq!(invoice.database, None);
    assert_eq!((invoice.state, invoice.number), (Some(1), Some(9_403_943)));
    assert_eq!(invoice.dyno_units, Some(2.0));
    assert_eq!(invoice.updated_at, "2026-11-23T02:14:00Z".parse().ok());
    assert_eq!(decoded.left_out, Vec::<String>::new());
}

#[test]
fn a_row_that_cannot_be_understood_is_left_out_and_spoils_no_other() {
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
        let kept = decoded
            .value
            .iter()
            .filter(|invoice| invoice.total.is_some());
        assert_eq!((kept.count(), decoded.left_out.len()), (1, 1), "{row}");
        assert!(
            matches!(one_invoice(row), Err(Unreadable::NoRow { rows: 1, .. })),
            "{row}"
        );
    }
}

#[test]
fn an_odd_invoice_keeps_its_place_so_that_no_other_is_taken_for_it() {
    let rows = r#"{"id":"a","period_start":"2026-10-01","total":1},{"id":"b","period_start":"2026-11-01","total":2,"dyno_units":"1.5"}"#;
    let decoded = one_invoice(rows).unwrap();
    assert_eq!(decoded.left_out.len(), 1);
    assert_eq!(decoded.value.current().unwrap().total, None);
    assert_eq!(
        decoded.value.previous().unwrap().total,
        Money::from_cents(1)
    );
}

#[test]
fn invoices_of_two_periods_are_two_whatever_their_ids() {
    let rows = r#"{"id":"x","period_start":"2026-10-01"},{"id":"x","period_start":"2026-11-01"}"#;
    assert_eq!(one_invoice(rows).unwrap().value.len(), 2);
}

#[test]
fn what_is_not_a_list_is_no_answer() {
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
            matches!(invoices(&[body.to_owned()]), Err(Unreadable::NotAList(_))),
            "{body:?}"
        );
        assert!(
            matches!(usage(&[body.to_owned()]), Err(Unreadable::NotAList(_))),
            "{body:?}"
        );
    }
    assert!(invoices(&["[]".to_owned()]).unwrap().value.is_empty());
}

#[test]
fn an_invoice_that_stands_on_two_pages_counts_once() {
    let page = r#"[{"id":"a","period_start":"2026-11-01"},{"id":"b","period_start":"2026-10-01"}]"#;
    assert_eq!(
        invoices(&[page.to_owned(), page.to_owned()])
            .unwrap()
            .value
            .len(),
        2
    );
}

#[test]
fn usage_is_read_by_month_and_app() {
    let body = r#"[{"id":"t","name":"ops","month":"2026-11","dynos":1.5,"data":2,"partner":null,"addons":2,
                        "space":0.5,"private_space_credits":0.25,"shield_space":{"odd":[]},"apps":[{"app_name":"shop","dynos":1,"connect":3},{"app_name":"shop","dynos":0.5},
                        {"dynos":9},{"app_name":"odd","dynos":"9"}]},
                       {"month":"2026-10","apps":null},{"month":"November"},{"month":"2026-09","apps":{}}]"#;
    let decoded = usage(&[body.to_owned()]).unwrap();
    assert_eq!(decoded.left_out.len(), 4, "{:?}", decoded.left_out);
    let months: Vec<_> = decoded.value.months.keys().map(Month::to_string).collect();
    assert_eq!(months, ["2026-10", "2026-11"]);
    let november = &decoded.value.months[&"2026-11".parse().unwrap()];
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
    assert_eq!(decoded.value.team_name(), Some("ops"));
}

proptest! {
    #[test]
    fn no_body_is_too_odd(body in ".{0,200}") {
        let body = [body];
        let _ = (invoices(&body), usage(&body));
    }

    #[test]
    fn no_row_is_too_odd(row in r#"\{("(month|period_start|total|apps|dynos|app_name|state)":(-?[0-9]{1,25}(\.[0-9]{1,3})?(e-?[0-9]{1,3})?|"[0-9/T:-]{0,12}"|null|\[\]|\{\}),?){0,6}\}"#) {
        let body = [format!("[{row}]")];
        let _ = (invoices(&body), usage(&body));
    }
}
