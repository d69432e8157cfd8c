//! What is true of a team beside its bill, and of the token.

use expfmt::descriptor::{Label, Metric, MetricType, Presence};

/// `heroku_team_info`.
pub static INFO: Metric = Metric {
    name: "heroku_team_info",
    kind: MetricType::Gauge,
    labels: INFO_LABELS,
    help: "Always 1; the labels say who the team is. A renamed team keeps its id.",
    source: "team",
};

/// `heroku_team_suspension_scheduled_timestamp_seconds`.
pub static SUSPENSION: Metric = Metric {
    name: "heroku_team_suspension_scheduled_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: TEAM,
    help: "When Heroku will suspend the team because a bill is not paid, in Unix time; there only where it is scheduled.",
    source: "team-delinquency.scheduled_suspension_time",
};

/// `heroku_team_deletion_scheduled_timestamp_seconds`.
pub static DELETION: Metric = Metric {
    name: "heroku_team_deletion_scheduled_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: TEAM,
    help: "When Heroku will delete the team because a bill is not paid, in Unix time; there only where it is scheduled.",
    source: "team-delinquency.scheduled_deletion_time",
};

/// `heroku_team_license_quantity`.
pub static LICENSE_QUANTITY: Metric = Metric {
    name: "heroku_team_license_quantity",
    kind: MetricType::Gauge,
    labels: LICENSE,
    help: "How much of a licence the team has bought. Licences of one name are added up.",
    source: "team-license.qty",
};

/// `heroku_team_license_consumed`.
pub static LICENSE_CONSUMED: Metric = Metric {
    name: "heroku_team_license_consumed",
    kind: MetricType::Gauge,
    labels: LICENSE,
    help: "How much of a licence the team uses. Licences of one name are added up.",
    source: "team-license.consumed",
};

/// `heroku_api_token_expiry_timestamp_seconds`.
pub static TOKEN_EXPIRY: Metric = Metric {
    name: "heroku_api_token_expiry_timestamp_seconds",
    kind: MetricType::Gauge,
    labels: &[],
    help: "When the token that Heroku is asked with expires, in Unix time; there only where Heroku says so.",
    source: "oauth-authorization.access_token.expires_in",
};

const fn label(name: &'static str, meaning: &'static str) -> Label {
    Label {
        name,
        meaning,
        presence: Presence::Always,
    }
}

const TEAM_NAME: Label = label("team_name", "The team's name.");

const TEAM: &[Label] = &[TEAM_NAME];

const INFO_LABELS: &[Label] = &[
    label("team_id", "The team's id, a UUID."),
    TEAM_NAME,
    label(
        "type",
        "What kind of team it is, `team` or `enterprise`; empty where Heroku does not say.",
    ),
    label(
        "enterprise_account",
        "The name of the enterprise account that the team belongs to; empty where there is none.",
    ),
];

const LICENSE: &[Label] = &[
    TEAM_NAME,
    label(
        "license",
        "The licence's name, such as `HerokuAddOnCredits1`.",
    ),
];

/// All of them, in the order in which they are exposed.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    [
        &INFO,
        &SUSPENSION,
        &DELETION,
        &LICENSE_QUANTITY,
        &LICENSE_CONSUMED,
        &TOKEN_EXPIRY,
    ]
    .into_iter()
}
