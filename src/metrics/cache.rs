//! The published Snapshot as a scrape asks for it, at any moment.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::metrics::render::{self, Bodies, Pieces, Rendered};
use crate::metrics::{self, Answered, AnsweredSoFar, Process, RenderOptions};
use crate::run_blocking::run_blocking;
use crate::snapshot::Snapshot;
use billing::month::Month;
use expfmt::encode::Format;
use expfmt::gzip::GzipSegment;

/// How long the ending stands: asking the system of the process costs more than a scrape.
const ENDING_STANDS: Duration = Duration::from_millis(100);

/// What scrapes read.
#[derive(Debug)]
pub struct MetricsCache {
    published: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    shown: RenderOptions,
    cache: Arc<RwLock<Option<Arc<Cached>>>>,
    /// Held while rendering, so that scrapes that come together share one.
    rendering: Arc<tokio::sync::Mutex<()>>,
    ask_process: fn() -> Option<Process>,
}

/// A rendering, what it is of, and until when it stands: another month begins, or figures become
/// too old.
///
/// Scrapes at different processors read this at once. Whatever counts them in memory that they share,
/// as a lock or an `Arc` does, costs each as much as the bytes that it is for; so beside the pieces of
/// the body there are two locks and nothing else.
#[derive(Debug)]
struct Cached {
    snapshot: Arc<Snapshot>,
    /// What is published, of which this is rendered as long as there is nothing new.
    published: watch::Receiver<Arc<Snapshot>>,
    stands: Range<Timestamp>,
    rendered: Rendered,
    ending: RwLock<Option<Ending>>,
}

/// The ending of scrapes that come within a moment, behind the same rendering.
#[derive(Debug)]
struct Ending {
    made: Instant,
    /// Of how many answers it tells beside the scrapes.
    answered: u64,
    bodies: Bodies,
}

impl MetricsCache {
    /// Scrapes of what is published, at the time that `clock` tells. `ask_process` tells of the
    /// process.
    pub fn new(
        published: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
        shown: RenderOptions,
        ask_process: fn() -> Option<Process>,
    ) -> Self {
        Self {
            published,
            clock,
            shown,
            cache: Arc::default(),
            rendering: Arc::default(),
            ask_process,
        }
    }

    /// The time by which a scrape is made.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether every endpoint of every team has been asked once.
    pub fn is_ready(&self) -> bool {
        self.published.borrow().all_attempted
    }

    /// The pieces of a scrape's body but for its end, which is put into `end`. `answered` is what the
    /// server answered so far.
    pub async fn body<'a, I>(
        &self,
        format: Format,
        gzip: bool,
        answered: AnsweredSoFar<'a, I>,
        end: &mut Vec<u8>,
    ) -> Pieces
    where
        I: Iterator<Item = Answered<'a>>,
    {
        if let Some(cached) = &*read(&self.cache)
            && cached.is_of_now(&self.clock)
        {
            return self.pieces(cached, format, gzip, answered, end);
        }
        let cached = self.rendered().await;
        self.pieces(&cached, format, gzip, answered, end)
    }

    async fn rendered(&self) -> Arc<Cached> {
        let rendering = Arc::clone(&self.rendering).lock_owned().await;
        // Another may have rendered it meanwhile.
        let before = read(&self.cache).clone();
        if let Some(cached) = &before
            && cached.is_of_now(&self.clock)
        {
            return Arc::clone(cached);
        }
        let mut published = self.published.clone();
        let snapshot = Arc::clone(&published.borrow_and_update());
        let now = self.clock.now();
        let figures = before.and_then(|before| before.figures_of(&snapshot, now, &self.shown));
        // Nothing of what stood is served again, so that there is no need of memory for both.
        *write(&self.cache) = None;
        let (shown, cache) = (self.shown.clone(), Arc::clone(&self.cache));
        run_blocking(move || {
            // It is done for all who wait, even where the one who asked has gone.
            let _rendering = rendering;
            let cached = Arc::new(Cached::new(snapshot, published, now, &shown, figures));
            *write(&cache) = Some(Arc::clone(&cached));
            cached
        })
        .await
    }

    fn pieces<'a>(
        &self,
        cached: &Cached,
        format: Format,
        gzip: bool,
        answered: AnsweredSoFar<'a, impl Iterator<Item = Answered<'a>>>,
        end: &mut Vec<u8>,
    ) -> Pieces {
        let scrapes = answered.scrapes.count;
        let changes = answered.changes;
        let stands =
            |ending: &&Ending| ending.made.elapsed() < ENDING_STANDS && ending.answered >= changes;
        if let Some(ending) = read(&cached.ending).as_ref().filter(stands) {
            return ending.bodies.body(format, gzip, scrapes, end);
        }
        // Held while it is made: of two that are made at once the older must not be given last.
        let mut held = write(&cached.ending);
        let ending = match held.take().filter(|ending| stands(&ending)) {
            Some(ending) => ending,
            None => self.ending(cached, answered),
        };
        held.insert(ending).bodies.body(format, gzip, scrapes, end)
    }

    fn ending<'a>(
        &self,
        of: &Cached,
        answered: AnsweredSoFar<'a, impl Iterator<Item = Answered<'a>>>,
    ) -> Ending {
        let process = (self.ask_process)();
        let now = self.clock.now();
        let others: Vec<_> = answered.others.collect();
        Ending {
            made: Instant::now(),
            answered: answered.changes,
            bodies: of.rendered.with_ending(
                || metrics::of_process(now, process.as_ref(), others.iter().cloned()),
                metrics::of_scrapes(answered.scrapes),
            ),
        }
    }
}

