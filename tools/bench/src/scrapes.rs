//! Compressed scrapes per second compared with nginx serving the same bytes from a file.

use anyhow::ensure;
use tokio::runtime::Runtime;

use crate::args::RunArgs;
use crate::exporter::Exporter;
use crate::heroku::{Heroku, two_teams};
use crate::http::{self, ACCEPT_PROMETHEUS, Response};
use crate::nginx::Nginx;
use crate::statistics::median;
use crate::table::{Row, bytes, round};
use crate::wrk::requests_per_second;

/// The beginning of the trailer, the part of the text that changes with every scrape.
const TRAILER: &str = "# HELP heroku_billing_month_elapsed_ratio";

/// The maximum difference between the lengths of two compressed bodies. Counters in the trailer may
/// have a different number of digits.
const LENGTH_TOLERANCE: usize = 200;

/// Measures both servers. `goal` is the minimum ratio of the exporter's requests per second to
/// those of nginx.
pub(crate) fn measure(
    args: &RunArgs,
    runtime: &Runtime,
    apps: u32,
    goal: f64,
) -> anyhow::Result<Row> {
    let heroku = Heroku::start(runtime, two_teams(apps))?;
    let exporter = Exporter::start(&args.exporter, &heroku, None, None)?;
    heroku.wait_until_idle();
    let plain = exporter.scrape(ACCEPT_PROMETHEUS, false)?;
    let compressed = exporter.scrape(ACCEPT_PROMETHEUS, true)?;
    let nginx = Nginx::start(&plain.body, &compressed.body, &plain.content_type)?;
    let from_nginx = http::get(nginx.address, "/metrics", ACCEPT_PROMETHEUS, true)?;
    ensure_equal(&exporter.scrape(ACCEPT_PROMETHEUS, true)?, &from_nginx)?;
    let rates = measure_pairs(args, &exporter, &nginx)?;
    drop(nginx);
    exporter.stop()?;
    heroku.stop();

    let ratio = round(median(
        rates.iter().map(|(exporter, nginx)| exporter / nginx),
    ));
    let series = plain
        .text()?
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    Ok(Row {
        benchmark: format!(
            "scrapes per second with gzip, {apps} apps ({series} series, {})",
            bytes(compressed.body.len() as f64)
        ),
        baseline: "nginx with `gzip_static` and `open_file_cache`, same bytes".into(),
        goal: format!("at least {goal}×"),
        result: format!(
            "**{ratio:.2}×** ({:.0} / {:.0})",
            median(rates.iter().map(|(exporter, _)| *exporter)),
            median(rates.iter().map(|(_, nginx)| *nginx))
        ),
        met: ratio >= goal,
    })
}

/// Returns pairs of requests per second of the exporter and of nginx. The order of the measurements
/// alternates.
fn measure_pairs(
    args: &RunArgs,
    exporter: &Exporter,
    nginx: &Nginx,
) -> anyhow::Result<Vec<(f64, f64)>> {
    // Warm up.
    for address in [exporter.address, nginx.address] {
        requests_per_second(address, 1)?;
    }
    let measure = |address| requests_per_second(address, args.seconds);
    let pair = |index: u32| {
        if index.is_multiple_of(2) {
            let exporter_rate = measure(exporter.address)?;
            Ok((exporter_rate, measure(nginx.address)?))
        } else {
            let nginx_rate = measure(nginx.address)?;
            Ok((measure(exporter.address)?, nginx_rate))
        }
    };
    (0..args.pairs).map(pair).collect()
}

/// Checks that two responses are equal, except for values in the trailer.
fn ensure_equal(from_exporter: &Response, from_nginx: &Response) -> anyhow::Result<()> {
    ensure!(
        from_nginx.status == 200 && from_nginx.gzip,
        "nginx did not serve the compressed file"
    );
    ensure!(
        from_exporter.content_type == from_nginx.content_type,
        "the content types differ: {}, {}",
        from_exporter.content_type,
        from_nginx.content_type
    );
    let [exporter_text, nginx_text] = [from_exporter.text()?, from_nginx.text()?];
    ensure!(
        without_trailer(&exporter_text) == without_trailer(&nginx_text),
        "the texts differ"
    );
    ensure!(
        exporter_text
            .lines()
            .map(series)
            .eq(nginx_text.lines().map(series)),
        "the series differ"
    );
    ensure!(
        from_exporter.body.len().abs_diff(from_nginx.body.len()) <= LENGTH_TOLERANCE,
        "the lengths differ: {}, {}",
        from_exporter.body.len(),
        from_nginx.body.len()
    );
    Ok(())
}

fn without_trailer(text: &str) -> Option<&str> {
    Some(text.split_once(TRAILER)?.0)
}

/// Returns a sample line without its value, the last word.
fn series(line: &str) -> &str {
    line.rsplit_once(' ').map_or(line, |(series, _)| series)
}
