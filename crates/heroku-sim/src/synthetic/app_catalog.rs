//! The teams of a synthetic company and their long-running apps.

use super::app_lifecycle::{App, Process, Schedule};
use super::calendar::Month;
use super::ephemeral_apps::{self, ReviewApps, YearlyApps};
use super::prices::*;
use super::seeded_rng::SeededRng;

/// The date format of a team's invoices. Heroku's schema and its responses differ, so clients must
/// accept both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateFormat {
    /// `01/31/2014`, as in the schema's example.
    American,
    /// `2022-02-21`, as in responses.
    Iso,
}

/// The last date of a closed billing period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeriodEnd {
    LastOfMonth,
    FirstOfNext,
}

/// The fixed properties of a team.
#[derive(Debug)]
pub(crate) struct TeamProfile {
    /// The team's name without its prefix, the company's name.
    pub(crate) name: &'static str,
    /// Cents per dyno unit and month: 25 USD at list price, more with performance dynos.
    pub(crate) unit_price: u64,
    pub(crate) date_format: DateFormat,
    pub(crate) period_end: PeriodEnd,
    /// Whether the period of an open invoice ends on the current date instead of at the end of the
    /// month.
    pub(crate) open_ends_today: bool,
    /// The initial number of Heroku Connect rows; 0 without Heroku Connect.
    pub(crate) connect_rows: u64,
    /// Thousandths of a space credit per month; 0 without a space.
    pub(crate) space_credits: u64,
    /// The enterprise contract. A team with a contract belongs to the company's enterprise account.
    pub(crate) contract: Option<Contract>,
    long_running: &'static [LongRunningApp],
    review_apps: &'static [ReviewApps],
    yearly_apps: YearlyApps,
}

/// Monthly quantities of an enterprise contract. Licences have integer quantities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    pub(crate) dyno_units: u64,
    /// US dollars at list price.
    pub(crate) addon_credits: u64,
    pub(crate) spaces: u64,
}

/// An app that exists throughout all months.
#[derive(Debug)]
struct LongRunningApp {
    name: &'static str,
    /// Whether the app is missing from one in six companies.
    optional: bool,
    processes: &'static [Process],
    addons: &'static [Addon],
}

impl TeamProfile {
    /// Returns the apps that exist on any day from `first` to `last`, inclusive.
    pub(crate) fn apps(&self, rng: SeededRng, first: Month, last: Month) -> Vec<App> {
        let is_present = |app: &&LongRunningApp| {
            !app.optional || rng.below(&format!("hired/{}", app.name), 6) > 0
        };
        let long_running = self
            .long_running
            .iter()
            .filter(is_present)
            .map(|app| App::long_running(app.name, app.processes, app.addons));
        let yearly = ephemeral_apps::yearly_apps(rng, self.yearly_apps, first, last);
        let review_apps = self
            .review_apps
            .iter()
            .flat_map(|repository| repository.apps(rng, first, last));
        long_running.chain(yearly).chain(review_apps).collect()
    }
}

const fn required(
    name: &'static str,
    processes: &'static [Process],
    addons: &'static [Addon],
) -> LongRunningApp {
    LongRunningApp {
        name,
        optional: false,
        processes,
        addons,
    }
}

const fn optional(
    name: &'static str,
    processes: &'static [Process],
    addons: &'static [Addon],
) -> LongRunningApp {
    LongRunningApp {
        name,
        optional: true,
        processes,
        addons,
    }
}

/// Returns dynos that always run.
const fn steady(size: DynoSize, quantity: u64) -> Process {
    Process {
        size,
        quantity,
        schedule: Schedule::Steady,
    }
}

/// Returns dynos that always run, and `extra` dynos in busy hours.
const fn scaled(size: DynoSize, quantity: u64, extra: u64) -> Process {
    Process {
        size,
        quantity,
        schedule: Schedule::Scaled { extra },
    }
}

