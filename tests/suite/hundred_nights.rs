//! The exporter runs every night for a hundred days, and its forecast equals the arithmetic that the
//! backtest measures.

use billing::cost::{BillingInput, TeamCost};
use billing::invoice::Invoices;
use billing::money::Money;
use billing::month::Month;
use billing::nights::{Lags, Nights};
use billing::rules::Rules;
use billing::usage::Usage;
use heroku_api::client::Decoded;
use heroku_sim::{Company, Simulator};
use jiff::civil::date;
use jiff::tz::Offset;
use jiff::{SignedDuration, ToSpan};
use serde_json::Value;

use crate::exporter::ExporterBuilder;
use crate::external_tools;
use crate::storage_directory::StorageDirectory;

/// Returns a forecast in the JSON report in millionths of a dollar.
fn micros(value: &Value) -> i128 {
    let text = value.to_string();
    Money::parse(&text).expect("an amount").micros()
}

#[tokio::test(flavor = "multi_thread")]
async fn forecast_equals_the_arithmetic_of_the_backtest() {
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let first = date(2026, 8, 20);
    let company = |today| {
        let mut company = Company::synthetic(3, today);
        company.teams.truncate(1);
        company
    };
    let heroku = Simulator::builder(company(first), first).start().await;
    let heroku = heroku.expect("loopback has a free port");
    let storage = StorageDirectory::new();
    let mut nights = Nights::default();
    for today in first.series(1.day()).take(100) {
        let company = company(today);
        let team = &company.teams[0];
        let decode = |rows: &[Value]| vec![serde_json::to_string(rows).expect("JSON")];
        let usage = Decoded::<Usage>::decode(&decode(&team.usage), None).expect("usage");
        let invoices =
            Decoded::<Invoices>::decode(&decode(&team.invoices), None).expect("invoices");
        heroku.set_company(company.clone());
        heroku.set_today(today);

        let at = Offset::UTC
            .to_timestamp(today.at(3, 30, 0, 0))
            .expect("a time");
        let builder = ExporterBuilder::for_heroku(&heroku, &team.name);
        let builder = storage.configure(builder).with_clock_at(at, library);
        let mut exporter = builder.start().await;
        let report: Value = loop {
            let report = exporter.get("/api/v1/costs").await;
            let report: Value = serde_json::from_slice(&report.body).expect("JSON");
            if report["complete"] == true {
                break report;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        exporter.signal("TERM");
        assert_eq!(exporter.wait_for_exit().await.code(), Some(0));

        let month = Month::at(at);
        let mut usage = usage.data;
        usage
            .months
            .retain(|known, _| *known == month || *known == month.previous());
        if let Some(current) = usage.months.get(&month) {
            nights.record(at, current, usage.months.get(&month.previous()));
        }
        let lags = Lags::new([&nights].into_iter());
        let input = BillingInput {
            name: &team.name,
            usage: Some(&usage),
            usage_changed_at: Some(at),
            invoices: Some(&invoices.data),
            nights: Some(&nights),
            lags: Some(&lags),
            ..BillingInput::default()
        };
        let cost = TeamCost::new(input, &Rules::default(), at + SignedDuration::from_secs(60));
        let forecast = cost.forecast.expect("a forecast");
        let actual = &report["teams"][0];
        let expected = forecast.team.total().expect("a total").micros();
        assert_eq!(micros(&actual["forecast_usd"]), expected, "{today}");
        let ratio = actual["covered_ratio"].as_f64().expect("a ratio");
        assert!((ratio - forecast.coverage.ratio()).abs() < 1e-12, "{today}");
        let basis = &actual["forecast_basis"];
        match forecast.interval {
            Some(interval) => {
                let low_and_high = [&basis["low_usd"], &basis["high_usd"]].map(micros);
                let expected = [interval.low, interval.high].map(Money::micros);
                assert_eq!(low_and_high, expected, "{today}");
                assert_eq!(basis["recorded_days"], interval.days, "{today}");
            }
            None => assert!(basis["low_usd"].is_null(), "{today}"),
        }
    }
    assert_eq!(
        storage.number("SELECT count(*) FROM app_night WHERE day < '2026-11-20'"),
        0
    );
}
