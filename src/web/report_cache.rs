//! A cache of the page and the JSON of the latest Snapshot.

use std::ops::Range;
use std::sync::Arc;

use jiff::{Span, Timestamp};
use tokio::sync::{Mutex, OnceCell, watch};

use crate::clock::Clock;
use crate::metrics::RenderOptions;
use crate::report::html::{Page, PageQuery};
use crate::report::{PastMonths, Report, json};
use crate::run_blocking::run_blocking;
use crate::snapshot::Snapshot;
use expfmt::{EncodedBodies, GzipSegment};

/// The maximum age of a report in seconds, because the page shows the age of data in minutes.
const MAX_AGE: i64 = 60;

/// Computes the report of a Snapshot on the first request, and caches it while it is valid.
#[derive(Debug)]
pub struct ReportCache {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    options: RenderOptions,
    telemetry_path: Arc<str>,
    /// Locked while computing a report, so that concurrent requests share it.
    cached: Mutex<Option<Arc<CachedReport>>>,
}

/// A report and its encoded forms. Pages with a query are not cached, because clients control the
/// number of different queries.
#[derive(Debug)]
struct CachedReport {
    snapshot: Arc<Snapshot>,
    /// The time range in which the report is valid.
    valid: Range<Timestamp>,
    report: Report,
    page: OnceCell<Arc<EncodedBodies>>,
    json: OnceCell<Arc<EncodedBodies>>,
}

/// An error of rendering the page or the JSON.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The page template failed.
    #[error(transparent)]
    Page(#[from] askama::Error),
    /// Serialization failed.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl ReportCache {
    /// Creates an empty cache. The page links to `telemetry_path`.
    pub fn new(
        snapshots: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
        options: RenderOptions,
        telemetry_path: &str,
    ) -> Self {
        Self {
            snapshots,
            clock,
            options,
            telemetry_path: telemetry_path.into(),
            cached: Mutex::default(),
        }
    }

    /// Returns the page for a query string, and whether the queried team exists.
    ///
    /// # Errors
    ///
    /// Returns an error if the template fails. No report and no query is known to cause this.
    pub async fn page(&self, query: &str) -> Result<(Arc<EncodedBodies>, bool), RenderError> {
        let cached = self.report().await;
        let query = PageQuery::parse(query);
        let is_default = query == PageQuery::default();
        let telemetry_path = Arc::clone(&self.telemetry_path);
        let report = Arc::clone(&cached);
        let render = || {
            run_blocking(move || {
                let page = Page::render(&report.report, &query, &telemetry_path)?;
                Ok::<_, RenderError>((encode(&page.html), page.is_found))
            })
        };
        if !is_default {
            return render().await;
        }
        let page = async || render().await.map(|(page, _)| page);
        let page = cached.page.get_or_try_init(page).await?;
        Ok((Arc::clone(page), true))
    }

    /// Returns the report as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if serialization fails. No report is known to cause this.
    pub async fn json(&self) -> Result<Arc<EncodedBodies>, RenderError> {
        let cached = self.report().await;
        let report = Arc::clone(&cached);
        let render = || run_blocking(move || json::json(&report.report).map(|json| encode(&json)));
        let json = cached.json.get_or_try_init(render).await?;
        Ok(Arc::clone(json))
    }

    async fn report(&self) -> Arc<CachedReport> {
        let mut cached = self.cached.lock().await;
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let now = self.clock.now();
        if let Some(cached) = &*cached
            && Arc::ptr_eq(&cached.snapshot, &snapshot)
            && cached.valid.contains(&now)
        {
            return Arc::clone(cached);
        }
        let options = self.options.clone();
        let report = run_blocking(move || CachedReport::new(snapshot, now, &options)).await;
        Arc::clone(cached.insert(Arc::new(report)))
    }
}

impl CachedReport {
    fn new(snapshot: Arc<Snapshot>, now: Timestamp, options: &RenderOptions) -> Self {
        let valid_until = options.valid_until(&snapshot, now);
        let expiry = now.saturating_add(Span::new().seconds(MAX_AGE));
        let history = options.history.as_ref();
        let (rules, max_age) = (&options.rules, options.max_age);
        let mut report = Report::new(&snapshot, rules, max_age, now);
        if let Some(past) = history.map(|history| PastMonths::last(history, now)) {
            report.add_past_months(&past, &snapshot, rules, max_age);
        }
        report.is_demo = options.is_demo;
        Self {
            report,
            snapshot,
            valid: now..expiry.map_or(valid_until, |expiry| expiry.min(valid_until)),
            page: OnceCell::new(),
            json: OnceCell::new(),
        }
    }
}

fn encode(text: &str) -> Arc<EncodedBodies> {
    Arc::new(EncodedBodies::join([&GzipSegment::from(text)]))
}
