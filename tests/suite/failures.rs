//! Failures: what one endpoint or one team suffers touches no other, what is known stays, and Heroku is asked again within seconds.

use heroku_sim::{Endpoint, Fault, Simulator, Times};

use crate::asked::answered;
use crate::exporter::{Exporter, until};
use crate::faults;
use crate::logged;
use crate::own_series::POLLS;
use crate::scenario::{Arrivals, Scenario};
use crate::scrape::Scrape;

/// The program on the scenario's day, asking every second or as often as the rate limit bears.
async fn restless(scenario: &Scenario, heroku: &Simulator) -> Option<Exporter> {
    let start = scenario.start(heroku, &scenario.team_ids())?;
    Some(start.arg("--poll.interval=1s").start().await)
}

/// With the default interval of an hour: only a retry can bring what failed at first.
async fn assert_the_other_stands(failing: Endpoint, standing: Arrivals) {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.inject_fault(failing, Fault::Status(503), Times::Count(2));
    let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = start.start().await;
    exporter
        .scrape_once("the other", |scrape| Arrivals::of(scrape) == standing)
        .await;
    let all = |scrape: &Scrape| Arrivals::of(scrape) == scenario.arrivals;
    exporter.scrape_once("recovery", all).await;
    assert_eq!(answered(&heroku, failing, 503), 2);
    assert_eq!(answered(&heroku, failing, 200), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_stand_while_usage_fails_and_usage_recovers() {
    let invoices = Arrivals {
        invoices: 1,
        usage: 0,
    };
    assert_the_other_stands(Endpoint::Usage, invoices).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_stands_while_invoices_fail_and_invoices_recover() {
    let usage = Arrivals {
        invoices: 0,
        usage: 1,
    };
    assert_the_other_stands(Endpoint::Invoices, usage).await;
}

/// Each kind of failure that an answer can be, and the word that the log has for it. What was known stays through every one of them.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_figures_stay_through_every_kind_of_failure() {
    let nonsense = |body: &str| Fault::Response {
        status: 200,
        content_type: "application/json".to_owned(),
        body: body.as_bytes().to_vec(),
    };
    let elsewhere = Fault::Redirect {
        location: "http://127.0.0.1:1/".to_owned(),
        status: 302,
    };
    let table = [
        (Fault::Status(401), "unauthorized"),
        (Fault::Status(402), "payment_required"),
        (Fault::Status(403), "forbidden"),
        (Fault::Status(404), "not_found"),
        (Fault::Status(500), "server_error"),
        (Fault::Status(418), "unexpected_status"),
        (Fault::RateLimited { retry_after: None }, "rate_limited"),
        (Fault::Html { status: 503 }, "server_error"),
        (Fault::Html { status: 200 }, "malformed"),
        (nonsense("{}"), "malformed"),
        (nonsense("[{"), "malformed"),
        (nonsense("[7]"), "malformed"),
        (Fault::NotGzip, "malformed"),
        (elsewhere, "unexpected_status"),
        (Fault::ResetInHeaders, "network"),
        (Fault::ResetInBody { after: 10 }, "network"),
        (Fault::TruncateBody { after: 10 }, "network"),
        (Fault::HugeBody { bytes: 100 << 20 }, "too_large"),
    ];
    let mut playing = tokio::task::JoinSet::new();
    for (fault, reason) in table {
        playing.spawn(async move {
            let scenario = Scenario::named("one_team");
            let heroku = scenario.heroku().await;
            let Some(exporter) = restless(&scenario, &heroku).await else {
                return;
            };
            let known = exporter
                .scrape_once("the first answers", |scrape| {
                    Arrivals::of(scrape) == scenario.arrivals
                })
                .await;
            heroku.inject_fault(Endpoint::Invoices, fault.clone(), Times::Always);
            heroku.inject_fault(Endpoint::Usage, fault, Times::Always);
            let reason = format!("reason={reason} ");
            for endpoint in ["endpoint=invoices", "endpoint=usage"] {
                logged::says(&exporter, &["level=warn", endpoint, &reason]).await;
            }
            let shown = Scrape::read(&exporter.metrics().await).figures();
            assert_eq!(shown, known.figures(), "{reason}");
            assert_eq!(exporter.get("/health").await.text(), "OK");
        });
    }
    playing.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_without_data_is_not_taken_for_zeros() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.inject_fault(Endpoint::Usage, Fault::EmptyList, Times::Always);
    heroku.inject_fault(Endpoint::Invoices, Fault::EmptyList, Times::Always);
    let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = start.start().await;
    for endpoint in ["endpoint=invoices", "endpoint=usage"] {
        logged::says(&exporter, &["level=info", endpoint]).await;
    }
    let shown = Scrape::read(&exporter.metrics().await).figures();
    assert_eq!(shown, Scrape::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_vanished_vanishes() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    let Some(exporter) = restless(&scenario, &heroku).await else {
        return;
    };
    let has_shop = |scrape: &Scrape| {
        let names = [
            "heroku_team_usage_current_usd",
            "heroku_team_usage_previous_usd",
        ];
        names
            .iter()
            .any(|name| scrape.label_values(name, "app_name").contains("shop"))
    };
    exporter.scrape_once("the app", has_shop).await;
    let mut company = scenario.company();
    for row in &mut company.teams[0].usage {
        let apps = row["apps"].as_array_mut().expect("a list of apps");
        apps.retain(|app| app["app_name"] != "shop");
    }
    heroku.set_company(company);
    exporter
        .scrape_once("its going", |scrape| {
            !has_shop(scrape) && Arrivals::of(scrape).usage == 1
        })
        .await;
}

/// A revoked token is a failure like others: what is known stays, and once the token is good again so are the figures.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_told_and_recovered_from() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.set_token("HRKU-another".to_owned());
    let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = start.start().await;
    logged::says(
        &exporter,
        &["level=warn", "endpoint=usage", "reason=unauthorized"],
    )
    .await;
    logged::says(
        &exporter,
        &["level=warn", "endpoint=invoices", "reason=unauthorized"],
    )
    .await;
    let shown = Scrape::read(&exporter.metrics().await).figures();
    assert_eq!(shown, Scrape::default());
    heroku.set_token(heroku.token().to_owned());
    exporter
        .scrape_once("recovery", |scrape| {
            Arrivals::of(scrape) == scenario.arrivals
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_hangs_delays_no_other() {
    let scenario = Scenario::named("several_teams");
    let company = scenario.company();
    let heroku = scenario.heroku().await;
    heroku.inject_fault_for(
        &company.teams[1].id,
        Endpoint::Any,
        Fault::Hang,
        Times::Always,
    );
    let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = start.start().await;
    let others = Arrivals {
        invoices: 2,
        usage: 2,
    };
    let scrape = exporter
        .scrape_once("the others", |scrape| Arrivals::of(scrape) == others)
        .await;
    // Not one poll of the team that hangs was given up for the others to get their turn.
    let under_way = scrape.of(POLLS).filter(|(_, polls)| *polls == "0");
    assert_eq!(under_way.count(), 2);
}

/// Heroku's word on when to ask again is kept: nothing is asked meanwhile, although the interval is a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_heroku_asks_for_is_kept() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    let limited = Fault::RateLimited {
        retry_after: Some(3_000),
    };
    heroku.inject_fault(Endpoint::Usage, limited, Times::Once);
    // A poller that leaves no requests to others: the answer says that none are left, which would
    // pause the other endpoint too.
    let poller = faults::poller(&heroku.url(), heroku.token(), &scenario.team_ids());
    let (sender, _published) = tokio::sync::watch::channel(std::sync::Arc::default());
    let polling = tokio::spawn(poller.run(sender, std::future::pending()));
    until("three polls of the endpoint beside it", || {
        // The first is an answer; the others are told that it still stands.
        (answered(&heroku, Endpoint::Invoices, 304) >= 2).then_some(())
    })
    .await;
    assert_eq!(answered(&heroku, Endpoint::Usage, 429), 1);
    assert_eq!(answered(&heroku, Endpoint::Usage, 200), 0);
    polling.abort();
}

/// An enterprise team has no invoices and that is no failure of its usage; a card-paying team may have no usage.
#[tokio::test(flavor = "multi_thread")]
async fn a_team_without_one_of_the_endpoints_shows_the_other() {
    let scenario = Scenario::named("several_teams");
    let mut company = scenario.company();
    company.teams[0].enterprise = true;
    company.teams[1].usage_available = false;
    let heroku = Simulator::builder(company, scenario.today)
        .start()
        .await
        .expect("loopback has a free port");
    let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = start.start().await;
    let expected = Arrivals {
        invoices: 2,
        usage: 2,
    };
    exporter
        .scrape_once("what there is", |scrape| Arrivals::of(scrape) == expected)
        .await;
}
