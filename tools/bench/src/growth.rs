//! How processor time, memory and body grow with the number of apps.

use std::fmt::Write;

use crate::Flags;
use crate::exporter::{Clock, Exporter, Heroku};
use crate::http::{FORMS, PROMETHEUS};
use crate::poll::Poll;
use crate::statistics::on_line;
use crate::table::{Row, bytes, shown};

/// The numbers of apps. A straight line through the first and the third is drawn on to the last.
const SIZES: [u32; 6] = [50, 500, 5_000, 20_000, 50_000, 100_000];
const LINE: [usize; 2] = [0, 2];

/// What is linear: nowhere more than so many times the line.
const LINEAR: f64 = 1.25;

/// What was measured at a number of apps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) apps: f64,
    /// Processor time of a poll in milliseconds.
    pub(crate) poll: f64,
    /// Peak memory of the process after a poll and a scrape in each form, in bytes.
    pub(crate) memory: f64,
    /// The plain body in bytes.
    pub(crate) body: f64,
    /// The compressed body in bytes.
    pub(crate) compressed: f64,
}

impl Point {
    /// What has to be linear, by name.
    pub(crate) fn figures(&self) -> [(&'static str, f64); 3] {
        [
            ("processor time of a poll", self.poll),
            ("peak memory", self.memory),
            ("body", self.body),
        ]
    }
}

/// Measures all sizes.
pub(crate) fn measure(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<Vec<Point>> {
    let points = SIZES.map(|apps| {
        // As much work in all at each size, within bounds.
        let rounds = (200_000 / apps as usize).clamp(5, 101);
        let poll = Poll::measure((2, apps), rounds)?.poll;
        let heroku = Heroku::start(runtime, (2, apps), Clock::Real)?;
        let exporter = Exporter::ready(&flags.exporter, &heroku)?;
        let mut lengths = [0.0; FORMS.len()];
        for (length, (accept, gzip)) in lengths.iter_mut().zip(FORMS) {
            *length = exporter.scrape(accept, gzip)?.body.len() as f64;
        }
        debug_assert_eq!(FORMS[0], (PROMETHEUS, true));
        let [compressed, body, ..] = lengths;
        let memory = exporter.memory("VmHWM")? as f64;
        exporter.stop()?;
        heroku.stop();
        Ok(Point {
            apps: apps.into(),
            poll,
            memory,
            body,
            compressed,
        })
    });
    points.into_iter().collect()
}

/// Each point's figures as multiples of the straight line.
fn against_line(points: &[Point]) -> Vec<[f64; 3]> {
    let at = |which: usize, figure: usize| {
        let point = points.get(LINE[which])?;
        Some((point.apps, point.figures()[figure].1))
    };
    let ratios = points.iter().map(|point| {
        let mut ratios = [f64::NAN; 3];
        for (figure, ratio) in ratios.iter_mut().enumerate() {
            if let (Some(a), Some(b)) = (at(0, figure), at(1, figure)) {
                *ratio = shown(point.figures()[figure].1 / on_line(a, b, point.apps));
            }
        }
        ratios
    });
    ratios.collect()
}

/// The row of the table.
pub(crate) fn row(points: &[Point]) -> Row {
    let ratios = against_line(points);
    let last = ratios.last().copied().unwrap_or([f64::NAN; 3]);
    let linear = ratios.iter().flatten().all(|ratio| *ratio <= LINEAR);
    let [poll, memory, body] = last;
    Row {
        work: "growth from 50 to 100,000 apps".into(),
        against: "the straight line through 50 and 5,000 apps".into(),
        aim: format!("linear: nowhere above {LINEAR} times"),
        measured: format!(
            "at 100,000: processor time of a poll **{poll:.2}** times, peak memory **{memory:.2}** times, body **{body:.2}** times"
        ),
        holds: Some(linear),
    }
}

/// The table of all sizes.
pub(crate) fn markdown(points: &[Point]) -> String {
    let mut text = "| apps | processor time of a poll | to the line | peak memory | to the line | body | to the line | compressed |\n\
        |---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (point, [poll, memory, body]) in points.iter().zip(against_line(points)) {
        let _ = writeln!(
            text,
            "| {} | {:.2} ms | {poll:.2} | {} | {memory:.2} | {} | {body:.2} | {} |",
            point.apps,
            point.poll,
            bytes(point.memory),
            bytes(point.body),
            bytes(point.compressed)
        );
    }
    text
}
