//! Teams and enterprise accounts, and facts about teams other than costs:
//! <https://devcenter.heroku.com/articles/platform-api-reference#team>.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{DecodeError, FromPages, Integer, lenient, object, row, rows, unless_all_skipped};
use crate::team::{Account, Delinquency, Identity, License, Licenses};

#[derive(Deserialize)]
struct TeamRow {
    id: String,
    name: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    enterprise_account: Option<Account>,
}

#[derive(Deserialize)]
struct DelinquencyRow<'a> {
    #[serde(borrow)]
    scheduled_suspension_time: Option<&'a RawValue>,
    #[serde(borrow)]
    scheduled_deletion_time: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct LicenseRow {
    name: String,
    qty: Option<Integer>,
    consumed: Option<Integer>,
}

impl TeamRow {
    /// Only the id is required. A team without a name is called by its id.
    fn into_identity(self) -> Identity {
        Identity {
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            kind: self.kind,
            enterprise_account: self.enterprise_account,
        }
    }
}

impl FromPages for Identity {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        Ok((object::<TeamRow>(pages)?.into_identity(), Vec::new()))
    }
}

impl FromPages for Vec<Identity> {
    /// A team on two pages counts once.
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        let (mut teams, skipped) = rows(pages, |value| {
            row::<TeamRow>(value).map(TeamRow::into_identity)
        })?;
        let mut seen = BTreeSet::new();
        teams.retain(|team| seen.insert(team.id.clone()));
        Ok((teams, skipped))
    }
}

impl FromPages for Account {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        Ok((object(pages)?, Vec::new()))
    }
}

impl FromPages for Delinquency {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        let fields: DelinquencyRow<'_> = object(pages)?;
        let mut skipped = Vec::new();
        let mut time = |field: &str, value: Option<&RawValue>| {
            let time = row::<Option<String>>(value?).and_then(|text| {
                let parse = |text: String| text.trim().parse::<Timestamp>();
                let time = text.map(parse).transpose();
                time.map_err(|error| error.to_string())
            });
            time.unwrap_or_else(|error| {
                skipped.push(format!("{field}: {error}"));
                None
            })
        };
        let suspension = fields.scheduled_suspension_time;
        let deletion = fields.scheduled_deletion_time;
        let delinquency = Self {
            suspension: time("scheduled_suspension_time", suspension),
            deletion: time("scheduled_deletion_time", deletion),
        };
        let is_empty = delinquency == Self::default();
        unless_all_skipped(delinquency, is_empty, skipped)
    }
}

impl FromPages for Licenses {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        let (rows, skipped) = rows(pages, row::<LicenseRow>)?;
        let mut licenses = Self::new();
        for row in rows {
            let license = licenses.entry(row.name).or_default();
            *license = license.plus(License {
                quantity: row.qty.map(|n| n.0),
                consumed: row.consumed.map(|n| n.0),
            });
        }
        Ok((licenses, skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T: FromPages>(page: &str) -> Result<(T, Vec<String>), DecodeError> {
        T::from_pages(&[page.to_owned()])
    }

    #[test]
    fn decodes_team_with_invalid_details() {
        let team = |text: &str| read::<Identity>(text).map(|(team, _)| team);
        let plain = Identity {
            id: "1".into(),
            name: "ops".into(),
            kind: Some("enterprise".into()),
            enterprise_account: Some(Account {
                id: Some("e".into()),
                name: Some("acme".into()),
            }),
        };
        let text = r#"{"id":"1","name":"ops","type":"enterprise","enterprise_account":{"id":"e","name":"acme"},"role":null}"#;
        assert_eq!(team(text).unwrap(), plain);
        let odd = r#"{"id":"1","name":"ops","type":7,"enterprise_account":[]}"#;
        let unknown = Identity {
            kind: None,
            enterprise_account: None,
            ..plain
        };
        assert_eq!(team(odd).unwrap(), unknown);
        assert_eq!(team(r#"{"id":"1"}"#).unwrap().name, "1");
        for none in ["", "null", "[]", r#"{"name":"ops"}"#, r#"{"id":7}"#, "{"] {
            assert!(team(none).is_err(), "{none}");
        }
    }

    #[test]
    fn decodes_each_listed_team_once() {
        let page = r#"[{"id":"1","name":"ops"},{"name":"nobody"},7,{"id":"1","name":"again"},{"id":"2","name":null}]"#;
        let (teams, skipped): (Vec<Identity>, _) = read(page).unwrap();
        let names: Vec<_> = teams.iter().map(|team| team.name.as_str()).collect();
        assert_eq!((names, skipped.len()), (vec!["ops", "2"], 2));
        assert!(read::<Vec<Identity>>("[7]").is_err());
        assert!(read::<Vec<Identity>>("[]").unwrap().0.is_empty());
    }

    #[test]
    fn decodes_scheduled_times_or_unknown() {
        let read = |text: &str| read::<Delinquency>(text);
        let text = r#"{"scheduled_suspension_time":"2027-01-01T12:00:00Z","scheduled_deletion_time":null}"#;
        let expected = Delinquency {
            suspension: Some("2027-01-01T12:00:00Z".parse().unwrap()),
            deletion: None,
        };
        assert_eq!(read(text).unwrap(), (expected, Vec::new()));
        assert_eq!(read("{}").unwrap(), (Delinquency::default(), Vec::new()));
        let half =
            r#"{"scheduled_suspension_time":"2027-01-01T12:00:00Z","scheduled_deletion_time":1}"#;
        let (delinquency, skipped) = read(half).unwrap();
        assert_eq!((delinquency, skipped.len()), (expected, 1));
        assert!(read(r#"{"scheduled_deletion_time":"soon"}"#).is_err());
        assert!(read("[]").is_err());
    }

    #[test]
    fn sums_licences_of_one_name() {
        let page = r#"[{"name":"a\"b","qty":5,"consumed":2.0},{"name":"a\"b","qty":1.0,"consumed":null},
                       {"qty":9},{"name":"c","qty":"9"},{"name":"d"}]"#;
        let (licenses, skipped): (Licenses, _) = read(page).unwrap();
        let license = |quantity, consumed| License { quantity, consumed };
        let expected = [
            ("a\"b".to_owned(), license(Some(6), Some(2))),
            ("d".to_owned(), license(None, None)),
        ];
        assert_eq!((licenses, skipped.len()), (expected.into(), 2));
    }

    proptest! {
        #[test]
        fn decodes_any_body_without_panic(body in r#"(\[?\{"(id|name|qty|consumed|type|enterprise_account|scheduled_deletion_time)":(-?[0-9]{1,25}(e[0-9]{1,3})?|"[0-9TZ:-]{0,20}"|null|\[\]|\{\})\}\]?|.{0,60})"#) {
            let _ = (read::<Identity>(&body), read::<Vec<Identity>>(&body), read::<Account>(&body));
            let _ = (read::<Delinquency>(&body), read::<Licenses>(&body));
        }
    }
}
