//! HTTP responses of the exporter, counted by path and status code.
//!
//! Both labels have a closed list of values, so that clients cannot create series.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use super::descriptors::exporter::{HTTP_CODES, HTTP_REQUESTS, OTHER};
use expfmt::{Family, Sample};

/// Counts responses by path and status code. All counters exist from the start.
#[derive(Debug)]
pub struct HttpMetrics {
    /// The counters of each served path.
    known: Vec<(String, Counters)>,
    /// The counters of all other paths.
    other: Counters,
}

/// A counter for each of [`HTTP_CODES`], and one for all other codes.
type Counters = [AtomicU64; HTTP_CODES.len() + 1];

impl HttpMetrics {
    /// Creates counters for the served `paths`.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let counters = |path: &str| (path.to_owned(), Counters::default());
        Self {
            known: paths.into_iter().map(counters).collect(),
            other: Counters::default(),
        }
    }

    /// Counts a response to a request for `path`, or to a request that could not be parsed.
    pub fn record(&self, path: Option<&str>, status: StatusCode) {
        let mut known = self.known.iter();
        let counters = known.find(|(known, _)| path == Some(known.as_str()));
        let counters = counters.map_or(&self.other, |(_, counters)| counters);
        let code = HTTP_CODES.iter().position(|code| *code == status.as_u16());
        counters[code.unwrap_or(HTTP_CODES.len())].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of responses by path and status code.
    pub fn responses(&self) -> impl Iterator<Item = (&str, String, u64)> {
        let known = self.known.iter();
        let paths = known.map(|(path, counters)| (path.as_str(), counters));
        paths
            .chain([(OTHER, &self.other)])
            .flat_map(|(path, counters)| {
                let codes = HTTP_CODES.map(|code| code.to_string());
                let codes = codes.into_iter().chain([OTHER.to_owned()]);
                codes
                    .zip(counters)
                    .map(move |(code, count)| (path, code, count.load(Ordering::Relaxed)))
            })
    }

    pub(super) fn family(&self) -> Family<'_> {
        let samples = self
            .responses()
            .map(|(path, code, count)| Sample::new([path.into(), Cow::from(code)], count as f64));
        Family::new(&HTTP_REQUESTS, samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_series_exists_from_the_start() {
        let metrics = HttpMetrics::new(["/", "/metrics"]);
        let all: Vec<_> = metrics.responses().collect();
        let series: BTreeSet<_> = all.iter().map(|(path, code, _)| (path, code)).collect();
        assert_eq!((all.len(), series.len()), (3 * 11, 3 * 11));
        assert!(all.iter().all(|(_, _, count)| *count == 0));
    }

    #[test]
    fn unknown_paths_and_codes_are_counted_as_other() {
        let metrics = HttpMetrics::new(["/", "/metrics"]);
        for path in ["/metrics", "/metrics", "/metrics/", "/other", "other", ""] {
            metrics.record(Some(path), StatusCode::OK);
        }
        metrics.record(Some("/"), StatusCode::IM_A_TEAPOT);
        metrics.record(None, StatusCode::BAD_REQUEST);
        let counted: Vec<_> = metrics
            .responses()
            .filter(|(_, _, count)| *count > 0)
            .collect();
        let expected = [
            ("/", "other", 1),
            ("/metrics", "200", 2),
            ("other", "200", 4),
            ("other", "400", 1),
        ];
        assert_eq!(
            counted,
            expected.map(|(path, code, count)| (path, code.to_owned(), count))
        );
    }
}
