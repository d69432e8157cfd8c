//! The account that the token is of, as it is polled: it has invoices, and no usage.

use super::asking::Asking;
use super::endpoint::{Before, EndpointState, Noted, Slot};
use super::error::Error;
use super::source::Answered;
use crate::collector::state::{About, Kept, Restored};
use crate::snapshot::Team;
use billing::invoice::Invoices;
use heroku_api::client::Conditional;
use heroku_api::stats::Endpoint;

/// The `team_name` of the personal account. No team can have it.
pub(super) const NAME: &str = "_personal";

/// A personal account, and what is known of it.
#[derive(Debug)]
pub(super) struct PersonalAccount {
    invoices: EndpointState<Invoices>,
}

impl PersonalAccount {
    pub(super) fn new() -> Self {
        Self {
            invoices: EndpointState::new(Endpoint::Invoices),
        }
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: &mut Restored) {
        self.invoices
            .restore(kept.invoices.remove(&About::PersonalAccount));
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept(&self) -> Option<Kept<'_>> {
        self.invoices.kept(About::PersonalAccount)
    }

    pub(super) fn slot(&mut self) -> Slot<'_> {
        self.invoices.slot()
    }

    /// When it is asked next.
    pub(super) fn next_due(&self) -> Option<tokio::time::Instant> {
        self.invoices.schedule.next_due()
    }

    pub(super) fn question(&self) -> Before {
        self.invoices.before()
    }

    /// Takes in what was answered, and tells whether there is something new to keep.
    pub(super) fn note(
        &mut self,
        fetched: Result<Conditional<Invoices>, Error>,
        context: Noted,
    ) -> bool {
        self.invoices.note(NAME, fetched, context)
    }

    /// What is known of it.
    pub(super) fn known(&self) -> Team {
        Team {
            name: NAME.to_owned(),
            invoices: self.invoices.outcome.clone(),
            asked: &[Endpoint::Invoices],
            ..Team::default()
        }
    }
}

/// Asks for the invoices.
pub(super) async fn ask(before: Before, asking: &Asking) -> Answered {
    let invoices = async {
        let token = asking.token().await?;
        let known = before.validator.as_ref();
        match asking
            .client
            .account_invoices(&token, known)
            .await
            .map_err(Error::from)
        {
            // There is always an account, so that what it never had is not offered to it.
            Err(error) if error.is_absence() && !before.was_answered => {
                Err(Error::NotAvailable(Box::new(error)))
            }
            other => other,
        }
    };
    Answered::Invoices(asking.in_time(invoices).await)
}
