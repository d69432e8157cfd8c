//! The command line of the simulator.

mod fault_argument;

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use heroku_sim::{Company, DEFAULT_TOKEN, Simulator};
use jiff::civil::Date;
use tokio::signal::unix::{SignalKind, signal};

use fault_argument::FaultArgument;

/// A strict simulator of the billing and resource endpoints of the Heroku Platform API
#[derive(Debug, Parser)]
#[command(name = "heroku-sim", version)]
struct Arguments {
    /// Port to listen on; 0 selects a free port
    #[arg(long, default_value_t = 5000)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Token that clients must send
    #[arg(long, default_value = DEFAULT_TOKEN)]
    token: String,
    /// Seed of the synthetic company
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Current UTC date [default: the system date, updated every day]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// Serve the company in this JSON file instead of a synthetic one
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    company: Option<PathBuf>,
    /// Serve a team whose invoices look like live ones, at the time of the start
    #[arg(long, conflicts_with_all = ["seed", "company", "today"])]
    live: bool,
    /// Inject a fault, such as usage=503:3, invoices=hang or any=html; repeatable
    ///
    /// ENDPOINT is teams, team, invoices, invoice, usage, delinquency, licenses, apps, addons,
    /// pipeline-couplings, formation, dyno-sizes, pipelines, enterprise-accounts, enterprise-account, enterprise-teams, enterprise-usage, account,
    /// account-invoices, authorizations, rate-limits or any. FAULT is a status, or rate-limited[=SECONDS], html[=STATUS],
    /// delay=SECONDS, hang, drip=BYTES_PER_SECOND, truncate=BYTES, reset, reset-in-body=BYTES,
    /// not-gzip, redirect=URL, range-loop, huge=BYTES or empty. Without COUNT, the fault applies to
    /// all requests. If several faults match a request, the first one applies.
    #[arg(long = "fault", value_name = "ENDPOINT=FAULT[:COUNT]")]
    faults: Vec<FaultArgument>,
    /// Maximum number of elements per page
    #[arg(long, value_name = "N")]
    page_size: Option<usize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let company = match load_company(&arguments) {
        Ok(company) => company,
        Err(message) => Arguments::command()
            .error(ErrorKind::ValueValidation, message)
            .exit(),
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

fn load_company(arguments: &Arguments) -> Result<Company, String> {
    if arguments.live {
        return Ok(Company::live(now()));
    }
    let Some(path) = &arguments.company else {
        return Ok(Company::synthetic(
            arguments.seed,
            arguments.today.unwrap_or_else(today),
        ));
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Company::from_json(&text)
        .map_err(|error| format!("{} is not a valid company: {error}", path.display()))
}

async fn run(arguments: &Arguments, company: Company) -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut date = arguments.today.unwrap_or_else(today);
    let accounts = list_accounts(&company);
    let mut builder = Simulator::builder(company, date)
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
        heroku.inject_fault(endpoint, fault, times);
    }
    print_startup_message(&mut io::stdout(), &heroku, &accounts)?;

    let mut date_check = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = date_check.tick() => {
                if arguments.today.is_none() && today() != date {
                    date = today();
                    heroku.set_today(date);
                    if arguments.company.is_none() && !arguments.live {
                        heroku.set_company(Company::synthetic(arguments.seed, date));
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

/// Returns the current UTC date.
fn today() -> Date {
    jiff::tz::Offset::UTC.to_datetime(now()).date()
}

/// Returns the current time.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary reads the clock; the library receives the time"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Returns the teams and enterprise accounts of a company, one per line.
fn list_accounts(company: &Company) -> String {
    let mut list = "teams:\n".to_owned();
    for team in &company.teams {
        list.push_str(&format!("  {}  {}\n", team.id, team.name));
    }
    if !company.enterprise_accounts.is_empty() {
        list.push_str("enterprise accounts:\n");
    }
    for account in &company.enterprise_accounts {
        list.push_str(&format!("  {}  {}\n", account.id, account.name));
    }
    list
}

fn print_startup_message(
    out: &mut impl Write,
    heroku: &Simulator,
    accounts: &str,
) -> io::Result<()> {
    let (url, token) = (heroku.url(), heroku.token());
    writeln!(
        out,
        "url:   {url}\ntoken: {token}\n{accounts}\nexample request:\n  \
         curl -s -H 'Accept: application/vnd.heroku+json; version=3' \
         -H 'Authorization: Bearer {token}' {url}/teams\n\npress Ctrl-C to stop"
    )?;
    out.flush()
}
