//! `generate`: completions and man pages, made from the parser.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{ArgMatches, Command};
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
    let mut generate = |name: String| {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, name, &mut text);
        text
    };
    if shell != Shell::Bash {
        return generate(name);
    }
    // clap_complete writes a hyphen of the program's name in two ways into bash's function, so that it
    // does not find its own subcommands. So it is told a name without one, and only `complete`, which
    // says what is completed, the true one.
    let plain = name.replace('-', "_");
    let text = String::from_utf8_lossy(&generate(plain.clone())).into_owned();
    let (told, completed) = (format!(" {plain}\n"), format!(" {name}\n"));
    text.replace(&told, &completed).into_bytes()
}

/// The man page of the program, or of a subcommand.
fn page(subcommand: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let mut command = parser::command();
    // Gives subcommands the names that their pages have.
    command.build();
    let mut text = Vec::new();
    match subcommand {
        None => program(command, &mut text)?,
        Some(name) => {
            let found = command.find_subcommand(name).cloned();
            let found = found.with_context(|| format!("{name} is no subcommand"))?;
            Man::new(found).render(&mut text)?;
        }
    }
    Ok(text)
}

/// The page of the program has what is true of every subcommand too.
fn program(command: Command, text: &mut Vec<u8>) -> anyhow::Result<()> {
    let man = Man::new(command);
    man.render_title(text)?;
    man.render_name_section(text)?;
    man.render_synopsis_section(text)?;
    man.render_description_section(text)?;
    man.render_options_section(text)?;
    man.render_subcommands_section(text)?;
    let mut more = Roff::new();
    more.control("SH", ["ENVIRONMENT"]);
    for (variable, meaning) in [
        (
            API_KEY_VARIABLE,
            "The Heroku API token. It has no flag, which would stand in the process list. \
             HEROKU_API_KEY_FILE names a file that holds it, and is the better place.",
        ),
        (
            "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
            "Proxies to Heroku, and hosts that are asked without one.",
        ),
        (
            "SSL_CERT_FILE, SSL_CERT_DIR",
            "Certificates to trust in place of the system's.",
        ),
    ] {
        more.control("TP", []);
        more.text([bold(variable)]);
        more.text([roman(meaning)]);
    }
    more.control("PP", []);
    more.text([roman(
        "Each option has a variable too, which its description names. The option wins, and an empty variable \
         counts as not set.",
    )]);
    more.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in [
        (
            "0",
            "All went well: the program was told to stop, or check found no failure.",
        ),
        (
            "1",
            "Something failed: an address is in use, or check or healthcheck found a failure.",
        ),
        ("2", "An option or a setting cannot be used."),
    ] {
        more.control("TP", []);
        more.text([bold(status)]);
        more.text([roman(meaning)]);
    }
    more.to_writer(text)?;
    man.render_extra_section(text)?;
    man.render_version_section(text)?;
    Ok(())
}
