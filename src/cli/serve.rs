//! `serve`: polls Heroku and serves what it said.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{install_tls, logging};
use crate::clock::Clock;
use crate::config::{Config, HerokuConfig, ListenAddress, WebConfig};
use crate::exposition::families::Shown;
use crate::heroku::client::{Client, Limits};
use crate::poll::{self, Poller};
use crate::process;
use crate::scrape::Scrape;
use crate::server;
use crate::state::StateFile;

pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    logging::start(config.log);
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        let listeners = listen(&config.web.listen).await?;
        let poller = poller(config.heroku, Clock::system())?;
        let shown = Shown {
            max_age: config.max_age,
        };
        serve(poller, listeners, &config.web, Clock::system(), shown, stop).await
    })
}

/// The runtime of every subcommand that asks or serves.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime could not be started")
}

/// A poller as the settings want it.
pub(crate) fn poller(config: HerokuConfig, clock: Clock) -> anyhow::Result<Poller> {
    install_tls();
    let client = Client::new(config.api_url, Limits::within(config.timeout))?;
    Ok(Poller::new(poll::Options {
        client,
        token: config.token,
        teams: config.teams,
        interval: config.poll_interval,
        timeout: config.timeout,
        rate_limit_floor: config.rate_limit_floor,
        clock,
        state: config.state_file.map(StateFile::new),
    }))
}

/// Polls and serves until the program is told to stop.
pub(crate) async fn serve(
    poller: Poller,
    listeners: Vec<TcpListener>,
    web: &WebConfig,
    clock: Clock,
    shown: Shown,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<ExitCode> {
    let (sender, published) = watch::channel(Arc::new(poller.snapshot()));
    let polling = tokio::spawn(poller.run(sender));
    let scrape = Scrape::new(published, clock, shown, process::read);
    let routes = server::routes(scrape, &web.telemetry_path);
    server::serve(listeners, routes, stop).await;
    // A poll in the middle is dropped: what it would have brought cannot be shown any more.
    polling.abort();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Binds every address, before anything else is done, so that a port in use is known at once.
pub(crate) async fn listen(addresses: &[ListenAddress]) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let listener = bind(address).await.with_context(|| {
            format!(
                "cannot listen on {address} (set PORT or --web.listen-address to one that is free)"
            )
        })?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        listeners.push(listener);
    }
    Ok(listeners)
}

async fn bind(address: &ListenAddress) -> std::io::Result<TcpListener> {
    match &address.host {
        Some(host) => TcpListener::bind((host.as_str(), address.port)).await,
        // The IPv6 wildcard takes IPv4 too; a machine may have no IPv6.
        None => match TcpListener::bind(("::", address.port)).await {
            Err(error) if error.kind() != std::io::ErrorKind::AddrInUse => {
                TcpListener::bind(("0.0.0.0", address.port)).await
            }
            bound => bound,
        },
    }
}

/// Resolves when the program is told to stop, by SIGTERM or SIGINT. Made before anything says that
/// the program runs, so that a signal is never too early.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}
