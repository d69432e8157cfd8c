//! Tests of the rules for costs and app rows.

use super::*;
use billing::money::Money;

fn rules(flags: &[(&'static str, &str)]) -> Rules {
    resolve(&raw(flags, &MINIMAL)).unwrap().serve.rules
}

fn usd(text: &str) -> Option<Money> {
    Some(Money::parse(text).unwrap())
}

/// Returns the row of an app in a group.
fn row(rules: &Rules, app: &str) -> Option<String> {
    let groups = rules.apps.groups.iter();
    let mut groups = groups.filter(|group| group.pattern.is_match(app));
    groups.next().map(|group| {
        let replaced = group.pattern.replace(app, group.name.as_str());
        replaced.into_owned()
    })
}

#[test]
fn defaults_have_no_prices_filters_or_budgets() {
    let rules = rules(&[]);
    assert_eq!(rules.prices.dyno_unit, None);
    assert_eq!(rules.prices.addon_credit, None);
    assert_eq!(rules.prices.space_credit, None);
    assert_eq!(rules.invoice_history, 12);
    assert!(rules.apps.filter.allows_all() && rules.apps.groups.is_empty());
    assert_eq!(rules.apps.max, None);
    assert!(rules.team_prices.is_empty());
    assert_eq!(rules.budgets, Default::default());
}

#[test]
fn prices_are_exact_and_bounded() {
    for flag in ["price.dyno-unit-usd", "price.space-credit-usd"] {
        for price in ["0", "25", "27.50", "0.000001", "1000000", " 3 "] {
            assert!(with(flag, price).is_ok(), "{flag} {price}");
        }
        for price in [
            "",
            "-1",
            "NaN",
            "inf",
            "1e400",
            "1e3",
            "0.0000001",
            "1000000.000001",
            "$25",
            "25 USD",
            "1,5",
            "99999999999999999999999",
        ] {
            assert!(is_rejected(flag, price), "{flag} {price:?}");
        }
    }
    let rules = rules(&[
        ("price.dyno-unit-usd", "27.50"),
        ("price.space-credit-usd", "0.1"),
    ]);
    assert_eq!(rules.prices.dyno_unit, usd("27.5"));
    assert_eq!(rules.prices.space_credit, usd("0.10"));
}

#[test]
fn max_apps_is_bounded() {
    assert_eq!(rules(&[("apps.max", "1")]).apps.max, Some(1));
    for (flag, value) in [
        ("apps.max", "0"),
        ("apps.max", "-1"),
        ("apps.max", "+1"),
        ("apps.max", "1.0"),
        ("apps.max", ""),
        ("apps.max", "100001"),
        ("apps.max", "many"),
        ("apps.max", "99999999999999999999999"),
    ] {
        assert!(is_rejected(flag, value), "{flag} {value}");
    }
}

#[test]
fn group_names_expand_capture_groups() {
    let rules = rules(&[
        ("apps.group", "a=b=c=d"),
        ("apps.group", "(.+)-worker-[0-9]+=$1-worker"),
        ("apps.group", "(?<team>[a-z]+)_.*=${team}_all"),
        ("apps.group", "(.)(.)=$$$2${1}"),
        ("apps.group", "(?i)SHOP.*=the 🏪 \"shop\""),
    ]);
    for (app, expected) in [
        ("a=b=c", Some("d")),
        ("shop-worker-12", Some("shop-worker")),
        ("ops_x", Some("ops_all")),
        ("xy", Some("$yx")),
        ("shop-worker", Some("the 🏪 \"shop\"")),
        ("my-shop", None),
    ] {
        assert_eq!(row(&rules, app).as_deref(), expected, "{app}");
    }
}

#[test]
fn rejects_invalid_groups() {
    for (group, why) in [
        ("shop", "expected REGEX=NAME"),
        ("=shop", "empty pattern"),
        ("shop=", "empty name"),
        ("shop= ", "empty name"),
        ("(=shop", "unclosed group"),
        ("shop=_team_total", "are reserved"),
        ("shop=_other", "are reserved"),
        ("shop=$1", "does not have"),
        ("(.+)=$2", "does not have"),
        ("(.+)=$1_all", "${1}"),
        ("(.+)=$x", "does not have"),
        ("(.+)=${1", "missing }"),
        ("(.+)=${}", "does not have"),
        ("(.+)=cash $", "does not have"),
        ("(.+)=$99999999999999999999999", "does not have"),
    ] {
        let message = with("apps.group", group).unwrap_err().to_string();
        assert!(message.contains("for --apps.group: "), "{message}");
        assert!(message.contains(why), "{group}: {message}");
    }
    assert!(with("apps.group", "shop=$0").is_ok());
}

#[test]
fn groups_review_apps_after_own_groups() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("costs.yml");
    std::fs::write(&path, "apps: {group_review_apps: true}").unwrap();
    let rules = rules(&[
        ("config.file", path.to_str().unwrap()),
        ("apps.group", "api-pr-.*=ours"),
    ]);
    for (app, expected) in [
        ("shop-pr-1234", Some("shop-pr")),
        ("shop-pr-1-pr-2", Some("shop-pr-1-pr")),
        ("api-pr-7", Some("ours")),
        ("shop-pr", None),
        ("shop-pr-x", None),
        ("shop-pr-12-web", None),
        ("pr-12", None),
        ("shop", None),
    ] {
        assert_eq!(row(&rules, app).as_deref(), expected, "{app}");
    }
}

#[test]
fn splits_patterns_of_variable_by_line() {
    let environment = [
        MINIMAL[0],
        MINIMAL[1],
        ("APPS_EXCLUDE", "\n shop-.{1,3}\n\napi, v2\n"),
        ("APPS_INCLUDE", " \n "),
    ];
    let config = resolve(&raw(&[], &environment)).unwrap();
    let allows = |name| config.serve.rules.apps.filter.allows(name);
    assert!(!allows("shop-abc") && !allows("api, v2") && allows("shop-abcd") && allows("api"));
}

#[test]
fn reports_each_invalid_pattern() {
    let flags = [
        ("apps.include", "ok"),
        ("apps.include", "("),
        ("apps.include", "HRKU-secret("),
        ("apps.exclude", "*"),
    ];
    let errors = resolve(&raw(&flags, &MINIMAL)).unwrap_err();
    insta::assert_snapshot!(errors, @r##"
    3 invalid settings:
      invalid value "(" for --apps.include: unclosed group, expected a regular expression for the full name, such as shop-.*
      invalid value [redacted] for --apps.include: unclosed group, expected a regular expression for the full name, such as shop-.*
      invalid value "*" for --apps.exclude: repetition operator missing expression, expected a regular expression for the full name, such as shop-.*
    "##);
}

#[test]
fn demo_applies_rules() {
    let flags = [("apps.max", "3"), ("metrics.legacy", "false")];
    let config = raw(&flags, &[])
        .resolve(|resolver| resolver.serve(None))
        .unwrap();
    assert_eq!(config.rules.apps.max, Some(3));
    assert!(!config.legacy_metrics);
}
