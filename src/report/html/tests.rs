//! Pages of companies with hostile names, many apps, and no data.

use super::*;
use crate::report::tests::{failed, hostile, month, now, rules, succeeded, team, usage, used};
use crate::snapshot::FailureReason;
use crate::snapshot::{EndpointStatus, Snapshot, Team};
use billing::invoice::Invoices;
use billing::rules::Rules;
use billing::usage::Usage;
use heroku_api::stats::{ClientStats, Endpoint};
use heroku_api::team::Delinquency;

const HOSTILE: [&str; 6] = [
    "<script>document.title='ran'</script>",
    "\"><img src=x onerror=alert(1)>",
    "</style></title><svg onload=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "{{ 7 * 7 }}{% raw %}&lt;b&gt;&#60;",
    "\u{202e}gnp.exe\u{0}\u{feff}\n",
];

fn report_of(teams: Vec<Team>) -> Report {
    let several_teams = teams.len() > 1;
    let mut snapshot = Snapshot::new(teams, several_teams, ClientStats::default());
    snapshot.all_attempted = true;
    report(&snapshot)
}

fn report(snapshot: &Snapshot) -> Report {
    let rules = Rules {
        invoice_history: 12,
        ..rules()
    };
    Report::new(snapshot, &rules, None, now())
}

fn page(report: &Report, query: &str) -> String {
    Page::render(report, &PageQuery::parse(query), "/metrics")
        .unwrap()
        .html
}

/// Returns two months of usage of apps with decreasing costs.
fn app_usage(names: &[&str]) -> EndpointStatus<Usage> {
    let cost = |position: usize| (names.len() - position) as f64;
    let apps: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(position, name)| (*name, used(cost(position), cost(position))))
        .collect();
    let total = names.len() as f64 * 100.0;
    usage([
        ("2026-10", month(used(total, total), &apps)),
        ("2026-11", month(used(total, total), &apps)),
    ])
}

/// Returns the app names in the table of apps.
fn app_names(html: &str) -> Vec<&str> {
    let (_, apps) = html.split_once("Costs by app").unwrap();
    let (body, _) = apps.split_once("</tbody>").unwrap();
    let cells = body.split("scope=\"row\"><bdi>").skip(1);
    cells
        .filter_map(|cell| cell.split("</bdi>").next())
        .collect()
}

#[test]
fn escapes_names_and_queries() {
    let report_with = |names: [&str; 6], team_name: &str| {
        let mut first = team(
            team_name,
            app_usage(&names),
            failed(FailureReason::Timeout, names[0]),
        );
        first.id = Some(names[1].to_owned());
        let second = team(names[2], app_usage(&names), succeeded(Invoices::default()));
        report_of(vec![first, second])
    };
    let hostile = report_with(HOSTILE, HOSTILE[3]);
    let harmless = report_with(["a", "b", "c", "d", "e", "f"], "g");
    let count = |html: &str, c: char| html.matches(c).count();
    for query in ["", "team=a", "sort=app", "q=zzz"] {
        let (hostile_query, harmless_query) = match query {
            "q=zzz" => ("q=%22%3E%3Cscript%3Ez", query),
            "team=a" => ("team=%3C/title%3E%3Cscript%3E", query),
            _ => (query, query),
        };
        let hostile_page = page(&hostile, hostile_query);
        let harmless_page = page(&harmless, harmless_query);
        for c in ['<', '>', '"'] {
            assert_eq!(
                count(&hostile_page, c),
                count(&harmless_page, c),
                "{query} {c}\n{hostile_page}"
            );
        }
        let lower = hostile_page.to_lowercase();
        for forbidden in [
            "<script",
            "<img",
            "<svg onload",
            "\u{202e}",
            "\u{0}",
            "\u{feff}",
        ] {
            assert!(!lower.contains(forbidden), "{forbidden:?}");
        }
        assert_eq!(lower.matches("</style").count(), 1);
    }
}

