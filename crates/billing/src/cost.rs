//! A team's costs by month, app and category.
//!
//! Costs are exact: a team's categories add up to its cost, and so do its apps' rows together with
//! [`Category::Space`] and [`Category::Other`], to the millionth of a dollar. A team whose list of
//! apps is unknown has no rows, and its categories come from its own amounts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::category::{ByCategory, Category};
use super::forecast::{Coverage, Forecaster, Recent};
use super::grouping::{Grouping, sum_by_key};
use super::interval::{DailyRates, Interval};
use super::invoice::{Invoice, Invoices};
use super::money::{Money, sum_known};
use super::month::Month;
use super::nights::{Lags, Night, Nights, Window, units};
use super::price::{CumulativeRounding, Price, Quantity};
use super::rules::{DEFAULT_ADDON_CREDIT, LIST_DYNO_UNIT, Prices, Rules};
use super::run_rate::DynoPricing;
use super::usage::{MonthlyUsage, Usage, UsageAmounts};

/// The source of the price of a dyno unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceSource {
    /// The configuration.
    Config,
    /// The team's invoice: `platform_total` ÷ `dyno_units`, the price that the team paid.
    Invoice,
    /// Heroku's list price, [`LIST_DYNO_UNIT`].
    List,
}

impl PriceSource {
    /// Returns the label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Invoice => "invoice",
            Self::List => "list",
        }
    }
}

/// One of the two months with costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The current UTC month.
    Current,
    /// The month before.
    Previous,
}

impl Period {
    /// Returns the label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

/// The data of a team from which its costs are computed.
#[derive(Clone, Copy, Debug, Default)]
pub struct BillingInput<'a> {
    /// The team's name.
    pub name: &'a str,
    /// The team's ID.
    pub id: Option<&'a str>,
    /// The usage by month.
    pub usage: Option<&'a Usage>,
    /// When the usage last changed.
    pub usage_changed_at: Option<Timestamp>,
    /// The invoices.
    pub invoices: Option<&'a Invoices>,
    /// The recorded nights.
    pub nights: Option<&'a Nights>,
    /// The lags of Heroku's figures, shared by all teams.
    pub lags: Option<&'a Lags>,
}

impl BillingInput<'_> {
    /// Returns whether both have the same name, ID, time and lags, and refer to the same usage,
    /// invoices and nights in memory.
    pub fn is_same(&self, other: &Self) -> bool {
        fn is_identical<T>(a: Option<&T>, b: Option<&T>) -> bool {
            a.map(std::ptr::from_ref) == b.map(std::ptr::from_ref)
        }
        self.name == other.name
            && self.id == other.id
            && self.usage_changed_at == other.usage_changed_at
            && is_identical(self.usage, other.usage)
            && is_identical(self.invoices, other.invoices)
            && is_identical(self.nights, other.nights)
            && self.lags == other.lags
    }
}

/// A team's costs of the current and the previous month, and the forecast.
#[derive(Debug)]
pub struct TeamCost<'a> {
    /// The current UTC month.
    pub current: Billed<'a>,
    /// The month before.
    pub previous: Billed<'a>,
    /// The current month's forecast.
    pub forecast: Option<Forecast<'a>>,
    /// The number of apps without a row because of [`super::rules::AppRules::max`].
    pub rolled_up: usize,
    /// The configured price of a dyno unit, or that of the latest invoice with one.
    unit_price: Option<Price>,
}

/// A month's invoice and the costs of its usage.
#[derive(Debug)]
pub struct Billed<'a> {
    /// The month.
    pub month: Month,
    /// The latest invoice of the month.
    pub invoice: Option<&'a Invoice>,
    /// The costs of its usage.
    pub cost: Option<MonthCost<'a>>,
}

/// The costs of a month's usage.
#[derive(Debug)]
pub struct MonthCost<'a> {
    /// The price of a dyno unit.
    pub dyno_price: Price,
    /// The source of that price.
    pub price_source: PriceSource,
    /// The usage.
    pub usage: &'a MonthlyUsage,
    /// The apps' costs by the name of their row.
    pub rows: BTreeMap<Cow<'a, str>, Row>,
    /// The team's costs. [`Category::Other`] is known if any other category is.
    pub team: ByCategory,
}

/// The cost and usage of an app, or of the apps that share a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// The cost, in [`Category::OF_APPS`].
    pub cost: ByCategory,
    /// The usage.
    pub used: UsageAmounts,
}

