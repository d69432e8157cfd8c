//! Tests of the teams and accounts to report on.

use super::*;

const TOKEN: [(&str, &str); 1] = [("HEROKU_API_KEY", "HRKU-secret")];

fn scope(flags: &[(&'static str, &str)]) -> Result<Scope, String> {
    let config = resolve(&raw(flags, &TOKEN));
    config
        .map(|config| config.heroku.scope)
        .map_err(|errors| errors.to_string())
}

#[test]
fn accepts_any_combination_of_scopes() {
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
    let TeamScope::All(filter) = mix.teams else {
        panic!("named teams");
    };
    for (name, allowed) in [
        ("acme-web", true),
        ("ops", true),
        ("opss", true),
        ("acme-old", false),
        ("acme", false),
        ("my-acme-web", false),
    ] {
        assert_eq!(filter.allows(name), allowed, "{name}");
    }
    assert!(mix.personal_account);
}

#[test]
fn missing_scope_error_names_all_settings() {
    for flags in [&[][..], &[("heroku.personal-account", "false")]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(scope(flags).unwrap_err(), @"
            invalid setting:
              HEROKU_TEAM_ID is not set: set it to a team's id or name as listed by `heroku teams`, several separated by commas, or * for all teams; or set HEROKU_ENTERPRISE_ACCOUNT or HEROKU_PERSONAL_ACCOUNT
            ");
        }
    }
}

#[test]
fn rejects_names_in_addition_to_all_teams() {
    for teams in ["*,acme", "acme,*", "*, *,ops"] {
        let message = scope(&[("heroku.team-id", teams)]).unwrap_err();
        assert!(
            message.contains("cannot be combined with names"),
            "{message}"
        );
    }
    for teams in ["*", " * ", "*,", "*,*"] {
        let scope = scope(&[("heroku.team-id", teams)]).unwrap();
        assert!(matches!(scope.teams, TeamScope::All(_)), "{teams:?}");
    }
}

#[test]
fn team_patterns_require_all_teams() {
    for setting in ["heroku.team-include", "heroku.team-exclude"] {
        let message = scope(&[("heroku.team-id", "acme"), (setting, "a.*")]).unwrap_err();
        assert!(
            message.contains("requires HEROKU_TEAM_ID to be *"),
            "{message}"
        );
        for pattern in ["", "(", "[z-a]", "(?<a>.)(?<a>.)", "a{9999999}"] {
            let message = scope(&[("heroku.team-id", "*"), (setting, pattern)]).unwrap_err();
            assert!(message.contains(&format!("for --{setting}: ")), "{message}");
            assert_eq!(message.lines().count(), 2, "{message}");
        }
    }
}

#[test]
fn rejects_invalid_accounts_and_redacts_tokens() {
    for accounts in ["", ",", "a/b", "a b", "..", "*", "ä"] {
        let message = scope(&[("heroku.enterprise-account", accounts)]).unwrap_err();
        assert!(
            message.contains("for --heroku.enterprise-account: "),
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
fn switch_accepts_true_and_false_only() {
    let legacy = |value| with("metrics.legacy", value).map(|config| config.serve.legacy_metrics);
    for (value, on) in [("true", true), ("1", true), ("False", false), ("0", false)] {
        assert_eq!(legacy(value), Ok(on), "{value}");
    }
    for value in ["", "yes", "off", "2", "truefalse"] {
        assert!(is_rejected("metrics.legacy", value), "{value:?}");
    }
    assert!(resolve(&raw(&[], &MINIMAL)).unwrap().serve.legacy_metrics);
    let environment = [MINIMAL[0], MINIMAL[1], ("METRICS_LEGACY", "0")];
    let config = resolve(&raw(&[], &environment)).unwrap();
    assert!(!config.serve.legacy_metrics);
}
