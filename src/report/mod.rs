//! What a company's teams cost, for a person to read: the figures of the metrics, added up once
//! more for the whole company, as a table, as JSON or as CSV.
//!
//! Everything here is a pure function of a Snapshot, the rules and the time. It must not know where
//! the text goes.

mod beside;
pub mod csv;
pub(crate) mod decimal;
mod figures;
mod freshness;
mod gaps;
mod grid;
pub mod html;
pub mod invoices;
pub mod json;
pub mod table;
pub mod terminal;
pub(crate) mod text;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::snapshot::{Snapshot, Team};
use billing::category::{ByCategory, Category};
use billing::cost::{Billed, MonthCost, Period, PriceSource, Row, TeamCost};
use billing::money::Money;
use billing::month::Month;
use billing::price::Quantity;
use billing::rules::Rules;
pub use figures::{Figures, PerCent};
pub use freshness::{EndpointFreshness, Freshness};
pub use gaps::DataIssue;
use heroku_api::team::Delinquency;
pub use invoices::PastInvoice;

/// What a company's teams cost.
#[derive(Debug)]
pub struct Report {
    /// When it was made.
    pub at: Timestamp,
    /// The current month.
    pub month: Month,
    /// All teams together. Its budget is theirs, where each of them has one.
    pub company: Figures,
    /// All teams together, by kind.
    pub kinds: Vec<Kind>,
    /// Each team, in the order in which they were asked for.
    pub teams: Vec<TeamReport>,
    /// What is missing from the figures, and why.
    pub gaps: Vec<DataIssue>,
    /// Whether everything that is asked has been tried once, whatever came of it.
    pub all_asked: bool,
    /// How old the figures are, endpoint by endpoint.
    pub freshness: Vec<Freshness>,
    /// When the token expires, where Heroku says so.
    pub token_expires_at: Option<Timestamp>,
}

/// What a team costs.
#[derive(Debug)]
pub struct TeamReport {
    /// Its name.
    pub name: String,
    /// Its id, where it is known.
    pub id: Option<String>,
    /// The whole of it.
    pub figures: Figures,
    /// By kind.
    pub kinds: Vec<Kind>,
    /// By app, or by the row in which apps are added up, the costliest first.
    pub apps: Vec<AppReport>,
    /// How many apps are added up because others are costlier.
    pub rolled_up: usize,
    /// The share of the month that its usage covers.
    pub covered: Option<f64>,
    /// Its current and its previous month as they are billed.
    pub bills: [InvoiceReconciliation; 2],
    /// Its invoices of the current and of earlier months, the oldest first.
    pub invoices: Vec<PastInvoice>,
    /// What is scheduled for it if it does not pay.
    pub delinquency: Delinquency,
}

/// What an app costs.
#[derive(Debug)]
pub struct AppReport {
    /// Its name, or that of the row.
    pub name: String,
    /// The whole of it.
    pub figures: Figures,
    /// By kind; a forecast of these is not made.
    pub kinds: Vec<Kind>,
}

/// What money was for.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The kind.
    pub category: Category,
    /// What it costs.
    pub figures: Figures,
}

/// A month's invoice against what usage explains of it.
#[derive(Clone, Copy, Debug)]
pub struct InvoiceReconciliation {
    /// Which month.
    pub which: Period,
    /// The month.
    pub month: Month,
    /// The invoice's total.
    pub invoice: Option<Money>,
    /// What the month's usage costs.
    pub usage: Option<Money>,
    /// The invoice's total less what usage costs.
    pub unexplained: Option<Money>,
    /// What a dyno unit costs, rounded to a millionth of a dollar, and who says so.
    pub dyno_unit: Option<(Money, PriceSource)>,
}

impl Report {
    /// The report at the instant `now`, of figures that are not older than `max_age`.
    pub fn new(
        snapshot: &Snapshot,
        rules: &Rules,
        max_age: Option<Duration>,
        now: Timestamp,
    ) -> Self {
        let teams: Vec<_> = snapshot
            .teams()
            .iter()
            .map(|team| TeamReport::new(team, rules, max_age, now))
            .collect();
        let mut company: Figures = teams.iter().map(|team| team.figures).sum();
        if teams.iter().any(|team| team.figures.budget.is_none()) {
            company.budget = None;
        }
        let kinds = Category::ALL.into_iter().enumerate();
        let kinds = kinds.map(|(position, category)| Kind {
            category,
            figures: teams.iter().map(|team| team.kinds[position].figures).sum(),
        });
        Self {
            at: now,
            month: Month::at(now),
            company,
            kinds: kinds.collect(),
            gaps: DataIssue::all(snapshot),
            all_asked: snapshot.all_tried,
            freshness: Freshness::all(snapshot),
            token_expires_at: snapshot.token_expiry,
            teams,
        }
    }

    /// Whether all is well: no endpoint failed, and each team has one that answers.
    pub fn is_whole(&self) -> bool {
        !self.gaps.iter().any(|gap| gap.is_failure)
    }

    /// How much of the month is in the figures of `teams`, in words.
    pub fn coverage(&self, teams: &[TeamReport]) -> String {
        let days = self.month.days();
        let covered = teams.iter().filter_map(|team| team.covered);
        let mut covered: Vec<_> = covered
            .map(|ratio| (ratio * f64::from(days)).round())
            .collect();
        covered.sort_by(f64::total_cmp);
        match (covered.first(), covered.last()) {
            (Some(least), Some(most)) if least == most => {
                format!("{most} of {days} days are in these figures")
            }
            (Some(least), Some(most)) => {
                format!("{least} to {most} of {days} days are in these figures, by team")
            }
            _ => "No usage is known".to_owned(),
        }
    }

