//! The exporter's own metrics: polls, requests to Heroku, the build, the process and HTTP requests.
//!
//! All series except those of the process exist from the first scrape on. An alert on a series that
//! first appears with a failure would miss that failure.

use expfmt::Label;

use super::labels::{CODE, ENDPOINT, PATH, REASON, REVISION, RUSTC, TEAM_NAME, VERSION};
use super::macros::descriptors;

descriptors! {
    UP: Gauge {
        name: "heroku_up", labels: PER_ENDPOINT, source: "polls",
        help: "Whether the last poll of the endpoint succeeded (1) or not (0).",
    }
    ENDPOINT_AVAILABLE: Gauge {
        name: "heroku_cost_exporter_endpoint_available", labels: PER_ENDPOINT, source: "polls",
        help: "Whether Heroku offers the endpoint to the team (1) or not (0).",
    }
    LAST_POLL_SUCCESS: Gauge {
        name: "heroku_cost_exporter_last_poll_success_timestamp_seconds", labels: PER_ENDPOINT, source: "polls",
        help: "Unix timestamp of the last successful poll of the endpoint, or 0 if there was none.",
    }
    LAST_POLL: Gauge {
        name: "heroku_cost_exporter_last_poll_timestamp_seconds", labels: PER_ENDPOINT, source: "polls",
        help: "Unix timestamp of the end of the last poll of the endpoint, or 0 if there was none.",
    }
    DATA_CHANGED: Gauge {
        name: "heroku_cost_exporter_data_changed_timestamp_seconds", labels: PER_ENDPOINT, source: "polls",
        help: "Unix timestamp of the last change of the endpoint's data, or 0 if there is none.",
    }
    LAST_POLL_DURATION: Gauge {
        name: "heroku_cost_exporter_last_poll_duration_seconds", labels: PER_ENDPOINT, source: "polls",
        help: "Duration of the last poll of the endpoint in seconds, including all pages.",
    }
    SKIPPED_ROWS: Gauge {
        name: "heroku_cost_exporter_skipped_rows", labels: PER_ENDPOINT, source: "polls",
        help: "Number of undecodable rows skipped in the endpoint's last successful response.",
    }
    SKIPPED_FIELDS: Gauge {
        name: "heroku_cost_exporter_skipped_fields", labels: PER_ENDPOINT, source: "polls",
        help: "Number of undecodable fields and missing lists in the endpoint's last successful response.",
    }
    POLLS: Counter {
        name: "heroku_cost_exporter_polls_total", labels: PER_ENDPOINT, source: "polls",
        help: "Total number of polls of the endpoint.",
    }
    POLL_FAILURES: Counter {
        name: "heroku_cost_exporter_poll_failures_total", labels: &[TEAM_NAME, ENDPOINT, REASON], source: "polls",
        help: "Total number of failed polls of the endpoint by reason.",
    }
    STORAGE_UP: Gauge {
        name: "heroku_cost_exporter_storage_up", labels: &[], source: "storage",
        help: "Whether the storage works as configured (1) or not (0).",
    }
    API_REQUESTS: Counter {
        name: "heroku_api_requests_total", labels: &[ENDPOINT, CODE], source: "requests to Heroku",
        help: "Total number of requests to the Heroku API by endpoint and HTTP status code.",
    }
    API_REQUEST_DURATION: Histogram {
        name: "heroku_api_request_duration_seconds", labels: &[ENDPOINT], source: "requests to Heroku",
        help: "Duration of requests to the Heroku API in seconds, including the response body.",
    }
    API_RATE_LIMIT_REMAINING: Gauge {
        name: "heroku_api_rate_limit_remaining", labels: &[], source: "RateLimit-Remaining",
        help: "Number of requests remaining in the account's Heroku API rate limit, or NaN if unknown.",
    }
    BUILD_INFO: Gauge {
        name: "heroku_cost_exporter_build_info", labels: &[VERSION, REVISION, RUSTC], source: "build",
        help: "A metric with a constant '1' value labeled by the version, revision and Rust compiler of the exporter's build.",
    }
    BILLING_MONTH_ELAPSED: Gauge {
        name: "heroku_billing_month_elapsed_ratio", labels: &[], source: "clock",
        help: "Elapsed fraction of the current UTC month, from 0 to 1.",
    }
    PROCESS_CPU: Counter {
        name: "process_cpu_seconds_total", labels: &[], source: "/proc/self/stat",
        help: "Total user and system CPU time spent in seconds.",
    }
    PROCESS_OPEN_FDS: Gauge {
        name: "process_open_fds", labels: &[], source: "/proc/self/fd",
        help: "Number of open file descriptors.",
    }
    PROCESS_MAX_FDS: Gauge {
        name: "process_max_fds", labels: &[], source: "/proc/self/limits",
        help: "Maximum number of open file descriptors.",
    }
    PROCESS_VIRTUAL_MEMORY: Gauge {
        name: "process_virtual_memory_bytes", labels: &[], source: "/proc/self/stat",
        help: "Virtual memory size in bytes.",
    }
    PROCESS_RESIDENT_MEMORY: Gauge {
        name: "process_resident_memory_bytes", labels: &[], source: "/proc/self/stat",
        help: "Resident memory size in bytes.",
    }
    PROCESS_START_TIME: Gauge {
        name: "process_start_time_seconds", labels: &[], source: "/proc/self/stat",
        help: "Start time of the process since unix epoch in seconds.",
    }
    PROCESS_THREADS: Gauge {
        name: "process_threads", labels: &[], source: "/proc/self/stat",
        help: "Number of OS threads in the process.",
    }
    HTTP_REQUESTS: Counter {
        name: "heroku_cost_exporter_http_requests_total", labels: &[PATH, CODE], source: "HTTP server",
        help: "Total number of HTTP requests by path and status code.",
    }
}

/// The status codes with a series of their own in `heroku_api_requests_total`.
pub(in crate::metrics) const API_CODES: [u16; 17] = [
    200, 206, 304, 400, 401, 402, 403, 404, 406, 410, 416, 422, 429, 500, 502, 503, 504,
];

/// The status codes with a series of their own in `heroku_cost_exporter_http_requests_total`.
pub(in crate::metrics) const HTTP_CODES: [u16; 10] =
    [200, 400, 401, 404, 405, 413, 429, 431, 500, 503];

/// The label value for all codes and paths without a series of their own.
pub(in crate::metrics) const OTHER: &str = "other";

/// The code of a request without a response.
pub(in crate::metrics) const NO_RESPONSE: &str = "none";

/// The upper bounds of the buckets of `heroku_api_request_duration_seconds`, in seconds.
pub const API_REQUEST_DURATION_BUCKETS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const PER_ENDPOINT: &[Label] = &[TEAM_NAME, ENDPOINT];
