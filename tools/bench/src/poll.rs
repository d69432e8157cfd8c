//! CPU time of a poll compared with parsing the same bytes and compressing the result once.

use anyhow::ensure;

use crate::baselines;
use crate::cpu_time;
use crate::heroku::{company, two_teams};
use crate::pipeline::{Pipeline, Responses};
use crate::statistics::median;
use crate::table::{Row, bytes, round};

/// The maximum CPU time as a multiple of the baseline.
const GOAL: f64 = 1.8;

/// The maximum relative difference between the compressed lengths of the exporter and the baseline.
/// A larger difference would mean that they use different compressors or levels.
const LENGTH_TOLERANCE: f64 = 0.02;

/// Measures polls of two teams. Each round measures the exporter and the baselines once.
pub(crate) fn measure(apps: u32, rounds: u32) -> anyhow::Result<Row> {
    // Two versions alternate, so that all figures change in each poll.
    let responses = |version| Responses::of(&company(two_teams(apps), version));
    let versions = [responses(1)?, responses(2)?];
    let mut pipeline = Pipeline::default();
    // The first poll is not measured, because it has no previous data and allocates more memory.
    let mut encoded = pipeline.poll(versions[1].clone())?;
    let (mut poll, mut parse, mut compress, mut ratios) = (vec![], vec![], vec![], vec![]);
    for responses in versions.iter().cycle().take(rounds as usize) {
        let received = responses.clone();
        let (next, poll_ms) = cpu_time::measure(|| pipeline.poll(received))?;
        encoded = next;
        let ((), parse_ms) = cpu_time::measure(|| Ok(baselines::parse(responses)?))?;
        let plain = encoded.body(false);
        let (length, compress_ms) = cpu_time::measure(|| baselines::compress(&plain))?;
        let difference = encoded.body(true).len() as f64 / length as f64 - 1.0;
        ensure!(
            difference.abs() <= LENGTH_TOLERANCE,
            "the compressed lengths of the exporter and the baseline differ by {:.1} %",
            difference.abs() * 100.0
        );
        poll.push(poll_ms);
        parse.push(parse_ms);
        compress.push(compress_ms);
        ratios.push(poll_ms / (parse_ms + compress_ms));
    }
    let received: usize = versions[0].bodies().map(<[u8]>::len).sum();
    let encoded = encoded.body(false).len();
    let ratio = round(median(ratios));
    Ok(Row {
        benchmark: format!(
            "CPU time of a poll, {apps} apps ({} received, {} encoded in each format)",
            bytes(received as f64),
            bytes(encoded as f64)
        ),
        baseline: "parsing the bytes into `serde_json::Value`, and compressing one body".into(),
        goal: format!("at most {GOAL}×"),
        result: format!(
            "**{ratio:.2}×** ({:.1} ms / ({:.1} ms + {:.1} ms))",
            median(poll),
            median(parse),
            median(compress)
        ),
        met: ratio <= GOAL,
    })
}
