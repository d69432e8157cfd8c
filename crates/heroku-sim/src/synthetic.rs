//! A synthetic company with realistic figures: three teams, about fifty apps, thirteen months of
//! usage and matching invoices. One team belongs to an enterprise account, and a personal account
//! has its own invoices.
//!
//! The data has two properties:
//!
//! - **It is deterministic.** The same seed and date give the same company on every machine:
//!   figures are integers (thousandths of a dyno unit, cents) until they are serialized, and all
//!   random numbers come from [`SeededRng`].
//! - **It is continuous in time.** The usage of an app in a month is the sum of its days. Each day
//!   depends only on the seed, the app and the date, so past days never change. Events follow the
//!   calendar: each summer an old version of an app is deleted, and each November the storefront
//!   has a traffic peak.
//!
//! Figures include the days up to the start of `today` (UTC), because Heroku updates usage about
//! nightly. On the 1st, the current month therefore has no usage row and an open invoice of zero.

mod app_catalog;
mod app_lifecycle;
mod calendar;
mod ephemeral_apps;
mod invoices;
mod licenses;
mod live;
mod personal_invoices;
mod prices;
mod resources;
mod seeded_rng;
mod sized_company;
mod usage;

pub use sized_company::CompanySize;

use jiff::civil::Date;

use crate::company::{Company, EnterpriseAccount, Team};
use app_catalog::{TEAMS, TeamProfile};
use calendar::Month;
use seeded_rng::SeededRng;
use usage::{MonthlyUsage, TeamAccount};

/// The number of closed months. Heroku serves usage for the last twelve months.
const CLOSED_MONTHS: i32 = 12;

const COMPANY_NAMES: [&str; 8] = [
    "larkspur",
    "fernhill",
    "brightwater",
    "oakmoor",
    "saltmarsh",
    "wrenfield",
    "tidewell",
    "copperlane",
];

impl Company {
    /// Returns a synthetic company with realistic figures on a UTC date.
    ///
    /// The same seed and date always give the same company. Closed months are the same on all later
    /// dates.
    ///
    /// The invoices of a team match its usage: `dyno_units` is the month's `dynos`,
    /// `database_total` its `data` and `addons_total` its `partner`. `space` credits are part of
    /// usage but are not billed, as under a contract that includes the space. Credits are negative,
    /// and `total` is the sum of charges and credits.
    ///
    /// The team with a space belongs to the only enterprise account and has licences. No team is
    /// delinquent, and the token does not expire.
    #[must_use]
    pub fn synthetic(seed: u64, today: Date) -> Company {
        let rng = SeededRng::new(seed);
        let company = COMPANY_NAMES[rng.below("company", COMPANY_NAMES.len() as u64) as usize];
        let current = Month::of(today);
        let months: Vec<Month> = (-CLOSED_MONTHS..=0)
            .map(|offset| current.plus(offset))
            .collect();
        let mut pipelines = Vec::new();
        let team = |profile: &TeamProfile| {
            let name = format!("{company}-{}", profile.name);
            let id = rng.uuid(&format!("team/{}", profile.name));
            let apps = profile.apps(rng, months[0], current);
            let account = TeamAccount {
                rng,
                profile,
                id: &id,
                name: &name,
                apps: &apps,
                today,
            };
            let usage: Vec<MonthlyUsage> = months
                .iter()
                .map(|month| account.monthly_usage(*month))
                .collect();
            pipelines.extend(resources::pipelines(&account));
            Team {
                usage: usage
                    .iter()
                    .filter_map(|usage| account.usage_row(usage))
                    .collect(),
                invoices: usage.iter().map(|usage| account.invoice(usage)).collect(),
                licenses: usage.last().and_then(|usage| account.licenses(usage)),
                enterprise_account: profile.contract.map(|_| company.to_owned()),
                resources: resources::of_team(&account),
                id: id.clone(),
                name: name.clone(),
                ..Team::default()
            }
        };
        let teams = TEAMS.iter().map(team).collect();
        Company {
            teams,
            enterprise_accounts: vec![EnterpriseAccount {
                id: rng.uuid("enterprise-account"),
                name: company.to_owned(),
                usage: None,
            }],
            personal_invoices: months
                .iter()
                .map(|month| personal_invoices::invoice(rng, *month, today))
                .collect(),
            personal_resources: resources::of_person(rng, today),
            pipelines,
            dyno_sizes: None,
            token_expires_in: None,
        }
    }
}
