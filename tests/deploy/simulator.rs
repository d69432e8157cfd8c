//! The simulated Heroku.

use heroku_sim::{Company, Simulator};

/// Starts a simulator of a synthetic company on the current day.
pub(crate) async fn start() -> Simulator {
    #[expect(
        clippy::disallowed_methods,
        reason = "the exporter under test uses the system clock"
    )]
    let now = jiff::Timestamp::now();
    let today = jiff::tz::Offset::UTC.to_datetime(now).date();
    let simulator = Simulator::builder(Company::synthetic(1, today), today);
    simulator.start().await.expect("a free loopback port")
}
