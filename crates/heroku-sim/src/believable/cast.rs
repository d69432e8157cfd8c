//! Who is in the play: the teams, and the apps that they keep for years.

use super::calendar::Month;
use super::draws::Draws;
use super::life::{App, Process, Rhythm};
use super::passing::{self, ReviewApps};
use super::prices::*;

/// How a team's invoices write dates: Heroku's schema and its live answers differ, and a client has
/// to bear each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    /// `01/31/2014`, the schema's example.
    American,
    /// `2022-02-21`, as seen live.
    Iso,
}

/// When a closed period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closes {
    LastOfMonth,
    FirstOfNext,
}

/// A team, as the play has it.
#[derive(Debug)]
pub(crate) struct Team {
    /// The team's part of its name: the company's goes before it.
    pub(crate) name: &'static str,
    /// Cents for a dyno unit a month: 25 USD at list price, and more where performance dynos are
    /// among them.
    pub(crate) unit_price: u64,
    pub(crate) dates: Dates,
    pub(crate) closes: Closes,
    /// Whether an open invoice ends today and not at the end of its month.
    pub(crate) open_ends_today: bool,
    /// Heroku Connect rows to begin with, if the team syncs any.
    pub(crate) connect: u64,
    /// Thousandths of a space credit a month, if the team has a space.
    pub(crate) space: u64,
    /// What the team has licences for, if it belongs to the company's enterprise account.
    pub(crate) contract: Option<Contract>,
    staff: &'static [Role],
    review_apps: &'static [ReviewApps],
    passing: passing::Stories,
}

/// Monthly allowances of an enterprise contract. Licences have whole quantities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    pub(crate) dyno_units: u64,
    /// List-price dollars a month.
    pub(crate) addon_credits: u64,
    pub(crate) spaces: u64,
}

/// An app that is always there.
#[derive(Debug)]
struct Role {
    name: &'static str,
    /// Whether a company can do without it: one in six does.
    optional: bool,
    processes: &'static [Process],
    addons: &'static [Addon],
}

impl Team {
    /// Every app that lives on some day between two months, both included.
    pub(crate) fn apps(&self, draws: Draws, first: Month, last: Month) -> Vec<App> {
        let hired =
            |role: &&Role| !role.optional || draws.below(&format!("hired/{}", role.name), 6) > 0;
        let staff = self
            .staff
            .iter()
            .filter(hired)
            .map(|role| App::lasting(role.name, role.processes, role.addons));
        let stories = passing::stories(draws, self.passing, first, last);
        let reviews = self
            .review_apps
            .iter()
            .flat_map(|repository| repository.between(draws, first, last));
        staff.chain(stories).chain(reviews).collect()
    }
}

const fn keeps(
    name: &'static str,
    processes: &'static [Process],
    addons: &'static [Addon],
) -> Role {
    Role {
        name,
        optional: false,
        processes,
        addons,
    }
}

const fn may_keep(
    name: &'static str,
    processes: &'static [Process],
    addons: &'static [Addon],
) -> Role {
    Role {
        name,
        optional: true,
        processes,
        addons,
    }
}

/// Dynos that run day and night.
const fn steady(size: Size, quantity: u64) -> Process {
    Process {
        size,
        quantity,
        rhythm: Rhythm::Steady,
    }
}

/// Dynos that run day and night, and more of them when it is busy.
const fn scaled(size: Size, quantity: u64, extra: u64) -> Process {
    Process {
        size,
        quantity,
        rhythm: Rhythm::Scaled { extra },
    }
}

/// Dynos that Heroku Scheduler starts for a few hours a day.
const fn scheduled(size: Size, hours: u32) -> Process {
    Process {
        size,
        quantity: 1,
        rhythm: Rhythm::Scheduled { hours },
    }
}

/// The teams of the company.
pub(crate) const TEAMS: [Team; 3] = [
    Team {
        name: "product",
        unit_price: 2_875,
        dates: Dates::American,
        closes: Closes::LastOfMonth,
        open_ends_today: false,
        connect: 0,
        space: 0,
        contract: None,
        staff: PRODUCT,
        review_apps: &[
            ReviewApps {
                repository: "storefront",
                least: 3,
                most: 6,
            },
            ReviewApps {
                repository: "checkout-api",
                least: 1,
                most: 3,
            },
        ],
        passing: passing::Stories::Shop,
    },
    Team {
        name: "data",
        unit_price: 2_500,
        dates: Dates::Iso,
        closes: Closes::FirstOfNext,
        open_ends_today: false,
        connect: 118_000,
        space: 0,
        contract: None,
        staff: DATA,
        review_apps: &[ReviewApps {
            repository: "dashboards",
            least: 0,
            most: 2,
        }],
        passing: passing::Stories::None,
    },
    Team {
        name: "platform",
        unit_price: 2_500,
        dates: Dates::Iso,
        closes: Closes::LastOfMonth,
        open_ends_today: true,
        connect: 0,
        space: 1_000,
        contract: Some(Contract {
            dyno_units: 60,
            addon_credits: 800,
            spaces: 1,
        }),
        staff: PLATFORM,
        review_apps: &[ReviewApps {
            repository: "auth-gateway",
            least: 0,
            most: 2,
        }],
        passing: passing::Stories::LoadTests,
    },
];

