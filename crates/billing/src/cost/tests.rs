//! Tables for what depends on settings, and on what Heroku says or does not.

use jiff::civil::date;
use regex::Regex;

use super::*;
use crate::invoice::InvoicePeriod;
use crate::rules::{AppRules, Group};
use crate::run_rate::DynoPricing;
use crate::usage::Spaces;

fn now() -> Timestamp {
    "2026-11-16T12:00:00Z".parse().unwrap()
}

pub(super) fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn cents(cents: i64) -> Money {
    Money::from_cents(cents).unwrap()
}

pub(super) fn invoice(month: u8, platform: Option<Money>, dyno_units: Option<f64>) -> Invoice {
    Invoice {
        number: None,
        period: InvoicePeriod {
            start: date(2026, month.cast_signed(), 1),
            end: None,
            end_as_written: String::new(),
        },
        state: None,
        payment_status: String::new(),
        total: platform,
        charges: None,
        credits: None,
        addons: None,
        database: None,
        platform,
        dyno_units,
        weighted_dyno_hours: None,
        updated_at: None,
    }
}

pub(super) fn usage_of(team: UsageAmounts, apps: &[(&str, UsageAmounts)]) -> MonthlyUsage {
    MonthlyUsage {
        team_name: None,
        team,
        spaces: Spaces::default(),
        apps: Some(
            apps.iter()
                .map(|(name, amounts)| ((*name).to_owned(), *amounts))
                .collect(),
        ),
    }
}

pub(super) fn dynos(dynos: f64) -> UsageAmounts {
    UsageAmounts {
        dynos: Some(dynos),
        ..UsageAmounts::default()
    }
}

/// The costs of a team that is called `ops` and has the id `1`.
pub(super) fn costs<'a>(usage: &'a Usage, invoices: &'a Invoices, rules: &Rules) -> TeamCost<'a> {
    let known = BillingInput {
        name: "ops",
        id: Some("1"),
        usage: Some(usage),
        usage_changed_at: Some(now()),
        invoices: Some(invoices),
        ..BillingInput::default()
    };
    TeamCost::new(known, rules, now())
}

/// One app that used two units in each month.
fn two_units() -> Usage {
    let row = usage_of(UsageAmounts::default(), &[("shop", dynos(2.0))]);
    Usage {
        months: [(month("2026-11"), row.clone()), (month("2026-10"), row)].into(),
    }
}

