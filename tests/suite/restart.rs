//! The state file: a restart during an outage loses nothing, and one at any other time costs Heroku next to nothing.

use heroku_cost_exporter::clock::Clock;
use heroku_sim::{Company, DEFAULT_TOKEN, Endpoint, Fault, LoggedRequest, Simulator, Times};
use jiff::SignedDuration;
use jiff::tz::Offset;

use crate::asked::requests;
use crate::exporter::{Start, until};
use crate::kept::{Kept, assert_same};
use crate::logged;
use crate::own_series::*;
use crate::scenario::{Scenario, noon};
use crate::scrape::Scrape;
use crate::tools;

/// That the first scrape of a run two hours later, against a Heroku that gives nothing, shows what is kept.
async fn assert_nothing_is_lost(scenario: &Scenario, outage: Option<Fault>) {
    let kept = Kept::none();
    let heroku = scenario.heroku().await;
    let Some(known) = kept.run(scenario, &heroku).await else {
        return;
    };
    let Some(start) = kept.start(scenario, &heroku, 2) else {
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
    let exporter = start.start().await;
    let shown = Scrape::read(&exporter.metrics().await);
    assert_same(&shown, &known);
    assert!(shown.of(UP).all(|(_, up)| up == "0"));
    if hangs {
        // What was kept was not asked for by this run.
        assert!(shown.of(POLLS).all(|(_, polls)| polls == "0"));
        assert_eq!(exporter.get("/-/ready").await.status, 503);
    } else {
        let tried = exporter
            .scrape_once("the failures", |scrape| {
                scrape.of(POLLS).all(|(_, polls)| polls != "0")
            })
            .await;
        assert_same(&tried, &known);
        assert!(tried.of(UP).all(|(_, up)| up == "0"));
        assert!(tried.of(LAST_POLL).all(|(_, at)| at != "0"));
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
    let kept = Kept::none();
    let heroku = scenario.heroku().await;
    let Some(known) = kept.run(&scenario, &heroku).await else {
        return;
    };
    let teams = scenario.company().teams.len();
    for hours in 1..4 {
        heroku.clear_requests();
        let Some(start) = kept.start(&scenario, &heroku, hours) else {
            return;
        };
        let exporter = start.start().await;
        let up = exporter.scrape_once("the answers", all_up).await;
        assert_eq!(up.figures(), known.figures());
        for (series, at) in up.of(DATA_CHANGED) {
            assert_eq!(at, known.samples[series], "{series:?}");
        }
        for (series, at) in up.of(LAST_POLL_SUCCESS) {
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
    let heroku = scenario.heroku().await;
    let kept = Kept::none();
    let Some(start) = kept.start(&scenario, &heroku, 0) else {
        return;
    };
    let mut exporter = start.start().await;
    exporter.scrape_once("figures", all_up).await;
    exporter.signal("TERM");
    assert_eq!(exporter.ended().await.code(), Some(0));
    assert_eq!(kept.answers(), 2 * scenario.company().teams.len());
}

/// What changed while the program was away is shown once it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_in_what_has_changed_meanwhile() {
    let scenario = Scenario::named("one_team");
    let kept = Kept::none();
    let heroku = scenario.heroku().await;
    let Some(known) = kept.run(&scenario, &heroku).await else {
        return;
    };
    let mut company = scenario.company();
    company.teams[0].usage[0]["data"] = 777.25.into();
    heroku.set_company(company);
    let Some(start) = kept.start(&scenario, &heroku, 1) else {
        return;
    };
    let exporter = start.start().await;
    let up = exporter.scrape_once("the answers", all_up).await;
    assert!(up.figures().samples.values().any(|value| value == "777.25"));
    let changed = |scrape: &Scrape, endpoint| of_endpoint(scrape, DATA_CHANGED, endpoint);
    assert!(changed(&up, "usage") > changed(&known, "usage"));
    assert_eq!(changed(&up, "invoices"), changed(&known, "invoices"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_for_its_owner_alone_and_holds_no_token() {
    use std::os::unix::fs::PermissionsExt;
    let scenario = Scenario::named("several_teams");
    let kept = Kept::none();
    // A file that all may read was there before.
    kept.write(b"");
    let heroku = scenario.heroku().await;
    if kept.run(&scenario, &heroku).await.is_none() {
        return;
    }
    let mode = std::fs::metadata(kept.path()).map(|metadata| metadata.permissions().mode());
    assert_eq!(mode.expect("the file is there") & 0o777, 0o600);
    let text = String::from_utf8(kept.bytes()).expect("a text");
    for secret in [DEFAULT_TOKEN, "Bearer", "HRKU"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(kept.neighbours(), ["state.json"]);
}

/// Told to stop in the middle of a poll, it leaves the file as it was, and nothing beside it.
#[tokio::test(flavor = "multi_thread")]
async fn the_file_stays_as_it_was_where_a_poll_hangs_at_the_end() {
    let scenario = Scenario::named("one_team");
    let kept = Kept::none();
    let heroku = scenario.heroku().await;
    if kept.run(&scenario, &heroku).await.is_none() {
        return;
    }
    let before = kept.bytes();
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for signal in ["TERM", "INT"] {
        let Some(start) = kept.start(&scenario, &heroku, 1) else {
            return;
        };
        heroku.clear_requests();
        let mut exporter = start.start().await;
        until("both requests", || {
            (heroku.requests().len() == 2).then_some(())
        })
        .await;
        exporter.signal(signal);
        assert_eq!(exporter.ended().await.code(), Some(0), "{signal}");
        assert_eq!(kept.bytes(), before, "{signal}");
        assert_eq!(kept.neighbours(), ["state.json"], "{signal}");
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
    let kept = Kept::none();
    let team = company.teams[0].name.clone();
    let start = || kept.of(Start::against(&heroku, &team));
    let exporter = start().start().await;
    until("the whole file", || (kept.answers() == 2).then_some(())).await;
    drop(exporter);
    for round in 0..8 {
        // Another answer each time, so that there is something to write.
        company.teams[0].usage[0]["data"] = round.into();
        heroku.set_company(company.clone());
        heroku.clear_requests();
        let mut exporter = start().start().await;
        until("an answer", || {
            let answered = |request: LoggedRequest| request.status.is_some();
            heroku.requests().into_iter().any(answered).then_some(())
        })
        .await;
        exporter.signal("KILL");
        exporter.ended().await;
        assert_eq!(kept.answers(), 2);
    }
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let exporter = start().start().await;
    let shown = Scrape::read(&exporter.metrics().await);
    assert!(!shown.figures().samples.is_empty());
    assert_eq!(logged::lines(&exporter, &["level=warn"]), [""; 0]);
}

/// The month that was current when the program stopped is the previous one when it starts in the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_ended_between_two_runs_is_the_previous_one() {
    let scenario = Scenario::named("one_team");
    let kept = Kept::none();
    let heroku = scenario.heroku().await;
    let Some(known) = kept.run(&scenario, &heroku).await else {
        return;
    };
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let (Some(start), Some(library)) = (
        kept.start(&scenario, &heroku, 0),
        tools::fake_clock_library(),
    ) else {
        return;
    };
    let december = noon(scenario.today) + SignedDuration::from_hours(24 * 8);
    let exporter = start.at(december, library).start().await;
    let shown = Scrape::read(&exporter.metrics().await);
    let of_november = |scrape: &Scrape, name: &str| -> Vec<_> {
        scrape
            .of(name)
            .map(|(series, value)| (series.labels.clone(), value.to_owned()))
            .collect()
    };
    for kind in ["usd", "dyno_units"] {
        let current = format!("heroku_team_usage_current_{kind}");
        let previous = format!("heroku_team_usage_previous_{kind}");
        assert_eq!(shown.of(&current).count(), 0);
        assert_eq!(
            of_november(&shown, &previous),
            of_november(&known, &current)
        );
    }
    // Usage of other months is another question, whose answer is not known.
    let usage = until("a request for usage", || {
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
    let kept = Kept::none();
    let heroku = scenario.heroku().await;
    let Some(known) = kept.run(&scenario, &heroku).await else {
        return;
    };
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for (age, shows) in [("1h", false), ("5h", true)] {
        let Some(start) = kept.start(&scenario, &heroku, 2) else {
            return;
        };
        let exporter = start.env("DATA_MAX_AGE", age).start().await;
        let shown = Scrape::read(&exporter.metrics().await);
        assert_eq!(!shown.figures().samples.is_empty(), shows, "{age}");
        for endpoint in ENDPOINTS {
            let times = [&shown, &known].map(|s| of_endpoint(s, LAST_POLL_SUCCESS, endpoint));
            assert_eq!(times[0], times[1], "{age}");
        }
    }
}

/// Another API's answers are not this one's, whatever the teams are called.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_api_answered_is_ignored() {
    let scenario = Scenario::named("one_team");
    let kept = Kept::none();
    let one = scenario.heroku().await;
    if kept.run(&scenario, &one).await.is_none() {
        return;
    }
    let other: Simulator = scenario.heroku().await;
    other.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(start) = kept.start(&scenario, &other, 1) else {
        return;
    };
    let exporter = start.start().await;
    let shown = Scrape::read(&exporter.metrics().await);
    assert_eq!(shown.figures(), Scrape::default());
    logged::says(&exporter, &["level=warn", "state file", &one.url()]).await;
    until("a request", || other.requests().pop()).await;
    for request in other.requests() {
        assert_eq!(request.header("if-none-match"), None);
    }
}
