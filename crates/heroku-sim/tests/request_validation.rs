//! Invalid requests are rejected with the status and error body of the Platform API.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod client;

use client::{get, request_to};
use heroku_sim::{Company, Simulator};
use jiff::civil::{Date, date};
use serde_json::json;

const TODAY: Date = date(2026, 8, 14);

const FIXTURE: &str = r#"{"teams": [
    {"id": "11111111-0000-4000-8000-000000000000", "name": "ops", "invoices": [{"id": "b", "number": 2}, {"id": "a", "number": 3}, {"id": "c", "number": 1}],
     "usage": [{"month": "2026-07", "dynos": 1}, {"month": "2026-08", "dynos": 2}, {"month": "2025-08"}]},
    {"id": "22222222-0000-4000-8000-000000000000", "name": "big", "enterprise": true, "usage": [{"month": "2026-08"}]},
    {"id": "33333333-0000-4000-8000-000000000000", "name": "card", "usage_available": false},
    {"id": "00000000-0000-4000-8000-000000000000", "name": "new"},
    {"id": "44444444-0000-4000-8000-000000000000", "name": "malformed", "usage": [{"month": "August"}, {"dynos": 3}, {"month": null}, 7]}
]}"#;

const OPS: &str = "/teams/11111111-0000-4000-8000-000000000000";

async fn start_simulator() -> Simulator {
    Simulator::builder(Company::from_json(FIXTURE).unwrap(), TODAY)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn requires_accept_with_version_3() {
    let heroku = start_simulator().await;
    for (accept, error) in [
        ("application/json", (Some(400), "missing_version")),
        ("*/*", (Some(400), "missing_version")),
        (
            "application/vnd.heroku+json",
            (Some(400), "missing_version"),
        ),
        (
            "application/vnd.heroku+json; version=2",
            (Some(406), "not_acceptable"),
        ),
    ] {
        let response = request_to(&heroku, "/teams")
            .with_header("Accept", accept)
            .send(&heroku)
            .await;
        assert_eq!(
            (response.status, response.error_id().as_str()),
            error,
            "{accept}"
        );
    }
    let response = request_to(&heroku, "/teams")
        .without_header("Accept")
        .send(&heroku)
        .await;
    assert_eq!(response.status, Some(400));
    let response = request_to(&heroku, "/teams")
        .with_header("Accept", "application/vnd.heroku+json; version=3.sdk")
        .send(&heroku)
        .await;
    assert_eq!(response.status, Some(200));
    let response = request_to(&heroku, "/teams")
        .with_header("Accept", "application/vnd.heroku+json;version=3;q=1, */*")
        .send(&heroku)
        .await;
    assert_eq!(response.status, Some(200));
}

#[tokio::test]
async fn requires_valid_token() {
    let heroku = start_simulator().await;
    for authorization in [
        "Bearer HRKU-wrong",
        "Bearer",
        &format!("Basic {}", heroku.token()),
        heroku.token(),
        &format!("Bearer {} x", heroku.token()),
    ] {
        let response = request_to(&heroku, "/teams")
            .with_header("Authorization", authorization)
            .send(&heroku)
            .await;
        assert_eq!(response.status, Some(401), "{authorization}");
        assert_eq!(response.json()["message"], "Invalid credentials provided.");
        assert_eq!(response.error_id(), "unauthorized");
        assert!(response.json()["url"].is_string());
    }
    let response = request_to(&heroku, "/account/rate-limits")
        .without_header("Authorization")
        .send(&heroku)
        .await;
    assert_eq!(response.status, Some(401));
    heroku.set_token("HRKU-other".to_owned());
    assert_eq!(get(&heroku, "/teams").await.status, Some(401));
    let response = request_to(&heroku, "/teams")
        .with_header("Authorization", "Bearer HRKU-other")
        .send(&heroku)
        .await;
    assert_eq!(response.status, Some(200));
}

#[tokio::test]
async fn requires_user_agent() {
    let heroku = start_simulator().await;
    for request in [
        request_to(&heroku, "/teams").without_header("User-Agent"),
        request_to(&heroku, "/teams").with_header("User-Agent", " "),
    ] {
        let response = request.send(&heroku).await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(400), "bad_request".to_owned())
        );
    }
}

