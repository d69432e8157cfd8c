//! The published Snapshot as a scrape asks for it, at any moment.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::month::Month;
use crate::domain::snapshot::Snapshot;
use crate::exposition::encode::Dialect;
use crate::exposition::families::{self, Answered, Process, Shown};
use crate::exposition::render::Rendered;

/// What scrapes read.
#[derive(Debug)]
pub struct Scrape {
    published: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    shown: Shown,
    process: fn() -> Option<Process>,
    cache: Mutex<Option<Cached>>,
}

/// A rendering, what it is of, and until when it stands: another month begins, or figures become
/// too old.
#[derive(Debug)]
struct Cached {
    snapshot: Arc<Snapshot>,
    stands: std::ops::Range<Timestamp>,
    rendered: Arc<Rendered>,
}

impl Scrape {
    /// Scrapes of what is published, at the time that `clock` tells. `process` tells of the
    /// process.
    pub fn new(
        published: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
        shown: Shown,
        process: fn() -> Option<Process>,
    ) -> Self {
        Self {
            published,
            clock,
            shown,
            process,
            cache: Mutex::default(),
        }
    }

    /// Whether every endpoint of every team has been asked once.
    pub fn is_ready(&self) -> bool {
        self.published.borrow().all_tried()
    }

    /// The pieces of a scrape's body. `answered` is what the server answered so far.
    pub fn body<'a>(
        &self,
        dialect: Dialect,
        gzip: bool,
        answered: impl Iterator<Item = Answered<'a>>,
    ) -> [Bytes; 2] {
        let process = (self.process)();
        let end = families::of_process(self.clock.now(), answered, process.as_ref());
        self.rendered().body(dialect, gzip, &end)
    }

    fn rendered(&self) -> Arc<Rendered> {
        let now = self.clock.now();
        let snapshot = Arc::clone(&self.published.borrow());
        // Held while rendering, so that scrapes that come together share one rendering. The cache
        // is replaced whole, so that even a panic in between leaves it sound.
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = &*cache
            && Arc::ptr_eq(&cached.snapshot, &snapshot)
            && cached.stands.contains(&now)
        {
            return Arc::clone(&cached.rendered);
        }
        let rendered = Arc::new(Rendered::new(&snapshot, now, &self.shown));
        let expiry = self
            .shown
            .max_age
            .and_then(|max_age| snapshot.next_expiry(now, max_age));
        let month_end = Month::at(now).end();
        let stands = now..expiry.map_or(month_end, |expiry| expiry.min(month_end));
        *cache = Some(Cached {
            snapshot,
            stands,
            rendered: Arc::clone(&rendered),
        });
        rendered
    }
}
