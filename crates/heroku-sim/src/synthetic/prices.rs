//! Dyno sizes and plans of add-ons.
//!
//! Units and prices of dyno sizes are those of `GET /dyno-sizes`. Prices of add-ons approximate those
//! on <https://elements.heroku.com/addons>.

/// A dyno size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DynoSize {
    /// The name, as in a formation.
    pub(crate) name: &'static str,
    /// Thousandths of a dyno unit.
    pub(crate) milli_units: u64,
}

const fn size(name: &'static str, milli_units: u64) -> DynoSize {
    DynoSize { name, milli_units }
}

pub(crate) const ECO: DynoSize = size("Eco", 0);
pub(crate) const BASIC: DynoSize = size("Basic", 280);
pub(crate) const STANDARD_1X: DynoSize = size("Standard-1X", 1_000);
pub(crate) const STANDARD_2X: DynoSize = size("Standard-2X", 2_000);
pub(crate) const PERFORMANCE_M: DynoSize = size("Performance-M", 8_000);
pub(crate) const PERFORMANCE_L: DynoSize = size("Performance-L", 16_000);

/// The provider of an add-on: Heroku (`data`) or a partner (`partner`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Heroku,
    Partner,
}

/// A plan of an add-on service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The name: the service and the plan.
    pub(crate) name: &'static str,
    /// Cents per month.
    pub(crate) price: u64,
}

/// An add-on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addon {
    pub(crate) provider: Provider,
    pub(crate) plan: Plan,
    /// The larger plan after an upgrade.
    pub(crate) upgrade: Plan,
}

const fn addon(provider: Provider, name: &'static str, price: u64) -> Addon {
    let plan = Plan { name, price };
    Addon {
        provider,
        plan,
        upgrade: plan,
    }
}

const fn heroku(name: &'static str, price: u64) -> Addon {
    addon(Provider::Heroku, name, price)
}

const fn partner(name: &'static str, price: u64) -> Addon {
    addon(Provider::Partner, name, price)
}

impl Addon {
    /// Returns the add-on with an upgrade to the plan of `other` after 18 months.
    pub(crate) const fn upgraded_to(self, other: Addon) -> Addon {
        Addon {
            upgrade: other.plan,
            ..self
        }
    }
}

pub(crate) const POSTGRES_ESSENTIAL_0: Addon = heroku("heroku-postgresql:essential-0", 500);
pub(crate) const POSTGRES_ESSENTIAL_1: Addon = heroku("heroku-postgresql:essential-1", 900);
pub(crate) const POSTGRES_STANDARD_0: Addon = heroku("heroku-postgresql:standard-0", 5_000);
pub(crate) const POSTGRES_STANDARD_2: Addon = heroku("heroku-postgresql:standard-2", 20_000);
pub(crate) const POSTGRES_STANDARD_4: Addon = heroku("heroku-postgresql:standard-4", 75_000);
pub(crate) const POSTGRES_PREMIUM_2: Addon = heroku("heroku-postgresql:premium-2", 35_000);
pub(crate) const POSTGRES_PREMIUM_4: Addon = heroku("heroku-postgresql:premium-4", 120_000);
pub(crate) const KEY_VALUE_MINI: Addon = heroku("heroku-redis:mini", 300);
pub(crate) const KEY_VALUE_PREMIUM_0: Addon = heroku("heroku-redis:premium-0", 1_500);
pub(crate) const KEY_VALUE_PREMIUM_2: Addon = heroku("heroku-redis:premium-2", 6_000);
pub(crate) const KEY_VALUE_PREMIUM_3: Addon = heroku("heroku-redis:premium-3", 12_000);
pub(crate) const KAFKA_BASIC_0: Addon = heroku("heroku-kafka:basic-0", 10_000);

pub(crate) const PAPERTRAIL_FIXA: Addon = partner("papertrail:fixa", 800);
pub(crate) const PAPERTRAIL_FORSTA: Addon = partner("papertrail:forsta", 1_800);
pub(crate) const SENTRY_TEAM: Addon = partner("sentry:team", 2_900);
pub(crate) const SENTRY_BUSINESS: Addon = partner("sentry:business", 8_900);
pub(crate) const SENDGRID_BRONZE: Addon = partner("sendgrid:bronze", 995);
pub(crate) const SENDGRID_SILVER: Addon = partner("sendgrid:silver", 7_995);
pub(crate) const BONSAI_STANDARD: Addon = partner("bonsai:standard", 5_000);
pub(crate) const CLOUDAMQP_TIGER: Addon = partner("cloudamqp:tiger", 1_900);
pub(crate) const MEMCACHIER_500: Addon = partner("memcachier:500", 3_000);
pub(crate) const QUOTAGUARD_STATIC: Addon = partner("quotaguardstatic:starter", 1_900);
pub(crate) const SCOUT_APM: Addon = partner("scout:standard", 3_900);
pub(crate) const CLOUDINARY_PLUS: Addon = partner("cloudinary:plus", 9_900);
