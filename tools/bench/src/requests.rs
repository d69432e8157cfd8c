//! What a poll asks of Heroku, and what an answer that still stands costs.

use std::time::Duration;

use anyhow::ensure;
use heroku_sim::LoggedRequest;

use crate::Flags;
use crate::exporter::{Clock, Exporter, Heroku};
use crate::http::FORMS;
use crate::poll::milliseconds;
use crate::statistics::median;
use crate::table::{Row, shown};

/// How many seconds pass in one.
const SPEED: u32 = 30;

/// How long the exporter may take to make something of the last answer of a poll.
const TAKEN_IN: Duration = Duration::from_millis(600);

/// After so many polls nothing is asked but the next.
const SETTLED_AFTER: usize = 4;

/// Polls that are measured of each kind.
const ROUNDS: usize = 5;

/// Counts the requests of polls of many teams in which nothing changes.
pub(crate) fn count(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
    teams: u32,
) -> anyhow::Result<Row> {
    let heroku = Heroku::start(runtime, (teams, teams * 10), Clock::Fast(SPEED))?;
    let exporter = Exporter::ready(&flags.exporter, &heroku)?;
    // By then what is asked once a day has been asked, too: who the teams are, and more.
    let a_poll = 2 * teams as usize;
    heroku.wait_for_answers(SETTLED_AFTER * a_poll)?;
    std::thread::sleep(TAKEN_IN);
    let before = polls(&exporter)?;
    heroku.simulator.clear_requests();
    heroku.wait_for_answers(2 * a_poll)?;
    std::thread::sleep(TAKEN_IN);
    let requests = heroku.simulator.requests();
    let polled = polls(&exporter)? - before;
    exporter.stop()?;
    heroku.stop();
    let unchanged = requests.iter().filter(is_unchanged).count();
    // As many endpoints as were polled; a poll of all of them is two for each team.
    let a_round = shown(requests.len() as f64 / polled * a_poll as f64);
    Ok(Row {
        work: format!("requests to Heroku for a poll of {teams} teams"),
        against: "two for each team".into(),
        aim: format!("{a_poll} or fewer, conditional"),
        measured: format!(
            "**{a_round:.0}**, whatever for; {unchanged} of {} were answered with 304, which has no body",
            requests.len()
        ),
        holds: Some(a_round <= a_poll as f64 && unchanged == requests.len()),
    })
}

fn is_unchanged(request: &&LoggedRequest) -> bool {
    request.status == Some(304)
}

/// How many polls the exporter tells of.
fn polls(exporter: &Exporter) -> anyhow::Result<f64> {
    let (accept, _) = FORMS[3];
    let text = exporter.scrape(accept, false)?.text()?;
    let counts = text.lines().filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        name.starts_with("heroku_cost_exporter_polls_total{")
            .then(|| value.parse::<f64>().ok())
            .flatten()
    });
    let sum: f64 = counts.sum();
    ensure!(sum > 0.0, "the exporter tells of no polls");
    Ok(sum)
}

/// The processor time of the whole process for a poll in which everything changed and for one in
/// which nothing did, with a scrape in each form.
pub(crate) fn unchanged(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
    apps: u32,
) -> anyhow::Result<Row> {
    let heroku = Heroku::start(runtime, (2, apps), Clock::Fast(SPEED))?;
    let exporter = Exporter::ready(&flags.exporter, &heroku)?;
    let mut seen = heroku.answers();
    let mut round = |version: Option<u64>| -> anyhow::Result<f64> {
        version
            .into_iter()
            .for_each(|version| heroku.change(version));
        let before = exporter.processor_time()?;
        seen += 4;
        heroku.wait_for_answers(seen)?;
        std::thread::sleep(TAKEN_IN);
        for (accept, gzip) in FORMS {
            exporter.scrape(accept, gzip)?;
        }
        let took = exporter.processor_time()?.saturating_sub(before);
        Ok(milliseconds(took))
    };
    // The first of each kind follows one of the other.
    let mut of_kind = |change: bool| {
        let rounds = (0..=ROUNDS as u64).map(|n| round(change.then_some(n + 2)));
        let taken: anyhow::Result<Vec<_>> = rounds.collect();
        anyhow::Ok(median(taken?.into_iter().skip(1)))
    };
    let changed = of_kind(true)?;
    let unchanged = of_kind(false)?;
    exporter.stop()?;
    heroku.stop();
    Ok(Row {
        work: format!(
            "processor time of the process for a poll of {apps} apps in which nothing changed, and four scrapes"
        ),
        against: "the same where every figure changed".into(),
        aim: "no body and no new encoding".into(),
        measured: format!(
            "**{:.2}** times: {unchanged:.1} ms to {changed:.1} ms",
            unchanged / changed
        ),
        holds: None,
    })
}
