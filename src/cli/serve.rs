//! `serve`: polls Heroku and serves what it said.

use std::cell::Cell;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{install_tls, logging};
use crate::clock::Clock;
use crate::collector::state::StateFile;
use crate::collector::{self, Poller};
use crate::config::{Config, HerokuConfig, ListenAddress, WebConfig};
use crate::metrics::RenderOptions;
use crate::metrics::cache::MetricsCache;
use crate::metrics::descriptors::exporter::API_REQUEST_DURATION_BUCKETS;
use crate::metrics::http_metrics::HttpMetrics;
use crate::report::html::Page;
use crate::web::report_cache::ReportCache;
use crate::web::{self, LandingPage};
use exporter_toolkit::server::{self, ServerConfig};
use exporter_toolkit::systemd::ServiceManager;
use heroku_api::client::{Client, Limits};

/// How long after it was told to stop the program still waits for the state file to be written. With
/// what else stopping takes it stays below two seconds.
const LAST_SAVING: Duration = Duration::from_millis(1700);

/// The `User-Agent` of requests to Heroku.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    logging::start(config.log);
    block_on(async {
        let stop = stop_signal()?;
        let listeners = listen(&config.web).await?;
        let poller = poller(config.heroku, Clock::system())?;
        let shown = RenderOptions {
            max_age: config.max_age,
            legacy: config.seed_metrics,
            rules: Arc::new(config.rules),
        };
        serve(poller, listeners, config.web, Clock::system(), shown, stop).await
    })
}

/// Runs what serves to its end, and leaves behind what hangs: the name of a host that is being
/// looked up, or a password that is being compared, must not hold up the end of the program.
pub(crate) fn block_on(
    serving: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    let runtime = runtime()?;
    let status = runtime.block_on(serving);
    runtime.shutdown_background();
    status
}

/// Builds the runtime of every subcommand that polls or serves.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime could not be started")
}

/// A poller as the settings want it.
pub(crate) fn poller(config: HerokuConfig, clock: Clock) -> anyhow::Result<Poller> {
    install_tls();
    let client = Client::new(config.api_url, USER_AGENT, Limits::within(config.timeout))?
        .with_duration_buckets(API_REQUEST_DURATION_BUCKETS);
    Ok(Poller::new(collector::Options {
        client,
        token: config.token,
        scope: config.scope,
        interval: config.poll_interval,
        timeout: config.timeout,
        rate_limit_floor: config.rate_limit_floor,
        clock,
        state: config.state_file.map(StateFile::new),
    }))
}

/// Polls and serves until `stop`.
pub(crate) async fn serve(
    poller: Poller,
    listeners: Vec<TcpListener>,
    web: WebConfig,
    clock: Clock,
    shown: RenderOptions,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<ExitCode> {
    let mut background = JoinSet::new();
    let (sender, published) = watch::channel(Arc::new(poller.snapshot()));
    let (stop_polling, mut polling_stops) = watch::channel(false);
    let polling = tokio::spawn(poller.run(sender, async move {
        let _ = polling_stops.wait_for(|stops| *stops).await;
    }));
    let http_metrics = Arc::new(HttpMetrics::new(web::paths(&web.telemetry_path)));
    let counted = Arc::clone(&http_metrics);
    // Kept, because what nobody can change any more has to be looked at each time.
    let unchanging = watch::Sender::new(Arc::default());
    let server_config = ServerConfig {
        limits: server::Limits {
            requests: web.max_requests,
            ..server::Limits::default()
        },
        web: match web.file {
            Some(file) => {
                let (in_force, follower) = file.follow();
                background.spawn(follower.run());
                in_force
            }
            None => unchanging.subscribe(),
        },
        unlimited_paths: web::HEALTH_PATHS,
        on_response: Arc::new(move |path, status| counted.record(path, status)),
    };
    let path = &web.telemetry_path;
    let reports = ReportCache::new(published.clone(), clock.clone(), shown.clone(), path);
    let landing_page = if web.has_page {
        LandingPage::Page
    } else {
        LandingPage::Links(Page::of_links(path)?)
    };
    let metrics = MetricsCache::new(published, clock, shown, http_metrics);
    let routes = web::router(metrics, reports, path, landing_page);
    tell(&web.service_manager, "READY=1");
    if let Some(interval) = web.service_manager.sign_of_life_every() {
        background.spawn(give_signs_of_life(web.service_manager.clone(), interval));
    }
    let end = Cell::new(Instant::now());
    let stop = async {
        stop.await;
        end.set(Instant::now() + LAST_SAVING);
        tell(&web.service_manager, "STOPPING=1");
        stop_polling.send_replace(true);
    };
    server::serve(listeners, routes, server_config, stop).await;
    if timeout_at(end.get(), polling).await.is_err() {
        tracing::warn!("the state file was not written to the end and stays as it was");
    }
    background.abort_all();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn tell(service_manager: &ServiceManager, state: &str) {
    if let Err(error) = service_manager.tell(state) {
        tracing::warn!(%error, state, "the service manager could not be told");
    }
}

/// Tells the service manager for ever that the program lives.
async fn give_signs_of_life(service_manager: ServiceManager, interval: Duration) {
    loop {
        // One that is lost is followed by another before the service manager acts.
        let _ = service_manager.tell("WATCHDOG=1");
        tokio::time::sleep(interval).await;
    }
}

/// Takes the sockets that the service manager opened, or else binds every address, before anything
/// else is done, so that a port in use is known at once.
pub(crate) async fn listen(web: &WebConfig) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    let handed_in = web.service_manager.sockets();
    for socket in handed_in.context("the service manager's sockets cannot be used")? {
        listeners.push(TcpListener::from_std(socket)?);
    }
    if listeners.is_empty() {
        for address in &web.listen {
            listeners.push(bind(address).await.with_context(|| {
                format!(
                    "cannot listen on {address} (set PORT or --web.listen-address to one that is free)"
                )
            })?);
        }
    }
    for listener in &listeners {
        tracing::info!(address = %listener.local_addr()?, "listening");
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

/// Resolves when the program is told to stop, by SIGTERM or SIGINT. Called before anything else is
/// done: until then the first process of a container gets neither, and any other dies of them.
#[cfg(unix)]
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

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

/// Resolves when the program is told to stop, by Ctrl-C or Ctrl-Break, or because its window closes
/// or the system shuts down.
#[cfg(windows)]
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

    let mut interrupt = ctrl_c()?;
    let mut ctrl_break = ctrl_break()?;
    let mut close = ctrl_close()?;
    let mut shutdown = ctrl_shutdown()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = ctrl_break.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
        tracing::info!("stopping");
    })
}
