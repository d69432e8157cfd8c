//! Whose costs are asked for.

use super::*;

const TOKEN: [(&str, &str); 1] = [("HEROKU_API_KEY", "HRKU-secret")];

fn scope(flags: &[(&'static str, &str)]) -> Result<Scope, String> {
    let config = resolve(&raw(flags, &TOKEN));
    config
        .map(|config| config.heroku.scope)
        .map_err(|problems| problems.to_string())
}

#[test]
fn any_scope_is_enough_and_any_mix_is_taken() {
    let personal = scope(&[("heroku.personal-account", "true")]).unwrap();
    assert!(personal.personal_account && personal.enterprise_accounts.is_empty());
    assert!(matches!(personal.teams, TeamScope::Named(teams) if teams.is_empty()));

    let enterprise = scope(&[("heroku.enterprise-account", "acme, 01234567-89ab,acme")]).unwrap();
    assert_eq!(enterprise.enterprise_accounts, ["acme", "01234567-89ab"]);
    assert!(!enterprise.personal_account);

    let mix = scope(&[
        ("heroku.team-id", "*"),
        ("heroku.team-include", "acme-.*"),
        ("heroku.team-include", "ops{1,2}"),
        ("heroku.team-exclude", ".*-old"),
        ("heroku.enterprise-account", "acme"),
        ("heroku.personal-account", "1"),
    ])
    .unwrap();
    let TeamScope::Seen(filter) = mix.teams else {
        panic!("every team");
    };
    for (name, taken) in [
        ("acme-web", true),
        ("ops", true),
        ("opss", true),
        ("acme-old", false),
        ("acme", false),
        ("my-acme-web", false),
    ] {
        assert_eq!(filter.allows(name), taken, "{name}");
    }
    assert!(mix.personal_account);
}

#[test]
fn without_a_scope_all_three_ways_are_named() {
    for flags in [&[][..], &[("heroku.personal-account", "false")]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(scope(flags).unwrap_err(), @"
            a setting cannot be used:
              HEROKU_TEAM_ID is not set: set it, or --heroku.team-id, to a team's id or name, or several with commas, as `heroku teams` lists them, or * for every team that the token sees; or set HEROKU_ENTERPRISE_ACCOUNT to an enterprise account's id or name, or several with commas, as `heroku enterprises` lists them; or set HEROKU_PERSONAL_ACCOUNT to true
            ");
        }
    }
}

#[test]
fn every_team_takes_no_names_beside_it() {
    for teams in ["*,acme", "acme,*", "*, *,ops"] {
        let message = scope(&[("heroku.team-id", teams)]).unwrap_err();
        assert!(message.contains("takes no names beside it"), "{message}");
    }
    for teams in ["*", " * ", "*,", "*,*"] {
        let taken = scope(&[("heroku.team-id", teams)]).unwrap();
        assert!(matches!(taken.teams, TeamScope::Seen(_)), "{teams:?}");
    }
}

#[test]
fn patterns_pick_from_every_team_only() {
    for setting in ["heroku.team-include", "heroku.team-exclude"] {
        let message = scope(&[("heroku.team-id", "acme"), (setting, "a.*")]).unwrap_err();
        assert!(message.contains("set HEROKU_TEAM_ID to *"), "{message}");
        for pattern in ["", "(", "[z-a]", "(?<a>.)(?<a>.)", "a{9999999}"] {
            let message = scope(&[("heroku.team-id", "*"), (setting, pattern)]).unwrap_err();
            assert!(message.contains(&format!("--{setting} is")), "{message}");
            assert_eq!(message.lines().count(), 2, "{message}");
        }
    }
}

#[test]
fn accounts_are_names_and_no_tokens() {
    for accounts in ["", ",", "a/b", "a b", "..", "*", "ä"] {
        let message = scope(&[("heroku.enterprise-account", accounts)]).unwrap_err();
        assert!(
            message.contains("--heroku.enterprise-account is"),
            "{message}"
        );
    }
    let message = scope(&[("heroku.enterprise-account", "HRKU-other")]).unwrap_err();
    assert!(
        message.contains("looks like a token") && !message.contains("HRKU-"),
        "{message}"
    );
}

#[test]
fn a_switch_is_true_or_false() {
    let legacy = |value| with("metrics.legacy", value).map(|config| config.serve.legacy_metrics);
    for (value, on) in [("true", true), ("1", true), ("False", false), ("0", false)] {
        assert_eq!(legacy(value), Ok(on), "{value}");
    }
    for value in ["", "yes", "off", "2", "truefalse"] {
        assert!(is_refused("metrics.legacy", value), "{value:?}");
    }
    assert!(resolve(&raw(&[], &ENOUGH)).unwrap().serve.legacy_metrics);
    let environment = [ENOUGH[0], ENOUGH[1], ("METRICS_LEGACY", "0")];
    let config = resolve(&raw(&[], &environment)).unwrap();
    assert!(!config.serve.legacy_metrics);
}
