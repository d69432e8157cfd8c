//! What the program tells of itself: whether its figures can be trusted, and what they cost.
//!
//! Every series is there from the first scrape on, before anything was polled, and none appears
//! only when something fails: an alert on a series that is not there yet never fires.

use expfmt::descriptor::{Label, Metric, MetricType};

use super::label;

/// `heroku_up`.
pub static UP: Metric = Metric {
    name: "heroku_up",
    kind: MetricType::Gauge,
    labels: PER_ENDPOINT,
    help: "Whether the last poll of this endpoint succeeded (1) or not (0, also before the first). Figures are polled; a scrape never asks Heroku.",
    source: "poll",
};

/// `heroku_cost_exporter_endpoint_available`.
pub static ENDPOINT_AVAILABLE: Metric = Metric {
    name: "heroku_cost_exporter_endpoint_available",
    kind: MetricType::Gauge,
    labels: PER_ENDPOINT,
    help: "Whether Heroku offers this endpoint to the team: 0 where it never answered but with 403, 404 or 410, else 1. Alert on heroku_up == 0 unless this is 0.",
    source: "poll",
};

/// `heroku_cost_exporter_last_success_timestamp_seconds`.
pub static LAST_SUCCESS: Metric = Metric {
    name: "heroku_cost_exporter_last_success_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: PER_ENDPOINT,
    help: "When Heroku last gave the figures that are shown, in Unix time; 0 if never. Figures stay while later polls fail.",
    source: "poll",
};

/// `heroku_cost_exporter_last_attempt_timestamp_seconds`.
pub static LAST_ATTEMPT: Metric = Metric {
    name: "heroku_cost_exporter_last_attempt_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: PER_ENDPOINT,
    help: "When the last poll of this endpoint ended, in Unix time; 0 before the first.",
    source: "poll",
};

/// `heroku_cost_exporter_data_changed_timestamp_seconds`.
pub static DATA_CHANGED: Metric = Metric {
    name: "heroku_cost_exporter_data_changed_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: PER_ENDPOINT,
    help: "When the figures last differed from those before, in Unix time; 0 if there are none. A fresh poll can carry old figures: Heroku renews them about nightly.",
    source: "poll",
};

/// `heroku_cost_exporter_poll_duration_seconds`.
pub static POLL_DURATION: Metric = Metric {
    name: "heroku_cost_exporter_poll_duration_seconds",
    kind: MetricType::Gauge,
    labels: PER_ENDPOINT,
    help: "How long the last poll of this endpoint took, with all its pages; 0 before the first.",
    source: "poll",
};

/// `heroku_cost_exporter_rows_left_out`.
pub static ROWS_LEFT_OUT: Metric = Metric {
    name: "heroku_cost_exporter_rows_left_out",
    kind: MetricType::Gauge,
    labels: PER_ENDPOINT,
    help: "Rows of the last answer that could not be understood and are left out of the figures.",
    source: "poll",
};

/// `heroku_cost_exporter_polls_total`.
pub static POLLS: Metric = Metric {
    name: "heroku_cost_exporter_polls_total",
    kind: MetricType::Counter,
    labels: PER_ENDPOINT,
    help: "Polls of this endpoint, whatever came of them.",
    source: "poll",
};

/// `heroku_cost_exporter_poll_failures_total`.
pub static POLL_FAILURES: Metric = Metric {
    name: "heroku_cost_exporter_poll_failures_total",
    kind: MetricType::Counter,
    labels: PER_FAILURE,
    help: "Polls of this endpoint that failed, by reason; the log says the same words.",
    source: "poll",
};

/// `heroku_api_requests_total`.
pub static API_REQUESTS: Metric = Metric {
    name: "heroku_api_requests_total",
    kind: MetricType::Counter,
    labels: PER_CODE,
    help: "Requests sent to Heroku. Each page of a list is one.",
    source: "heroku client",
};

/// `heroku_api_request_duration_seconds`.
pub static API_REQUEST_DURATION: Metric = Metric {
    name: "heroku_api_request_duration_seconds",
    kind: MetricType::Histogram,
    labels: PER_API_ENDPOINT,
    help: "How long requests to Heroku took, from the connection to the last byte.",
    source: "heroku client",
};

/// `heroku_api_rate_limit_remaining`.
pub static API_RATE_LIMIT_REMAINING: Metric = Metric {
    name: "heroku_api_rate_limit_remaining",
    kind: MetricType::Gauge,
    labels: &[],
    help: "Requests left to the account in Heroku's rate limit when it last answered; NaN before. It refills by 75 a minute up to 4500.",
    source: "RateLimit-Remaining",
};

/// `heroku_cost_exporter_build_info`.
pub static BUILD_INFO: Metric = Metric {
    name: "heroku_cost_exporter_build_info",
    kind: MetricType::Gauge,
    labels: BUILD,
    help: "Always 1; the labels say which build of the program this is.",
    source: "build",
};

