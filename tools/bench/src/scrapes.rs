//! Scrapes a second, beside nginx serving the same bytes from files.

use anyhow::ensure;

use crate::Flags;
use crate::exporter::{Clock, Exporter, Heroku};
use crate::http::{Connection, PROMETHEUS};
use crate::nginx::Nginx;
use crate::spent::Spent;
use crate::statistics::median;
use crate::table::{Row, bytes, shown};
use crate::wrk::{self, Seen};

/// What is aimed at: times as many scrapes as nginx.
const COMPRESSED: f64 = 1.2;
const PLAIN: f64 = 1.0;

/// The part of a body by which it may differ between two scrapes: counts and times at its end.
const CHANGING: &str = "# HELP heroku_billing_month_elapsed_ratio";

/// Measures both servers at a number of apps, compressed and not.
pub(crate) fn measure(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
    apps: u32,
) -> anyhow::Result<Vec<Row>> {
    let heroku = Heroku::start(runtime, (2, apps), Clock::Real)?;
    let exporter = Exporter::ready(&flags.exporter, &heroku)?;
    heroku.settle();
    let plain = exporter.scrape(PROMETHEUS, false)?;
    let compressed = exporter.scrape(PROMETHEUS, true)?;
    ensure!(
        compressed.gzip && !plain.gzip,
        "the exporter does not compress as asked"
    );
    let series = series(&plain.text()?);
    let nginx = Nginx::start(&plain.body, &compressed.body, &plain.content_type)?;
    let sizes = [compressed.body.len(), plain.body.len()];
    let mut rows = Vec::new();
    for (gzip, size) in [(true, sizes[0]), (false, sizes[1])] {
        same(&exporter, &nginx, gzip)?;
        let pairs = pairs(flags, &exporter, &nginx, gzip)?;
        let of = |value: fn(&(Served, Served)) -> f64| median(pairs.iter().map(value));
        let ratio = shown(of(|(ours, theirs)| {
            ours.seen.requests_per_second / theirs.seen.requests_per_second
        }));
        let late = shown(of(|(ours, theirs)| ours.seen.p99 / theirs.seen.p99));
        let (aim, how, rival) = if gzip {
            (COMPRESSED, "with gzip", "nginx, `gzip_static`")
        } else {
            (PLAIN, "without gzip", "nginx")
        };
        rows.push(Row {
            work: format!(
                "scrapes a second {how}, {apps} apps ({series} series, {})",
                bytes(size as f64)
            ),
            against: format!("{rival}, the same bytes"),
            aim: format!("{aim} times or better; p99 no worse"),
            measured: format!(
                "**{ratio:.2}** times: {:.0} to {:.0}; p99 {late:.2} times: {:.2} ms to {:.2} ms; \
                 processor time {:.0} µs to {:.0} µs, of which the kernel's {:.0} µs to {:.0} µs",
                of(|(ours, _)| ours.seen.requests_per_second),
                of(|(_, theirs)| theirs.seen.requests_per_second),
                of(|(ours, _)| ours.seen.p99),
                of(|(_, theirs)| theirs.seen.p99),
                of(|(ours, _)| ours.own + ours.kernel),
                of(|(_, theirs)| theirs.own + theirs.kernel),
                of(|(ours, _)| ours.kernel),
                of(|(_, theirs)| theirs.kernel),
            ),
            holds: Some(ratio >= aim && late <= 1.0),
        });
    }
    drop(nginx);
    exporter.stop()?;
    heroku.stop();
    Ok(rows)
}

/// How a server did.
#[derive(Debug, Clone, Copy)]
struct Served {
    seen: Seen,
    /// The processor time that its own code took for a scrape, in microseconds.
    own: f64,
    /// And the kernel for it.
    kernel: f64,
}

/// Pairs of measurements, of the exporter and of nginx. Who is first alternates.
fn pairs(
    flags: &Flags,
    exporter: &Exporter,
    nginx: &Nginx,
    gzip: bool,
) -> anyhow::Result<Vec<(Served, Served)>> {
    // Either has then seen what it can keep.
    for address in [exporter.address, nginx.address] {
        wrk::ask(address, gzip, 1)?;
    }
    let served = |address, process| {
        let before = Spent::by(process)?;
        let seen = wrk::ask(address, gzip, flags.seconds)?;
        let spent = Spent::by(process)? - before;
        let scrapes = seen.requests_per_second * f64::from(flags.seconds);
        anyhow::Ok(Served {
            seen,
            own: spent.own * 1e6 / scrapes,
            kernel: spent.kernel * 1e6 / scrapes,
        })
    };
    let ours = || served(exporter.address, exporter.process());
    let theirs = || served(nginx.address, nginx.process());
    let pair = |index: u32| {
        if index.is_multiple_of(2) {
            let ours = ours()?;
            Ok((ours, theirs()?))
        } else {
            let theirs = theirs()?;
            Ok((ours()?, theirs))
        }
    };
    (0..flags.pairs).map(pair).collect()
}

/// Sees that both servers give the same text, but for the numbers at the exporter's end.
fn same(exporter: &Exporter, nginx: &Nginx, gzip: bool) -> anyhow::Result<()> {
    let [ours, theirs] = [exporter.address, nginx.address].map(|address| {
        let answer = Connection::open(address)?.get("/metrics", PROMETHEUS, gzip)?;
        ensure!(
            answer.status == 200 && answer.gzip == gzip,
            "not the answer that was asked for"
        );
        Ok((answer.text()?, answer.body.len(), answer.content_type))
    });
    let (ours, theirs) = (ours?, theirs?);
    ensure!(ours.2 == theirs.2, "{} is not {}", ours.2, theirs.2);
    let beginning = |text: &str| text.split(CHANGING).next().map(str::to_owned);
    ensure!(
        beginning(&ours.0) == beginning(&theirs.0),
        "the servers do not give the same text"
    );
    let names = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(|line| line.rsplit_once(' ').unwrap_or((line, "")).0);
        lines.map(str::to_owned).collect()
    };
    ensure!(
        names(&ours.0) == names(&theirs.0),
        "the servers do not give the same series"
    );
    // Some digits of counts may be more by now.
    ensure!(
        ours.1.abs_diff(theirs.1) <= 200,
        "the bodies are of {} and {} bytes",
        ours.1,
        theirs.1
    );
    Ok(())
}

/// How many series a text has.
pub(crate) fn series(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).count()
}
