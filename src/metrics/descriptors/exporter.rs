//! The exporter's own metrics: polls, requests to Heroku, the process and HTTP responses.
//!
//! Every series exists from the first scrape on. An alert on a series that appears only with the
//! first failure would not fire for it.

use expfmt::Label;

use super::macros::descriptors;

descriptors! {
    UP: Gauge {
        name: "heroku_up", labels: PER_ENDPOINT, source: "poll",
        help: "Whether the last poll of this endpoint succeeded (1) or not (0, also before the first). Figures are polled; a scrape never asks Heroku.",
    }
    ENDPOINT_AVAILABLE: Gauge {
        name: "heroku_cost_exporter_endpoint_available", labels: PER_ENDPOINT, source: "poll",
        help: "Whether Heroku offers this endpoint to the team: 0 where it never answered but with 403, 404 or 410, else 1. Alert on heroku_up == 0 unless this is 0.",
    }
    LAST_POLL_SUCCESS: Gauge {
        name: "heroku_cost_exporter_last_poll_success_timestamp_seconds", labels: PER_ENDPOINT, source: "poll",
        help: "When Heroku last gave the figures that are shown, in Unix time; 0 if never. Figures stay while later polls fail.",
    }
    LAST_POLL: Gauge {
        name: "heroku_cost_exporter_last_poll_timestamp_seconds", labels: PER_ENDPOINT, source: "poll",
        help: "When the last poll of this endpoint ended, in Unix time; 0 before the first.",
    }
    DATA_CHANGED: Gauge {
        name: "heroku_cost_exporter_data_changed_timestamp_seconds", labels: PER_ENDPOINT, source: "poll",
        help: "When the figures last differed from those before, in Unix time; 0 if there are none. A fresh poll can carry old figures: Heroku renews them about nightly.",
    }
    LAST_POLL_DURATION: Gauge {
        name: "heroku_cost_exporter_last_poll_duration_seconds", labels: PER_ENDPOINT, source: "poll",
        help: "How long the last poll of this endpoint took, with all its pages; 0 before the first.",
    }
    SKIPPED_ROWS: Gauge {
        name: "heroku_cost_exporter_skipped_rows", labels: PER_ENDPOINT, source: "poll",
        help: "Rows of the last answer that could not be understood and are left out of the figures.",
    }
    POLLS: Counter {
        name: "heroku_cost_exporter_polls_total", labels: PER_ENDPOINT, source: "poll",
        help: "Polls of this endpoint, whatever came of them.",
    }
    POLL_FAILURES: Counter {
        name: "heroku_cost_exporter_poll_failures_total", labels: PER_FAILURE, source: "poll",
        help: "Polls of this endpoint that failed, by reason; the log says the same words.",
    }
    API_REQUESTS: Counter {
        name: "heroku_api_requests_total", labels: PER_CODE, source: "heroku client",
        help: "Requests sent to Heroku. Each page of a list is one.",
    }
    API_REQUEST_DURATION: Histogram {
        name: "heroku_api_request_duration_seconds", labels: PER_API_ENDPOINT, source: "heroku client",
        help: "How long requests to Heroku took, from the connection to the last byte.",
    }
    API_RATE_LIMIT_REMAINING: Gauge {
        name: "heroku_api_rate_limit_remaining", labels: &[], source: "RateLimit-Remaining",
        help: "Requests left to the account in Heroku's rate limit when it last answered; NaN before. It refills by 75 a minute up to 4500.",
    }
    BUILD_INFO: Gauge {
        name: "heroku_cost_exporter_build_info", labels: BUILD, source: "build",
        help: "Always 1; the labels say which build of the program this is.",
    }
    BILLING_MONTH_ELAPSED: Gauge {
        name: "heroku_billing_month_elapsed_ratio", labels: &[], source: "clock",
        help: "How much of the current UTC month, by which Heroku bills, has passed by the clock, from 0 to 1. Figures are behind it: Heroku renews them about nightly.",
    }
    PROCESS_CPU: Counter {
        name: "process_cpu_seconds_total", labels: &[], source: "/proc/self/stat",
        help: "Processor time used by the process, user and system together.",
    }
    PROCESS_OPEN_FDS: Gauge {
        name: "process_open_fds", labels: &[], source: "/proc/self/fd",
        help: "Open file descriptors of the process.",
    }
    PROCESS_MAX_FDS: Gauge {
        name: "process_max_fds", labels: &[], source: "/proc/self/limits",
        help: "The most file descriptors that the process may open.",
    }
    PROCESS_VIRTUAL_MEMORY: Gauge {
        name: "process_virtual_memory_bytes", labels: &[], source: "/proc/self/stat",
        help: "Virtual memory of the process.",
    }
    PROCESS_RESIDENT_MEMORY: Gauge {
        name: "process_resident_memory_bytes", labels: &[], source: "/proc/self/stat",
        help: "Resident memory of the process.",
    }
    PROCESS_START_TIME: Gauge {
        name: "process_start_time_seconds", labels: &[], source: "/proc/self/stat",
        help: "When the process started, in Unix time.",
    }
    PROCESS_THREADS: Gauge {
        name: "process_threads", labels: &[], source: "/proc/self/stat",
        help: "Threads of the process.",
    }
    HTTP_REQUESTS: Counter {
        name: "heroku_cost_exporter_http_requests_total", labels: PER_PATH, source: "server",
        help: "Requests answered by this program.",
    }
}

