//! `demo`: a made-up company behind a simulated Heroku on loopback, and the exporter against it.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use exporter_toolkit::shutdown;
use heroku_sim::{Company, Simulator};
use jiff::civil::Date;
use jiff::tz::Offset;

use super::logging;
use super::serve::{block_on, listen, poller, serve};
use crate::clock::Clock;
use crate::config::targets::Scope;
use crate::config::token::Token;
use crate::config::{DemoConfig, HerokuConfig, WebConfig};
use crate::metrics::RenderOptions;

/// Ample for a Heroku in the same process.
const DEMO_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the simulated Heroku is told what day it is.
const DAY_CHECK: Duration = Duration::from_secs(1);

pub(crate) fn run(config: DemoConfig) -> anyhow::Result<ExitCode> {
    logging::start(config.log);
    let clock = clock_on(config.date);
    block_on(async {
        let stop = shutdown::signal()?;
        let listeners = listen(&config.web).await?;
        let heroku = heroku(config.seed, &clock).await?;
        let asked = HerokuConfig {
            poll_interval: config.poll_interval,
            ..asked(&heroku, config.seed, &clock)?
        };
        let addresses: Vec<_> = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect();
        introduce(&heroku, day(&clock), &addresses, &config.web)?;

        let poller = poller(asked, clock.clone())?;
        let heroku = Arc::new(heroku);
        let days = tokio::spawn(turn_days(Arc::clone(&heroku), config.seed, clock.clone()));
        let shown = RenderOptions {
            max_age: config.max_age,
            seed: config.seed_metrics,
            rules: Arc::new(config.rules),
        };
        let status = serve(poller, listeners, config.web, clock, shown, stop).await;
        days.abort();
        status
    })
}

/// The simulated Heroku, on the day that `clock` shows.
pub(crate) async fn heroku(seed: u64, clock: &Clock) -> anyhow::Result<Simulator> {
    let today = day(clock);
    Simulator::builder(Company::synthetic(seed, today), today)
        .start()
        .await
        .context("the simulated Heroku could not start")
}

/// How the simulated Heroku is asked for all of its teams.
pub(crate) fn asked(heroku: &Simulator, seed: u64, clock: &Clock) -> anyhow::Result<HerokuConfig> {
    let company = Company::synthetic(seed, day(clock));
    let teams = company.teams.iter().map(|team| team.name.clone()).collect();
    Ok(HerokuConfig {
        api_url: heroku.url().parse()?,
        token: Token::Given(heroku.token().into()),
        scope: Scope::named(teams),
        timeout: DEMO_TIMEOUT,
        rate_limit_floor: 0,
        poll_interval: DEMO_TIMEOUT,
        state_file: None,
    })
}

/// The system's clock, or one that started at noon of `date` when the program did.
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

/// Lets each UTC day begin for the simulated Heroku too, so that a demo can run for weeks.
async fn turn_days(heroku: Arc<Simulator>, seed: u64, clock: Clock) {
    let mut today = day(&clock);
    loop {
        tokio::time::sleep(DAY_CHECK).await;
        if day(&clock) != today {
            today = day(&clock);
            heroku.set_company(Company::synthetic(seed, today));
            heroku.set_today(today);
        }
    }
}

/// Says what to open.
fn introduce(
    heroku: &Simulator,
    today: Date,
    addresses: &[std::net::SocketAddr],
    web: &WebConfig,
) -> anyhow::Result<()> {
    let path = &web.telemetry_path;
    let is_secure = web.file.as_ref().is_some_and(|f| f.config().tls.is_some());
    let scheme = if is_secure { "https" } else { "http" };
    let mut text = format!(
        "A made-up company on {today}, from a simulated Heroku at {}: no account, no network.\n\nOpen\n",
        heroku.url()
    );
    for address in addresses {
        // A wildcard address is where to listen, not where to go.
        let host = if address.ip().is_unspecified() {
            "localhost".to_owned()
        } else {
            host(address)
        };
        let port = address.port();
        text.push_str(&format!(
            "  {scheme}://{host}:{port}/\n  {scheme}://{host}:{port}{path}\n"
        ));
    }
    text.push_str("\nStop with Ctrl-C.\n");
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn host(address: &std::net::SocketAddr) -> String {
    match address {
        std::net::SocketAddr::V4(v4) => v4.ip().to_string(),
        std::net::SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    }
}