/// Returns a dyno that Heroku Scheduler runs for about `hours` hours per day.
const fn scheduled(size: DynoSize, hours: u32) -> Process {
    Process {
        size,
        quantity: 1,
        schedule: Schedule::Scheduled { hours },
    }
}

/// The teams of the company.
pub(crate) const TEAMS: [TeamProfile; 3] = [
    TeamProfile {
        name: "product",
        unit_price: 2_875,
        date_format: DateFormat::American,
        period_end: PeriodEnd::LastOfMonth,
        open_ends_today: false,
        connect_rows: 0,
        space_credits: 0,
        contract: None,
        long_running: PRODUCT,
        review_apps: &[
            ReviewApps {
                repository: "storefront",
                min_per_month: 3,
                max_per_month: 6,
            },
            ReviewApps {
                repository: "checkout-api",
                min_per_month: 1,
                max_per_month: 3,
            },
        ],
        yearly_apps: YearlyApps::Shop,
    },
    TeamProfile {
        name: "data",
        unit_price: 2_500,
        date_format: DateFormat::Iso,
        period_end: PeriodEnd::FirstOfNext,
        open_ends_today: false,
        connect_rows: 118_000,
        space_credits: 0,
        contract: None,
        long_running: DATA,
        review_apps: &[ReviewApps {
            repository: "dashboards",
            min_per_month: 0,
            max_per_month: 2,
        }],
        yearly_apps: YearlyApps::None,
    },
    TeamProfile {
        name: "platform",
        unit_price: 2_500,
        date_format: DateFormat::Iso,
        period_end: PeriodEnd::LastOfMonth,
        open_ends_today: true,
        connect_rows: 0,
        space_credits: 1_000,
        contract: Some(Contract {
            dyno_units: 60,
            addon_credits: 800,
            spaces: 1,
        }),
        long_running: PLATFORM,
        review_apps: &[ReviewApps {
            repository: "auth-gateway",
            min_per_month: 0,
            max_per_month: 2,
        }],
        yearly_apps: YearlyApps::LoadTests,
    },
];

const PRODUCT: &[LongRunningApp] = &[
    required(
        "storefront-web-production",
        &[scaled(PERFORMANCE_M, 2, 3), steady(STANDARD_2X, 2)],
        &[
            POSTGRES_PREMIUM_4,
            KEY_VALUE_PREMIUM_2,
            PAPERTRAIL_FORSTA,
            SENTRY_BUSINESS,
            SCOUT_APM,
            CLOUDINARY_PLUS,
        ],
    ),
    required(
        "storefront-web-staging",
        &[steady(STANDARD_1X, 2)],
        &[POSTGRES_STANDARD_0, KEY_VALUE_MINI],
    ),
    required(
        "checkout-api",
        &[scaled(STANDARD_2X, 3, 4), steady(STANDARD_1X, 2)],
        &[
            POSTGRES_PREMIUM_2,
            KEY_VALUE_PREMIUM_0,
            PAPERTRAIL_FORSTA,
            SENTRY_TEAM,
            QUOTAGUARD_STATIC,
        ],
    ),
    required(
        "checkout-api-staging",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_ESSENTIAL_1],
    ),
    required(
        "cart-service",
        &[scaled(STANDARD_2X, 2, 2)],
        &[
            POSTGRES_STANDARD_0.upgraded_to(POSTGRES_STANDARD_2),
            MEMCACHIER_500,
        ],
    ),
    required(
        "search-api",
        &[scaled(STANDARD_2X, 2, 2)],
        &[KEY_VALUE_PREMIUM_0, BONSAI_STANDARD, PAPERTRAIL_FIXA],
    ),
    optional("search-api-staging", &[steady(BASIC, 1)], &[]),
    required(
        "mobile-bff",
        &[scaled(STANDARD_1X, 3, 3)],
        &[KEY_VALUE_PREMIUM_0, SENTRY_TEAM],
    ),
    required(
        "accounts-api",
        &[steady(STANDARD_1X, 2)],
        &[POSTGRES_STANDARD_2, PAPERTRAIL_FIXA],
    ),
    optional(
        "accounts-api-staging",
        &[steady(BASIC, 1)],
        &[POSTGRES_ESSENTIAL_0],
    ),
    required(
        "notifications-worker",
        &[steady(STANDARD_1X, 2)],
        &[KEY_VALUE_PREMIUM_0, SENDGRID_SILVER],
    ),
    optional(
        "reviews-api",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_STANDARD_0],
    ),
    optional(
        "gift-cards",
        &[steady(BASIC, 2)],
        &[POSTGRES_ESSENTIAL_1, SENDGRID_BRONZE],
    ),
    required(
        "cms-production",
        &[steady(STANDARD_2X, 1)],
        &[POSTGRES_STANDARD_0, CLOUDINARY_PLUS],
    ),
    optional("cms-staging", &[steady(ECO, 1)], &[POSTGRES_ESSENTIAL_0]),
];

