//! The published Snapshot as a scrape asks for it, at any moment.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::beside::beside;
use crate::clock::Clock;
use crate::domain::month::Month;
use crate::domain::snapshot::Snapshot;
use crate::exposition::encode::Dialect;
use crate::exposition::families::{self, Answered, AnsweredSoFar, Process, Shown};
use crate::exposition::part::Part;
use crate::exposition::render::{self, Bodies, Pieces, Rendered};

/// How long the ending stands: asking the system of the process costs more than a scrape.
const ENDING_STANDS: Duration = Duration::from_millis(100);

/// What scrapes read.
#[derive(Debug)]
pub struct Scrape {
    published: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    shown: Shown,
    cache: Arc<RwLock<Option<Arc<Cached>>>>,
    /// Held while rendering, so that scrapes that come together share one.
    rendering: Arc<tokio::sync::Mutex<()>>,
    ask_process: fn() -> Option<Process>,
}

/// A rendering, what it is of, and until when it stands: another month begins, or figures become
/// too old.
#[derive(Debug)]
struct Cached {
    snapshot: Arc<Snapshot>,
    stands: Range<Timestamp>,
    rendered: Rendered,
    ending: RwLock<Option<Arc<Ending>>>,
}

/// The ending of scrapes that come within a moment, behind the same rendering.
#[derive(Debug)]
struct Ending {
    made: Instant,
    /// Of how many answers it tells beside the scrapes.
    answered: u64,
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
            cache: Arc::default(),
            rendering: Arc::default(),
            ask_process,
        }
    }

    /// Whether every endpoint of every team has been asked once.
    pub fn is_ready(&self) -> bool {
        self.published.borrow().all_tried
    }

    /// The pieces of a scrape's body. `answered` is what the server answered so far.
    pub async fn body<'a, I>(
        &self,
        dialect: Dialect,
        gzip: bool,
        answered: AnsweredSoFar<'a, I>,
    ) -> Pieces
    where
        I: Iterator<Item = Answered<'a>>,
    {
        let cached = self.rendered().await;
        let scrapes = answered.scrapes.count;
        let ending = self.ending(&cached, answered);
        ending.bodies.body(dialect, gzip, scrapes)
    }

    async fn rendered(&self) -> Arc<Cached> {
        if let Ok(cached) = self.cached() {
            return cached;
        }
        let rendering = Arc::clone(&self.rendering).lock_owned().await;
        let before = match self.cached() {
            Ok(cached) => return cached,
            Err(before) => before,
        };
        let snapshot = Arc::clone(&self.published.borrow());
        let now = self.clock.now();
        let figures = before.and_then(|before| before.figures_of(&snapshot, now, &self.shown));
        // Nothing of what stood is served again, so that there is no need of memory for both.
        put(&self.cache, None);
        let (shown, cache) = (self.shown.clone(), Arc::clone(&self.cache));
        beside(move || {
            // It is done for all who wait, even where the one who asked has gone.
            let _rendering = rendering;
            let cached = Arc::new(Cached::new(snapshot, now, &shown, figures));
            put(&cache, Some(Arc::clone(&cached)));
            cached
        })
        .await
    }

    /// What stands rendered; if it does not stand any more, what was rendered last.
    fn cached(&self) -> Result<Arc<Cached>, Option<Arc<Cached>>> {
        let cached = held(&self.cache);
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
        of: &Cached,
        answered: AnsweredSoFar<'a, impl Iterator<Item = Answered<'a>>>,
    ) -> Arc<Ending> {
        let stands = |ending: &Arc<Ending>| {
            ending.made.elapsed() < ENDING_STANDS && ending.answered >= answered.changes
        };
        if let Some(ending) = held(&of.ending).filter(stands) {
            return ending;
        }
        // Held while it is made: of two that are made at once the older must not be given last.
        let mut ending = of.ending.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(ending) = ending.clone().filter(stands) {
            return ending;
        }
        let process = (self.ask_process)();
        let now = self.clock.now();
        let others: Vec<_> = answered.others.collect();
        let made = Arc::new(Ending {
            made: Instant::now(),
            answered: answered.changes,
            bodies: of.rendered.with_ending(
                || families::of_process(now, process.as_ref(), others.iter().cloned()),
                families::of_scrapes(answered.scrapes),
            ),
        });
        *ending = Some(Arc::clone(&made));
        made
    }
}

impl Cached {
    /// Of `snapshot` at the instant `now`, of which `figures` are the figures, if they stand rendered.
    fn new(
        snapshot: Arc<Snapshot>,
        now: Timestamp,
        shown: &Shown,
        figures: Option<Arc<Part>>,
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
            stands,
            ending: RwLock::default(),
        }
    }

    /// The figures, if those of `snapshot` at the instant `now` are the same.
    fn figures_of(&self, snapshot: &Snapshot, now: Timestamp, shown: &Shown) -> Option<Arc<Part>> {
        let own = (&*self.snapshot, self.stands.start);
        families::same_figures(own, (snapshot, now), shown.max_age)
            .then(|| Arc::clone(self.rendered.figures()))
    }
}

/// What is behind a lock. It is replaced whole, so that even a panic in between leaves it sound.
fn held<T>(behind: &RwLock<Option<Arc<T>>>) -> Option<Arc<T>> {
    behind
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

fn put<T>(behind: &RwLock<Option<Arc<T>>>, replacement: Option<Arc<T>>) {
    *behind.write().unwrap_or_else(PoisonError::into_inner) = replacement;
}
