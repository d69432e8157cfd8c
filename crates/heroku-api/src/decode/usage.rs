//! Monthly usage of a team, and of all teams of an enterprise account:
//! <https://devcenter.heroku.com/articles/platform-api-reference#team-monthly-usage>,
//! <https://devcenter.heroku.com/articles/platform-api-reference#enterprise-account-monthly-usage>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{Count, Field, Units};
use super::{DecodeError, FromPages, month, require_any_row, row, rows};
use crate::enterprise::AccountUsage;
use crate::skipped::Skipped;
use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};

/// The month of an enterprise account.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AccountRow<'a> {
    month: Field<String>,
    #[serde(borrow)]
    teams: Field<Vec<&'a RawValue>>,
}

/// The usage of a team in a month. In an enterprise account the month is that of the account's row.
#[derive(Default, Deserialize)]
#[serde(default)]
struct UsageRow<'a> {
    month: Field<String>,
    id: Field<String>,
    name: Field<String>,
    dynos: Field<Units>,
    data: Field<Units>,
    partner: Field<Units>,
    addons: Field<Units>,
    connect: Field<Count>,
    space: Field<Units>,
    private_space: Field<Count>,
    shield_space: Field<Count>,
    private_space_credits: Field<Units>,
    shield_space_credits: Field<Units>,
    #[serde(borrow)]
    apps: Field<Vec<&'a RawValue>>,
}
#[derive(Default, Deserialize)]
#[serde(default)]
struct AppRow {
    app_name: Field<String>,
    dynos: Field<Units>,
    data: Field<Units>,
    partner: Field<Units>,
    addons: Field<Units>,
    connect: Field<Count>,
}

impl FromPages for Usage {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let rows = rows(pages, skipped, |value, skipped| {
            let mut row: UsageRow<'_> = row(value)?;
            let month = month(&std::mem::take(&mut row.month).require("month")?)?;
            Ok((month, row.into_usage(skipped)?))
        })?;
        let mut months = BTreeMap::new();
        for (month, usage) in rows {
            insert(&mut months, month, usage, skipped);
        }
        Ok(Self { months })
    }
}

impl FromPages for AccountUsage {
    /// Only the invalid teams of a month are skipped. A month whose list of teams is missing is
    /// skipped, because that does not mean that the teams have no usage.
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let months = rows(pages, skipped, |value, _| {
            let row: AccountRow<'_> = row(value)?;
            Ok((
                month(&row.month.require("month")?)?,
                row.teams.require("teams")?,
            ))
        })?;
        let mut usage = Self::default();
        for (month, teams) in months {
            usage.months.push(month);
            for team in teams {
                let fields = skipped.fields.clone();
                if let Err(error) = add_team(&mut usage, month, team, skipped) {
                    skipped.fields = fields;
                    skipped.rows.add(|| format!("team in {month}: {error}"));
                }
            }
        }
        usage.months.sort_unstable();
        usage.months.dedup();
        require_any_row(usage.teams.is_empty(), &skipped.rows)?;
        Ok(usage)
    }
}

fn add_team(
    usage: &mut AccountUsage,
    month: Month,
    value: &RawValue,
    skipped: &mut Skipped,
) -> Result<(), String> {
    let mut row: UsageRow<'_> = row(value)?;
    let id = std::mem::take(&mut row.id).get("teams[].id", skipped);
    let monthly = row.into_usage(skipped)?;
    let name = monthly.team_name.clone();
    let key = id.clone().or(name).ok_or("neither id nor name")?;
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
    skipped: &mut Skipped,
) {
    if months.insert(month, usage).is_some() {
        skipped.rows.add(|| format!("duplicate row for {month}"));
    }
}

/// Returns an error if a row is empty because of invalid fields. As a row of unknown amounts it would
/// replace the amounts of an earlier response.
fn require_valid_field(
    is_empty: bool,
    invalid_before: u64,
    skipped: &Skipped,
) -> Result<(), String> {
    match &skipped.fields.first_error {
        Some(error) if is_empty && skipped.fields.count > invalid_before => {
            Err(format!("no valid amount, {error}"))
        }
        _ => Ok(()),
    }
}