/// The forecast of a month's cost at its end.
#[derive(Debug)]
pub struct Forecast<'a> {
    /// The part of the month that the usage covers.
    pub coverage: Coverage,
    /// The covered days over which the nightly rate was measured, if there are recorded nights.
    pub measured_days: Option<f64>,
    /// By row and category, for the apps of both months. With `space` and `other` of `team` they add
    /// up to the total of `team`.
    pub rows: BTreeMap<Cow<'a, str>, ByCategory>,
    /// By category.
    pub team: ByCategory,
    /// The monthly rates of the cost on the recorded days.
    pub rates: DailyRates,
    /// The interval of the total.
    pub interval: Option<Interval>,
}

impl<'a> TeamCost<'a> {
    /// Computes costs and forecast at the instant `now`.
    pub fn new(input: BillingInput<'a>, rules: &Rules, now: Timestamp) -> Self {
        let months = [Month::at(now), Month::at(now).previous()];
        let prices = rules.prices_of(input.name, input.id);
        let ungrouped = months.map(|month| {
            let usage = input.usage?.months.get(&month)?;
            let invoices = input.invoices.into_iter();
            let invoices = invoices.flat_map(|invoices| invoices.up_to(month));
            Some(UngroupedMonth::new(usage, prices, invoices))
        });
        let totals = ungrouped.iter().enumerate().flat_map(|(position, month)| {
            let apps = month.iter().flat_map(|month| &month.apps);
            apps.map(move |(app, cost)| {
                let mut totals = [Money::ZERO; 2];
                totals[position] = cost.total().unwrap_or_default();
                (*app, totals)
            })
        });
        let grouping = Grouping::new(&rules.apps, totals);
        let no_lags = Lags::default();
        let lags = input.lags.unwrap_or(&no_lags);
        let forecast = input.usage_changed_at.and_then(|changed_at| {
            let nights = input.nights;
            let of_nights = nights.and_then(|nights| Coverage::of_nights(months[0], nights, lags));
            // Usage that has nothing of the current month covers nothing of it.
            let coverage = match &ungrouped[0] {
                Some(_) => of_nights.unwrap_or_else(|| Coverage::new(months[0], changed_at)),
                None => Coverage::none(months[0]),
            };
            let window = nights.and_then(|nights| Window::new(nights, lags));
            let mut forecast = Forecast::new(coverage, window, ungrouped.each_ref(), &grouping)?;
            if let Some((nights, month)) = nights.zip(ungrouped[0].as_ref()) {
                forecast.rates = DailyRates::new(nights, lags, |night| month.cost_of(night));
                let to_date = month.month.team.total().unwrap_or_default();
                let (total, hours) = (forecast.team.total()?, coverage.hours_left());
                forecast.interval = forecast.rates.interval(to_date, total, hours);
            }
            Some(forecast)
        });
        let billed = |month, cost: Option<UngroupedMonth<'a>>| Billed {
            month,
            invoice: input.invoices.and_then(|invoices| invoices.of_month(month)),
            cost: cost.map(|month| month.roll_up(&grouping)),
        };
        let [current, previous] = ungrouped;
        let invoices = input.invoices.into_iter();
        let invoices = invoices.flat_map(|invoices| invoices.up_to(months[0]));
        let (unit_price, source) = dyno_price(prices, invoices);
        Self {
            unit_price: (source != PriceSource::List).then_some(unit_price),
            current: billed(months[0], current),
            previous: billed(months[1], previous),
            forecast,
            rolled_up: grouping.rolled_up(),
        }
    }

    /// Returns how the running dynos are priced.
    pub fn dyno_pricing(&self) -> DynoPricing {
        let costs = [&self.current, &self.previous].map(|month| month.cost.as_ref());
        match costs.into_iter().flatten().next() {
            Some(cost) => DynoPricing::Units(cost.dyno_price),
            None => DynoPricing::List(self.unit_price),
        }
    }

    /// Returns both months.
    pub fn months(&self) -> [(Period, &Billed<'a>); 2] {
        [
            (Period::Current, &self.current),
            (Period::Previous, &self.previous),
        ]
    }
}

