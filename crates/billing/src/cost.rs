//! What a team's months cost: by app, by kind, exactly.
//!
//! The sum over a team's categories is its cost, and so is the sum over its apps' rows with what
//! belongs to no app, to the millionth of a dollar, whatever Heroku's figures are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::category::{ByCategory, Category};
use super::forecast::{Coverage, Forecaster};
use super::invoice::{Invoice, Invoices};
use super::money::Money;
use super::month::Month;
use super::price::{CumulativeRounding, Price, Quantity};
use super::rows::{Rows, sum_by_key};
use super::rules::{DEFAULT_ADDON_CREDIT, LIST_DYNO_UNIT, Prices, Rules};
use super::usage::{MonthlyUsage, Usage, UsageAmounts};

/// Who says what a dyno unit costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceSource {
    /// The settings.
    Config,
    /// The team's invoice: the price that it really paid.
    Invoice,
    /// Heroku's list price.
    List,
}

impl PriceSource {
    /// The word for it in labels and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Invoice => "invoice",
            Self::List => "list",
        }
    }
}

/// Which of the two months that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The UTC month that it is.
    Current,
    /// The one before.
    Previous,
}

impl Period {
    /// The word for it in labels and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

/// What is known of a team that has to do with money.
#[derive(Clone, Copy, Debug, Default)]
pub struct BillingInput<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its id.
    pub id: Option<&'a str>,
    /// Its usage by month.
    pub usage: Option<&'a Usage>,
    /// When its usage last changed.
    pub usage_changed_at: Option<Timestamp>,
    /// Its invoices.
    pub invoices: Option<&'a Invoices>,
}

impl<'a> BillingInput<'a> {
    /// Whether it is the very same: not that two answers are equal, but that they are one.
    pub fn is_same(&self, other: &Self) -> bool {
        fn one<T>(a: Option<&T>, b: Option<&T>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => std::ptr::eq(a, b),
                (None, None) => true,
                _ => false,
            }
        }
        self.name == other.name
            && self.id == other.id
            && self.usage_changed_at == other.usage_changed_at
            && one(self.usage, other.usage)
            && one(self.invoices, other.invoices)
    }
}

/// What a team's current and previous month cost, and what the current one will have cost.
#[derive(Debug)]
pub struct TeamCost<'a> {
    /// The UTC month that it is.
    pub current: Billed<'a>,
    /// The month before.
    pub previous: Billed<'a>,
    /// What the current month will have cost at its end.
    pub forecast: Option<Forecast<'a>>,
    /// How many apps are added up because others are costlier.
    pub rolled_up: usize,
}

/// A month as its invoice bills it and as its usage explains it.
#[derive(Debug)]
pub struct Billed<'a> {
    /// The month.
    pub month: Month,
    /// The latest invoice that bills it.
    pub invoice: Option<&'a Invoice>,
    /// What its usage costs.
    pub cost: Option<MonthCost<'a>>,
}

/// What a month's usage costs.
#[derive(Debug)]
pub struct MonthCost<'a> {
    /// What a dyno unit costs.
    pub dyno_price: Price,
    /// Who says so.
    pub price_source: PriceSource,
    /// The usage itself.
    pub usage: &'a MonthlyUsage,
    /// The apps' rows by name.
    pub rows: BTreeMap<Cow<'a, str>, Row>,
    /// The team's cost by category; `other` is known wherever any other figure is.
    pub team: ByCategory,
}

/// An app's figures, or those of the apps that are added up in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// What it cost, in [`Category::OF_APPS`].
    pub cost: ByCategory,
    /// What it used.
    pub used: UsageAmounts,
}

/// What a month will have cost at its end.
#[derive(Debug)]
pub struct Forecast<'a> {
    /// How much of the month the figures cover.
    pub covered: Coverage,
    /// By row, each app of either month being in one. With the team's `space` and `other` they add
    /// up to the sum over `team`.
    pub rows: BTreeMap<Cow<'a, str>, Money>,
    /// By category.
    pub team: ByCategory,
}

