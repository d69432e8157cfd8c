//! Dyno units and add-on prices.
//!
//! Dyno units are those of `GET /dyno-sizes` (`precise_dyno_units`). Prices approximate those on
//! <https://elements.heroku.com/addons>.

/// A dyno size, in thousandths of a dyno unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DynoSize(pub(crate) u64);

pub(crate) const ECO: DynoSize = DynoSize(0);
pub(crate) const BASIC: DynoSize = DynoSize(280);
pub(crate) const STANDARD_1X: DynoSize = DynoSize(1_000);
pub(crate) const STANDARD_2X: DynoSize = DynoSize(2_000);
pub(crate) const PERFORMANCE_M: DynoSize = DynoSize(8_000);
pub(crate) const PERFORMANCE_L: DynoSize = DynoSize(16_000);

/// The provider of an add-on: Heroku (`data`) or a partner (`partner`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Heroku,
    Partner,
}

/// A plan of an add-on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addon {
    pub(crate) provider: Provider,
    /// Cents per month.
    pub(crate) price: u64,
    /// Cents per month after the upgrade to a larger plan.
    pub(crate) upgrade_price: u64,
}

const fn heroku(price: u64) -> Addon {
    Addon {
        provider: Provider::Heroku,
        price,
        upgrade_price: price,
    }
}

const fn partner(price: u64) -> Addon {
    Addon {
        provider: Provider::Partner,
        price,
        upgrade_price: price,
    }
}

impl Addon {
    /// Returns the add-on with an upgrade to `plan` after 18 months.
    pub(crate) const fn upgraded_to(self, plan: Addon) -> Addon {
        Addon {
            upgrade_price: plan.price,
            ..self
        }
    }
}

pub(crate) const POSTGRES_ESSENTIAL_0: Addon = heroku(500);
pub(crate) const POSTGRES_ESSENTIAL_1: Addon = heroku(900);
pub(crate) const POSTGRES_STANDARD_0: Addon = heroku(5_000);
pub(crate) const POSTGRES_STANDARD_2: Addon = heroku(20_000);
pub(crate) const POSTGRES_STANDARD_4: Addon = heroku(75_000);
pub(crate) const POSTGRES_PREMIUM_2: Addon = heroku(35_000);
pub(crate) const POSTGRES_PREMIUM_4: Addon = heroku(120_000);
pub(crate) const KEY_VALUE_MINI: Addon = heroku(300);
pub(crate) const KEY_VALUE_PREMIUM_0: Addon = heroku(1_500);
pub(crate) const KEY_VALUE_PREMIUM_2: Addon = heroku(6_000);
pub(crate) const KEY_VALUE_PREMIUM_3: Addon = heroku(12_000);
pub(crate) const KAFKA_BASIC_0: Addon = heroku(10_000);

pub(crate) const PAPERTRAIL_FIXA: Addon = partner(800);
pub(crate) const PAPERTRAIL_FORSTA: Addon = partner(1_800);
pub(crate) const SENTRY_TEAM: Addon = partner(2_900);
pub(crate) const SENTRY_BUSINESS: Addon = partner(8_900);
pub(crate) const SENDGRID_BRONZE: Addon = partner(995);
pub(crate) const SENDGRID_SILVER: Addon = partner(7_995);
pub(crate) const BONSAI_STANDARD: Addon = partner(5_000);
pub(crate) const CLOUDAMQP_TIGER: Addon = partner(1_900);
pub(crate) const MEMCACHIER_500: Addon = partner(3_000);
pub(crate) const QUOTAGUARD_STATIC: Addon = partner(1_900);
pub(crate) const SCOUT_APM: Addon = partner(3_900);
pub(crate) const CLOUDINARY_PLUS: Addon = partner(9_900);
