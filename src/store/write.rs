//! Writes answers to the database.

use std::collections::{BTreeMap, BTreeSet};

use billing::invoice::{Invoice, Invoices};
use billing::month::Month;
use billing::nights::{APP_NIGHTS, Night, TEAM_NIGHTS};
use billing::usage::{MonthlyUsage, Usage, UsageAmounts};
use heroku_api::client::Validator;
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;
use heroku_api::team::{Account, Identity, Licenses};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::answer::{Answer, Data, Key, PastUsage, Subject};
use super::column::{TargetKey, Time, micros, time_text};
use super::read;

/// Writes an answer.
pub(super) fn answer(transaction: &Transaction<'_>, answer: &Answer) -> rusqlite::Result<()> {
    let target = target(transaction, &answer.subject)?;
    let endpoint = endpoint(transaction, target, answer)?;
    match &answer.data {
        None => Ok(()),
        Some(Data::Invoices(data)) => invoices(transaction, target, data, answer.at),
        Some(Data::Usage(data)) => {
            let unreport =
                "UPDATE team_month SET reported_by = NULL WHERE target = ?1 AND reported_by = ?2";
            transaction.execute(unreport, [target, endpoint])?;
            usage(transaction, target, endpoint, data, answer.at)
        }
        Some(Data::AccountUsage(data)) => account_usage(transaction, endpoint, data, answer.at),
        Some(Data::Teams(teams)) => identities(transaction, endpoint, teams),
        Some(Data::Identity(team)) => identities(transaction, endpoint, std::slice::from_ref(team)),
        Some(Data::Account(account)) => account_identity(transaction, endpoint, account),
        Some(Data::Delinquency(data)) => {
            transaction.execute(
                "REPLACE INTO delinquency VALUES (?1, ?2, ?3)",
                params![target, time_text(data.suspension), time_text(data.deletion)],
            )?;
            Ok(())
        }
        Some(Data::Licenses(data)) => licenses(transaction, target, data),
    }
}

/// Writes when Heroku last confirmed an answer, and its validator.
pub(super) fn confirmation(
    transaction: &Transaction<'_>,
    subject: &Subject,
    endpoint: &str,
    at: Timestamp,
    validator: Option<&Validator>,
) -> rusqlite::Result<()> {
    let target = target(transaction, subject)?;
    transaction.execute(
        "UPDATE endpoint SET confirmed_at = ?3, url = ?4, etag = ?5 WHERE target = ?1 AND name = ?2",
        params![target, endpoint, Time(at), validator.map(Validator::url), validator.map(Validator::etag)],
    )?;
    Ok(())
}

/// Writes the usage of past months. Months in the last answer are newer, and stay as they are.
pub(super) fn past_usage(
    transaction: &Transaction<'_>,
    past: &PastUsage,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let requested = target(transaction, &past.subject())?;
    transaction.execute(
        "INSERT INTO endpoint (target, name, confirmed_at, changed_at, skipped_rows, skipped_fields, is_available)
         VALUES (?1, ?2, ?3, ?3, 0, 0, 1) ON CONFLICT DO UPDATE SET confirmed_at = ?3",
        params![requested, Endpoint::PastUsage.as_str(), Time(at)],
    )?;
    let write = |target: TargetKey, usage: &Usage| {
        for (month, usage) in &usage.months {
            let is_current = "SELECT 1 FROM team_month WHERE target = ?1 AND month = ?2 AND reported_by IS NOT NULL";
            if !exists(transaction, is_current, target, *month)? {
                self::month(transaction, target, None, *month, usage, at)?;
            }
        }
        Ok(())
    };
    match past {
        PastUsage::Team(_, usage) => write(requested, usage),
        PastUsage::EnterpriseAccount(_, account) => {
            account.teams.iter().try_for_each(|(key, team)| {
                let subject = team_of_account(key, team.id.as_ref(), &team.usage);
                write(target(transaction, &subject)?, &team.usage)
            })
        }
    }
}

fn exists(
    transaction: &Transaction<'_>,
    query: &str,
    target: TargetKey,
    month: Month,
) -> rusqlite::Result<bool> {
    let found = transaction.query_row(query, params![target, month.to_string()], |_| Ok(()));
    Ok(found.optional()?.is_some())
}

