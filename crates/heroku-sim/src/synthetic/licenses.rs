//! Licences of a team with an enterprise contract (schema: `team-license`).

use serde_json::{Value, json};

use super::calendar::Month;
use super::usage::{MonthlyUsage, TeamAccount};

impl TeamAccount<'_> {
    /// Returns the licences with the consumption of the current month, rounded up, or `None` if the
    /// team has no contract. A contract covers a calendar year. `HerokuAddOnCredits1` is the name
    /// in the schema's example; the other names are derived from it.
    pub(crate) fn licenses(&self, usage: &MonthlyUsage<'_>) -> Option<Vec<Value>> {
        let contract = self.profile.contract?;
        let year = usage.month.year();
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
        let credits = (usage.total.data + usage.total.partner).div_ceil(100);
        let dyno_units = usage.total.dynos.div_ceil(1_000);
        let spaces = self.space_credits(usage).div_ceil(1_000);
        Some(vec![
            license("HerokuAddOnCredits1", contract.addon_credits, credits),
            license("HerokuDynoUnits1", contract.dyno_units, dyno_units),
            license("HerokuPrivateSpaces1", contract.spaces, spaces),
        ])
    }
}
