//! The state file: a restart during an outage loses nothing, and one at any other time costs Heroku next to nothing.

use heroku_cost_exporter::clock::Clock;
use heroku_sim::{Company, DEFAULT_TOKEN, Endpoint, Fault, LoggedRequest, Simulator, Times};
use jiff::SignedDuration;
use jiff::tz::Offset;

use crate::exporter::{ExporterBuilder, wait_until};
use crate::exporter_log;
use crate::external_tools;
use crate::recorded_requests::requests;
use crate::scenario::{Scenario, noon};
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::state_file::{StateFile, assert_same_data};

/// That the first scrape of a run two hours later, against a Heroku that gives nothing, shows what is kept.
async fn assert_nothing_is_lost(scenario: &Scenario, outage: Option<Fault>) {
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = state_file.run_and_stop(scenario, &heroku).await else {
        return;
    };
    let Some(builder) = state_file.exporter_builder(scenario, &heroku, 2) else {
        return;
    };
    let hangs = outage == Some(Fault::Hang);
    let heroku = match outage {
        Some(outage) => {
            heroku.inject_fault(Endpoint::Any, outage, Times::Always);
            Some(heroku)
        }
        None => {
            heroku.shutdown().await;
            None
        }
    };
    let exporter = builder.start().await;
    let shown = Scrape::parse(&exporter.metrics().await);
    assert_same_data(&shown, &known);
    assert!(shown.series(UP).all(|(_, up)| up == "0"));
    if hangs {
        // What was kept was not asked for by this run.
        assert!(shown.series(POLLS).all(|(_, polls)| polls == "0"));
        assert_eq!(exporter.get("/-/ready").await.status, 503);
    } else {
        let tried = exporter
            .wait_for_scrape("the failures", |scrape| {
                scrape.series(POLLS).all(|(_, polls)| polls != "0")
            })
            .await;
        assert_same_data(&tried, &known);
        assert!(tried.series(UP).all(|(_, up)| up == "0"));
        assert!(tried.series(LAST_POLL).all(|(_, at)| at != "0"));
    }
    drop(heroku);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_heroku_hangs_loses_nothing() {
    assert_nothing_is_lost(&Scenario::named("one_team"), Some(Fault::Hang)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_heroku_fails_loses_nothing() {
    let scenario = Scenario::named("several_teams");
    assert_nothing_is_lost(&scenario, Some(Fault::Status(503))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_nobody_listens_loses_nothing() {
    assert_nothing_is_lost(&Scenario::named("one_team"), None).await;
}

/// A list of several pages is kept whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_no_page_of_a_list() {
    let scenario = Scenario::named("paged_invoices");
    assert_nothing_is_lost(&scenario, Some(Fault::Status(500))).await;
}

/// A restart storm: each start asks each endpoint once whether what is kept still stands, and who the teams are not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_asks_only_whether_what_is_kept_still_stands() {
    let scenario = Scenario::named("several_teams");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = state_file.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    let teams = scenario.company().teams.len();
    for hours in 1..4 {
        heroku.clear_requests();
        let Some(builder) = state_file.exporter_builder(&scenario, &heroku, hours) else {
            return;
        };
        let exporter = builder.start().await;
        let up = exporter.wait_for_scrape("the answers", all_up).await;
        assert_eq!(up.billing_metrics(), known.billing_metrics());
        for (series, at) in up.series(DATA_CHANGED) {
            assert_eq!(at, known.samples[series], "{series:?}");
        }
        for (series, at) in up.series(LAST_POLL_SUCCESS) {
            assert_ne!(at, known.samples[series], "{series:?}");
        }
        for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
            let requests = requests(&heroku, endpoint);
            assert_eq!(requests.len(), teams);
            for request in requests {
                assert!(request.header("if-none-match").is_some(), "{request:?}");
                assert_eq!(request.status, Some(304), "{request:?}");
            }
        }
        assert_eq!(requests(&heroku, Endpoint::Team).len(), 0);
    }
}

/// Told to stop as soon as it has everything, it has kept everything.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_just_before_the_end_is_kept() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    let state_file = StateFile::new();
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 0) else {
        return;
    };
    let mut exporter = builder.start().await;
    exporter.wait_for_scrape("figures", all_up).await;
    exporter.signal("TERM");
    assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    assert_eq!(
        state_file.response_count(),
        2 * scenario.company().teams.len()
    );
}