const DATA: &[LongRunningApp] = &[
    required(
        "etl-nightly",
        &[scheduled(PERFORMANCE_L, 3)],
        &[PAPERTRAIL_FIXA],
    ),
    required("etl-hourly", &[scheduled(STANDARD_2X, 8)], &[]),
    required(
        "warehouse-loader",
        &[steady(STANDARD_2X, 1)],
        &[POSTGRES_STANDARD_4],
    ),
    required(
        "events-collector",
        &[scaled(STANDARD_1X, 4, 4)],
        &[KAFKA_BASIC_0, SENTRY_TEAM],
    ),
    optional("events-collector-staging", &[steady(BASIC, 1)], &[]),
    required(
        "dashboards",
        &[steady(STANDARD_2X, 1)],
        &[POSTGRES_STANDARD_0, MEMCACHIER_500],
    ),
    required(
        "recommendations-api",
        &[scaled(STANDARD_2X, 2, 1)],
        &[KEY_VALUE_PREMIUM_2.upgraded_to(KEY_VALUE_PREMIUM_3)],
    ),
    required(
        "recommendations-training",
        &[scheduled(PERFORMANCE_L, 5)],
        &[],
    ),
    required(
        "salesforce-sync",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_STANDARD_2, QUOTAGUARD_STATIC],
    ),
    optional(
        "data-quality-checks",
        &[scheduled(STANDARD_1X, 4)],
        &[POSTGRES_ESSENTIAL_0],
    ),
];

const PLATFORM: &[LongRunningApp] = &[
    required(
        "auth-gateway",
        &[scaled(STANDARD_2X, 2, 2)],
        &[POSTGRES_PREMIUM_2, KEY_VALUE_PREMIUM_2, SENTRY_BUSINESS],
    ),
    required(
        "auth-gateway-staging",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_ESSENTIAL_1, KEY_VALUE_MINI],
    ),
    required(
        "webhooks-relay",
        &[scaled(STANDARD_1X, 2, 2)],
        &[CLOUDAMQP_TIGER, PAPERTRAIL_FIXA],
    ),
    required(
        "image-resizer",
        &[scaled(PERFORMANCE_M, 1, 1)],
        &[MEMCACHIER_500],
    ),
    required(
        "feature-flags",
        &[steady(STANDARD_1X, 2)],
        &[KEY_VALUE_PREMIUM_0],
    ),
    required(
        "internal-tools",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_STANDARD_0],
    ),
    optional(
        "status-page",
        &[steady(BASIC, 1)],
        &[POSTGRES_ESSENTIAL_0, SENDGRID_BRONZE],
    ),
    optional("docs-site", &[steady(ECO, 1)], &[PAPERTRAIL_FIXA]),
    optional("deploy-bot", &[steady(BASIC, 1)], &[KEY_VALUE_MINI]),
];
