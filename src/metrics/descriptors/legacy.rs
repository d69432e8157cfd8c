//! The metrics of the Go exporter that this program replaces.
//!
//! Dashboards depend on their names, labels and values, which therefore never change.

use expfmt::Label;

use super::labels::{
    APP_NAME, MONTH, PAYMENT_STATUS, PERIOD_END, STATE, TEAM_NAME, TEAM_NAME_IF_SEVERAL, TYPE,
};
use super::macros::descriptors;

descriptors! {
    CURRENT_TOTAL: Gauge {
        name: "heroku_invoice_current_total_usd", labels: INVOICE_TOTAL_LABELS, source: "team-invoice.total",
        help: "Current (partial) Heroku invoice total in USD.",
    }
    CURRENT_CHARGES: Gauge {
        name: "heroku_invoice_current_charges_total_usd", labels: INVOICE_LABELS, source: "team-invoice.charges_total",
        help: "Current Heroku invoice charges total in USD; 0 in all invoices seen so far.",
    }
    CURRENT_CREDITS: Gauge {
        name: "heroku_invoice_current_credits_total_usd", labels: INVOICE_LABELS, source: "team-invoice.credits_total",
        help: "Current Heroku invoice credits total in USD.",
    }
    CURRENT_ADDONS: Gauge {
        name: "heroku_invoice_current_addons_total_usd", labels: INVOICE_LABELS, source: "team-invoice.addons_total",
        help: "Current Heroku invoice add-ons total in USD.",
    }
    CURRENT_DATABASE: Gauge {
        name: "heroku_invoice_current_database_total_usd", labels: INVOICE_LABELS, source: "team-invoice.database_total",
        help: "Current Heroku invoice database total in USD.",
    }
    CURRENT_PLATFORM: Gauge {
        name: "heroku_invoice_current_platform_total_usd", labels: INVOICE_LABELS, source: "team-invoice.platform_total",
        help: "Current Heroku invoice platform total in USD.",
    }
    CURRENT_DYNO_UNITS: Gauge {
        name: "heroku_invoice_current_dyno_units", labels: INVOICE_LABELS, source: "team-invoice.dyno_units",
        help: "Current Heroku invoice dyno units.",
    }
    CURRENT_WEIGHTED_DYNO_HOURS: Gauge {
        name: "heroku_invoice_current_weighted_dyno_hours", labels: INVOICE_LABELS, source: "team-invoice.weighted_dyno_hours",
        help: "Current Heroku invoice weighted dyno hours.",
    }
    PREVIOUS_TOTAL: Gauge {
        name: "heroku_invoice_previous_total_usd", labels: INVOICE_TOTAL_LABELS, source: "team-invoice.total",
        help: "Previous (complete) Heroku invoice total in USD.",
    }
    PREVIOUS_CHARGES: Gauge {
        name: "heroku_invoice_previous_charges_total_usd", labels: INVOICE_LABELS, source: "team-invoice.charges_total",
        help: "Previous Heroku invoice charges total in USD; 0 in all invoices seen so far.",
    }
    PREVIOUS_CREDITS: Gauge {
        name: "heroku_invoice_previous_credits_total_usd", labels: INVOICE_LABELS, source: "team-invoice.credits_total",
        help: "Previous Heroku invoice credits total in USD.",
    }
    PREVIOUS_ADDONS: Gauge {
        name: "heroku_invoice_previous_addons_total_usd", labels: INVOICE_LABELS, source: "team-invoice.addons_total",
        help: "Previous Heroku invoice add-ons total in USD.",
    }
    PREVIOUS_DATABASE: Gauge {
        name: "heroku_invoice_previous_database_total_usd", labels: INVOICE_LABELS, source: "team-invoice.database_total",
        help: "Previous Heroku invoice database total in USD.",
    }
    PREVIOUS_PLATFORM: Gauge {
        name: "heroku_invoice_previous_platform_total_usd", labels: INVOICE_LABELS, source: "team-invoice.platform_total",
        help: "Previous Heroku invoice platform total in USD.",
    }
    PREVIOUS_DYNO_UNITS: Gauge {
        name: "heroku_invoice_previous_dyno_units", labels: INVOICE_LABELS, source: "team-invoice.dyno_units",
        help: "Previous Heroku invoice dyno units.",
    }
    PREVIOUS_WEIGHTED_DYNO_HOURS: Gauge {
        name: "heroku_invoice_previous_weighted_dyno_hours", labels: INVOICE_LABELS, source: "team-invoice.weighted_dyno_hours",
        help: "Previous Heroku invoice weighted dyno hours.",
    }
    CURRENT_USAGE_USD: Gauge {
        name: "heroku_team_usage_current_usd", labels: USAGE_USD_LABELS, source: "team-monthly-usage.{data,addons,connect,partner,apps}",
        help: "Current month Heroku team usage cost in USD, or number of rows for type connect.",
    }
    CURRENT_USAGE_DYNO_UNITS: Gauge {
        name: "heroku_team_usage_current_dyno_units", labels: USAGE_LABELS, source: "team-monthly-usage.{dynos,apps}",
        help: "Current month Heroku team usage in dyno units.",
    }
    PREVIOUS_USAGE_USD: Gauge {
        name: "heroku_team_usage_previous_usd", labels: USAGE_USD_LABELS, source: "team-monthly-usage.{data,addons,connect,partner,apps}",
        help: "Previous month Heroku team usage cost in USD, or number of rows for type connect.",
    }
    PREVIOUS_USAGE_DYNO_UNITS: Gauge {
        name: "heroku_team_usage_previous_dyno_units", labels: USAGE_LABELS, source: "team-monthly-usage.{dynos,apps}",
        help: "Previous month Heroku team usage in dyno units.",
    }
}

const INVOICE_TOTAL_LABELS: &[Label] = &[TEAM_NAME_IF_SEVERAL, PAYMENT_STATUS, STATE, PERIOD_END];
const INVOICE_LABELS: &[Label] = &[TEAM_NAME_IF_SEVERAL, PERIOD_END];
const USAGE_USD_LABELS: &[Label] = &[TEAM_NAME, APP_NAME, TYPE, MONTH];
const USAGE_LABELS: &[Label] = &[TEAM_NAME, APP_NAME, MONTH];