#[test]
fn takes_dyno_price_from_config_invoice_or_list() {
    let set = |dollars| Prices {
        dyno_unit: Some(Money::from_whole_dollars(dollars)),
        ..Prices::default()
    };
    let for_all = Rules {
        prices: set(20),
        ..Rules::default()
    };
    let of_team = |key: &str| Rules {
        team_prices: [(key.to_owned(), set(10))].into(),
        ..for_all.clone()
    };
    let paid = |month, platform, units| invoice(month, Some(cents(platform)), Some(units));
    let none = Rules::default();
    use PriceSource::{Config, Invoice, List};
    // Rules, invoices, and for each month who says the price and what two units cost in cents.
    let table = [
        (&none, vec![], [(List, 5_000), (List, 5_000)]),
        (
            &none,
            vec![paid(11, 600, 3.0), paid(10, 900, 3.0)],
            [(Invoice, 400), (Invoice, 600)],
        ),
        // An open invoice without figures, or with zeros, says nothing; the month before then does.
        (
            &none,
            vec![paid(11, 0, 0.0), paid(10, 900, 3.0)],
            [(Invoice, 600), (Invoice, 600)],
        ),
        (
            &none,
            vec![invoice(11, None, Some(2.0)), paid(10, 900, 3.0)],
            [(Invoice, 600), (Invoice, 600)],
        ),
        (
            &none,
            vec![paid(10, 900, 3.0)],
            [(Invoice, 600), (Invoice, 600)],
        ),
        // An invoice of less than a twentieth of a unit gives no price.
        (
            &none,
            vec![paid(11, 100, 0.049), paid(10, 900, 3.0)],
            [(Invoice, 600), (Invoice, 600)],
        ),
        (
            &none,
            vec![paid(11, 15, 0.05)],
            [(Invoice, 600), (List, 5_000)],
        ),
        // The current month's price is not the previous month's, whose invoice comes late: then the
        // latest before it says what is paid.
        (
            &none,
            vec![paid(11, 600, 3.0)],
            [(Invoice, 400), (List, 5_000)],
        ),
        (
            &none,
            vec![paid(8, 900, 3.0), paid(9, 600, 3.0)],
            [(Invoice, 400), (Invoice, 400)],
        ),
        // A second invoice of a month that is a credit says nothing of the price.
        (
            &none,
            vec![paid(10, 0, 0.0), paid(10, 900, 3.0)],
            [(Invoice, 600), (Invoice, 600)],
        ),
        (
            &none,
            vec![paid(11, -600, 3.0), paid(10, 600, -3.0)],
            [(List, 5_000), (List, 5_000)],
        ),
        (
            &for_all,
            vec![paid(11, 600, 3.0)],
            [(Config, 4_000), (Config, 4_000)],
        ),
        (&of_team("ops"), vec![], [(Config, 2_000), (Config, 2_000)]),
        (&of_team("1"), vec![], [(Config, 2_000), (Config, 2_000)]),
        (&of_team("web"), vec![], [(Config, 4_000), (Config, 4_000)]),
    ];
    let usage = two_units();
    for (number, (rules, invoices, expected)) in table.into_iter().enumerate() {
        let invoices = Invoices::new(invoices);
        let team = costs(&usage, &invoices, rules);
        // A team without usage pays the same for its running dynos, but not a default price.
        let input = BillingInput {
            name: "ops",
            id: Some("1"),
            invoices: Some(&invoices),
            ..BillingInput::default()
        };
        let running = TeamCost::new(input, rules, now()).dyno_pricing();
        let price = team.months()[0].1.cost.as_ref().unwrap().dyno_price;
        let is_default = expected[0].0 == List;
        let list = DynoPricing::List((!is_default).then_some(price));
        assert_eq!(running, list, "case {number}");
        assert_eq!(team.dyno_pricing(), DynoPricing::Units(price));
        let found = team.months().map(|(_, billed)| {
            let cost = billed.cost.as_ref().unwrap();
            (cost.price_source, cost.team.get(Category::Dynos))
        });
        assert_eq!(
            found,
            expected.map(|(source, money)| (source, Money::from_cents(money))),
            "row {number}"
        );
    }
}

#[test]
fn team_price_overrides_only_its_own_unit() {
    let rules = Rules {
        prices: Prices {
            addon_credit: Some(cents(90)),
            ..Prices::default()
        },
        team_prices: [(
            "ops".to_owned(),
            Prices {
                dyno_unit: Some(cents(1_000)),
                ..Prices::default()
            },
        )]
        .into(),
        ..Rules::default()
    };
    assert_eq!(
        rules.prices_of("ops", None),
        Prices {
            dyno_unit: Some(cents(1_000)),
            addon_credit: Some(cents(90)),
            space_credit: None
        }
    );
}

/// The known categories in cents.
fn in_cents(by_category: &ByCategory) -> Vec<(&'static str, i128)> {
    let known = by_category.known();
    known
        .map(|(category, money)| (category.as_str(), money.micros() / 10_000))
        .collect()
}

#[test]
fn other_is_the_team_amount_beyond_the_parts() {
    let app = |dynos, data, partner, addons| UsageAmounts {
        dynos,
        data,
        partner,
        addons,
        connect: None,
    };
    let none = UsageAmounts::default();
    /// The team's figures, those of its one app, and the categories in cents.
    type Row = (
        UsageAmounts,
        Option<UsageAmounts>,
        &'static [(&'static str, i128)],
    );
    let table: [Row; 11] = [
        (none, None, &[]),
        (none, Some(none), &[]),
        (
            none,
            Some(app(Some(1.0), None, None, None)),
            &[("dynos", 2_500), ("other", 0)],
        ),
        (
            app(Some(1.5), None, None, None),
            Some(app(Some(1.0), None, None, None)),
            &[("dynos", 2_500), ("other", 1_250)],
        ),
        (
            app(Some(0.5), None, None, None),
            Some(app(Some(1.0), None, None, None)),
            &[("dynos", 2_500), ("other", -1_250)],
        ),
        (
            app(Some(1.0), None, None, None),
            None,
            &[("dynos", 0), ("other", 2_500)],
        ),
        // Everything agrees.
        (
            app(None, Some(2.0), Some(3.0), Some(5.0)),
            Some(app(None, Some(2.0), Some(3.0), Some(5.0))),
            &[("data", 200), ("partner", 300), ("other", 0)],
        ),
        // Add-ons that Heroku does not split, for the team or for its apps alone.
        (
            app(None, None, None, Some(5.0)),
            Some(none),
            &[("other", 500)],
        ),
        (
            none,
            Some(app(None, None, None, Some(5.0))),
            &[("other", 500)],
        ),
        // Data beyond the apps', and add-ons beyond both kinds.
        (
            app(None, Some(2.0), None, Some(9.0)),
            Some(app(None, Some(1.5), Some(3.0), None)),
            &[("data", 150), ("partner", 300), ("other", 450)],
        ),
        // An app that says nothing of all add-ons does not say that there were none.
        (
            none,
            Some(app(None, Some(1.0), None, None)),
            &[("data", 100), ("other", 0)],
        ),
    ];
    for (number, (team, app, expected)) in table.into_iter().enumerate() {
        let apps = app.map(|app| ("shop", app));
        let usage = Usage {
            months: [(month("2026-11"), usage_of(team, apps.as_slice()))].into(),
        };
        let invoices = Invoices::default();
        let costs = costs(&usage, &invoices, &Rules::default());
        let cost = costs.current.cost.as_ref().unwrap();
        assert_eq!(in_cents(&cost.team), expected, "row {number}");
    }
}

