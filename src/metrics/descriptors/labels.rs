//! The labels of all metrics. Each label name has one description.

use expfmt::Label;

pub(super) const TEAM_NAME: Label = Label::new(
    "team_name",
    "Team name, or `_personal` for the personal account. For polls also the name of an enterprise account, or `*` for team discovery.",
);

/// The Go exporter supports one team and has no such label on invoices.
pub(super) const TEAM_NAME_IF_SEVERAL: Label = Label {
    optional: true,
    ..TEAM_NAME
};

pub(super) const TEAM_ID: Label = Label::new("team_id", "Team ID, a UUID.");

pub(super) const APP_NAME: Label = Label::new(
    "app_name",
    "App name, or the row that includes the app: its group, `_other` (beyond `--apps.max`) or `_excluded`. In legacy metrics `_team_total` is the team itself.",
);

pub(super) const PERIOD: Label = Label::new(
    "period",
    "`current` or `previous` UTC month. An invoice belongs to the month of its first day.",
);

pub(super) const MONTH: Label = Label::new("month", "UTC month, such as `2026-11`.");

pub(super) const CATEGORY: Label = Label::new(
    "category",
    "`dynos`, `data` (Heroku's data services) or `partner` (partner add-ons); for teams also `space` (Private Spaces, if a price is set) and `other`.",
);

pub(super) const KIND: Label = Label::new("kind", "`private` or `shield`.");

pub(super) const SOURCE: Label = Label::new(
    "source",
    "Origin of the price: `config`, `invoice` (`platform_total` ÷ `dyno_units`) or `list` (Heroku's list price).",
);

pub(super) const TYPE: Label = Label::new(
    "type",
    "Of usage: `data`, `partner`, `addons` (the sum of both) or `connect` (Heroku Connect rows). Of a team: `team`, `enterprise` or empty.",
);

pub(super) const PERIOD_START: Label = Label::new(
    "period_start",
    "First day of the invoice period, such as `2026-11-01`.",
);

pub(super) const PERIOD_END: Label = Label::new(
    "period_end",
    "End of the invoice period, such as `2026-11-30`; in legacy metrics as written by Heroku.",
);

pub(super) const NUMBER: Label = Label::new("number", "Invoice number.");

pub(super) const PAYMENT_STATUS: Label = Label::new(
    "payment_status",
    "Payment status as written by Heroku, such as `Paid`.",
);

pub(super) const STATE: Label = Label::new(
    "state",
    "Payment state: `pending`, `successful` or `failed`; in legacy metrics `0`, `1` or `2`.",
);

pub(super) const ENTERPRISE_ACCOUNT: Label = Label::new(
    "enterprise_account",
    "Name of the team's enterprise account, or empty.",
);

pub(super) const LICENSE: Label =
    Label::new("license", "License name, such as `HerokuAddOnCredits1`.");

pub(super) const ENDPOINT: Label = Label::new(
    "endpoint",
    "`invoices`, `usage` or `teams` (team discovery); for requests also `team`, `enterprise_account`, `past_usage`, `delinquency`, `licenses`, `authorizations`, `account`, `apps`, `addons`, `pipeline_couplings`, `formation`, `dyno_sizes` or `pipelines`.",
);

pub(super) const ADDON: Label = Label::new("addon", "Add-on name.");

pub(super) const ADDON_SERVICE: Label = Label::new(
    "addon_service",
    "Add-on service, such as `heroku-postgresql`.",
);

pub(super) const PLAN: Label = Label::new(
    "plan",
    "Add-on plan, such as `heroku-postgresql:standard-0`.",
);

pub(super) const PROCESS_TYPE: Label = Label::new("process_type", "Process type, such as `web`.");

pub(super) const SIZE: Label =
    Label::new("size", "Dyno size in lower case, such as `standard-1x`.");

pub(super) const PIPELINE: Label = Label::new("pipeline", "Pipeline name, or its ID, or empty.");

pub(super) const STAGE: Label = Label::new(
    "stage",
    "Pipeline stage: `review`, `development`, `staging` or `production`, or empty.",
);

pub(super) const REGION: Label = Label::new("region", "Region, such as `us`, or empty.");

pub(super) const SPACE: Label = Label::new("space", "Space name, or empty in the common runtime.");

pub(super) const GENERATION: Label = Label::new(
    "generation",
    "Platform generation, `cedar` or `fir`, or empty.",
);

pub(super) const REASON: Label = Label::new(
    "reason",
    "Failure reason, see [RELIABILITY.md](RELIABILITY.md#reasons). Of a resource without price: `unknown`, `contract`, `metered`, `other_period` or `not_read`.",
);

pub(super) const CODE: Label = Label::new(
    "code",
    "HTTP status code, `other` for an uncommon one, or `none` without a response.",
);

pub(super) const PATH: Label = Label::new("path", "Request path, or `other` if it is not served.");

pub(super) const VERSION: Label = Label::new("version", "Exporter version.");

pub(super) const REVISION: Label = Label::new("revision", "Git commit, or `unknown`.");

pub(super) const RUSTC: Label = Label::new("rustc", "Rust compiler version.");
