//! The current and the previous month at the ends of months, which are in UTC in every time zone.
//!
//! The Go program used the same day of the last month. On days that the last month does not have,
//! it lost the previous month: 29 to 31 March and the 31st of May, July, October and December.

use heroku_sim::{Company, Endpoint, Simulator, Team};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use tokio::task::JoinSet;

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::recorded_requests::requests;
use crate::scrape::Scrape;

/// UTC, and the time zones with the largest offsets, whose dates always differ.
const ZONES: [&str; 3] = ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"];

/// Instants with their previous and current month.
const CASES: &[(&str, &str, &str)] = &[
    // The first and the last second of a year.
    ("2027-01-01T00:00:00Z", "2026-12", "2027-01"),
    ("2026-12-31T23:59:00Z", "2026-11", "2026-12"),
    // The days on which the Go program lost the previous month.
    ("2027-03-29T12:00:00Z", "2027-02", "2027-03"),
    ("2027-03-30T12:00:00Z", "2027-02", "2027-03"),
    ("2027-03-31T12:00:00Z", "2027-02", "2027-03"),
    ("2027-05-31T12:00:00Z", "2027-04", "2027-05"),
    ("2027-07-31T12:00:00Z", "2027-06", "2027-07"),
    ("2027-10-31T12:00:00Z", "2027-09", "2027-10"),
    ("2027-12-31T12:00:00Z", "2027-11", "2027-12"),
    // The ends of the other months.
    ("2027-01-31T23:59:00Z", "2026-12", "2027-01"),
    ("2027-02-28T23:59:00Z", "2027-01", "2027-02"),
    ("2027-04-30T23:59:00Z", "2027-03", "2027-04"),
    ("2027-06-30T23:59:00Z", "2027-05", "2027-06"),
    ("2027-08-31T23:59:00Z", "2027-07", "2027-08"),
    ("2027-09-30T23:59:00Z", "2027-08", "2027-09"),
    ("2027-11-30T23:59:00Z", "2027-10", "2027-11"),
    // A leap year.
    ("2028-02-29T00:00:00Z", "2028-01", "2028-02"),
    ("2028-02-29T23:59:00Z", "2028-01", "2028-02"),
    ("2028-03-01T00:00:00Z", "2028-02", "2028-03"),
    ("2028-03-29T12:00:00Z", "2028-02", "2028-03"),
    ("2028-03-30T12:00:00Z", "2028-02", "2028-03"),
    // The first second of a month.
    ("2026-12-01T00:00:00Z", "2026-11", "2026-12"),
    ("2027-03-01T00:00:00Z", "2027-02", "2027-03"),
    // The month differs in Kiritimati, and then in the westernmost zone.
    ("2026-11-30T10:00:00Z", "2026-10", "2026-11"),
    ("2026-12-01T11:59:00Z", "2026-11", "2026-12"),
];

/// The maximum number of concurrent exporters.
const CONCURRENCY: usize = 4;

const TEAM: &str = "0b5e0001-7a1c-4e2b-9d3f-000000000001";

/// Returns a builder of a simulator with one team, which has usage of three years and invoices
/// until `today`.
fn simulator_builder(today: Date) -> heroku_sim::Builder {
    let first: Date = "2026-01-01".parse().expect("a date");
    let months: Vec<Date> = first.series(1.month()).take(36).collect();
    let usage = months.iter().map(|month| {
        let month = month.strftime("%Y-%m").to_string();
        json!({"id": TEAM, "name": "ops", "month": month, "dynos": 1.5, "data": 0, "partner": 0, "addons": 0, "connect": 0, "apps": []})
    });
    let invoices = months.iter().filter(|month| **month <= today).enumerate().map(|(number, month)| {
        let (start, end) = (month.strftime("%m/%d/%Y"), month.last_of_month().strftime("%m/%d/%Y"));
        json!({"id": format!("{number}"), "number": number, "period_start": start.to_string(), "period_end": end.to_string(), "total": 100, "charges_total": 100, "state": 0})
    });
    let team = Team {
        id: TEAM.to_owned(),
        name: "ops".to_owned(),
        invoices: invoices.collect(),
        usage: usage.collect(),
        ..Team::default()
    };
    let company = Company {
        teams: vec![team],
        ..Company::default()
    };
    Simulator::builder(company, today)
}

