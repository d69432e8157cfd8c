//! The usage of all teams of an enterprise account.
//! <https://devcenter.heroku.com/articles/platform-api-reference#enterprise-account-monthly-usage>

use std::collections::btree_map::Entry;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{UsageRow, in_pages, read_row, rows};
use crate::enterprise::AccountUsage;
use crate::list::FromPages;
use billing::month::Month;

#[derive(Deserialize)]
struct MonthRow<'a> {
    month: String,
    #[serde(borrow)]
    teams: Option<Vec<&'a RawValue>>,
}

/// Whose a team's row is.
#[derive(Deserialize)]
struct WhoseRow {
    id: Option<String>,
    name: Option<String>,
}

impl FromPages for AccountUsage {
    /// A team whose row is odd is left out alone.
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        let (months, mut left_out): (Vec<(Month, Vec<&RawValue>)>, _) =
            in_pages(rows(pages, |row| {
                let row: MonthRow<'_> = read_row(row)?;
                let month = super::month(&row.month)?;
                Ok((month, row.teams.unwrap_or_default()))
            }))?;
        let mut usage = Self::default();
        for (month, teams) in months {
            usage.months.push(month);
            for row in teams {
                if let Err(why) = add_team(&mut usage, month, row, &mut left_out) {
                    left_out.push(format!("a team of {month}: {why}"));
                }
            }
        }
        usage.months.sort_unstable();
        usage.months.dedup();
        let rows_of_teams = left_out.len();
        match left_out.first() {
            Some(first) if usage.teams.is_empty() && rows_of_teams > 0 => Err(first.clone()),
            _ => Ok((usage, left_out)),
        }
    }
}

fn add_team(
    usage: &mut AccountUsage,
    month: Month,
    row: &RawValue,
    left_out: &mut Vec<String>,
) -> Result<(), String> {
    let WhoseRow { id, name } = read_row(row)?;
    let key = id.clone().or(name).ok_or("it has neither id nor name")?;
    let used = read_row::<UsageRow<'_>>(row)?.into_usage(month, left_out);
    let team = usage.teams.entry(key).or_default();
    team.id = id;
    match team.usage.months.entry(month) {
        Entry::Vacant(slot) => {
            slot.insert(used);
        }
        Entry::Occupied(mut slot) => {
            slot.insert(used);
            left_out.push(format!(
                "a second row for a team's {month} stands in for the first"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(page: &str) -> Result<(AccountUsage, Vec<String>), String> {
        AccountUsage::from_pages(&[page.to_owned()])
    }

    #[test]
    fn teams_are_gathered_over_the_months() {
        let page = r#"[
            {"id":"e","name":"acme","month":"2026-11","dynos":3,"teams":[
                {"id":"1","name":"ops","dynos":1.5,"data":2,"apps":[{"app_name":"shop","dynos":1}]},
                {"id":"2","name":"web","dynos":null}]},
            {"month":"2026-10","teams":[{"id":"1","name":"old-ops","dynos":2}]}]"#;
        let (usage, left_out) = read(page).unwrap();
        assert_eq!(left_out, Vec::<String>::new());
        assert_eq!(usage.months.len(), 2);
        let ops = &usage.teams["1"];
        assert_eq!(ops.usage.team_name(), Some("ops"));
        let months: Vec<_> = ops.usage.months.values().map(|m| m.team.dynos).collect();
        assert_eq!(months, [Some(2.0), Some(1.5)]);
        assert_eq!(usage.teams["2"].usage.months.len(), 1);
    }

    #[test]
    fn an_odd_team_is_left_out_alone() {
        let page = r#"[{"month":"2026-11","teams":[{"id":"1","dynos":"1.5"},{"dynos":1},null,7,
                        {"name":"no-id","dynos":1},{"id":"3","dynos":2,"apps":[{"dynos":1}]},{"id":"3","dynos":4}]},
                       {"month":"November","teams":[]},{"month":"2026-10","teams":null}]"#;
        let (usage, left_out) = read(page).unwrap();
        assert_eq!(left_out.len(), 7, "{left_out:?}");
        let keys: Vec<_> = usage.teams.keys().map(String::as_str).collect();
        assert_eq!(keys, ["3", "no-id"]);
        assert_eq!(usage.teams["no-id"].id, None);
    }

    #[test]
    fn an_answer_of_which_nothing_can_be_understood_is_none() {
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
        fn no_row_is_too_odd(row in r#"\{("(id|name|teams|apps|dynos|month)":(-?[0-9]{1,25}|"[0-9-]{0,8}"|null|\[\]|\{\}),?){0,5}\}"#) {
            let _ = read(&format!("[{row}]"));
            let _ = read(&format!(r#"[{{"month":"2026-11","teams":[{row}]}}]"#));
        }
    }
}
