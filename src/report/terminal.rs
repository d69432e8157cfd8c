//! How wide a report may be, and whether it may have colours.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The width where there is no terminal.
const WITHOUT_TERMINAL: usize = 100;

/// No terminal that anybody reads is narrower.
const NARROWEST: usize = 20;

/// Nothing gets better beyond.
const WIDEST: usize = 1_000;

/// What a table is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Its columns.
    pub width: usize,
    /// Whether it shows colours.
    pub has_colour: bool,
}

impl Terminal {
    /// None.
    pub const PLAIN: Self = Self {
        width: WITHOUT_TERMINAL,
        has_colour: false,
    };

    /// Standard output, with `columns` where it is a terminal that tells, as the environment has
    /// it: `COLUMNS` counts before the terminal's own word, `NO_COLOR` (<https://no-color.org>)
    /// and `TERM=dumb` switch colours off.
    pub fn new(
        is_terminal: bool,
        columns: Option<u16>,
        environment: &BTreeMap<OsString, OsString>,
    ) -> Self {
        let variable = |name: &str| environment.get(OsStr::new(name)).filter(|v| !v.is_empty());
        let set = variable("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
        let told = columns.filter(|columns| *columns > 0).map(usize::from);
        let width = set
            .filter(|columns| *columns > 0)
            .or(told)
            .unwrap_or(WITHOUT_TERMINAL);
        let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
        Self {
            width: width.clamp(NARROWEST, WIDEST),
            has_colour: is_terminal && !is_dumb && variable("NO_COLOR").is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_counts_before_the_terminal() {
        let of = |is_terminal, columns, variables: &[(&str, &str)]| {
            let pairs = variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()));
            let terminal = Terminal::new(is_terminal, columns, &pairs.collect());
            (terminal.width, terminal.has_colour)
        };
        assert_eq!(of(false, None, &[]), (100, false));
        assert_eq!(of(true, Some(80), &[("TERM", "xterm")]), (80, true));
        assert_eq!(of(true, Some(80), &[("COLUMNS", "132")]), (132, true));
        assert_eq!(of(false, None, &[("COLUMNS", "60")]), (60, false));
        assert_eq!(of(true, Some(80), &[("NO_COLOR", "1")]), (80, false));
        assert_eq!(of(true, Some(80), &[("NO_COLOR", "")]), (80, true));
        assert_eq!(of(true, Some(80), &[("TERM", "dumb")]), (80, false));
        for columns in ["", "0", "wide", "-1", "99999999999999999999"] {
            assert_eq!(
                of(true, Some(0), &[("COLUMNS", columns)]),
                (100, true),
                "{columns}"
            );
        }
        assert_eq!(of(true, Some(3), &[]), (20, true));
    }
}
