//! The configuration file: what is taken, what is refused and where, and which of flag, variable
//! and file wins.

use proptest::prelude::*;

use super::*;
use crate::config::file::parse;
use billing::money::Money;

fn usd(text: &str) -> Option<Money> {
    Some(Money::parse(text).unwrap())
}

fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(file) => panic!("{text:?} is taken: {file:?}"),
        Err(problems) => problems.iter().map(str::to_owned).collect(),
    }
}

#[test]
fn what_is_set_is_read_exactly() {
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
fn what_is_empty_sets_nothing() {
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
        let file = parse(text).unwrap_or_else(|problems| panic!("{text:?}: {problems}"));
        assert_eq!(file.prices, Default::default(), "{text:?}");
        assert!(file.max_apps.is_none() && file.team_prices.is_empty());
    }
}

#[test]
fn all_problems_are_told_with_their_places() {
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
    insta::assert_snapshot!(problems(text).join("\n"), @r##"
    line 2, column 18: price.dyno_unit_usd is ".nan": not an amount; give an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals
    line 3, column 21: price.addon_credit_usd is "-1": not an amount; give an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals
    line 4, column 21: price.space_credit_usd is "1e400": not an amount; give an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals
    line 5, column 3: price has no key "dyno"; give dyno_unit_usd, addon_credit_usd, space_credit_usd
    line 7, column 12: invoices.history is "1.5": not a whole number in range; give a whole number from 0 to 120
    line 8, column 1: the file has the key "invoices" already, at line 6, column 1
    line 10, column 12: apps.include is a single value: give a list of regular expressions of the whole name
    line 11, column 13: apps.exclude[0] is "(": not a pattern (unclosed group); give a regular expression of the whole name, such as shop-.*
    line 11, column 18: apps.exclude[1] is a list: give a regular expression of the whole name, such as shop-.*
    line 11, column 23: apps.exclude[2] is empty: give a regular expression of the whole name, such as shop-.*
    line 11, column 26: apps.exclude[3] is keys and values: give a regular expression of the whole name, such as shop-.*
    line 13, column 7: apps.group[0] has no name
    line 14, column 17: apps.group[1].pattern is "(": not a pattern (unclosed group); give a regular expression of the whole name, such as shop-.*
    line 14, column 32: apps.group[1] has no key "colour"; give pattern, name
    line 15, column 26: apps.group[2].name is "_team_total": the name begins with _, as those of the program's own rows do, such as _team_total; give a name that does not begin with _
    line 16, column 7: apps.group[3] is a single value: give keys and values
    line 17, column 22: apps.group_review_apps is "yes": neither true nor false; give true or false
    line 18, column 8: apps.max is "0": not a whole number in range; give a whole number from 1 to 100000
    line 21, column 12: teams[1].team is "acme": it is there already, at line 20, column 11
    line 21, column 30: teams[1].budget_usd is "many": not an amount; give an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals
    line 22, column 12: teams[2].team is "a/b": an id or name has only letters, digits, dashes, dots and underscores; give a team's id or name
    line 23, column 5: teams[3] has no team
    line 24, column 40: teams[4].app_budget_usd."shop" is "-1": not an amount; give an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals
    line 24, column 44: teams[4].app_budget_usd has the key "shop" already, at line 24, column 34
    line 24, column 58: teams[4].app_budget_usd."api" is a list: give an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals
    line 25, column 33: teams[5].app_budget_usd is a single value: give names, each with an amount as above
    line 26, column 1: the file has no key a value that looks like a secret; give price, invoices, apps, teams
    "##);
}

#[test]
fn a_file_of_another_kind_is_not_told_line_by_line() {
    let text: String = (0..1000).map(|n| format!("key{n}: value\n")).collect();
    let problems = problems(&text);
    assert_eq!(problems.len(), 51);
    let last = "line 51, column 1: the first of 950 more that cannot be used";
    assert_eq!(problems[50], last);
}

#[test]
fn what_is_no_configuration_is_told_with_its_place() {
    for (text, expected) in [
        ("[a]", "line 1, column 1: the file is a list"),
        ("text", "line 1, column 1: the file is a single value"),
        ("price: {", "line 1, column "),
        ("price: 'a", "not YAML"),
        ("price: 1\n  apps: 2", "line 2, column "),
        (
            "apps: {max: &a 1}",
            "line 1, column 16: an anchor or an alias",
        ),
        ("apps: &a {max: 1}", "an anchor or an alias"),
        ("price: *a", "line 1, column 8: "),
        ("apps: {max: !!int 1}", "a tag (!)"),
        ("apps: !thing {}", "a tag (!)"),
        (
            "apps: {}\n---\napps: {}",
            "line 2, column 1: a second document",
        ),
        ("? [a]\n: 1", "a key that is no text"),
        ("? {a: b}\n: 1", "a key that is no text"),
        ("<<: {apps: {max: 1}}", "has no key \"<<\""),
        (
            &format!("apps: {{include: [{}]}}", "a,".repeat(1001)),
            "line 1, column 17: apps.include is a list of 1001: give at most 1000",
        ),
        (&format!("a: {}", "[".repeat(100)), "line 1, column "),
        (&"- ".repeat(100), "deeper than any key"),
        (
            &format!("{}: 1", "x".repeat(900)),
            "…; give price, invoices, apps, teams",
        ),
        ("a: \0", "line 1, column "),
    ] {
        let problems = problems(text);
        assert!(problems[0].contains(expected), "{text:?}: {problems:?}");
        assert!(problems[0].starts_with("line "), "{problems:?}");
        assert!(
            !problems[0].contains('\n') && problems[0].len() < 400,
            "{problems:?}"
        );
    }
}

/// The settings with a file of this content.
fn with_file(
    content: &[u8],
    flags: &[(&'static str, &str)],
    environment: &[(&str, &str)],
) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("costs.yml");
    std::fs::write(&path, content).unwrap();
    let environment = [&ENOUGH, environment].concat();
    let mut raw = raw(flags, &environment);
    raw.flags.insert("config.file", vec![path.clone().into()]);
    resolve(&raw)
        .inspect(|config| assert_eq!(config.serve.file.as_ref(), Some(&path)))
        .map_err(|problems| {
            problems
                .to_string()
                .replace(path.to_str().unwrap(), "costs.yml")
        })
}

#[test]
fn a_flag_or_a_variable_wins_over_the_file() {
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
    // A list replaces the file's. The group of review apps is a setting of its own.
    let names: Vec<_> = both.apps.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["d", "${1}-pr"]);
    let takes = |name| both.apps.filter.allows(name);
    assert!(takes("jobs") && !takes("api") && !takes("web"));
}

#[test]
fn a_file_that_cannot_be_used_is_a_problem_among_the_others() {
    let message = with_file(b"apps: {max: 0}\ntaems: []\n", &[("port", "x")], &[]).unwrap_err();
    insta::assert_snapshot!(message, @r##"
    3 settings cannot be used:
      --config.file is "costs.yml": line 1, column 13: apps.max is "0": not a whole number in range; give a whole number from 1 to 100000
      --config.file is "costs.yml": line 2, column 1: the file has no key "taems"; give price, invoices, apps, teams
      --port is "x": not a whole number in range; give a number from 0 to 65535
    "##);
    for (content, why) in [
        (&b"price: \xff"[..], "UTF-8"),
        (&vec![b'#'; 2 << 20], "larger"),
        (b"price: \0", "line 1"),
    ] {
        let message = with_file(content, &[], &[]).unwrap_err();
        assert!(
            message.contains("--config.file is \"costs.yml\": "),
            "{message}"
        );
        assert!(message.contains(why), "{message}");
    }
    for path in ["", "/", "/dev/zero", "/nowhere/costs.yml"] {
        let message = with("config.file", path).unwrap_err().to_string();
        assert!(message.contains(": it cannot be read: "), "{message}");
    }
}

#[test]
fn a_secret_in_the_file_is_not_repeated() {
    for content in [
        "price: {dyno_unit_usd: HRKU-other}",
        "price: {HRKU-other: 1}",
        "teams: [{team: HRKU-other x}]",
        "teams: [{team: acme, app_budget_usd: {HRKU-other: x}}]",
        "apps: {max: https://me:HRKU-other@x}",
    ] {
        let message = with_file(content.as_bytes(), &[], &[]).unwrap_err();
        assert!(!message.contains("other"), "{message}");
        assert!(message.contains("looks like a secret"), "{message}");
        let problems = problems(content).concat();
        assert!(!problems.contains("other"), "{problems}");
    }
    // A token of another shape is known by being the token.
    let content = b"apps: {max: geheim-4711}";
    let message = with_file(content, &[], &[("HEROKU_API_KEY", "geheim-4711")]).unwrap_err();
    assert!(!message.contains("geheim"), "{message}");
}

/// What a file may be made of, and what it may not.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
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
        8 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_text_panics_the_parser(pieces in proptest::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        if let Err(problems) = parse(&text) {
            prop_assert!(problems.iter().next().is_some());
            for problem in problems.iter() {
                prop_assert!(problem.starts_with("line "), "{}", problem);
                prop_assert!(!problem.contains('\n'), "{}", problem);
            }
        }
    }
}
