//! CPU time of a poll, compared with parsing the same bytes and compressing the result once.

use anyhow::ensure;

use crate::baselines;
use crate::cpu_time;
use crate::heroku::company;
use crate::pipeline::{Pipeline, Responses};
use crate::statistics::median;
use crate::table::{Row, bytes, round};

/// The maximum CPU time, as a multiple of the baseline.
const GOAL: f64 = 1.8;

/// The maximum difference of the compressed lengths of the exporter and of the baseline. A larger one
/// would mean that they use different compressors or levels.
const LENGTH_TOLERANCE: f64 = 0.02;

/// Measures polls of two teams. Each round measures the exporter and the baselines once.
pub(crate) fn measure(apps: u32, rounds: u32) -> anyhow::Result<Row> {
    // Two versions alternate, so that all figures change in each poll.
    let responses = |version| Responses::of(&company(apps, version));
    let versions = [responses(1)?, responses(2)?];
    let mut pipeline = Pipeline::default();
    // The first poll differs: it has no previous state, and has to get memory from the system.
    let mut published = pipeline.poll(versions[1].clone())?;
    let (mut poll, mut parse, mut compress, mut ratios) = (vec![], vec![], vec![], vec![]);
    for responses in versions.iter().cycle().take(rounds as usize) {
        let received = responses.clone();
        let (next, poll_ms) = cpu_time::measure(|| pipeline.poll(received))?;
        published = next;
        let ((), parse_ms) = cpu_time::measure(|| Ok(baselines::parse(responses)?))?;
        let plain = published.body(false);
        let (length, compress_ms) = cpu_time::measure(|| baselines::compress(&plain))?;
        let difference = published.body(true).len() as f64 / length as f64 - 1.0;
        ensure!(
            difference.abs() <= LENGTH_TOLERANCE,
            "the compressed body of the exporter is {:.1} % longer than that of the baseline",
            difference * 100.0
        );
        poll.push(poll_ms);
        parse.push(parse_ms);
        compress.push(compress_ms);
        ratios.push(poll_ms / (parse_ms + compress_ms));
    }
    let received: usize = versions[0].bodies().map(<[u8]>::len).sum();
    let published = published.body(false).len();
    let ratio = round(median(ratios));
    Ok(Row {
        work: format!(
            "CPU time of a poll, {apps} apps ({} received, {} encoded in each format)",
            bytes(received as f64),
            bytes(published as f64)
        ),
        against: "`serde_json` parsing the bytes into `Value`, plus one compression of the body"
            .into(),
        goal: format!("{GOAL} times or less"),
        measured: format!(
            "**{ratio:.2}** times: {:.1} ms / ({:.1} ms + {:.1} ms)",
            median(poll),
            median(parse),
            median(compress)
        ),
        met: ratio <= GOAL,
    })
}
