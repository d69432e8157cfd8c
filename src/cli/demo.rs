//! `demo`: serves a synthetic company from a simulated Heroku on a loopback address.

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use exporter_toolkit::shutdown;
use heroku_sim::{Company, Simulator};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::Offset;
use tokio::net::TcpListener;

use super::serve::{block_on, listen, poller, serve};
use super::{logging, write_stdout};
use crate::clock::Clock;
use crate::config::scope::Scope;
use crate::config::token::Token;
use crate::config::{DemoConfig, HerokuConfig, ServeConfig, WebConfig};
use crate::metrics::RenderOptions;
use crate::store::{Answer, Key, Store, Subject};
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::client::Decoded;
use heroku_api::stats::Endpoint;

/// The host that the demo listens on unless addresses are set, so that other machines cannot reach
/// it.
pub(super) const HOST: &str = "127.0.0.1";

/// The time limit for a poll, ample for a server in the same process.
const DEMO_TIMEOUT: Duration = Duration::from_secs(10);

/// The time between two checks for a new day.
const DAY_CHECK: Duration = Duration::from_secs(1);

pub(crate) fn run((config, demo): (ServeConfig, DemoConfig)) -> anyhow::Result<ExitCode> {
    logging::init(config.log);
    let clock = clock_on(demo.date);
    block_on(async {
        let mut stop = pin!(shutdown::signal()?);
        let listeners = listen(&config.web).await?;
        let simulator = simulator(demo.seed, &clock).await?;
        print_urls(&simulator, today(&clock), &listeners, &config.web)?;

        let heroku = heroku_config(&simulator, demo, &clock)?;
        let store = tokio::select! {
            store = store(&simulator, demo, &clock) => store?,
            () = &mut stop => return Ok(ExitCode::SUCCESS),
        };
        let poller = poller(heroku, store, clock.clone())?;
        let updates = tokio::spawn(update_daily(simulator, demo.seed, clock.clone()));
        let options = RenderOptions {
            history: Some(poller.history()),
            max_age: config.max_age,
            legacy: config.legacy_metrics,
            resources: config.resource_metrics,
            is_demo: true,
            rules: Arc::new(config.rules),
        };
        tokio::select! {
            status = serve(poller, listeners, config.web, clock, options, stop) => status,
            // Ends only by a panic.
            ended = updates => {
                ended.context("update of the simulated Heroku panicked")?;
                Ok(ExitCode::FAILURE)
            }
        }
    })
}

/// Starts the simulated Heroku on the date of `clock`.
pub(crate) async fn simulator(seed: u64, clock: &Clock) -> anyhow::Result<Simulator> {
    let today = today(clock);
    Simulator::builder(Company::synthetic(seed, today), today)
        .start()
        .await
        .context("cannot start the simulated Heroku")
}

/// Returns the settings for polling all teams of the simulated Heroku.
pub(crate) fn heroku_config(
    simulator: &Simulator,
    demo: DemoConfig,
    clock: &Clock,
) -> anyhow::Result<HerokuConfig> {
    let company = Company::synthetic(demo.seed, today(clock));
    let teams = company.teams.iter().map(|team| team.name.clone()).collect();
    Ok(HerokuConfig {
        api_url: simulator.url().parse()?,
        token: Token::Value(simulator.token().into()),
        scope: Scope::named(teams),
        timeout: DEMO_TIMEOUT,
        poll_interval: demo.poll_interval,
        resources: true,
        resource_interval: DEMO_RESOURCE_INTERVAL,
        storage: None,
        proxy: None,
    })
}

/// The time between two requests for resources. The simulator has no other clients.
const DEMO_RESOURCE_INTERVAL: Duration = Duration::from_millis(20);

/// The number of nights that the demo starts with.
const NIGHTS: i64 = 60;

/// Returns a database with the nights of the last [`NIGHTS`] days, as an exporter would have recorded
/// them.
pub(crate) async fn store(
    simulator: &Simulator,
    demo: DemoConfig,
    clock: &Clock,
) -> anyhow::Result<Store> {
    let config = heroku_config(simulator, demo, clock)?;
    let store = Store::in_memory(None, &config.api_url);
    let today = today(clock);
    let first = today.checked_sub((NIGHTS - 1).days())?;
    for date in first.series(1.day()).take_while(|date| *date < today) {
        // Heroku renews usage at about this time.
        let at = Offset::UTC.to_timestamp(date.at(3, 30, 0, 0))?;
        let months = [Month::at(at), Month::at(at).previous()].map(|month| month.to_string());
        for mut team in Company::synthetic(demo.seed, date).teams {
            team.usage
                .retain(|row| months.iter().any(|month| row["month"] == month.as_str()));
            let usage = serde_json::to_string(&team.usage)?;
            let usage = Decoded::<Usage>::decode(&[usage], None)?;
            store.write(Answer {
                subject: Subject::Team(Key {
                    id: Some(team.id),
                    name: team.name,
                }),
                endpoint: Endpoint::Usage,
                at,
                changed_at: at,
                validator: None,
                skipped: usage.skipped,
                data: Some(Arc::new(usage.data).into()),
            });
        }
    }
    let poller = poller(config, store.share(), clock.clone())?;
    poller.once_with_past_usage(Duration::ZERO).await;
    Ok(store)
}

/// Returns a clock that starts at noon of `date`, or the system clock if there is no date.
pub(crate) fn clock_on(date: Option<Date>) -> Clock {
    let system = Clock::system();
    let noon = date.and_then(|date| Offset::UTC.to_timestamp(date.at(12, 0, 0, 0)).ok());
    match noon {
        None => system,
        Some(noon) => {
            let offset = noon.duration_since(system.now());
            Clock::from_fn(move || system.now().saturating_add(offset).unwrap_or(noon))
        }
    }
}

/// Returns the current UTC date.
fn today(clock: &Clock) -> Date {
    Offset::UTC.to_datetime(clock.now()).date()
}

/// Updates the simulated Heroku on each new UTC day, so that a demo can run for weeks.
async fn update_daily(simulator: Simulator, seed: u64, clock: Clock) {
    let mut date = today(&clock);
    loop {
        tokio::time::sleep(DAY_CHECK).await;
        if today(&clock) != date {
            date = today(&clock);
            simulator.set_company(Company::synthetic(seed, date));
            simulator.set_today(date);
        }
    }
}

/// Prints the URLs to open.
fn print_urls(
    simulator: &Simulator,
    date: Date,
    listeners: &[TcpListener],
    web: &WebConfig,
) -> anyhow::Result<()> {
    let path = &web.telemetry_path;
    let is_secure = web.file.as_ref().is_some_and(|f| f.config().tls.is_some());
    let scheme = if is_secure { "https" } else { "http" };
    let mut text = format!(
        "Serving a synthetic company on {date} from a simulated Heroku at {}.\n\nOpen\n",
        simulator.url()
    );
    for address in listeners.iter().flat_map(TcpListener::local_addr) {
        // One cannot connect to a wildcard address.
        let authority = if address.ip().is_unspecified() {
            format!("localhost:{}", address.port())
        } else {
            address.to_string()
        };
        for path in ["/", path] {
            text.push_str(&format!("  {scheme}://{authority}{path}\n"));
        }
    }
    text.push_str("\nPress Ctrl-C to stop.\n");
    write_stdout(text.as_bytes())?;
    Ok(())
}
