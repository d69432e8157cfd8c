//! Storage: data survives a restart during an outage, and later requests are conditional.

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
use crate::storage_directory::{StorageDirectory, assert_same_data};

/// Asserts that the data is exposed by an exporter that starts two hours later, during an outage.
/// Without a fault, Heroku is unreachable.
async fn assert_restart_keeps_data(scenario: &Scenario, outage: Option<Fault>) {
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = storage.run_and_stop(scenario, &heroku).await else {
        return;
    };
    let Some(builder) = storage.exporter_builder(scenario, &heroku, 2) else {
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
    let restored = Scrape::parse(&exporter.metrics().await);
    assert_same_data(&restored, &known);
    assert!(restored.series(UP).all(|(_, up)| up == "0"));
    if hangs {
        // Stored responses do not count as polls of this process.
        assert!(restored.series(POLLS).all(|(_, polls)| polls == "0"));
        assert_eq!(exporter.get("/-/ready").await.status, 503);
    } else {
        let failed = exporter
            .wait_for_scrape("the failures", |scrape| {
                scrape.series(POLLS).all(|(_, polls)| polls != "0")
            })
            .await;
        assert_same_data(&failed, &known);
        assert!(failed.series(UP).all(|(_, up)| up == "0"));
        assert!(failed.series(LAST_POLL).all(|(_, at)| at != "0"));
    }
    drop(heroku);
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_data_while_heroku_hangs() {
    assert_restart_keeps_data(&Scenario::named("one_team"), Some(Fault::Hang)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_data_while_heroku_fails() {
    let scenario = Scenario::named("several_teams");
    assert_restart_keeps_data(&scenario, Some(Fault::Status(503))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_data_while_heroku_is_unreachable() {
    assert_restart_keeps_data(&Scenario::named("one_team"), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_all_pages() {
    let scenario = Scenario::named("paged_invoices");
    assert_restart_keeps_data(&scenario, Some(Fault::Status(500))).await;
}

/// Each restart sends one conditional request to each endpoint and does not resolve team names.
#[tokio::test(flavor = "multi_thread")]
async fn restart_revalidates_stored_responses() {
    let scenario = Scenario::named("several_teams");
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = storage.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    let teams = scenario.company().teams.len();
    for hours in 1..4 {
        heroku.clear_requests();
        let Some(builder) = storage.exporter_builder(&scenario, &heroku, hours) else {
            return;
        };
        let exporter = builder.start().await;
        let up = exporter.wait_for_scrape("successful polls", all_up).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn stores_responses_received_just_before_shutdown() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    let storage = StorageDirectory::new();
    let Some(builder) = storage.exporter_builder(&scenario, &heroku, 0) else {
        return;
    };
    let mut exporter = builder.start().await;
    exporter.wait_for_scrape("successful polls", all_up).await;
    exporter.signal("TERM");
    assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    assert_eq!(storage.response_count(), 2 * scenario.company().teams.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_fetches_changed_data() {
    let scenario = Scenario::named("one_team");
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = storage.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    let mut company = scenario.company();
    company.teams[0].usage[0]["data"] = 777.25.into();
    heroku.set_company(company);
    let Some(builder) = storage.exporter_builder(&scenario, &heroku, 1) else {
        return;
    };
    let exporter = builder.start().await;
    let up = exporter.wait_for_scrape("successful polls", all_up).await;
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
async fn storage_is_private_and_contains_no_token() {
    use std::os::unix::fs::PermissionsExt;
    let scenario = Scenario::named("several_teams");
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    let Some(builder) = storage.exporter_builder(&scenario, &heroku, 0) else {
        return;
    };
    let exporter = builder.start().await;
    let mode = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).expect("the file exists");
        metadata.permissions().mode() & 0o777
    };
    wait_until("the log and its index", || {
        (storage.files().len() == 4).then_some(())
    })
    .await;
    let database = "heroku-cost-exporter.db";
    let log_and_index = [format!("{database}-shm"), format!("{database}-wal")];
    let [index, log] = &log_and_index;
    assert_eq!(storage.files(), [database, index, log, "lock"]);
    assert_eq!(mode(&storage.path()), 0o700);
    for file in storage.files() {
        assert_eq!(mode(&storage.path().join(&file)), 0o600, "{file}");
    }
    if storage.stop(&scenario, exporter).await.is_none() {
        return;
    }
    assert_eq!(storage.files(), [database, "lock"]);
    let bytes = storage.bytes();
    let text = String::from_utf8_lossy(&bytes);
    for secret in [DEFAULT_TOKEN, "Bearer", "HRKU", "@example.com"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_during_poll_keeps_responses() {
    let scenario = Scenario::named("one_team");
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    if storage.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for signal in ["TERM", "INT"] {
        let Some(builder) = storage.exporter_builder(&scenario, &heroku, 1) else {
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
        assert_eq!(storage.response_count(), 2, "{signal}");
    }
}

/// The system clock is used, because a killed process leaves faketime's shared memory behind.
#[tokio::test(flavor = "multi_thread")]
async fn killed_exporter_keeps_responses() {
    let today = Offset::UTC.to_datetime(Clock::system().now()).date();
    let mut company = Company::synthetic(1, today);
    company.teams.truncate(1);
    let heroku = Simulator::builder(company.clone(), today).start().await;
    let heroku = heroku.expect("loopback has a free port");
    let storage = StorageDirectory::new();
    let team = company.teams[0].name.clone();
    let builder = || storage.configure(ExporterBuilder::for_heroku(&heroku, &team));
    let exporter = builder().start().await;
    wait_until("both responses", || {
        (storage.response_count() == 2).then_some(())
    })
    .await;
    drop(exporter);
    for round in 0..8 {
        // Changed data, so that the file is written.
        company.teams[0].usage[0]["data"] = round.into();
        heroku.set_company(company.clone());
        heroku.clear_requests();
        let mut exporter = builder().start().await;
        wait_until("a response", || {
            let has_response = |request: LoggedRequest| request.status.is_some();
            let mut requests = heroku.requests().into_iter();
            requests.any(has_response).then_some(())
        })
        .await;
        exporter.signal("KILL");
        exporter.wait_for_exit().await;
        assert_eq!(storage.response_count(), 2);
    }
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let exporter = builder().start().await;
    let restored = Scrape::parse(&exporter.metrics().await);
    assert!(!restored.billing_metrics().samples.is_empty());
    assert_eq!(exporter_log::lines(&exporter, &["level=warn"]), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_month_becomes_previous_month() {
    let scenario = Scenario::named("one_team");
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = storage.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let (Some(builder), Some(library)) = (
        storage.exporter_builder(&scenario, &heroku, 0),
        external_tools::faketime_library(),
    ) else {
        return;
    };
    let december = noon(scenario.today) + SignedDuration::from_hours(24 * 8);
    let exporter = builder.with_clock_at(december, library).start().await;
    let restored = Scrape::parse(&exporter.metrics().await);
    let series = |scrape: &Scrape, name: &str| -> Vec<_> {
        scrape
            .series(name)
            .map(|(series, value)| (series.labels.clone(), value.to_owned()))
            .collect()
    };
    for unit in ["usd", "dyno_units"] {
        let current = format!("heroku_team_usage_current_{unit}");
        let previous = format!("heroku_team_usage_previous_{unit}");
        assert_eq!(restored.series(&current).count(), 0);
        assert_eq!(series(&restored, &previous), series(&known, &current));
    }
    // The request for other months has no stored response and is unconditional.
    let usage = wait_until("a request for usage", || {
        requests(&heroku, Endpoint::Usage)
            .pop()
            .filter(|request| request.path.ends_with("start=2026-11&end=2026-12"))
    })
    .await;
    assert_eq!(usage.header("if-none-match"), None);
}

/// `--data.max-age` counts from the last success, also across a restart.
#[tokio::test(flavor = "multi_thread")]
async fn stored_data_expires() {
    let scenario = Scenario::named("one_team");
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    let Some(known) = storage.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for (max_age, is_exposed) in [("1h", false), ("5h", true)] {
        let Some(builder) = storage.exporter_builder(&scenario, &heroku, 2) else {
            return;
        };
        let exporter = builder.env("DATA_MAX_AGE", max_age).start().await;
        let restored = Scrape::parse(&exporter.metrics().await);
        assert_eq!(
            !restored.billing_metrics().samples.is_empty(),
            is_exposed,
            "{max_age}"
        );
        for endpoint in ENDPOINTS {
            let times = [&restored, &known].map(|s| endpoint_value(s, LAST_POLL_SUCCESS, endpoint));
            assert_eq!(times[0], times[1], "{max_age}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn does_not_mix_data_of_two_apis() {
    let scenario = Scenario::named("one_team");
    let storage = StorageDirectory::new();
    let one = scenario.start_simulator().await;
    if storage.run_and_stop(&scenario, &one).await.is_none() {
        return;
    }
    let before = storage.bytes();
    let other: Simulator = scenario.start_simulator().await;
    other.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = storage.exporter_builder(&scenario, &other, 1) else {
        return;
    };
    let exporter = builder.start().await;
    let restored = Scrape::parse(&exporter.metrics().await);
    assert_eq!(restored.billing_metrics(), Scrape::default());
    let line = ["level=error", "storage unavailable", &one.url()];
    exporter_log::wait_for_line(&exporter, &line).await;
    wait_until("a request", || other.requests().pop()).await;
    for request in other.requests() {
        assert_eq!(request.header("if-none-match"), None);
    }
    assert!(storage.bytes() == before, "the files have changed");
}
