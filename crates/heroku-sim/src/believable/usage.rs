//! What a team used in a month, and the row of `GET /teams/{id}/usage/monthly` that says so
//! (schema: `team-monthly-usage`).

use jiff::civil::Date;
use serde_json::{Value, json};

use super::calendar::Month;
use super::cast::Team;
use super::draws::Draws;
use super::life::{App, Figures};

/// A team whose months are told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    pub(crate) draws: Draws,
    pub(crate) cast: &'a Team,
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) apps: &'a [App],
    pub(crate) today: Date,
}

/// A month of a team.
#[derive(Debug)]
pub(crate) struct Spent<'a> {
    pub(crate) month: Month,
    /// The days that are over.
    pub(crate) days: u32,
    /// Whether the month is.
    pub(crate) closed: bool,
    pub(crate) apps: Vec<(&'a App, Figures)>,
    pub(crate) total: Figures,
}

impl<'a> Account<'a> {
    pub(crate) fn spent(&self, month: Month) -> Spent<'a> {
        let closed = month < Month::of(self.today);
        let days = if closed {
            month.days()
        } else {
            u32::from(self.today.day().unsigned_abs()) - 1
        };
        let figures = |app: &'a App| {
            app.figures(self.draws, month, days)
                .map(|figures| (app, figures))
        };
        let apps: Vec<_> = self.apps.iter().filter_map(figures).collect();
        // Sums of what is shown: each app is rounded first, so the totals add up to the last digit.
        let total = apps
            .iter()
            .fold(Figures::default(), |total, (_, app)| Figures {
                dynos: total.dynos + app.dynos,
                data: total.data + app.data,
                partner: total.partner + app.partner,
            });
        Spent {
            month,
            days,
            closed,
            apps,
            total,
        }
    }

    /// The month's row; none on the 1st, when nothing of the month is over.
    pub(crate) fn row(&self, spent: &Spent<'_>) -> Option<Value> {
        let app = |(app, figures): &(&App, Figures)| {
            let mut row = amounts(figures);
            row["app_name"] = json!(app.name);
            row
        };
        let mut row = amounts(&spent.total);
        row["id"] = json!(self.id);
        row["name"] = json!(self.name);
        row["month"] = json!(spent.month.iso());
        row["connect"] = json!(self.connect(spent));
        let space = self.space(spent);
        row["space"] = thousandths(space);
        if self.cast.space > 0 {
            // Not in the schema, and seen live. The team's one space is a private one.
            for (field, figure) in [("private_space", space), ("shield_space", 0)] {
                row[field] = thousandths(figure);
                row[format!("{field}_credits")] = thousandths(figure);
            }
        }
        row["apps"] = Value::Array(spent.apps.iter().map(app).collect());
        (spent.days > 0).then_some(row)
    }

    /// Thousandths of a space credit, for the days that are over.
    pub(crate) fn space(&self, spent: &Spent<'_>) -> u64 {
        self.cast.space * u64::from(spent.days) / u64::from(spent.month.days())
    }

    /// The most rows synced on any day of the month so far: a count that grows by the day, and by a
    /// fresh start every third year.
    fn connect(&self, spent: &Spent<'_>) -> u64 {
        let months = u64::from(spent.month.phase(36, 0));
        let rows = |day: u32| {
            let noise = self
                .draws
                .below(&format!("connect/{}", spent.month.day(day).iso()), 400);
            self.cast.connect + months * 2_600 + u64::from(day) * 70 + noise
        };
        if self.cast.connect == 0 {
            0
        } else {
            (1..=spent.days).map(rows).max().unwrap_or(0)
        }
    }
}

fn amounts(figures: &Figures) -> Value {
    json!({
        "addons": hundredths(figures.data + figures.partner),
        "data": hundredths(figures.data),
        "dynos": thousandths(figures.dynos),
        "partner": hundredths(figures.partner),
    })
}

/// A number with up to three decimals. A whole one has none, as many a JSON writer has it: a client
/// that insists on a float is found out.
pub(crate) fn thousandths(number: u64) -> Value {
    if number.is_multiple_of(1_000) {
        json!(number / 1_000)
    } else {
        json!(number as f64 / 1_000.0)
    }
}

fn hundredths(number: u64) -> Value {
    if number.is_multiple_of(100) {
        json!(number / 100)
    } else {
        json!(number as f64 / 100.0)
    }
}
