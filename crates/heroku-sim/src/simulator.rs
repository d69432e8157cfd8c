//! The public handle of a simulator and its builder.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::civil::Date;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::company::Company;
use crate::endpoint::Endpoint;
use crate::fault::{Fault, FaultPlan, Times};
use crate::rate_limit::TokenBucket;
use crate::request_log::{LoggedRequest, RequestLog};
use crate::server;
use crate::state::{SharedState, SimState};

/// The default token of a simulator, in the format of Heroku's tokens.
pub const DEFAULT_TOKEN: &str = "HRKU-simulated-0000-0000-0000-000000000000";

/// A running simulator of the Platform API. It serves requests until it is shut down or dropped.
#[derive(Debug)]
pub struct Simulator {
    addr: SocketAddr,
    token: String,
    state: Arc<SharedState>,
    accept_task: JoinHandle<()>,
}

/// Configures a [`Simulator`]. Created by [`Simulator::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    company: Company,
    today: Date,
    token: String,
    listen: SocketAddr,
    page_size: Option<usize>,
    rate_limit: TokenBucket,
}

impl Builder {
    /// Sets the token that clients must send. The default is [`DEFAULT_TOKEN`].
    pub fn token(mut self, token: impl Into<String>) -> Builder {
        self.token = token.into();
        self
    }

    /// Sets the listen address. The default is `127.0.0.1:0`, a free port on loopback.
    pub fn listen(mut self, addr: SocketAddr) -> Builder {
        self.listen = addr;
        self
    }

    /// Sets the maximum number of elements per page, even if the request has a larger `max`. Use it
    /// to split short lists into several pages. The default is Heroku's: 200 elements, or `max` up
    /// to 1,000. 0 counts as 1.
    pub fn page_size(mut self, elements: usize) -> Builder {
        self.page_size = Some(elements.max(1));
        self
    }

    /// Sets the number of request tokens, and disables their refill. The default is Heroku's: 4,500
    /// tokens, refilled by 75 per minute.
    pub fn rate_limit(mut self, tokens: u32) -> Builder {
        self.rate_limit = TokenBucket::without_refill(tokens);
        self
    }

    /// Binds the address and starts serving on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the address cannot be bound.
    pub async fn start(self) -> io::Result<Simulator> {
        let listener = TcpListener::bind(self.listen).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(SharedState::new(SimState {
            company: self.company,
            today: self.today,
            token: self.token.clone(),
            rate_limit: self.rate_limit,
            page_size: self.page_size,
            faults: FaultPlan::default(),
            log: RequestLog::default(),
            request_ids: 0,
        }));
        let accept_task = tokio::spawn(server::accept(listener, Arc::clone(&state)));
        Ok(Simulator {
            addr,
            token: self.token,
            state,
            accept_task,
        })
    }
}

impl Simulator {
    /// Returns a builder for a simulator of `company` on the UTC date `today`. Usage is available
    /// for the month of `today` and the twelve months before.
    pub fn builder(company: Company, today: Date) -> Builder {
        Builder {
            company,
            today,
            token: DEFAULT_TOKEN.to_owned(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            page_size: None,
            rate_limit: TokenBucket::with_heroku_limits(),
        }
    }

    /// Returns the listen address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the base URL in place of `https://api.heroku.com`, such as `http://127.0.0.1:5000`,
    /// without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns the token that the simulator was started with, even after
    /// [`set_token`](Simulator::set_token).
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Injects a fault into the responses of an endpoint. If several faults match a request, only
    /// the one that was injected first applies.
    pub fn inject_fault(&self, endpoint: Endpoint, fault: Fault, times: Times) {
        let faults = &mut self.state.lock().faults;
        faults.add(None, endpoint, fault, times);
    }

    /// Injects a fault into the responses of an endpoint for one team or enterprise account.
    /// `identity` is its id or name, regardless of which of them the client uses.
    pub fn inject_fault_for(&self, identity: &str, endpoint: Endpoint, fault: Fault, times: Times) {
        let faults = &mut self.state.lock().faults;
        faults.add(Some(identity), endpoint, fault, times);
    }

    /// Removes all faults. Pending requests are not affected.
    pub fn clear_faults(&self) {
        self.state.lock().faults.clear();
    }

    /// Returns the newest 10,000 requests in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.lock().log.requests()
    }

    /// Clears the request log.
    pub fn clear_requests(&self) {
        self.state.lock().log.clear();
    }

    /// Replaces the company for subsequent requests.
    pub fn set_company(&self, company: Company) {
        self.state.lock().company = company;
    }

    /// Sets the current UTC date for subsequent requests. Does not change the company.
    pub fn set_today(&self, today: Date) {
        self.state.lock().today = today;
    }

    /// Sets the token that subsequent requests must send.
    pub fn set_token(&self, token: String) {
        self.state.lock().token = token;
    }

    /// Stops listening and closes all connections.
    pub async fn shutdown(mut self) {
        self.accept_task.abort();
        // The expected result is a cancellation error.
        let _ = (&mut self.accept_task).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accept_task.abort();
    }
}
