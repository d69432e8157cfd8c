//! A team as it is polled: who it is, what is known of it, and how its endpoints are asked.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::schedule::{Pauses, Schedule};
use crate::domain::invoice::Invoices;
use crate::domain::month::Month;
use crate::domain::reason::Reason;
use crate::domain::snapshot::{Failure, Outcome, Polled, Team};
use crate::domain::traffic::Endpoint;
use crate::domain::usage::Usage;
use crate::heroku::client::{Answer, Client, Fetched, Identity, Validator};
use crate::heroku::error::Error;
use crate::state::{Kept, Restored, RestoredAnswer};
use crate::token::{Token, TokenError};

/// How long figures that have come may wait for the name of their team; it is asked for again with
/// the next poll.
const PATIENCE_FOR_A_NAME: Duration = Duration::from_secs(5);

/// A team, and what is known of it.
#[derive(Debug)]
pub(super) struct TeamState {
    asked: Arc<AskedTeam>,
    /// The name by which usage last called it.
    called: Option<String>,
    invoices: EndpointState<Invoices>,
    usage: EndpointState<Usage>,
}

/// A team as the settings name it, and who it is once Heroku has said so.
#[derive(Debug)]
struct AskedTeam {
    id_or_name: String,
    /// Whether the id or the name that is missing has to be asked for.
    identify: bool,
    identity: OnceCell<Identity>,
}

/// One endpoint of a team.
#[derive(Debug)]
struct EndpointState<T> {
    endpoint: Endpoint,
    outcome: Outcome<T>,
    schedule: Schedule,
    /// By what to ask whether the last good answer still stands.
    validator: Option<Validator>,
    /// The last good answer as Heroku sent it, where it is kept.
    pages: Vec<String>,
    /// What was left out of the last answer, so that it is said once and not every hour.
    left_out: Vec<String>,
}

/// What is to be asked.
#[derive(Debug)]
pub(super) struct Question {
    team: Arc<AskedTeam>,
    endpoint: Endpoint,
    month: Month,
    validator: Option<Validator>,
    /// Whether it was answered before: then its absence is a failure, and not the rule.
    was_answered: bool,
    /// Whether any endpoint of the team was answered before: then there is such a team.
    team_exists: bool,
}

/// What an endpoint answered.
#[derive(Debug)]
pub(super) enum Answered {
    Invoices(Result<Fetched<Invoices>, Error>),
    Usage(Result<Fetched<Usage>, Error>),
}

impl TeamState {
    /// The endpoints that are polled.
    pub(super) const ENDPOINTS: [Endpoint; 2] = [Endpoint::Invoices, Endpoint::Usage];

    pub(super) fn new(id_or_name: &str, several_teams: bool) -> Self {
        // With a single team given by its id, each usage row tells the name.
        let identify = several_teams || !is_id(id_or_name);
        Self {
            asked: Arc::new(AskedTeam::new(id_or_name.to_owned(), identify)),
            called: None,
            invoices: EndpointState::new(Endpoint::Invoices),
            usage: EndpointState::new(Endpoint::Usage),
        }
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: &mut Restored) {
        let asked = &self.asked.id_or_name;
        if let Some(identity) = kept.identities.remove(asked) {
            // Fails only where it is known already.
            let _ = self.asked.identity.set(identity);
        }
        if let Some(invoices) = kept.invoices.remove(asked) {
            self.invoices.restore(invoices);
        }
        if let Some(usage) = kept.usage.remove(asked) {
            self.called = usage.good.data.team_name().map(str::to_owned);
            self.usage.restore(usage);
        }
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        let asked = &self.asked.id_or_name;
        let identity = self.asked.identity.get();
        [
            self.invoices.kept(asked, identity),
            self.usage.kept(asked, identity),
        ]
        .into_iter()
        .flatten()
    }

    pub(super) fn schedule(&mut self, endpoint: Endpoint) -> &mut Schedule {
        match endpoint {
            Endpoint::Usage => &mut self.usage.schedule,
            Endpoint::Invoices | Endpoint::Team => &mut self.invoices.schedule,
        }
    }

    /// When an endpoint is asked next.
    pub(super) fn next_due(&self) -> Option<tokio::time::Instant> {
        let due = [
            self.invoices.schedule.next_due(),
            self.usage.schedule.next_due(),
        ];
        due.into_iter().flatten().min()
    }

    /// What to ask an endpoint in `month`.
    pub(super) fn question(&self, endpoint: Endpoint, month: Month) -> Question {
        let (validator, was_answered) = match endpoint {
            Endpoint::Usage => (
                &self.usage.validator,
                self.usage.outcome.last_good.is_some(),
            ),
            Endpoint::Invoices | Endpoint::Team => (
                &self.invoices.validator,
                self.invoices.outcome.last_good.is_some(),
            ),
        };
        let team = Arc::clone(&self.asked);
        Question {
            team,
            endpoint,
            month,
            validator: validator.clone(),
            was_answered,
            team_exists: self.invoices.outcome.last_good.is_some()
                || self.usage.outcome.last_good.is_some(),
        }
    }