#[tokio::test]
async fn rejects_unknown_paths_teams_and_methods_with_404() {
    let heroku = start_simulator().await;
    for path in [
        "/",
        "/team",
        "/teams/",
        "/teams/ops/usage",
        "/teams/ops/invoices/",
        "/account/",
    ] {
        let response = get(&heroku, path).await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(404), "not_found".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/teams/nobody",
        "/teams/nobody/invoices",
        "/teams/nobody/usage/monthly?start=2026-08",
    ] {
        let response = get(&heroku, path).await;
        assert_eq!(
            (response.status, response.json()),
            (
                Some(404),
                json!({ "id": "not_found", "message": "Couldn't find that team." })
            )
        );
    }
    for method in ["POST", "DELETE", "PATCH"] {
        assert_eq!(
            request_to(&heroku, "/teams")
                .method(method)
                .send(&heroku)
                .await
                .status,
            Some(404),
            "{method}"
        );
    }
}

#[tokio::test]
async fn usage_accepts_only_team_id() {
    let heroku = start_simulator().await;
    assert_eq!(get(&heroku, OPS).await.json()["name"], "ops");
    assert_eq!(
        get(&heroku, "/teams/ops").await.json(),
        get(&heroku, OPS).await.json()
    );
    assert_eq!(
        get(&heroku, "/teams/ops/invoices").await.ids(),
        ["a", "b", "c"]
    );
    assert_eq!(
        get(&heroku, &format!("{OPS}/invoices")).await.ids(),
        ["a", "b", "c"]
    );
    assert_eq!(
        get(&heroku, &format!("{OPS}/usage/monthly?start=2026-08"))
            .await
            .status,
        Some(200)
    );
    let response = get(&heroku, "/teams/ops/usage/monthly?start=2026-08").await;
    assert_eq!(
        (response.status, response.error_id()),
        (Some(404), "not_found".to_owned())
    );
}

#[tokio::test]
async fn team_object_matches_schema() {
    let heroku = start_simulator().await;
    let teams = get(&heroku, "/teams").await.json();
    for team in teams.as_array().unwrap() {
        for field in ["id", "name", "created_at", "updated_at", "type"] {
            assert!(team[field].is_string(), "{field}");
        }
        for field in ["credit_card_collections", "default", "provisioned_licenses"] {
            assert!(team[field].is_boolean(), "{field}");
        }
        assert_eq!(team["type"] == "enterprise", team["name"] == "big");
        assert!(
            ["admin", "collaborator", "member", "owner"].contains(&team["role"].as_str().unwrap())
        );
    }
}

#[tokio::test]
async fn rejects_unavailable_endpoints_with_403() {
    let heroku = start_simulator().await;
    let response = get(&heroku, "/teams/big/invoices").await;
    assert_eq!(
        (response.status, response.error_id()),
        (Some(403), "forbidden".to_owned())
    );
    assert_eq!(
        get(
            &heroku,
            "/teams/22222222-0000-4000-8000-000000000000/usage/monthly?start=2026-08"
        )
        .await
        .status,
        Some(200)
    );
    let response = get(
        &heroku,
        "/teams/33333333-0000-4000-8000-000000000000/usage/monthly?start=2026-08",
    )
    .await;
    assert_eq!(
        (response.status, response.error_id()),
        (Some(403), "forbidden".to_owned())
    );
    assert_eq!(get(&heroku, "/teams/card/invoices").await.json(), json!([]));
}

