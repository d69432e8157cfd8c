//! The personal account of the token's owner, which has invoices but no usage.

use std::sync::Arc;

use crate::collector::endpoint::EndpointState;
use crate::collector::error::Error;
use crate::collector::poll::{PollRound, Response};
use crate::snapshot::Team;
use billing::invoice::Invoices;
use heroku_api::stats::Endpoint;

/// The `team_name` of the personal account. No team can have it.
pub(super) const NAME: &str = "_personal";

/// The state of the personal account.
#[derive(Debug)]
pub(super) struct PersonalAccountTarget {
    pub(super) invoices: EndpointState<Invoices>,
}

impl PersonalAccountTarget {
    pub(super) fn new() -> Self {
        Self {
            invoices: EndpointState::new(Endpoint::Invoices),
        }
    }

    /// Starts the poll if it is due.
    pub(super) fn start_due(&mut self, round: &mut PollRound<'_>) {
        if !round.is_due(&self.invoices.schedule) {
            return;
        }
        let (context, history) = (Arc::clone(round.context), self.invoices.history());
        let poll = async move {
            let result = context.with_token(async |token| {
                let invoices = context
                    .client
                    .account_invoices(&token, history.validator.as_ref());
                match invoices.await.map_err(Error::from) {
                    // The account exists, so the endpoint is not available to it.
                    Err(error) if error.is_denial() && !history.has_succeeded => {
                        Err(Error::NotAvailable(Box::new(error)))
                    }
                    other => other,
                }
            });
            Response::PersonalInvoices(result.await)
        };
        round.start(&mut self.invoices.schedule, poll);
    }

    /// Returns the account for a snapshot.
    pub(super) fn snapshot(&self) -> Team {
        Team {
            name: NAME.to_owned(),
            invoices: self.invoices.status.clone(),
            polled_endpoints: &[Endpoint::Invoices],
            ..Team::default()
        }
    }
}