/// What changed while the program was away is shown once it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_in_what_has_changed_meanwhile() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = state_file.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    let mut company = scenario.company();
    company.teams[0].usage[0]["data"] = 777.25.into();
    heroku.set_company(company);
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
        return;
    };
    let exporter = builder.start().await;
    let up = exporter.wait_for_scrape("the answers", all_up).await;
    assert!(
        up.billing_metrics()
            .samples
            .values()
            .any(|value| value == "777.25")
    );
    let changed = |scrape: &Scrape, endpoint| endpoint_value(scrape, DATA_CHANGED, endpoint);
    assert!(changed(&up, "usage") > changed(&known, "usage"));
    assert_eq!(changed(&up, "invoices"), changed(&known, "invoices"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_for_its_owner_alone_and_holds_no_token() {
    use std::os::unix::fs::PermissionsExt;
    let scenario = Scenario::named("several_teams");
    let state_file = StateFile::new();
    // A file that all may read was there before.
    state_file.write(b"");
    let heroku = scenario.start_simulator().await;
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let mode = std::fs::metadata(state_file.path()).map(|metadata| metadata.permissions().mode());
    assert_eq!(mode.expect("the file is there") & 0o777, 0o600);
    let text = String::from_utf8(state_file.bytes()).expect("a text");
    for secret in [DEFAULT_TOKEN, "Bearer", "HRKU"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(state_file.directory_entries(), ["state.json"]);
}

/// Told to stop in the middle of a poll, it leaves the file as it was, and nothing beside it.
#[tokio::test(flavor = "multi_thread")]
async fn the_file_stays_as_it_was_where_a_poll_hangs_at_the_end() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let before = state_file.bytes();
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for signal in ["TERM", "INT"] {
        let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
            return;
        };
        heroku.clear_requests();
        let mut exporter = builder.start().await;
        wait_until("both requests", || {
            (heroku.requests().len() == 2).then_some(())
        })
        .await;
        exporter.signal(signal);
        assert_eq!(exporter.wait_for_exit().await.code(), Some(0), "{signal}");
        assert_eq!(state_file.bytes(), before, "{signal}");
        assert_eq!(state_file.directory_entries(), ["state.json"], "{signal}");
    }
}

/// Killed at any moment, it leaves the file whole. No clock is set here: where it is, a program that is killed leaves shared memory behind.
#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_whole_although_the_program_is_killed() {
    let today = Offset::UTC.to_datetime(Clock::system().now()).date();
    let mut company = Company::synthetic(1, today);
    company.teams.truncate(1);
    let heroku = Simulator::builder(company.clone(), today).start().await;
    let heroku = heroku.expect("loopback has a free port");
    let state_file = StateFile::new();
    let team = company.teams[0].name.clone();
    let builder = || state_file.configure(ExporterBuilder::for_heroku(&heroku, &team));
    let exporter = builder().start().await;
    wait_until("the whole file", || {
        (state_file.response_count() == 2).then_some(())
    })
    .await;
    drop(exporter);
    for round in 0..8 {
        // Another answer each time, so that there is something to write.
        company.teams[0].usage[0]["data"] = round.into();
        heroku.set_company(company.clone());
        heroku.clear_requests();
        let mut exporter = builder().start().await;
        wait_until("an answer", || {
            let answered = |request: LoggedRequest| request.status.is_some();
            heroku.requests().into_iter().any(answered).then_some(())
        })
        .await;
        exporter.signal("KILL");
        exporter.wait_for_exit().await;
        assert_eq!(state_file.response_count(), 2);
    }
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let exporter = builder().start().await;
    let shown = Scrape::parse(&exporter.metrics().await);
    assert!(!shown.billing_metrics().samples.is_empty());
    assert_eq!(exporter_log::lines(&exporter, &["level=warn"]), [""; 0]);
}

/// The month that was current when the program stopped is the previous one when it starts in the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_ended_between_two_runs_is_the_previous_one() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = state_file.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let (Some(builder), Some(library)) = (
        state_file.exporter_builder(&scenario, &heroku, 0),
        external_tools::faketime_library(),
    ) else {
        return;
    };
    let december = noon(scenario.today) + SignedDuration::from_hours(24 * 8);
    let exporter = builder.with_clock_at(december, library).start().await;
    let shown = Scrape::parse(&exporter.metrics().await);
    let of_november = |scrape: &Scrape, name: &str| -> Vec<_> {
        scrape
            .series(name)
            .map(|(series, value)| (series.labels.clone(), value.to_owned()))
            .collect()
    };
    for kind in ["usd", "dyno_units"] {
        let current = format!("heroku_team_usage_current_{kind}");
        let previous = format!("heroku_team_usage_previous_{kind}");
        assert_eq!(shown.series(&current).count(), 0);
        assert_eq!(
            of_november(&shown, &previous),
            of_november(&known, &current)
        );
    }
    // Usage of other months is another question, whose answer is not known.
    let usage = wait_until("a request for usage", || {
        requests(&heroku, Endpoint::Usage)
            .pop()
            .filter(|request| request.path.ends_with("start=2026-11&end=2026-12"))
    })
    .await;
    assert_eq!(usage.header("if-none-match"), None);
}

/// What was kept is old too: `--data.max-age` counts from when Heroku gave it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_and_too_old_is_not_shown() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = state_file.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for (age, shows) in [("1h", false), ("5h", true)] {
        let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 2) else {
            return;
        };
        let exporter = builder.env("DATA_MAX_AGE", age).start().await;
        let shown = Scrape::parse(&exporter.metrics().await);
        assert_eq!(!shown.billing_metrics().samples.is_empty(), shows, "{age}");
        for endpoint in ENDPOINTS {
            let times = [&shown, &known].map(|s| endpoint_value(s, LAST_POLL_SUCCESS, endpoint));
            assert_eq!(times[0], times[1], "{age}");
        }
    }
}

/// Another API's answers are not this one's, whatever the teams are called.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_api_answered_is_ignored() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let one = scenario.start_simulator().await;
    if state_file.run_and_stop(&scenario, &one).await.is_none() {
        return;
    }
    let other: Simulator = scenario.start_simulator().await;
    other.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = state_file.exporter_builder(&scenario, &other, 1) else {
        return;
    };
    let exporter = builder.start().await;
    let shown = Scrape::parse(&exporter.metrics().await);
    assert_eq!(shown.billing_metrics(), Scrape::default());
    exporter_log::wait_for_line(&exporter, &["level=warn", "state file", &one.url()]).await;
    wait_until("a request", || other.requests().pop()).await;
    for request in other.requests() {
        assert_eq!(request.header("if-none-match"), None);
    }
}