impl<'a> MonthCost<'a> {
    /// Computes what `usage` of a past month costs. The team's name, ID and invoices are those of
    /// `input`.
    pub fn of_past(
        usage: &'a MonthlyUsage,
        month: Month,
        input: BillingInput<'_>,
        rules: &Rules,
    ) -> Self {
        let invoices = input.invoices.into_iter();
        let invoices = invoices.flat_map(|invoices| invoices.up_to(month));
        let prices = rules.prices_of(input.name, input.id);
        let ungrouped = UngroupedMonth::new(usage, prices, invoices);
        let totals = ungrouped
            .apps
            .iter()
            .map(|(app, cost)| (*app, [cost.total().unwrap_or_default()]));
        let grouping = Grouping::new(&rules.apps, totals);
        ungrouped.roll_up(&grouping)
    }
}

impl Billed<'_> {
    /// Returns the cost of the month's usage in all categories.
    pub fn total(&self) -> Option<Money> {
        self.cost.as_ref()?.team.total()
    }

    /// Returns the invoice's total less the cost of the usage.
    pub fn unexplained(&self) -> Option<Money> {
        Some(self.invoice?.total? - self.total()?)
    }
}

type UnitsOf = fn(&UsageAmounts) -> Option<f64>;

/// A month's costs before apps are grouped into rows.
struct UngroupedMonth<'a> {
    /// The month's costs, still without rows.
    month: MonthCost<'a>,
    /// In the order of the usage's apps.
    apps: Vec<(&'a str, ByCategory)>,
    credit_price: Price,
    space_price: Option<Price>,
}

impl<'a> UngroupedMonth<'a> {
    /// Computes the costs of `usage`. The price of a dyno unit is taken from the first of
    /// `invoices` that has one, if it is not set.
    fn new<'i>(
        usage: &'a MonthlyUsage,
        prices: Prices,
        invoices: impl Iterator<Item = &'i Invoice>,
    ) -> Self {
        let (dyno_price, price_source) = dyno_price(prices, invoices);
        let credit = Price::per_unit(prices.addon_credit.unwrap_or(DEFAULT_ADDON_CREDIT));
        let categories: [(_, _, UnitsOf); 3] = [
            (Category::Dynos, dyno_price, |used| used.dynos),
            (Category::Data, credit, |used| used.data),
            (Category::Partner, credit, |used| used.partner),
        ];
        let names = usage.known_apps().map(|(app, _)| app);
        let mut apps: Vec<_> = names.map(|app| (app, ByCategory::default())).collect();
        let mut team = ByCategory::default();
        let mut other = unsplit_addons(usage, credit);
        for (category, price, units_of) in categories {
            let mut rounding = CumulativeRounding::new(price);
            let team_units = units_of(&usage.team);
            let mut is_known = team_units.is_some();
            for ((_, cost), (_, used)) in apps.iter_mut().zip(usage.known_apps()) {
                let units = units_of(used).map(Quantity::from_f64);
                is_known |= units.is_some();
                cost.set(category, units.map(|units| rounding.add(units)));
            }
            let cost_of_team = team_units.map(|units| price.cost_of(Quantity::from_f64(units)));
            if usage.apps.is_none() {
                team.set(category, cost_of_team);
                continue;
            }
            let total = rounding.total();
            team.set(category, is_known.then_some(total));
            other = sum_known([other, cost_of_team.map(|cost| cost - total)]);
        }
        let space_price = prices.space_credit.map(Price::per_unit);
        let space = space_price.zip(usage.spaces.credits);
        let space = space.map(|(price, credits)| price.cost_of(Quantity::from_f64(credits)));
        team.set(Category::Space, space);
        team.set(Category::Other, other.or(team.total().map(|_| Money::ZERO)));
        let month = MonthCost {
            dyno_price,
            price_source,
            usage,
            rows: BTreeMap::new(),
            team,
        };
        Self {
            month,
            apps,
            credit_price: credit,
            space_price,
        }
    }

    /// Returns what the team's own amounts on a night cost in dollars.
    fn cost_of(&self, night: &Night) -> f64 {
        let cost = |units: Option<f64>, price: Option<Price>| {
            units.unwrap_or_default() * price.map_or(0.0, Price::dollars_per_unit)
        };
        let UsageAmounts {
            dynos,
            data,
            partner,
            addons,
            ..
        } = night.team;
        let credits = addons.or(Some(data.unwrap_or_default() + partner.unwrap_or_default()));
        cost(dynos, Some(self.month.dyno_price))
            + cost(credits, Some(self.credit_price))
            + cost(night.space, self.space_price)
    }

    /// Returns the price of a unit in `category`.
    fn price_of(&self, category: Category) -> Option<Price> {
        match category {
            Category::Dynos => Some(self.month.dyno_price),
            Category::Data | Category::Partner => Some(self.credit_price),
            Category::Space => self.space_price,
            Category::Other => None,
        }
    }

    /// Adds up the apps of each row.
    fn roll_up(self, grouping: &Grouping<'a>) -> MonthCost<'a> {
        let apps = self.apps.into_iter().zip(self.month.usage.known_apps());
        let rows = apps.map(|((app, cost), (_, used))| {
            let row = Row { cost, used: *used };
            (grouping.row_of(app), row)
        });
        let rows = sum_by_key(rows.collect(), |sum: &mut Row, row| {
            sum.cost.add(row.cost);
            sum.used = sum.used.plus(row.used);
        });
        MonthCost { rows, ..self.month }
    }
}

