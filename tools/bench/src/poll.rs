//! The processor time of a poll, beside the least that anybody has to do with the same bytes: read
//! them, and compress what is shown.

use std::time::Duration;

use anyhow::ensure;
use heroku_sim::Company;

use crate::exporter::Clock;
use crate::pipeline::{Answers, Pipeline};
use crate::rivals;
use crate::statistics::{median, processor_time};
use crate::table::{Row, bytes, shown};

/// What is aimed at: times as much as reading and compressing take.
const AIM: f64 = 1.5;

/// The length of the exporter's compressed body is at most so much off that of the rival's: else
/// they would not be the same compressor at the same level.
const SAME_COMPRESSOR: f64 = 0.02;

/// What a poll of a company takes, and what its rivals do; in milliseconds.
#[derive(Debug)]
pub(crate) struct Poll {
    pub(crate) poll: f64,
    tree: f64,
    types: f64,
    passed_over: f64,
    compress: f64,
    received: usize,
    plain: usize,
}

impl Poll {
    /// Measures so many rounds, in each of which everybody is measured once.
    pub(crate) fn measure((teams, apps): (u32, u32), rounds: usize) -> anyhow::Result<Self> {
        // Two versions by turns, so that each poll brings other figures than the one before.
        let versions = [1, 2].map(|version| {
            let company = Company::of_size(teams, apps, version, Clock::Fast(1).today());
            Answers::of(&company)
        });
        let [first, second] = versions;
        let versions = [first?, second?];
        let mut pipeline = Pipeline::default();
        // The first has nothing before it, and memory that is not there yet.
        let mut published = pipeline.poll(versions[1].clone())?;
        let mut taken: [Vec<f64>; 5] = Default::default();
        for round in 0..rounds {
            let answers = &versions[round % 2];
            let received = answers.clone();
            let (next, poll) = processor_time(|| pipeline.poll(received))?;
            published = next;
            let ((), tree) = processor_time(|| Ok(rivals::read_as_tree(answers)?))?;
            let ((), types) = processor_time(|| Ok(rivals::read_as_types(answers)?))?;
            let ((), passed) = processor_time(|| Ok(rivals::pass_over(answers)?))?;
            let plain = published.body(false);
            let (length, compress) = processor_time(|| Ok(rivals::compress(&plain)))?;
            let off = published.body(true).len() as f64 / length as f64 - 1.0;
            ensure!(
                apps < 1_000 || off.abs() <= SAME_COMPRESSOR,
                "the rival's compressed body is {:.1} % smaller: it is not the same compressor",
                off * 100.0
            );
            for (taken, time) in taken.iter_mut().zip([poll, tree, types, passed, compress]) {
                taken.push(milliseconds(time));
            }
        }
        let [poll, tree, types, passed_over, compress] = taken.map(median);
        Ok(Self {
            poll,
            tree,
            types,
            passed_over,
            compress,
            received: versions[0].bytes(),
            plain: published.body(false).len(),
        })
    }

    /// As rows of the table.
    pub(crate) fn rows(&self, apps: u32) -> Vec<Row> {
        let Self {
            poll,
            compress,
            received,
            plain,
            ..
        } = self;
        let row = |how: &str, read: f64, is_aimed_at: bool| {
            let ratio = shown(poll / (read + compress));
            Row {
                work: format!(
                    "processor time of a poll, {apps} apps: {} received, {} published, in both dialects, plain and compressed",
                    bytes(*received as f64),
                    bytes(*plain as f64)
                ),
                against: format!("`serde_json` {how}, and compressing the body once"),
                aim: if is_aimed_at {
                    format!("{AIM} times or less")
                } else {
                    String::new()
                },
                measured: format!(
                    "**{ratio:.2}** times: {poll:.1} ms to {read:.1} ms + {compress:.1} ms"
                ),
                holds: is_aimed_at.then_some(ratio <= AIM),
            }
        };
        vec![
            row("reading the bytes into its `Value`", self.tree, true),
            row("reading them into types that borrow", self.types, false),
            row("passing over them (`IgnoredAny`)", self.passed_over, false),
        ]
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
