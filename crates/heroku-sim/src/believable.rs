//! A made-up company that could be real: three teams, some fifty apps, thirteen months of usage and
//! a year of invoices that agree with it. One of the teams belongs to an enterprise account, whose
//! usage is that team's, and somebody's personal account has invoices of its own.
//!
//! Two promises shape everything here. **The same seed and day give the same company**, on every
//! machine: all figures are integers (thousandths of a dyno unit, cents) until they are written,
//! and all chance comes from [`Draws`], which names each number that it draws. **Tomorrow's company
//! is today's grown by a day**: an app's figure for a month is a sum over the days of that month,
//! each day's part depends on the seed, the app and that day alone, and a day that is over never
//! changes. So stories are tied to the calendar and not to `today`: each summer an old version of
//! an app is switched off, each November the shop is busy.
//!
//! A figure covers the days up to the start of `today` (UTC), since Heroku renews usage about
//! nightly. Hence on the 1st the current month has no usage row at all, and an open invoice of
//! nothing.

mod calendar;
mod cast;
mod draws;
mod invoices;
mod licenses;
mod life;
mod passing;
mod personal;
mod prices;
mod usage;

use jiff::civil::Date;

use crate::company::{Company, EnterpriseAccount, Team};
use cast::TEAMS;

pub(crate) use calendar::Month;
pub(crate) use draws::Draws;

/// The closed months that are given: Heroku's usage reaches back twelve.
const CLOSED_MONTHS: i32 = 12;

/// Names that a shop might have. The seed picks one.
const COMPANIES: [&str; 8] = [
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
    /// A believable company on a day: the same for the same seed and day, and continuous in time,
    /// so that a closed month never changes when `today` moves.
    ///
    /// Every team has invoices and usage, and the two agree: `dyno_units` is the month's `dynos`,
    /// `database_total` its `data` and `addons_total` its `partner`. `space` credits are reported
    /// in usage and not billed, as under a contract that includes the space. Credits are negative,
    /// and `total` is charges plus credits.
    ///
    /// The team that has a space belongs to the company's one enterprise account and has licences.
    /// No team is delinquent, and the token does not expire.
    #[must_use]
    pub fn believable(seed: u64, today: Date) -> Company {
        let draws = Draws::new(seed);
        let company = COMPANIES[draws.below("company", COMPANIES.len() as u64) as usize];
        let this = Month::of(today);
        let months: Vec<Month> = (0..=CLOSED_MONTHS)
            .map(|back| this.plus(back - CLOSED_MONTHS))
            .collect();
        let team = |cast: &cast::Team| {
            let name = format!("{company}-{}", cast.name);
            let id = draws.uuid(&format!("team/{}", cast.name));
            let apps = cast.apps(draws, months[0], this);
            let account = usage::Account {
                draws,
                cast,
                id: &id,
                name: &name,
                apps: &apps,
                today,
            };
            let spent: Vec<usage::Spent> =
                months.iter().map(|month| account.spent(*month)).collect();
            Team {
                usage: spent
                    .iter()
                    .filter_map(|spent| account.row(spent))
                    .collect(),
                invoices: spent.iter().map(|spent| account.invoice(spent)).collect(),
                licenses: spent.last().and_then(|spent| account.licenses(spent)),
                enterprise_account: cast.contract.map(|_| company.to_owned()),
                id: id.clone(),
                name: name.clone(),
                ..Team::default()
            }
        };
        Company {
            teams: TEAMS.iter().map(team).collect(),
            enterprise_accounts: vec![EnterpriseAccount {
                id: draws.uuid("enterprise-account"),
                name: company.to_owned(),
                usage: None,
            }],
            personal_invoices: months
                .iter()
                .map(|month| personal::invoice(draws, *month, today))
                .collect(),
            token_expires_in: None,
        }
    }
}
