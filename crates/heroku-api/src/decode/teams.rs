//! Teams and enterprise accounts, and facts about teams other than costs:
//! <https://devcenter.heroku.com/articles/platform-api-reference#team>.

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;

use super::field::{Field, Integer};
use super::{DecodeError, FromPages, object, row, rows, unique};
use crate::skipped::Skipped;
use crate::team::{Account, Delinquency, Identity, License, Licenses};

#[derive(Default, Deserialize)]
#[serde(default)]
struct TeamRow<'a> {
    id: Field<String>,
    name: Field<String>,
    #[serde(rename = "type")]
    kind: Field<String>,
    #[serde(borrow)]
    enterprise_account: Field<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AccountRow {
    id: Field<String>,
    name: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DelinquencyRow {
    scheduled_suspension_time: Field<String>,
    scheduled_deletion_time: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LicenseRow {
    name: Field<String>,
    qty: Field<Integer>,
    consumed: Field<Integer>,
}

impl TeamRow<'_> {
    /// Only the id is required. A team without a name is called by its id.
    fn into_identity(self, skipped: &mut Skipped) -> Result<Identity, String> {
        let id = self.id.require("id")?;
        let account = self.enterprise_account.and_then(row::<AccountRow>);
        let account = account.get("enterprise_account", skipped);
        Ok(Identity {
            name: self.name.get("name", skipped).unwrap_or_else(|| id.clone()),
            id,
            kind: self.kind.get("type", skipped),
            enterprise_account: account.map(|account| account.into_account(skipped)),
        })
    }
}

impl AccountRow {
    fn into_account(self, skipped: &mut Skipped) -> Account {
        Account {
            id: self.id.get("id", skipped),
            name: self.name.get("name", skipped),
        }
    }
}

impl FromPages for Identity {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let identity = object::<TeamRow<'_>>(pages)?.into_identity(skipped);
        identity.map_err(|error| DecodeError::NotAnObject(serde_json::Error::custom(error)))
    }
}

impl FromPages for Vec<Identity> {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let decode =
            |value, skipped: &mut Skipped| row::<TeamRow<'_>>(value)?.into_identity(skipped);
        unique(pages, skipped, decode, |team| &team.id)
    }
}

impl FromPages for Account {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        Ok(object::<AccountRow>(pages)?.into_account(skipped))
    }
}

impl FromPages for Delinquency {
    /// If nothing but invalid times is given, that is an error, since unknown is not unscheduled.
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let row: DelinquencyRow = object(pages)?;
        let mut time = |field: Field<String>, name: &str| field.time().get(name, skipped);
        let delinquency = Self {
            suspension: time(row.scheduled_suspension_time, "scheduled_suspension_time"),
            deletion: time(row.scheduled_deletion_time, "scheduled_deletion_time"),
        };
        match &skipped.fields.first_error {
            Some(error) if delinquency == Self::default() => {
                Err(DecodeError::NotAnObject(serde_json::Error::custom(error)))
            }
            _ => Ok(delinquency),
        }
    }
}

impl FromPages for Licenses {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let rows = rows(pages, skipped, |value, skipped| {
            let row: LicenseRow = row(value)?;
            let license = License {
                quantity: row.qty.get("qty", skipped).map(|n| n.0),
                consumed: row.consumed.get("consumed", skipped).map(|n| n.0),
            };
            Ok((row.name.require("name")?, license))
        })?;
        let mut licenses = Self::new();
        for (name, row) in rows {
            let license = licenses.entry(name).or_default();
            *license = license.plus(row);
        }
        Ok(licenses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T: FromPages>(page: &str) -> Result<(T, Skipped), DecodeError> {
        let mut skipped = Skipped::default();
        Ok((T::from_pages(&[page.to_owned()], &mut skipped)?, skipped))
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
        assert_eq!((names, skipped.rows.count), (vec!["ops", "2"], 2));
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
        assert_eq!(read(text).unwrap(), (expected, Skipped::default()));
        assert_eq!(
            read("{}").unwrap(),
            (Delinquency::default(), Skipped::default())
        );
        let half =
            r#"{"scheduled_suspension_time":"2027-01-01T12:00:00Z","scheduled_deletion_time":1}"#;
        let (delinquency, skipped) = read(half).unwrap();
        assert_eq!((delinquency, skipped.fields.count), (expected, 1));
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
            ("c".to_owned(), license(None, None)),
            ("d".to_owned(), license(None, None)),
        ];
        assert_eq!(licenses, expected.into());
        assert_eq!((skipped.rows.count, skipped.fields.count), (1, 1));
    }

    proptest! {
        #[test]
        fn decodes_any_body_without_panic(body in r#"(\[?\{"(id|name|qty|consumed|type|enterprise_account|scheduled_deletion_time)":(-?[0-9]{1,25}(e[0-9]{1,3})?|"[0-9TZ:-]{0,20}"|null|\[\]|\{\})\}\]?|.{0,60})"#) {
            let _ = (read::<Identity>(&body), read::<Vec<Identity>>(&body), read::<Account>(&body));
            let _ = (read::<Delinquency>(&body), read::<Licenses>(&body));
        }
    }
}
