//! Enterprise accounts, personal invoices, delinquency, licences and authorizations.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod client;

use client::{get, request_to};
use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

const TODAY: Date = date(2026, 8, 14);

const ACME: &str = "/enterprise-accounts/aaaaaaaa-0000-4000-8000-000000000000";
const OPS: &str = "11111111-0000-4000-8000-000000000000";

/// Returns a company with an account of two teams, accounts without teams, a team without an
/// account and a team of an unlisted account.
fn company() -> Company {
    let company = json!({
        "teams": [
            {"id": "22222222-0000-4000-8000-000000000000", "name": "web", "enterprise_account": "acme \"co\"", "enterprise": true,
             "usage": [
                {"id": "2", "name": "web", "month": "2026-08", "dynos": 0.2, "data": 1, "connect": 7, "shield_space": 1.5, "apps": [{"app_name": "shop"}]},
                {"id": "2", "name": "web", "month": "2026-06", "dynos": 3},
                {"id": "2", "name": "web", "month": "August", "dynos": 1000},
                {"dynos": 1000}, null, 7]},
            {"id": OPS, "name": "ops", "enterprise_account": "aaaaaaaa-0000-4000-8000-000000000000",
             "delinquency": {"scheduled_suspension_time": "2026-09-01T12:00:00Z", "later": [1]},
             "licenses": [{"name": "b", "qty": 5}, {"name": "a", "qty": null}, 7],
             "invoices": [{"id": "x"}],
             "usage": [{"id": "1", "name": "ops", "month": "2026-08", "dynos": 0.1, "data": null, "partner": "12"}]},
            {"id": "33333333-0000-4000-8000-000000000000", "name": "card"},
            {"id": "44444444-0000-4000-8000-000000000000", "name": "unlisted", "enterprise_account": "others",
             "usage": [{"month": "2026-08", "dynos": 500}]},
        ],
        "enterprise_accounts": [
            {"id": "bbbbbbbb-0000-4000-8000-000000000000", "name": "own rows", "usage": [{"month": "2026-08", "teams": null}, {"month": null}, 7]},
            {"id": "aaaaaaaa-0000-4000-8000-000000000000", "name": "acme \"co\""},
            {"id": "cccccccc-0000-4000-8000-000000000000", "name": "empty"},
        ],
        "personal_invoices": [{"id": "p2", "number": 1, "total": 100.5}, {"id": "p1", "number": 2, "total": null}],
        "token_expires_in": 3600,
    });
    Company::from_json(&company.to_string()).unwrap()
}

