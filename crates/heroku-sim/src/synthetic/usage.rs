//! Monthly usage of a team and its row of `GET /teams/{id}/usage/monthly` (schema:
//! `team-monthly-usage`).

use jiff::civil::Date;
use serde_json::{Value, json};

use super::app_catalog::TeamProfile;
use super::app_lifecycle::{App, AppUsage};
use super::calendar::Month;
use super::seeded_rng::SeededRng;

/// A team of a synthetic company on a date.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TeamAccount<'a> {
    pub(crate) rng: SeededRng,
    pub(crate) profile: &'a TeamProfile,
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) apps: &'a [App],
    pub(crate) today: Date,
}

/// A team's usage of a month, up to the start of the current day.
#[derive(Debug)]
pub(crate) struct MonthlyUsage<'a> {
    pub(crate) month: Month,
    /// The number of completed days.
    pub(crate) days: u32,
    pub(crate) closed: bool,
    pub(crate) apps: Vec<(&'a App, AppUsage)>,
    pub(crate) total: AppUsage,
}

impl<'a> TeamAccount<'a> {
    pub(crate) fn monthly_usage(&self, month: Month) -> MonthlyUsage<'a> {
        let closed = month < Month::of(self.today);
        let days = if closed {
            month.days()
        } else {
            u32::from(self.today.day().unsigned_abs()) - 1
        };
        let usage = |app: &'a App| app.usage(self.rng, month, days).map(|usage| (app, usage));
        let apps: Vec<_> = self.apps.iter().filter_map(usage).collect();
        // Sums of the rounded figures, so that the rows of the apps add up to the total exactly.
        let total = apps
            .iter()
            .fold(AppUsage::default(), |total, (_, app)| AppUsage {
                dynos: total.dynos + app.dynos,
                data: total.data + app.data,
                partner: total.partner + app.partner,
            });
        MonthlyUsage {
            month,
            days,
            closed,
            apps,
            total,
        }
    }

    /// Returns the month's row, or `None` on the 1st, when no day of the month is completed.
    pub(crate) fn usage_row(&self, usage: &MonthlyUsage<'_>) -> Option<Value> {
        let app_row = |(app, usage): &(&App, AppUsage)| {
            let mut row = figures(usage);
            row["app_name"] = json!(app.name);
            row
        };
        let mut row = figures(&usage.total);
        row["id"] = json!(self.id);
        row["name"] = json!(self.name);
        row["month"] = json!(usage.month.iso());
        row["connect"] = json!(self.connect_rows(usage));
        let space = self.space_credits(usage);
        row["space"] = scaled(space, 1_000);
        if self.profile.space_credits > 0 {
            // Undocumented fields that Heroku serves. The team's only space is a private space.
            for (field, credits) in [("private_space", space), ("shield_space", 0)] {
                row[field] = scaled(credits, 1_000);
                row[format!("{field}_credits")] = scaled(credits, 1_000);
            }
        }
        row["apps"] = Value::Array(usage.apps.iter().map(app_row).collect());
        (usage.days > 0).then_some(row)
    }

    /// Returns the space credits of the completed days, in thousandths.
    pub(crate) fn space_credits(&self, usage: &MonthlyUsage<'_>) -> u64 {
        self.profile.space_credits * u64::from(usage.days) / u64::from(usage.month.days())
    }

    /// Returns the maximum number of Heroku Connect rows on a completed day. The number grows every
    /// day, and is reset every three years.
    fn connect_rows(&self, usage: &MonthlyUsage<'_>) -> u64 {
        let months = u64::from(usage.month.phase(36, 0));
        let rows = |day: u32| {
            let label = format!("connect/{}", usage.month.day(day).iso());
            let noise = self.rng.below(&label, 400);
            self.profile.connect_rows + months * 2_600 + u64::from(day) * 70 + noise
        };
        if self.profile.connect_rows == 0 {
            0
        } else {
            (1..=usage.days).map(rows).max().unwrap_or(0)
        }
    }
}

fn figures(usage: &AppUsage) -> Value {
    json!({
        "addons": scaled(usage.data + usage.partner, 100),
        "data": scaled(usage.data, 100),
        "dynos": scaled(usage.dynos, 1_000),
        "partner": scaled(usage.partner, 100),
    })
}

/// Returns `count / scale` as a JSON number. If there is no remainder, the number is an integer, as
/// many serializers write it. This exposes clients that accept only floats.
pub(crate) fn scaled(count: u64, scale: u64) -> Value {
    if count.is_multiple_of(scale) {
        json!(count / scale)
    } else {
        json!(count as f64 / scale as f64)
    }
}
