//! Invoices of a team (schema: `team-invoice`). Amounts are integer cents.

use serde_json::{Value, json};

use super::app_catalog::{DateFormat, PeriodEnd, TEAMS};
use super::calendar::{Day, Month};
use super::usage::{MonthlyUsage, TeamAccount};

impl TeamAccount<'_> {
    /// Returns the invoice of a month: paid if the month is closed, else open.
    ///
    /// All dyno units have the same price: `platform_total` divided by `dyno_units`, except for
    /// rounding to a cent. Add-ons are billed at their credits in the usage.
    pub(crate) fn invoice(&self, usage: &MonthlyUsage<'_>) -> Value {
        let month = usage.month;
        let platform = (usage.total.dynos * self.profile.unit_price + 500) / 1_000;
        let charges = platform + usage.total.data + usage.total.partner;
        let credit = if usage.closed {
            self.credit(month).min(charges)
        } else {
            0
        };
        let unit_hours = usage.total.dynos * 24 * u64::from(month.days());
        let first = month.day(1);
        let today = month.day(u32::from(self.today.day().unsigned_abs()));
        let updated = if usage.closed {
            month.plus(1).day(1)
        } else {
            today
        };
        json!({
            "addons_total": usage.total.partner,
            "charges_total": charges,
            "created_at": format!("{}T00:00:00Z", first.iso()),
            "credits_total": -i64::try_from(credit).unwrap_or_default(),
            "database_total": usage.total.data,
            "dyno_units": usage.total.dynos as f64 / 1_000.0,
            "id": self.rng.uuid(&format!("invoice/{}/{}", self.profile.name, month.iso())),
            "number": self.invoice_number(month),
            "payment_status": if usage.closed { "Paid" } else { "Pending" },
            "period_end": self.format_date(self.period_end(month, if usage.closed { None } else { Some(today) })),
            "period_start": self.format_date(first),
            "platform_total": platform,
            "state": u8::from(usage.closed),
            "total": charges - credit,
            "updated_at": format!("{}T02:14:00Z", updated.iso()),
            "weighted_dyno_hours": unit_hours as f64 / 1_000.0,
        })
    }

    fn period_end(&self, month: Month, open_today: Option<Day>) -> Day {
        match (
            open_today.filter(|_| self.profile.open_ends_today),
            self.profile.period_end,
        ) {
            (Some(today), _) => today,
            (None, PeriodEnd::LastOfMonth) => month.day(month.days()),
            (None, PeriodEnd::FirstOfNext) => month.plus(1).day(1),
        }
    }

    fn format_date(&self, day: Day) -> String {
        match self.profile.date_format {
            DateFormat::American => day.american(),
            DateFormat::Iso => day.iso(),
        }
    }

    /// Returns the goodwill credit of a month, in steps of five dollars. About every fifth month
    /// has one.
    fn credit(&self, month: Month) -> u64 {
        let label = |suffix: &str| format!("{}/{}/{suffix}", self.profile.name, month.iso());
        let has_credit = self.rng.below(&label("credit"), 5) == 0;
        if has_credit {
            500 * u64::from(self.rng.between(&label("amount"), 5, 50))
        } else {
            0
        }
    }

    /// Returns the invoice number. The numbers of a team increase with time.
    fn invoice_number(&self, month: Month) -> u64 {
        let team = TEAMS
            .iter()
            .position(|team| team.name == self.profile.name)
            .unwrap_or_default();
        let label = format!("{}/{}/number", self.profile.name, month.iso());
        9_000_000
            + u64::from(month.phase(1_200, 12 * 280)) * 700
            + team as u64 * 200
            + self.rng.below(&label, 190)
    }
}
