//! Properties of costs and forecasts that hold for all data and rules.

use std::collections::BTreeSet;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::tests::{costs, dynos, invoice, month, usage_of};
use super::*;
use crate::grouping::{EXCLUDED, OTHER};
use crate::name_filter::{NameFilter, anchored_regex};
use crate::rules::{AppRules, Group};
use crate::usage::Spaces;

/// One figure as Heroku may write it, and as it should not.
fn figure() -> BoxedStrategy<Option<f64>> {
    let value = prop_oneof![
        6 => (0_u32..100_000).prop_map(|n| f64::from(n) / 1000.0),
        3 => -1e4_f64..1e5,
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(Quantity::MAX_UNITS), Just(-Quantity::MAX_UNITS), Just(5e-7)],
    ];
    // Boxed, for a strategy of many of these by value is larger than a test's stack.
    option::weighted(0.8, value).boxed()
}

prop_compose! {
    fn figures()(dynos in figure(), data in figure(), partner in figure(), addons in figure(), connect in figure()) -> UsageAmounts {
        UsageAmounts { dynos, data, partner, addons, connect }
    }
}

prop_compose! {
    fn monthly()(
        team in figures(),
        credits in figure(),
        apps in option::weighted(0.9, btree_map("(shop|api|shop-pr-[1-4]|[a-f]|_other|_excluded|\"|\\\\|\u{1f600}\n|)", figures(), 0..12)),
    ) -> MonthlyUsage {
        MonthlyUsage { team_name: None, team, spaces: Spaces { credits, ..Spaces::default() }, apps }
    }
}

prop_compose! {
    fn usage()(current in option::weighted(0.8, monthly()), previous in option::weighted(0.8, monthly())) -> Usage {
        let months = [("2026-11", current), ("2026-10", previous)];
        let months = months.into_iter().filter_map(|(name, usage)| Some((month(name), usage?)));
        Usage { months: months.collect() }
    }
}

prop_compose! {
    fn invoices()(of_months in vec((9_u8..=11, option::of(-1_000_i64..10_000_000), figure()), 0..4)) -> Invoices {
        let invoices = of_months.into_iter().map(|(month, platform, units)| {
            invoice(month, platform.and_then(Money::from_cents), units)
        });
        Invoices::new(invoices.collect())
    }
}

fn price() -> BoxedStrategy<Option<Money>> {
    let micros = prop_oneof![0_i128..100_000_000, Just(i64::MAX.into())];
    option::of(micros.prop_map(Money::from_micros)).boxed()
}

prop_compose! {
    fn rules()(
        dyno_unit in price(),
        addon_credit in price(),
        space_credit in price(),
        grouped in any::<bool>(),
        excluded in any::<bool>(),
        max in option::of(0_usize..5),
    ) -> Rules {
        let group = Group { pattern: anchored_regex("(.*)-pr-[0-9]+").unwrap(), name: "$1".into() };
        let apps = AppRules {
            filter: if excluded {
                NameFilter::new(Vec::new(), vec![anchored_regex("[ab]").unwrap()])
            } else {
                NameFilter::default()
            },
            groups: if grouped { vec![group] } else { Vec::new() },
            max,
        };
        Rules { prices: Prices { dyno_unit, addon_credit, space_credit }, apps, ..Rules::default() }
    }
}

/// What belongs to no app.
fn in_no_app(by_category: &ByCategory) -> Money {
    let categories = [Category::Space, Category::Other];
    categories
        .into_iter()
        .filter_map(|category| by_category.get(category))
        .sum()
}

