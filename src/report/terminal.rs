//! Width and text styles of the terminal.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The width if the output is not a terminal.
const DEFAULT_WIDTH: u16 = 100;

const MIN_WIDTH: u16 = 20;
pub(super) const MAX_WIDTH: u16 = 1_000;

/// The properties of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// The width in columns.
    pub width: u16,
    /// Whether colours are enabled.
    pub has_colour: bool,
}

impl Terminal {
    /// An output that is not a terminal.
    pub const PLAIN: Self = Self {
        width: DEFAULT_WIDTH,
        has_colour: false,
    };

    /// Describes standard output. `columns` is the width reported by the terminal.
    ///
    /// The environment variable `COLUMNS` overrides the width; `NO_COLOR` (<https://no-color.org>)
    /// and `TERM=dumb` disable colours.
    pub fn new(
        is_terminal: bool,
        columns: Option<u16>,
        environment: &BTreeMap<OsString, OsString>,
    ) -> Self {
        let variable = |name: &str| environment.get(OsStr::new(name)).filter(|v| !v.is_empty());
        let configured = variable("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
        let width = configured.filter(|columns| *columns > 0);
        let width = width.or(columns.filter(|columns| *columns > 0));
        let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
        Self {
            width: width.unwrap_or(DEFAULT_WIDTH).clamp(MIN_WIDTH, MAX_WIDTH),
            has_colour: is_terminal && !is_dumb && variable("NO_COLOR").is_none(),
        }
    }
}

/// A text style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    #[default]
    Plain,
    Strong,
    Faint,
    /// A cost that rises.
    Increase,
    /// A cost that falls.
    Decrease,
}

impl Style {
    /// Adds the escape sequences of the style. The colours are from the terminal's palette, which
    /// suits its background.
    pub(super) fn paint(self, text: &str, terminal: Terminal) -> String {
        let code = match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Increase => "31",
            Self::Decrease => "32",
        };
        if code.is_empty() || !terminal.has_colour || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_overrides_the_terminal() {
        let describe = |is_terminal, columns, variables: &[(&str, &str)]| {
            let pairs = variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()));
            let terminal = Terminal::new(is_terminal, columns, &pairs.collect());
            (terminal.width, terminal.has_colour)
        };
        assert_eq!(describe(false, None, &[]), (100, false));
        assert_eq!(describe(true, Some(80), &[("TERM", "xterm")]), (80, true));
        assert_eq!(describe(true, Some(80), &[("COLUMNS", "132")]), (132, true));
        assert_eq!(describe(false, None, &[("COLUMNS", "60")]), (60, false));
        assert_eq!(describe(true, Some(80), &[("NO_COLOR", "1")]), (80, false));
        assert_eq!(describe(true, Some(80), &[("NO_COLOR", "")]), (80, true));
        assert_eq!(describe(true, Some(80), &[("TERM", "dumb")]), (80, false));
        for columns in ["", "0", "wide", "-1", "99999999999999999999"] {
            assert_eq!(
                describe(true, Some(0), &[("COLUMNS", columns)]),
                (100, true),
                "{columns}"
            );
        }
        assert_eq!(describe(true, Some(3), &[]), (20, true));
    }
}
