//! What the requests of one simulator share. Each part has its own lock, held for no longer than a
//! look.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::civil::Date;

use crate::company::Company;
use crate::fault::{Fault, Script};
use crate::identifier;
use crate::log::Log;
use crate::rate::Bucket;
use crate::route::Route;

/// The part that a test can change between two requests.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) company: Company,
    pub(crate) today: Date,
    pub(crate) token: String,
    pub(crate) bucket: Bucket,
}

#[derive(Debug)]
pub(crate) struct State {
    world: Mutex<World>,
    script: Mutex<Script>,
    log: Mutex<Log>,
    answers: Mutex<u64>,
    pub(crate) page_size: Option<usize>,
}

impl State {
    pub(crate) fn new(world: World, page_size: Option<usize>) -> State {
        State {
            world: Mutex::new(world),
            script: Mutex::default(),
            log: Mutex::default(),
            answers: Mutex::default(),
            page_size,
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        held(&self.world)
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        held(&self.script)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        held(&self.log)
    }

    /// The next fault for `route`, its team or enterprise account being told by id or by name.
    pub(crate) fn take_fault(&self, route: &Route) -> Option<Fault> {
        let names = self.names_on(route);
        self.script()
            .take(route, |scripted| names.iter().any(|name| name == scripted))
    }

    /// What the team or enterprise account on a path is called: what the client wrote, and the id
    /// and the name if there is such a one.
    fn names_on(&self, route: &Route) -> Vec<String> {
        let company = &self.world().company;
        let team = route.team.iter().flat_map(|asked| {
            let teams = company.teams.iter();
            let called = teams.filter(|team| team.is_called(asked));
            called.take(1).flat_map(|team| [&team.id, &team.name])
        });
        let account = route.enterprise_account.iter().flat_map(|asked| {
            let accounts = company.enterprise_accounts.iter();
            let called = accounts.filter(|account| account.is_called(asked));
            called
                .take(1)
                .flat_map(|account| [&account.id, &account.name])
        });
        let asked = route.team.iter().chain(&route.enterprise_account);
        asked.chain(team).chain(account).cloned().collect()
    }

    /// The tokens that are left.
    pub(crate) fn remaining(&self, at: Instant) -> u32 {
        self.world().bucket.remaining(at)
    }

    /// The `Request-Id` of the next answer.
    pub(crate) fn next_request_id(&self) -> String {
        let mut answers = held(&self.answers);
        *answers += 1;
        identifier::uuid(*answers, "request")
    }
}

/// A lock whose holder panicked guards plain data still: the test that panicked has failed already,
/// and must not fail others.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
