//! What was answered: a count for each path and status, all of them there from the start.
//!
//! Both lists are closed, because a path is the client's to choose and must not become a series.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

use crate::metrics::{Answered, AnsweredSoFar};

/// Every path that serves something, besides the telemetry path.
const PATHS: [&str; 5] = ["/", super::page::COSTS, "/health", "/-/healthy", "/-/ready"];

/// Every status that this server gives.
const CODES: [(StatusCode, &str); 10] = [
    (StatusCode::OK, "200"),
    (StatusCode::BAD_REQUEST, "400"),
    (StatusCode::UNAUTHORIZED, "401"),
    (StatusCode::NOT_FOUND, "404"),
    (StatusCode::METHOD_NOT_ALLOWED, "405"),
    (StatusCode::PAYLOAD_TOO_LARGE, "413"),
    (StatusCode::TOO_MANY_REQUESTS, "429"),
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "431"),
    (StatusCode::INTERNAL_SERVER_ERROR, "500"),
    (StatusCode::SERVICE_UNAVAILABLE, "503"),
];

/// What stands for everything that is in no list.
const OTHER: &str = "other";

/// The answers given since the program began, by path and status.
#[derive(Debug)]
pub struct HttpMetrics {
    /// The last path is [`OTHER`], and so is the last status of each. Before it is the telemetry
    /// path.
    paths: Vec<(String, [AtomicU64; CODES.len() + 1])>,
    /// How many answers were no scrapes.
    others: AtomicU64,
}

/// A path of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SeriesIndex(usize);

impl HttpMetrics {
    /// No answers, over the paths that are served.
    pub fn new(telemetry_path: &str) -> Self {
        let paths = PATHS.into_iter().chain([telemetry_path, OTHER]);
        Self {
            paths: paths
                .map(|path| (path.to_owned(), Default::default()))
                .collect(),
            others: AtomicU64::default(),
        }
    }

    /// What was answered.
    pub fn answered(&self) -> AnsweredSoFar<'_, impl Iterator<Item = Answered<'_>>> {
        let scrapes = self.scrapes();
        let answered = move |(path, code): (usize, usize)| {
            let (path, counts) = &self.paths[path];
            Answered {
                path,
                code: CODES.get(code).map_or(OTHER, |(_, code)| code),
                count: counts[code].load(Ordering::Relaxed),
            }
        };
        let all =
            (0..self.paths.len()).flat_map(|path| (0..=CODES.len()).map(move |code| (path, code)));
        AnsweredSoFar {
            // Before the counts, so that none of those is older.
            changes: self.others.load(Ordering::Acquire),
            others: all.filter(move |place| *place != scrapes).map(answered),
            scrapes: answered(scrapes),
        }
    }

    /// Where scrapes are counted.
    fn scrapes(&self) -> (usize, usize) {
        (self.other().0 - 1, 0)
    }

    /// Where a request for `path` is counted.
    fn place(&self, path: &str) -> SeriesIndex {
        let other = self.other().0;
        let known = &self.paths[..other];
        SeriesIndex(
            known
                .iter()
                .position(|(known, _)| known == path)
                .unwrap_or(other),
        )
    }

    /// Where a request is counted whose path is none of the list, or was never read.
    fn other(&self) -> SeriesIndex {
        SeriesIndex(self.paths.len() - 1)
    }

    /// Counts a response to a request for `path`, or to one that could not be parsed.
    pub fn count(&self, path: Option<&str>, status: StatusCode) {
        let place = path.map_or_else(|| self.other(), |path| self.place(path));
        let code = CODES.iter().position(|(known, _)| *known == status);
        let code = code.unwrap_or(CODES.len());
        self.paths[place.0].1[code].fetch_add(1, Ordering::Relaxed);
        if (place.0, code) != self.scrapes() {
            self.others.fetch_add(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_series_is_there_from_the_start() {
        let metrics = HttpMetrics::new("/metrics");
        let AnsweredSoFar {
            others, scrapes, ..
        } = metrics.answered();
        let all: Vec<_> = others.chain([scrapes]).collect();
        let series: BTreeSet<_> = all.iter().map(|a| (a.path, a.code)).collect();
        assert_eq!((all.len(), series.len()), (7 * 11, 7 * 11));
        assert!(all.iter().all(|answered| answered.count == 0));
    }

    #[test]
    fn what_is_in_no_list_is_other() {
        let metrics = HttpMetrics::new("/metrics");
        for path in ["/metrics", "/metrics", "/metrics/", "/other", "other", ""] {
            metrics.count(Some(path), StatusCode::OK);
        }
        metrics.count(Some("/"), StatusCode::IM_A_TEAPOT);
        let AnsweredSoFar {
            changes,
            others,
            scrapes,
        } = metrics.answered();
        let counted: Vec<_> = others
            .filter(|answered| answered.count > 0)
            .map(|answered| (answered.path, answered.code, answered.count))
            .collect();
        assert_eq!(counted, [("/", "other", 1), ("other", "200", 4)]);
        assert_eq!(
            (scrapes.path, scrapes.code, scrapes.count),
            ("/metrics", "200", 2)
        );
        assert_eq!(changes, 5);
    }

    #[test]
    fn each_code_is_written_as_its_status() {
        for (status, code) in CODES {
            assert_eq!(status.as_str(), code);
        }
    }
}
