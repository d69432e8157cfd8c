//! What Heroku usage and invoices cost, as plain data and pure functions.
//!
//! The crate does no I/O and does not read the clock. `None` means that Heroku did not report a
//! value; it never means zero. The usage and invoice types hold the fields of Heroku's schemas
//! `team-monthly-usage` and `team-invoice`, see
//! <https://devcenter.heroku.com/articles/platform-api-reference>.
//!
//! [`cost::TeamCost`] computes a month in five steps:
//!
//! 1. Choose the price of a dyno unit: the configured one, else the one that the team's invoice
//!    implies, else the list price ([`cost::PriceSource`]).
//! 2. Multiply each app's units and credits by their prices ([`price`]), rounded so that the apps
//!    add up to the cost of their sum.
//! 3. Put what the team's own amounts hold beyond its apps into [`category::Category::Other`].
//! 4. Forecast the month's end, per app and category ([`forecast`]), with the recorded [`nights`].
//! 5. Add up the apps that share a row ([`grouping`]).
//!
//! [`run_rate`] is what runs now, at the prices of [`resources`]. [`change`] explains why a forecast
//! differs from the month before; the program does not use it yet.
//!
//! ```
//! use billing::cost::{BillingInput, TeamCost};
//! use billing::money::Money;
//! use billing::rules::Rules;
//! use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
//!
//! let amounts = |dynos, data| UsageAmounts {
//!     dynos: Some(dynos),
//!     data: Some(data),
//!     ..UsageAmounts::default()
//! };
//! let november = MonthlyUsage {
//!     team_name: None,
//!     team: amounts(2.0, 60.0),
//!     spaces: Spaces::default(),
//!     apps: Some([("shop".to_owned(), amounts(1.5, 50.0))].into()),
//! };
//! let usage = Usage {
//!     months: [("2026-11".parse()?, november)].into(),
//! };
//! let input = BillingInput {
//!     usage: Some(&usage),
//!     ..BillingInput::default()
//! };
//! let cost = TeamCost::new(input, &Rules::default(), "2026-11-16T12:00:00Z".parse()?);
//!
//! // The team: 2 dyno units at the list price of 25 dollars, and 60 credits at one dollar.
//! assert_eq!(cost.current.total(), Money::from_cents(110_00));
//! // The app: 1.5 of these units, and 50 of these credits.
//! let rows = cost.current.cost.unwrap().rows;
//! assert_eq!(rows["shop"].cost.total(), Money::from_cents(87_50));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod category;
pub mod change;
pub mod cost;
pub mod forecast;
pub mod grouping;
pub mod interval;
pub mod invoice;
pub mod money;
pub mod month;
pub mod name_filter;
pub mod nights;
pub mod price;
pub mod resources;
pub mod rules;
pub mod run_rate;
pub mod usage;
