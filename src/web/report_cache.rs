//! The published Snapshot as people and their programs ask for it: the page, and the same figures as
//! JSON. Nothing is made until somebody asks, and what was made stands for as long as its Snapshot.

use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{Span, Timestamp};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::metrics::RenderOptions;
use crate::report::html::{Page, PageQuery};
use crate::report::{Report, json};
use crate::run_blocking::run_blocking;
use crate::snapshot::Snapshot;
use billing::month::Month;

/// For how many seconds a reading stands at most: it says how old figures are, in minutes.
const STANDS: i64 = 60;

/// What visitors read.
#[derive(Debug)]
pub struct ReportCache {
    published: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    shown: RenderOptions,
    telemetry_path: Arc<str>,
    reading: Mutex<Option<Arc<CachedReport>>>,
    /// Held while a report is made, so that visitors who come together share one.
    making: tokio::sync::Mutex<()>,
}

/// A report of a Snapshot, until when it stands, and what was made of it. Only what everybody asks
/// for is kept: what somebody searched for is made for them alone.
#[derive(Debug)]
struct CachedReport {
    snapshot: Arc<Snapshot>,
    stands: Range<Timestamp>,
    report: Report,
    page: OnceLock<Body>,
    json: OnceLock<Body>,
}

/// A text, and the same compressed.
#[derive(Clone, Debug)]
pub struct Body {
    /// As it is.
    pub plain: Bytes,
    /// As one gzip member.
    pub gzip: Bytes,
}

/// What could not be made, which no figures bring about.
#[derive(Debug)]
pub struct RenderError(String);

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RenderError {}

impl ReportCache {
    /// Visits to what is published, at the time that `clock` tells. `telemetry_path` is where the
    /// metrics are.
    pub fn new(
        published: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
        shown: RenderOptions,
        telemetry_path: &str,
    ) -> Self {
        Self {
            published,
            clock,
            shown,
            telemetry_path: telemetry_path.into(),
            reading: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        }
    }

    /// The page as the query of its address wants it, and whether what that asks for is there.
    ///
    /// # Errors
    ///
    /// None that figures or a query could bring about.
    pub async fn page(&self, query: &str) -> Result<(Body, bool), RenderError> {
        let reading = self.reading().await;
        let view = PageQuery::parse(query);
        if view == PageQuery::default()
            && let Some(body) = reading.page.get()
        {
            return Ok((body.clone(), true));
        }
        let telemetry_path = Arc::clone(&self.telemetry_path);
        run_blocking(move || {
            let page = Page::new(&reading.report, &view, &telemetry_path);
            let page = page.map_err(|error| RenderError(error.to_string()))?;
            let body = Body::new(page.html)?;
            if view == PageQuery::default() {
                return Ok((reading.page.get_or_init(|| body).clone(), true));
            }
            Ok((body, page.is_found))
        })
        .await
    }

    /// The report as JSON.
    ///
    /// # Errors
    ///
    /// None that figures could bring about.
    pub async fn json(&self) -> Result<Body, RenderError> {
        let reading = self.reading().await;
        if let Some(body) = reading.json.get() {
            return Ok(body.clone());
        }
        run_blocking(move || {
            let text = json::json(&reading.report);
            let body = Body::new(text.map_err(|error| RenderError(error.to_string()))?)?;
            Ok(reading.json.get_or_init(|| body).clone())
        })
        .await
    }

    async fn reading(&self) -> Arc<CachedReport> {
        if let Some(reading) = self.standing() {
            return reading;
        }
        let _making = self.making.lock().await;
        if let Some(reading) = self.standing() {
            return reading;
        }
        let snapshot = Arc::clone(&self.published.borrow());
        let now = self.clock.now();
        let shown = self.shown.clone();
        let reading =
            Arc::new(run_blocking(move || CachedReport::new(snapshot, now, &shown)).await);
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&reading));
        reading
    }

    fn standing(&self) -> Option<Arc<CachedReport>> {
        // Replaced whole, so that even a panic in between leaves it sound.
        let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let stands = |reading: &&Arc<CachedReport>| {
            Arc::ptr_eq(&reading.snapshot, &self.published.borrow())
                && reading.stands.contains(&self.clock.now())
        };
        reading.as_ref().filter(stands).cloned()
    }
}

impl CachedReport {
    fn new(snapshot: Arc<Snapshot>, now: Timestamp, shown: &RenderOptions) -> Self {
        let max_age = shown.max_age;
        let expiry = max_age.and_then(|max_age| snapshot.next_expiry(now, max_age));
        let minute = now.saturating_add(Span::new().seconds(STANDS));
        let ends = [Some(Month::at(now).end()), expiry, minute.ok()];
        let end = ends.into_iter().flatten().min().unwrap_or(now);
        Self {
            report: Report::new(&snapshot, &shown.rules, max_age, now),
            snapshot,
            stands: now..end,
            page: OnceLock::new(),
            json: OnceLock::new(),
        }
    }
}

impl Body {
    fn new(text: String) -> Result<Self, RenderError> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let compressed = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish());
        Ok(Self {
            plain: text.into(),
            gzip: compressed
                .map_err(|error| RenderError(error.to_string()))?
                .into(),
        })
    }
}
