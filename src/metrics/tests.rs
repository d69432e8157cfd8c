//! Families with various rules and options.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;

use super::billing_data::has_same_billing_data;
use super::{BillingData, RenderOptions, descriptors, families};
use crate::snapshot::{EndpointStatus, PollResult, Snapshot, Team, TeamMetadata};
use billing::invoice::{Invoice, InvoicePeriod, Invoices};
use billing::money::Money;
use billing::rules::{AppRules, Budgets, Group, REVIEW_APP_PATTERN, REVIEW_APP_ROW, Rules};
use billing::usage::{self, MonthlyUsage, Spaces, Usage};
use heroku_api::stats::ClientStats;

fn now() -> Timestamp {
    "2026-11-16T12:00:00Z".parse().unwrap()
}

fn known<T: PartialEq>(data: T) -> EndpointStatus<T> {
    let mut status = EndpointStatus::default();
    let result = PollResult::Success {
        data,
        skipped: Default::default(),
    };
    status.record(result, now(), Duration::ZERO);
    status
}

/// Returns a team with an app, two of its review apps, and an app whose name needs escaping.
fn snapshot() -> Snapshot {
    let amounts = |dynos| usage::UsageAmounts {
        dynos: Some(dynos),
        data: Some(0.1),
        ..usage::UsageAmounts::default()
    };
    let apps = [
        ("shop", 2.0),
        ("shop-pr-1", 0.1),
        ("shop-pr-22", 0.2),
        ("\"\n\\", 0.5),
    ];
    let month = MonthlyUsage {
        team_name: None,
        team: amounts(2.8),
        spaces: Spaces {
            credits: Some(1.5),
            private: Some(1.0),
            shield_credits: Some(0.5),
            ..Spaces::default()
        },
        apps: Some(
            apps.into_iter()
                .map(|(name, dynos)| (name.to_owned(), amounts(dynos)))
                .collect(),
        ),
    };
    let months = ["2026-11", "2026-10"].map(|name| (name.parse().unwrap(), month.clone()));
    let invoice = |start: &str, state| Invoice {
        number: Some(7),
        period: InvoicePeriod::parse(Some(start), None).unwrap(),
        state: Some(state),
        payment_status: "Paid \"\n".into(),
        total: Some(Money::from_whole_dollars(100)),
        charges: None,
        credits: None,
        addons: None,
        database: None,
        platform: None,
        dyno_units: Some(1e308),
        weighted_dyno_hours: Some(1e308),
        updated_at: None,
    };
    let invoices = vec![
        invoice("2026-11-01", 9),
        invoice("2026-10-01", 1),
        invoice("2026-08-01", 2),
        invoice("2025-09-01", 2),
    ];
    let team = Team {
        inventory: None,
        id: Some("id-1".into()),
        name: "ops".into(),
        invoices: known(Invoices::new(invoices)),
        usage: known(Usage {
            months: months.into(),
        }),
        polled_endpoints: Team::ENDPOINTS,
        metadata: TeamMetadata::default(),
        nights: None,
        lags: Arc::default(),
    };
    Snapshot::new(vec![team], false, ClientStats::default())
}

/// Returns the series that start with `prefix`, as `name{value,value}`, and their values.
fn series(rules: Rules, prefix: &str) -> BTreeMap<String, f64> {
    let snapshot = snapshot();
    let options = RenderOptions {
        rules: Arc::new(rules),
        ..RenderOptions::default()
    };
    let data = BillingData::new(&snapshot, now(), &options);
    let all = families::billing(&data).chain(families::polls(&snapshot));
    let series = all.flat_map(|family| {
        let samples = family.samples.filter(|sample| sample.suffix.is_empty());
        samples.map(move |sample| {
            assert_eq!(sample.label_values.len(), family.labels.len());
            let name = format!(
                "{}{{{}}}",
                family.metric.name,
                sample.label_values.join(",")
            );
            (name, sample.value)
        })
    });
    let series: Vec<_> = series
        .filter(|(name, _)| name.starts_with(prefix))
        .collect();
    let count = series.len();
    let series: BTreeMap<_, _> = series.into_iter().collect();
    assert_eq!(series.len(), count, "duplicate series");
    series
}

