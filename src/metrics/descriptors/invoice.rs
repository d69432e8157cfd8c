//! Invoices, by the month that they bill.
//!
//! What changes from month to month or from day to day, such as the end of an open invoice's
//! period, is a label of `heroku_invoice_info` only.

use expfmt::Label;

use super::macros::descriptors;

descriptors! {
    AMOUNT: Gauge {
        name: "heroku_invoice_amount_usd", labels: PER_TEAM, source: "team-invoice.total",
        help: "The amount of the invoice that bills the month: charges and credits combined, in US dollars. The invoice of the current month is open, and grows.",
    }
    CHARGES: Gauge {
        name: "heroku_invoice_charges_usd", labels: PER_TEAM, source: "team-invoice.charges_total",
        help: "Charges of the month's invoice before credits, in US dollars.",
    }
    CREDITS: Gauge {
        name: "heroku_invoice_credits_usd", labels: PER_TEAM, source: "team-invoice.credits_total",
        help: "Credits of the month's invoice, in US dollars.",
    }
    ADDONS: Gauge {
        name: "heroku_invoice_addons_usd", labels: PER_TEAM, source: "team-invoice.addons_total",
        help: "Add-on charges of the month's invoice, in US dollars.",
    }
    DATABASE: Gauge {
        name: "heroku_invoice_database_usd", labels: PER_TEAM, source: "team-invoice.database_total",
        help: "Database charges of the month's invoice, in US dollars.",
    }
    PLATFORM: Gauge {
        name: "heroku_invoice_platform_usd", labels: PER_TEAM, source: "team-invoice.platform_total",
        help: "Platform charges (dynos) of the month's invoice, in US dollars.",
    }
    UNEXPLAINED: Gauge {
        name: "heroku_invoice_unexplained_usd", labels: PER_TEAM, source: "team-invoice.total and team-monthly-usage",
        help: "The amount of the month's invoice less the team's cost by its usage, sum by (team_name, period) (heroku_team_cost_usd), in US dollars: credits, taxes, discounts and whatever else usage does not tell.",
    }
    DYNO_UNITS: Gauge {
        name: "heroku_invoice_dyno_units", labels: PER_TEAM, source: "team-invoice.dyno_units",
        help: "Dyno units on the month's invoice, averaged over the whole month.",
    }
    DYNO_SECONDS: Gauge {
        name: "heroku_invoice_dyno_seconds", labels: PER_TEAM, source: "team-invoice.weighted_dyno_hours",
        help: "Seconds of all dynos on the month's invoice, weighted by their size.",
    }
    INFO: Gauge {
        name: "heroku_invoice_info", labels: PER_INVOICE, source: "team-invoice.{number,payment_status,period_start,period_end}",
        help: "Always 1; the labels say which invoice bills the month.",
    }
    STATE: Gauge {
        name: "heroku_invoice_state", labels: PER_STATE, source: "team-invoice.state",
        help: "Whether the payment of the month's invoice is in this state (1) or not (0); all are 0 where Heroku tells a state that is none of these.",
    }
    PERIOD_START: Gauge {
        name: "heroku_invoice_period_start_timestamp_seconds", labels: PER_TEAM, source: "team-invoice.period_start",
        help: "The first day that the month's invoice covers: its beginning in UTC, in Unix time.",
    }
    PERIOD_END: Gauge {
        name: "heroku_invoice_period_end_timestamp_seconds", labels: PER_TEAM, source: "team-invoice.period_end",
        help: "The last day that the month's invoice covers or the first after it, for Heroku writes both: its beginning in UTC, in Unix time. That of an open invoice can move from day to day.",
    }
    UPDATED: Gauge {
        name: "heroku_invoice_updated_timestamp_seconds", labels: PER_TEAM, source: "team-invoice.updated_at",
        help: "When Heroku last changed the month's invoice, in Unix time.",
    }
    HISTORY: Gauge {
        name: "heroku_invoice_history_usd", labels: PER_MONTH, source: "team-invoice.total",
        help: "The amounts of the latest invoices before the current month's, in US dollars, so that a bar chart of a year needs no stored history. A month's series ends when it is no longer among the latest.",
    }
}

const TEAM_NAME: Label = Label::new("team_name", "The team's name.");
const PERIOD: Label = Label::new(
    "period",
    "`current`, which is the UTC month that it is, or `previous`, the one before: the month in which the invoice's period begins.",
);

const PER_TEAM: &[Label] = &[TEAM_NAME, PERIOD];
const PER_INVOICE: &[Label] = &[
    TEAM_NAME,
    PERIOD,
    Label::new("number", "The number that stands on the invoice."),
    Label::new(
        "payment_status",
        "The state of the payment in Heroku's words, such as `Paid`.",
    ),
    Label::new("period_start", "The first day, as in `2026-11-01`."),
    Label::new("period_end", "The end, as in `2026-11-30`."),
];
const PER_STATE: &[Label] = &[
    TEAM_NAME,
    PERIOD,
    Label::new("state", "`pending`, `successful` or `failed`."),
];
const PER_MONTH: &[Label] = &[
    TEAM_NAME,
    Label::new(
        "month",
        "The month that the invoice bills, as in `2026-10`.",
    ),
];
