//! Tests of the state file: round trips and invalid files.

use super::*;
use proptest::prelude::*;

const NOW: &str = "2026-11-23T12:00:00Z";

fn api_url() -> Url {
    "https://api.heroku.com/".parse().unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn subject() -> Subject {
    Subject::Team("acme".into())
}

/// Returns the entries of a team as a JSON list.
fn entries() -> String {
    let entry = |endpoint: Endpoint, page: Option<&str>| Entry {
        subject: subject(),
        endpoint: endpoint.as_str().into(),
        at: now(),
        changed_at: "2026-11-22T03:00:00Z".parse().unwrap(),
        validator: None,
        pages: page.map(str::to_owned).into_iter().collect(),
    };
    let entries = [
        entry(
            Endpoint::Invoices,
            Some(r#"[{"period_start":"2026-11-01","total":1}]"#),
        ),
        entry(
            Endpoint::Usage,
            Some(r#"[{"month":"2026-11","name":"acme"}]"#),
        ),
        entry(Endpoint::Team, Some(r#"{"id":"1","name":"acme"}"#)),
        entry(Endpoint::Licenses, None),
    ];
    serde_json::to_string(&entries).unwrap()
}

/// Returns the file with these entries.
fn file(entries: &str) -> String {
    let entries: &RawValue = serde_json::from_str(entries).unwrap();
    serialize(&api_url(), entries).unwrap()
}

fn written() -> String {
    file(&entries())
}

#[test]
fn round_trip_keeps_data_and_times() {
    let loaded = parse(&written(), &api_url(), now()).unwrap();
    let invoices = &loaded.invoices[&subject()];
    assert_eq!(invoices.success.data.len(), 1);
    assert_eq!(invoices.success.at, now());
    assert_eq!(
        invoices.success.changed_at,
        "2026-11-22T03:00:00Z".parse().unwrap()
    );
    let usage = &loaded.usage[&subject()];
    assert_eq!(usage.success.data.team_name(), Some("acme"));
    let identity = &loaded.identities[&subject()];
    assert_eq!(
        identity.data.as_ref().map(|team| team.id.as_str()),
        Some("1")
    );
    assert!(loaded.licenses[&subject()].data.is_none());
}

#[test]
fn rejects_invalid_files_with_reason() {
    let edit = |from: &str, to: &str| {
        let text = written();
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    let edit_with_valid_checksum = |from: &str, to: &str| {
        let entries = entries();
        assert!(entries.contains(from), "{from}");
        file(&entries.replace(from, to))
    };
    let another_api = "https://heroku.example/".parse().unwrap();
    let table = [
        (String::new(), "truncated"),
        ("null".into(), "truncated"),
        ("[]".into(), "truncated"),
        ("\0\0\0\0".into(), "truncated"),
        (
            r#"{"version":2,"shape":"of another time"}"#.into(),
            "version 2",
        ),
        (r#"{"version":3}"#.into(), "truncated"),
        (edit(r#"\"total\":1"#, r#"\"total\":2"#), "edited"),
        (
            edit("https://api.heroku.com/", "https://heroku.example/"),
            "edited",
        ),
        (
            serialize(&another_api, &RawValue::from_string("[]".into()).unwrap()).unwrap(),
            "https://heroku.example/",
        ),
        (file("{}"), "truncated"),
        (
            edit_with_valid_checksum(r#""endpoint":"usage""#, r#""endpoint":"teams""#),
            "unknown endpoint",
        ),
        (
            edit_with_valid_checksum(
                r#""about":{"team":"acme"},"endpoint":"usage""#,
                r#""about":"personal_account","endpoint":"usage""#,
            ),
            "unknown endpoint",
        ),
        (
            edit_with_valid_checksum(r#"[{\"month\":\"2026-11\""#, r#"<html>"#),
            "usage",
        ),
        (
            edit_with_valid_checksum(r#""validator":null"#, r#""validator":null,"token":"x""#),
            "truncated",
        ),
    ];
    for (text, reason) in table {
        let error = parse(&text, &api_url(), now()).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}\n{error}");
    }
}

#[test]
fn rejects_equivalent_api_url() {
    let written = written();
    for other in [
        "https://API.heroku.com/",
        "https://api.heroku.com\u{fe00}",
        "https://api.heroku.com",
    ] {
        let edited = written.replacen("https://api.heroku.com/", other, 1);
        assert_ne!(edited, written);
        let read = parse(&edited, &api_url(), now());
        assert!(
            matches!(read, Err(StateError::ChecksumMismatch)),
            "{other}: {read:?}"
        );
    }
}

#[test]
fn rejects_truncated_file() {
    let text = written();
    for end in 0..text.len() {
        assert!(parse(&text[..end], &api_url(), now()).is_err(), "{end}");
    }
}

#[cfg(unix)]
#[test]
fn replaces_file_readable_by_owner_only() {
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
fn ignores_missing_file_and_directory() {
    let directory = tempfile::tempdir().unwrap();
    for path in [directory.path().join("none"), directory.path().to_owned()] {
        let loaded = StateFile::new(path).read(&api_url(), now());
        assert!(loaded.invoices.is_empty() && loaded.usage.is_empty());
    }
}

proptest! {
    #[test]
    fn detects_any_edit(text in ".{0,300}", position in 0_usize..400, byte in any::<char>()) {
        let _ = parse(&text, &api_url(), now());
        let mut edited: Vec<char> = written().chars().collect();
        let position = position % edited.len();
        let differs = edited[position] != byte;
        edited[position] = byte;
        let read = parse(&edited.into_iter().collect::<String>(), &api_url(), now());
        prop_assert_eq!(read.is_err(), differs);
    }
}

/// A full disk must not stay full.
#[test]
fn failed_write_leaves_no_temporary_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    // A file cannot replace a directory.
    std::fs::create_dir(&path).unwrap();
    assert!(replace(&path, b"text").is_err());
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["state.json"]);
}