impl<'a> TeamCost<'a> {
    /// Costs and forecast of what is `known` at the instant `now`.
    pub fn new(known: BillingInput<'a>, rules: &Rules, now: Timestamp) -> Self {
        let (current, previous) = (Month::at(now), Month::at(now).previous());
        let invoice = |month| known.invoices?.of_month(month);
        let invoices = [current, previous].map(invoice);
        let prices = rules.prices_of(known.name, known.id);
        let apart = |month: Month| {
            let usage = known.usage?.months.get(&month)?;
            let invoices = known.invoices.into_iter();
            let invoices = invoices.flat_map(|invoices| invoices.up_to(month));
            Some(UngroupedMonth::new(usage, prices, invoices))
        };
        let months = [current, previous].map(apart);
        let totals = months.iter().enumerate().flat_map(|(position, month)| {
            let apps = month.iter().flat_map(|month| &month.apps);
            apps.map(move |(app, cost)| {
                let mut totals = [Money::ZERO; 2];
                totals[position] = cost.total().unwrap_or_default();
                (*app, totals)
            })
        });
        let rows = Rows::new(&rules.apps, totals);
        let covered = known
            .usage_changed_at
            .map(|changed_at| Coverage::new(current, changed_at));
        let forecast = covered.and_then(|covered| Forecast::new(covered, months.each_ref(), &rows));
        let [in_current, in_previous] = months.map(|month| month.map(|month| month.roll_up(&rows)));
        Self {
            current: Billed {
                month: current,
                invoice: invoices[0],
                cost: in_current,
            },
            previous: Billed {
                month: previous,
                invoice: invoices[1],
                cost: in_previous,
            },
            forecast,
            rolled_up: rows.rolled_up(),
        }
    }

    /// Both months.
    pub fn months(&self) -> [(Period, &Billed<'a>); 2] {
        [
            (Period::Current, &self.current),
            (Period::Previous, &self.previous),
        ]
    }
}

impl Billed<'_> {
    /// What the month's usage costs, over all categories.
    pub fn total(&self) -> Option<Money> {
        self.cost.as_ref()?.team.total()
    }

    /// The invoice's total less what usage explains.
    pub fn unexplained(&self) -> Option<Money> {
        Some(self.invoice?.total? - self.total()?)
    }
}

/// A month's costs with each app by itself.
struct UngroupedMonth<'a> {
    dyno_price: Price,
    price_source: PriceSource,
    usage: &'a MonthlyUsage,
    /// By name, each once.
    apps: Vec<(&'a str, ByCategory)>,
    team: ByCategory,
}

impl<'a> UngroupedMonth<'a> {
    /// `invoices` are those that can tell the price of a dyno unit, the best first.
    fn new<'i>(
        usage: &'a MonthlyUsage,
        prices: Prices,
        invoices: impl Iterator<Item = &'i Invoice>,
    ) -> Self {
        let (dyno_price, price_source) = dyno_price(prices, invoices);
        let credit = Price::per_unit(prices.addon_credit.unwrap_or(DEFAULT_ADDON_CREDIT));
        let figures = || usage.apps.values();
        let (dynos, dynos_other) =
            priced(dyno_price, usage.team.dynos, figures().map(|app| app.dynos));
        let (data, data_other) = priced(credit, usage.team.data, figures().map(|app| app.data));
        let (partner, partner_other) =
            priced(credit, usage.team.partner, figures().map(|app| app.partner));
        let space = prices.space_credit.zip(usage.spaces.credits);
        let space = space.map(|(price, credits)| Price::per_unit(price).of(Quantity::of(credits)));
        let beyond = addons_beyond(usage, credit);

        let mut team = ByCategory::default();
        team.set(Category::Dynos, dynos.as_ref().map(|parts| parts.total));
        team.set(Category::Data, data.as_ref().map(|parts| parts.total));
        team.set(Category::Partner, partner.as_ref().map(|parts| parts.total));
        team.set(Category::Space, space);
        let others = [dynos_other, data_other, partner_other, beyond];
        let other: Option<Money> = others.into_iter().flatten().reduce(|a, b| a + b);
        let other = other.or(team.total().map(|_| Money::ZERO));
        team.set(Category::Other, other);

        let part = |parts: &Option<Parts>, position: usize| parts.as_ref()?.parts[position];
        let apps = usage.apps.keys().enumerate().map(|(position, app)| {
            let mut cost = ByCategory::default();
            cost.set(Category::Dynos, part(&dynos, position));
            cost.set(Category::Data, part(&data, position));
            cost.set(Category::Partner, part(&partner, position));
            (app.as_str(), cost)
        });
        Self {
            dyno_price,
            price_source,
            usage,
            apps: apps.collect(),
            team,
        }
    }

    /// The apps of each row added up.
    fn roll_up(self, rows: &Rows<'a>) -> MonthCost<'a> {
        let apps = self.apps.into_iter().zip(self.usage.apps.values());
        let apps = apps.map(|((app, cost), used)| (rows.of(app), Row { cost, used: *used }));
        let roll_up = sum_by_key(apps.collect(), |row: &mut Row, more| {
            row.cost.add(more.cost);
            row.used = row.used.plus(more.used);
        });
        MonthCost {
            dyno_price: self.dyno_price,
            price_source: self.price_source,
            usage: self.usage,
            rows: roll_up,
            team: self.team,
        }
    }
}

