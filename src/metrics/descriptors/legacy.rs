//! The twenty metrics of the program that this one replaces.
//!
//! Their names, label names and meaning are a contract with the dashboards that people have: they
//! do not change.

use expfmt::descriptor::{Label, Metric, MetricType, Presence};

/// The metrics of one of a team's invoices.
#[derive(Debug)]
pub struct InvoiceMetrics {
    /// `team-invoice.total`.
    pub total: Metric,
    /// `team-invoice.charges_total`.
    pub charges: Metric,
    /// `team-invoice.credits_total`.
    pub credits: Metric,
    /// `team-invoice.addons_total`.
    pub addons: Metric,
    /// `team-invoice.database_total`.
    pub database: Metric,
    /// `team-invoice.platform_total`.
    pub platform: Metric,
    /// `team-invoice.dyno_units`.
    pub dyno_units: Metric,
    /// `team-invoice.weighted_dyno_hours`.
    pub weighted_dyno_hours: Metric,
}

/// The metrics of one month of a team's usage.
#[derive(Debug)]
pub struct UsageMetrics {
    /// Add-on credits and Connect rows, by app and type.
    pub usd: Metric,
    /// Dyno units, by app.
    pub dyno_units: Metric,
}

/// The invoice with the latest period.
pub static CURRENT_INVOICE: InvoiceMetrics = InvoiceMetrics {
    total: Metric {
        name: "heroku_invoice_current_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_TOTAL_LABELS,
        help: "Total of the current invoice: charges and credits combined, in US dollars.",
        source: "team-invoice.total",
    },
    charges: Metric {
        name: "heroku_invoice_current_charges_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Charges of the current invoice before credits, in US dollars.",
        source: "team-invoice.charges_total",
    },
    credits: Metric {
        name: "heroku_invoice_current_credits_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Credits of the current invoice, in US dollars.",
        source: "team-invoice.credits_total",
    },
    addons: Metric {
        name: "heroku_invoice_current_addons_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Add-on charges of the current invoice, in US dollars.",
        source: "team-invoice.addons_total",
    },
    database: Metric {
        name: "heroku_invoice_current_database_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Database charges of the current invoice, in US dollars.",
        source: "team-invoice.database_total",
    },
    platform: Metric {
        name: "heroku_invoice_current_platform_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Platform charges (dynos) of the current invoice, in US dollars.",
        source: "team-invoice.platform_total",
    },
    dyno_units: Metric {
        name: "heroku_invoice_current_dyno_units",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Dyno units of the current invoice, in unit-months.",
        source: "team-invoice.dyno_units",
    },
    weighted_dyno_hours: Metric {
        name: "heroku_invoice_current_weighted_dyno_hours",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Dyno hours of the current invoice, weighted by dyno size.",
        source: "team-invoice.weighted_dyno_hours",
    },
};

/// The invoice of the period before that.
pub static PREVIOUS_INVOICE: InvoiceMetrics = InvoiceMetrics {
    total: Metric {
        name: "heroku_invoice_previous_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_TOTAL_LABELS,
        help: "Total of the previous invoice: charges and credits combined, in US dollars.",
        source: "team-invoice.total",
    },
    charges: Metric {
        name: "heroku_invoice_previous_charges_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Charges of the previous invoice before credits, in US dollars.",
        source: "team-invoice.charges_total",
    },
    credits: Metric {
        name: "heroku_invoice_previous_credits_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Credits of the previous invoice, in US dollars.",
        source: "team-invoice.credits_total",
    },
    addons: Metric {
        name: "heroku_invoice_previous_addons_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Add-on charges of the previous invoice, in US dollars.",
        source: "team-invoice.addons_total",
    },
    database: Metric {
        name: "heroku_invoice_previous_database_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Database charges of the previous invoice, in US dollars.",
        source: "team-invoice.database_total",
    },
    platform: Metric {
        name: "heroku_invoice_previous_platform_total_usd",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Platform charges (dynos) of the previous invoice, in US dollars.",
        source: "team-invoice.platform_total",
    },
    dyno_units: Metric {
        name: "heroku_invoice_previous_dyno_units",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Dyno units of the previous invoice, in unit-months.",
        source: "team-invoice.dyno_units",
    },
    weighted_dyno_hours: Metric {
        name: "heroku_invoice_previous_weighted_dyno_hours",
        kind: MetricType::Gauge,
        labels: INVOICE_LABELS,
        help: "Dyno hours of the previous invoice, weighted by dyno size.",
        source: "team-invoice.weighted_dyno_hours",
    },
};

