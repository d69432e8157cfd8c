//! A month of a team as the licences of its contract (schema: `team-license`).

use serde_json::{Value, json};

use super::calendar::Month;
use super::usage::{Account, Spent};

impl Account<'_> {
    /// The licences of a team with a contract, with the consumption of the current month, rounded
    /// up. A contract covers a calendar year. The schema's example names add-on credits; the other
    /// names follow its form.
    pub(crate) fn licenses(&self, spent: &Spent<'_>) -> Option<Vec<Value>> {
        let contract = self.cast.contract?;
        let year = spent.month.year();
        let (first, last) = (Month::new(year, 1).day(1), Month::new(year, 12).day(31));
        let license = |name: &str, quantity: u64, consumed: u64| {
            json!({
                "code": "add",
                "consumed": consumed,
                "end_date": last.iso(),
                "name": name,
                "qty": quantity,
                "start_date": first.iso(),
            })
        };
        let credits = spent.total.data + spent.total.partner;
        Some(vec![
            license(
                "HerokuAddOnCredits1",
                contract.addon_credits,
                credits.div_ceil(100),
            ),
            license(
                "HerokuDynoUnits1",
                contract.dyno_units,
                spent.total.dynos.div_ceil(1_000),
            ),
            license(
                "HerokuPrivateSpaces1",
                contract.spaces,
                self.space(spent).div_ceil(1_000),
            ),
        ])
    }
}
