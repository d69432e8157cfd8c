//! The simulator as a program of its own: a Heroku to point a client at by hand.

mod fault_argument;

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use heroku_sim::{Company, DEFAULT_TOKEN, Simulator};
use jiff::civil::Date;
use tokio::signal::unix::{SignalKind, signal};

use fault_argument::FaultArgument;

/// A strict simulator of the billing endpoints of the Heroku Platform API
#[derive(Debug, Parser)]
#[command(name = "heroku-sim", version)]
struct Arguments {
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 5000)]
    port: u16,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The token that clients have to send
    #[arg(long, default_value = DEFAULT_TOKEN)]
    token: String,
    /// Which of the made-up companies to serve
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The day (UTC) that it is [default: the day that it really is, as it goes on]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// Serve the company in this JSON file, and not a made-up one
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    company: Option<PathBuf>,
    /// Script a fault, in the order given: usage=503:3, invoices=hang, any=html
    ///
    /// ENDPOINT is teams, team, invoices, usage, delinquency, licenses, enterprise-accounts,
    /// enterprise-account, enterprise-teams, enterprise-usage, account-invoices, authorizations,
    /// rate-limits or any. FAULT is a status, or
    /// rate-limited[=SECONDS], html[=STATUS], delay=SECONDS, hang, drip=BYTES_PER_SECOND,
    /// truncate=BYTES, reset, reset-in-body=BYTES, not-gzip, redirect=URL, range-loop, huge=BYTES
    /// or empty. Without COUNT it stays.
    #[arg(long = "fault", value_name = "ENDPOINT=FAULT[:COUNT]")]
    faults: Vec<FaultArgument>,
    /// Give at most so many elements a page
    #[arg(long, value_name = "N")]
    page_size: Option<usize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let company = match company(&arguments) {
        Ok(company) => company,
        Err(problem) => {
            let error = <Arguments as clap::CommandFactory>::command()
                .error(ErrorKind::ValueValidation, problem);
            error.exit();
        }
    };
    match run(&arguments, company).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "error: cannot serve on {}:{}: {error}",
                arguments.host,
                arguments.port
            );
            ExitCode::FAILURE
        }
    }
}

fn company(arguments: &Arguments) -> Result<Company, String> {
    let Some(path) = &arguments.company else {
        return Ok(Company::believable(
            arguments.seed,
            arguments.today.unwrap_or_else(today),
        ));
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Company::from_json(&text)
        .map_err(|error| format!("{} does not describe a company: {error}", path.display()))
}

async fn run(arguments: &Arguments, company: Company) -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut day = arguments.today.unwrap_or_else(today);
    let served = introduction(&company);
    let mut builder = Simulator::builder(company, day)
        .token(&arguments.token)
        .listen(SocketAddr::new(arguments.host, arguments.port));
    if let Some(elements) = arguments.page_size {
        builder = builder.page_size(elements);
    }
    let heroku = builder.start().await?;
    for FaultArgument {
        endpoint,
        fault,
        times,
    } in arguments.faults.iter().cloned()
    {
        heroku.script(endpoint, fault, times);
    }
    introduce(&mut io::stdout(), &heroku, &served)?;

    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = minute.tick() => {
                if arguments.today.is_none() && today() != day {
                    day = today();
                    heroku.set_today(day);
                    if arguments.company.is_none() {
                        heroku.set_company(Company::believable(arguments.seed, day));
                    }
                }
            }
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
            _ = terminated.recv() => break,
        }
    }
    heroku.shutdown().await;
    Ok(())
}

/// The day that it is.
#[expect(
    clippy::disallowed_methods,
    reason = "the program's edge, where the day is read and handed to the simulator"
)]
fn today() -> Date {
    jiff::tz::Offset::UTC
        .to_datetime(jiff::Timestamp::now())
        .date()
}

/// Whom a company has accounts for: the id and the name of each.
#[derive(Debug)]
struct Introduction {
    teams: Vec<(String, String)>,
    enterprise_accounts: Vec<(String, String)>,
}

fn introduction(company: &Company) -> Introduction {
    let teams = company.teams.iter();
    let accounts = company.enterprise_accounts.iter();
    Introduction {
        teams: teams
            .map(|team| (team.id.clone(), team.name.clone()))
            .collect(),
        enterprise_accounts: accounts
            .map(|account| (account.id.clone(), account.name.clone()))
            .collect(),
    }
}

/// Says what is served, and how to ask for it.
fn introduce(out: &mut impl Write, heroku: &Simulator, served: &Introduction) -> io::Result<()> {
    let (url, token) = (heroku.url(), heroku.token());
    writeln!(out, "Heroku, simulated, on {url}\nteams:")?;
    for (id, name) in &served.teams {
        writeln!(out, "  {id}  {name}")?;
    }
    if !served.enterprise_accounts.is_empty() {
        writeln!(out, "enterprise accounts:")?;
    }
    for (id, name) in &served.enterprise_accounts {
        writeln!(out, "  {id}  {name}")?;
    }
    writeln!(out, "\nask it:")?;
    writeln!(
        out,
        "  curl -s -H 'Accept: application/vnd.heroku+json; version=3' -H 'Authorization: Bearer {token}' {url}/teams"
    )?;
    let ids: Vec<&str> = served.teams.iter().map(|(id, _)| id.as_str()).collect();
    writeln!(out, "\npoint the exporter at it:")?;
    writeln!(
        out,
        "  HEROKU_API_URL={url}\n  HEROKU_API_KEY={token}\n  HEROKU_TEAM_ID={}",
        ids.join(",")
    )?;
    writeln!(out, "\nCtrl-C stops it.")?;
    out.flush()
}
