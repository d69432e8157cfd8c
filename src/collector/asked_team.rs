//! How a team is asked: what for, and who it is, which its answers do not always tell.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::asking::{Asking, soon};
use super::endpoint::Before;
use super::error::Error;
use super::source::Answered;
use crate::collector::state::Particular;
use crate::snapshot::FailureReason;
use billing::invoice::Invoices;
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::client::{Client, Conditional};
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

/// A team as it is asked for, and who it is once Heroku has said so.
#[derive(Debug)]
pub(super) struct AskedTeam {
    pub(super) id_or_name: String,
    /// Whether the id or the name that is missing has to be asked for.
    pub(super) identify: bool,
    pub(super) identity: OnceCell<Particular<Identity>>,
}

/// What is to be asked of a team.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) team: Arc<AskedTeam>,
    pub(super) endpoint: Endpoint,
    pub(super) month: Month,
    pub(super) now: Timestamp,
    pub(super) before: Before,
    /// Whether any endpoint of the team was answered before: then there is such a team.
    pub(super) team_exists: bool,
    /// The enterprise accounts that tell the usage of their teams.
    pub(super) accounts: Arc<[String]>,
}

impl Question {
    /// Asks it.
    pub(super) async fn ask(self, asking: &Asking) -> Answered {
        match self.endpoint {
            Endpoint::Usage => match asking.in_time(self.ask_usage(asking)).await {
                Ok(Some(fetched)) => Answered::Usage(Ok(fetched)),
                Ok(None) => Answered::UsageToldByAccount,
                Err(error) => Answered::Usage(Err(error)),
            },
            _ => Answered::Invoices(asking.in_time(self.ask_invoices(asking)).await),
        }
    }

    async fn ask_invoices(&self, asking: &Asking) -> Result<Conditional<Invoices>, Error> {
        let (client, token) = (&asking.client, asking.token().await?);
        let identity = async {
            if self.team.identify {
                // Wanted for the team's name only, so its failure is not this endpoint's.
                soon(self.identity(client, &token)).await;
            }
        };
        let known = self.before.validator.as_ref();
        let invoices = client.invoices(&token, &self.team.id_or_name, known);
        let (fetched, ()) = tokio::join!(invoices, identity);
        self.explained(fetched.map_err(Error::from), client, &token)
            .await
    }

    /// Asks for usage, unless the team turns out to be of an account that tells it.
    async fn ask_usage(&self, asking: &Asking) -> Result<Option<Conditional<Usage>>, Error> {
        let (client, token) = (&asking.client, asking.token().await?);
        if !self.accounts.is_empty() {
            let identity = soon(self.identity(client, &token)).await;
            let identity = identity.and_then(|identity| identity.ok()?.data.as_deref());
            if identity.is_some_and(|identity| is_of(identity, &self.accounts)) {
                return Ok(None);
            }
        }
        let id = self.id(client, &token).await?;
        let months = (self.month.previous(), self.month);
        let known = self.before.validator.as_ref();
        let fetched = client
            .usage(&token, id, months, known)
            .await
            .map_err(Error::from);
        self.explained(fetched, client, &token).await.map(Some)
    }

    /// Tells why something that never was there is not: because there is no such team, or because
    /// Heroku does not offer it to this team.
    async fn explained<T>(
        &self,
        fetched: Result<Conditional<T>, Error>,
        client: &Client,
        token: &SecretString,
    ) -> Result<Conditional<T>, Error> {
        let error = match fetched {
            Err(error) if error.is_absence() && !self.before.was_answered => error,
            other => return other,
        };
        if self.team_exists {
            return Err(Error::NotAvailable(Box::new(error)));
        }
        Err(match self.identity(client, token).await {
            Ok(_) => Error::NotAvailable(Box::new(error)),
            Err(of_team) if of_team.reason() == FailureReason::NotFound => {
                Error::TeamNotFound(Box::new(of_team))
            }
            Err(_) => error,
        })
    }

    /// Who the team is, asked for until it was answered once.
    async fn identity(
        &self,
        client: &Client,
        token: &SecretString,
    ) -> Result<&Particular<Identity>, Error> {
        let ask = async || {
            let answer = client.team(token, &self.team.id_or_name).await?;
            Ok(Particular {
                data: Some(Arc::new(answer.data)),
                at: self.now,
                pages: answer.pages,
            })
        };
        self.team.identity.get_or_try_init(ask).await
    }

    /// The team's id, which usage is asked by. Where Heroku does not say who the team is, because
    /// the token may see its bills but not the team, what the settings say has to do.
    async fn id(&self, client: &Client, token: &SecretString) -> Result<&str, Error> {
        let asked = &self.team.id_or_name;
        if is_id(asked) {
            return Ok(asked);
        }
        match self.identity(client, token).await {
            Ok(identity) => Ok(identity
                .data
                .as_ref()
                .map_or(asked, |identity| &identity.id)),
            Err(error) if error.is_absence() => Ok(asked),
            Err(error) => Err(error),
        }
    }
}

impl AskedTeam {
    pub(super) fn new(id_or_name: String, identify: bool) -> Self {
        Self {
            id_or_name,
            identify,
            identity: OnceCell::new(),
        }
    }

    pub(super) fn known(id_or_name: String, identity: Particular<Identity>) -> Self {
        Self {
            id_or_name,
            identify: false,
            identity: OnceCell::new_with(Some(identity)),
        }
    }
}

/// Whether a team belongs to one of `accounts`, each its id or its name.
fn is_of(identity: &Identity, accounts: &[String]) -> bool {
    let owner = identity.enterprise_account.as_ref();
    owner.is_some_and(|owner| accounts.iter().any(|account| owner.is_called(account)))
}

/// Whether a team or an enterprise account is given by its id, which is a UUID, and not by its name.
pub(super) fn is_id(id_or_name: &str) -> bool {
    let hyphen = |position| matches!(position, 8 | 13 | 18 | 23);
    let fits = |(position, b): (usize, u8)| {
        if hyphen(position) {
            b == b'-'
        } else {
            b.is_ascii_hexdigit()
        }
    };
    id_or_name.len() == 36 && id_or_name.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_from_a_name() {
        assert!(is_id("01234567-89ab-cdef-0123-456789ABCDEF"));
        let names = [
            "acme",
            "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567089ab-cdef-0123-456789abcdef",
            "",
        ];
        for name in names {
            assert!(!is_id(name), "{name}");
        }
    }
}
