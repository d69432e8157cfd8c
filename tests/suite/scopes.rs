//! Whose costs are asked for: teams by name, all that the token sees, enterprise accounts, a personal account, and any mix of them.

use heroku_sim::{Company, Endpoint, EnterpriseAccount, Fault, Simulator, Team, Times};
use jiff::civil::{Date, date};
use serde_json::json;

use crate::asked::{asked_again, requests};
use crate::exporter::{Exporter, Start, until};
use crate::kept::Kept;
use crate::own_series::*;
use crate::scenario::noon;
use crate::scrape::Scrape;
use crate::tools;

const TODAY: Date = date(2026, 11, 23);

const ACCOUNT_ID: &str = "eeeeeeee-0000-4000-8000-000000000001";

const USAGE: &str = "heroku_team_usage_current_usd";
const CHARGES: &str = "heroku_invoice_current_charges_total_usd";

/// The id of the team of this number.
fn id(number: u32) -> String {
    format!("{number:08}-0000-4000-8000-000000000000")
}

/// A team that has both figures, told by its number.
fn team(number: u32, name: &str) -> Team {
    let invoice = json!({ "id": format!("i{number}"), "number": number, "state": 0, "payment_status": "Pending",
        "period_start": "2026-11-01", "period_end": "2026-11-30", "total": 100 * number, "charges_total": 100 * number });
    let usage = json!({ "id": id(number), "name": name, "month": "2026-11", "dynos": 1.5, "data": number, "addons": number,
        "partner": 0, "connect": 0, "apps": [{ "app_name": "shop", "dynos": 1.5, "data": number }] });
    Team {
        id: id(number),
        name: name.to_owned(),
        invoices: vec![invoice],
        usage: vec![usage],
        ..Team::default()
    }
}

/// The same, as a team of the enterprise account.
fn owned(number: u32, name: &str) -> Team {
    Team {
        enterprise: true,
        enterprise_account: Some(ACCOUNT_ID.to_owned()),
        ..team(number, name)
    }
}

/// Two teams of their own, `web` and `ops`, two of the enterprise account `acme`, and a personal account.
fn company() -> Company {
    let personal = json!({ "id": "p", "number": 9, "state": 1, "period_start": "2026-11-01", "period_end": "2026-11-30",
        "total": 1234.5, "charges_total": 1234.5, "credits_total": 0.0 });
    Company {
        teams: vec![
            team(1, "ops"),
            team(2, "web"),
            owned(3, "core"),
            owned(4, "data \"\\\n☃"),
        ],
        enterprise_accounts: vec![EnterpriseAccount {
            id: ACCOUNT_ID.to_owned(),
            name: "acme".to_owned(),
            usage: None,
        }],
        personal_invoices: vec![personal],
        ..Company::default()
    }
}

async fn heroku(company: Company) -> Simulator {
    let heroku = Simulator::builder(company, TODAY).start().await;
    heroku.expect("loopback has a free port")
}

/// The program at noon, polling as often as the rate limit bears, with these settings for its scope.
fn start(heroku: &Simulator, scope: &[(&str, &str)]) -> Option<Start> {
    let library = tools::fake_clock_library()?;
    let start = Start::new(&["--poll.interval=1s"])
        .env("HEROKU_API_URL", &heroku.url())
        .env("HEROKU_API_KEY", heroku.token())
        .at(noon(TODAY), library);
    Some(
        scope
            .iter()
            .fold(start, |start, (name, value)| start.env(name, value)),
    )
}

const SEEN: (&str, &str) = ("HEROKU_TEAM_ID", "*");
const ACME: (&str, &str) = ("HEROKU_ENTERPRISE_ACCOUNT", "acme");
const PERSONAL: (&str, &str) = ("HEROKU_PERSONAL_ACCOUNT", "true");

async fn run(heroku: &Simulator, scope: &[(&str, &str)]) -> Option<Exporter> {
    Some(start(heroku, scope)?.start().await)
}

/// The endpoints that have rows, in order.
fn rows(scrape: &Scrape) -> Vec<(String, String)> {
    let label = |name| move |series: &crate::scrape::Series| series.label(name).map(str::to_owned);
    scrape
        .of(UP)
        .filter_map(|(series, _)| Some((label("team_name")(series)?, label("endpoint")(series)?)))
        .collect()
}

