//! The stages from Heroku's bytes to a scrape's, each by itself, so that a regression has a place:
//! `cargo bench`, or `cargo bench -- encode`. `make bench` measures the whole beside its rivals.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot begin has nothing to measure"
)]

use std::sync::Arc;
use std::time::Duration;

use billing::invoice::Invoices;
use billing::usage::Usage;
use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher};
use expfmt::encode::{Dialect, encode};
use flate2::{Compress, Compression, FlushCompress};
use heroku_api::client::{Answer, FromPages};
use heroku_api::stats::Traffic;
use heroku_cost_exporter::metrics::render::{self, Bodies, Rendered};
use heroku_cost_exporter::metrics::{self, Answered, Figures, Shown};
use heroku_cost_exporter::snapshot::{Outcome, Polled, Snapshot, Team};
use heroku_sim::Company;
use jiff::Timestamp;
use jiff::civil::date;

/// Counts what each stage allocates, too.
#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// The sizes of a company, in apps.
const APPS: [u32; 2] = [50, 10_000];

/// Noon of a day in the middle of a month.
const NOW: Timestamp = Timestamp::constant(1_795_435_200, 0);

fn main() {
    divan::main();
}

fn company(apps: u32) -> Company {
    Company::of_size(2, apps, 1, date(2026, 11, 23))
}

fn json(rows: &[serde_json::Value]) -> String {
    serde_json::to_string(rows).expect("rows are JSON")
}

fn answered<T: FromPages + PartialEq>(rows: &[serde_json::Value]) -> Outcome<T> {
    let answer = Answer::<T>::from_kept(vec![json(rows)], None).expect("it can be understood");
    let mut outcome = Outcome::default();
    let polled = Polled::Answer {
        data: answer.data,
        rows_left_out: 0,
    };
    outcome.note(polled, NOW, Duration::from_millis(80));
    outcome
}

fn snapshot(apps: u32) -> Snapshot {
    let teams = company(apps).teams.into_iter().map(|team| Team {
        invoices: answered::<Invoices>(&team.invoices),
        usage: answered::<Usage>(&team.usage),
        id: Some(team.id),
        name: team.name,
        asked: Team::ENDPOINTS,
        ..Team::default()
    });
    Snapshot::new(teams.collect(), true, Traffic::default())
}

fn rendered(snapshot: &Snapshot) -> Rendered {
    let figures = render::of_figures(snapshot, NOW, &Shown::default());
    Rendered::new(Arc::new(figures), snapshot)
}

/// The figures as text, which is all of a body but its end.
fn text(snapshot: &Snapshot) -> String {
    let shown = Shown::default();
    let mut text = String::new();
    encode(
        &mut text,
        Figures::of(snapshot, NOW, &shown).families(),
        Dialect::Classic,
    );
    text
}

/// Heroku's bytes become usage.
#[divan::bench(args = APPS)]
fn decode(bencher: Bencher<'_, '_>, apps: u32) {
    let pages: Vec<String> = company(apps)
        .teams
        .iter()
        .map(|team| json(&team.usage))
        .collect();
    let length: usize = pages.iter().map(String::len).sum();
    bencher
        .counter(BytesCount::new(length))
        .with_inputs(|| pages.clone())
        .bench_values(|pages| {
            pages
                .into_iter()
                .map(|page| Answer::<Usage>::from_kept(vec![page], None).is_ok())
                .filter(|is_understood| *is_understood)
                .count()
        });
}

/// A Snapshot becomes families; every sample is looked at.
#[divan::bench(args = APPS)]
fn families(bencher: Bencher<'_, '_>, apps: u32) {
    let (snapshot, shown) = (snapshot(apps), Shown::default());
    let samples = || {
        let figures = Figures::of(&snapshot, NOW, &shown);
        figures
            .families()
            .flat_map(|family| family.samples)
            .filter(|sample| divan::black_box(sample).value.is_finite())
            .count()
    };
    bencher
        .counter(ItemsCount::new(samples()))
        .bench_local(samples);
}

/// Families become text. The samples are made as they are written: what [`families`] takes is in it.
#[divan::bench(args = APPS)]
fn encode_figures(bencher: Bencher<'_, '_>, apps: u32) {
    let snapshot = snapshot(apps);
    let length = text(&snapshot).len();
    bencher
        .counter(BytesCount::new(length))
        .bench_local(|| text(&snapshot));
}

/// Text is compressed, in one call; `exposition::part` does it piece by piece.
#[divan::bench(args = APPS)]
fn compress(bencher: Bencher<'_, '_>, apps: u32) {
    let text = text(&snapshot(apps));
    let mut blocks = Vec::with_capacity(text.len() + text.len() / 8 + 1024);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| {
            blocks.clear();
            let mut compress = Compress::new(Compression::default(), false);
            compress.compress_vec(text.as_bytes(), &mut blocks, FlushCompress::Sync)
        });
}

/// A Snapshot becomes everything that a scrape can be given: encoding and compression in one.
#[divan::bench(args = APPS)]
fn publish(bencher: Bencher<'_, '_>, apps: u32) {
    let snapshot = snapshot(apps);
    bencher.bench_local(|| rendered(&snapshot));
}

/// The ending is written and compressed in both dialects, as it is once in a while.
#[divan::bench]
fn ending(bencher: Bencher<'_, '_>) {
    let rendered = rendered(&snapshot(APPS[0]));
    bencher.bench_local(|| with_ending(&rendered));
}

/// The last line of a scrape is written, and put behind what stands.
#[divan::bench(args = [false, true])]
fn scrape(bencher: Bencher<'_, '_>, gzip: bool) {
    let rendered = rendered(&snapshot(APPS[0]));
    let bodies = with_ending(&rendered);
    let mut end = Vec::new();
    bencher.bench_local(|| bodies.body(Dialect::OpenMetrics, gzip, 1_000, &mut end));
}

/// As many as the server counts.
fn with_ending(rendered: &Rendered) -> Bodies {
    let scrapes = Answered {
        path: "/metrics",
        code: "200",
        count: 0,
    };
    rendered.with_ending(
        || families::of_process(NOW, None, answers()),
        families::of_scrapes(scrapes),
    )
}

fn answers() -> impl Iterator<Item = Answered<'static>> {
    (0..66).map(|count| Answered {
        path: "/metrics",
        code: "200",
        count,
    })
}