#[test]
fn complies_with_the_content_security_policy() {
    let html = page(&report(&hostile()), "");
    for forbidden in [
        " style=", " onload=", "<script", "<iframe", "url(", "@import", " src=",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let links: Vec<_> = html
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let is_local = |link: &&str| {
        link.starts_with(['?', '#', '/']) && !link.starts_with("//")
            || link.starts_with("data:image/svg+xml,")
    };
    assert!(links.iter().all(is_local), "{links:?}");
    assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
    assert!(!CONTENT_SECURITY_POLICY.contains("script-src"));
}

#[test]
fn shows_unknown_amounts_as_unknown() {
    let lost = team(
        "lost",
        failed(FailureReason::ServerError, "503"),
        failed(FailureReason::ServerError, "503"),
    );
    let html = page(&report_of(vec![lost]), "");
    assert!(
        html.contains("not known") && html.contains("No usage data"),
        "{html}"
    );
    assert!(
        !html.contains(">0.00<") && !html.contains("$0.00"),
        "{html}"
    );
    assert!(html.starts_with("<!doctype html>"));
}

#[test]
fn refreshes_until_the_first_response() {
    let html = page(&report(&Snapshot::default()), "");
    assert!(html.contains("Waiting for Heroku"), "{html}");
    assert!(html.contains("http-equiv=\"refresh\""), "{html}");
    let html = page(&report(&hostile()), "");
    assert!(!html.contains("Waiting for Heroku") && !html.contains("refresh"));
}

#[test]
fn shows_advice_for_every_failure_reason() {
    for reason in FailureReason::ALL {
        let ops = team(
            "ops",
            failed(reason, "a <message>"),
            failed(reason, "a <message>"),
        );
        let html = page(&report_of(vec![ops]), "");
        // Commands between backticks become `code` elements.
        let html = html.replace("<code>", "`").replace("</code>", "`");
        let escaped = |text: &str| text.replace('\'', "&#39;");
        assert!(
            html.contains(&escaped(crate::report::title(reason))),
            "{}\n{html}",
            reason.as_str()
        );
        assert!(
            html.contains(&escaped(crate::report::advice(reason))),
            "{}\n{html}",
            reason.as_str()
        );
        assert!(
            html.contains("a &#60;message&#62;"),
            "{}\n{html}",
            reason.as_str()
        );
        assert!(html.contains("ops: usage") && html.contains("ops: invoices"));
    }
}

#[test]
fn combines_failures_of_one_reason() {
    let names: Vec<_> = (0..500).map(|number| format!("team-{number}")).collect();
    let teams = names.iter().map(|name| {
        let message = "Heroku answered 401";
        team(
            name,
            failed(FailureReason::Unauthorized, message),
            failed(FailureReason::Unauthorized, message),
        )
    });
    let html = page(&report_of(teams.collect()), "");
    assert_eq!(html.matches("<article").count(), 1);
    assert!(html.contains("and 992 more"), "{html}");
    assert!(html.len() < 300_000, "{}", html.len());
}

#[test]
fn announces_suspension_deletion_and_token_expiry() {
    let mut late = team("late", app_usage(&["a"]), succeeded(Invoices::default()));
    late.metadata.delinquency = Some(Delinquency {
        suspension: Some("2026-11-20T00:00:00Z".parse().unwrap()),
        deletion: Some("2026-12-20T00:00:00Z".parse().unwrap()),
    });
    let mut snapshot = Snapshot::new(vec![late], false, ClientStats::default());
    let html = |snapshot: &Snapshot| page(&report(snapshot), "");
    assert!(html(&snapshot).contains("Heroku will delete late in 33 days"));
    for (expiry, shown) in [
        ("2026-11-26T12:00:00Z", Some("The token expires in 10 days")),
        ("2026-11-16T11:00:00Z", Some("The token expired 1 hour ago")),
        ("2027-11-16T11:00:00Z", None),
    ] {
        snapshot.token_expiry = Some(expiry.parse().unwrap());
        let html = html(&snapshot);
        match shown {
            Some(shown) => assert!(html.contains(shown), "{html}"),
            None => assert!(!html.contains("The token expire"), "{html}"),
        }
    }
}

#[test]
fn searches_sorts_and_pages_a_thousand_apps() {
    let names: Vec<_> = (0..1_000)
        .map(|number| format!("app-{number:04}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let report = report_of(vec![team(
        "ops",
        app_usage(&names),
        succeeded(Invoices::default()),
    )]);
    let first = page(&report, "");
    assert!(first.len() < 120_000, "{}", first.len());
    assert_eq!(app_names(&first), &names[..50]);
    assert!(
        first.contains("1000 apps, of which these are 1 to 50"),
        "{first}"
    );
    assert_eq!(app_names(&page(&report, "sheet=20")), &names[950..]);
    assert_eq!(app_names(&page(&report, "sheet=999999")), &names[950..]);
    let reversed: Vec<_> = names.iter().rev().take(50).copied().collect();
    for query in ["sort=app&order=desc", "order=asc", "sort=current&order=asc"] {
        assert_eq!(app_names(&page(&report, query)), reversed, "{query}");
    }
    let found = page(&report, "q=PP-099&sort=app");
    assert_eq!(app_names(&found), &names[990..]);
    assert!(found.contains("10 of 1000 apps"), "{found}");
    assert!(page(&report, "q=nothing").contains("0 of 1000 apps"));
}

