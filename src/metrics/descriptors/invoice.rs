//! Invoices by month.
//!
//! Values that change while an invoice is open, such as the end of its period, are labels of
//! `heroku_invoice_info` only.

use expfmt::Label;

use super::labels::{
    MONTH, NUMBER, PAYMENT_STATUS, PERIOD, PERIOD_END, PERIOD_START, STATE, TEAM_NAME,
};
use super::macros::descriptors;

descriptors! {
    AMOUNT: Gauge {
        name: "heroku_invoice_amount_usd", labels: PER_PERIOD, source: "team-invoice.total",
        help: "Invoice total, charges and credits combined, in USD.",
    }
    CHARGES: Gauge {
        name: "heroku_invoice_charges_usd", labels: PER_PERIOD, source: "team-invoice.charges_total",
        help: "Invoice charges as Heroku reports them, in USD; 0 in all invoices seen so far.",
    }
    CREDITS: Gauge {
        name: "heroku_invoice_credits_usd", labels: PER_PERIOD, source: "team-invoice.credits_total",
        help: "Invoice credits in USD.",
    }
    ADDONS: Gauge {
        name: "heroku_invoice_addons_usd", labels: PER_PERIOD, source: "team-invoice.addons_total",
        help: "Invoice charges for add-ons, in USD.",
    }
    DATABASE: Gauge {
        name: "heroku_invoice_database_usd", labels: PER_PERIOD, source: "team-invoice.database_total",
        help: "Invoice charges for databases, in USD.",
    }
    PLATFORM: Gauge {
        name: "heroku_invoice_platform_usd", labels: PER_PERIOD, source: "team-invoice.platform_total",
        help: "Invoice charges for the platform (dynos), in USD.",
    }
    UNEXPLAINED: Gauge {
        name: "heroku_invoice_unexplained_usd", labels: PER_PERIOD, source: "team-invoice.total, team-monthly-usage",
        help: "Invoice total minus the cost of the team's usage, in USD.",
    }
    DYNO_UNITS: Gauge {
        name: "heroku_invoice_dyno_units", labels: PER_PERIOD, source: "team-invoice.dyno_units",
        help: "Dyno units on the invoice, averaged over the month.",
    }
    DYNO_SECONDS: Gauge {
        name: "heroku_invoice_dyno_seconds", labels: PER_PERIOD, source: "team-invoice.weighted_dyno_hours",
        help: "Dyno time on the invoice in seconds, weighted by dyno size.",
    }
    INFO: Gauge {
        name: "heroku_invoice_info", labels: INFO_LABELS, source: "team-invoice.{number,payment_status,period_start,period_end}",
        help: "A metric with a constant '1' value labeled by the number, payment status and dates of the invoice.",
    }
    STATE_SET: Gauge {
        name: "heroku_invoice_state", labels: &[TEAM_NAME, PERIOD, STATE], source: "team-invoice.state",
        help: "Whether the invoice is in this payment state (1) or not (0).",
    }
    PERIOD_START_TIME: Gauge {
        name: "heroku_invoice_period_start_timestamp_seconds", labels: PER_PERIOD, source: "team-invoice.period_start",
        help: "Unix timestamp of the start of the invoice period.",
    }
    PERIOD_END_TIME: Gauge {
        name: "heroku_invoice_period_end_timestamp_seconds", labels: PER_PERIOD, source: "team-invoice.period_end",
        help: "Unix timestamp of the end date of the invoice period.",
    }
    UPDATED: Gauge {
        name: "heroku_invoice_updated_timestamp_seconds", labels: PER_PERIOD, source: "team-invoice.updated_at",
        help: "Unix timestamp of the last update of the invoice.",
    }
    HISTORY: Gauge {
        name: "heroku_invoice_history_usd", labels: &[TEAM_NAME, MONTH], source: "team-invoice.total",
        help: "Invoice totals of the months before the current one whose usage is unknown, in USD.",
    }
}

const PER_PERIOD: &[Label] = &[TEAM_NAME, PERIOD];
const INFO_LABELS: &[Label] = &[
    TEAM_NAME,
    PERIOD,
    NUMBER,
    PAYMENT_STATUS,
    PERIOD_START,
    PERIOD_END,
];
