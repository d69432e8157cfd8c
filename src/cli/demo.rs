//! `demo`: serves a made-up company from a simulated Heroku on loopback.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use exporter_toolkit::shutdown;
use heroku_sim::{Company, Simulator};
use jiff::civil::Date;
use jiff::tz::Offset;
use tokio::net::TcpListener;

use super::logging;
use super::serve::{block_on, listen, poller, serve};
use crate::clock::Clock;
use crate::config::scope::Scope;
use crate::config::token::Token;
use crate::config::{DemoConfig, HerokuConfig, ServeConfig, WebConfig};
use crate::metrics::RenderOptions;

/// The time limit of a poll, which is ample for a Heroku in the same process.
const DEMO_TIMEOUT: Duration = Duration::from_secs(10);

/// The time between two checks whether a new day has begun.
const DAY_CHECK: Duration = Duration::from_secs(1);

pub(crate) fn run((config, demo): (ServeConfig, DemoConfig)) -> anyhow::Result<ExitCode> {
    logging::start(config.log);
    let clock = clock_on(demo.date);
    block_on(async {
        let stop = shutdown::signal()?;
        let listeners = listen(&config.web).await?;
        let simulator = simulator(demo.seed, &clock).await?;
        introduce(&simulator, day(&clock), &listeners, &config.web)?;

        let poller = poller(heroku_config(&simulator, demo, &clock)?, clock.clone())?;
        let days = tokio::spawn(turn_days(simulator, demo.seed, clock.clone()));
        let shown = RenderOptions {
            max_age: config.max_age,
            legacy: config.legacy_metrics,
            is_demo: true,
            rules: Arc::new(config.rules),
        };
        let status = serve(poller, listeners, config.web, clock, shown, stop).await;
        days.abort();
        status
    })
}

/// Starts the simulated Heroku on the day of `clock`.
pub(crate) async fn simulator(seed: u64, clock: &Clock) -> anyhow::Result<Simulator> {
    let today = day(clock);
    Simulator::builder(Company::synthetic(seed, today), today)
        .start()
        .await
        .context("the simulated Heroku could not start")
}

/// Returns the settings of polling all teams of the simulated Heroku.
pub(crate) fn heroku_config(
    simulator: &Simulator,
    demo: DemoConfig,
    clock: &Clock,
) -> anyhow::Result<HerokuConfig> {
    let company = Company::synthetic(demo.seed, day(clock));
    let teams = company.teams.iter().map(|team| team.name.clone()).collect();
    Ok(HerokuConfig {
        api_url: simulator.url().parse()?,
        token: Token::Given(simulator.token().into()),
        scope: Scope::named(teams),
        timeout: DEMO_TIMEOUT,
        poll_interval: demo.poll_interval,
        state_file: None,
    })
}

/// Returns the system's clock, or one that starts now at noon of `date`.
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

fn day(clock: &Clock) -> Date {
    Offset::UTC.to_datetime(clock.now()).date()
}

/// Moves the simulated Heroku to each new UTC day, so that a demo can run for weeks.
async fn turn_days(simulator: Simulator, seed: u64, clock: Clock) {
    let mut today = day(&clock);
    loop {
        tokio::time::sleep(DAY_CHECK).await;
        if day(&clock) != today {
            today = day(&clock);
            simulator.set_company(Company::synthetic(seed, today));
            simulator.set_today(today);
        }
    }
}

/// Prints the addresses to open.
fn introduce(
    simulator: &Simulator,
    today: Date,
    listeners: &[TcpListener],
    web: &WebConfig,
) -> anyhow::Result<()> {
    let path = &web.telemetry_path;
    let is_secure = web.file.as_ref().is_some_and(|f| f.config().tls.is_some());
    let scheme = if is_secure { "https" } else { "http" };
    let mut text = format!(
        "A made-up company on {today}, from a simulated Heroku at {}: no account, no network.\n\nOpen\n",
        simulator.url()
    );
    for address in listeners.iter().flat_map(TcpListener::local_addr) {
        // A wildcard address is where to listen, not where to go.
        let authority = if address.ip().is_unspecified() {
            format!("localhost:{}", address.port())
        } else {
            address.to_string()
        };
        for path in ["/", path] {
            text.push_str(&format!("  {scheme}://{authority}{path}\n"));
        }
    }
    text.push_str("\nStop with Ctrl-C.\n");
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