#[tokio::test]
async fn validates_and_filters_months_of_usage() {
    let heroku = start_simulator().await;
    for (query, status) in [
        ("", 400),
        ("?end=2026-08", 400),
        ("?start=", 400),
        ("?start=2026-8", 400),
        ("?start=2026-08-01", 400),
        ("?start=2026-13", 400),
        ("?start=2026-00", 400),
        ("?start=%2B026-01", 400),
        ("?start=2026-08&end=soon", 400),
        ("?start=2026-08&end=", 400),
        ("?start=2026-08&end=2026-07", 422),
        ("?start=2026-07&end=2026-09", 422),
        ("?start=2026-09", 422),
        ("?start=2025-07&end=2026-08", 422),
    ] {
        let response = get(&heroku, &format!("{OPS}/usage/monthly{query}")).await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(status), "invalid_params".to_owned()),
            "{query}"
        );
    }
    let months = async |query| {
        let response = get(&heroku, &format!("{OPS}/usage/monthly?{query}")).await;
        let rows = response.json();
        let month = |row: &serde_json::Value| row["month"].as_str().unwrap().to_owned();
        rows.as_array()
            .map(|rows| rows.iter().map(month).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    assert_eq!(months("start=2026-08").await, ["2026-08"]);
    assert_eq!(
        months("start=2026-06&end=2026-08").await,
        ["2026-07", "2026-08"]
    );
    assert_eq!(
        months("start=2025-08&end=2026-08").await,
        ["2026-07", "2026-08", "2025-08"]
    );

    heroku.set_today(date(2026, 9, 1));
    assert_eq!(
        get(&heroku, &format!("{OPS}/usage/monthly?start=2025-08"))
            .await
            .status,
        Some(422)
    );
    assert_eq!(
        get(&heroku, &format!("{OPS}/usage/monthly?start=2026-09"))
            .await
            .status,
        Some(404)
    );
}

#[tokio::test]
async fn serves_malformed_usage_but_404_without_usage() {
    let heroku = start_simulator().await;
    for path in [
        "/teams/00000000-0000-4000-8000-000000000000/usage/monthly?start=2026-08",
        &format!("{OPS}/usage/monthly?start=2026-01"),
    ] {
        let response = get(&heroku, path).await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(404), "not_found".to_owned()),
            "{path}"
        );
    }
    let response = get(
        &heroku,
        "/teams/44444444-0000-4000-8000-000000000000/usage/monthly?start=2026-08",
    )
    .await;
    assert_eq!(
        response.json(),
        json!([{ "month": "August" }, { "dynos": 3 }, { "month": null }, 7])
    );
}

#[tokio::test]
async fn responses_have_request_id_and_remaining_tokens() {
    let heroku = start_simulator().await;
    let mut ids = Vec::new();
    for (path, remaining) in [
        ("/teams", "4499"),
        ("/nowhere", "4498"),
        ("/account/rate-limits", "4498"),
        ("/teams/ops", "4497"),
    ] {
        let response = get(&heroku, path).await;
        assert_eq!(
            response.header("RateLimit-Remaining"),
            Some(remaining),
            "{path}"
        );
        assert_eq!(response.header("Content-Type"), Some("application/json"));
        ids.push(response.header("Request-Id").unwrap().to_owned());
    }
    assert_eq!(
        get(&heroku, "/account/rate-limits").await.json(),
        json!({ "remaining": 4497 })
    );
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| id.len() == 36));
}

#[tokio::test]
async fn rejects_requests_over_rate_limit_with_429() {
    let company = Company::from_json(FIXTURE).unwrap();
    let heroku = Simulator::builder(company, TODAY)
        .rate_limit(2)
        .start()
        .await
        .unwrap();
    assert_eq!(
        get(&heroku, "/teams").await.header("RateLimit-Remaining"),
        Some("1")
    );
    assert_eq!(
        get(&heroku, "/teams").await.header("RateLimit-Remaining"),
        Some("0")
    );
    let response = get(&heroku, "/teams").await;
    assert_eq!(
        (response.status, response.error_id()),
        (Some(429), "rate_limit".to_owned())
    );
    assert_eq!(response.header("Retry-After"), None);
    assert_eq!(
        get(&heroku, "/account/rate-limits").await.json(),
        json!({ "remaining": 0 })
    );
}
