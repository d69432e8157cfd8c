//! A cache of the encoded metrics of the latest Snapshot.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, watch};

use super::families;
use super::http_metrics::HttpMetrics;
use super::options::RenderOptions;
use super::process::ProcessStats;
use super::render::Rendered;
use crate::clock::Clock;
use crate::run_blocking::run_blocking;
use crate::snapshot::Snapshot;
use expfmt::{EncodedBodies, Format};

/// The maximum age of the trailer of a body: month, process and HTTP metrics.
const TRAILER_MAX_AGE: Duration = Duration::from_secs(1);

/// Renders each Snapshot once, and again when the month ends or data exceeds the maximum age.
#[derive(Debug)]
pub struct MetricsCache {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    options: RenderOptions,
    http_metrics: Arc<HttpMetrics>,
    /// Locked while rendering, so that concurrent scrapes share one rendering.
    cached: Arc<Mutex<Option<Cached>>>,
}

#[derive(Debug)]
struct Cached {
    rendered: Rendered,
    /// The time range in which `rendered` is valid.
    valid: Range<Timestamp>,
    trailer_rendered_at: Instant,
    /// For each [`Format`].
    bodies: [Arc<EncodedBodies>; 2],
}

impl MetricsCache {
    /// Creates an empty cache.
    pub fn new(
        snapshots: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
        options: RenderOptions,
        http_metrics: Arc<HttpMetrics>,
    ) -> Self {
        Self {
            snapshots,
            clock,
            options,
            http_metrics,
            cached: Arc::default(),
        }
    }

    /// Returns whether each endpoint of each target has been polled at least once.
    pub fn is_ready(&self) -> bool {
        self.snapshots.borrow().all_attempted
    }

    /// Returns the bodies of a scrape. Their trailer is at most one second old.
    pub async fn bodies(&self, format: Format) -> Arc<EncodedBodies> {
        let mut cached = Arc::clone(&self.cached).lock_owned().await;
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let now = self.clock.now();
        if let Some(cached) = &mut *cached
            && Arc::ptr_eq(cached.rendered.snapshot(), &snapshot)
            && cached.valid.contains(&now)
        {
            if cached.trailer_rendered_at.elapsed() >= TRAILER_MAX_AGE {
                cached.trailer_rendered_at = Instant::now();
                cached.bodies = bodies(&cached.rendered, now, &self.http_metrics);
            }
            return Arc::clone(&cached.bodies[format as usize]);
        }
        let (options, http_metrics) = (self.options.clone(), Arc::clone(&self.http_metrics));
        // The closure owns the lock, so the result is cached even if this request is cancelled.
        run_blocking(move || {
            // Drop the previous bodies first, to avoid having both in memory.
            let previous = cached.take().map(|cached| cached.rendered);
            let valid = now..options.valid_until(&snapshot, now);
            let rendered = Rendered::new(snapshot, now, &options, previous);
            let cached = cached.insert(Cached {
                trailer_rendered_at: Instant::now(),
                bodies: bodies(&rendered, now, &http_metrics),
                rendered,
                valid,
            });
            Arc::clone(&cached.bodies[format as usize])
        })
        .await
    }
}

fn bodies(
    rendered: &Rendered,
    now: Timestamp,
    http_metrics: &HttpMetrics,
) -> [Arc<EncodedBodies>; 2] {
    let process = ProcessStats::read();
    let bodies = rendered.bodies(|| families::trailer(now, process.as_ref(), http_metrics));
    bodies.map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Team;
    use heroku_api::stats::ClientStats;
    use http::StatusCode;

    fn snapshot(team: &str) -> Arc<Snapshot> {
        let team = Team {
            name: team.to_owned(),
            polled_endpoints: Team::ENDPOINTS,
            ..Team::default()
        };
        Arc::new(Snapshot::new(vec![team], false, ClientStats::default()))
    }

    fn cache(snapshots: watch::Receiver<Arc<Snapshot>>) -> MetricsCache {
        let clock = Clock::from_fn(|| Timestamp::UNIX_EPOCH);
        let http_metrics = Arc::new(HttpMetrics::new(["/metrics"]));
        MetricsCache::new(snapshots, clock, RenderOptions::default(), http_metrics)
    }

    async fn text(cache: &MetricsCache) -> String {
        let bodies = cache.bodies(Format::Text).await;
        String::from_utf8(bodies.plain.concat()).unwrap()
    }

    #[tokio::test]
    async fn returns_latest_snapshot_after_polling_ended() {
        let (sender, snapshots) = watch::channel(snapshot("first"));
        let cache = cache(snapshots);
        assert!(text(&cache).await.contains("\"first\""));
        sender.send_replace(snapshot("last"));
        drop(sender);
        for _ in 0..2 {
            let text = text(&cache).await;
            assert!(
                text.contains("\"last\"") && !text.contains("\"first\""),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn renews_trailer_after_its_maximum_age() {
        let (_sender, snapshots) = watch::channel(snapshot("team"));
        let cache = cache(snapshots);
        let first = cache.bodies(Format::Text).await;
        cache.http_metrics.record(Some("/metrics"), StatusCode::OK);
        assert!(Arc::ptr_eq(&first, &cache.bodies(Format::Text).await));
        tokio::time::sleep(TRAILER_MAX_AGE).await;
        let counted = "{path=\"/metrics\",code=\"200\"} 1\n";
        assert!(text(&cache).await.contains(counted));
    }
}