/// Returns valid units, or counts the field `name`.
fn units(field: Field<Units>, name: &str, skipped: &mut Skipped) -> Option<f64> {
    field.get(name, skipped).map(|units| units.0)
}

/// Returns a valid count, or counts the field `name`.
fn count(field: Field<Count>, name: &str, skipped: &mut Skipped) -> Option<f64> {
    field.get(name, skipped).map(|count| count.0)
}

impl UsageRow<'_> {
    fn into_usage(self, skipped: &mut Skipped) -> Result<MonthlyUsage, String> {
        // A missing list is not invalid.
        let missing = u64::from(matches!(self.apps, Field::Unknown));
        let invalid_before = skipped.fields.count + missing;
        let team = UsageAmounts {
            dynos: units(self.dynos, "dynos", skipped),
            data: units(self.data, "data", skipped),
            partner: units(self.partner, "partner", skipped),
            addons: units(self.addons, "addons", skipped),
            connect: count(self.connect, "connect", skipped),
        };
        let spaces = Spaces {
            credits: units(self.space, "space", skipped),
            private: count(self.private_space, "private_space", skipped),
            shield: count(self.shield_space, "shield_space", skipped),
            private_credits: units(self.private_space_credits, "private_space_credits", skipped),
            shield_credits: units(self.shield_space_credits, "shield_space_credits", skipped),
        };
        let apps = self.apps.get_list("apps", skipped).map(|rows| {
            let mut apps = Vec::new();
            for app in rows {
                let fields = skipped.fields.clone();
                match row::<AppRow>(app).and_then(|app| app.into_amounts(skipped)) {
                    Ok(app) => apps.push(app),
                    Err(error) => {
                        skipped.fields = fields;
                        skipped.rows.add(|| format!("app: {error}"));
                    }
                }
            }
            MonthlyUsage::by_app(apps)
        });
        let is_empty = team == UsageAmounts::default()
            && spaces == Spaces::default()
            && apps.as_ref().is_none_or(BTreeMap::is_empty);
        require_valid_field(is_empty, invalid_before, skipped)?;
        Ok(MonthlyUsage {
            team_name: self.name.get("name", skipped),
            team,
            spaces,
            apps,
        })
    }
}

impl AppRow {
    fn into_amounts(self, skipped: &mut Skipped) -> Result<(String, UsageAmounts), String> {
        let invalid_before = skipped.fields.count;
        let name = self.app_name.require("app_name")?;
        let amounts = UsageAmounts {
            dynos: units(self.dynos, "apps[].dynos", skipped),
            data: units(self.data, "apps[].data", skipped),
            partner: units(self.partner, "apps[].partner", skipped),
            addons: units(self.addons, "apps[].addons", skipped),
            connect: count(self.connect, "apps[].connect", skipped),
        };
        require_valid_field(amounts == UsageAmounts::default(), invalid_before, skipped)?;
        Ok((name, amounts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(page: &str) -> Result<(AccountUsage, Skipped), DecodeError> {
        let mut skipped = Skipped::default();
        let usage = AccountUsage::from_pages(&[page.to_owned()], &mut skipped)?;
        Ok((usage, skipped))
    }

    #[test]
    fn groups_months_by_team() {
        let page = r#"[
            {"id":"e","name":"acme","month":"2026-11","dynos":3,"teams":[
                {"id":"1","name":"ops","dynos":1.5,"data":2,"apps":[{"app_name":"shop","dynos":1}]},
                {"id":"2","name":"web","dynos":null}]},
            {"month":"2026-10","teams":[{"id":"1","name":"old-ops","dynos":2}]}]"#;
        let (usage, skipped) = read(page).unwrap();
        assert_eq!(skipped.rows.count, 0, "{skipped:?}");
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
        assert_eq!(skipped.rows.count, 8, "{skipped:?}");
        let keys: Vec<_> = usage.teams.keys().map(String::as_str).collect();
        assert_eq!(keys, ["3", "no-id"]);
        assert_eq!(usage.months.len(), 1);
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
