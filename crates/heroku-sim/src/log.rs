//! What was asked of the simulator, for a test to look at.

use std::collections::VecDeque;
use std::time::Instant;

use crate::endpoint::Endpoint;

/// The most requests that are kept: a demonstration runs for weeks, and nobody reads its log.
const CAPACITY: usize = 10_000;

/// One request as it came in, and the status that it was answered with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The method, such as `GET`.
    pub method: String,
    /// The path with its query, as it stood on the request line.
    pub path: String,
    /// Every header in the order of arrival, names in lower case, `authorization` included.
    pub headers: Vec<(String, String)>,
    /// The status of the answer; `None` while there is no answer, and for good where a fault
    /// withheld it (`Hang`, `ResetInHeaders`).
    pub status: Option<u16>,
    /// The endpoint that the path belongs to; `None` for an unknown path.
    pub endpoint: Option<Endpoint>,
    /// The team on the path, as the client wrote it (id or name), percent-decoded.
    pub team: Option<String>,
    /// The enterprise account on the path, as the client wrote it (id or name), percent-decoded.
    pub enterprise_account: Option<String>,
    /// When the head of the request had arrived.
    pub at: Instant,
}

impl LoggedRequest {
    /// The first value of a header, its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The requests so far. A ticket outlives [`Log::clear`], so an answer that comes after it is
/// dropped and never lands on another request.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<(Ticket, LoggedRequest)>,
    next: u64,
}

/// Which entry of the log a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Log {
    pub(crate) fn arrived(&mut self, request: LoggedRequest) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back((ticket, request));
        ticket
    }

    pub(crate) fn answered(&mut self, ticket: Ticket, status: u16) {
        if let Some((_, request)) = self
            .entries
            .iter_mut()
            .rev()
            .find(|(entry, _)| *entry == ticket)
        {
            request.status = Some(status);
        }
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.entries
            .iter()
            .map(|(_, request)| request.clone())
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
