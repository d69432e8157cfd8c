//! Invoices, by the month that they bill.
//!
//! What changes from month to month or from day to day, such as the end of an open invoice's
//! period, is a label of `heroku_invoice_info` alone.

use expfmt::descriptor::{Label, Metric, MetricType};

use super::label;

/// `heroku_invoice_amount_usd`.
pub static AMOUNT: Metric = Metric {
    name: "heroku_invoice_amount_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "The amount of the invoice that bills the month: charges and credits combined, in US dollars. The invoice of the current month is open, and grows.",
    source: "team-invoice.total",
};

/// `heroku_invoice_charges_usd`.
pub static CHARGES: Metric = Metric {
    name: "heroku_invoice_charges_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Charges of the month's invoice before credits, in US dollars.",
    source: "team-invoice.charges_total",
};

/// `heroku_invoice_credits_usd`.
pub static CREDITS: Metric = Metric {
    name: "heroku_invoice_credits_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Credits of the month's invoice, in US dollars.",
    source: "team-invoice.credits_total",
};

/// `heroku_invoice_addons_usd`.
pub static ADDONS: Metric = Metric {
    name: "heroku_invoice_addons_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Add-on charges of the month's invoice, in US dollars.",
    source: "team-invoice.addons_total",
};

/// `heroku_invoice_database_usd`.
pub static DATABASE: Metric = Metric {
    name: "heroku_invoice_database_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Database charges of the month's invoice, in US dollars.",
    source: "team-invoice.database_total",
};

/// `heroku_invoice_platform_usd`.
pub static PLATFORM: Metric = Metric {
    name: "heroku_invoice_platform_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Platform charges (dynos) of the month's invoice, in US dollars.",
    source: "team-invoice.platform_total",
};

/// `heroku_invoice_unexplained_usd`.
pub static UNEXPLAINED: Metric = Metric {
    name: "heroku_invoice_unexplained_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "The amount of the month's invoice less the team's cost by its usage, sum by (team_name, period) (heroku_team_cost_usd), in US dollars: credits, taxes, discounts and whatever else usage does not tell.",
    source: "team-invoice.total and team-monthly-usage",
};

/// `heroku_invoice_dyno_units`.
pub static DYNO_UNITS: Metric = Metric {
    name: "heroku_invoice_dyno_units",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Dyno units on the month's invoice, averaged over the whole month.",
    source: "team-invoice.dyno_units",
};

/// `heroku_invoice_dyno_seconds`.
pub static DYNO_SECONDS: Metric = Metric {
    name: "heroku_invoice_dyno_seconds",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Seconds of all dynos on the month's invoice, weighted by their size.",
    source: "team-invoice.weighted_dyno_hours",
};

/// `heroku_invoice_info`.
pub static INFO: Metric = Metric {
    name: "heroku_invoice_info",
    kind: MetricType::Gauge,
    labels: PER_INVOICE,
    help: "Always 1; the labels say which invoice bills the month.",
    source: "team-invoice.{number,payment_status,period_start,period_end}",
};

/// `heroku_invoice_state`.
pub static STATE: Metric = Metric {
    name: "heroku_invoice_state",
    kind: MetricType::Gauge,
    labels: PER_STATE,
    help: "Whether the payment of the month's invoice is in this state (1) or not (0); all are 0 where Heroku tells a state that is none of these.",
    source: "team-invoice.state",
};

/// `heroku_invoice_period_start_timestamp_seconds`.
pub static PERIOD_START: Metric = Metric {
    name: "heroku_invoice_period_start_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "The first day that the month's invoice covers: its beginning in UTC, in Unix time.",
    source: "team-invoice.period_start",
};

/// `heroku_invoice_period_end_timestamp_seconds`.
pub static PERIOD_END: Metric = Metric {
    name: "heroku_invoice_period_end_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "The last day that the month's invoice covers or the first after it, for Heroku writes both: its beginning in UTC, in Unix time. That of an open invoice can move from day to day.",
    source: "team-invoice.period_end",
};

/// `heroku_invoice_updated_timestamp_seconds`.
pub static UPDATED: Metric = Metric {
    name: "heroku_invoice_updated_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "When Heroku last changed the month's invoice, in Unix time.",
    source: "team-invoice.updated_at",
};

/// `heroku_invoice_history_usd`.
pub static HISTORY: Metric = Metric {
    name: "heroku_invoice_history_usd",
    kind: MetricType::Gauge,
    labels: PER_MONTH,
    help: "The amounts of the latest invoices before the current month's, in US dollars, so that a bar chart of a year needs no stored history. A month's series ends when it is no longer among the latest.",
    source: "team-invoice.total",
};

const TEAM_NAME: Label = label("team_name", "The team's name.");
const PERIOD: Label = label(
    "period",
    "`current`, which is the UTC month that it is, or `previous`, the one before: the month in which the invoice's period begins.",
);

const PER_TEAM: &[Label] = &[TEAM_NAME, PERIOD];
const PER_INVOICE: &[Label] = &[
    TEAM_NAME,
    PERIOD,
    label("number", "The number that stands on the invoice."),
    label(
        "payment_status",
        "The state of the payment in Heroku's words, such as `Paid`.",
    ),
    label("period_start", "The first day, as in `2026-11-01`."),
    label("period_end", "The end, as in `2026-11-30`."),
];
const PER_STATE: &[Label] = &[
    TEAM_NAME,
    PERIOD,
    label("state", "`pending`, `successful` or `failed`."),
];
const PER_MONTH: &[Label] = &[
    TEAM_NAME,
    label(
        "month",
        "The month that the invoice bills, as in `2026-10`.",
    ),
];

/// All of them, in the order in which they are exposed.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    [
        &AMOUNT,
        &CHARGES,
        &CREDITS,
        &ADDONS,
        &DATABASE,
        &PLATFORM,
        &UNEXPLAINED,
        &DYNO_UNITS,
        &DYNO_SECONDS,
        &INFO,
        &STATE,
        &PERIOD_START,
        &PERIOD_END,
        &UPDATED,
        &HISTORY,
    ]
    .into_iter()
}