/// `heroku_billing_month_elapsed_ratio`.
pub static BILLING_MONTH_ELAPSED: Metric = Metric {
    name: "heroku_billing_month_elapsed_ratio",
    kind: MetricType::Gauge,
    labels: &[],
    help: "How much of the current UTC month, by which Heroku bills, has passed by the clock, from 0 to 1. Figures are behind it: Heroku renews them about nightly.",
    source: "clock",
};

/// `process_cpu_seconds_total`.
pub static PROCESS_CPU: Metric = Metric {
    name: "process_cpu_seconds_total",
    kind: MetricType::Counter,
    labels: &[],
    help: "Processor time used by the process, user and system together.",
    source: "/proc/self/stat",
};

/// `process_open_fds`.
pub static PROCESS_OPEN_FDS: Metric = Metric {
    name: "process_open_fds",
    kind: MetricType::Gauge,
    labels: &[],
    help: "Open file descriptors of the process.",
    source: "/proc/self/fd",
};

/// `process_max_fds`.
pub static PROCESS_MAX_FDS: Metric = Metric {
    name: "process_max_fds",
    kind: MetricType::Gauge,
    labels: &[],
    help: "The most file descriptors that the process may open.",
    source: "/proc/self/limits",
};

/// `process_virtual_memory_bytes`.
pub static PROCESS_VIRTUAL_MEMORY: Metric = Metric {
    name: "process_virtual_memory_bytes",
    kind: MetricType::Gauge,
    labels: &[],
    help: "Virtual memory of the process.",
    source: "/proc/self/stat",
};

/// `process_resident_memory_bytes`.
pub static PROCESS_RESIDENT_MEMORY: Metric = Metric {
    name: "process_resident_memory_bytes",
    kind: MetricType::Gauge,
    labels: &[],
    help: "Resident memory of the process.",
    source: "/proc/self/stat",
};

/// `process_start_time_seconds`.
pub static PROCESS_START_TIME: Metric = Metric {
    name: "process_start_time_seconds",
    kind: MetricType::Gauge,
    labels: &[],
    help: "When the process started, in Unix time.",
    source: "/proc/self/stat",
};

/// `process_threads`.
pub static PROCESS_THREADS: Metric = Metric {
    name: "process_threads",
    kind: MetricType::Gauge,
    labels: &[],
    help: "Threads of the process.",
    source: "/proc/self/stat",
};

/// `heroku_cost_exporter_http_requests_total`.
pub static HTTP_REQUESTS: Metric = Metric {
    name: "heroku_cost_exporter_http_requests_total",
    kind: MetricType::Counter,
    labels: PER_PATH,
    help: "Requests answered by this program.",
    source: "server",
};

const TEAM_NAME: Label = label(
    "team_name",
    "The team's name; an enterprise account's where it is asked for all its teams, `_personal` for the personal account, `*` for the list of teams.",
);
const ENDPOINT: Label = label(
    "endpoint",
    "`invoices` or `usage`; `teams` is the list of teams.",
);
const API_ENDPOINT: Label = label(
    "endpoint",
    "`invoices`, `usage`, `team` and `enterprise_account` (who one is), `teams` (the list), `delinquency`, `licenses` or `authorizations`.",
);

const PER_ENDPOINT: &[Label] = &[TEAM_NAME, ENDPOINT];

const PER_FAILURE: &[Label] = &[
    TEAM_NAME,
    ENDPOINT,
    label(
        "reason",
        "Why, in one of the words that docs/RELIABILITY.md lists.",
    ),
];

const PER_API_ENDPOINT: &[Label] = &[API_ENDPOINT];

const PER_CODE: &[Label] = &[
    API_ENDPOINT,
    label(
        "code",
        "The HTTP status; `other` for an unusual one, `none` where there was no answer.",
    ),
];

const PER_PATH: &[Label] = &[
    label(
        "path",
        "The path that was asked for; `other` for one that is not served.",
    ),
    label("code", "The HTTP status; `other` for an unusual one."),
];

const BUILD: &[Label] = &[
    label("version", "The program's version."),
    label(
        "revision",
        "The commit that it was built from, or `unknown`.",
    ),
    label("rustc", "The compiler's version."),
];

/// All of them, in the order in which they are exposed.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    [
        &UP,
        &ENDPOINT_AVAILABLE,
        &LAST_SUCCESS,
        &LAST_ATTEMPT,
        &DATA_CHANGED,
        &POLL_DURATION,
        &ROWS_LEFT_OUT,
        &POLLS,
        &POLL_FAILURES,
        &API_REQUESTS,
        &API_REQUEST_DURATION,
        &API_RATE_LIMIT_REMAINING,
        &BUILD_INFO,
        &BILLING_MONTH_ELAPSED,
        &PROCESS_CPU,
        &PROCESS_OPEN_FDS,
        &PROCESS_MAX_FDS,
        &PROCESS_VIRTUAL_MEMORY,
        &PROCESS_RESIDENT_MEMORY,
        &PROCESS_START_TIME,
        &PROCESS_THREADS,
        &HTTP_REQUESTS,
    ]
    .into_iter()
}