    /// Takes in what an endpoint answered, and tells whether there is something new to keep.
    pub(super) fn note(&mut self, answered: Answered, context: Noted) -> bool {
        let team = self.name().to_owned();
        let is_gone = answered.is_gone();
        let is_new = match answered {
            Answered::Invoices(fetched) => self.invoices.note(&team, fetched, context),
            Answered::Usage(fetched) => self.usage.note(&team, fetched, context),
        };
        if let Some(name) = self.usage.outcome.data().and_then(Usage::team_name) {
            self.called = Some(name.to_owned());
        }
        if is_gone && !is_id(&self.asked.id_or_name) {
            // A team that was deleted and made again has its name back, and another id.
            let AskedTeam {
                id_or_name,
                identify,
                ..
            } = &*self.asked;
            self.asked = Arc::new(AskedTeam::new(id_or_name.clone(), *identify));
        }
        is_new
    }

    /// The team's name: as usage has it, which is asked anew each time and so follows a renaming;
    /// else as Heroku once said; else as the settings say.
    fn name(&self) -> &str {
        let usage = self.called.as_deref();
        let identity = || {
            self.asked
                .identity
                .get()
                .map(|identity| identity.name.as_str())
        };
        usage.or_else(identity).unwrap_or(&self.asked.id_or_name)
    }

    /// What is known of the team.
    pub(super) fn known(&self) -> Team {
        let asked = &self.asked.id_or_name;
        let id = self
            .asked
            .identity
            .get()
            .map(|identity| identity.id.clone());
        Team {
            id: id.or_else(|| is_id(asked).then(|| asked.clone())),
            name: self.name().to_owned(),
            invoices: self.invoices.outcome.clone(),
            usage: self.usage.outcome.clone(),
        }
    }
}

impl Question {
    /// Asks it, within `timeout`.
    pub(super) async fn ask(
        self,
        client: &Client,
        token: &Arc<Token>,
        timeout: Duration,
    ) -> Answered {
        // Each request has the same timeout and notes it better; this one bounds several requests.
        let deadline = timeout + Duration::from_secs(1);
        match self.endpoint {
            Endpoint::Usage => {
                let answered = tokio::time::timeout(deadline, self.ask_usage(client, token)).await;
                Answered::Usage(answered.unwrap_or(Err(Error::Timeout)))
            }
            Endpoint::Invoices | Endpoint::Team => {
                let answered =
                    tokio::time::timeout(deadline, self.ask_invoices(client, token)).await;
                Answered::Invoices(answered.unwrap_or(Err(Error::Timeout)))
            }
        }
    }

    async fn ask_invoices(
        &self,
        client: &Client,
        token: &Arc<Token>,
    ) -> Result<Fetched<Invoices>, Error> {
        let token = read(token).await?;
        let identity = async {
            if self.team.identify {
                // Wanted for the team's name only, so its failure is not this endpoint's.
                let asked = self.team.identity(client, &token);
                let _ = tokio::time::timeout(PATIENCE_FOR_A_NAME, asked).await;
            }
        };
        let invoices = client.invoices(&token, &self.team.id_or_name, self.validator.as_ref());
        let (fetched, ()) = tokio::join!(invoices, identity);
        self.explained(fetched, client, &token).await
    }

    async fn ask_usage(
        &self,
        client: &Client,
        token: &Arc<Token>,
    ) -> Result<Fetched<Usage>, Error> {
        let token = read(token).await?;
        let id = self.team.id(client, &token).await?;
        let months = (self.month.previous(), self.month);
        let fetched = client
            .usage(&token, id, months, self.validator.as_ref())
            .await;
        self.explained(fetched, client, &token).await
    }

    /// Tells why something that never was there is not: because there is no such team, or because
    /// Heroku does not offer it to this team.
    async fn explained<T>(
        &self,
        fetched: Result<Fetched<T>, Error>,
        client: &Client,
        token: &SecretString,
    ) -> Result<Fetched<T>, Error> {
        let error = match fetched {
            Err(error) if error.is_absence() && !self.was_answered => error,
            other => return other,
        };
        if self.team_exists {
            return Err(Error::NotAvailable(Box::new(error)));
        }
        Err(match self.team.identity(client, token).await {
            Ok(_) => Error::NotAvailable(Box::new(error)),
            Err(of_team) if of_team.reason() == Reason::NotFound => {
                Error::TeamNotFound(Box::new(of_team))
            }
            Err(_) => error,
        })
    }
}

impl Answered {
    /// Whether the team that was asked for may be there no more. One that does not have what was
    /// asked for is.
    fn is_gone(&self) -> bool {
        let error = match self {
            Self::Invoices(fetched) => fetched.as_ref().err(),
            Self::Usage(fetched) => fetched.as_ref().err(),
        };
        error.is_some_and(|error| error.is_absence() && error.reason() != Reason::NotAvailable)
    }
}