fn names(scrape: &Scrape, metric: &str) -> Vec<String> {
    scrape
        .label_values(metric, "team_name")
        .into_iter()
        .collect()
}

/// Waits until everything that has a row has answered or is not offered.
async fn settled(exporter: &Exporter) -> Scrape {
    exporter
        .scrape_once("all verdicts", |scrape| {
            let polled = scrape.of(POLLS).count() > 0 && scrape.of(POLLS).all(|(_, n)| n != "0");
            let up = |(series, up): (&crate::scrape::Series, &str)| {
                let same = scrape
                    .of(AVAILABLE)
                    .find(|(s, _)| s.labels == series.labels);
                up == "1" || same.is_some_and(|(_, available)| available == "0")
            };
            polled && scrape.of(UP).all(up)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_teams_that_the_token_sees_are_asked_for() {
    let heroku = heroku(company()).await;
    let Some(exporter) = run(&heroku, &[SEEN]).await else {
        return;
    };
    let first = Scrape::read(&exporter.metrics().await);
    assert!(rows(&first).contains(&("*".to_owned(), "teams".to_owned())));
    let scrape = exporter
        .scrape_once("all teams", |scrape| names(scrape, USAGE).len() == 4)
        .await;
    assert_eq!(
        names(&scrape, USAGE),
        ["core", "data \"\\\n☃", "ops", "web"]
    );
    let scrape = settled(&exporter).await;
    assert_eq!(names(&scrape, CHARGES), ["ops", "web"]);
    // Two for each team, and the list.
    assert_eq!(rows(&scrape).len(), 9);
    assert_eq!(
        requests(&heroku, Endpoint::Team).len(),
        0,
        "the list tells who they are"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_taken_and_refused_as_they_are_listed() {
    let heroku = heroku(company()).await;
    let scope = [
        SEEN,
        ("HEROKU_TEAM_INCLUDE", "ops|web|co.*"),
        ("HEROKU_TEAM_EXCLUDE", "w.*"),
    ];
    let Some(exporter) = run(&heroku, &scope).await else {
        return;
    };
    let scrape = exporter
        .scrape_once("the teams", |scrape| names(scrape, USAGE).len() == 2)
        .await;
    assert_eq!(names(&scrape, USAGE), ["core", "ops"]);
    // Renamed to one that is not wanted, it goes.
    let mut renamed = company();
    renamed.teams[0] = team(1, "web-2");
    heroku.set_company(renamed);
    let scrape = exporter
        .scrape_once("one team less", |scrape| names(scrape, USAGE) == ["core"])
        .await;
    assert!(
        !rows(&scrape)
            .iter()
            .any(|(name, _)| name == "ops" || name == "web-2")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_appears_is_renamed_and_vanishes_while_it_runs() {
    let before = Company {
        teams: vec![team(1, "ops"), team(2, "web")],
        ..Company::default()
    };
    let heroku = heroku(before.clone()).await;
    let Some(exporter) = run(&heroku, &[SEEN]).await else {
        return;
    };
    exporter
        .scrape_once("two teams", |scrape| {
            names(scrape, CHARGES) == ["ops", "web"]
        })
        .await;
    settled(&exporter).await;
    let mut more = before.clone();
    more.teams.push(team(5, "new"));
    heroku.set_company(more.clone());
    exporter
        .scrape_once("a third", |scrape| {
            names(scrape, CHARGES) == ["new", "ops", "web"]
        })
        .await;
    assert_eq!(exporter.get("/-/ready").await.status, 200);
    // Renamed, it keeps its figures and what is known of its polls.
    let polls = |scrape: &Scrape, name: &str| {
        value(
            scrape,
            POLLS,
            &[("team_name", name), ("endpoint", "invoices")],
        )
    };
    let known = Scrape::read(&exporter.metrics().await);
    more.teams[0] = team(1, "ops-2");
    heroku.set_company(more);
    let renamed = exporter
        .scrape_once("a new name", |scrape| {
            rows(scrape).iter().any(|(name, _)| name == "ops-2")
        })
        .await;
    assert!(polls(&renamed, "ops-2") >= polls(&known, "ops"));
    assert_eq!(names(&renamed, CHARGES), ["new", "ops-2", "web"]);
    heroku.set_company(before);
    exporter
        .scrape_once("two teams again", |scrape| {
            names(scrape, CHARGES) == ["ops", "web"] && names(scrape, UP) == ["*", "ops", "web"]
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_or_is_half_understood_keeps_the_teams_known() {
    let heroku = heroku(company()).await;
    let Some(exporter) = run(&heroku, &[SEEN]).await else {
        return;
    };
    exporter
        .scrape_once("all teams", |scrape| names(scrape, USAGE).len() == 4)
        .await;
    let half =
        json!([{ "id": id(1), "name": "ops" }, { "id": 7, "name": "web" }, null]).to_string();
    let odd = |body: &str| Fault::Response {
        status: 200,
        content_type: "application/json".to_owned(),
        body: body.as_bytes().to_vec(),
    };
    for (fault, up, left_out) in [
        (Fault::Status(503), 0.0, 0.0),
        (odd("[7,null]"), 0.0, 0.0),
        (odd("{}"), 0.0, 0.0),
        (odd(&half), 1.0, 2.0),
    ] {
        heroku.inject_fault(Endpoint::Teams, fault, Times::Always);
        let row = [("team_name", "*"), ("endpoint", "teams")];
        let scrape = exporter
            .scrape_once("the fault", |scrape| {
                value(scrape, UP, &row) == up && value(scrape, SKIPPED_ROWS, &row) == left_out
            })
            .await;
        assert_eq!(names(&scrape, USAGE).len(), 4);
        asked_again(&heroku, Endpoint::Usage, 2).await;
        heroku.clear_faults();
        exporter
            .scrape_once("recovery", |scrape| {
                value(scrape, UP, &row) == 1.0 && value(scrape, SKIPPED_ROWS, &row) == 0.0
            })
            .await;
    }
    // An empty list is an answer.
    heroku.inject_fault(Endpoint::Teams, odd("[]"), Times::Always);
    exporter
        .scrape_once("no team", |scrape| names(scrape, UP) == ["*"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_account_tells_of_all_its_teams_at_once() {
    for account in ["acme", ACCOUNT_ID] {
        let heroku = heroku(company()).await;
        let Some(exporter) = run(&heroku, &[("HEROKU_ENTERPRISE_ACCOUNT", account)]).await else {
            return;
        };
        let first = Scrape::read(&exporter.metrics().await);
        assert_eq!(rows(&first), [(account.to_owned(), "usage".to_owned())]);
        let scrape = exporter
            .scrape_once("its teams", |scrape| names(scrape, USAGE).len() == 2)
            .await;
        assert_eq!(names(&scrape, USAGE), ["core", "data \"\\\n☃"]);
        assert_eq!(names(&scrape, UP), [account]);
        asked_again(&heroku, Endpoint::EnterpriseUsage, 3).await;
        let by_name = usize::from(account == "acme");
        assert_eq!(
            requests(&heroku, Endpoint::EnterpriseAccount).len(),
            by_name
        );
        for never in [
            Endpoint::Usage,
            Endpoint::Invoices,
            Endpoint::EnterpriseTeams,
        ] {
            assert_eq!(requests(&heroku, never).len(), 0, "{never:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_s_outage_is_told_and_costs_no_figures() {
    let heroku = heroku(company()).await;
    let Some(exporter) = run(&heroku, &[ACME]).await else {
        return;
    };
    let known = exporter
        .scrape_once("its teams", |scrape| names(scrape, USAGE).len() == 2)
        .await;
    heroku.inject_fault(Endpoint::EnterpriseUsage, Fault::Status(503), Times::Always);
    let down = exporter
        .scrape_once("the outage", |scrape| {
            failures(scrape, "usage", "server_error") > 0.0
        })
        .await;
    assert_eq!(down.figures(), known.figures());
    heroku.clear_faults();
    exporter.scrape_once("recovery", all_up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_there_is_told() {
    let heroku = heroku(company()).await;
    let Some(exporter) = run(&heroku, &[("HEROKU_ENTERPRISE_ACCOUNT", "nobody")]).await else {
        return;
    };
    exporter
        .scrape_once("the verdict", |scrape| {
            failures(scrape, "usage", "not_found") > 0.0
        })
        .await;
    assert!(exporter.log().contains("no such enterprise account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_account_has_invoices_alone() {
    let heroku = heroku(company()).await;
    let Some(exporter) = run(&heroku, &[PERSONAL]).await else {
        return;
    };
    let expected = [("_personal".to_owned(), "invoices".to_owned())];
    let first = Scrape::read(&exporter.metrics().await);
    assert_eq!(rows(&first), expected);
    let scrape = exporter.scrape_once("its invoices", all_up).await;
    assert_eq!(rows(&scrape), expected);
    // Alone, it has the labels that a single team has.
    let totals: Vec<_> = scrape.of(CHARGES).collect();
    let [(series, value)] = totals[..] else {
        panic!("{totals:?}");
    };
    assert_eq!((series.label("team_name"), value), (None, "12.345"));
    asked_again(&heroku, Endpoint::AccountInvoices, 2).await;
    for never in [Endpoint::Usage, Endpoint::Invoices, Endpoint::Teams] {
        assert_eq!(requests(&heroku, never).len(), 0, "{never:?}");
    }
}

/// All teams, an account and the personal account: a team that two of them tell of stands once.
#[tokio::test(flavor = "multi_thread")]
async fn any_mix_of_scopes_works_and_a_team_stands_once() {
    let heroku = heroku(company()).await;
    let Some(exporter) = run(&heroku, &[SEEN, ACME, PERSONAL]).await else {
        return;
    };
    let scrape = exporter
        .scrape_once("all figures", |scrape| {
            names(scrape, USAGE).len() == 4 && names(scrape, CHARGES).len() == 3
        })
        .await;
    assert_eq!(
        names(&scrape, USAGE),
        ["core", "data \"\\\n☃", "ops", "web"]
    );
    assert_eq!(names(&scrape, CHARGES), ["_personal", "ops", "web"]);
    settled(&exporter).await;
    asked_again(&heroku, Endpoint::EnterpriseUsage, 2).await;
    // What the account tells is not asked for once more.
    for request in requests(&heroku, Endpoint::Usage) {
        assert!(
            [id(1), id(2)].map(Some).contains(&request.team),
            "{request:?}"
        );
    }
    let usage_rows: Vec<_> = rows(&scrape)
        .into_iter()
        .filter(|(_, endpoint)| endpoint == "usage")
        .map(|(name, _)| name)
        .collect();
    assert_eq!(usage_rows, ["acme", "ops", "web"]);
}

/// A team that is named keeps its two rows, whoever tells its usage.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_team_of_an_account_stands_once_and_keeps_its_rows() {
    for named in ["core,web", &format!("{},web", id(3))] {
        let heroku = heroku(company()).await;
        let Some(exporter) = run(&heroku, &[("HEROKU_TEAM_ID", named), ACME]).await else {
            return;
        };
        exporter
            .scrape_once("all usage", |scrape| names(scrape, USAGE).len() == 3)
            .await;
        let scrape = settled(&exporter).await;
        assert_eq!(names(&scrape, USAGE), ["core", "data \"\\\n☃", "web"]);
        let of_core: Vec<_> = rows(&scrape)
            .into_iter()
            .filter(|(name, _)| name == "core")
            .map(|(_, endpoint)| endpoint)
            .collect();
        assert_eq!(of_core, ENDPOINTS);
        let usage = [("team_name", "core"), ("endpoint", "usage")];
        assert_eq!(value(&scrape, UP, &usage), 1.0);
        for request in requests(&heroku, Endpoint::Usage) {
            assert_eq!(request.team, Some(id(2)), "{request:?}");
        }
    }
}

/// Where the token may not see the account's usage, a named team's own is asked.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_tells_nothing_leaves_the_teams_to_be_asked() {
    let heroku = heroku(company()).await;
    heroku.inject_fault(Endpoint::EnterpriseUsage, Fault::Status(403), Times::Always);
    let Some(exporter) = run(&heroku, &[("HEROKU_TEAM_ID", "core"), ACME]).await else {
        return;
    };
    let scrape = exporter
        .scrape_once("its usage", |scrape| names(scrape, USAGE) == ["core"])
        .await;
    let account = [("team_name", "acme"), ("endpoint", "usage")];
    assert_eq!(value(&scrape, AVAILABLE, &account), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_the_teams_that_turned_up_were_tried() {
    let heroku = heroku(company()).await;
    heroku.inject_fault(
        Endpoint::Teams,
        Fault::Delay(std::time::Duration::from_millis(800)),
        Times::Once,
    );
    heroku.inject_fault_for(
        "web",
        Endpoint::Usage,
        Fault::Delay(std::time::Duration::from_millis(1500)),
        Times::Once,
    );
    let Some(exporter) = run(&heroku, &[SEEN]).await else {
        return;
    };
    assert_eq!(exporter.get("/-/ready").await.status, 503);
    exporter
        .scrape_once("some teams", |scrape| names(scrape, CHARGES).len() == 2)
        .await;
    let before = Scrape::read(&exporter.metrics().await);
    let status = exporter.get("/-/ready").await.status;
    if before.of(POLLS).any(|(_, polls)| polls == "0") && status == 200 {
        let after = Scrape::read(&exporter.metrics().await);
        assert!(after.of(POLLS).all(|(_, polls)| polls != "0"));
    }
    settled(&exporter).await;
    assert_eq!(exporter.get("/-/ready").await.status, 200);
}

/// A list that cannot be had is tried, and there is nothing else to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_each_scope_failed() {
    let heroku = heroku(company()).await;
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let Some(exporter) = run(&heroku, &[SEEN, ACME, PERSONAL]).await else {
        return;
    };
    let scrape = exporter
        .scrape_once("all verdicts", |scrape| {
            scrape.of(POLLS).all(|(_, polls)| polls != "0")
        })
        .await;
    assert_eq!(rows(&scrape).len(), 3);
    assert_eq!(exporter.get("/-/ready").await.status, 200);
}

/// Every scope's answers are kept, and shown at once by the next run, though Heroku gives nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_nothing_of_any_scope() {
    for scope in [&[SEEN][..], &[ACME], &[PERSONAL], &[SEEN, ACME, PERSONAL]] {
        let heroku = heroku(company()).await;
        let kept = Kept::none();
        let Some(start_first) = start(&heroku, scope) else {
            return;
        };
        let mut exporter = kept.of(start_first).start().await;
        settled(&exporter).await;
        let known = Scrape::read(&exporter.metrics().await);
        assert_ne!(known.figures(), Scrape::default());
        exporter.signal("TERM");
        assert_eq!(exporter.ended().await.code(), Some(0));
        heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
        let (Some(start_again), Some(library)) =
            (start(&heroku, scope), tools::fake_clock_library())
        else {
            return;
        };
        let later = noon(TODAY) + jiff::SignedDuration::from_hours(2);
        let start_again = start_again.at(later, library);
        heroku.clear_requests();
        let exporter = kept.of(start_again).start().await;
        let shown = Scrape::read(&exporter.metrics().await);
        assert_eq!(shown.figures(), known.figures());
        assert_eq!(rows(&shown), rows(&known));
        // The first run may have asked once more before it ended.
        for (series, at) in known.of(LAST_POLL_SUCCESS) {
            let at: f64 = at.parse().expect("a time");
            let shown: f64 = shown.samples[series].parse().expect("a time");
            assert!(
                (at..at + 60.0).contains(&shown),
                "{series:?}: {at}, {shown}"
            );
        }
        assert_eq!(exporter.get("/-/ready").await.status, 503);
        let asked = until("a request", || heroku.requests().pop()).await;
        assert_ne!(
            asked.endpoint,
            Some(Endpoint::EnterpriseAccount),
            "its id is kept"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_every_scope() {
    let heroku = heroku(company()).await;
    let Some(library) = tools::fake_clock_library() else {
        return;
    };
    let output = std::process::Command::new(crate::exporter::BINARY)
        .arg("check")
        .env_clear()
        .env("HEROKU_API_URL", heroku.url())
        .env("HEROKU_API_KEY", heroku.token())
        .envs([SEEN, ACME, PERSONAL])
        .env("LD_PRELOAD", library)
        .env("FAKETIME", format!("@{}", noon(TODAY).as_second()))
        .env("FAKETIME_FMT", "%s")
        .output();
    let output = output.expect("the binary starts");
    let text = String::from_utf8(output.stdout).expect("a text");
    for line in [
        "4 teams",
        "Enterprise account acme",
        "(2 teams)",
        "_personal",
        "\nweb (",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(output.status.code(), Some(0), "{text}");
}
