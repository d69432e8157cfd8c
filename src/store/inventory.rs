//! Writes and reads what runs in a team, and the dyno sizes.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::price::Quantity;
use billing::resources::{Addon, App, BilledPrice, DynoSize, Process, Space};
use billing::run_rate::Inventory;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::column::{TargetKey, micros, money, time, time_text};

/// Writes what has changed in the inventory of a team.
pub(super) fn write(
    transaction: &Transaction<'_>,
    target: TargetKey,
    inventory: &Inventory,
) -> rusqlite::Result<()> {
    let known = read(transaction, target)?.unwrap_or_default();
    transaction.execute(
        "REPLACE INTO inventory VALUES (?1, ?2, ?3)",
        params![target, inventory.apps.is_some(), inventory.addons.is_some()],
    )?;
    let known_apps = by_id(known.apps.as_ref(), |app| &app.id);
    let apps = by_id(inventory.apps.as_ref(), |app| &app.id);
    for id in known_apps.keys().filter(|id| !apps.contains_key(*id)) {
        for table in ["app WHERE heroku_id", "process WHERE app_id"] {
            let delete = format!("DELETE FROM {table} = ?2 AND target = ?1");
            transaction.execute(&delete, params![target, id])?;
        }
    }
    for (id, row) in &apps {
        let formation = inventory.formations.get(*id);
        let known_formation = known.formations.get(*id);
        if known_apps.get(id) != Some(row) || formation.is_some() != known_formation.is_some() {
            app(transaction, target, row, formation.is_some())?;
        }
        if formation != known_formation {
            processes(transaction, target, id, formation.map_or(&[], |rows| rows))?;
        }
    }
    let known_addons = by_id(known.addons.as_ref(), |addon| &addon.id);
    let addons = by_id(inventory.addons.as_ref(), |addon| &addon.id);
    for id in known_addons.keys().filter(|id| !addons.contains_key(*id)) {
        transaction.execute(
            "DELETE FROM addon WHERE target = ?1 AND heroku_id = ?2",
            params![target, id],
        )?;
    }
    for (id, row) in &addons {
        if known_addons.get(id) != Some(row) {
            addon(transaction, target, row)?;
        }
    }
    Ok(())
}

fn by_id<T>(rows: Option<&Arc<Vec<T>>>, id: fn(&T) -> &String) -> BTreeMap<&str, &T> {
    let rows = rows.into_iter().flat_map(|rows| rows.iter());
    rows.map(|row| (id(row).as_str(), row)).collect()
}

fn app(
    transaction: &Transaction<'_>,
    target: TargetKey,
    app: &App,
    has_formation: bool,
) -> rusqlite::Result<()> {
    let space = app.space.as_ref();
    transaction.execute(
        "REPLACE INTO app VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            target,
            app.id,
            app.name,
            app.owner_id,
            app.region,
            space.is_some(),
            space.and_then(|space| space.id.as_ref()),
            space.and_then(|space| space.name.as_ref()),
            space.and_then(|space| space.is_shield),
            app.generation,
            time_text(app.created_at),
            time_text(app.updated_at),
            has_formation,
        ],
    )?;
    Ok(())
}

fn processes(
    transaction: &Transaction<'_>,
    target: TargetKey,
    app_id: &str,
    processes: &[Process],
) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM process WHERE target = ?1 AND app_id = ?2",
        params![target, app_id],
    )?;
    let mut insert = transaction
        .prepare_cached("INSERT INTO process VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for (position, process) in processes.iter().enumerate() {
        insert.execute(params![
            target,
            app_id,
            position as i64,
            process.process_type,
            process.quantity,
            process.size_id,
            process.size_name,
            time_text(process.updated_at),
        ])?;
    }
    Ok(())
}

fn addon(transaction: &Transaction<'_>, target: TargetKey, addon: &Addon) -> rusqlite::Result<()> {
    let price = addon.price.as_ref();
    transaction.execute(
        "REPLACE INTO addon VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            target,
            addon.id,
            addon.name,
            addon.service,
            addon.plan,
            addon.state,
            addon.app_id,
            price.is_some(),
            micros(price.and_then(|price| price.amount)),
            price.is_some_and(|price| price.is_contract),
            price.is_some_and(|price| price.is_metered),
            price.and_then(|price| price.unit.as_ref()),
            time_text(addon.created_at),
            time_text(addon.updated_at),
        ],
    )?;
    Ok(())
}

