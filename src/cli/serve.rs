//! `serve`: polls Heroku and serves the metrics and the page.

use std::cell::Cell;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::{install_tls, logging};
use crate::clock::Clock;
use crate::collector::{self, Poller};
use crate::config::{HerokuConfig, ServeConfig, WebConfig};
use crate::metrics::RenderOptions;
use crate::metrics::cache::MetricsCache;
use crate::metrics::descriptors::exporter::API_REQUEST_DURATION_BUCKETS;
use crate::metrics::http_metrics::HttpMetrics;
use crate::report::Unmatched;
use crate::report::html::Page;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::web::report_cache::ReportCache;
use crate::web::{self, LandingPage};
use billing::rules::Rules;
use exporter_toolkit::listen::{self, ListenError};
use exporter_toolkit::server::{self, ServerConfig};
use exporter_toolkit::{shutdown, systemd};
use heroku_api::client::{Client, ClientOptions, Limits};

/// The time limit for closing the database after the signal to stop. Shutdown takes less than two
/// seconds.
const SAVE_TIMEOUT: Duration = Duration::from_millis(1700);

/// The `User-Agent` of requests to Heroku.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

pub(crate) fn run((heroku, config): (HerokuConfig, ServeConfig)) -> anyhow::Result<ExitCode> {
    logging::init(config.log);
    block_on(async {
        let stop = shutdown::signal()?;
        let listeners = listen(&config.web).await?;
        let store = open_store(&heroku);
        let poller = poller(heroku, store, Clock::system())?;
        let options = RenderOptions {
            history: Some(poller.history()),
            max_age: config.max_age,
            legacy: config.legacy_metrics,
            resources: config.resource_metrics,
            is_demo: false,
            rules: Arc::new(config.rules),
        };
        serve(
            poller,
            listeners,
            config.web,
            Clock::system(),
            options,
            stop,
        )
        .await
    })
}

/// Runs `server` to completion. Does not wait for blocking tasks, such as a name lookup or a password
/// comparison, which would delay shutdown.
pub(crate) fn block_on(
    server: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    let runtime = runtime()?;
    let status = runtime.block_on(server);
    runtime.shutdown_background();
    status
}

/// Builds the async runtime.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")
}

/// Opens the database of a server: for writing, in the storage directory if one is set.
pub(crate) fn open_store(config: &HerokuConfig) -> Store {
    match &config.storage {
        Some(directory) => Store::open(directory, &config.api_url),
        None => Store::in_memory(None, &config.api_url),
    }
}

/// Opens a copy of the database for a command that runs once, beside a server that writes to it.
pub(crate) fn copy_store(config: &HerokuConfig) -> Store {
    Store::in_memory(config.storage.as_deref(), &config.api_url)
}

/// Builds the poller and its HTTP client.
pub(crate) fn poller(config: HerokuConfig, store: Store, clock: Clock) -> anyhow::Result<Poller> {
    install_tls();
    let options = ClientOptions {
        user_agent: USER_AGENT,
        limits: Limits::within(config.timeout),
        proxy: config.proxy.as_ref(),
        duration_buckets: API_REQUEST_DURATION_BUCKETS,
    };
    let client = Client::new(config.api_url, options)?;
    Ok(Poller::new(collector::Options {
        client,
        token: config.token,
        scope: config.scope,
        interval: config.poll_interval,
        timeout: config.timeout,
        rate_limit_floor: collector::RATE_LIMIT_FLOOR,
        clock,
        store,
        resource_interval: config.resources.then_some(config.resource_interval),
    }))
}