/// The status codes that have a series of their own in `heroku_api_requests_total`.
pub(in crate::metrics) const API_CODES: [u16; 17] = [
    200, 206, 304, 400, 401, 402, 403, 404, 406, 410, 416, 422, 429, 500, 502, 503, 504,
];

/// The status codes that have a series of their own in `heroku_cost_exporter_http_requests_total`.
pub(in crate::metrics) const HTTP_CODES: [u16; 10] =
    [200, 400, 401, 404, 405, 413, 429, 431, 500, 503];

/// The label value for everything that has no series of its own.
pub(in crate::metrics) const OTHER: &str = "other";

/// The code of a request without a response.
pub(in crate::metrics) const NO_RESPONSE: &str = "none";

/// The upper bounds of the buckets of `heroku_api_request_duration_seconds`, in seconds.
pub const API_REQUEST_DURATION_BUCKETS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const TEAM_NAME: Label = Label::new(
    "team_name",
    "The team's name; an enterprise account's where it is asked for all its teams, `_personal` for the personal account, `*` for the list of teams.",
);
const ENDPOINT: Label = Label::new(
    "endpoint",
    "`invoices` or `usage`; `teams` is the list of teams.",
);
const API_ENDPOINT: Label = Label::new(
    "endpoint",
    "`invoices`, `usage`, `team` and `enterprise_account` (who one is), `teams` (the list), `delinquency`, `licenses` or `authorizations`.",
);

const PER_ENDPOINT: &[Label] = &[TEAM_NAME, ENDPOINT];

const PER_FAILURE: &[Label] = &[
    TEAM_NAME,
    ENDPOINT,
    Label::new(
        "reason",
        "Why, in one of the words that docs/RELIABILITY.md lists.",
    ),
];

const PER_API_ENDPOINT: &[Label] = &[API_ENDPOINT];

const PER_CODE: &[Label] = &[
    API_ENDPOINT,
    Label::new(
        "code",
        "The HTTP status; `other` for an unusual one, `none` where there was no answer.",
    ),
];

const PER_PATH: &[Label] = &[
    Label::new(
        "path",
        "The path that was asked for; `other` for one that is not served.",
    ),
    Label::new("code", "The HTTP status; `other` for an unusual one."),
];

const BUILD: &[Label] = &[
    Label::new("version", "The program's version."),
    Label::new(
        "revision",
        "The commit that it was built from, or `unknown`.",
    ),
    Label::new("rustc", "The compiler's version."),
];