/// Replaces the dyno sizes.
pub(super) fn write_sizes(
    transaction: &Transaction<'_>,
    sizes: &[DynoSize],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM dyno_size", [])?;
    for (position, size) in sizes.iter().enumerate() {
        let units = size.units.map(Quantity::millionths);
        transaction.execute(
            "INSERT INTO dyno_size VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                position as i64,
                size.id,
                size.name,
                micros(size.monthly),
                units.and_then(|units| i64::try_from(units).ok()),
            ],
        )?;
    }
    Ok(())
}

/// Returns the inventory of a team, if it is known.
pub(super) fn read(
    connection: &Connection,
    target: TargetKey,
) -> rusqlite::Result<Option<Inventory>> {
    let has = "SELECT has_apps, has_addons FROM inventory WHERE target = ?1";
    let has = connection.query_row(has, [target], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((has_apps, has_addons)): Option<(bool, bool)> = has.optional()? else {
        return Ok(None);
    };
    let mut inventory = Inventory::default();
    let mut apps = Vec::new();
    let mut query = connection.prepare_cached(
        "SELECT heroku_id, name, owner_id, region, has_space, space_id, space, is_shield, generation, created_at,
            updated_at, has_formation FROM app WHERE target = ?1",
    )?;
    let mut rows = query.query([target])?;
    while let Some(row) = rows.next()? {
        let app = read_app(row)?;
        if row.get(11)? {
            let formation = read_processes(connection, target, &app.id)?;
            inventory
                .formations
                .insert(app.id.clone(), formation.into());
        }
        apps.push(app);
    }
    inventory.apps = has_apps.then(|| apps.into());
    let mut query = connection.prepare_cached(
        "SELECT heroku_id, name, service, plan, state, app_id, has_price, price_micros, is_contract, is_metered, unit,
            created_at, updated_at FROM addon WHERE target = ?1",
    )?;
    let addons = query.query_map([target], read_addon)?;
    let addons: Vec<Addon> = addons.collect::<rusqlite::Result<_>>()?;
    inventory.addons = has_addons.then(|| addons.into());
    Ok(Some(inventory))
}

fn read_app(row: &Row<'_>) -> rusqlite::Result<App> {
    let space = Space {
        id: row.get(5)?,
        name: row.get(6)?,
        is_shield: row.get(7)?,
    };
    let has_space: bool = row.get(4)?;
    Ok(App {
        id: row.get(0)?,
        name: row.get(1)?,
        owner_id: row.get(2)?,
        region: row.get(3)?,
        space: has_space.then_some(space),
        generation: row.get(8)?,
        created_at: time(row, 9)?,
        updated_at: time(row, 10)?,
    })
}

fn read_processes(
    connection: &Connection,
    target: TargetKey,
    app_id: &str,
) -> rusqlite::Result<Vec<Process>> {
    let mut query = connection.prepare_cached(
        "SELECT process_type, quantity, size_id, size, updated_at FROM process
         WHERE target = ?1 AND app_id = ?2 ORDER BY position",
    )?;
    let processes = query.query_map(params![target, app_id], |row| {
        Ok(Process {
            process_type: row.get(0)?,
            quantity: row.get(1)?,
            size_id: row.get(2)?,
            size_name: row.get(3)?,
            updated_at: time(row, 4)?,
        })
    })?;
    processes.collect()
}

fn read_addon(row: &Row<'_>) -> rusqlite::Result<Addon> {
    let price = BilledPrice {
        amount: money(row, 7)?,
        is_contract: row.get(8)?,
        is_metered: row.get(9)?,
        unit: row.get(10)?,
    };
    let has_price: bool = row.get(6)?;
    Ok(Addon {
        id: row.get(0)?,
        name: row.get(1)?,
        service: row.get(2)?,
        plan: row.get(3)?,
        state: row.get(4)?,
        app_id: row.get(5)?,
        price: has_price.then_some(price),
        created_at: time(row, 11)?,
        updated_at: time(row, 12)?,
    })
}

/// Returns the dyno sizes.
pub(super) fn read_sizes(connection: &Connection) -> rusqlite::Result<Vec<DynoSize>> {
    let mut query = connection.prepare(
        "SELECT heroku_id, name, monthly_micros, unit_millionths FROM dyno_size ORDER BY position",
    )?;
    let sizes = query.query_map([], |row| {
        let units: Option<i64> = row.get(3)?;
        Ok(DynoSize {
            id: row.get(0)?,
            name: row.get(1)?,
            monthly: money(row, 2)?,
            units: units.map(|units| Quantity::from_millionths(units.into())),
        })
    })?;
    sizes.collect()
}