/// What a dyno unit costs, and who says so.
fn dyno_price<'i>(
    prices: Prices,
    mut invoices: impl Iterator<Item = &'i Invoice>,
) -> (Price, PriceSource) {
    if let Some(price) = prices.dyno_unit {
        return (Price::per_unit(price), PriceSource::Config);
    }
    let paid = invoices
        .find_map(|invoice| Price::ratio(invoice.platform?, Quantity::of(invoice.dyno_units?)));
    paid.map_or(
        (Price::per_unit(LIST_DYNO_UNIT), PriceSource::List),
        |price| (price, PriceSource::Invoice),
    )
}

/// What one kind of usage costs, by app.
struct Parts {
    /// In the order of the apps.
    parts: Vec<Option<Money>>,
    /// Their sum.
    total: Money,
}

/// What one kind of usage costs by app, if anything is known of it, and what the team's own figure
/// holds beyond the apps', if that is known.
fn priced(
    price: Price,
    team: Option<f64>,
    apps: impl Iterator<Item = Option<f64>>,
) -> (Option<Parts>, Option<Money>) {
    let mut running = CumulativeRounding::new(price);
    let parts: Vec<_> = apps
        .map(|figure| Some(running.add(Quantity::of(figure?))))
        .collect();
    let known = team.is_some() || parts.iter().any(Option::is_some);
    let total = running.total();
    let beyond = team.map(|team| price.of(Quantity::of(team)) - total);
    (known.then_some(Parts { parts, total }), beyond)
}

/// What all add-on credits hold beyond `data` and `partner`, which they should be the sum of: all
/// of them, where Heroku does not split them.
fn addons_beyond(usage: &MonthlyUsage, credit: Price) -> Option<Money> {
    let of = |team: Option<f64>, app: fn(&UsageAmounts) -> Option<f64>| match team {
        Some(team) => Quantity::of(team),
        None => usage.apps.values().filter_map(app).map(Quantity::of).sum(),
    };
    let kinds = of(usage.team.data, |app| app.data) + of(usage.team.partner, |app| app.partner);
    let kinds = credit.of(kinds);
    if let Some(addons) = usage.team.addons {
        return Some(credit.of(Quantity::of(addons)) - kinds);
    }
    // The sum of the apps' own stands in, where any has one. It can be less than the team's kinds,
    // which hold what belongs to no app.
    let known = usage.apps.values().any(|app| app.addons.is_some());
    known.then(|| {
        let addons = usage.apps.values().flat_map(|app| match app.addons {
            Some(addons) => [Some(addons), None],
            None => [app.data, app.partner],
        });
        let addons = addons.flatten().map(Quantity::of).sum();
        (credit.of(addons) - kinds).max(Money::ZERO)
    })
}

impl<'a> Forecast<'a> {
    /// Of the months' costs, the current one's first.
    fn new(
        covered: Coverage,
        months: [&Option<UngroupedMonth<'a>>; 2],
        rows: &Rows<'a>,
    ) -> Option<Self> {
        let [current, previous] = months.map(Option::as_ref);
        let team = |month: Option<&UngroupedMonth<'a>>| month.map(|m| m.team).unwrap_or_default();
        let (team_current, team_previous) = (team(current), team(previous));
        let forecaster = Forecaster::new(covered, team_previous.total().is_some())?;
        let of = |current: Option<Money>, previous: Option<Money>| {
            (current.is_some() || previous.is_some()).then(|| {
                forecaster.month_end(current.unwrap_or_default(), previous.unwrap_or_default())
            })
        };
        let mut by_row: BTreeMap<Cow<'a, str>, Money> = BTreeMap::new();
        let mut by_category = ByCategory::default();
        for (app, [current, previous]) in pairs(current, previous) {
            let mut forecast = ByCategory::default();
            for category in Category::OF_APPS {
                forecast.set(category, of(current.get(category), previous.get(category)));
            }
            if let Some(total) = forecast.total() {
                let row = by_row.entry(rows.of(app)).or_default();
                *row = *row + total;
            }
            by_category.add(forecast);
        }
        for category in Category::ALL {
            let known = of(team_current.get(category), team_previous.get(category));
            if Category::OF_APPS.contains(&category) {
                // The apps' sum stands; a team that has none has no money in it.
                let sum = by_category.get(category);
                by_category.set(category, sum.or(known.map(|_| Money::ZERO)));
            } else {
                by_category.set(category, known);
            }
        }
        by_category.total().map(|_| Self {
            covered,
            rows: by_row,
            team: by_category,
        })
    }
}

/// The apps of either month with their costs in both.
fn pairs<'a>(
    current: Option<&UngroupedMonth<'a>>,
    previous: Option<&UngroupedMonth<'a>>,
) -> BTreeMap<&'a str, [ByCategory; 2]> {
    let mut pairs: BTreeMap<&str, [ByCategory; 2]> = BTreeMap::new();
    for (position, month) in [current, previous].into_iter().enumerate() {
        for (app, cost) in month.iter().flat_map(|month| &month.apps) {
            pairs.entry(app).or_default()[position] = *cost;
        }
    }
    pairs
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