fn utc_day(instant: Timestamp) -> Date {
    Offset::UTC.to_datetime(instant).date()
}

async fn start_exporter(instant: &str, zone: &str, library: &str) -> (Simulator, Exporter) {
    let instant: Timestamp = instant.parse().expect("an instant");
    let heroku = simulator_builder(utc_day(instant))
        .start()
        .await
        .expect("loopback has a free port");
    let builder = ExporterBuilder::for_heroku(&heroku, TEAM)
        .env("TZ", zone)
        .with_clock_at(instant, library);
    let exporter = builder.start().await;
    (heroku, exporter)
}

/// Returns the queries of the usage requests, in order.
fn usage_queries(heroku: &Simulator) -> Vec<String> {
    let usage = requests(heroku, Endpoint::Usage).into_iter();
    usage
        .map(|request| request.path.split_once('?').expect("a query").1.to_owned())
        .collect()
}

/// Returns whether a scrape has exactly these months.
fn has_months(scrape: &Scrape, previous: &str, current: &str) -> bool {
    let has = |name, month: &str| scrape.label_values(name, "month").into_iter().eq([month]);
    has("heroku_team_usage_previous_usd", previous)
        && has("heroku_team_usage_previous_dyno_units", previous)
        && has("heroku_team_usage_current_usd", current)
        && has("heroku_team_usage_current_dyno_units", current)
}

async fn assert_months(instant: &str, previous: &str, current: &str, zone: &str, library: &str) {
    let (heroku, exporter) = start_exporter(instant, zone, library).await;
    let what = format!("{instant} in {zone}: {previous} and {current}");
    exporter
        .wait_for_scrape(&what, |scrape| has_months(scrape, previous, current))
        .await;
    assert_eq!(
        usage_queries(&heroku),
        [format!("start={previous}&end={current}")],
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn months_are_correct_in_every_time_zone() {
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let mut tasks = JoinSet::new();
    for &(instant, previous, current) in CASES {
        for zone in ZONES {
            if tasks.len() == CONCURRENCY {
                let finished = tasks.join_next().await;
                finished.expect("a task").expect("the months are correct");
            }
            tasks.spawn(
                async move { assert_months(instant, previous, current, zone, library).await },
            );
        }
    }
    tasks.join_all().await;
}

/// Asserts that at midnight the current month becomes the previous one and polls follow.
async fn assert_rollover(start: &str, months: [&str; 3], next_day: &str) {
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let [previous, ending, next] = months;
    let (heroku, exporter) = start_exporter(start, "Pacific/Kiritimati", library).await;
    exporter
        .wait_for_scrape(start, |scrape| has_months(scrape, previous, ending))
        .await;
    wait_until("the invoices", || {
        let invoices = heroku
            .requests()
            .into_iter()
            .filter(|r| r.endpoint == Some(Endpoint::Invoices));
        (invoices.count() == 1).then_some(())
    })
    .await;

    let next_day: Date = next_day.parse().expect("a date");
    heroku.set_today(next_day);
    // The clock decides, before the first poll of the new month.
    exporter
        .wait_for_scrape("the previous month", |scrape| {
            scrape
                .label_values("heroku_team_usage_previous_usd", "month")
                .into_iter()
                .eq([ending])
        })
        .await;
    exporter
        .wait_for_scrape(next, |scrape| has_months(scrape, ending, next))
        .await;
    assert_eq!(
        usage_queries(&heroku),
        [
            format!("start={previous}&end={ending}"),
            format!("start={ending}&end={next}")
        ]
    );
    wait_until("the invoices of the new month", || {
        let invoices = heroku
            .requests()
            .into_iter()
            .filter(|r| r.endpoint == Some(Endpoint::Invoices));
        (invoices.count() == 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rolls_over_at_midnight() {
    // Concurrently, because both wait for midnight.
    tokio::join!(
        assert_rollover(
            "2026-11-30T23:59:50Z",
            ["2026-10", "2026-11", "2026-12"],
            "2026-12-01"
        ),
        assert_rollover(
            "2026-12-31T23:59:50Z",
            ["2026-11", "2026-12", "2027-01"],
            "2027-01-01"
        ),
    );
}