fn review_apps() -> Rules {
    let group = Group {
        pattern: Regex::new(&format!("^(?:{REVIEW_APP_PATTERN})$")).unwrap(),
        name: REVIEW_APP_ROW.into(),
    };
    Rules {
        apps: AppRules {
            groups: vec![group],
            ..AppRules::default()
        },
        ..Rules::default()
    }
}

#[test]
fn grouped_review_app_has_no_series() {
    assert!(
        series(Rules::default(), "")
            .keys()
            .any(|name| name.contains("shop-pr-1"))
    );
    let grouped = series(review_apps(), "");
    assert!(!grouped.keys().any(|name| name.contains("shop-pr-")));
    assert_eq!(
        grouped["heroku_team_usage_current_dyno_units{ops,shop-pr,2026-11}"],
        0.3
    );
    assert_eq!(
        grouped["heroku_team_usage_current_usd{ops,shop-pr,data,2026-11}"],
        0.2
    );
    assert_eq!(grouped["heroku_app_dyno_units{ops,shop-pr,previous}"], 0.3);
    assert_eq!(
        grouped["heroku_app_cost_usd{ops,shop-pr,current,dynos}"],
        7.5
    );
    assert_eq!(grouped["heroku_cost_exporter_apps_rolled_up{ops}"], 0.0);
}

#[test]
fn rolled_up_apps_are_counted_and_keep_their_cost() {
    let mut rules = review_apps();
    rules.apps.max = Some(1);
    let costs = series(rules.clone(), "heroku_app_cost_usd{ops,_other,current");
    assert_eq!(costs["heroku_app_cost_usd{ops,_other,current,dynos}"], 20.0);
    let count = series(rules, "heroku_cost_exporter_apps_rolled_up");
    assert_eq!(count["heroku_cost_exporter_apps_rolled_up{ops}"], 3.0);
}

#[test]
fn spaces_have_series_for_known_values_only() {
    let spaces = series(Rules::default(), "heroku_team_space_");
    let current: Vec<_> = spaces
        .iter()
        .filter(|(name, _)| name.contains("current"))
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(
        current,
        [
            ("heroku_team_space_credits{ops,current}", 1.5),
            ("heroku_team_space_kind_credits{ops,current,shield}", 0.5),
            ("heroku_team_space_kind_usage{ops,current,private}", 1.0),
        ]
    );
}

#[test]
fn budgets_carry_the_team_name() {
    let dollars = Money::from_whole_dollars;
    let rules = Rules {
        budgets: Budgets {
            teams: [("id-1".to_owned(), dollars(500))].into(),
            apps: [(("ops".to_owned(), "not \"there\"".to_owned()), dollars(5))].into(),
        },
        ..Rules::default()
    };
    assert_eq!(
        series(rules.clone(), "heroku_team_budget"),
        [("heroku_team_budget_usd{ops}".to_owned(), 500.0)].into()
    );
    assert_eq!(
        series(rules, "heroku_app_budget"),
        [("heroku_app_budget_usd{ops,not \"there\"}".to_owned(), 5.0)].into()
    );
    assert_eq!(
        series(Rules::default(), "heroku_app_budget"),
        BTreeMap::new()
    );
}

#[test]
fn invoices_have_months_and_named_states() {
    let rules = Rules {
        invoice_history: 12,
        ..Rules::default()
    };
    let history = series(rules, "heroku_invoice_history");
    let months: Vec<_> = history.keys().map(String::as_str).collect();
    // September 2025 is more than twelve months ago.
    assert_eq!(
        months,
        [
            "heroku_invoice_history_usd{ops,2026-08}",
            "heroku_invoice_history_usd{ops,2026-10}"
        ]
    );
    let states = series(Rules::default(), "heroku_invoice_state{ops,");
    let active: Vec<_> = states
        .iter()
        .filter(|(_, value)| **value == 1.0)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        (states.len(), active),
        (
            8,
            vec![
                "heroku_invoice_state{ops,current,unknown}",
                "heroku_invoice_state{ops,previous,successful}"
            ]
        )
    );
    let seconds = series(Rules::default(), "heroku_invoice_dyno_seconds");
    assert!(seconds.values().all(|value| *value == f64::MAX));
    // 100 − (dynos 70 + data 0.40 + other −0.30).
    let unexplained = series(Rules::default(), "heroku_invoice_unexplained");
    assert_eq!(
        unexplained["heroku_invoice_unexplained_usd{ops,current}"],
        29.9
    );
}

