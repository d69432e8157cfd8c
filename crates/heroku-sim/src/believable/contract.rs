//! What an enterprise team has bought for a year, as its licences tell it (schema: `team-license`).

use serde_json::{Value, json};

use super::calendar::Month;
use super::usage::Spent;

/// How much of each kind a team may use a month. Whole numbers, as licences are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    pub(crate) dyno_units: u64,
    /// List-price dollars a month.
    pub(crate) addon_credits: u64,
    pub(crate) spaces: u64,
}

impl Contract {
    /// The team's licences, of which `spent` has been consumed: that of the month that runs. A
    /// contract goes with the calendar year, and what is begun is consumed whole. The schema's
    /// example names add-on credits; the other names follow its form.
    pub(crate) fn licenses(self, spent: &Spent<'_>, spaces: u64) -> Vec<Value> {
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
        vec![
            license(
                "HerokuAddOnCredits1",
                self.addon_credits,
                credits.div_ceil(100),
            ),
            license(
                "HerokuDynoUnits1",
                self.dyno_units,
                spent.total.dynos.div_ceil(1_000),
            ),
            license("HerokuPrivateSpaces1", self.spaces, spaces.div_ceil(1_000)),
        ]
    }
}
