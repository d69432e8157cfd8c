//! What runs now, and what it costs a month.

use super::labels::{
    ADDON, ADDON_SERVICE, APP_NAME, CATEGORY, GENERATION, PIPELINE, PLAN, PROCESS_TYPE, REASON,
    REGION, SIZE, SPACE, STAGE, TEAM_NAME,
};
use super::macros::descriptors;

descriptors! {
    TEAM_RUN_RATE: Gauge {
        name: "heroku_team_run_rate_usd", labels: &[TEAM_NAME, CATEGORY], source: "formation, add-on.billed_price",
        help: "Cost of the team's running dynos and add-ons for a whole month by category, in USD before credits and taxes.",
    }
    APP_RUN_RATE: Gauge {
        name: "heroku_app_run_rate_usd", labels: &[TEAM_NAME, APP_NAME, CATEGORY], source: "formation, add-on.billed_price",
        help: "Cost of the app's running dynos and add-ons for a whole month by category, in USD before credits and taxes.",
    }
    UNPRICED: Gauge {
        name: "heroku_team_unpriced_resources", labels: &[TEAM_NAME, REASON], source: "formation, add-on.billed_price",
        help: "Number of the team's running resources without a known monthly price, which the run rate does not include.",
    }
    APP_DYNOS: Gauge {
        name: "heroku_app_dynos", labels: &[TEAM_NAME, APP_NAME, PROCESS_TYPE, SIZE], source: "formation.{quantity,type,dyno_size}",
        help: "Number of the app's dynos by process type and dyno size.",
    }
    ADDON_INFO: Gauge {
        name: "heroku_app_addon_info", labels: &[TEAM_NAME, APP_NAME, ADDON, ADDON_SERVICE, PLAN], source: "add-on.{name,addon_service,plan}",
        help: "A metric with a constant '1' value labeled by the name, service and plan of an add-on that is billed to the app.",
    }
    APP_INFO: Gauge {
        name: "heroku_app_info", labels: &[TEAM_NAME, APP_NAME, PIPELINE, STAGE, REGION, SPACE, GENERATION], source: "app, pipeline-coupling, pipeline.name",
        help: "A metric with a constant '1' value labeled by the pipeline, stage, region, space and generation of the app.",
    }
}