async fn start_simulator() -> Simulator {
    Simulator::builder(company(), TODAY).start().await.unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn usage_accepts_only_account_id() {
    let heroku = start_simulator().await;
    let accounts = get(&heroku, "/enterprise-accounts").await.json();
    assert_eq!(names(&accounts), ["acme \"co\"", "own rows", "empty"]);
    assert_eq!(get(&heroku, ACME).await.json(), accounts[0]);
    let by_name = "/enterprise-accounts/acme%20%22co%22";
    assert_eq!(get(&heroku, by_name).await.json(), accounts[0]);
    for path in [format!("{ACME}/teams"), format!("{by_name}/teams")] {
        assert_eq!(names(&get(&heroku, &path).await.json()), ["ops", "web"]);
    }
    let empty = get(&heroku, "/enterprise-accounts/empty/teams").await;
    assert_eq!((empty.status, empty.json()), (Some(200), json!([])));
    let query = "usage/monthly?start=2026-08";
    assert_eq!(
        get(&heroku, &format!("{ACME}/{query}")).await.status,
        Some(200)
    );
    for path in [
        format!("{by_name}/{query}"),
        format!("/enterprise-accounts/nobody/{query}"),
        format!("/enterprise-accounts/{OPS}"),
        "/enterprise-accounts/nobody/teams".to_owned(),
        "/enterprise-accounts/others".to_owned(),
        "/enterprise-accounts/ACME%20%22co%22".to_owned(),
    ] {
        let response = get(&heroku, &path).await;
        assert_eq!(
            (response.status, response.json()),
            (
                Some(404),
                json!({ "id": "not_found", "message": "Couldn't find that enterprise account." })
            ),
            "{path}"
        );
    }
}

#[tokio::test]
async fn team_object_has_enterprise_account() {
    let heroku = start_simulator().await;
    let teams = get(&heroku, "/teams").await.json();
    let acme = json!({ "id": "aaaaaaaa-0000-4000-8000-000000000000", "name": "acme \"co\"" });
    let listed: Vec<_> = teams.as_array().unwrap().iter().collect();
    let type_and_account =
        |team: &Value| (team["type"].clone(), team["enterprise_account"].clone());
    assert_eq!(names(&teams), ["ops", "web", "card", "unlisted"]);
    assert_eq!(
        type_and_account(listed[0]),
        (json!("enterprise"), acme.clone())
    );
    assert_eq!(type_and_account(listed[1]), (json!("enterprise"), acme));
    assert_eq!(type_and_account(listed[2]), (json!("team"), Value::Null));
    assert_eq!(
        type_and_account(listed[3]),
        (json!("enterprise"), Value::Null)
    );
    let members = get(&heroku, &format!("{ACME}/teams")).await.json();
    assert_eq!(&members[0], listed[0]);
    // A team with an enterprise account may have invoices.
    assert_eq!(get(&heroku, "/teams/ops/invoices").await.ids(), ["x"]);
    assert_eq!(get(&heroku, "/teams/web/invoices").await.status, Some(403));
}

#[tokio::test]
async fn sums_account_usage_over_teams() {
    let heroku = start_simulator().await;
    let usage = async |query: &str| get(&heroku, &format!("{ACME}/usage/monthly?{query}")).await;
    let rows = usage("start=2025-08&end=2026-08").await.json();
    let row = |month: &str| {
        let rows = rows.as_array().unwrap().iter();
        rows.clone().find(|row| row["month"] == month).unwrap()
    };
    assert_eq!(
        row("2026-08"),
        &json!({
            "id": "aaaaaaaa-0000-4000-8000-000000000000", "name": "acme \"co\"", "month": "2026-08",
            "addons": 0, "connect": 7, "data": 1, "dynos": 0.3, "partner": 0, "space": 0, "shield_space": 1.5,
            "teams": [
                {"id": "2", "name": "web", "dynos": 0.2, "data": 1, "connect": 7, "shield_space": 1.5, "apps": [{"app_name": "shop"}]},
                {"id": "1", "name": "ops", "dynos": 0.1, "data": null, "partner": "12"},
            ],
        })
    );
    assert_eq!(names(&row("2026-06")["teams"]), ["web"]);
    // Rows with an invalid month are in every range; rows without a month are skipped.
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(row("August")["dynos"], 1000);
    let one = usage("start=2026-06").await.json();
    assert_eq!(one.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn validates_months_of_account_usage() {
    let heroku = start_simulator().await;
    let own = "/enterprise-accounts/bbbbbbbb-0000-4000-8000-000000000000/usage/monthly";
    for (query, status) in [
        ("", 400),
        ("?end=2026-08", 400),
        ("?start=2026-8", 400),
        ("?start=2026-13", 400),
        ("?start=2026-08&end=", 400),
        ("?start=2026-08&end=2026-07", 422),
        ("?start=2026-09", 422),
        ("?start=2025-07&end=2026-08", 422),
    ] {
        for path in [own, &format!("{ACME}/usage/monthly")] {
            let response = get(&heroku, &format!("{path}{query}")).await;
            assert_eq!(
                (response.status, response.error_id()),
                (Some(status), "invalid_params".to_owned()),
                "{path}{query}"
            );
        }
    }
    let rows = get(&heroku, &format!("{own}?start=2026-08")).await.json();
    assert_eq!(
        rows,
        json!([{ "month": "2026-08", "teams": null }, { "month": null }, 7])
    );
    let nothing =
        "/enterprise-accounts/cccccccc-0000-4000-8000-000000000000/usage/monthly?start=2026-08";
    let response = get(&heroku, nothing).await;
    assert_eq!(
        (response.status, response.error_id()),
        (Some(404), "not_found".to_owned())
    );
}

#[tokio::test]
async fn lists_personal_invoices() {
    let heroku = start_simulator().await;
    let response = get(&heroku, "/account/invoices").await;
    assert_eq!(
        response.json(),
        json!([{ "id": "p1", "number": 2, "total": null }, { "id": "p2", "number": 1, "total": 100.5 }])
    );
    heroku.set_company(Company::default());
    for path in ["/account/invoices", "/enterprise-accounts", "/teams"] {
        let response = get(&heroku, path).await;
        assert_eq!(
            (response.status, response.json()),
            (Some(200), json!([])),
            "{path}"
        );
    }
}

#[tokio::test]
async fn serves_delinquency_and_licences_unchanged() {
    let heroku = start_simulator().await;
    for team in ["ops", OPS] {
        let response = get(&heroku, &format!("/teams/{team}/delinquency")).await;
        assert_eq!(
            response.json(),
            json!({ "scheduled_suspension_time": "2026-09-01T12:00:00Z", "later": [1] })
        );
        let response = get(&heroku, &format!("/teams/{team}/licenses")).await;
        assert_eq!(
            response.json(),
            json!([{ "name": "b", "qty": 5 }, { "name": "a", "qty": null }, 7])
        );
    }
    let response = get(&heroku, "/teams/web/delinquency").await;
    assert_eq!(
        response.json(),
        json!({ "scheduled_suspension_time": null, "scheduled_deletion_time": null })
    );
    for path in [
        "/teams/web/licenses",
        "/teams/nobody/licenses",
        "/teams/nobody/delinquency",
    ] {
        let response = get(&heroku, path).await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(404), "not_found".to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn returns_expiry_of_own_token() {
    let heroku = start_simulator().await;
    let expiry = async |token: &str| {
        let request = request_to(&heroku, "/oauth/authorizations");
        let request = request.with_header("Authorization", &format!("Bearer {token}"));
        let all = request.send(&heroku).await.json();
        let all = all.as_array().unwrap();
        assert!(all.iter().any(|one| one["access_token"].is_null()));
        let own: Vec<_> = all
            .iter()
            .filter(|one| one["access_token"]["token"] == token)
            .collect();
        assert_eq!((own.len(), all.len() > 2), (1, true));
        own[0]["access_token"]["expires_in"].clone()
    };
    assert_eq!(expiry(heroku.token()).await, 3600);
    heroku.set_token("HRKU-other".to_owned());
    assert_eq!(expiry("HRKU-other").await, 3600);
    heroku.set_company(Company::default());
    assert_eq!(expiry("HRKU-other").await, Value::Null);
}

/// The endpoints of this file and an example path of each.
const PATHS: [(&str, Endpoint); 8] = [
    ("/enterprise-accounts", Endpoint::EnterpriseAccounts),
    ("/enterprise-accounts/empty", Endpoint::EnterpriseAccount),
    (
        "/enterprise-accounts/own%20rows/teams",
        Endpoint::EnterpriseTeams,
    ),
    (
        "/enterprise-accounts/bbbbbbbb-0000-4000-8000-000000000000/usage/monthly?start=2026-08",
        Endpoint::EnterpriseUsage,
    ),
    ("/account/invoices", Endpoint::AccountInvoices),
    ("/teams/ops/delinquency", Endpoint::Delinquency),
    ("/teams/ops/licenses", Endpoint::Licenses),
    ("/oauth/authorizations", Endpoint::Authorizations),
];

#[tokio::test]
async fn checks_logs_and_faults_each_endpoint() {
    let heroku = start_simulator().await;
    for (path, endpoint) in PATHS {
        heroku.clear_requests();
        let status = async |request: client::TestRequest| request.send(&heroku).await.status;
        let valid = || request_to(&heroku, path);
        assert_eq!(status(valid()).await, Some(200), "{path}");
        assert_eq!(status(valid().method("POST")).await, Some(404), "{path}");
        assert_eq!(
            status(valid().without_header("Authorization")).await,
            Some(401),
            "{path}"
        );
        assert_eq!(
            status(valid().with_header("Accept", "application/json")).await,
            Some(400),
            "{path}"
        );
        heroku.inject_fault(endpoint, Fault::Status(403), Times::Once);
        for (other, _) in PATHS.iter().filter(|(_, other)| *other != endpoint) {
            assert_eq!(
                get(&heroku, other).await.status,
                Some(200),
                "{path} {other}"
            );
        }
        let response = get(&heroku, path).await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(403), "forbidden".to_owned()),
            "{path}"
        );
        assert_eq!(status(valid()).await, Some(200), "{path}");
        let requests = heroku.requests();
        let logged = requests
            .iter()
            .filter(|request| request.endpoint == Some(endpoint));
        assert_eq!(logged.count(), 6, "{path}");
    }
    heroku.clear_requests();
    let _ = get(&heroku, "/enterprise-accounts/own%20rows").await;
    let logged = &heroku.requests()[0];
    assert_eq!(
        (logged.enterprise_account.as_deref(), &logged.team),
        (Some("own rows"), &None)
    );
}

#[tokio::test]
async fn paginates_lists() {
    let heroku = Simulator::builder(company(), TODAY)
        .page_size(1)
        .start()
        .await
        .unwrap();
    for (path, length) in [
        ("/enterprise-accounts", 3),
        (&format!("{ACME}/teams"), 2),
        ("/account/invoices", 2),
        ("/teams/ops/licenses", 3),
        ("/oauth/authorizations", 4),
    ] {
        for range in ["bytes=0-100", "id ..; max=1001", "colour .."] {
            let request = request_to(&heroku, path).with_header("Range", range);
            assert_eq!(request.send(&heroku).await.status, Some(416), "{path}");
        }
        let (mut range, mut rows) = (Some("id ..; max=1000".to_owned()), Vec::new());
        while let Some(value) = range {
            let response = request_to(&heroku, path)
                .with_header("Range", &value)
                .send(&heroku)
                .await;
            range = response.header("Next-Range").map(str::to_owned);
            assert_eq!(
                response.status,
                Some(if range.is_some() { 206 } else { 200 })
            );
            rows.extend(response.json().as_array().unwrap().clone());
        }
        assert_eq!(rows.len(), length, "{path}");
        let distinct: std::collections::BTreeSet<_> = rows.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), length, "{path}: duplicate rows");
    }
}

#[tokio::test]
async fn injects_fault_for_one_account() {
    let heroku = start_simulator().await;
    heroku.inject_fault_for(
        "acme \"co\"",
        Endpoint::EnterpriseUsage,
        Fault::Status(503),
        Times::Always,
    );
    let usage = async |id: &str| {
        let path = format!("/enterprise-accounts/{id}/usage/monthly?start=2026-08");
        get(&heroku, &path).await.status
    };
    assert_eq!(
        usage("aaaaaaaa-0000-4000-8000-000000000000").await,
        Some(503)
    );
    assert_eq!(
        usage("bbbbbbbb-0000-4000-8000-000000000000").await,
        Some(200)
    );
    assert_eq!(get(&heroku, ACME).await.status, Some(200));
}
