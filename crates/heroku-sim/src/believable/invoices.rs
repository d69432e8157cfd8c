//! A month of a team as an invoice (schema: `team-invoice`). Every money field is an integer number
//! of cents.

use serde_json::{Value, json};

use super::calendar::{Day, Month};
use super::cast::{Closes, Dates, TEAMS};
use super::usage::{Account, Spent};

impl Account<'_> {
    /// The month's invoice: paid when the month is closed, open while it runs.
    ///
    /// Dyno units are billed at one price, so `platform_total` divided by `dyno_units` is that
    /// price (but for the rounding to a cent), and each sort of add-on is billed at the credits
    /// that usage shows for it.
    pub(crate) fn invoice(&self, spent: &Spent<'_>) -> Value {
        let month = spent.month;
        let platform = (spent.total.dynos * self.cast.unit_price + 500) / 1_000;
        let charges = platform + spent.total.data + spent.total.partner;
        let credit = if spent.closed {
            self.credit(month).min(charges)
        } else {
            0
        };
        let unit_hours = spent.total.dynos * 24 * u64::from(month.days());
        let first = month.day(1);
        let today = month.day(u32::from(self.today.day().unsigned_abs()));
        let updated = if spent.closed {
            month.plus(1).day(1)
        } else {
            today
        };
        json!({
            "addons_total": spent.total.partner,
            "charges_total": charges,
            "created_at": format!("{}T00:00:00Z", first.iso()),
            "credits_total": -i64::try_from(credit).unwrap_or_default(),
            "database_total": spent.total.data,
            "dyno_units": spent.total.dynos as f64 / 1_000.0,
            "id": self.draws.uuid(&format!("invoice/{}/{}", self.cast.name, month.iso())),
            "number": self.number(month),
            "payment_status": if spent.closed { "Paid" } else { "Pending" },
            "period_end": self.date(self.period_end(month, if spent.closed { None } else { Some(today) })),
            "period_start": self.date(first),
            "platform_total": platform,
            "state": u8::from(spent.closed),
            "total": charges - credit,
            "updated_at": format!("{}T02:14:00Z", updated.iso()),
            "weighted_dyno_hours": unit_hours as f64 / 1_000.0,
        })
    }

    fn period_end(&self, month: Month, open_today: Option<Day>) -> Day {
        match (
            open_today.filter(|_| self.cast.open_ends_today),
            self.cast.closes,
        ) {
            (Some(today), _) => today,
            (None, Closes::LastOfMonth) => month.day(month.days()),
            (None, Closes::FirstOfNext) => month.plus(1).day(1),
        }
    }

    fn date(&self, day: Day) -> String {
        match self.cast.dates {
            Dates::American => day.american(),
            Dates::Iso => day.iso(),
        }
    }

    /// A goodwill credit about every fifth month, in steps of five dollars.
    fn credit(&self, month: Month) -> u64 {
        let label = |what: &str| format!("{}/{}/{what}", self.cast.name, month.iso());
        let granted = self.draws.below(&label("credit"), 5) == 0;
        if granted {
            500 * u64::from(self.draws.between(&label("amount"), 5, 50))
        } else {
            0
        }
    }

    /// Heroku numbers invoices as they come; a team's rise with time.
    fn number(&self, month: Month) -> u64 {
        let team = TEAMS
            .iter()
            .position(|team| team.name == self.cast.name)
            .unwrap_or_default();
        let label = format!("{}/{}/number", self.cast.name, month.iso());
        9_000_000
            + u64::from(month.phase(1_200, 12 * 280)) * 700
            + team as u64 * 200
            + self.draws.below(&label, 190)
    }
}
