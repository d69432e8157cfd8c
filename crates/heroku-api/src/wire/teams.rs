//! Teams and enterprise accounts, and what is true of them beside their bills.
//! <https://devcenter.heroku.com/articles/platform-api-reference#team>

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Integer, Unreadable, in_pages, lenient, read_row, rows};
use crate::list::FromPages;
use crate::team::{Account, Delinquency, Identity, License, Licenses};

#[derive(Deserialize)]
struct TeamRow<'a> {
    id: String,
    name: Option<String>,
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    enterprise_account: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct AccountRow {
    id: Option<String>,
    name: Option<String>,
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

impl TeamRow<'_> {
    /// A team without a name is called by its id. What else of it cannot be understood is unknown,
    /// and costs it no more: it is for its figures that the team is wanted.
    fn into_identity(self) -> Identity {
        let account = self.enterprise_account.and_then(lenient::<AccountRow>);
        Identity {
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            kind: self.kind.and_then(lenient),
            enterprise_account: account.map(AccountRow::into_account),
        }
    }
}

impl AccountRow {
    fn into_account(self) -> Account {
        let Self { id, name } = self;
        Account { id, name }
    }
}

/// The one object that an answer is.
fn object<'a, R: Deserialize<'a>>(pages: &'a [String]) -> Result<R, String> {
    match pages {
        [page] => {
            serde_json::from_str(page).map_err(|why| Unreadable::NotAnObject(why).to_string())
        }
        _ => Err(format!("it has {} pages", pages.len())),
    }
}

impl FromPages for Identity {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        Ok((object::<TeamRow<'_>>(pages)?.into_identity(), Vec::new()))
    }
}

/// A team that stands on two pages counts once.
impl FromPages for Vec<Identity> {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        in_pages(rows(pages, |row| {
            read_row::<TeamRow<'_>>(row).map(TeamRow::into_identity)
        }))
        .map(|(mut teams, left_out): (Self, _)| {
            let mut seen = BTreeSet::new();
            teams.retain(|team| seen.insert(team.id.clone()));
            (teams, left_out)
        })
    }
}

impl FromPages for Account {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        Ok((object::<AccountRow>(pages)?.into_account(), Vec::new()))
    }
}

impl FromPages for Delinquency {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        let row: DelinquencyRow<'_> = object(pages)?;
        let mut left_out = Vec::new();
        let mut time = |field: &str, value: Option<&RawValue>| {
            let text = read_row::<Option<String>>(value?);
            let time = text.and_then(|text| {
                let parse = |text: String| text.trim().parse::<Timestamp>();
                text.map(parse).transpose().map_err(|why| why.to_string())
            });
            time.unwrap_or_else(|why| {
                left_out.push(format!("{field}: {why}"));
                None
            })
        };
        let delinquency = Self {
            suspension: time("scheduled_suspension_time", row.scheduled_suspension_time),
            deletion: time("scheduled_deletion_time", row.scheduled_deletion_time),
        };
        match left_out.first() {
            Some(first) if delinquency == Self::default() => Err(first.clone()),
            _ => Ok((delinquency, left_out)),
        }
    }
}

impl FromPages for Licenses {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        let (rows, left_out): (Vec<LicenseRow>, _) = in_pages(rows(pages, read_row))?;
        let mut licenses = BTreeMap::<String, License>::new();
        for LicenseRow {
            name,
            qty,
            consumed,
        } in rows
        {
            let license = licenses.entry(name).or_default();
            *license = license.plus(License {
                quantity: qty.map(|n| n.0),
                consumed: consumed.map(|n| n.0),
            });
        }
        Ok((licenses, left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T: FromPages>(page: &str) -> Result<(T, Vec<String>), String> {
        T::from_pages(&[page.to_owned()])
    }

    #[test]
    fn a_team_is_who_it_says_whatever_else_is_odd() {
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
        assert_eq!(team(text), Ok(plain.clone()));
        let odd = r#"{"id":"1","name":"ops","type":7,"enterprise_account":[]}"#;
        let unknown = Identity {
            kind: None,
            enterprise_account: None,
            ..plain
        };
        assert_eq!(team(odd), Ok(unknown));
        assert_eq!(team(r#"{"id":"1"}"#).map(|team| team.name), Ok("1".into()));
        for none in ["", "null", "[]", r#"{"name":"ops"}"#, r#"{"id":7}"#, "{"] {
            assert!(team(none).is_err(), "{none}");
        }
    }

    #[test]
    fn teams_are_read_row_by_row_and_stand_once() {
        let page = r#"[{"id":"1","name":"ops"},{"name":"nobody"},7,{"id":"1","name":"again"},{"id":"2","name":null}]"#;
        let (teams, left_out): (Vec<Identity>, _) = read(page).unwrap();
        let names: Vec<_> = teams.iter().map(|team| team.name.as_str()).collect();
        assert_eq!((names, left_out.len()), (vec!["ops", "2"], 2));
        assert!(read::<Vec<Identity>>("[7]").is_err());
        assert!(read::<Vec<Identity>>("[]").unwrap().0.is_empty());
    }

    #[test]
    fn what_is_scheduled_is_a_time_or_unknown() {
        let read = |text: &str| read::<Delinquency>(text);
        let text = r#"{"scheduled_suspension_time":"2027-01-01T12:00:00Z","scheduled_deletion_time":null}"#;
        let expected = Delinquency {
            suspension: Some("2027-01-01T12:00:00Z".parse().unwrap()),
            deletion: None,
        };
        assert_eq!(read(text), Ok((expected, Vec::new())));
        assert_eq!(read("{}"), Ok((Delinquency::default(), Vec::new())));
        let half =
            r#"{"scheduled_suspension_time":"2027-01-01T12:00:00Z","scheduled_deletion_time":1}"#;
        let (delinquency, left_out) = read(half).unwrap();
        assert_eq!((delinquency, left_out.len()), (expected, 1));
        assert!(read(r#"{"scheduled_deletion_time":"soon"}"#).is_err());
        assert!(read("[]").is_err());
    }

    #[test]
    fn licences_of_one_name_are_added_up() {
        let page = r#"[{"name":"a\"b","qty":5,"consumed":2.0},{"name":"a\"b","qty":1.0,"consumed":null},
                       {"qty":9},{"name":"c","qty":"9"},{"name":"d"}]"#;
        let (licenses, left_out): (Licenses, _) = read(page).unwrap();
        let license = |quantity, consumed| License { quantity, consumed };
        let expected = [
            ("a\"b".to_owned(), license(Some(6), Some(2))),
            ("d".to_owned(), license(None, None)),
        ];
        assert_eq!((licenses, left_out.len()), (expected.into(), 2));
    }

    proptest! {
        #[test]
        fn no_body_is_too_odd(body in r#"(\[?\{"(id|name|qty|consumed|type|enterprise_account|scheduled_deletion_time)":(-?[0-9]{1,25}(e[0-9]{1,3})?|"[0-9TZ:-]{0,20}"|null|\[\]|\{\})\}\]?|.{0,60})"#) {
            let _ = (read::<Identity>(&body), read::<Vec<Identity>>(&body), read::<Account>(&body));
            let _ = (read::<Delinquency>(&body), read::<Licenses>(&body));
        }
    }
}
