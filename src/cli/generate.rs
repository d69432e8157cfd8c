//! `generate`: shell completions and man pages, generated from the parser.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ArgMatches;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{parser, write_stdout};
use crate::config::API_KEY_VARIABLE;

pub(crate) fn run(matches: Option<&ArgMatches>) -> anyhow::Result<ExitCode> {
    let text = match matches.and_then(ArgMatches::subcommand) {
        Some(("completions", matches)) => {
            let shell = matches.get_one::<Shell>("shell").context("missing shell")?;
            completions(*shell)
        }
        Some(("man", matches)) => {
            man_page(matches.get_one::<String>("subcommand").map(String::as_str))?
        }
        _ => bail!("missing subcommand"),
    };
    write_stdout(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut command = parser::command();
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    if shell != Shell::Bash {
        clap_complete::generate(shell, &mut command, name, &mut text);
        return text;
    }
    // For bash, clap_complete escapes hyphens of the name inconsistently, so that the completion does
    // not find the subcommands. As a workaround, the name is generated with underscores.
    let escaped = name.replace('-', "_");
    clap_complete::generate(shell, &mut command, &escaped, &mut text);
    // Only the `complete` commands need the real name, which ends their line.
    let text = String::from_utf8_lossy(&text);
    text.replace(&format!(" {escaped}\n"), &format!(" {name}\n"))
        .into_bytes()
}

/// Returns the man page of the program or of a subcommand.
fn man_page(subcommand: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let mut command = parser::command();
    // Sets the display names of subcommands.
    command.build();
    let mut text = Vec::new();
    if let Some(name) = subcommand {
        let found = command.find_subcommand(name).cloned();
        let found = found.with_context(|| format!("unknown subcommand {name}"))?;
        Man::new(found).render(&mut text)?;
    } else {
        Man::new(command).render(&mut text)?;
        sections().to_writer(&mut text)?;
    }
    Ok(text)
}

/// Returns the sections of the main page that apply to all subcommands.
fn sections() -> Roff {
    let mut page = Roff::new();
    let mut section = |title, entries: &[(&str, &str)]| {
        page.control("SH", [title]);
        for (term, description) in entries {
            page.control("TP", []);
            page.text([bold(*term)]);
            page.text([roman(*description)]);
        }
    };
    section(
        "ENVIRONMENT",
        &[
            (
                API_KEY_VARIABLE,
                "The Heroku API token. There is no such flag, because other users can read flags in the process \
                 list. A file with the token, set with HEROKU_API_KEY_FILE, is safer.",
            ),
            (
                "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
                "Proxies for requests to Heroku, and hosts that bypass them.",
            ),
            (
                "SSL_CERT_FILE, SSL_CERT_DIR",
                "CA certificates to trust instead of the system's.",
            ),
            (
                "Variables of options",
                "See the descriptions of the options. The option takes precedence, and an empty variable counts \
                 as unset.",
            ),
        ],
    );
    section(
        "EXIT STATUS",
        &[
            ("0", "Success, or shutdown by a signal."),
            (
                "1",
                "Failure: an address is in use, or check, report or healthcheck found a failure.",
            ),
            ("2", "Invalid option or setting."),
        ],
    );
    page
}
