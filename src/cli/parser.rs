//! The command-line parser, generated from the declarations of the settings. It accepts values as
//! text; `config` parses them and reports all errors together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::config::setting::{self, Arity, Group, Setting};

/// The maximum width of the help.
const MAX_WIDTH: usize = 120;

/// Returns the parser. Without a subcommand, `serve` runs, for compatibility with the Go program.
pub(crate) fn command() -> Command {
    let (heroku, costs, log) = (&setting::HEROKU, &setting::COSTS, &setting::LOG);
    let storage = &setting::STORAGE;
    let serving = &[heroku, storage, costs, &setting::SERVING, log];
    let subcommands: [(_, _, &[&Group]); _] = [
        ("serve", "Poll Heroku and serve metrics (default)", serving),
        #[cfg(feature = "demo")]
        (
            "demo",
            "Serve a synthetic company; needs no account and no network",
            &[&setting::DEMO, costs, &setting::SERVING, log],
        ),
        (
            "check",
            "Poll Heroku once and print the result of each endpoint",
            &[heroku, storage, costs, log],
        ),
        (
            "report",
            "Poll Heroku once and print the costs",
            &[
                &setting::REPORT,
                &setting::DEMO,
                heroku,
                storage,
                costs,
                log,
            ],
        ),
        ("metrics", "Print the metric reference as Markdown", &[]),
        (
            "healthcheck",
            "Check that the local server is alive",
            &[&setting::LISTEN],
        ),
    ];
    let command = Command::new("heroku-cost-exporter")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .after_help(
            "The Heroku API token is read from HEROKU_API_KEY, or from the file set with HEROKU_API_KEY_FILE.\n\
             Without a subcommand, serve runs.",
        )
        .max_term_width(MAX_WIDTH);
    let subcommand = |(name, about, groups)| grouped(Command::new(name).about(about), groups);
    grouped(command, serving)
        .subcommands(subcommands.map(subcommand))
        .subcommand(self::storage())
        .subcommand(generate())
}

fn storage() -> Command {
    let file = Arg::new("file")
        .value_name("FILE")
        .help("The file to write, which must not exist")
        .required(true)
        .value_parser(value_parser!(PathBuf));
    let subcommand = |name, about| grouped(Command::new(name).about(about), &[&setting::STORAGE]);
    let backup = subcommand(
        "backup",
        "Copy the database to a file that other programs can read",
    );
    Command::new("storage")
        .about("Print, check, compact or copy the database")
        .subcommand_required(true)
        .subcommand(subcommand("info", "Print what the database contains"))
        .subcommand(subcommand("check", "Check the integrity of the database"))
        .subcommand(subcommand(
            "vacuum",
            "Rewrite the database without unused space",
        ))
        .subcommand(backup.arg(file))
}

fn generate() -> Command {
    let shell = Arg::new("shell")
        .value_name("SHELL")
        .required(true)
        .value_parser(value_parser!(clap_complete::Shell));
    let completions = Command::new("completions").about("Print shell completions");
    let man = Command::new("man").about("Print the man page of the program or of a subcommand");
    Command::new("generate")
        .about("Print shell completions or a man page")
        .subcommand_required(true)
        .subcommand(completions.arg(shell))
        .subcommand(man.arg(Arg::new("subcommand").value_name("SUBCOMMAND")))
}

/// Adds the flags of each group under its heading.
fn grouped(command: Command, groups: &[&Group]) -> Command {
    groups.iter().fold(command, |command, group| {
        command
            .next_help_heading(group.heading)
            .args(group.settings.iter().copied().map(argument))
    })
}

fn argument(setting: &'static Setting) -> Arg {
    let variable = setting.variable().map(|name| format!("\n[env: {name}]"));
    let default = setting.default.map(|value| format!("\n[default: {value}]"));
    let details: String = variable.into_iter().chain(default).collect();
    // `-h` shows only the text before the first semicolon.
    let summary = setting.help.split(';').next().unwrap_or_default();
    let argument = Arg::new(setting.flag)
        .long(setting.flag)
        .value_name(setting.value_name)
        .help(summary)
        .long_help(format!("{}{details}", setting.help))
        .hide_short_help(!setting.in_short_help)
        .value_parser(value_parser!(OsString))
        // Reports a negative number as an invalid value and not as an unknown flag.
        .allow_negative_numbers(true);
    match setting.arity {
        Arity::One => argument.action(ArgAction::Set),
        Arity::Repeated => argument.action(ArgAction::Append),
        // A value after a space would be ambiguous with a subcommand.
        Arity::Switch => argument
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    }
}

/// Returns the subcommand and the flags before and after it. Flags after it take precedence.
pub(crate) fn raw_flags(matches: &ArgMatches) -> (&str, BTreeMap<&'static str, Vec<OsString>>) {
    let (subcommand, after) = matches.subcommand().unwrap_or(("serve", matches));
    let nested = after.subcommand().map(|(_, nested)| nested);
    let levels = [matches, after].into_iter().chain(nested);
    let flags = levels.flat_map(|matches| {
        setting::all().filter_map(|setting| {
            // Fails if the subcommand does not have the flag.
            let values = matches.try_get_many::<OsString>(setting.flag).ok()??;
            Some((setting.flag, values.cloned().collect()))
        })
    });
    (subcommand, flags.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::reference;

    #[test]
    fn parser_passes_debug_assertions() {
        command().debug_assert();
    }

    #[test]
    fn reference_lists_all_flags() {
        let mut command = command();
        command.build();
        let mut flags: Vec<String> = command
            .get_arguments()
            .chain(command.get_subcommands().flat_map(Command::get_arguments))
            .filter_map(|argument| argument.get_long())
            .filter(|flag| !matches!(*flag, "help" | "version"))
            .map(str::to_owned)
            .collect();
        flags.sort_unstable();
        flags.dedup();
        let text = reference::settings();
        let mut documented: Vec<String> = text
            .lines()
            .filter_map(|line| {
                Some(
                    line.strip_prefix("`--")?
                        .split([' ', '['])
                        .next()?
                        .trim_end_matches('`')
                        .to_owned(),
                )
            })
            .collect();
        documented.sort_unstable();
        assert_eq!(documented, flags);
    }
}
