//! The parser of the command line, made from the declarations of the settings. It accepts any
//! value: `config` parses all of them and reports all errors together.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::config::setting::{self, Arity, Group, Setting};

/// Lines of the help are not longer, however wide the terminal.
const MAX_WIDTH: usize = 120;

/// Returns the parser. Without a subcommand the program serves, so that the start line of the Go
/// program keeps working.
pub(crate) fn command() -> Command {
    let (heroku, costs, log) = (&setting::HEROKU, &setting::COSTS, &setting::LOG);
    let serving = &[heroku, costs, &setting::SERVING, log];
    let subcommands: [(_, _, &[&Group]); _] = [
        (
            "serve",
            "Poll Heroku and serve metrics (the default)",
            serving,
        ),
        #[cfg(feature = "demo")]
        (
            "demo",
            "Serve a made-up company: no account, no network",
            &[&setting::DEMO, costs, &setting::SERVING, log],
        ),
        (
            "check",
            "Poll Heroku once and print what each endpoint answers",
            &[heroku, costs, log],
        ),
        (
            "report",
            "Poll Heroku once and print the costs",
            &[&setting::REPORT, &setting::DEMO, heroku, costs, log],
        ),
        ("metrics", "Print the metric reference, as Markdown", &[]),
        (
            "healthcheck",
            "Check that the server on this machine is alive",
            &[&setting::LISTENING],
        ),
    ];
    let command = Command::new("heroku-cost-exporter")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .after_help(
            "The Heroku API token is read from HEROKU_API_KEY, or from the file that HEROKU_API_KEY_FILE names.\n\
             Without a subcommand the program serves.",
        )
        .max_term_width(MAX_WIDTH);
    let subcommand = |(name, about, groups)| grouped(Command::new(name).about(about), groups);
    grouped(command, serving)
        .subcommands(subcommands.map(subcommand))
        .subcommand(generate())
}

fn generate() -> Command {
    let shell = Arg::new("shell")
        .value_name("SHELL")
        .required(true)
        .value_parser(value_parser!(clap_complete::Shell));
    let completions = Command::new("completions").about("Print completions for a shell");
    let man =
        Command::new("man").about("Print a man page, of the program or of one of its subcommands");
    Command::new("generate")
        .about("Print completions for a shell, or a man page")
        .subcommand_required(true)
        .subcommand(completions.arg(shell))
        .subcommand(man.arg(Arg::new("subcommand").value_name("SUBCOMMAND")))
}

/// Adds the flags of groups, each under its heading.
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
    // `-h` shows the first clause.
    let summary = setting.help.split(';').next().unwrap_or_default();
    let argument = Arg::new(setting.flag)
        .long(setting.flag)
        .value_name(setting.value_name)
        .help(summary)
        .long_help(format!("{}{details}", setting.help))
        .hide_short_help(!setting.in_short_help)
        .value_parser(value_parser!(OsString))
        // So that a negative price is an invalid value rather than an unknown flag.
        .allow_negative_numbers(true);
    match setting.arity {
        Arity::One => argument.action(ArgAction::Set),
        Arity::Repeated => argument.action(ArgAction::Append),
        // A value behind a space could not be told from a subcommand.
        Arity::Switch => argument
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    }
}

/// Returns the subcommand and the flags before and behind it. Those behind it take precedence.
pub(crate) fn raw_flags(matches: &ArgMatches) -> (&str, BTreeMap<&'static str, Vec<OsString>>) {
    let (subcommand, behind) = matches.subcommand().unwrap_or(("serve", matches));
    let flags = [matches, behind].into_iter().flat_map(|matches| {
        setting::all().filter_map(|setting| {
            // Not every subcommand has every flag.
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
    fn the_parser_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_reference_has_every_flag_of_the_parser_and_no_other() {
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
                    line.strip_prefix("| `--")?
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
