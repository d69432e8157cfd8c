//! Reads answers from the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::invoice::{Invoice, InvoicePeriod, Invoices};
use billing::month::Month;
use billing::nights::{APP_NIGHTS, Night, TEAM_NIGHTS};
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use heroku_api::client::Validator;
use heroku_api::enterprise::{AccountUsage, TeamUsage};
use heroku_api::skipped::{SkipCount, Skipped};
use heroku_api::stats::Endpoint;
use heroku_api::team::{Account, Delinquency, Identity, License, Licenses};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::answer::{Fact, Loaded, LoadedAccount, LoadedAnswer, LoadedTeam};
use super::column::{TargetKey, Time, money, time};
use super::inventory;

/// Returns the last answers of all endpoints.
pub(super) fn loaded(connection: &Connection) -> rusqlite::Result<Loaded> {
    let mut loaded = Loaded {
        dyno_sizes: inventory::read_sizes(connection)?,
        ..Loaded::default()
    };
    let mut targets =
        connection.prepare("SELECT target, kind, heroku_id, name FROM target ORDER BY target")?;
    let mut rows = targets.query([])?;
    while let Some(row) = rows.next()? {
        let (target, kind): (TargetKey, String) = (row.get(0)?, row.get(1)?);
        let (id, name): (Option<String>, String) = (row.get(2)?, row.get(3)?);
        let key = id.clone().unwrap_or_else(|| name.clone());
        match kind.as_str() {
            "team" => {
                let team = team(connection, target)?;
                loaded.teams.insert(key, team);
                loaded.team_ids.extend(id.map(|id| (name, id)));
            }
            "enterprise_account" => {
                let account = account(connection, target)?;
                loaded.accounts.insert(key, account);
                loaded.account_ids.extend(id.map(|id| (name, id)));
            }
            "personal_account" => {
                loaded.personal_inventory = inventory::read(connection, target)?;
                loaded.personal_invoices = answer(connection, target, Endpoint::Invoices, |_| {
                    current_invoices(connection, target)
                })?;
            }
            _ => {
                loaded.discovery = answer(connection, target, Endpoint::Teams, |endpoint| {
                    identities(connection, endpoint)
                })?;
            }
        }
    }
    Ok(loaded)
}

fn team(connection: &Connection, target: TargetKey) -> rusqlite::Result<LoadedTeam> {
    Ok(LoadedTeam {
        invoices: answer(connection, target, Endpoint::Invoices, |_| {
            current_invoices(connection, target)
        })?,
        usage: answer(connection, target, Endpoint::Usage, |endpoint| {
            reported_usage(connection, target, endpoint)
        })?,
        identity: fact(connection, target, Endpoint::Team, |endpoint| {
            Ok(identities(connection, endpoint)?.pop())
        })?,
        delinquency: fact(connection, target, Endpoint::Delinquency, |_| {
            delinquency(connection, target)
        })?,
        licenses: fact(connection, target, Endpoint::Licenses, |_| {
            licenses(connection, target).map(Some)
        })?,
        nights: nights(connection, target, TEAM_NIGHTS)?,
        usage_at: endpoint(connection, target, Endpoint::Usage.as_str())?.map(|row| row.at),
        past_usage_at: endpoint(connection, target, Endpoint::PastUsage.as_str())?
            .map(|row| row.at),
        inventory: inventory::read(connection, target)?,
    })
}

fn account(connection: &Connection, target: TargetKey) -> rusqlite::Result<LoadedAccount> {
    Ok(LoadedAccount {
        usage: answer(connection, target, Endpoint::Usage, |endpoint| {
            account_usage(connection, endpoint)
        })?,
        identity: fact(
            connection,
            target,
            Endpoint::EnterpriseAccount,
            |endpoint| account_identity(connection, endpoint),
        )?,
        usage_at: endpoint(connection, target, Endpoint::Usage.as_str())?.map(|row| row.at),
        past_usage_at: endpoint(connection, target, Endpoint::PastUsage.as_str())?
            .map(|row| row.at),
    })
}

/// A row of the table `endpoint`.
struct EndpointRow {
    key: i64,
    at: Timestamp,
    changed_at: Timestamp,
    validator: Option<Validator>,
    skipped: Skipped,
    is_available: bool,
}

