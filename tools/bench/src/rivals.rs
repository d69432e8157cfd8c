//! What a poll is held against: the least that anybody has to do with the same bytes.

use std::borrow::Cow;
use std::hint::black_box;

use flate2::{Compress, Compression, FlushCompress};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::pipeline::Answers;

/// `serde_json` reads the answers into its own tree, which is what most programs do.
pub(crate) fn read_as_tree(answers: &Answers) -> serde_json::Result<()> {
    for body in answers.invoices().chain(answers.usage()) {
        black_box(serde_json::from_slice::<Value>(body)?);
    }
    Ok(())
}

/// `serde_json` reads the answers into the plainest types that hold what is shown: names are borrowed
/// from the bytes, and what is not shown is passed over.
pub(crate) fn read_as_types(answers: &Answers) -> serde_json::Result<()> {
    for body in answers.invoices() {
        black_box(serde_json::from_slice::<Vec<Invoice<'_>>>(body)?);
    }
    for body in answers.usage() {
        black_box(serde_json::from_slice::<Vec<Month<'_>>>(body)?);
    }
    Ok(())
}

/// `serde_json` passes over the answers: they are well-formed, and nothing is known of them.
pub(crate) fn pass_over(answers: &Answers) -> serde_json::Result<()> {
    for body in answers.invoices().chain(answers.usage()) {
        black_box(serde_json::from_slice::<IgnoredAny>(body)?);
    }
    Ok(())
}

/// Compresses a body as the exporter does, once, and gives the length.
pub(crate) fn compress(body: &[u8]) -> usize {
    let mut compressed = Vec::with_capacity(body.len() + body.len() / 8 + 1024);
    let mut compress = Compress::new(Compression::default(), false);
    // A compression that failed shows in the length, which is compared.
    let _ = compress.compress_vec(body, &mut compressed, FlushCompress::Finish);
    compressed.len()
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, and never looked at")]
struct Invoice<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    period_start: Cow<'a, str>,
    #[serde(borrow)]
    period_end: Cow<'a, str>,
    #[serde(borrow)]
    payment_status: Cow<'a, str>,
    number: i64,
    state: i64,
    total: Option<i64>,
    charges_total: Option<i64>,
    credits_total: Option<i64>,
    addons_total: Option<i64>,
    database_total: Option<i64>,
    platform_total: Option<i64>,
    dyno_units: Option<f64>,
    weighted_dyno_hours: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, and never looked at")]
struct Month<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    month: Cow<'a, str>,
    dynos: Option<f64>,
    data: Option<f64>,
    partner: Option<f64>,
    addons: Option<f64>,
    connect: Option<f64>,
    space: Option<f64>,
    #[serde(borrow)]
    apps: Vec<App<'a>>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, and never looked at")]
struct App<'a> {
    #[serde(borrow)]
    app_name: Cow<'a, str>,
    dynos: Option<f64>,
    data: Option<f64>,
    partner: Option<f64>,
    addons: Option<f64>,
}