/// Returns the target of `subject`. Creates it if it is new, and updates its id and name.
pub(super) fn target(
    transaction: &Transaction<'_>,
    subject: &Subject,
) -> rusqlite::Result<TargetKey> {
    let (kind, id, name) = match subject {
        Subject::Team(key) => ("team", key.id.as_deref(), key.name.as_str()),
        Subject::EnterpriseAccount(key) => {
            ("enterprise_account", key.id.as_deref(), key.name.as_str())
        }
        Subject::PersonalAccount => ("personal_account", None, "_personal"),
        Subject::Discovery => ("discovery", None, "*"),
    };
    let find = |condition: &str, value: &str| {
        let query = format!(
            "SELECT target, heroku_id, name FROM target WHERE kind = ?1 AND {condition} ORDER BY target DESC LIMIT 1"
        );
        let row = transaction.query_row(&query, [kind, value], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        });
        row.optional()
    };
    let found: Option<(TargetKey, Option<String>, String)> = match id {
        Some(id) => match find("heroku_id = ?2", id)? {
            // Until the id was known, the target had only a name.
            None => find("heroku_id IS NULL AND name = ?2", name)?,
            found => found,
        },
        None => match find("heroku_id IS NULL AND name = ?2", name)? {
            None => find("name = ?2", name)?,
            found => found,
        },
    };
    let Some((target, known_id, known_name)) = found else {
        transaction.execute(
            "INSERT INTO target (kind, heroku_id, name) VALUES (?1, ?2, ?3)",
            params![kind, id, name],
        )?;
        return Ok(transaction.last_insert_rowid());
    };
    // An id in place of the name means that the name is unknown.
    let name = if Some(name) == id { &known_name } else { name };
    let id = id.or(known_id.as_deref());
    if id != known_id.as_deref() || *name != known_name {
        transaction.execute(
            "UPDATE target SET heroku_id = ?2, name = ?3 WHERE target = ?1",
            params![target, id, name],
        )?;
    }
    Ok(target)
}

/// Writes the times and the validator of an answer. Returns the key of the endpoint.
fn endpoint(
    transaction: &Transaction<'_>,
    target: TargetKey,
    answer: &Answer,
) -> rusqlite::Result<i64> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let validator = answer.validator.as_ref();
    transaction.query_row(
        "INSERT INTO endpoint
            (target, name, confirmed_at, changed_at, url, etag, skipped_rows, skipped_fields, is_available)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE SET confirmed_at = ?3, changed_at = ?4, url = ?5, etag = ?6,
            skipped_rows = ?7, skipped_fields = ?8, is_available = ?9
         RETURNING endpoint",
        params![
            target,
            answer.endpoint.as_str(),
            Time(answer.at),
            Time(answer.changed_at),
            validator.map(Validator::url),
            validator.map(Validator::etag),
            count(answer.skipped.rows.count),
            count(answer.skipped.fields.count),
            answer.data.is_some(),
        ],
        |row| row.get(0),
    )
}

fn account_usage(
    transaction: &Transaction<'_>,
    endpoint: i64,
    account: &AccountUsage,
    at: Timestamp,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE team_month SET reported_by = NULL WHERE reported_by = ?1",
        [endpoint],
    )?;
    for (key, team) in &account.teams {
        let subject = team_of_account(key, team.id.as_ref(), &team.usage);
        let target = target(transaction, &subject)?;
        usage(transaction, target, endpoint, &team.usage, at)?;
    }
    Ok(())
}

fn team_of_account(key: &str, id: Option<&String>, usage: &Usage) -> Subject {
    Subject::Team(Key {
        id: id.cloned(),
        name: usage.team_name().unwrap_or(key).to_owned(),
    })
}

fn usage(
    transaction: &Transaction<'_>,
    target: TargetKey,
    endpoint: i64,
    usage: &Usage,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let latest = read::nights(transaction, target, 1)?.pop();
    for (month, usage) in &usage.months {
        let is_changed = self::month(transaction, target, Some(endpoint), *month, usage, at)?;
        // A correction of a closed month is not a night.
        if is_changed && *month == Month::at(at) {
            let night = Night::new(at, usage);
            if latest.as_ref().is_none_or(|latest| !latest.is_same(&night)) {
                self::night(transaction, target, &night)?;
            }
        }
    }
    Ok(())
}

