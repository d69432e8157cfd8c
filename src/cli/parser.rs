//! The parser of the command line, made from the settings' declarations. It takes every value as
//! it was typed: `config` judges them, all at once.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::config::setting::{self, Setting, Takes};

/// The whole command line. Without a subcommand the program serves, so that a start line made for
/// the program that this one replaces keeps working.
pub(crate) fn command() -> Command {
    Command::new("heroku-cost-exporter")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Tells Prometheus what Heroku costs: by team, by app and by kind")
        .after_help(
            "The Heroku API token is read from HEROKU_API_KEY, or from the file that HEROKU_API_KEY_FILE names.\n\
             Without a subcommand the program serves.",
        )
        .args(serving())
        .subcommand(
            Command::new("serve")
                .about("Poll Heroku and serve metrics (the default)")
                .args(serving()),
        )
        .subcommand(
            Command::new("demo")
                .about("Serve a made-up company from a simulated Heroku: no account, no network")
                .args(
                    setting::DEMO
                        .into_iter()
                        .chain(setting::COSTS)
                        .chain(setting::SERVING)
                        .chain(setting::LOG)
                        .map(argument),
                ),
        )
        .subcommand(
            Command::new("check")
                .about("Ask Heroku once and say, for each team and endpoint, what it answered")
                .args(
                    setting::HEROKU
                        .into_iter()
                        .chain(setting::COSTS)
                        .chain(setting::LOG)
                        .map(argument),
                ),
        )
        .subcommand(
            Command::new("report")
                .about("Ask Heroku once and tell what it costs, as a table, as JSON or as CSV")
                .args(setting::REPORT.into_iter().map(|setting| {
                    // Short, for what is typed by hand.
                    let short = setting.flag.trim_start_matches("report.");
                    argument(setting).alias(short)
                }))
                .args(
                    setting::HEROKU
                        .into_iter()
                        .chain(setting::COSTS)
                        .chain([&setting::DATA_MAX_AGE])
                        .chain(setting::LOG)
                        .chain(setting::DEMO)
                        .map(argument),
                ),
        )
        .subcommand(Command::new("metrics").about("Print the metric reference, as Markdown"))
        .subcommand(
            Command::new("healthcheck")
                .about("Ask the program that listens here whether it lives, as a container's health check")
                .args(setting::LISTENING.into_iter().map(argument)),
        )
        .subcommand(
            Command::new("generate")
                .about("Print completions for a shell, or a man page")
                .subcommand_required(true)
                .subcommand(
                    Command::new("completions")
                        .about("Print completions for a shell")
                        .arg(
                            Arg::new("shell")
                                .value_name("SHELL")
                                .required(true)
                                .value_parser(value_parser!(clap_complete::Shell)),
                        ),
                )
                .subcommand(
                    Command::new("man")
                        .about("Print a man page, of the program or of one of its subcommands")
                        .arg(Arg::new("subcommand").value_name("SUBCOMMAND")),
                ),
        )
}

/// The flags of what polls and serves.
fn serving() -> impl Iterator<Item = Arg> {
    setting::HEROKU
        .into_iter()
        .chain(setting::COSTS)
        .chain(setting::SERVING)
        .chain(setting::LOG)
        .map(argument)
}

fn argument(setting: &'static Setting) -> Arg {
    let action = match setting.takes {
        Takes::Several => ArgAction::Append,
        Takes::One | Takes::Switch => ArgAction::Set,
    };
    let default = setting
        .default
        .map(|default| format!(" [default: {default}]"))
        .unwrap_or_default();
    let argument = Arg::new(setting.flag)
        .long(setting.flag)
        .value_name(setting.value_name)
        .help(format!(
            "{} [env: {}]{default}",
            setting.help,
            setting.variable()
        ))
        .value_parser(value_parser!(OsString))
        // So that a price below zero is judged as a value, and not as a flag.
        .allow_negative_numbers(true)
        .action(action);
    if setting.takes != Takes::Switch {
        return argument;
    }
    // A value behind a space could not be told from a subcommand.
    argument
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
}

/// The subcommand that was given, and the flags: those before it and those behind it, which win.
pub(crate) fn typed_flags(matches: &ArgMatches) -> (&str, BTreeMap<&'static str, Vec<OsString>>) {
    let (subcommand, behind) = matches.subcommand().unwrap_or(("serve", matches));
    let flags = [matches, behind].into_iter().flat_map(|matches| {
        setting::all().filter_map(|setting| {
            // Not every subcommand knows every flag.
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
                        .to_owned(),
                )
            })
            .collect();
        documented.sort_unstable();
        assert_eq!(documented, flags);
    }
}
