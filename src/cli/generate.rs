//! `generate`: completions and man pages, made from the parser.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ArgMatches;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::parser;
use crate::config::API_KEY_VARIABLE;

pub(crate) fn run(asked: Option<&ArgMatches>) -> anyhow::Result<ExitCode> {
    let text = match asked.and_then(ArgMatches::subcommand) {
        Some(("completions", asked)) => {
            let shell = asked.get_one::<Shell>("shell").context("no shell")?;
            completions(*shell)
        }
        Some(("man", asked)) => page(asked.get_one::<String>("subcommand").map(String::as_str))?,
        _ => bail!("nothing to generate"),
    };
    std::io::stdout().write_all(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut command = parser::command();
    let name = command.get_name().to_owned();
    // For bash, clap_complete writes a hyphen of the program's name in two ways, and the function then
    // does not find its own subcommands. So it gets a name without one.
    let is_bash = shell == Shell::Bash;
    let plain = if is_bash {
        name.replace('-', "_")
    } else {
        name.clone()
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, plain.clone(), &mut text);
    if !is_bash {
        return text;
    }
    // Only `complete`, at the end of a line, names the program.
    let text = String::from_utf8_lossy(&text);
    text.replace(&format!(" {plain}\n"), &format!(" {name}\n"))
        .into_bytes()
}

/// Returns the man page of the program or of a subcommand.
fn page(subcommand: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let mut command = parser::command();
    // Gives subcommands the names of their pages.
    command.build();
    let mut text = Vec::new();
    if let Some(name) = subcommand {
        let found = command.find_subcommand(name).cloned();
        let found = found.with_context(|| format!("{name} is no subcommand"))?;
        Man::new(found).render(&mut text)?;
    } else {
        Man::new(command).render(&mut text)?;
        sections().to_writer(&mut text)?;
    }
    Ok(text)
}

/// Returns sections of the program's page that apply to every subcommand.
fn sections() -> Roff {
    let mut page = Roff::new();
    let mut section = |title, terms: &[(&str, &str)]| {
        page.control("SH", [title]);
        for (term, meaning) in terms {
            page.control("TP", []);
            page.text([bold(*term)]);
            page.text([roman(*meaning)]);
        }
    };
    section(
        "ENVIRONMENT",
        &[
            (
                API_KEY_VARIABLE,
                "The Heroku API token. It has no flag, because other users can read flags in the process list. \
                 HEROKU_API_KEY_FILE names a file that holds it, and is the better place.",
            ),
            (
                "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
                "Proxies to Heroku, and hosts that are reached without one.",
            ),
            (
                "SSL_CERT_FILE, SSL_CERT_DIR",
                "Certificates to trust in place of the system's.",
            ),
            (
                "Variables of options",
                "The descriptions of options name them. The option takes precedence, and an empty variable counts \
                 as not set.",
            ),
        ],
    );
    section(
        "EXIT STATUS",
        &[
            ("0", "The program was stopped, or check found no failure."),
            (
                "1",
                "Something failed: an address is in use, or check or healthcheck found a failure.",
            ),
            ("2", "An option or a setting is invalid."),
        ],
    );
    page
}
