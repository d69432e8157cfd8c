//! Unique names, and recording of poll results.

use super::*;

fn team(id: Option<&str>, name: &str) -> Team {
    Team {
        id: id.map(Into::into),
        name: name.into(),
        ..Team::default()
    }
}

#[test]
fn team_ids_and_names_are_unique() {
    let teams = vec![
        team(Some("1"), "ops"),
        team(Some("1"), "ops"),
        team(Some("2"), "ops"),
        team(None, "ops"),
        team(None, "web"),
    ];
    let snapshot = Snapshot::new(teams, true, ClientStats::default());
    let names: Vec<_> = snapshot.teams().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["ops", "ops (2)", "ops (3)", "web"]);
}

#[test]
fn suffixed_names_are_unique() {
    let teams = vec![
        team(Some("1"), "ops (3)"),
        team(Some("2"), "ops"),
        team(Some("3"), "ops"),
    ];
    let snapshot = Snapshot::new(teams, true, ClientStats::default());
    let names: Vec<_> = snapshot.teams().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["ops (3)", "ops", "ops (3) (3)"]);
}

#[test]
fn account_named_like_a_team_gets_a_suffix() {
    let ops = Team {
        polled_endpoints: Team::ENDPOINTS,
        ..team(Some("1"), "ops")
    };
    let account = Account {
        name: "ops".into(),
        usage: EndpointStatus::default(),
    };
    let snapshot = Snapshot {
        accounts: vec![account.clone(), account],
        discovery: Some(EndpointStatus::default()),
        ..Snapshot::new(vec![ops], true, ClientStats::default())
    };
    let health = snapshot.endpoint_health();
    let rows: Vec<_> = health
        .iter()
        .map(|row| (&*row.name, row.endpoint.as_str()))
        .collect();
    let expected = [
        ("ops", "invoices"),
        ("ops", "usage"),
        ("ops (enterprise account)", "usage"),
        ("ops (enterprise account) (enterprise account)", "usage"),
        ("*", "teams"),
    ];
    assert_eq!(rows, expected);
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn success(data: u32) -> PollResult<u32> {
    PollResult::Success {
        data,
        skipped: Default::default(),
    }
}

#[test]
fn failure_keeps_data_and_success_clears_failure() {
    let mut status = EndpointStatus::default();
    assert!(!status.is_up());
    status.record(success(1), at(1), Duration::ZERO);
    let failure = Failure {
        reason: FailureReason::Timeout,
        message: "late".into(),
    };
    status.record(PollResult::Failed(failure.clone()), at(2), Duration::ZERO);
    assert_eq!(
        (status.data(), status.failure.as_ref(), status.is_up()),
        (Some(&1), Some(&failure), false)
    );
    status.record(success(2), at(3), Duration::ZERO);
    assert_eq!(
        (status.data(), status.failure.as_ref(), status.is_up()),
        (Some(&2), None, true)
    );
    let failures: Vec<_> = status
        .stats
        .failures()
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(
        (status.stats.polls, failures),
        (3, vec![(FailureReason::Timeout, 1)])
    );
}

#[test]
fn equal_data_is_fresh_but_unchanged() {
    let mut status = EndpointStatus::default();
    status.record(success(1), at(1), Duration::ZERO);
    let first = Arc::clone(&status.last_success.as_ref().unwrap().data);
    for result in [success(1), PollResult::NotModified] {
        status.record(result, at(5), Duration::ZERO);
        let success = status.last_success.as_ref().unwrap();
        assert_eq!((success.at, success.changed_at), (at(5), at(1)));
        assert!(Arc::ptr_eq(&success.data, &first));
    }
}

#[test]
fn data_expires_at_max_age() {
    let mut status = EndpointStatus::default();
    status.record(success(1), at(100), Duration::ZERO);
    let age = Some(Duration::from_secs(10));
    assert_eq!(status.fresh_data(at(109), age), Some(&1));
    assert_eq!(status.fresh_data(at(110), age), None);
    assert_eq!(status.fresh_data(at(1_000_000), None), Some(&1));
    assert_eq!(status.fresh_data(Timestamp::MAX, Some(Duration::MAX)), None);
}
