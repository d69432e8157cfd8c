//! The requests of the inventory.

use std::sync::Arc;

use crate::collector::context::PollContext;
use crate::collector::error::Error;
use billing::resources::{Addon, App, Coupling, DynoSize, Pipeline, Process};
use heroku_api::client::{Conditional, ResourceOwner, Validator};
use heroku_api::error::Error as ApiError;
use heroku_api::stats::Endpoint;

/// What is requested: a list of all teams, of a team, or of an app.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) endpoint: Endpoint,
    /// The team's id or name, or the name of the personal account; empty for dyno sizes and pipelines.
    pub(super) team: String,
    pub(super) is_personal: bool,
    /// The app's id; empty for other lists.
    pub(super) app: String,
    pub(super) validator: Option<Validator>,
}

/// A completed request.
#[derive(Debug)]
pub(in crate::collector) struct JobResult {
    pub(super) request: Request,
    pub(super) rows: Rows,
}

#[derive(Debug)]
pub(super) enum Rows {
    Apps(Result<Conditional<Vec<App>>, Error>),
    Addons(Result<Conditional<Vec<Addon>>, Error>),
    Couplings(Result<Conditional<Vec<Coupling>>, Error>),
    Formation(Result<Conditional<Vec<Process>>, Error>),
    DynoSizes(Result<Conditional<Vec<DynoSize>>, Error>),
    Pipelines(Result<Conditional<Vec<Pipeline>>, Error>),
}

/// Sends a request.
pub(super) async fn fetch(context: Arc<PollContext>, request: Request) -> JobResult {
    let client = &context.client;
    let Request {
        endpoint,
        team,
        is_personal,
        app,
        validator,
    } = &request;
    let validator = validator.as_ref();
    let owner = match is_personal {
        true => ResourceOwner::Person,
        false => ResourceOwner::Team(team),
    };
    let rows = match endpoint {
        Endpoint::Apps => {
            let fetch = async |token| {
                let mut apps = client.apps(&token, owner, validator).await?;
                if let (true, Conditional::Modified(apps)) = (is_personal, &mut apps) {
                    let account = client.account(&token).await?.data;
                    let Some(id) = account.id else {
                        return Err(ApiError::Malformed("account without id".to_owned()).into());
                    };
                    // Others are billed for the apps on which the person only collaborates.
                    apps.data.retain(|app| app.owner_id.as_ref() == Some(&id));
                }
                Ok(apps)
            };
            Rows::Apps(context.with_token(fetch).await)
        }
        Endpoint::Addons => {
            let fetch = async |token| Ok(client.addons(&token, owner, validator).await?);
            Rows::Addons(context.with_token(fetch).await)
        }
        Endpoint::PipelineCouplings => {
            let fetch =
                async |token| Ok(client.pipeline_couplings(&token, owner, validator).await?);
            Rows::Couplings(context.with_token(fetch).await)
        }
        Endpoint::Formation => {
            let fetch = async |token| Ok(client.formation(&token, app, validator).await?);
            Rows::Formation(context.with_token(fetch).await)
        }
        Endpoint::Pipelines => {
            let fetch = async |token| Ok(client.pipelines(&token, validator).await?);
            Rows::Pipelines(context.with_token(fetch).await)
        }
        _ => {
            let fetch = async |token| Ok(client.dyno_sizes(&token, validator).await?);
            Rows::DynoSizes(context.with_token(fetch).await)
        }
    };
    JobResult { request, rows }
}
