//! Names stand once, and what is known outlives failures until it is too old.

use super::*;

fn team(id: Option<&str>, name: &str) -> Team {
    Team {
        id: id.map(Into::into),
        name: name.into(),
        ..Team::default()
    }
}

#[test]
fn every_team_stands_once_and_under_a_name_of_its_own() {
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
fn a_team_that_is_called_as_another_is_told_apart_has_a_name_of_its_own_too() {
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
fn an_account_that_is_called_as_a_team_has_rows_of_its_own() {
    let ops = Team {
        asked: Team::ENDPOINTS,
        ..team(Some("1"), "ops")
    };
    let account = Account {
        name: "ops".into(),
        usage: EndpointStatus::default(),
    };
    let snapshot = Snapshot {
        accounts: vec![account.clone(), account],
        listing: Some(EndpointStatus::default()),
        ..Snapshot::new(vec![ops], true, ClientStats::default())
    };
    let asked = snapshot.asked();
    let rows: Vec<_> = asked
        .iter()
        .map(|asked| (&*asked.name, asked.endpoint.as_str()))
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

fn answer(data: u32) -> PollResult<u32> {
    PollResult::Answer {
        data,
        rows_left_out: 0,
    }
}

#[test]
fn a_failure_keeps_what_is_known_and_a_success_forgets_the_failure() {
    let mut outcome = EndpointStatus::default();
    assert!(!outcome.is_up());
    outcome.note(answer(1), at(1), Duration::ZERO);
    let failure = Failure {
        reason: FailureReason::Timeout,
        message: "late".into(),
    };
    outcome.note(PollResult::Failed(failure.clone()), at(2), Duration::ZERO);
    assert_eq!(
        (outcome.data(), outcome.failure.as_ref(), outcome.is_up()),
        (Some(&1), Some(&failure), false)
    );
    outcome.note(answer(2), at(3), Duration::ZERO);
    assert_eq!(
        (outcome.data(), outcome.failure.as_ref(), outcome.is_up()),
        (Some(&2), None, true)
    );
    let failed: Vec<_> = outcome
        .record
        .failures()
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(
        (outcome.record.polls, failed),
        (3, vec![(FailureReason::Timeout, 1)])
    );
}

#[test]
fn an_answer_that_says_the_same_is_fresh_but_unchanged() {
    let mut outcome = EndpointStatus::default();
    outcome.note(answer(1), at(1), Duration::ZERO);
    let first = Arc::clone(&outcome.last_good.as_ref().unwrap().data);
    for polled in [answer(1), PollResult::Unchanged] {
        outcome.note(polled, at(5), Duration::ZERO);
        let good = outcome.last_good.as_ref().unwrap();
        assert_eq!((good.at, good.changed_at), (at(5), at(1)));
        assert!(Arc::ptr_eq(&good.data, &first));
    }
}

#[test]
fn figures_vanish_at_their_greatest_age_and_not_before() {
    let mut outcome = EndpointStatus::default();
    outcome.note(answer(1), at(100), Duration::ZERO);
    let age = Some(Duration::from_secs(10));
    assert_eq!(outcome.fresh_data(at(109), age), Some(&1));
    assert_eq!(outcome.fresh_data(at(110), age), None);
    assert_eq!(outcome.fresh_data(at(1_000_000), None), Some(&1));
    assert_eq!(
        outcome.fresh_data(Timestamp::MAX, Some(Duration::MAX)),
        None
    );
}