fn without_app_rules(rules: &Rules) -> Rules {
    Rules {
        apps: AppRules::default(),
        ..rules.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rows_and_categories_add_up_to_team_cost(
        usage in usage(),
        invoices in invoices(),
        rules in rules(),
    ) {
        let team = costs(&usage, &invoices, &rules);
        for (_, billed) in team.months() {
            // Unknown apps have no rows.
            let known = billed.cost.as_ref().filter(|cost| cost.usage.apps.is_some());
            let Some(cost) = known else { continue };
            let total = billed.total().unwrap_or_default();
            let rows: Money = cost.rows.values().filter_map(|row| row.cost.total()).sum();
            prop_assert_eq!(rows + in_no_app(&cost.team), total);
            for category in Category::OF_APPS {
                let rows = cost.rows.values().filter_map(|row| row.cost.get(category));
                prop_assert_eq!(rows.sum::<Money>(), cost.team.get(category).unwrap_or_default());
            }
            prop_assert_eq!(cost.team.get(Category::Other).is_some(), billed.total().is_some());
            if let Some(invoiced) = billed.invoice.and_then(|invoice| invoice.total) {
                let unexplained = billed.total().map(|total| invoiced - total);
                prop_assert_eq!(billed.unexplained(), unexplained);
            }
        }
        let knows_apps = usage.months.values().all(|month| month.apps.is_some());
        if let Some(forecast) = team.forecast.as_ref().filter(|_| knows_apps) {
            let rows: Money = forecast.rows.values().filter_map(ByCategory::total).sum();
            prop_assert_eq!(Some(rows + in_no_app(&forecast.team)), forecast.team.total());
        }
    }

    #[test]
    fn grouping_changes_no_sum(usage in usage(), invoices in invoices(), rules in rules()) {
        let grouped = costs(&usage, &invoices, &rules);
        let plain_rules = without_app_rules(&rules);
        let plain = costs(&usage, &invoices, &plain_rules);
        for ((_, grouped), (_, plain)) in grouped.months().into_iter().zip(plain.months()) {
            let (Some(grouped), Some(plain)) = (&grouped.cost, &plain.cost) else { continue };
            prop_assert_eq!(grouped.team, plain.team);
            let sums = [grouped, plain].map(|cost| {
                let mut sum = ByCategory::default();
                cost.rows.values().for_each(|row| sum.add(row.cost));
                sum
            });
            prop_assert_eq!(sums[0], sums[1]);
        }
        let forecasts = [&grouped, &plain].map(|team| team.forecast.as_ref().map(|forecast| {
            (forecast.team, forecast.rows.values().filter_map(ByCategory::total).sum::<Money>())
        }));
        prop_assert_eq!(forecasts[0], forecasts[1]);
        if let Some(max) = rules.apps.max {
            let names = grouped.months().into_iter().filter_map(|(_, billed)| billed.cost.as_ref());
            let names: BTreeSet<_> = names.flat_map(|cost| cost.rows.keys()).collect();
            let own = names.iter().filter(|name| ***name != OTHER && ***name != EXCLUDED);
            prop_assert!(own.count() <= max);
        }
    }

    #[test]
    fn invoice_price_reproduces_the_billed_amount(
        thousandths in vec(0_u32..100_000, 1..40),
        billed in 1_i64..100_000_000,
    ) {
        prop_assume!(thousandths.iter().any(|n| *n > 0));
        let names: Vec<_> = (0..thousandths.len()).map(|n| n.to_string()).collect();
        let apps: Vec<_> = names.iter().zip(&thousandths)
            .map(|(name, n)| (name.as_str(), dynos(f64::from(*n) / 1000.0)))
            .collect();
        let units = f64::from(thousandths.iter().sum::<u32>()) / 1000.0;
        let usage = Usage { months: [(month("2026-11"), usage_of(dynos(units), &apps))].into() };
        let invoices = Invoices::new(vec![invoice(11, Money::from_cents(billed), Some(units))]);
        let team = costs(&usage, &invoices, &Rules::default());
        let cost = team.current.cost.as_ref().unwrap();
        prop_assert_eq!(cost.price_source, PriceSource::Invoice);
        prop_assert_eq!(cost.team.get(Category::Dynos), Money::from_cents(billed));
        prop_assert_eq!(cost.team.get(Category::Other), Some(Money::ZERO));
        prop_assert_eq!(team.current.unexplained(), Some(Money::ZERO));
    }
}