/// The current UTC month.
pub static CURRENT_USAGE: UsageMetrics = UsageMetrics {
    usd: Metric {
        name: "heroku_team_usage_current_usd",
        kind: MetricType::Gauge,
        labels: USAGE_USD_LABELS,
        help: "Add-on credits used in the current UTC month, one credit being about one US dollar of list price; the type connect counts rows, not money. Do not sum over type or app_name: addons is data plus partner, and _team_total stands beside the apps.",
        source: "team-monthly-usage.data, .addons, .connect, .partner, and of apps[]",
    },
    dyno_units: Metric {
        name: "heroku_team_usage_current_dyno_units",
        kind: MetricType::Gauge,
        labels: USAGE_LABELS,
        help: "Dyno units used in the current UTC month, in unit-months: 0.368 is about eleven days of one unit. The app _team_total stands beside the apps.",
        source: "team-monthly-usage.dynos, and of apps[]",
    },
};

/// The previous UTC month.
pub static PREVIOUS_USAGE: UsageMetrics = UsageMetrics {
    usd: Metric {
        name: "heroku_team_usage_previous_usd",
        kind: MetricType::Gauge,
        labels: USAGE_USD_LABELS,
        help: "Add-on credits used in the previous UTC month, one credit being about one US dollar of list price; the type connect counts rows, not money. Do not sum over type or app_name: addons is data plus partner, and _team_total stands beside the apps.",
        source: "team-monthly-usage.data, .addons, .connect, .partner, and of apps[]",
    },
    dyno_units: Metric {
        name: "heroku_team_usage_previous_dyno_units",
        kind: MetricType::Gauge,
        labels: USAGE_LABELS,
        help: "Dyno units used in the previous UTC month, in unit-months: 0.368 is about eleven days of one unit. The app _team_total stands beside the apps.",
        source: "team-monthly-usage.dynos, and of apps[]",
    },
};

const TEAM_NAME: Label = Label {
    name: "team_name",
    meaning: "The team's name.",
    presence: Presence::Always,
};

/// The sixteen invoice metrics of several teams would collide without it.
const TEAM_NAME_OF_SEVERAL: Label = Label {
    presence: Presence::SeveralTeams,
    ..TEAM_NAME
};

const PERIOD_END: Label = Label {
    name: "period_end",
    meaning: "The end of the invoice's period as Heroku wrote it; on an open invoice it can move every day.",
    presence: Presence::Always,
};

const INVOICE_TOTAL_LABELS: &[Label] = &[
    TEAM_NAME_OF_SEVERAL,
    Label {
        name: "payment_status",
        meaning: "The state of the payment in Heroku's own words, such as `Paid`.",
        presence: Presence::Always,
    },
    Label {
        name: "state",
        meaning: "Heroku's number for the invoice's state: 0 pending, 1 successful, 2 failed.",
        presence: Presence::Always,
    },
    PERIOD_END,
];

const INVOICE_LABELS: &[Label] = &[TEAM_NAME_OF_SEVERAL, PERIOD_END];

const APP_NAME: Label = Label {
    name: "app_name",
    meaning: "The app's name, or `_team_total` for the team's own figure.",
    presence: Presence::Always,
};

const MONTH: Label = Label {
    name: "month",
    meaning: "The UTC month, as `2026-11`.",
    presence: Presence::Always,
};

const USAGE_USD_LABELS: &[Label] = &[
    TEAM_NAME,
    APP_NAME,
    Label {
        name: "type",
        meaning: "`data`, `partner`, `addons` (the two together) or `connect` (the most Heroku Connect rows synced: a count).",
        presence: Presence::Always,
    },
    MONTH,
];

const USAGE_LABELS: &[Label] = &[TEAM_NAME, APP_NAME, MONTH];

impl InvoiceMetrics {
    fn all(&self) -> [&Metric; 8] {
        [
            &self.total,
            &self.charges,
            &self.credits,
            &self.addons,
            &self.database,
            &self.platform,
            &self.dyno_units,
            &self.weighted_dyno_hours,
        ]
    }
}

impl UsageMetrics {
    fn all(&self) -> [&Metric; 2] {
        [&self.usd, &self.dyno_units]
    }
}

/// The twenty, in the order in which they are exposed.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    let invoices = [&CURRENT_INVOICE, &PREVIOUS_INVOICE]
        .into_iter()
        .flat_map(InvoiceMetrics::all);
    let usage = [&CURRENT_USAGE, &PREVIOUS_USAGE]
        .into_iter()
        .flat_map(UsageMetrics::all);
    invoices.chain(usage)
}
