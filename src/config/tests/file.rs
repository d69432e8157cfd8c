//! Tests of the configuration file: accepted values, errors with locations, and precedence.

use proptest::prelude::*;

use super::*;
use crate::config::file::parse;
use billing::money::Money;

fn usd(text: &str) -> Option<Money> {
    Some(Money::parse(text).unwrap())
}

fn errors(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(file) => panic!("accepted {text:?}: {file:?}"),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn reads_exact_values() {
    let text = r#"
# A comment
price: {dyno_unit_usd: 0.1, addon_credit_usd: "1.000001"}
invoices:
  history: 0
apps:
  include: [shop.*, 'a"b']
  exclude: []
  group:
    - {pattern: "(.+)-w", name: $1}
  group_review_apps: True
  max: 7
teams:
  - team: acme
    budget_usd: 9007199.740993
    app_budget_usd:
      shop: 1
      "a\nb🦀": 2.5
  - {team: 0123-45, price: {space_credit_usd: 900}}
"#;
    let file = parse(text).unwrap();
    assert_eq!(file.prices.dyno_unit, usd("0.1"));
    assert_eq!(file.prices.addon_credit, usd("1.000001"));
    assert_eq!(file.prices.space_credit, None);
    assert_eq!(file.invoice_history, Some(0));
    assert_eq!(file.include.unwrap().len(), 2);
    assert_eq!(file.exclude.unwrap().len(), 0);
    assert_eq!(file.groups.unwrap()[0].name, "$1");
    assert_eq!(file.group_review_apps, Some(true));
    assert_eq!(file.max_apps, Some(7));
    assert_eq!(file.team_prices["0123-45"].space_credit, usd("900"));
    assert!(!file.team_prices.contains_key("acme"));
    let budgets = file.budgets;
    assert_eq!(budgets.teams["acme"], usd("9007199.740993").unwrap());
    let app = |app: &str| budgets.apps[&("acme".to_owned(), app.to_owned())];
    assert_eq!(app("shop"), usd("1").unwrap());
    assert_eq!(app("a\nb🦀"), usd("2.5").unwrap());
}

#[test]
fn empty_file_sets_nothing() {
    for text in [
        "",
        "\n \n",
        "# nothing\n",
        "---\n...\n",
        "~",
        "null",
        "{}",
        "\u{feff}",
        "price:\napps:\n  max:\nteams: ~\n",
        "teams: []",
        "price: {}",
    ] {
        let file = parse(text).unwrap_or_else(|errors| panic!("{text:?}: {errors}"));
        assert_eq!(file.prices, Default::default(), "{text:?}");
        assert!(file.max_apps.is_none() && file.team_prices.is_empty());
    }
}

#[test]
fn reports_all_errors_with_locations() {
    let text = "\
price:
  dyno_unit_usd: .nan
  addon_credit_usd: -1
  space_credit_usd: 1e400
  dyno: 3
invoices:
  history: 1.5
invoices: {}
apps:
  include: shop
  exclude: ['(', [a], ~, {a: b}]
  group:
    - pattern: a
    - {pattern: '(', name: $9, colour: red}
    - {pattern: a, name: _team_total}
    - just text
  group_review_apps: yes
  max: 0
teams:
  - team: acme
  - {team: acme, budget_usd: many}
  - {team: a/b}
  - budget_usd: 1
  - {team: ops, app_budget_usd: {shop: -1, shop: 2, api: [1]}}
  - {team: web, app_budget_usd: 5}
\"HRKU-4711\": HRKU-4711
";
    insta::assert_snapshot!(errors(text).join("\n"), @r##"
    2:18: price.dyno_unit_usd: ".nan" is invalid, expected an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals
    3:21: price.addon_credit_usd: "-1" is invalid, expected an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals
    4:21: price.space_credit_usd: "1e400" is invalid, expected an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals
    5:3: price.dyno: unknown key, expected dyno_unit_usd, addon_credit_usd, space_credit_usd
    7:12: invoices.history: "1.5" is invalid, expected a whole number from 0 to 120
    8:1: invoices: duplicate key, first at 6:1
    10:12: apps.include: found a single value, expected a list of regular expressions for the full name
    11:13: apps.exclude[0]: "(" is invalid: unclosed group, expected a regular expression for the full name, such as shop-.*
    11:18: apps.exclude[1]: found a list, expected a regular expression for the full name, such as shop-.*
    11:23: apps.exclude[2]: found nothing, expected a regular expression for the full name, such as shop-.*
    11:26: apps.exclude[3]: found keys and values, expected a regular expression for the full name, such as shop-.*
    13:7: apps.group[0]: name is missing
    14:17: apps.group[1].pattern: "(" is invalid: unclosed group, expected a regular expression for the full name, such as shop-.*
    14:32: apps.group[1].colour: unknown key, expected pattern, name
    15:26: apps.group[2].name: "_team_total" is invalid: names that start with _ are reserved, expected a name that does not start with _
    16:7: apps.group[3]: found a single value, expected keys and values
    17:22: apps.group_review_apps: "yes" is invalid, expected true or false
    18:8: apps.max: "0" is invalid, expected a whole number from 1 to 100000
    21:12: teams[1].team: duplicate team, first at 20:11
    21:30: teams[1].budget_usd: "many" is invalid, expected an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals
    22:12: teams[2].team: "a/b" is invalid: only letters, digits, dashes, dots and underscores are allowed, expected a team's id or name
    23:5: teams[3]: team is missing
    24:40: teams[4].app_budget_usd.shop: "-1" is invalid, expected an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals
    24:44: teams[4].app_budget_usd.shop: duplicate key, first at 24:34
    24:58: teams[4].app_budget_usd.api: found a list, expected an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals
    25:33: teams[5].app_budget_usd: found a single value, expected row names with amounts
    26:1: [redacted]: unknown key, expected price, invoices, apps, teams
    "##);
}

#[test]
fn limits_the_number_of_errors() {
    let text: String = (0..1000).map(|n| format!("key{n}: value\n")).collect();
    let errors = errors(&text);
    assert_eq!(errors.len(), 51);
    let last = "950 more errors";
    assert_eq!(errors[50], last);
}

#[test]
fn rejects_unsupported_yaml_with_location() {
    for (text, expected) in [
        ("[a]", "1:1: found a list"),
        ("text", "1:1: found a single value"),
        ("price: {", "1:"),
        ("price: 'a", ": invalid YAML"),
        ("price: 1\n  apps: 2", "2:"),
        ("apps: {max: &a 1}", "1:16: anchors and aliases"),
        ("apps: &a {max: 1}", "anchors and aliases"),
        ("price: *a", "1:8: "),
        ("apps: {max: !!int 1}", "tags (!)"),
        ("apps: !thing {}", "tags (!)"),
        ("apps: {}\n---\napps: {}", "2:1: multiple documents"),
        ("? [a]\n: 1", "the key is not a text"),
        ("? {a: b}\n: 1", "the key is not a text"),
        ("<<: {apps: {max: 1}}", "\"<<\": unknown key"),
        (
            &format!("apps: {{include: [{}]}}", "a,".repeat(1001)),
            "1:17: apps.include: 1001 items, expected at most 1000",
        ),
        (&format!("a: {}", "[".repeat(100)), "1:"),
        (&"- ".repeat(100), "nested too deeply"),
        (
            &format!("{}: 1", "x".repeat(900)),
            "…\": unknown key, expected price, invoices, apps, teams",
        ),
        ("a: \0", "1:"),
    ] {
        let errors = errors(text);
        assert!(errors[0].contains(expected), "{text:?}: {errors:?}");
        assert!(errors[0].starts_with(char::is_numeric), "{errors:?}");
        assert!(
            !errors[0].contains('\n') && errors[0].len() < 400,
            "{errors:?}"
        );
    }
}

/// Resolves settings with a configuration file.
fn with_file(
    content: &[u8],
    flags: &[(&'static str, &str)],
    environment: &[(&str, &str)],
) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("costs.yml");
    std::fs::write(&path, content).unwrap();
    let environment = [&MINIMAL, environment].concat();
    let mut raw = raw(flags, &environment);
    raw.flags.insert("config.file", vec![path.clone().into()]);
    resolve(&raw)
        .inspect(|config| assert_eq!(config.serve.file.as_ref(), Some(&path)))
        .map_err(|errors| {
            errors
                .to_string()
                .replace(path.to_str().unwrap(), "costs.yml")
        })
}

#[test]
fn flags_and_variables_take_precedence_over_file() {
    let content = b"
price: {dyno_unit_usd: 20, addon_credit_usd: 2, space_credit_usd: 3}
invoices: {history: 5}
apps:
  include: [shop, api]
  exclude: [web]
  group: [{pattern: a, name: b}]
  group_review_apps: true
  max: 9
";
    let file_alone = with_file(content, &[], &[("APPS_MAX", "")])
        .unwrap()
        .serve
        .rules;
    assert_eq!(file_alone.prices.dyno_unit, usd("20"));
    assert_eq!(file_alone.prices.addon_credit, usd("2"));
    assert_eq!(file_alone.invoice_history, 5);
    assert_eq!(file_alone.apps.max, Some(9));
    assert_eq!(file_alone.apps.groups.len(), 2);
    assert!(file_alone.apps.filter.allows("api") && !file_alone.apps.filter.allows("web"));

    let flags = [
        ("price.dyno-unit-usd", "21"),
        ("apps.include", "web|jobs"),
        ("apps.group", "c=d"),
    ];
    let environment = [("APPS_MAX", "4")];
    let both = with_file(content, &flags, &environment)
        .unwrap()
        .serve
        .rules;
    assert_eq!(both.prices.dyno_unit, usd("21"));
    assert_eq!(both.prices.space_credit, usd("3"));
    assert_eq!(both.invoice_history, 5);
    assert_eq!(both.apps.max, Some(4));
    // Lists replace those of the file. The group of review apps is a separate setting.
    let names: Vec<_> = both.apps.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["d", "${1}-pr"]);
    let allows = |name| both.apps.filter.allows(name);
    assert!(allows("jobs") && !allows("api") && !allows("web"));
}

#[test]
fn reports_file_errors_with_setting_errors() {
    let message = with_file(b"apps: {max: 0}\ntaems: []\n", &[("port", "x")], &[]).unwrap_err();
    insta::assert_snapshot!(message, @r##"
    3 invalid settings:
      --config.file: costs.yml:1:13: apps.max: "0" is invalid, expected a whole number from 1 to 100000
      --config.file: costs.yml:2:1: taems: unknown key, expected price, invoices, apps, teams
      invalid value "x" for --port: expected a number from 0 to 65535
    "##);
    for (content, why) in [
        (&b"price: \xff"[..], "UTF-8"),
        (&vec![b'#'; 2 << 20], "larger"),
        (b"price: \0", "costs.yml:1:"),
    ] {
        let message = with_file(content, &[], &[]).unwrap_err();
        assert!(message.contains("--config.file: costs.yml:"), "{message}");
        assert!(message.contains(why), "{message}");
    }
    for path in ["", "/", "/dev/zero", "/nowhere/costs.yml"] {
        let message = with("config.file", path).unwrap_err().to_string();
        assert!(message.contains(": cannot be read: "), "{message}");
    }
}

#[test]
fn does_not_repeat_secrets_of_file() {
    for content in [
        "price: {dyno_unit_usd: HRKU-other}",
        "price: {HRKU-other: 1}",
        "teams: [{team: HRKU-other x}]",
        "teams: [{team: acme, app_budget_usd: {HRKU-other: x}}]",
        "apps: {max: https://me:HRKU-other@x}",
    ] {
        let message = with_file(content.as_bytes(), &[], &[]).unwrap_err();
        assert!(!message.contains("other"), "{message}");
        assert!(message.contains("[redacted]"), "{message}");
        let errors = errors(content).concat();
        assert!(!errors.contains("other"), "{errors}");
    }
    // A token without the usual prefix is recognized by its value.
    let content = b"apps: {max: geheim-4711}";
    let message = with_file(content, &[], &[("HEROKU_API_KEY", "geheim-4711")]).unwrap_err();
    assert!(!message.contains("geheim"), "{message}");
}

/// Returns a fragment of a valid or invalid file.
fn fragment() -> impl Strategy<Value = String> {
    let fragments = [
        "price",
        "dyno_unit_usd",
        "apps",
        "group",
        "pattern",
        "name",
        "max",
        "teams",
        "team",
        "app_budget_usd",
        ": ",
        ":\n",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "- - ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!!int ",
        "? ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "#",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "~",
        "25",
        "1e400",
        ".nan",
        "(.+)",
        "$1",
        "🦀",
        "\u{feff}",
        "\0",
        "\t",
        "\\",
    ];
    prop_oneof![
        8 => proptest::sample::select(fragments.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn parses_any_text_without_panic(fragments in proptest::collection::vec(fragment(), 0..40)) {
        let text = fragments.concat();
        if let Err(errors) = parse(&text) {
            prop_assert!(errors.iter().next().is_some());
            for error in errors.iter() {
                prop_assert!(error.location.is_some(), "{}", error);
                prop_assert!(!error.message.contains('\n'), "{}", error);
            }
        }
    }
}
