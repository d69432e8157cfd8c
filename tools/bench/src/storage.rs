//! The bytes that the exporter writes to its database.

use std::path::Path;
use std::time::{Duration, Instant};

use heroku_sim::CompanySize;
use tokio::runtime::Runtime;

use crate::exporter::Exporter;
use crate::heroku::Heroku;
use crate::table::{Row, bytes, round};

const SIZE: CompanySize = CompanySize {
    teams: 500,
    apps: 500 * 20,
    months: 13,
};

/// The maximum number of bytes written in the first minute as a multiple of the responses.
const FIRST_MINUTE_GOAL: f64 = 3.0;

/// The maximum number of bytes written in an hour in which no response changes.
const UNCHANGED_HOUR_GOAL: f64 = 1e6;

const MINUTE: Duration = Duration::from_secs(60);

/// The maximum time until the exporter has fetched past usage and metadata of all teams.
const STARTUP: Duration = Duration::from_secs(30 * MINUTE.as_secs());

/// The time after which every endpoint has been polled once more. The exporter polls hourly, and
/// writes nothing between its polls.
const SECOND_POLLS: Duration = Duration::from_secs(65 * MINUTE.as_secs());

/// Measures the first minute, and polls of all endpoints without changes. Takes more than an hour.
pub(crate) fn written(program: &Path, runtime: &Runtime) -> anyhow::Result<[Row; 2]> {
    let heroku = Heroku::start(runtime, SIZE)?;
    let storage = tempfile::tempdir()?;
    let started = Instant::now();
    let exporter = Exporter::start(program, &heroku, None, Some(storage.path()))?;
    let sleep_until = |time: Duration| std::thread::sleep(time.saturating_sub(started.elapsed()));
    sleep_until(MINUTE);
    let first_minute = exporter.io("wchar")? as f64;
    let received = heroku.body_bytes() as f64;
    sleep_until(STARTUP);
    let before = exporter.io("wchar")?;
    sleep_until(SECOND_POLLS);
    let hour = (exporter.io("wchar")? - before) as f64;
    exporter.stop()?;
    heroku.stop();
    let CompanySize { teams, apps, .. } = SIZE;
    let size = format!("{teams} teams, {apps} apps");
    let ratio = round(first_minute / received);
    Ok([
        Row {
            benchmark: format!("written in the first minute, {size}"),
            baseline: format!("size of the responses, {}", bytes(received)),
            goal: format!("at most {FIRST_MINUTE_GOAL}×"),
            result: format!("**{ratio:.2}×** ({})", bytes(first_minute)),
            met: ratio <= FIRST_MINUTE_GOAL,
        },
        Row {
            benchmark: format!("written in an hour without changes, {size}"),
            baseline: String::new(),
            goal: format!("at most {}", bytes(UNCHANGED_HOUR_GOAL)),
            result: format!("**{}**", bytes(hour)),
            met: hour <= UNCHANGED_HOUR_GOAL,
        },
    ])
}