impl Cached {
    /// Of `snapshot` at the instant `now`, of which `figures` are the figures, if they stand rendered.
    /// It was the newest of what is `published`.
    fn new(
        snapshot: Arc<Snapshot>,
        published: watch::Receiver<Arc<Snapshot>>,
        now: Timestamp,
        shown: &RenderOptions,
        figures: Option<Arc<GzipSegment>>,
    ) -> Self {
        let max_age = shown.max_age;
        let expiry = max_age.and_then(|max_age| snapshot.next_expiry(now, max_age));
        let month_end = Month::at(now).end();
        let stands = now..expiry.map_or(month_end, |expiry| expiry.min(month_end));
        let figures =
            figures.unwrap_or_else(|| Arc::new(render::of_figures(&snapshot, now, shown)));
        Self {
            rendered: Rendered::new(figures, &snapshot),
            snapshot,
            published,
            stands,
            ending: RwLock::default(),
        }
    }

    /// Whether it is what has to be shown at the time of `clock`.
    fn is_of_now(&self, clock: &Clock) -> bool {
        let is_newest = match self.published.has_changed() {
            Ok(has_changed) => !has_changed,
            // Where nobody publishes any more it is not told, but there may be something new.
            Err(_) => Arc::ptr_eq(&self.snapshot, &self.published.borrow()),
        };
        is_newest && self.stands.contains(&clock.now())
    }

    /// The figures, if those of `snapshot` at the instant `now` are the same.
    fn figures_of(
        &self,
        snapshot: &Snapshot,
        now: Timestamp,
        shown: &RenderOptions,
    ) -> Option<Arc<GzipSegment>> {
        let own = (&*self.snapshot, self.stands.start);
        metrics::same_figures(own, (snapshot, now), shown.max_age)
            .then(|| Arc::clone(self.rendered.figures()))
    }
}

/// What is behind a lock is replaced whole, so that even a panic in between leaves it sound.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Team;
    use heroku_api::stats::ClientStats;

    fn snapshot(team: &str) -> Arc<Snapshot> {
        let team = Team {
            name: team.to_owned(),
            polled_endpoints: Team::ENDPOINTS,
            ..Team::default()
        };
        Arc::new(Snapshot::new(vec![team], false, ClientStats::default()))
    }

    async fn text(scrape: &MetricsCache) -> String {
        let answered = AnsweredSoFar {
            changes: 0,
            others: std::iter::empty(),
            scrapes: Answered {
                path: "/metrics",
                code: "200",
                count: 0,
            },
        };
        let mut end = Vec::new();
        let pieces = scrape.body(Format::Text, false, answered, &mut end);
        String::from_utf8(pieces.await.concat()).unwrap()
    }

    #[tokio::test]
    async fn what_was_published_last_is_shown_though_nobody_publishes_any_more() {
        let (sender, published) = watch::channel(snapshot("first"));
        let clock = Clock::from_fn(|| Timestamp::UNIX_EPOCH);
        let scrape = MetricsCache::new(published, clock, RenderOptions::default(), || None);
        assert!(text(&scrape).await.contains("\"first\""));
        sender.send_replace(snapshot("last"));
        drop(sender);
        for _ in 0..2 {
            let text = text(&scrape).await;
            assert!(
                text.contains("\"last\"") && !text.contains("\"first\""),
                "{text}"
            );
        }
    }
}