/// The fewest dyno units of an invoice that gives a price. Of fewer, the rounding of the invoice to
/// cents and hundredths of a unit is too large a part.
const MIN_PRICED_UNITS: f64 = 0.05;

fn dyno_price<'i>(
    prices: Prices,
    mut invoices: impl Iterator<Item = &'i Invoice>,
) -> (Price, PriceSource) {
    if let Some(price) = prices.dyno_unit {
        return (Price::per_unit(price), PriceSource::Config);
    }
    let paid = invoices.find_map(|invoice| {
        let units = invoice
            .dyno_units
            .filter(|units| *units >= MIN_PRICED_UNITS)?;
        Price::from_ratio(invoice.platform?, Quantity::from_f64(units))
    });
    paid.map_or(
        (Price::per_unit(LIST_DYNO_UNIT), PriceSource::List),
        |price| (price, PriceSource::Invoice),
    )
}

/// Returns the cost of the team's `addons` credits beyond `data` and `partner`. Heroku's schema
/// defines `addons` as their sum; this is all of it if Heroku does not split it.
fn unsplit_addons(usage: &MonthlyUsage, credit: Price) -> Option<Money> {
    let team_or_apps = |team: Option<f64>, of_app: fn(&UsageAmounts) -> Option<f64>| {
        let of_apps = usage.known_apps().filter_map(|(_, app)| of_app(app));
        let sum = || of_apps.map(Quantity::from_f64).sum();
        team.map_or_else(sum, Quantity::from_f64)
    };
    let split = team_or_apps(usage.team.data, |app| app.data)
        + team_or_apps(usage.team.partner, |app| app.partner);
    let split = credit.cost_of(split);
    if let Some(addons) = usage.team.addons {
        return Some(credit.cost_of(Quantity::from_f64(addons)) - split);
    }
    // Fall back to the sum over the apps, if any has `addons`. It can be lower than the team's
    // split amounts, which include what belongs to no app.
    let is_known = usage.known_apps().any(|(_, app)| app.addons.is_some());
    is_known.then(|| {
        let addons = usage.known_apps().flat_map(|(_, app)| match app.addons {
            Some(addons) => [Some(addons), None],
            None => [app.data, app.partner],
        });
        let addons = addons.flatten().map(Quantity::from_f64).sum();
        (credit.cost_of(addons) - split).max(Money::ZERO)
    })
}

/// The nightly rate of a team's costs.
struct NightlyRate<'a> {
    window: Window<'a>,
    /// The costs of the current and the previous month.
    months: [&'a Option<UngroupedMonth<'a>>; 2],
}