fn endpoint(
    connection: &Connection,
    target: TargetKey,
    name: &str,
) -> rusqlite::Result<Option<EndpointRow>> {
    let row = connection.query_row(
        "SELECT endpoint, confirmed_at, changed_at, url, etag, skipped_rows, skipped_fields, is_available
         FROM endpoint WHERE target = ?1 AND name = ?2",
        params![target, name],
        |row| {
            let (url, etag): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
            let count = |column| -> rusqlite::Result<SkipCount> {
                let count = row.get(column).map(i64::unsigned_abs)?;
                Ok(SkipCount { count, first_error: None })
            };
            Ok(EndpointRow {
                key: row.get(0)?,
                at: row.get::<_, Time>(1)?.0,
                changed_at: row.get::<_, Time>(2)?.0,
                validator: url.zip(etag).map(|(url, etag)| Validator::new(url, etag)),
                skipped: Skipped { rows: count(5)?, fields: count(6)? },
                is_available: row.get(7)?,
            })
        },
    );
    row.optional()
}

fn answer<T>(
    connection: &Connection,
    target: TargetKey,
    name: Endpoint,
    data: impl FnOnce(i64) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<LoadedAnswer<T>>> {
    let Some(row) = endpoint(connection, target, name.as_str())? else {
        return Ok(None);
    };
    Ok(Some(LoadedAnswer {
        data: data(row.key)?,
        at: row.at,
        changed_at: row.changed_at,
        validator: row.validator,
        skipped: row.skipped,
    }))
}

fn fact<T>(
    connection: &Connection,
    target: TargetKey,
    name: Endpoint,
    data: impl FnOnce(i64) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Option<Fact<T>>> {
    let Some(row) = endpoint(connection, target, name.as_str())? else {
        return Ok(None);
    };
    let data = match row.is_available {
        true => data(row.key)?,
        false => None,
    };
    Ok(Some(Fact {
        data: data.map(Arc::new),
        at: row.at,
    }))
}

fn reported_usage(
    connection: &Connection,
    target: TargetKey,
    endpoint: i64,
) -> rusqlite::Result<Usage> {
    let mut query = connection.prepare(
        "SELECT month FROM team_month WHERE target = ?1 AND reported_by = ?2 ORDER BY month",
    )?;
    let months = query.query_map([target, endpoint], |row| row.get(0))?;
    let mut usage = Usage::default();
    for month in months {
        let name: String = month?;
        usage.months.extend(
            self::month(connection, target, &name)?
                .and_then(|usage| Some((name.parse().ok()?, usage))),
        );
    }
    Ok(usage)
}

fn account_usage(connection: &Connection, endpoint: i64) -> rusqlite::Result<AccountUsage> {
    let mut query = connection.prepare(
        "SELECT DISTINCT target, heroku_id, name FROM team_month JOIN target USING (target) WHERE reported_by = ?1",
    )?;
    let teams = query.query_map([endpoint], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let mut account = AccountUsage::default();
    for team in teams {
        let (target, id, name): (TargetKey, Option<String>, String) = team?;
        let usage = reported_usage(connection, target, endpoint)?;
        account.months.extend(usage.months.keys());
        let key = id.clone().unwrap_or(name);
        account.teams.insert(key, TeamUsage { id, usage });
    }
    account.months.sort_unstable();
    account.months.dedup();
    Ok(account)
}

/// Returns the usage of a month.
pub(super) fn month(
    connection: &Connection,
    target: TargetKey,
    month: &str,
) -> rusqlite::Result<Option<MonthlyUsage>> {
    let query =
        "SELECT team_name, has_apps, dynos, data, partner, addons, connect, space, private_space,
        shield_space, private_space_credits, shield_space_credits
        FROM team_month WHERE target = ?1 AND month = ?2";
    let usage = connection
        .prepare_cached(query)?
        .query_row(params![target, month], |row| {
            let has_apps: bool = row.get(1)?;
            let usage = MonthlyUsage {
                team_name: row.get(0)?,
                team: amounts(row, 2)?,
                spaces: Spaces {
                    credits: row.get(7)?,
                    private: row.get(8)?,
                    shield: row.get(9)?,
                    private_credits: row.get(10)?,
                    shield_credits: row.get(11)?,
                },
                apps: None,
            };
            Ok((has_apps, usage))
        });
    let Some((has_apps, mut usage)) = usage.optional()? else {
        return Ok(None);
    };
    if has_apps {
        usage.apps = Some(apps(connection, target, month)?);
    }
    Ok(Some(usage))
}

/// Returns the apps of a month.
pub(super) fn apps(
    connection: &Connection,
    target: TargetKey,
    month: &str,
) -> rusqlite::Result<BTreeMap<String, UsageAmounts>> {
    let mut query = connection.prepare_cached(
        "SELECT app_name, dynos, data, partner, addons, connect FROM app_month
         WHERE target = ?1 AND month = ?2",
    )?;
    let apps = query.query_map(params![target, month], |row| {
        Ok((row.get(0)?, amounts(row, 1)?))
    })?;
    apps.collect()
}

fn amounts(row: &Row<'_>, first: usize) -> rusqlite::Result<UsageAmounts> {
    Ok(UsageAmounts {
        dynos: row.get(first)?,
        data: row.get(first + 1)?,
        partner: row.get(first + 2)?,
        addons: row.get(first + 3)?,
        connect: row.get(first + 4)?,
    })
}

/// A stored invoice: the start of its period, its version, whether the last answer contains it, and the
/// invoice.
type StoredInvoice = (Date, i64, bool, Invoice);

/// Returns all versions of all invoices.
pub(super) fn invoices(
    connection: &Connection,
    target: TargetKey,
) -> rusqlite::Result<Vec<StoredInvoice>> {
    let mut query = connection.prepare(
        "SELECT period_start, version, is_current, number, period_end, period_end_as_written, state,
            payment_status, total_micros, charges_micros, credits_micros, addons_micros, database_micros,
            platform_micros, dyno_units, weighted_dyno_hours, updated_at
         FROM invoice WHERE target = ?1 ORDER BY period_start, version",
    )?;
    let invoices = query.query_map([target], |row| {
        let date = |column| -> rusqlite::Result<Option<Date>> {
            let text: Option<String> = row.get(column)?;
            Ok(text.and_then(|text| text.parse::<Date>().ok()))
        };
        let start = date(0)?.unwrap_or(Date::MIN);
        let invoice = Invoice {
            number: row.get(3)?,
            period: InvoicePeriod {
                start,
                end: date(4)?,
                end_as_written: row.get(5)?,
            },
            state: row.get(6)?,
            payment_status: row.get(7)?,
            total: money(row, 8)?,
            charges: money(row, 9)?,
            credits: money(row, 10)?,
            addons: money(row, 11)?,
            database: money(row, 12)?,
            platform: money(row, 13)?,
            dyno_units: row.get(14)?,
            weighted_dyno_hours: row.get(15)?,
            updated_at: time(row, 16)?,
        };
        Ok((start, row.get(1)?, row.get(2)?, invoice))
    })?;
    invoices.collect()
}

fn current_invoices(connection: &Connection, target: TargetKey) -> rusqlite::Result<Invoices> {
    let invoices = invoices(connection, target)?.into_iter();
    let current = invoices.filter(|(_, _, is_current, _)| *is_current);
    Ok(Invoices::new(
        current.map(|(.., invoice)| invoice).collect(),
    ))
}

fn identities(connection: &Connection, endpoint: i64) -> rusqlite::Result<Vec<Identity>> {
    let mut query = connection.prepare(
        "SELECT heroku_id, name, type, has_enterprise_account, enterprise_account_id, enterprise_account_name
         FROM identity WHERE endpoint = ?1 ORDER BY position",
    )?;
    let identities = query.query_map([endpoint], |row| {
        let account = Account {
            id: row.get(4)?,
            name: row.get(5)?,
        };
        let has_account: bool = row.get(3)?;
        Ok(Identity {
            id: row.get(0)?,
            name: row.get(1)?,
            kind: row.get(2)?,
            enterprise_account: has_account.then_some(account),
        })
    })?;
    identities.collect()
}

fn account_identity(connection: &Connection, endpoint: i64) -> rusqlite::Result<Option<Account>> {
    let query = "SELECT heroku_id, name FROM identity WHERE endpoint = ?1";
    let account = connection.query_row(query, [endpoint], |row| {
        Ok(Account {
            id: row.get(0)?,
            name: row.get(1)?,
        })
    });
    account.optional()
}

fn delinquency(
    connection: &Connection,
    target: TargetKey,
) -> rusqlite::Result<Option<Delinquency>> {
    let query = "SELECT suspension_at, deletion_at FROM delinquency WHERE target = ?1";
    let delinquency = connection.query_row(query, [target], |row| {
        Ok(Delinquency {
            suspension: time(row, 0)?,
            deletion: time(row, 1)?,
        })
    });
    delinquency.optional()
}

fn licenses(connection: &Connection, target: TargetKey) -> rusqlite::Result<Licenses> {
    let mut query =
        connection.prepare("SELECT name, quantity, consumed FROM license WHERE target = ?1")?;
    let licenses = query.query_map([target], |row| {
        let license = License {
            quantity: row.get(1)?,
            consumed: row.get(2)?,
        };
        Ok((row.get(0)?, license))
    })?;
    licenses.collect()
}

fn night_apps(
    query: &mut Statement<'_>,
    target: TargetKey,
    day: &str,
) -> rusqlite::Result<BTreeMap<String, UsageAmounts>> {
    let apps = query.query_map(params![target, day], |row| {
        let amounts = UsageAmounts {
            dynos: row.get(1)?,
            data: row.get(2)?,
            partner: row.get(3)?,
            ..UsageAmounts::default()
        };
        Ok((row.get(0)?, amounts))
    })?;
    apps.collect()
}

/// Returns the last nights of a team, oldest first.
pub(super) fn nights(
    connection: &Connection,
    target: TargetKey,
    count: usize,
) -> rusqlite::Result<Vec<Night>> {
    let mut query = connection.prepare(
        "SELECT day, seen_at, dynos, data, partner, addons, space FROM team_night
         WHERE target = ?1 ORDER BY day DESC LIMIT ?2",
    )?;
    let mut apps_query = connection.prepare(
        "SELECT app_name, dynos, data, partner FROM app_night WHERE target = ?1 AND day = ?2",
    )?;
    // The apps of the last night, unless they have changed on another day.
    let mut month_query = connection.prepare(
        "SELECT app_name, app_month.dynos, app_month.data, app_month.partner
         FROM app_month JOIN team_month USING (target, month)
         WHERE target = ?1 AND month = substr(?2, 1, 7) AND has_apps",
    )?;
    let nights = query.query_map(params![target, count as i64], |row| {
        let day: String = row.get(0)?;
        let night = Night {
            seen_at: row.get::<_, Time>(1)?.0,
            team: UsageAmounts {
                dynos: row.get(2)?,
                data: row.get(3)?,
                partner: row.get(4)?,
                addons: row.get(5)?,
                connect: None,
            },
            space: row.get(6)?,
            apps: None,
        };
        Ok((day, night))
    })?;
    let mut nights = nights.collect::<rusqlite::Result<Vec<_>>>()?;
    for (index, (day, night)) in nights.iter_mut().take(APP_NIGHTS).enumerate() {
        let mut apps = night_apps(&mut apps_query, target, day)?;
        if index == 0 && apps.is_empty() {
            apps = night_apps(&mut month_query, target, day)?;
        }
        night.apps = Some(Arc::new(apps));
    }
    nights.reverse();
    Ok(nights.into_iter().map(|(_, night)| night).collect())
}

/// Returns the key of the team with this id, or with this name while its id is unknown.
pub(super) fn team_key(
    connection: &Connection,
    id: Option<&str>,
    name: &str,
) -> rusqlite::Result<Option<TargetKey>> {
    let query = "SELECT target FROM target WHERE kind IN ('team', 'personal_account')
        AND (heroku_id = ?1 OR (?1 IS NULL AND name = ?2)) ORDER BY heroku_id IS NULL, target DESC LIMIT 1";
    connection
        .prepare_cached(query)?
        .query_row(params![id, name], |row| row.get(0))
        .optional()
}

/// Returns the months of a team's usage, oldest first.
pub(super) fn months(connection: &Connection, target: TargetKey) -> rusqlite::Result<Vec<Month>> {
    let mut query =
        connection.prepare("SELECT month FROM team_month WHERE target = ?1 ORDER BY month")?;
    let months = query.query_map([target], |row| row.get::<_, String>(0))?;
    let months = months.map(|month| Ok(month?.parse().ok()));
    Ok(months
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}
