//! Monthly usage of a team, and of all teams of an enterprise account:
//! <https://devcenter.heroku.com/articles/platform-api-reference#team-monthly-usage>,
//! <https://devcenter.heroku.com/articles/platform-api-reference#enterprise-account-monthly-usage>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{DecodeError, FromPages, lenient, month, row, rows, unless_all_skipped};
use crate::enterprise::AccountUsage;
use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};

/// The month of an enterprise account.
#[derive(Deserialize)]
struct AccountRow<'a> {
    month: String,
    #[serde(borrow)]
    teams: Option<Vec<&'a RawValue>>,
}

/// The team of a row in an enterprise account.
#[derive(Deserialize)]
struct TeamRow {
    id: Option<String>,
    name: Option<String>,
}

/// The usage of a team in a month. In an enterprise account the month is that of the account's row.
#[derive(Deserialize)]
struct UsageRow<'a> {
    #[serde(default, deserialize_with = "lenient")]
    month: Option<String>,
    name: Option<String>,
    dynos: Option<f64>,
    data: Option<f64>,
    partner: Option<f64>,
    addons: Option<f64>,
    connect: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    space: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    private_space: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    shield_space: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    private_space_credits: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    shield_space_credits: Option<f64>,
    #[serde(borrow)]
    apps: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct AppRow {
    app_name: String,
    dynos: Option<f64>,
    data: Option<f64>,
    partner: Option<f64>,
    addons: Option<f64>,
    connect: Option<f64>,
}

impl FromPages for Usage {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        let mut skipped_apps = Vec::new();
        let (rows, mut skipped) = rows(pages, |value| {
            let row: UsageRow<'_> = row(value)?;
            let month = month(row.month.as_deref().ok_or("no month")?)?;
            Ok((month, row.into_usage(month, &mut skipped_apps)))
        })?;
        skipped.append(&mut skipped_apps);
        let mut months = BTreeMap::new();
        for (month, usage) in rows {
            insert(&mut months, month, usage, &mut skipped);
        }
        Ok((Self { months }, skipped))
    }
}

impl FromPages for AccountUsage {
    /// Only the invalid teams of a month are skipped.
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        let (months, mut skipped) = rows(pages, |value| {
            let row: AccountRow<'_> = row(value)?;
            Ok((month(&row.month)?, row.teams.unwrap_or_default()))
        })?;
        let mut usage = Self::default();
        for (month, teams) in months {
            usage.months.push(month);
            for team in teams {
                if let Err(error) = add_team(&mut usage, month, team, &mut skipped) {
                    skipped.push(format!("team in {month}: {error}"));
                }
            }
        }
        usage.months.sort_unstable();
        usage.months.dedup();
        let is_empty = usage.teams.is_empty();
        unless_all_skipped(usage, is_empty, skipped)
    }
}

fn add_team(
    usage: &mut AccountUsage,
    month: Month,
    value: &RawValue,
    skipped: &mut Vec<String>,
) -> Result<(), String> {
    let TeamRow { id, name } = row(value)?;
    let key = id.clone().or(name).ok_or("neither id nor name")?;
    let monthly = row::<UsageRow<'_>>(value)?.into_usage(month, skipped);
    let team = usage.teams.entry(key).or_default();
    team.id = id;
    insert(&mut team.usage.months, month, monthly, skipped);
    Ok(())
}

/// Inserts the usage of a month. A second row for the month replaces the first.
fn insert(
    months: &mut BTreeMap<Month, MonthlyUsage>,
    month: Month,
    usage: MonthlyUsage,
    skipped: &mut Vec<String>,
) {
    if months.insert(month, usage).is_some() {
        skipped.push(format!("duplicate row for {month}"));
    }
}

impl UsageRow<'_> {
    fn into_usage(self, month: Month, skipped: &mut Vec<String>) -> MonthlyUsage {
        let team = UsageAmounts {
            dynos: self.dynos,
            data: self.data,
            partner: self.partner,
            addons: self.addons,
            connect: self.connect,
        };
        let mut apps = Vec::new();
        for app in self.apps.unwrap_or_default() {
            match row::<AppRow>(app) {
                Ok(app) => apps.push(app.into_amounts()),
                Err(error) => skipped.push(format!("app in {month}: {error}")),
            }
        }
        MonthlyUsage {
            team_name: self.name,
            team,
            spaces: Spaces {
                credits: self.space,
                private: self.private_space,
                shield: self.shield_space,
                private_credits: self.private_space_credits,
                shield_credits: self.shield_space_credits,
            },
            apps: MonthlyUsage::by_app(apps),
        }
    }
}

impl AppRow {
    fn into_amounts(self) -> (String, UsageAmounts) {
        let amounts = UsageAmounts {
            dynos: self.dynos,
            data: self.data,
            partner: self.partner,
            addons: self.addons,
            connect: self.connect,
        };
        (self.app_name, amounts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(page: &str) -> Result<(AccountUsage, Vec<String>), DecodeError> {
        AccountUsage::from_pages(&[page.to_owned()])
    }

    #[test]
    fn groups_months_by_team() {
        let page = r#"[
            {"id":"e","name":"acme","month":"2026-11","dynos":3,"teams":[
                {"id":"1","name":"ops","dynos":1.5,"data":2,"apps":[{"app_name":"shop","dynos":1}]},
                {"id":"2","name":"web","dynos":null}]},
            {"month":"2026-10","teams":[{"id":"1","name":"old-ops","dynos":2}]}]"#;
        let (usage, skipped) = read(page).unwrap();
        assert_eq!(skipped, Vec::<String>::new());
        assert_eq!(usage.months.len(), 2);
        let ops = &usage.teams["1"];
        assert_eq!(ops.usage.team_name(), Some("ops"));
        let months: Vec<_> = ops.usage.months.values().map(|m| m.team.dynos).collect();
        assert_eq!(months, [Some(2.0), Some(1.5)]);
        assert_eq!(usage.teams["2"].usage.months.len(), 1);
    }

    #[test]
    fn skips_invalid_team_only() {
        let page = r#"[{"month":"2026-11","teams":[{"id":"1","dynos":"1.5"},{"dynos":1},null,7,
                        {"name":"no-id","dynos":1},{"id":"3","dynos":2,"apps":[{"dynos":1}]},{"id":"3","dynos":4}]},
                       {"month":"November","teams":[]},{"month":"2026-10","teams":null}]"#;
        let (usage, skipped) = read(page).unwrap();
        assert_eq!(skipped.len(), 7, "{skipped:?}");
        let keys: Vec<_> = usage.teams.keys().map(String::as_str).collect();
        assert_eq!(keys, ["3", "no-id"]);
        assert_eq!(usage.teams["no-id"].id, None);
    }

    #[test]
    fn rejects_response_without_valid_row() {
        for page in [
            "{}",
            "[7]",
            r#"[{"month":"2026-11","teams":[{"dynos":1},7]}]"#,
            r#"[{"month":"2026-11","teams":{}}]"#,
        ] {
            assert!(read(page).is_err(), "{page}");
        }
        assert!(read("[]").unwrap().0.teams.is_empty());
        assert!(read(r#"[{"month":"2026-11","teams":[]}]"#).is_ok());
    }

    proptest! {
        #[test]
        fn decodes_any_row_without_panic(row in r#"\{("(id|name|teams|apps|dynos|month)":(-?[0-9]{1,25}|"[0-9-]{0,8}"|null|\[\]|\{\}),?){0,5}\}"#) {
            let _ = read(&format!("[{row}]"));
            let _ = read(&format!(r#"[{{"month":"2026-11","teams":[{row}]}}]"#));
        }
    }
}