impl AskedTeam {
    fn new(id_or_name: String, identify: bool) -> Self {
        Self {
            id_or_name,
            identify,
            identity: OnceCell::new(),
        }
    }

    /// Who the team is, asked for until it was answered once.
    async fn identity(&self, client: &Client, token: &SecretString) -> Result<&Identity, Error> {
        self.identity
            .get_or_try_init(|| client.team(token, &self.id_or_name))
            .await
    }

    /// The team's id, which usage is asked by. Where Heroku does not say who the team is, because
    /// the token may see its bills but not the team, what the settings say has to do.
    async fn id(&self, client: &Client, token: &SecretString) -> Result<&str, Error> {
        if is_id(&self.id_or_name) {
            return Ok(&self.id_or_name);
        }
        match self.identity(client, token).await {
            Ok(identity) => Ok(&identity.id),
            Err(error) if error.is_absence() => Ok(&self.id_or_name),
            Err(error) => Err(error),
        }
    }
}

impl<T: PartialEq> EndpointState<T> {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            outcome: Outcome::default(),
            schedule: Schedule::new(),
            validator: None,
            pages: Vec::new(),
            left_out: Vec::new(),
        }
    }

    fn restore(&mut self, kept: RestoredAnswer<T>) {
        self.outcome.last_good = Some(kept.good);
        self.validator = kept.validator;
        self.pages = kept.pages;
        self.outcome.record.rows_left_out = kept.left_out.len() as u64;
        self.left_out = kept.left_out;
    }

    fn kept<'a>(&'a self, asked: &'a str, identity: Option<&'a Identity>) -> Option<Kept<'a>> {
        let good = self.outcome.last_good.as_ref()?;
        Some(Kept {
            team: asked,
            identity,
            endpoint: self.endpoint,
            at: good.at,
            changed_at: good.changed_at,
            validator: self.validator.as_ref(),
            pages: &self.pages,
        })
    }

    /// Takes in what was answered: into the outcome, the schedule and the log.
    fn note(&mut self, team: &str, fetched: Result<Fetched<T>, Error>, context: Noted) -> bool {
        let Noted {
            now,
            took,
            pauses,
            keep,
        } = context;
        let endpoint = self.endpoint.word();
        let was_available = self.outcome.is_available();
        let polled = match fetched {
            Ok(Fetched::Unchanged) => Polled::Unchanged,
            Ok(Fetched::Answer(answer)) => {
                let Answer {
                    data,
                    left_out,
                    pages,
                    validator,
                } = answer;
                if let Some(first) = left_out.first().filter(|_| self.left_out != left_out) {
                    let rows = left_out.len();
                    tracing::warn!(
                        team,
                        endpoint,
                        rows,
                        first,
                        "rows that could not be understood are left out"
                    );
                }
                let rows_left_out = left_out.len() as u64;
                self.left_out = left_out;
                self.validator = validator;
                self.pages = if keep { pages } else { Vec::new() };
                Polled::Answer {
                    data,
                    rows_left_out,
                }
            }
            Err(error) => {
                let pause = self.schedule.fail(&error, pauses);
                let (reason, message) = (error.reason(), chain(&error));
                let ask_again_in_seconds = pause.as_secs_f64().round();
                if reason == Reason::NotAvailable {
                    // Said once: it is how things are, not an event.
                    if was_available {
                        tracing::info!(
                            team,
                            endpoint,
                            reason = reason.word(),
                            error = message,
                            ask_again_in_seconds,
                            "not available for this team"
                        );
                    }
                } else {
                    tracing::warn!(
                        team,
                        endpoint,
                        reason = reason.word(),
                        error = message,
                        ask_again_in_seconds,
                        "no figures; those known so far stay"
                    );
                }
                self.outcome
                    .note(Polled::Failed(Failure { reason, message }), now, took);
                return false;
            }
        };
        self.schedule.succeed(pauses);
        self.outcome.note(polled, now, took);
        tracing::info!(team, endpoint, "figures are up to date");
        true
    }
}

/// What goes with an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    /// When it came.
    pub(super) now: Timestamp,
    /// How long it took.
    pub(super) took: Duration,
    /// How long to wait before asking again.
    pub(super) pauses: Pauses,
    /// Whether it is to be kept as Heroku sent it.
    pub(super) keep: bool,
}

/// Reads the token where it may block: a file can be on a file system that hangs.
async fn read(token: &Arc<Token>) -> Result<SecretString, Error> {
    let token = Arc::clone(token);
    let read = tokio::task::spawn_blocking(move || token.read()).await;
    Ok(read.unwrap_or(Err(TokenError::Malformed))?)
}

/// Whether a team is given by its id, which is a UUID, and not by its name.
fn is_id(team: &str) -> bool {
    let hyphen = |position| matches!(position, 8 | 13 | 18 | 23);
    let fits = |(position, b): (usize, u8)| {
        if hyphen(position) {
            b == b'-'
        } else {
            b.is_ascii_hexdigit()
        }
    };
    team.len() == 36 && team.bytes().enumerate().all(fits)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
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
