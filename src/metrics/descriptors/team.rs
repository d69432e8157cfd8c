//! Identity, delinquency and licenses of teams, and the expiry of the token.

use super::labels::{ENTERPRISE_ACCOUNT, LICENSE, TEAM_ID, TEAM_NAME, TYPE};
use super::macros::descriptors;

descriptors! {
    INFO: Gauge {
        name: "heroku_team_info", labels: &[TEAM_ID, TEAM_NAME, TYPE, ENTERPRISE_ACCOUNT], source: "team.{id,name,type,enterprise_account}",
        help: "A metric with a constant '1' value labeled by the ID, name, type and enterprise account of the team.",
    }
    SUSPENSION: Gauge {
        name: "heroku_team_suspension_scheduled_timestamp_seconds", labels: &[TEAM_NAME], source: "team-delinquency.scheduled_suspension_time",
        help: "Unix timestamp of the scheduled suspension of the team for unpaid invoices.",
    }
    DELETION: Gauge {
        name: "heroku_team_deletion_scheduled_timestamp_seconds", labels: &[TEAM_NAME], source: "team-delinquency.scheduled_deletion_time",
        help: "Unix timestamp of the scheduled deletion of the team for unpaid invoices.",
    }
    LICENSE_QUANTITY: Gauge {
        name: "heroku_team_license_quantity", labels: &[TEAM_NAME, LICENSE], source: "team-license.qty",
        help: "Quantity of the license purchased by the team.",
    }
    LICENSE_CONSUMED: Gauge {
        name: "heroku_team_license_consumed", labels: &[TEAM_NAME, LICENSE], source: "team-license.consumed",
        help: "Quantity of the license consumed by the team.",
    }
    TOKEN_EXPIRY: Gauge {
        name: "heroku_api_token_expiry_timestamp_seconds", labels: &[], source: "oauth-authorization.access_token.expires_in",
        help: "Unix timestamp of the expiry of the Heroku API token.",
    }
}
