//! The rendered page and JSON of the latest Snapshot.

use std::ops::Range;
use std::sync::Arc;

use jiff::{Span, Timestamp};
use tokio::sync::{Mutex, OnceCell, watch};

use crate::clock::Clock;
use crate::metrics::RenderOptions;
use crate::report::html::{Page, PageQuery};
use crate::report::{Report, json};
use crate::run_blocking::run_blocking;
use crate::snapshot::Snapshot;
use expfmt::{EncodedBodies, GzipSegment};

/// How long a report is valid at most, in seconds. It shows the age of figures in minutes.
const MAX_AGE: i64 = 60;

/// Computes the report of a Snapshot when it is first requested, and keeps it while it is valid.
#[derive(Debug)]
pub struct ReportCache {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    options: RenderOptions,
    telemetry_path: Arc<str>,
    /// Locked while a report is computed, so that concurrent requests share it.
    cached: Mutex<Option<Arc<CachedReport>>>,
}

/// A report and its renderings. Pages with a query are not kept, because clients choose queries.
#[derive(Debug)]
struct CachedReport {
    snapshot: Arc<Snapshot>,
    /// The time in which the report is valid.
    valid: Range<Timestamp>,
    report: Report,
    page: OnceCell<Arc<EncodedBodies>>,
    json: OnceCell<Arc<EncodedBodies>>,
}

/// The page or the JSON could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The page's template failed.
    #[error(transparent)]
    Page(#[from] askama::Error),
    /// The report could not be serialized.
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

    /// Returns the page for the query of a URL, and whether the team that it names exists.
    ///
    /// # Errors
    ///
    /// Where the template fails, which no figures and no query cause.
    pub async fn page(&self, query: &str) -> Result<(Arc<EncodedBodies>, bool), RenderError> {
        let cached = self.report().await;
        let query = PageQuery::parse(query);
        let is_default = query == PageQuery::default();
        let telemetry_path = Arc::clone(&self.telemetry_path);
        let report = Arc::clone(&cached);
        let render = || {
            run_blocking(move || {
                let page = Page::new(&report.report, &query, &telemetry_path)?;
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
    /// Where serialization fails, which no figures cause.
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
        let mut report = Report::new(&snapshot, &options.rules, options.max_age, now);
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