/// Writes a month. Keeps what the apps of a closed month had before. Returns whether the month has
/// changed.
fn month(
    transaction: &Transaction<'_>,
    target: TargetKey,
    endpoint: Option<i64>,
    month: Month,
    usage: &MonthlyUsage,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let name = month.to_string();
    let known = read::month(transaction, target, &name)?;
    let is_changed = known.as_ref() != Some(usage);
    if is_changed {
        keep_apps_of_last_night(transaction, target, at)?;
        let (team, spaces) = (&usage.team, &usage.spaces);
        transaction.execute(
            "INSERT INTO team_month VALUES (:target, :month, :endpoint, :at, :team_name, :has_apps, :dynos, :data,
                :partner, :addons, :connect, :space, :private_space, :shield_space, :private_space_credits,
                :shield_space_credits)
             ON CONFLICT DO UPDATE SET reported_by = :endpoint, changed_at = :at, team_name = :team_name,
                has_apps = :has_apps, dynos = :dynos, data = :data, partner = :partner, addons = :addons,
                connect = :connect, space = :space, private_space = :private_space, shield_space = :shield_space,
                private_space_credits = :private_space_credits, shield_space_credits = :shield_space_credits",
            named_params! {
                ":target": target, ":month": name, ":endpoint": endpoint, ":at": Time(at),
                ":team_name": usage.team_name, ":has_apps": usage.apps.is_some(),
                ":dynos": team.dynos, ":data": team.data, ":partner": team.partner,
                ":addons": team.addons, ":connect": team.connect, ":space": spaces.credits,
                ":private_space": spaces.private, ":shield_space": spaces.shield,
                ":private_space_credits": spaces.private_credits,
                ":shield_space_credits": spaces.shield_credits,
            },
        )?;
    } else {
        transaction.execute(
            "UPDATE team_month SET reported_by = ?3 WHERE target = ?1 AND month = ?2 AND reported_by IS NOT ?3",
            params![target, name, endpoint],
        )?;
    }
    let Some(apps) = usage.apps.as_ref().filter(|_| is_changed) else {
        // Without a list of apps, those of an earlier list stay.
        return Ok(is_changed);
    };
    let before = read::apps(transaction, target, &name)?;
    let is_closed = month < Month::at(at);
    let mut keep = transaction.prepare(
        "INSERT INTO app_month_before VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
    )?;
    let mut delete = transaction
        .prepare("DELETE FROM app_month WHERE target = ?1 AND month = ?2 AND app_name = ?3")?;
    let mut write =
        transaction.prepare("REPLACE INTO app_month VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for (app, used) in &before {
        let now = apps.get(app);
        if is_closed && now != Some(used) {
            let UsageAmounts {
                dynos,
                data,
                partner,
                addons,
                connect,
            } = used;
            keep.execute(params![
                target,
                name,
                app,
                Time(at),
                dynos,
                data,
                partner,
                addons,
                connect
            ])?;
        }
        if now.is_none() {
            delete.execute(params![target, name, app])?;
        }
    }
    for (app, used) in apps {
        if before.get(app) != Some(used) {
            let UsageAmounts {
                dynos,
                data,
                partner,
                addons,
                connect,
            } = used;
            write.execute(params![
                target, name, app, dynos, data, partner, addons, connect
            ])?;
        }
    }
    Ok(is_changed)
}

/// Copies the apps of the last night to `app_night`, because `app_month` is about to change. On the day
/// of the night, the change replaces the night.
fn keep_apps_of_last_night(
    transaction: &Transaction<'_>,
    target: TargetKey,
    at: Timestamp,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO app_night
         SELECT target, day, app_name, app_month.dynos, app_month.data, app_month.partner
         FROM (SELECT target, day FROM team_night WHERE target = ?1 ORDER BY day DESC LIMIT 1) AS night
         JOIN team_month USING (target) JOIN app_month USING (target, month)
         WHERE month = substr(day, 1, 7) AND day < ?2 AND has_apps
            AND NOT EXISTS (SELECT 1 FROM app_night WHERE app_night.target = ?1 AND app_night.day = night.day)",
        params![target, Offset::UTC.to_datetime(at).date().to_string()],
    )?;
    Ok(())
}

/// Writes the month to date of a day, whose apps are in `app_month`, and deletes nights that are no
/// longer needed.
fn night(transaction: &Transaction<'_>, target: TargetKey, night: &Night) -> rusqlite::Result<()> {
    let day = night.day().to_string();
    // The clock may have been set back.
    for table in ["team_night", "app_night"] {
        transaction.execute(
            &format!("DELETE FROM {table} WHERE target = ?1 AND day >= ?2"),
            params![target, day],
        )?;
    }
    let team = &night.team;
    transaction.execute(
        "INSERT INTO team_night VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            target,
            day,
            Time(night.seen_at),
            team.dynos,
            team.data,
            team.partner,
            team.addons,
            night.space
        ],
    )?;
    for (table, count) in [("team_night", TEAM_NIGHTS), ("app_night", APP_NIGHTS)] {
        transaction.execute(
            &format!(
                "DELETE FROM {table} WHERE target = ?1 AND day < (
                    SELECT day FROM team_night WHERE target = ?1 ORDER BY day DESC LIMIT 1 OFFSET ?2)"
            ),
            params![target, count as i64 - 1],
        )?;
    }
    Ok(())
}

