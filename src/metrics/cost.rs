//! Costs, forecasts and budgets of teams and apps.

use super::descriptors::cost;
use super::figures::Figures;
use billing::cost::{MonthCost, Period};
use expfmt::{Family, MetricDescriptor, Sample};

/// Returns the families that have a series, and the exporter's own, which always exists.
pub(super) fn families<'a>(figures: &'a Figures<'a>) -> Vec<Family<'a>> {
    let families = [
        Family::non_empty(&cost::TEAM_COST, team_costs(figures)),
        Family::non_empty(&cost::TEAM_COST_FORECAST, team_forecasts(figures)),
        Family::non_empty(&cost::TEAM_BUDGET, team_budgets(figures)),
        Family::non_empty(&cost::APP_COST, app_costs(figures)),
        Family::non_empty(&cost::APP_COST_FORECAST, app_forecasts(figures)),
        Family::non_empty(&cost::APP_BUDGET, app_budgets(figures)),
        Family::non_empty(&cost::DYNO_UNIT_PRICE, prices(figures)),
        per_month(&cost::TEAM_DYNO_UNITS, figures, |month| {
            month.usage.team.dynos
        }),
        Family::non_empty(&cost::APP_DYNO_UNITS, app_dyno_units(figures)),
        per_month(&cost::TEAM_CONNECT_ROWS, figures, |month| {
            month.usage.team.connect
        }),
        per_month(&cost::TEAM_SPACE_CREDITS, figures, |month| {
            month.usage.spaces.credits
        }),
        per_space_kind(&cost::TEAM_SPACE_KIND_CREDITS, figures, |month| {
            let spaces = &month.usage.spaces;
            [spaces.private_credits, spaces.shield_credits]
        }),
        per_space_kind(&cost::TEAM_SPACE_KIND_USAGE, figures, |month| {
            let spaces = &month.usage.spaces;
            [spaces.private, spaces.shield]
        }),
        Some(Family::new(&cost::APPS_ROLLED_UP, rolled_up(figures))),
    ];
    families.into_iter().flatten().collect()
}

/// Returns the months of each team for which usage is known.
fn months<'a>(
    figures: &'a Figures<'a>,
) -> impl Iterator<Item = (&'a str, &'static str, &'a MonthCost<'a>)> {
    figures.costs.iter().flat_map(|(team, cost)| {
        let months = cost.months().into_iter();
        months.filter_map(|(period, billed): (Period, _)| {
            Some((team.name.as_str(), period.as_str(), billed.cost.as_ref()?))
        })
    })
}

fn team_costs<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(figures).flat_map(|(team, period, month)| {
        let known = month.team.known();
        known.map(move |(category, money)| {
            Sample::new([team, period, category.as_str()], money.dollars())
        })
    })
}

fn team_forecasts<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    figures.costs.iter().flat_map(|(team, cost)| {
        let forecast = cost.forecast.iter();
        let known = forecast.flat_map(|forecast| forecast.team.known());
        known.map(|(category, money)| {
            Sample::new([team.name.as_str(), category.as_str()], money.dollars())
        })
    })
}

fn team_budgets<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    figures.costs.iter().filter_map(|(team, _)| {
        let rules = &figures.options.rules;
        let budget = rules.team_budget(&team.name, team.id.as_deref())?;
        Some(Sample::new([&team.name], budget.dollars()))
    })
}

fn app_costs<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(figures).flat_map(|(team, period, month)| {
        month.rows.iter().flat_map(move |(app, row)| {
            row.cost.known().map(move |(category, money)| {
                Sample::new([team, app, period, category.as_str()], money.dollars())
            })
        })
    })
}

fn app_forecasts<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    figures.costs.iter().flat_map(|(team, cost)| {
        let rows = cost.forecast.iter().flat_map(|forecast| &forecast.rows);
        rows.map(|(app, money)| Sample::new([team.name.as_str(), app], money.dollars()))
    })
}

fn app_budgets<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    figures.costs.iter().flat_map(|(team, _)| {
        let rules = &figures.options.rules;
        let budgets = rules.app_budgets(&team.name, team.id.as_deref());
        let budgets = budgets.into_iter();
        budgets.map(|(app, budget)| Sample::new([team.name.as_str(), app], budget.dollars()))
    })
}

fn prices<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(figures).map(|(team, period, month)| {
        let labels = [team, period, month.price_source.as_str()];
        Sample::new(labels, month.dyno_price.dollars_per_unit())
    })
}

fn app_dyno_units<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(figures).flat_map(|(team, period, month)| {
        let rows = month.rows.iter();
        rows.filter_map(move |(app, row)| Some(Sample::new([team, app, period], row.used.dynos?)))
    })
}

/// Returns the family of a figure that a team has for each month.
fn per_month<'a>(
    metric: &'static MetricDescriptor,
    figures: &'a Figures<'a>,
    figure: fn(&MonthCost<'_>) -> Option<f64>,
) -> Option<Family<'a>> {
    let samples = months(figures)
        .filter_map(move |(team, period, month)| Some(Sample::new([team, period], figure(month)?)));
    Family::non_empty(metric, samples)
}

/// Returns the family of a figure that a team has for private and for shield spaces in each month.
fn per_space_kind<'a>(
    metric: &'static MetricDescriptor,
    figures: &'a Figures<'a>,
    amounts: fn(&MonthCost<'_>) -> [Option<f64>; 2],
) -> Option<Family<'a>> {
    let samples = months(figures).flat_map(move |(team, period, month)| {
        let kinds = ["private", "shield"].into_iter().zip(amounts(month));
        kinds.filter_map(move |(kind, amount)| Some(Sample::new([team, period, kind], amount?)))
    });
    Family::non_empty(metric, samples)
}

fn rolled_up<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    let costs = figures.costs.iter();
    costs.map(|(team, cost)| Sample::new([&team.name], cost.rolled_up as f64))
}
