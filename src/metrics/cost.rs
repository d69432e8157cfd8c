//! Costs, forecasts and budgets of teams and apps.

use std::borrow::Cow;

use super::billing_data::BillingData;
use super::descriptors::cost;
use billing::cost::{MonthCost, Period};
use billing::interval::Interval;
use billing::money::Money;
use expfmt::{Family, MetricDescriptor, Sample};

/// Returns the families that have series, and [`cost::APPS_ROLLED_UP`] in any case.
pub(super) fn families<'a>(data: &'a BillingData<'a>) -> Vec<Family<'a>> {
    let families = [
        Family::non_empty(&cost::TEAM_COST, team_costs(data)),
        Family::non_empty(&cost::TEAM_COST_FORECAST, team_forecasts(data)),
        Family::non_empty(
            &cost::TEAM_COST_FORECAST_LOW,
            team_intervals(data, |interval| interval.low),
        ),
        Family::non_empty(
            &cost::TEAM_COST_FORECAST_HIGH,
            team_intervals(data, |interval| interval.high),
        ),
        Family::non_empty(&cost::TEAM_MONTH_COST, team_months(data)),
        Family::non_empty(&cost::TEAM_BUDGET, team_budgets(data)),
        Family::non_empty(&cost::APP_COST, app_costs(data)),
        Family::non_empty(&cost::APP_COST_FORECAST, app_forecasts(data)),
        Family::non_empty(&cost::APP_BUDGET, app_budgets(data)),
        Family::non_empty(&cost::DYNO_UNIT_PRICE, dyno_unit_prices(data)),
        per_month(&cost::TEAM_DYNO_UNITS, data, |month| month.usage.team.dynos),
        Family::non_empty(&cost::APP_DYNO_UNITS, app_dyno_units(data)),
        per_month(&cost::TEAM_CONNECT_ROWS, data, |month| {
            month.usage.team.connect
        }),
        per_month(&cost::TEAM_SPACE_CREDITS, data, |month| {
            month.usage.spaces.credits
        }),
        per_space_kind(&cost::TEAM_SPACE_KIND_CREDITS, data, |month| {
            let spaces = &month.usage.spaces;
            [spaces.private_credits, spaces.shield_credits]
        }),
        per_space_kind(&cost::TEAM_SPACE_KIND_USAGE, data, |month| {
            let spaces = &month.usage.spaces;
            [spaces.private, spaces.shield]
        }),
        Some(Family::new(&cost::APPS_ROLLED_UP, rolled_up_apps(data))),
    ];
    families.into_iter().flatten().collect()
}

/// Returns each team's months with known usage: the team's name, the period and the costs.
fn months<'a>(
    data: &'a BillingData<'a>,
) -> impl Iterator<Item = (&'a str, &'static str, &'a MonthCost<'a>)> {
    data.costs.iter().flat_map(|(team, cost)| {
        let months = cost.months().into_iter();
        months.filter_map(|(period, billed): (Period, _)| {
            Some((team.name.as_str(), period.as_str(), billed.cost.as_ref()?))
        })
    })
}

fn team_costs<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(data).flat_map(|(team, period, month)| {
        let known = month.team.known();
        known.map(move |(category, money)| {
            Sample::new([team, period, category.as_str()], money.dollars())
        })
    })
}

fn team_forecasts<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    data.costs.iter().flat_map(|(team, cost)| {
        let forecast = cost.forecast.iter();
        let known = forecast.flat_map(|forecast| forecast.team.known());
        known.map(|(category, money)| {
            Sample::new([team.name.as_str(), category.as_str()], money.dollars())
        })
    })
}

fn team_intervals<'a>(
    data: &'a BillingData<'a>,
    bound: fn(Interval) -> Money,
) -> impl Iterator<Item = Sample<'a>> {
    data.costs.iter().filter_map(move |(team, cost)| {
        let interval = cost.forecast.as_ref()?.interval?;
        Some(Sample::new([&team.name], bound(interval).dollars()))
    })
}

fn team_months<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    data.past.iter().flat_map(|past| {
        let month = past.month.to_string();
        past.cost.known().map(move |(category, money)| {
            let labels: [Cow<'_, str>; 3] = [
                past.team.into(),
                month.clone().into(),
                category.as_str().into(),
            ];
            Sample::new(labels, money.dollars())
        })
    })
}

fn team_budgets<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    data.costs.iter().filter_map(|(team, _)| {
        let rules = &data.options.rules;
        let budget = rules.team_budget(&team.name, team.id.as_deref())?;
        Some(Sample::new([&team.name], budget.dollars()))
    })
}

fn app_costs<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(data).flat_map(|(team, period, month)| {
        month.rows.iter().flat_map(move |(app, row)| {
            row.cost.known().map(move |(category, money)| {
                Sample::new([team, app, period, category.as_str()], money.dollars())
            })
        })
    })
}

fn app_forecasts<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    data.costs.iter().flat_map(|(team, cost)| {
        let rows = cost.forecast.iter().flat_map(|forecast| &forecast.rows);
        rows.filter_map(|(app, forecast)| {
            let labels = [team.name.as_str(), app];
            Some(Sample::new(labels, forecast.total()?.dollars()))
        })
    })
}

fn app_budgets<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    data.costs.iter().flat_map(|(team, _)| {
        let rules = &data.options.rules;
        let budgets = rules.app_budgets(&team.name, team.id.as_deref());
        let budgets = budgets.into_iter();
        budgets.map(|(app, budget)| Sample::new([team.name.as_str(), app], budget.dollars()))
    })
}

fn dyno_unit_prices<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(data).map(|(team, period, month)| {
        let labels = [team, period, month.price_source.as_str()];
        Sample::new(labels, month.dyno_price.dollars_per_unit())
    })
}

fn app_dyno_units<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(data).flat_map(|(team, period, month)| {
        let rows = month.rows.iter();
        rows.filter_map(move |(app, row)| Some(Sample::new([team, app, period], row.used.dynos?)))
    })
}

/// Returns the family of a value that a team has in each month.
fn per_month<'a>(
    metric: &'static MetricDescriptor,
    data: &'a BillingData<'a>,
    value: fn(&MonthCost<'_>) -> Option<f64>,
) -> Option<Family<'a>> {
    let samples = months(data)
        .filter_map(move |(team, period, month)| Some(Sample::new([team, period], value(month)?)));
    Family::non_empty(metric, samples)
}

/// Returns the family of a value that a team has in each month for private and for shield spaces.
fn per_space_kind<'a>(
    metric: &'static MetricDescriptor,
    data: &'a BillingData<'a>,
    values: fn(&MonthCost<'_>) -> [Option<f64>; 2],
) -> Option<Family<'a>> {
    let samples = months(data).flat_map(move |(team, period, month)| {
        let kinds = ["private", "shield"].into_iter().zip(values(month));
        kinds.filter_map(move |(kind, value)| Some(Sample::new([team, period, kind], value?)))
    });
    Family::non_empty(metric, samples)
}

fn rolled_up_apps<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    let costs = data.costs.iter();
    costs.map(|(team, cost)| Sample::new([&team.name], cost.rolled_up as f64))
}
