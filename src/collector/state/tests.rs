//! What is kept comes back, and nothing that is damaged does.

use super::*;
use proptest::prelude::*;

const NOW: &str = "2026-11-23T12:00:00Z";

fn api_url() -> Url {
    "https://api.heroku.com/".parse().unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn about() -> About {
    About::Team("acme".into())
}

/// The answers of a team that has both, and what is known of it, as they are kept.
fn answers() -> String {
    let page = |text: &str| [text.to_owned()];
    let invoices = page(r#"[{"period_start":"2026-11-01","total":1}]"#);
    let usage = page(r#"[{"month":"2026-11","name":"acme"}]"#);
    let team = page(r#"{"id":"1","name":"acme"}"#);
    let kept = |endpoint, pages| Kept {
        about: about(),
        endpoint,
        at: now(),
        changed_at: "2026-11-22T03:00:00Z".parse().unwrap(),
        validator: None,
        pages,
    };
    let answers = [
        kept(Endpoint::Invoices, &invoices[..]),
        kept(Endpoint::Usage, &usage[..]),
        kept(Endpoint::Team, &team[..]),
        kept(Endpoint::Licenses, &[]),
    ];
    serde_json::to_string(&answers).unwrap()
}

/// The file that holds `answers`, whatever they are.
fn file(answers: &str) -> String {
    let answers: &RawValue = serde_json::from_str(answers).unwrap();
    sealed(&api_url(), answers).unwrap()
}

fn written() -> String {
    file(&answers())
}

#[test]
fn what_is_written_is_read_again_with_its_true_times() {
    let restored = parse(&written(), &api_url(), now()).unwrap();
    let invoices = &restored.invoices[&about()];
    assert_eq!(invoices.good.data.len(), 1);
    assert_eq!(invoices.good.at, now());
    assert_eq!(
        invoices.good.changed_at,
        "2026-11-22T03:00:00Z".parse().unwrap()
    );
    let usage = &restored.usage[&about()];
    assert_eq!(usage.good.data.team_name(), Some("acme"));
    let identity = &restored.identities[&about()];
    assert_eq!(
        identity.data.as_ref().map(|team| team.id.as_str()),
        Some("1")
    );
    assert!(restored.licenses[&about()].data.is_none());
}

#[test]
fn what_this_program_did_not_write_is_refused_with_the_reason() {
    let edit = |from: &str, to: &str| {
        let text = written();
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    // As a program that has the checksum right would write it.
    let seal = |from: &str, to: &str| {
        let answers = answers();
        assert!(answers.contains(from), "{from}");
        file(&answers.replace(from, to))
    };
    let another_api = "https://heroku.example/".parse().unwrap();
    let table = [
        (String::new(), "torn"),
        ("null".into(), "torn"),
        ("[]".into(), "torn"),
        ("\0\0\0\0".into(), "torn"),
        (
            r#"{"version":2,"shape":"of another time"}"#.into(),
            "version 2",
        ),
        (r#"{"version":3}"#.into(), "torn"),
        (edit(r#"\"total\":1"#, r#"\"total\":2"#), "edited"),
        (
            edit("https://api.heroku.com/", "https://heroku.example/"),
            "edited",
        ),
        (
            sealed(&another_api, &RawValue::from_string("[]".into()).unwrap()).unwrap(),
            "https://heroku.example/",
        ),
        (file("{}"), "torn"),
        (seal(NOW, "2026-11-25T12:00:00Z"), "times"),
        (
            seal("2026-11-22T03:00:00Z", "2026-11-24T00:00:00Z"),
            "times",
        ),
        (
            seal(r#""endpoint":"usage""#, r#""endpoint":"teams""#),
            "no such endpoint",
        ),
        (
            seal(
                r#""about":{"team":"acme"},"endpoint":"usage""#,
                r#""about":"personal_account","endpoint":"usage""#,
            ),
            "no such endpoint",
        ),
        (seal(r#"[{\"month\":\"2026-11\""#, r#"<html>"#), "usage"),
        (
            seal(r#""validator":null"#, r#""validator":null,"token":"x""#),
            "torn",
        ),
    ];
    for (text, reason) in table {
        let error = parse(&text, &api_url(), now()).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}\n{error}");
    }
}

#[test]
fn an_address_written_in_another_way_is_an_edit_too() {
    let written = written();
    for other in [
        "https://API.heroku.com/",
        "https://api.heroku.com\u{fe00}",
        "https://api.heroku.com",
    ] {
        let edited = written.replacen("https://api.heroku.com/", other, 1);
        assert_ne!(edited, written);
        let read = parse(&edited, &api_url(), now());
        assert!(matches!(read, Err(Unusable::Edited)), "{other}: {read:?}");
    }
}

#[test]
fn a_file_torn_at_any_byte_is_refused() {
    let text = written();
    for end in 0..text.len() {
        assert!(parse(&text[..end], &api_url(), now()).is_err(), "{end}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_whole_and_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    std::fs::write(&path, "old and readable by all").unwrap();
    replace(&path, b"new").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_not_there_is_no_news_and_one_that_is_a_directory_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    for path in [directory.path().join("none"), directory.path().to_owned()] {
        let restored = StateFile::new(path).read(&api_url(), now());
        assert!(restored.invoices.is_empty() && restored.usage.is_empty());
    }
}

proptest! {
    #[test]
    fn no_file_is_too_odd(text in ".{0,300}", position in 0_usize..400, byte in any::<char>()) {
        let _ = parse(&text, &api_url(), now());
        let mut edited: Vec<char> = written().chars().collect();
        let position = position % edited.len();
        let differs = edited[position] != byte;
        edited[position] = byte;
        let read = parse(&edited.into_iter().collect::<String>(), &api_url(), now());
        prop_assert_eq!(read.is_err(), differs);
    }
}
