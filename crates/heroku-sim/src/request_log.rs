//! The log of received requests.

use std::collections::VecDeque;
use std::time::Instant;

use crate::endpoint::Endpoint;

/// The maximum number of entries, which bounds the memory of a long-running simulator.
const CAPACITY: usize = 10_000;

/// A received request and the status of its response.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The method, such as `GET`.
    pub method: String,
    /// The path and query of the request line.
    pub path: String,
    /// All headers in order of arrival, with lower-case names, including `authorization`.
    pub headers: Vec<(String, String)>,
    /// The status of the response. `None` before the response, and permanently if a fault prevents
    /// it (`Hang`, `ResetInHeaders`).
    pub status: Option<u16>,
    /// The length of the uncompressed response body in bytes. 0 without a response, and for 304.
    pub body_length: usize,
    /// The endpoint of the path, or `None` if the path is unknown.
    pub endpoint: Option<Endpoint>,
    /// The percent-decoded id or name of the team in the path.
    pub team: Option<String>,
    /// The percent-decoded id or name of the enterprise account in the path.
    pub enterprise_account: Option<String>,
    /// When the head of the request was received.
    pub received_at: Instant,
}

impl LoggedRequest {
    /// Returns the first value of a header. The name is case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// A log of the newest requests. Entry ids are never reused, so a status that is set after
/// [`RequestLog::clear`] is ignored.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: VecDeque<(EntryId, LoggedRequest)>,
    next_id: u64,
}

/// Identifies a log entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryId(u64);

impl RequestLog {
    pub(crate) fn push(&mut self, request: LoggedRequest) -> EntryId {
        let id = EntryId(self.next_id);
        self.next_id += 1;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back((id, request));
        id
    }

    pub(crate) fn set_response(&mut self, id: EntryId, status: u16, body_length: usize) {
        let mut newest_first = self.entries.iter_mut().rev();
        if let Some((_, request)) = newest_first.find(|(entry, _)| *entry == id) {
            request.status = Some(status);
            request.body_length = body_length;
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