/// Writes invoices. A version that is not known yet is added.
fn invoices(
    transaction: &Transaction<'_>,
    target: TargetKey,
    invoices: &Invoices,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let known = read::invoices(transaction, target)?;
    let mut current = BTreeSet::new();
    let mut versions: BTreeMap<Date, i64> = BTreeMap::new();
    for (start, version, _, _) in &known {
        let latest = versions.entry(*start).or_default();
        *latest = (*latest).max(*version);
    }
    for invoice in invoices.iter() {
        let start = invoice.period.start;
        let same = known.iter().rev().find(|(_, _, _, known)| known == invoice);
        let version = match same {
            Some((_, version, _, _)) => *version,
            None => {
                let version = versions.entry(start).or_default();
                *version += 1;
                insert_invoice(transaction, target, invoice, *version, at)?;
                *version
            }
        };
        current.insert((start, version));
    }
    let mut set_current = transaction.prepare(
        "UPDATE invoice SET is_current = ?4 WHERE target = ?1 AND period_start = ?2 AND version = ?3",
    )?;
    for (start, version, was_current, _) in &known {
        let is_current = current.contains(&(*start, *version));
        if is_current != *was_current {
            set_current.execute(params![target, start.to_string(), version, is_current])?;
        }
    }
    Ok(())
}

fn insert_invoice(
    transaction: &Transaction<'_>,
    target: TargetKey,
    invoice: &Invoice,
    version: i64,
    at: Timestamp,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO invoice VALUES (:target, :period_start, :version, :at, 1, :number, :period_end,
            :period_end_as_written, :state, :payment_status, :total, :charges, :credits, :addons, :database,
            :platform, :dyno_units, :weighted_dyno_hours, :updated_at)",
        named_params! {
            ":target": target, ":period_start": invoice.period.start.to_string(), ":version": version,
            ":at": Time(at), ":number": invoice.number,
            ":period_end": invoice.period.end.map(|end| end.to_string()),
            ":period_end_as_written": invoice.period.end_as_written, ":state": invoice.state,
            ":payment_status": invoice.payment_status, ":total": micros(invoice.total),
            ":charges": micros(invoice.charges), ":credits": micros(invoice.credits),
            ":addons": micros(invoice.addons), ":database": micros(invoice.database),
            ":platform": micros(invoice.platform), ":dyno_units": invoice.dyno_units,
            ":weighted_dyno_hours": invoice.weighted_dyno_hours,
            ":updated_at": time_text(invoice.updated_at),
        },
    )?;
    Ok(())
}

fn identities<T: std::borrow::Borrow<Identity>>(
    transaction: &Transaction<'_>,
    endpoint: i64,
    teams: &[T],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM identity WHERE endpoint = ?1", [endpoint])?;
    let mut insert =
        transaction.prepare("INSERT INTO identity VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for (position, team) in teams.iter().map(std::borrow::Borrow::borrow).enumerate() {
        let account = team.enterprise_account.as_ref();
        insert.execute(params![
            endpoint,
            position as i64,
            team.id,
            team.name,
            team.kind,
            account.is_some(),
            account.and_then(|account| account.id.as_ref()),
            account.and_then(|account| account.name.as_ref()),
        ])?;
    }
    Ok(())
}

fn account_identity(
    transaction: &Transaction<'_>,
    endpoint: i64,
    account: &Account,
) -> rusqlite::Result<()> {
    transaction.execute(
        "REPLACE INTO identity VALUES (?1, 0, ?2, ?3, NULL, 0, NULL, NULL)",
        params![endpoint, account.id, account.name],
    )?;
    Ok(())
}

fn licenses(
    transaction: &Transaction<'_>,
    target: TargetKey,
    licenses: &Licenses,
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM license WHERE target = ?1", [target])?;
    let mut insert = transaction.prepare("INSERT INTO license VALUES (?1, ?2, ?3, ?4)")?;
    for (name, license) in licenses {
        insert.execute(params![target, name, license.quantity, license.consumed])?;
    }
    Ok(())
}
