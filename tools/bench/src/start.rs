//! How soon the exporter is there, and how large it is.

use std::time::Instant;

use anyhow::ensure;

use crate::Flags;
use crate::exporter::{Clock, Exporter, Heroku};
use crate::http::CLASSIC;
use crate::poll::milliseconds;
use crate::statistics::median;
use crate::table::{Row, bytes, shown};

const STARTS: usize = 20;

/// The longest from the start to the first answer, in milliseconds.
const LONGEST: f64 = 15.0;

/// The largest program, in bytes.
const LARGEST: f64 = (8 << 20) as f64;

/// The time from asking the system for a process to its first `/health`, asked for without a pause.
pub(crate) fn first_answer(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<Row> {
    let heroku = Heroku::start(runtime, (2, 50), Clock::Real)?;
    let mut taken = Vec::new();
    for _ in 0..STARTS {
        let exporter = Exporter::start(&flags.exporter, &heroku)?;
        let answer = loop {
            if let Ok(answer) = exporter.get("/health", CLASSIC, false) {
                break answer;
            }
            ensure!(
                exporter.asked_for.elapsed().as_secs() < 10,
                "the exporter does not come up"
            );
            std::hint::spin_loop();
        };
        taken.push(milliseconds(Instant::now() - exporter.asked_for));
        ensure!(answer.status == 200, "the exporter is not well");
        exporter.stop()?;
    }
    heroku.stop();
    let slowest = taken.iter().copied().fold(0.0, f64::max);
    let time = shown(median(taken));
    Ok(Row {
        work: format!("start to the first `/health`, median of {STARTS}"),
        against: String::new(),
        aim: format!("{LONGEST} ms or less"),
        measured: format!("**{time:.1} ms**; the slowest {slowest:.1} ms"),
        holds: Some(time <= LONGEST),
    })
}

/// The size of the program as it is released.
pub(crate) fn size(flags: &Flags) -> anyhow::Result<Row> {
    let size = std::fs::metadata(&flags.exporter)?.len() as f64;
    Ok(Row {
        work: "size of the program, stripped".into(),
        against: String::new(),
        aim: bytes(LARGEST) + " or less",
        measured: format!("**{}**", bytes(size)),
        holds: Some(size <= LARGEST),
    })
}
