//! Identity, delinquency and licences of teams, and the expiry of the token.

use expfmt::Label;

use super::macros::descriptors;

descriptors! {
    INFO: Gauge {
        name: "heroku_team_info", labels: INFO_LABELS, source: "team",
        help: "Always 1; the labels say who the team is. A renamed team keeps its id.",
    }
    SUSPENSION: Gauge {
        name: "heroku_team_suspension_scheduled_timestamp_seconds", labels: TEAM, source: "team-delinquency.scheduled_suspension_time",
        help: "When Heroku will suspend the team because a bill is not paid, in Unix time; there only where it is scheduled.",
    }
    DELETION: Gauge {
        name: "heroku_team_deletion_scheduled_timestamp_seconds", labels: TEAM, source: "team-delinquency.scheduled_deletion_time",
        help: "When Heroku will delete the team because a bill is not paid, in Unix time; there only where it is scheduled.",
    }
    LICENSE_QUANTITY: Gauge {
        name: "heroku_team_license_quantity", labels: LICENSE, source: "team-license.qty",
        help: "How much of a licence the team has bought. Licences of one name are added up.",
    }
    LICENSE_CONSUMED: Gauge {
        name: "heroku_team_license_consumed", labels: LICENSE, source: "team-license.consumed",
        help: "How much of a licence the team uses. Licences of one name are added up.",
    }
    TOKEN_EXPIRY: Gauge {
        name: "heroku_api_token_expiry_timestamp_seconds", labels: &[], source: "oauth-authorization.access_token.expires_in",
        help: "When the token that Heroku is asked with expires, in Unix time; there only where Heroku says so.",
    }
}

const TEAM_NAME: Label = Label::new("team_name", "The team's name.");

const TEAM: &[Label] = &[TEAM_NAME];

const INFO_LABELS: &[Label] = &[
    Label::new("team_id", "The team's id, a UUID."),
    TEAM_NAME,
    Label::new(
        "type",
        "What kind of team it is, `team` or `enterprise`; empty where Heroku does not say.",
    ),
    Label::new(
        "enterprise_account",
        "The name of the enterprise account that the team belongs to; empty where there is none.",
    ),
];

const LICENSE: &[Label] = &[
    TEAM_NAME,
    Label::new(
        "license",
        "The licence's name, such as `HerokuAddOnCredits1`.",
    ),
];
