//! How figures become costs and rows, as flags and variables say it.

use super::*;
use billing::money::Money;

fn rules(flags: &[(&'static str, &str)]) -> Rules {
    resolve(&raw(flags, &ENOUGH)).unwrap().serve.rules
}

fn usd(text: &str) -> Option<Money> {
    Some(Money::parse(text).unwrap())
}

/// The row of an app, as its group names it.
fn row(rules: &Rules, app: &str) -> Option<String> {
    let groups = rules.apps.groups.iter();
    let mut groups = groups.filter(|group| group.pattern.is_match(app));
    groups.next().map(|group| {
        let replaced = group.pattern.replace(app, group.name.as_str());
        replaced.into_owned()
    })
}

#[test]
fn without_settings_the_rules_are_the_plain_ones() {
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
            assert!(is_refused(flag, price), "{flag} {price:?}");
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
fn counts_are_bounded() {
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
        assert!(is_refused(flag, value), "{flag} {value}");
    }
}

#[test]
fn groups_name_rows() {
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
fn groups_that_cannot_name_a_row_are_refused() {
    for (group, why) in [
        ("shop", "there is no ="),
        ("=shop", "matches no name"),
        ("shop=", "the name is empty"),
        ("shop= ", "the name is empty"),
        ("(=shop", "unclosed group"),
        ("shop=_team_total", "begins with _"),
        ("shop=_other", "begins with _"),
        ("shop=$1", "does not have"),
        ("(.+)=$2", "does not have"),
        ("(.+)=$1_all", "${1}"),
        ("(.+)=$x", "does not have"),
        ("(.+)=${1", "has no }"),
        ("(.+)=${}", "does not have"),
        ("(.+)=cash $", "does not have"),
        ("(.+)=$99999999999999999999999", "does not have"),
    ] {
        let message = with("apps.group", group).unwrap_err().to_string();
        assert!(message.contains("--apps.group is"), "{message}");
        assert!(message.contains(why), "{group}: {message}");
    }
    assert!(with("apps.group", "shop=$0").is_ok());
}

#[test]
fn review_apps_share_a_row_where_that_is_wanted() {
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
fn a_variable_has_a_pattern_a_line() {
    let environment = [
        ENOUGH[0],
        ENOUGH[1],
        ("APPS_EXCLUDE", "\n shop-.{1,3}\n\napi, v2\n"),
        ("APPS_INCLUDE", " \n "),
    ];
    let config = resolve(&raw(&[], &environment)).unwrap();
    let takes = |name| config.serve.rules.apps.filter.allows(name);
    assert!(!takes("shop-abc") && !takes("api, v2") && takes("shop-abcd") && takes("api"));
}

#[test]
fn each_pattern_that_cannot_be_used_is_a_problem_of_its_own() {
    let flags = [
        ("apps.include", "ok"),
        ("apps.include", "("),
        ("apps.include", "HRKU-secret("),
        ("apps.exclude", "*"),
    ];
    let message = resolve(&raw(&flags, &ENOUGH)).unwrap_err();
    insta::assert_snapshot!(message, @r##"
    3 settings cannot be used:
      --apps.include is "(": not a pattern (unclosed group); give a regular expression of the whole name, such as shop-.*
      --apps.include is a value that looks like a secret: not a pattern (unclosed group); give a regular expression of the whole name, such as shop-.*
      --apps.exclude is "*": not a pattern (repetition operator missing expression); give a regular expression of the whole name, such as shop-.*
    "##);
}

#[test]
fn the_demo_has_rules_too() {
    let flags = [("apps.max", "3"), ("metrics.legacy", "false")];
    let config = raw(&flags, &[]).resolve(Resolver::serve).unwrap();
    assert_eq!(config.rules.apps.max, Some(3));
    assert!(!config.legacy_metrics);
}