/// Polls and serves until `stop` resolves.
pub(crate) async fn serve(
    mut poller: Poller,
    listeners: Vec<TcpListener>,
    web: WebConfig,
    clock: Clock,
    options: RenderOptions,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<ExitCode> {
    let mut background = JoinSet::new();
    let (sender, published) = watch::channel(Arc::new(poller.snapshot()));
    let (stop_polling, mut polling_stopped) = watch::channel(false);
    let mut polling = tokio::spawn(poller.run(sender, async move {
        let _ = polling_stopped.wait_for(|stopped| *stopped).await;
    }));
    let http_metrics = Arc::new(HttpMetrics::new(web::paths(&web.telemetry_path)));
    let on_response = Arc::clone(&http_metrics);
    let mut server_config = ServerConfig {
        limits: server::Limits {
            requests: web.max_requests,
            ..server::Limits::default()
        },
        realm: env!("CARGO_PKG_NAME"),
        unlimited_paths: web::HEALTH_PATHS,
        on_response: Arc::new(move |path, status| on_response.record(path, status)),
        ..ServerConfig::default()
    };
    if let Some(file) = web.file {
        let (web_config, watcher) = file.watch();
        server_config.web = web_config;
        background.spawn(watcher.run());
    }
    background.spawn(warn_of_unmatched(
        published.clone(),
        Arc::clone(&options.rules),
    ));
    let path = &web.telemetry_path;
    let reports = ReportCache::new(published.clone(), clock.clone(), options.clone(), path);
    let landing_page = if web.has_page {
        LandingPage::Report
    } else {
        LandingPage::Links(Page::render_links(path)?)
    };
    let metrics = MetricsCache::new(published, clock, options, http_metrics);
    let routes = web::router(metrics, reports, path, landing_page);
    systemd::notify_ready();
    background.spawn(systemd::run_watchdog());
    let deadline = Cell::new(Instant::now());
    let failed_task = Cell::new(None);
    let stop = async {
        failed_task.set(stop_or_failure(stop, &mut polling, &mut background).await);
        deadline.set(Instant::now() + SAVE_TIMEOUT);
        systemd::notify_stopping();
        stop_polling.send_replace(true);
    };
    server::serve(listeners, routes, server_config, stop).await;
    if let Some(task) = failed_task.get() {
        // A process that serves the same data for ever would look healthy. The service manager
        // restarts one that has failed.
        tracing::error!(task, "task panicked, exiting");
        return Ok(ExitCode::FAILURE);
    }
    if timeout_at(deadline.get(), polling).await.is_err() {
        tracing::warn!("database close timed out");
    }
    background.abort_all();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Logs settings without effect when they become known.
async fn warn_of_unmatched(mut published: watch::Receiver<Arc<Snapshot>>, rules: Arc<Rules>) {
    let mut logged = Vec::new();
    loop {
        let snapshot = Arc::clone(&published.borrow_and_update());
        let unmatched = Unmatched::all(&rules, &snapshot);
        for new in unmatched.iter().filter(|new| !logged.contains(*new)) {
            tracing::warn!("{new}");
        }
        logged.extend(unmatched);
        if published.changed().await.is_err() {
            // The poller has stopped; the end of this task would count as a failure.
            std::future::pending::<()>().await;
        }
    }
}

/// Waits until `stop` resolves or a task ends, which it does only by a panic. Returns the name of the
/// task that ended.
async fn stop_or_failure(
    stop: impl Future<Output = ()>,
    polling: &mut JoinHandle<()>,
    background: &mut JoinSet<()>,
) -> Option<&'static str> {
    tokio::select! {
        () = stop => None,
        _ = polling => Some("poller"),
        Some(_) = background.join_next() => Some("background task"),
    }
}

/// Binds the addresses to listen on. Called before anything else, so that an address in use is
/// reported at once.
pub(crate) async fn listen(web: &WebConfig) -> anyhow::Result<Vec<TcpListener>> {
    listen::listen(&web.listen)
        .await
        .map_err(|error| match error {
            ListenError::Bind { address, error } => anyhow::Error::new(error).context(format!(
                "cannot listen on {address}, set PORT or --web.listen-address to use another address"
            )),
            error => error.into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reports_panicked_tasks() {
        let mut running = tokio::spawn(std::future::pending());
        let mut panicked = tokio::spawn(async { panic!("poller") });
        let never = std::future::pending::<()>;
        let mut background = JoinSet::new();
        let stopped = stop_or_failure(async {}, &mut running, &mut background).await;
        assert_eq!(stopped, None);
        let failed = stop_or_failure(never(), &mut panicked, &mut background).await;
        assert_eq!(failed, Some("poller"));
        background.spawn(async { panic!("background") });
        let failed = stop_or_failure(never(), &mut running, &mut background).await;
        assert_eq!(failed, Some("background task"));
    }
}
