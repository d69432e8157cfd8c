//! What teams and apps cost, what they will have cost, and what they may cost.

use std::borrow::Cow;

use smallvec::smallvec;

use crate::metrics::descriptors::cost;
use crate::snapshot::Team;
use billing::cost::{MonthCost, Period, TeamCost};
use billing::rules::Rules;
use expfmt::descriptor::Metric;
use expfmt::family::{Family, Sample};

/// A team and its costs.
pub(super) type Costs<'a> = [(&'a Team, TeamCost<'a>)];

/// The families that have a series, in the catalogue's order; and the program's own.
pub(super) fn families<'a>(costs: &'a Costs<'a>, rules: &'a Rules) -> Vec<Family<'a>> {
    let families = [
        Family::non_empty(&cost::TEAM_COST, team_costs(costs)),
        Family::non_empty(&cost::TEAM_COST_FORECAST, team_forecasts(costs)),
        Family::non_empty(&cost::TEAM_BUDGET, team_budgets(costs, rules)),
        Family::non_empty(&cost::APP_COST, app_costs(costs)),
        Family::non_empty(&cost::APP_COST_FORECAST, app_forecasts(costs)),
        Family::non_empty(&cost::APP_BUDGET, app_budgets(costs, rules)),
        Family::non_empty(&cost::DYNO_UNIT_PRICE, prices(costs)),
        per_month(&cost::TEAM_DYNO_UNITS, costs, |month| {
            month.usage.team.dynos
        }),
        Family::non_empty(&cost::APP_DYNO_UNITS, app_dyno_units(costs)),
        per_month(&cost::TEAM_CONNECT_ROWS, costs, |month| {
            month.usage.team.connect
        }),
        per_month(&cost::TEAM_SPACE_CREDITS, costs, |month| {
            month.usage.spaces.credits
        }),
        per_space_kind(&cost::TEAM_SPACE_KIND_CREDITS, costs, |month| {
            let spaces = &month.usage.spaces;
            [spaces.private_credits, spaces.shield_credits]
        }),
        per_space_kind(&cost::TEAM_SPACE_KIND_USAGE, costs, |month| {
            let spaces = &month.usage.spaces;
            [spaces.private, spaces.shield]
        }),
        // The program's own, which are always there.
        Some(Family::new(&cost::APPS_ROLLED_UP, rolled_up(costs))),
    ];
    families.into_iter().flatten().collect()
}

/// Each team's months of which there is usage.
fn months<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = (&'a str, Period, &'a MonthCost<'a>)> {
    costs.iter().flat_map(|(team, cost)| {
        let months = cost.months().into_iter();
        months
            .filter_map(|(which, billed)| Some((team.name.as_str(), which, billed.cost.as_ref()?)))
    })
}

fn team_costs<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(costs).flat_map(|(team, which, month)| {
        month.team.known().map(move |(category, money)| {
            let labels = smallvec![team.into(), which.as_str().into(), category.as_str().into()];
            Sample::new(labels, money.dollars())
        })
    })
}

fn team_forecasts<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    costs.iter().flat_map(|(team, cost)| {
        let forecast = cost.forecast.iter();
        let known = forecast.flat_map(|forecast| forecast.team.known());
        known.map(|(category, money)| {
            let labels = smallvec![team.name.as_str().into(), category.as_str().into()];
            Sample::new(labels, money.dollars())
        })
    })
}

fn team_budgets<'a>(costs: &'a Costs<'a>, rules: &'a Rules) -> impl Iterator<Item = Sample<'a>> {
    costs.iter().filter_map(|(team, _)| {
        let budget = rules.team_budget(&team.name, team.id.as_deref())?;
        Some(Sample::new(
            smallvec![team.name.as_str().into()],
            budget.dollars(),
        ))
    })
}

fn app_costs<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(costs).flat_map(|(team, which, month)| {
        month.rows.iter().flat_map(move |(app, row)| {
            row.cost.known().map(move |(category, money)| {
                let labels = smallvec![
                    team.into(),
                    Cow::Borrowed(&**app),
                    which.as_str().into(),
                    category.as_str().into(),
                ];
                Sample::new(labels, money.dollars())
            })
        })
    })
}

fn app_forecasts<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    costs.iter().flat_map(|(team, cost)| {
        let rows = cost.forecast.iter().flat_map(|forecast| &forecast.rows);
        rows.map(|(app, money)| {
            Sample::new(
                smallvec![team.name.as_str().into(), Cow::Borrowed(&**app)],
                money.dollars(),
            )
        })
    })
}

fn app_budgets<'a>(costs: &'a Costs<'a>, rules: &'a Rules) -> impl Iterator<Item = Sample<'a>> {
    costs.iter().flat_map(|(team, _)| {
        let budgets = rules.app_budgets(&team.name, team.id.as_deref());
        budgets.into_iter().map(|(app, budget)| {
            Sample::new(
                smallvec![team.name.as_str().into(), app.into()],
                budget.dollars(),
            )
        })
    })
}

fn prices<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(costs).map(|(team, which, month)| {
        let labels = smallvec![
            team.into(),
            which.as_str().into(),
            month.price_source.as_str().into(),
        ];
        Sample::new(labels, month.dyno_price.dollars_per_unit())
    })
}

fn app_dyno_units<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(costs).flat_map(|(team, which, month)| {
        month.rows.iter().filter_map(move |(app, row)| {
            let labels = smallvec![team.into(), Cow::Borrowed(&**app), which.as_str().into()];
            Some(Sample::new(labels, row.used.dynos?))
        })
    })
}

/// The family of a figure that a team has for each month.
fn per_month<'a>(
    metric: &'static Metric,
    costs: &'a Costs<'a>,
    figure: fn(&MonthCost<'_>) -> Option<f64>,
) -> Option<Family<'a>> {
    let samples = months(costs).filter_map(move |(team, which, month)| {
        let labels = smallvec![team.into(), which.as_str().into()];
        Some(Sample::new(labels, figure(month)?))
    });
    Family::non_empty(metric, samples)
}

/// The family of a figure that a team has for private and for shield spaces in each month.
fn per_space_kind<'a>(
    metric: &'static Metric,
    costs: &'a Costs<'a>,
    figures: fn(&MonthCost<'_>) -> [Option<f64>; 2],
) -> Option<Family<'a>> {
    let samples = months(costs).flat_map(move |(team, which, month)| {
        let kinds = ["private", "shield"].into_iter().zip(figures(month));
        kinds.filter_map(move |(kind, figure)| {
            let labels = smallvec![team.into(), which.as_str().into(), kind.into()];
            Some(Sample::new(labels, figure?))
        })
    });
    Family::non_empty(metric, samples)
}

fn rolled_up<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    costs.iter().map(|(team, cost)| {
        let labels = smallvec![team.name.as_str().into()];
        Sample::new(labels, cost.rolled_up as f64)
    })
}