#[test]
fn legacy_metrics_can_be_omitted() {
    let snapshot = snapshot();
    let options = RenderOptions {
        legacy: false,
        ..RenderOptions::default()
    };
    let data = BillingData::new(&snapshot, now(), &options);
    let families: Vec<_> = families::billing(&data)
        .map(|family| family.metric.name)
        .collect();
    let legacy: Vec<_> = descriptors::legacy::all()
        .map(|metric| metric.name)
        .collect();
    assert!(families.iter().all(|name| !legacy.contains(name)));
    assert!(families.contains(&"heroku_team_cost_usd"));
}

#[test]
fn expired_data_has_no_cost() {
    let snapshot = snapshot();
    let options = RenderOptions {
        max_age: Some(Duration::from_secs(1)),
        ..RenderOptions::default()
    };
    let later = now() + Duration::from_secs(1);
    let data = BillingData::new(&snapshot, later, &options);
    let families: Vec<_> = families::billing(&data)
        .map(|family| family.metric.name)
        .collect();
    assert_eq!(families, ["heroku_cost_exporter_apps_rolled_up"]);
}

#[test]
fn families_follow_descriptor_order() {
    let snapshot = snapshot();
    let mut rules = review_apps();
    rules.invoice_history = 12;
    rules.prices.space_credit = Some(Money::from_whole_dollars(1));
    rules.budgets.teams = [("ops".to_owned(), Money::ZERO)].into();
    let options = RenderOptions {
        rules: Arc::new(rules),
        ..RenderOptions::default()
    };
    let mut descriptors = descriptors::all();
    let data = BillingData::new(&snapshot, now(), &options);
    for family in families::billing(&data).chain(families::polls(&snapshot)) {
        let name = family.metric.name;
        assert!(
            descriptors.any(|metric| metric.name == name),
            "{name} is out of order"
        );
    }
}

#[test]
fn billing_data_is_the_same_until_a_response_differs() {
    let max_age = Some(Duration::from_secs(3600));
    let first = snapshot();
    let later = now() + Duration::from_secs(1800);
    let polled_again = |first: &Snapshot, result: fn() -> PollResult<Usage>| {
        let mut team = first.teams()[0].clone();
        team.usage.record(result(), later, Duration::ZERO);
        Snapshot::new(vec![team], false, ClientStats::default())
    };
    let is_same = |snapshot: &Snapshot, at, max_age| {
        has_same_billing_data((&first, now()), (snapshot, at), max_age)
    };
    let unchanged = polled_again(&first, || PollResult::NotModified);
    assert!(is_same(&unchanged, later, max_age));
    let changed = polled_again(&first, || PollResult::Success {
        data: Usage::default(),
        skipped: Default::default(),
    });
    assert!(!is_same(&changed, later, max_age));
    // Another month, data that expires, and expired data that is confirmed.
    let december = "2026-12-01T00:00:00Z".parse().unwrap();
    assert!(!is_same(&first, december, None));
    assert!(!is_same(&first, now() + Duration::from_secs(3600), max_age));
    let stale = now() + Duration::from_secs(3600);
    assert!(!has_same_billing_data(
        (&first, stale),
        (&unchanged, stale),
        max_age
    ));
    // Another name.
    let mut team = first.teams()[0].clone();
    team.name = "web".into();
    let renamed = Snapshot::new(vec![team], false, ClientStats::default());
    assert!(!is_same(&renamed, now(), None));
}
