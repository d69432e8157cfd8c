//! The two months that are asked for and shown, on the days on which calendars go wrong. Months are UTC, whatever the local time zone.
//!
//! The program that this one replaces took "the same day a month ago", and lost its previous month on seven days of a year: 29 to 31 March and the 31st of May, July,
//! October and December.

use heroku_sim::{Company, Endpoint, Simulator, Team};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use tokio::task::JoinSet;

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::scrape::Scrape;

/// The easternmost and the westernmost zone there is: their dates are never the same.
const ZONES: [&str; 3] = ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"];

/// Instants, and the UTC month before and of each.
const TABLE: &[(&str, &str, &str)] = &[
    // The first and the last second of a year.
    ("2027-01-01T00:00:00Z", "2026-12", "2027-01"),
    ("2026-12-31T23:59:00Z", "2026-11", "2026-12"),
    // The seven days, in an ordinary year.
    ("2027-03-29T12:00:00Z", "2027-02", "2027-03"),
    ("2027-03-30T12:00:00Z", "2027-02", "2027-03"),
    ("2027-03-31T12:00:00Z", "2027-02", "2027-03"),
    ("2027-05-31T12:00:00Z", "2027-04", "2027-05"),
    ("2027-07-31T12:00:00Z", "2027-06", "2027-07"),
    ("2027-10-31T12:00:00Z", "2027-09", "2027-10"),
    ("2027-12-31T12:00:00Z", "2027-11", "2027-12"),
    // The other months' ends.
    ("2027-01-31T23:59:00Z", "2026-12", "2027-01"),
    ("2027-02-28T23:59:00Z", "2027-01", "2027-02"),
    ("2027-04-30T23:59:00Z", "2027-03", "2027-04"),
    ("2027-06-30T23:59:00Z", "2027-05", "2027-06"),
    ("2027-08-31T23:59:00Z", "2027-07", "2027-08"),
    ("2027-09-30T23:59:00Z", "2027-08", "2027-09"),
    ("2027-11-30T23:59:00Z", "2027-10", "2027-11"),
    // A leap day, the day after, and the end of the March of a leap year.
    ("2028-02-29T00:00:00Z", "2028-01", "2028-02"),
    ("2028-02-29T23:59:00Z", "2028-01", "2028-02"),
    ("2028-03-01T00:00:00Z", "2028-02", "2028-03"),
    ("2028-03-29T12:00:00Z", "2028-02", "2028-03"),
    ("2028-03-30T12:00:00Z", "2028-02", "2028-03"),
    // A month's first moments.
    ("2026-12-01T00:00:00Z", "2026-11", "2026-12"),
    ("2027-03-01T00:00:00Z", "2027-02", "2027-03"),
    // What Kiritimati calls the 1st, and what the west calls the 30th.
    ("2026-11-30T10:00:00Z", "2026-10", "2026-11"),
    ("2026-12-01T11:59:00Z", "2026-11", "2026-12"),
];

/// How many programs play at once.
const AT_ONCE: usize = 4;

const TEAM: &str = "0b5e0001-7a1c-4e2b-9d3f-000000000001";

/// A team that has usage and an invoice for each of three years' months, and the day that it is.
fn builder(today: Date) -> heroku_sim::Builder {
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

async fn started(instant: &str, zone: &str, library: &str) -> (Simulator, Exporter) {
    let instant: Timestamp = instant.parse().expect("an instant");
    let heroku = builder(utc_day(instant))
        .start()
        .await
        .expect("loopback has a free port");
    let builder = ExporterBuilder::for_heroku(&heroku, TEAM)
        .env("TZ", zone)
        .with_clock_at(instant, library);
    let exporter = builder.start().await;
    (heroku, exporter)
}

/// The months that usage was asked for, in the order of asking.
fn asked(heroku: &Simulator) -> Vec<String> {
    let requests = heroku.requests().into_iter();
    let usage = requests.filter(|request| request.endpoint == Some(Endpoint::Usage));
    usage
        .map(|request| request.path.split_once('?').expect("a query").1.to_owned())
        .collect()
}

/// Whether a scrape shows exactly these months.
fn shows(scrape: &Scrape, previous: &str, current: &str) -> bool {
    let is = |name, month: &str| scrape.label_values(name, "month").into_iter().eq([month]);
    is("heroku_team_usage_previous_usd", previous)
        && is("heroku_team_usage_previous_dyno_units", previous)
        && is("heroku_team_usage_current_usd", current)
        && is("heroku_team_usage_current_dyno_units", current)
}

async fn play(instant: &str, previous: &str, current: &str, zone: &str, library: &str) {
    let (heroku, exporter) = started(instant, zone, library).await;
    let what = format!("{instant} in {zone}: {previous} and {current}");
    exporter
        .wait_for_scrape(&what, |scrape| shows(scrape, previous, current))
        .await;
    assert_eq!(
        asked(&heroku),
        [format!("start={previous}&end={current}")],
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_months_are_right_on_every_odd_day_in_every_zone() {
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let mut playing = JoinSet::new();
    for &(instant, previous, current) in TABLE {
        for zone in ZONES {
            if playing.len() == AT_ONCE {
                playing
                    .join_next()
                    .await
                    .expect("some play")
                    .expect("the months are right");
            }
            playing.spawn(async move { play(instant, previous, current, zone, library).await });
        }
    }
    playing.join_all().await;
}

/// The month ends while the program runs: the month that ended becomes the previous one at once, and shortly after everything is asked anew.
async fn assert_rolls_over(start: &str, months: [&str; 3], next_day: &str) {
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let [before, ending, beginning] = months;
    let (heroku, exporter) = started(start, "Pacific/Kiritimati", library).await;
    exporter
        .wait_for_scrape(start, |scrape| shows(scrape, before, ending))
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
    // Before anything is asked, the last answer's month moves to its place.
    exporter
        .wait_for_scrape("the month that ended", |scrape| {
            scrape
                .label_values("heroku_team_usage_previous_usd", "month")
                .into_iter()
                .eq([ending])
        })
        .await;
    exporter
        .wait_for_scrape(beginning, |scrape| shows(scrape, ending, beginning))
        .await;
    assert_eq!(
        asked(&heroku),
        [
            format!("start={before}&end={ending}"),
            format!("start={ending}&end={beginning}")
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
async fn a_month_that_ends_while_it_runs_becomes_the_previous_one() {
    // Side by side, because each waits for midnight.
    tokio::join!(
        assert_rolls_over(
            "2026-11-30T23:59:50Z",
            ["2026-10", "2026-11", "2026-12"],
            "2026-12-01"
        ),
        assert_rolls_over(
            "2026-12-31T23:59:50Z",
            ["2026-11", "2026-12", "2027-01"],
            "2027-01-01"
        ),
    );
}