    /// What belongs to no app: spaces, and what the teams' figures hold beyond their apps.
    pub fn in_no_app(whole: &Figures, apps: &[(&TeamReport, &AppReport)]) -> Figures {
        let beyond = |figure: fn(&Figures) -> Option<Money>| {
            let of_apps = apps.iter().filter_map(|(_, app)| figure(&app.figures));
            let of_apps = of_apps.reduce(|a, b| a + b);
            Some(figure(whole)? - of_apps.unwrap_or_default())
        };
        Figures {
            current: beyond(|figures| figures.current),
            forecast: beyond(|figures| figures.forecast),
            previous: beyond(|figures| figures.previous),
            budget: None,
        }
    }

    /// Every app with its team, the costliest first.
    pub fn apps(&self) -> Vec<(&TeamReport, &AppReport)> {
        let of = |team| TeamReport::apps_of(team);
        let mut apps: Vec<_> = self.teams.iter().flat_map(of).collect();
        apps.sort_by(|(team_a, a), (team_b, b)| {
            let names = || (&a.name, &team_a.name).cmp(&(&b.name, &team_b.name));
            b.figures.rank().cmp(&a.figures.rank()).then_with(names)
        });
        apps
    }
}

impl TeamReport {
    fn new(team: &Team, rules: &Rules, max_age: Option<Duration>, now: Timestamp) -> Self {
        let known = team.billing_input(now, max_age);
        let cost = TeamCost::new(known, rules, now);
        let (current, previous) = (cost.current.cost.as_ref(), cost.previous.cost.as_ref());
        let forecast = cost.forecast.as_ref();
        let of_team = |month: Option<&MonthCost<'_>>| month.map(|m| m.team).unwrap_or_default();
        Self {
            name: known.name.to_owned(),
            id: known.id.map(str::to_owned),
            figures: Figures {
                current: cost.current.total(),
                forecast: forecast.and_then(|forecast| forecast.team.total()),
                previous: cost.previous.total(),
                budget: rules.team_budget(known.name, known.id),
            },
            kinds: kinds(
                &Category::ALL,
                of_team(current),
                forecast.map(|f| f.team).unwrap_or_default(),
                of_team(previous),
            ),
            apps: apps(&cost, &rules.app_budgets(known.name, known.id)),
            rolled_up: cost.rolled_up,
            covered: forecast.map(|forecast| forecast.coverage.ratio()),
            bills: cost
                .months()
                .map(|(which, billed)| InvoiceReconciliation::new(which, billed)),
            invoices: invoices::of(known.invoices, Month::at(now), rules.invoice_history),
            delinquency: team.metadata.delinquency.unwrap_or_default(),
        }
    }

    /// Whether an app cost nothing last month, as far as its team's usage tells.
    pub fn is_new(&self, app: &AppReport) -> bool {
        app.figures.previous.is_none() && self.figures.previous.is_some()
    }

    fn apps_of(&self) -> impl Iterator<Item = (&Self, &AppReport)> {
        self.apps.iter().map(move |app| (self, app))
    }
}

impl InvoiceReconciliation {
    fn new(which: Period, billed: &Billed<'_>) -> Self {
        let cost = billed.cost.as_ref();
        Self {
            which,
            month: billed.month,
            invoice: billed.invoice.and_then(|invoice| invoice.total),
            usage: billed.total(),
            unexplained: billed.unexplained(),
            dyno_unit: cost.map(|cost| {
                let unit = cost.dyno_price.cost_of(Quantity::ONE);
                (unit, cost.price_source)
            }),
        }
    }
}

fn kinds(
    categories: &[Category],
    current: ByCategory,
    forecast: ByCategory,
    previous: ByCategory,
) -> Vec<Kind> {
    let kind = |category: &Category| Kind {
        category: *category,
        figures: Figures {
            current: current.get(*category),
            forecast: forecast.get(*category),
            previous: previous.get(*category),
            budget: None,
        },
    };
    categories.iter().map(kind).collect()
}

/// The apps of either month.
fn apps(cost: &TeamCost<'_>, budgets: &BTreeMap<&str, Money>) -> Vec<AppReport> {
    let [current, previous] = [&cost.current, &cost.previous].map(rows);
    let names: BTreeSet<_> = current.keys().chain(previous.keys()).cloned().collect();
    let app = |name: &str| {
        let of = |rows: &BTreeMap<_, Row>| rows.get(name).map(|row| row.cost);
        let [now, before] = [&current, &previous].map(of);
        AppReport {
            name: name.to_owned(),
            figures: Figures {
                current: now.and_then(|cost| cost.total()),
                forecast: cost
                    .forecast
                    .as_ref()
                    .and_then(|f| f.rows.get(name).copied()),
                previous: before.and_then(|cost| cost.total()),
                budget: budgets.get(name).copied(),
            },
            kinds: kinds(
                &Category::OF_APPS,
                now.unwrap_or_default(),
                ByCategory::default(),
                before.unwrap_or_default(),
            ),
        }
    };
    let mut apps: Vec<_> = names.iter().map(|name| app(name)).collect();
    // Sorted by name before; the sort is stable.
    apps.sort_by_key(|app| std::cmp::Reverse(app.figures.rank()));
    apps
}

fn rows<'a>(month: &Billed<'a>) -> BTreeMap<Cow<'a, str>, Row> {
    let cost = month.cost.as_ref();
    cost.map(|cost| cost.rows.clone()).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
