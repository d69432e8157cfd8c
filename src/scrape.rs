//! The published Snapshot as a scrape asks for it, at any moment.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::clock::Clock;
use crate::domain::month::Month;
use crate::domain::snapshot::Snapshot;
use crate::exposition::encode::Dialect;
use crate::exposition::families::{self, Answered, Process, Shown};
use crate::exposition::render::{Bodies, Part, Rendered};

/// How long the ending stands: asking the system of the process costs more than a scrape.
const ENDING_STANDS: Duration = Duration::from_millis(100);

/// What scrapes read.
#[derive(Debug)]
pub struct Scrape {
    published: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    shown: Shown,
    cache: Mutex<Option<Arc<Cached>>>,
    /// Held while rendering, so that scrapes that come together share one.
    rendering: tokio::sync::Mutex<()>,
    ask_process: fn() -> Option<Process>,
    ending: Mutex<Option<Arc<Ending>>>,
}

/// A rendering, what it is of, and until when it stands: another month begins, or figures become
/// too old.
#[derive(Debug)]
struct Cached {
    snapshot: Arc<Snapshot>,
    stands: Range<Timestamp>,
    rendered: Rendered,
}

/// The ending of scrapes that come within a moment, behind the same rendering.
#[derive(Debug)]
struct Ending {
    of: Arc<Cached>,
    made: Instant,
    /// What was answered, all but the scrapes.
    answered: Vec<u64>,
    bodies: Bodies,
}

impl Scrape {
    /// Scrapes of what is published, at the time that `clock` tells. `ask_process` tells of the
    /// process.
    pub fn new(
        published: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
        shown: Shown,
        ask_process: fn() -> Option<Process>,
    ) -> Self {
        Self {
            published,
            clock,
            shown,
            cache: Mutex::default(),
            rendering: tokio::sync::Mutex::default(),
            ask_process,
            ending: Mutex::default(),
        }
    }

    /// Whether every endpoint of every team has been asked once.
    pub fn is_ready(&self) -> bool {
        self.published.borrow().all_tried
    }

    /// The pieces of a scrape's body. `answered` is what the server answered so far: `scrapes`, and
    /// all others.
    pub async fn body<'a>(
        &self,
        dialect: Dialect,
        gzip: bool,
        answered: impl Iterator<Item = Answered<'a>> + Clone,
        scrapes: Answered<'a>,
    ) -> [Bytes; 5] {
        let cached = self.rendered().await;
        let ending = self.ending(&cached, answered);
        let scrapes = families::of_scrapes(scrapes);
        ending.bodies.body(dialect, gzip, scrapes)
    }

    async fn rendered(&self) -> Arc<Cached> {
        if let Ok(cached) = self.cached() {
            return cached;
        }
        let _rendering = self.rendering.lock().await;
        match self.cached() {
            Ok(cached) => cached,
            Err(before) => {
                let snapshot = Arc::clone(&self.published.borrow());
                let now = self.clock.now();
                // A hundred thousand series take longer than others should wait for this thread.
                let cached =
                    block_in_place(|| Cached::new(snapshot, now, &self.shown, before.as_deref()));
                let cached = Arc::new(cached);
                *self.cache.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::clone(&cached));
                cached
            }
        }
    }

    /// What stands rendered; if it does not stand any more, what was rendered last.
    fn cached(&self) -> Result<Arc<Cached>, Option<Arc<Cached>>> {
        // Replaced whole, so that even a panic in between leaves it sound.
        let cached = self
            .cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match cached {
            Some(cached)
                if Arc::ptr_eq(&cached.snapshot, &self.published.borrow())
                    && cached.stands.contains(&self.clock.now()) =>
            {
                Ok(cached)
            }
            other => Err(other),
        }
    }

    fn ending<'a>(
        &self,
        of: &Arc<Cached>,
        answered: impl Iterator<Item = Answered<'a>> + Clone,
    ) -> Arc<Ending> {
        let counts = || answered.clone().map(|answered| answered.count);
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ending) = &*ending
            && Arc::ptr_eq(&ending.of, of)
            && ending.made.elapsed() < ENDING_STANDS
            && counts().eq(ending.answered.iter().copied())
        {
            return Arc::clone(ending);
        }
        let process = (self.ask_process)();
        let now = self.clock.now();
        let answered: Vec<_> = answered.collect();
        let made = Arc::new(Ending {
            of: Arc::clone(of),
            made: Instant::now(),
            answered: answered.iter().map(|answered| answered.count).collect(),
            bodies: of.rendered.with_ending(|| {
                families::of_process(now, process.as_ref(), answered.iter().cloned())
            }),
        });
        *ending = Some(Arc::clone(&made));
        made
    }
}

impl Cached {
    /// Of `snapshot` at the instant `now`; what `before` has of the same figures stays.
    fn new(snapshot: Arc<Snapshot>, now: Timestamp, shown: &Shown, before: Option<&Self>) -> Self {
        let max_age = shown.max_age;
        let expiry = max_age.and_then(|max_age| snapshot.next_expiry(now, max_age));
        let month_end = Month::at(now).end();
        let stands = now..expiry.map_or(month_end, |expiry| expiry.min(month_end));
        let figures = before
            .filter(|before| {
                families::same_figures(
                    (&before.snapshot, before.stands.start),
                    (&snapshot, now),
                    max_age,
                )
            })
            .map(|before| Arc::clone(before.rendered.figures()));
        let figures = figures.unwrap_or_else(|| Arc::new(Part::of_figures(&snapshot, now, shown)));
        Self {
            rendered: Rendered::new(figures, &snapshot),
            snapshot,
            stands,
        }
    }
}
