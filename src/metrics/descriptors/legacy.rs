//! The twenty metrics of the Go exporter that this program replaces.
//!
//! Existing dashboards depend on their names, labels and meaning, which therefore never change.

use expfmt::Label;

use super::macros::descriptors;

descriptors! {
    CURRENT_TOTAL: Gauge {
        name: "heroku_invoice_current_total_usd", labels: INVOICE_TOTAL_LABELS, source: "team-invoice.total",
        help: "Total of the current invoice: charges and credits combined, in US dollars.",
    }
    CURRENT_CHARGES: Gauge {
        name: "heroku_invoice_current_charges_total_usd", labels: INVOICE_LABELS, source: "team-invoice.charges_total",
        help: "Charges of the current invoice before credits, in US dollars.",
    }
    CURRENT_CREDITS: Gauge {
        name: "heroku_invoice_current_credits_total_usd", labels: INVOICE_LABELS, source: "team-invoice.credits_total",
        help: "Credits of the current invoice, in US dollars.",
    }
    CURRENT_ADDONS: Gauge {
        name: "heroku_invoice_current_addons_total_usd", labels: INVOICE_LABELS, source: "team-invoice.addons_total",
        help: "Add-on charges of the current invoice, in US dollars.",
    }
    CURRENT_DATABASE: Gauge {
        name: "heroku_invoice_current_database_total_usd", labels: INVOICE_LABELS, source: "team-invoice.database_total",
        help: "Database charges of the current invoice, in US dollars.",
    }
    CURRENT_PLATFORM: Gauge {
        name: "heroku_invoice_current_platform_total_usd", labels: INVOICE_LABELS, source: "team-invoice.platform_total",
        help: "Platform charges (dynos) of the current invoice, in US dollars.",
    }
    CURRENT_DYNO_UNITS: Gauge {
        name: "heroku_invoice_current_dyno_units", labels: INVOICE_LABELS, source: "team-invoice.dyno_units",
        help: "Dyno units of the current invoice, in unit-months.",
    }
    CURRENT_WEIGHTED_DYNO_HOURS: Gauge {
        name: "heroku_invoice_current_weighted_dyno_hours", labels: INVOICE_LABELS, source: "team-invoice.weighted_dyno_hours",
        help: "Dyno hours of the current invoice, weighted by dyno size.",
    }
    PREVIOUS_TOTAL: Gauge {
        name: "heroku_invoice_previous_total_usd", labels: INVOICE_TOTAL_LABELS, source: "team-invoice.total",
        help: "Total of the previous invoice: charges and credits combined, in US dollars.",
    }
    PREVIOUS_CHARGES: Gauge {
        name: "heroku_invoice_previous_charges_total_usd", labels: INVOICE_LABELS, source: "team-invoice.charges_total",
        help: "Charges of the previous invoice before credits, in US dollars.",
    }
    PREVIOUS_CREDITS: Gauge {
        name: "heroku_invoice_previous_credits_total_usd", labels: INVOICE_LABELS, source: "team-invoice.credits_total",
        help: "Credits of the previous invoice, in US dollars.",
    }
    PREVIOUS_ADDONS: Gauge {
        name: "heroku_invoice_previous_addons_total_usd", labels: INVOICE_LABELS, source: "team-invoice.addons_total",
        help: "Add-on charges of the previous invoice, in US dollars.",
    }
    PREVIOUS_DATABASE: Gauge {
        name: "heroku_invoice_previous_database_total_usd", labels: INVOICE_LABELS, source: "team-invoice.database_total",
        help: "Database charges of the previous invoice, in US dollars.",
    }
    PREVIOUS_PLATFORM: Gauge {
        name: "heroku_invoice_previous_platform_total_usd", labels: INVOICE_LABELS, source: "team-invoice.platform_total",
        help: "Platform charges (dynos) of the previous invoice, in US dollars.",
    }
    PREVIOUS_DYNO_UNITS: Gauge {
        name: "heroku_invoice_previous_dyno_units", labels: INVOICE_LABELS, source: "team-invoice.dyno_units",
        help: "Dyno units of the previous invoice, in unit-months.",
    }
    PREVIOUS_WEIGHTED_DYNO_HOURS: Gauge {
        name: "heroku_invoice_previous_weighted_dyno_hours", labels: INVOICE_LABELS, source: "team-invoice.weighted_dyno_hours",
        help: "Dyno hours of the previous invoice, weighted by dyno size.",
    }
    CURRENT_USAGE_USD: Gauge {
        name: "heroku_team_usage_current_usd", labels: USAGE_USD_LABELS, source: "team-monthly-usage.data, .addons, .connect, .partner, and of apps[]",
        help: "Add-on credits used in the current UTC month, one credit being about one US dollar of list price; the type connect counts rows, not money. Do not sum over type or app_name: addons is data plus partner, and _team_total stands beside the apps.",
    }
    CURRENT_USAGE_DYNO_UNITS: Gauge {
        name: "heroku_team_usage_current_dyno_units", labels: USAGE_LABELS, source: "team-monthly-usage.dynos, and of apps[]",
        help: "Dyno units used in the current UTC month, in unit-months: 0.368 is about eleven days of one unit. The app _team_total stands beside the apps.",
    }
    PREVIOUS_USAGE_USD: Gauge {
        name: "heroku_team_usage_previous_usd", labels: USAGE_USD_LABELS, source: "team-monthly-usage.data, .addons, .connect, .partner, and of apps[]",
        help: "Add-on credits used in the previous UTC month, one credit being about one US dollar of list price; the type connect counts rows, not money. Do not sum over type or app_name: addons is data plus partner, and _team_total stands beside the apps.",
    }
    PREVIOUS_USAGE_DYNO_UNITS: Gauge {
        name: "heroku_team_usage_previous_dyno_units", labels: USAGE_LABELS, source: "team-monthly-usage.dynos, and of apps[]",
        help: "Dyno units used in the previous UTC month, in unit-months: 0.368 is about eleven days of one unit. The app _team_total stands beside the apps.",
    }
}

const TEAM_NAME: Label = Label::new("team_name", "The team's name.");

/// The Go exporter knew one team and had no such label on invoices.
const TEAM_NAME_OF_SEVERAL: Label = Label {
    optional: true,
    ..TEAM_NAME
};

const PERIOD_END: Label = Label::new(
    "period_end",
    "The end of the invoice's period as Heroku wrote it; on an open invoice it can move every day.",
);

const INVOICE_TOTAL_LABELS: &[Label] = &[
    TEAM_NAME_OF_SEVERAL,
    Label::new(
        "payment_status",
        "The state of the payment in Heroku's own words, such as `Paid`.",
    ),
    Label::new(
        "state",
        "Heroku's number for the invoice's state: 0 pending, 1 successful, 2 failed.",
    ),
    PERIOD_END,
];

const INVOICE_LABELS: &[Label] = &[TEAM_NAME_OF_SEVERAL, PERIOD_END];

const APP_NAME: Label = Label::new(
    "app_name",
    "The app's name, or `_team_total` for the team's own figure.",
);

const MONTH: Label = Label::new("month", "The UTC month, as `2026-11`.");

const USAGE_USD_LABELS: &[Label] = &[
    TEAM_NAME,
    APP_NAME,
    Label::new(
        "type",
        "`data`, `partner`, `addons` (the two together) or `connect` (the most Heroku Connect rows synced: a count).",
    ),
    MONTH,
];

const USAGE_LABELS: &[Label] = &[TEAM_NAME, APP_NAME, MONTH];