#[test]
fn finds_team_by_name_and_id() {
    let report = report(&hostile());
    for query in ["team=acme-data", "team=id+of+acme-data"] {
        let page = Page::render(&report, &PageQuery::parse(query), "/metrics").unwrap();
        assert!(page.is_found && page.html.contains("<h1><bdi>acme-data</bdi>"));
        assert!(!page.html.contains("storefront"), "{}", page.html);
    }
    let missing = Page::render(&report, &PageQuery::parse("team=nobody"), "/metrics").unwrap();
    assert!(!missing.is_found && missing.html.contains("Team <bdi>nobody</bdi> not found"));
}

/// In both orders. The change of a new app is its forecast.
#[test]
fn sorts_unknown_amounts_last() {
    let report = report(&hostile());
    let first = |query: &str| app_names(&page(&report, query))[0].to_owned();
    assert_eq!(
        first("sort=previous&order=desc"),
        "storefront-web-production"
    );
    assert_eq!(first("sort=previous&order=asc"), "_other");
    let changes = report.apps().into_iter().filter_map(|(team, app)| {
        let change = apps::cost_change(&(team, app))?;
        Some((change, app.name.as_str()))
    });
    assert_eq!(first("sort=change&order=asc"), changes.min().unwrap().1);
    let last = |query: &str| app_names(&page(&report, query)).last().unwrap().to_string();
    assert_eq!(last("sort=current&order=asc"), "gone-in-october");
    assert_eq!(last("sort=current"), "gone-in-october");
}

/// Such as a personal account.
#[test]
fn renders_account_with_invoices_only() {
    let mut account = team(
        "me@example.org",
        EndpointStatus::default(),
        hostile().teams()[0].invoices.clone(),
    );
    account.polled_endpoints = &[Endpoint::Invoices];
    let html = page(&report_of(vec![account]), "");
    assert!(
        html.contains("One month: $845.00 in October 2026."),
        "{html}"
    );
    assert!(
        html.contains("No usage data") && html.contains("No apps"),
        "{html}"
    );
}

#[test]
fn draws_extreme_amounts_within_bounds() {
    let extreme = usage([
        (
            "2026-10",
            month(used(1e308, -1e308), &[("big", used(1e308, -1e308))]),
        ),
        (
            "2026-11",
            month(
                used(f64::NAN, 1e308),
                &[("big", used(1e308, f64::INFINITY))],
            ),
        ),
    ]);
    let html = page(
        &report_of(vec![team("ops", extreme, EndpointStatus::default())]),
        "",
    );
    for invalid in ["NaN", "inf%", "\"-", "e+"] {
        assert!(!html.contains(&format!("width=\"{invalid}")), "{invalid}");
    }
}