#[test]
fn prices_spaces_only_if_a_price_is_set() {
    let mut row = usage_of(dynos(1.0), &[]);
    row.spaces.credits = Some(1.5);
    let usage = Usage {
        months: [(month("2026-11"), row)].into(),
    };
    let mut rules = Rules::default();
    let invoices = Invoices::default();
    let space = |rules: &Rules| {
        let team = costs(&usage, &invoices, rules);
        team.current
            .cost
            .as_ref()
            .unwrap()
            .team
            .get(Category::Space)
    };
    assert_eq!(space(&rules), None);
    rules.prices.space_credit = Some(Money::from_whole_dollars(1_000));
    assert_eq!(space(&rules), Some(Money::from_whole_dollars(1_500)));
}

#[test]
fn does_not_forecast_unknown_costs() {
    let none = TeamCost::new(
        BillingInput {
            name: "ops",
            ..BillingInput::default()
        },
        &Rules::default(),
        now(),
    );
    assert!(
        none.current.cost.is_none() && none.current.invoice.is_none() && none.forecast.is_none()
    );
    let mut usage = two_units();
    usage.months.remove(&month("2026-10"));
    let invoices = Invoices::default();
    let forecast = |usage: &Usage, changed_at: &str| {
        let known = BillingInput {
            usage: Some(usage),
            usage_changed_at: changed_at.parse().ok(),
            invoices: Some(&invoices),
            ..BillingInput::default()
        };
        let team = TeamCost::new(known, &Rules::default(), now());
        team.forecast
            .as_ref()
            .map(|forecast| in_cents(&forecast.team))
    };
    // Half a month of two units, and no month before: twice as much at the end.
    assert_eq!(
        forecast(&usage, "2026-11-16T02:00:00Z"),
        Some(vec![("dynos", 10_000), ("other", 0)])
    );
    assert_eq!(forecast(&usage, "2026-11-01T23:00:00Z"), None);
    assert_eq!(forecast(&usage, "2026-10-31T23:00:00Z"), None);
    // On the 1st, each app costs as much as in the month before, or what it already cost.
    usage.months.insert(
        month("2026-10"),
        usage_of(UsageAmounts::default(), &[("gone", dynos(4.0))]),
    );
    assert_eq!(
        forecast(&usage, "2026-11-01T02:00:00Z"),
        Some(vec![("dynos", 15_000), ("other", 0)])
    );
    // While nothing of the month is known, the month before, whatever the day.
    usage.months.remove(&month("2026-11"));
    for changed_at in ["2026-11-01T02:00:00Z", "2026-11-16T02:00:00Z"] {
        assert_eq!(
            forecast(&usage, changed_at),
            Some(vec![("dynos", 10_000), ("other", 0)])
        );
    }
}