const PRODUCT: &[Role] = &[
    keeps(
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
    keeps(
        "storefront-web-staging",
        &[steady(STANDARD_1X, 2)],
        &[POSTGRES_STANDARD_0, KEY_VALUE_MINI],
    ),
    keeps(
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
    keeps(
        "checkout-api-staging",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_ESSENTIAL_1],
    ),
    keeps(
        "cart-service",
        &[scaled(STANDARD_2X, 2, 2)],
        &[
            POSTGRES_STANDARD_0.growing_to(POSTGRES_STANDARD_2),
            MEMCACHIER_500,
        ],
    ),
    keeps(
        "search-api",
        &[scaled(STANDARD_2X, 2, 2)],
        &[KEY_VALUE_PREMIUM_0, BONSAI_STANDARD, PAPERTRAIL_FIXA],
    ),
    may_keep("search-api-staging", &[steady(BASIC, 1)], &[]),
    keeps(
        "mobile-bff",
        &[scaled(STANDARD_1X, 3, 3)],
        &[KEY_VALUE_PREMIUM_0, SENTRY_TEAM],
    ),
    keeps(
        "accounts-api",
        &[steady(STANDARD_1X, 2)],
        &[POSTGRES_STANDARD_2, PAPERTRAIL_FIXA],
    ),
    may_keep(
        "accounts-api-staging",
        &[steady(BASIC, 1)],
        &[POSTGRES_ESSENTIAL_0],
    ),
    keeps(
        "notifications-worker",
        &[steady(STANDARD_1X, 2)],
        &[KEY_VALUE_PREMIUM_0, SENDGRID_SILVER],
    ),
    may_keep(
        "reviews-api",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_STANDARD_0],
    ),
    may_keep(
        "gift-cards",
        &[steady(BASIC, 2)],
        &[POSTGRES_ESSENTIAL_1, SENDGRID_BRONZE],
    ),
    keeps(
        "cms-production",
        &[steady(STANDARD_2X, 1)],
        &[POSTGRES_STANDARD_0, CLOUDINARY_PLUS],
    ),
    may_keep("cms-staging", &[steady(ECO, 1)], &[POSTGRES_ESSENTIAL_0]),
];

const DATA: &[Role] = &[
    keeps(
        "etl-nightly",
        &[scheduled(PERFORMANCE_L, 3)],
        &[PAPERTRAIL_FIXA],
    ),
    keeps("etl-hourly", &[scheduled(STANDARD_2X, 8)], &[]),
    keeps(
        "warehouse-loader",
        &[steady(STANDARD_2X, 1)],
        &[POSTGRES_STANDARD_4],
    ),
    keeps(
        "events-collector",
        &[scaled(STANDARD_1X, 4, 4)],
        &[KAFKA_BASIC_0, SENTRY_TEAM],
    ),
    may_keep("events-collector-staging", &[steady(BASIC, 1)], &[]),
    keeps(
        "dashboards",
        &[steady(STANDARD_2X, 1)],
        &[POSTGRES_STANDARD_0, MEMCACHIER_500],
    ),
    keeps(
        "recommendations-api",
        &[scaled(STANDARD_2X, 2, 1)],
        &[KEY_VALUE_PREMIUM_2.growing_to(KEY_VALUE_PREMIUM_3)],
    ),
    keeps(
        "recommendations-training",
        &[scheduled(PERFORMANCE_L, 5)],
        &[],
    ),
    keeps(
        "salesforce-sync",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_STANDARD_2, QUOTAGUARD_STATIC],
    ),
    may_keep(
        "data-quality-checks",
        &[scheduled(STANDARD_1X, 4)],
        &[POSTGRES_ESSENTIAL_0],
    ),
];

const PLATFORM: &[Role] = &[
    keeps(
        "auth-gateway",
        &[scaled(STANDARD_2X, 2, 2)],
        &[POSTGRES_PREMIUM_2, KEY_VALUE_PREMIUM_2, SENTRY_BUSINESS],
    ),
    keeps(
        "auth-gateway-staging",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_ESSENTIAL_1, KEY_VALUE_MINI],
    ),
    keeps(
        "webhooks-relay",
        &[scaled(STANDARD_1X, 2, 2)],
        &[CLOUDAMQP_TIGER, PAPERTRAIL_FIXA],
    ),
    keeps(
        "image-resizer",
        &[scaled(PERFORMANCE_M, 1, 1)],
        &[MEMCACHIER_500],
    ),
    keeps(
        "feature-flags",
        &[steady(STANDARD_1X, 2)],
        &[KEY_VALUE_PREMIUM_0],
    ),
    keeps(
        "internal-tools",
        &[steady(STANDARD_1X, 1)],
        &[POSTGRES_STANDARD_0],
    ),
    may_keep(
        "status-page",
        &[steady(BASIC, 1)],
        &[POSTGRES_ESSENTIAL_0, SENDGRID_BRONZE],
    ),
    may_keep("docs-site", &[steady(ECO, 1)], &[PAPERTRAIL_FIXA]),
    may_keep("deploy-bot", &[steady(BASIC, 1)], &[KEY_VALUE_MINI]),
];
