//! Compressed scrapes per second, compared with nginx serving the same bytes from files.

use anyhow::ensure;
use tokio::runtime::Runtime;

use crate::args::RunArgs;
use crate::exporter::Exporter;
use crate::heroku::Heroku;
use crate::http::{self, PROMETHEUS, Response};
use crate::nginx::Nginx;
use crate::statistics::median;
use crate::table::{Row, bytes, round};
use crate::wrk::requests_per_second;

/// The first line of the part of the text that changes with every scrape.
const VOLATILE_PART: &str = "# HELP heroku_billing_month_elapsed_ratio";

/// The maximum difference of the lengths of two compressed bodies. Counters in the volatile part may
/// have more digits in one of them.
const LENGTH_TOLERANCE: usize = 200;

/// Measures both servers. `goal` is the minimum ratio of their requests per second.
pub(crate) fn measure(
    args: &RunArgs,
    runtime: &Runtime,
    apps: u32,
    goal: f64,
) -> anyhow::Result<Row> {
    let heroku = Heroku::start(runtime, apps)?;
    let exporter = Exporter::start(&args.exporter, &heroku, None)?;
    heroku.wait_until_idle();
    let plain = exporter.scrape(PROMETHEUS, false)?;
    let compressed = exporter.scrape(PROMETHEUS, true)?;
    let nginx = Nginx::start(&plain.body, &compressed.body, &plain.content_type)?;
    let from_nginx = http::get(nginx.address, "/metrics", PROMETHEUS, true)?;
    ensure_equal(&exporter.scrape(PROMETHEUS, true)?, &from_nginx)?;
    let rates = alternate(args, &exporter, &nginx)?;
    drop(nginx);
    exporter.stop()?;
    heroku.stop();

    let ratio = round(median(rates.iter().map(|(ours, theirs)| ours / theirs)));
    let series = plain
        .text()?
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    Ok(Row {
        work: format!(
            "scrapes per second with gzip, {apps} apps ({series} series, {})",
            bytes(compressed.body.len() as f64)
        ),
        against: "nginx with `gzip_static` and open-file cache, same bytes".into(),
        goal: format!("{goal} times or better"),
        measured: format!(
            "**{ratio:.2}** times: {:.0} / {:.0}",
            median(rates.iter().map(|(ours, _)| *ours)),
            median(rates.iter().map(|(_, theirs)| *theirs))
        ),
        met: ratio >= goal,
    })
}

/// Measures pairs of requests per second, of the exporter and of nginx. The order alternates.
fn alternate(
    args: &RunArgs,
    exporter: &Exporter,
    nginx: &Nginx,
) -> anyhow::Result<Vec<(f64, f64)>> {
    // Warm up.
    for address in [exporter.address, nginx.address] {
        requests_per_second(address, 1)?;
    }
    let ours = || requests_per_second(exporter.address, args.seconds);
    let theirs = || requests_per_second(nginx.address, args.seconds);
    let pair = |index: u32| {
        if index.is_multiple_of(2) {
            let ours = ours()?;
            Ok((ours, theirs()?))
        } else {
            let theirs = theirs()?;
            Ok((ours()?, theirs))
        }
    };
    (0..args.pairs).map(pair).collect()
}

/// Checks that two responses are equal, except for values in the volatile part.
fn ensure_equal(ours: &Response, theirs: &Response) -> anyhow::Result<()> {
    ensure!(
        theirs.status == 200 && theirs.gzip,
        "nginx did not serve the compressed file"
    );
    ensure!(
        ours.content_type == theirs.content_type,
        "the content types differ: {}, {}",
        ours.content_type,
        theirs.content_type
    );
    let [our_text, their_text] = [ours.text()?, theirs.text()?];
    ensure!(
        stable_part(&our_text) == stable_part(&their_text),
        "the texts differ"
    );
    ensure!(
        our_text
            .lines()
            .map(series)
            .eq(their_text.lines().map(series)),
        "the series differ"
    );
    ensure!(
        ours.body.len().abs_diff(theirs.body.len()) <= LENGTH_TOLERANCE,
        "the lengths differ: {}, {}",
        ours.body.len(),
        theirs.body.len()
    );
    Ok(())
}

fn stable_part(text: &str) -> Option<&str> {
    Some(text.split_once(VOLATILE_PART)?.0)
}

/// Returns a line without its last word, which is the value of a sample.
fn series(line: &str) -> &str {
    line.rsplit_once(' ').map_or(line, |(series, _)| series)
}
