//! The simulator as a test holds it: built, scripted, asked what it was asked, stopped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::civil::Date;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::company::Company;
use crate::endpoint::Endpoint;
use crate::fault::{Fault, Times};
use crate::log::LoggedRequest;
use crate::rate::Bucket;
use crate::server;
use crate::state::{State, World};

/// The token that a simulator expects unless told otherwise. It has the shape of Heroku's (`HRKU-`
/// and a UUID) and opens nothing.
pub const DEFAULT_TOKEN: &str = "HRKU-simulated-0000-0000-0000-000000000000";

/// A Heroku that listens on loopback until it is shut down or dropped.
#[derive(Debug)]
pub struct Simulator {
    addr: SocketAddr,
    token: String,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// What a simulator is started with. Made by [`Simulator::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    company: Company,
    today: Date,
    token: String,
    listen: SocketAddr,
    page_size: Option<usize>,
    bucket: Bucket,
}

impl Builder {
    /// Expects this token in place of [`DEFAULT_TOKEN`].
    pub fn token(mut self, token: impl Into<String>) -> Builder {
        self.token = token.into();
        self
    }

    /// Listens here. The default is `127.0.0.1:0`, a free port on loopback.
    pub fn listen(mut self, addr: SocketAddr) -> Builder {
        self.listen = addr;
        self
    }

    /// Gives at most so many elements a page, even to a client that asks for more, so that a short
    /// list takes several pages. At Heroku a page holds 200 unless `max` asks for another number,
    /// 1,000 at most. 0 counts as 1.
    pub fn page_size(mut self, elements: usize) -> Builder {
        self.page_size = Some(elements.max(1));
        self
    }

    /// Starts with so many request tokens and never refills them, so that a test can count. Without
    /// it there are 4,500, refilled by 75 a minute, as at Heroku.
    pub fn rate_limit(mut self, tokens: u32) -> Builder {
        self.bucket = Bucket::unfilled(tokens);
        self
    }

    /// Binds the address and starts to answer, as a task of the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn start(self) -> io::Result<Simulator> {
        let listener = TcpListener::bind(self.listen).await?;
        let addr = listener.local_addr()?;
        let world = World {
            company: self.company,
            today: self.today,
            token: self.token.clone(),
            bucket: self.bucket,
        };
        let state = Arc::new(State::new(world, self.page_size));
        let accepting = tokio::spawn(server::accept(listener, Arc::clone(&state)));
        Ok(Simulator {
            addr,
            token: self.token,
            state,
            accepting,
        })
    }
}

impl Simulator {
    /// Begins a simulator of `company`, for which it is `today` (UTC): usage is given up to twelve
    /// months back from it, and never beyond it.
    pub fn builder(company: Company, today: Date) -> Builder {
        Builder {
            company,
            today,
            token: DEFAULT_TOKEN.to_owned(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            page_size: None,
            bucket: Bucket::herokus(),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What a client takes in place of `https://api.heroku.com`: `http://127.0.0.1:NNN`, without a
    /// slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The token that it was started with: what a client is configured with, also after
    /// [`set_token`](Simulator::set_token).
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Scripts a fault for an endpoint, whatever the team or enterprise account. Faults strike in the order in which they
    /// were scripted.
    pub fn script(&self, endpoint: Endpoint, fault: Fault, times: Times) {
        self.state.script().add(None, endpoint, fault, times);
    }

    /// Scripts a fault for an endpoint of one team or of one enterprise account, given by id or
    /// name, whichever of the two the client will use.
    pub fn script_team(&self, team: &str, endpoint: Endpoint, fault: Fault, times: Times) {
        self.state.script().add(Some(team), endpoint, fault, times);
    }

    /// Forgets every scripted fault. A request that hangs goes on hanging.
    pub fn clear_faults(&self) {
        self.state.script().clear();
    }

    /// The requests so far, in the order of arrival: the last 10,000.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.log().requests()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.state.log().clear();
    }

    /// Replaces the company, from the next request on.
    pub fn set_company(&self, company: Company) {
        self.state.world().company = company;
    }

    /// Moves the day, from the next request on. The company stays as it is.
    pub fn set_today(&self, today: Date) {
        self.state.world().today = today;
    }

    /// Expects another token from the next request on, as after `heroku authorizations:revoke`.
    pub fn set_token(&self, token: String) {
        self.state.world().token = token;
    }

    /// Stops listening and closes every connection.
    pub async fn shutdown(mut self) {
        self.accepting.abort();
        // An aborted task ends as "cancelled", which is what is wanted.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