#[test]
fn sums_usage_of_a_row_without_float_noise() {
    let usage = Usage {
        months: [(
            month("2026-11"),
            usage_of(
                dynos(0.3),
                &[
                    ("a-pr-1", dynos(0.1)),
                    ("a-pr-2", dynos(0.2)),
                    ("b", dynos(0.123_456_789_012_345_6)),
                ],
            ),
        )]
        .into(),
    };
    let rules = Rules {
        apps: AppRules {
            groups: vec![Group {
                pattern: Regex::new("(a)-pr-.*").unwrap(),
                name: "${1}-pr".into(),
            }],
            ..AppRules::default()
        },
        ..Rules::default()
    };
    let invoices = Invoices::default();
    let team = costs(&usage, &invoices, &rules);
    let rows = &team.current.cost.as_ref().unwrap().rows;
    let used: Vec<_> = rows
        .iter()
        .map(|(name, row)| (&**name, row.used.dynos))
        .collect();
    assert_eq!(
        used,
        [("a-pr", Some(0.3)), ("b", Some(0.123_456_789_012_345_6))]
    );
}

#[test]
fn takes_categories_from_the_team_if_apps_are_unknown() {
    let amounts = |dynos, data, partner| UsageAmounts {
        dynos: Some(dynos),
        data: Some(data),
        partner: Some(partner),
        addons: Some(data + partner),
        ..UsageAmounts::default()
    };
    let whole = amounts(2.0, 50.0, 12.0);
    let known = usage_of(whole, &[("shop", whole)]);
    let unknown = MonthlyUsage {
        apps: None,
        ..known.clone()
    };
    let (invoices, rules) = (Invoices::default(), Rules::default());
    for [current, previous] in [[&unknown, &known], [&known, &unknown], [&unknown, &unknown]] {
        let months = [("2026-11", current), ("2026-10", previous)];
        let months = months.map(|(name, usage)| (month(name), usage.clone()));
        let usage = Usage {
            months: months.into(),
        };
        let costs = costs(&usage, &invoices, &rules);
        for billed in [&costs.current, &costs.previous] {
            let cost = billed.cost.as_ref().unwrap();
            let expected = [
                ("dynos", 5_000),
                ("data", 5_000),
                ("partner", 1_200),
                ("other", 0),
            ];
            assert_eq!(in_cents(&cost.team), expected);
            assert_eq!(cost.rows.is_empty(), cost.usage.apps.is_none());
        }
        let forecast = costs.forecast.unwrap();
        assert!(forecast.rows.is_empty());
        assert_eq!(in_cents(&forecast.team).len(), 4);
        assert!(forecast.team.total() >= costs.current.total());
    }
}

#[test]
fn costs_of_the_largest_amounts_are_exact() {
    let data = |data| UsageAmounts {
        data: Some(data),
        ..UsageAmounts::default()
    };
    let large: Vec<String> = (0..1_000).map(|n| format!("app-{n:04}")).collect();
    let mut apps: Vec<_> = large
        .iter()
        .map(|name| (name.as_str(), data(Quantity::MAX_UNITS)))
        .collect();
    apps.push(("shop", data(0.000_001)));
    let usage = Usage {
        months: [(month("2026-11"), usage_of(UsageAmounts::default(), &apps))].into(),
    };
    let rules = Rules {
        prices: Prices {
            addon_credit: Some(Money::from_whole_dollars(1_000_000)),
            ..Prices::default()
        },
        ..Rules::default()
    };
    let invoices = Invoices::default();
    let costs = costs(&usage, &invoices, &rules);
    let rows = &costs.current.cost.as_ref().unwrap().rows;
    assert_eq!(rows["shop"].cost.total(), Some(cents(100)));
    assert_eq!(rows["app-0999"].cost.total(), rows["app-0000"].cost.total());
}

#[test]
fn category_without_amount_in_current_month_is_unknown() {
    let both = |dynos, data| UsageAmounts {
        dynos,
        data,
        ..UsageAmounts::default()
    };
    let mut usage = Usage::default();
    for (name, amounts) in [
        ("2026-10", both(Some(4.0), Some(50.0))),
        ("2026-11", both(Some(2.0), None)),
    ] {
        let apps = [("shop", amounts)];
        usage.months.insert(month(name), usage_of(amounts, &apps));
    }
    let input = BillingInput {
        usage: Some(&usage),
        usage_changed_at: "2026-11-16T02:00:00Z".parse().ok(),
        ..BillingInput::default()
    };
    let costs = TeamCost::new(input, &Rules::default(), now());
    let forecast = costs.forecast.unwrap();
    assert_eq!(forecast.team.get(Category::Data), None);
    assert!(forecast.team.get(Category::Dynos).is_some());
    assert_eq!(forecast.rows.len(), 1);
}
