//! What dynos weigh and what add-ons cost.
//!
//! The units are those of `GET /dyno-sizes` (`precise_dyno_units`). The prices are near the public
//! ones of <https://elements.heroku.com/addons>, which is all that "believable" asks for.

/// A dyno size, in thousandths of a dyno unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size(pub(crate) u64);

pub(crate) const ECO: Size = Size(0);
pub(crate) const BASIC: Size = Size(280);
pub(crate) const STANDARD_1X: Size = Size(1_000);
pub(crate) const STANDARD_2X: Size = Size(2_000);
pub(crate) const PERFORMANCE_M: Size = Size(8_000);
pub(crate) const PERFORMANCE_L: Size = Size(16_000);

/// Who makes an add-on: Heroku itself (`data`) or somebody else (`partner`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    Heroku,
    Partner,
}

/// An add-on at a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addon {
    pub(crate) maker: Maker,
    /// Cents a month.
    pub(crate) price: u64,
    /// Cents a month once the app has outgrown the plan.
    pub(crate) outgrown: u64,
}

const fn heroku(price: u64) -> Addon {
    Addon {
        maker: Maker::Heroku,
        price,
        outgrown: price,
    }
}

const fn partner(price: u64) -> Addon {
    Addon {
        maker: Maker::Partner,
        price,
        outgrown: price,
    }
}

impl Addon {
    /// The same add-on on an app that outgrows its plan after a year and a half.
    pub(crate) const fn growing_to(self, plan: Addon) -> Addon {
        Addon {
            outgrown: plan.price,
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