impl NightlyRate<'_> {
    /// Returns the cost of an app in the window.
    fn of_app(&self, app: &str, category: Category) -> Option<Recent> {
        // An app that is missing from a known list has no units.
        let in_month = |month: usize| {
            let usage = self.months[month].as_ref().map(|month| month.month.usage)?;
            match usage.apps.as_ref()?.get(app) {
                Some(amounts) => units(amounts, category),
                None => Some(0.0),
            }
        };
        let before = match self.window.start.apps.as_ref()?.get(app) {
            Some(amounts) => units(amounts, category),
            None => Some(0.0),
        };
        self.recent(category, before?, in_month)
    }

    /// Returns the cost of the team itself in the window.
    fn of_team(&self, category: Category) -> Option<Recent> {
        let of = |amounts: &UsageAmounts, space: Option<f64>| match category {
            Category::Space => space,
            category => units(amounts, category),
        };
        let in_month = |month: usize| {
            let usage = self.months[month].as_ref().map(|month| month.month.usage)?;
            of(&usage.team, usage.spaces.credits)
        };
        let start = self.window.start;
        self.recent(category, of(&start.team, start.space)?, in_month)
    }

    fn recent(
        &self,
        category: Category,
        before: f64,
        in_month: impl Fn(usize) -> Option<f64>,
    ) -> Option<Recent> {
        let price = self.months[0].as_ref()?.price_of(category)?;
        let mut used = in_month(0)? - before;
        if self.window.crosses_month() {
            used += in_month(1)?;
        }
        Some(Recent {
            cost: price.cost_of(Quantity::from_f64(used)),
            hours: self.window.hours,
        })
    }
}

impl<'a> Forecast<'a> {
    /// Forecasts from the costs of the current and the previous month, and from the recorded nights.
    fn new(
        coverage: Coverage,
        window: Option<Window<'_>>,
        months: [&Option<UngroupedMonth<'a>>; 2],
        grouping: &Grouping<'a>,
    ) -> Option<Self> {
        let [team_current, team_previous] =
            months.map(|month| month.as_ref().map(|m| m.month.team).unwrap_or_default());
        let forecaster = Forecaster::new(coverage, team_previous.total().is_some())?;
        let measured_days = window.as_ref().map(Window::days);
        let rate = window.map(|window| NightlyRate { window, months });
        let month_end = |current: Option<Money>, previous: Option<Money>, recent| {
            current.or(previous)?;
            let (current, previous) = (current.unwrap_or_default(), previous.unwrap_or_default());
            Some(forecaster.month_end_at_rate(current, previous, recent))
        };
        // If the apps of a month are unknown, the forecast is that of the team's categories.
        let knows_apps = !months.iter().any(|month| {
            let month = month.as_ref();
            month.is_some_and(|month| month.month.usage.apps.is_none())
        });
        // A category that had a cost and has no amount in the current month, although others have,
        // is unknown: neither zero nor ended.
        let is_unknown = |category: Category| {
            months[0].is_some()
                && team_current.get(category).is_none()
                && team_previous
                    .get(category)
                    .is_some_and(|cost| cost != Money::ZERO)
        };
        let mut apps: BTreeMap<&str, [ByCategory; 2]> = BTreeMap::new();
        for (position, month) in months.into_iter().enumerate() {
            let known = month.iter().filter(|_| knows_apps);
            for (app, cost) in known.flat_map(|month| &month.apps) {
                apps.entry(app).or_default()[position] = *cost;
            }
        }
        let mut rows: BTreeMap<Cow<'a, str>, ByCategory> = BTreeMap::new();
        let mut team = ByCategory::default();
        for (app, [current, previous]) in apps {
            let mut forecast = ByCategory::default();
            let known = Category::OF_APPS
                .into_iter()
                .filter(|category| !is_unknown(*category));
            for category in known {
                let recent = rate.as_ref().and_then(|rate| rate.of_app(app, category));
                let month_end = month_end(current.get(category), previous.get(category), recent);
                forecast.set(category, month_end);
            }
            if forecast.total().is_some() {
                rows.entry(grouping.row_of(app)).or_default().add(forecast);
            }
            team.add(forecast);
        }
        for category in Category::ALL {
            if is_unknown(category) {
                continue;
            }
            let (current, previous) = (team_current.get(category), team_previous.get(category));
            let forecast = if category == Category::Other {
                // Can fall, as it is a difference, so that it has no lower bound and no nightly rate.
                let known = current.or(previous);
                known.map(|_| {
                    forecaster.month_end(current.unwrap_or_default(), previous.unwrap_or_default())
                })
            } else if knows_apps && Category::OF_APPS.contains(&category) {
                // The sum over the apps.
                team.get(category)
                    .or(current.or(previous).map(|_| Money::ZERO))
            } else {
                let recent = rate.as_ref().and_then(|rate| rate.of_team(category));
                month_end(current, previous, recent)
            };
            team.set(category, forecast);
        }
        team.total().map(|_| Self {
            coverage,
            measured_days,
            rows,
            team,
            rates: DailyRates::default(),
            interval: None,
        })
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
