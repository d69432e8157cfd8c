//! Columns that stand under each other and fit the terminal: names are cut, columns left out, and
//! figures never touched.

use super::terminal::Terminal;
use super::text::{cut, width};

/// What a part of a line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    /// As everything else.
    #[default]
    Plain,
    /// What is looked for first.
    Strong,
    /// What is looked for last.
    Faint,
    /// What gets dearer; its sign says so too.
    Increase,
    /// What gets cheaper; its sign says so too.
    Decrease,
}

impl Style {
    /// `text` in this style. The colours are the terminal's own, which its owner can read on
    /// their background; all else is the default colour, bold or faint.
    pub(super) fn paint(self, text: &str, terminal: Terminal) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Increase => "31",
            Self::Decrease => "32",
        };
        if !terminal.has_colour || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// A text and its style.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }
}

/// A column behind the names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// What stands above it.
    pub(super) title: &'static str,
    /// Whether it is text, which stands to the left, and no figure.
    pub(super) is_text: bool,
    /// How many columns of the terminal the names want before this one is worth its place.
    pub(super) names_first: usize,
}

/// One line of a grid.
#[derive(Debug)]
pub(super) enum Line {
    /// A title over the lines that follow.
    Heading(String),
    /// A name, what stands in each column, and the length of its bar, of one at most.
    Row {
        name: Cell,
        cells: Vec<Cell>,
        bar: Option<f64>,
    },
}

/// Lines whose columns stand under each other.
#[derive(Debug)]
pub(super) struct Grid {
    /// In the order in which they stand.
    pub(super) columns: Vec<Column>,
    /// The positions of the columns, that which is left out last first.
    pub(super) by_worth: Vec<usize>,
    pub(super) lines: Vec<Line>,
}

/// Between two columns.
const GAP: usize = 2;

/// Before each line but the headings.
const INDENT: usize = 2;

/// A bar that is shorter shows nothing.
const SHORTEST_BAR: usize = 10;

/// A bar that is longer leads the eye too far.
const LONGEST_BAR: usize = 40;

impl Grid {
    /// Which columns there is room for.
    fn shown(&self, terminal: Terminal) -> Vec<bool> {
        let longest = self.longest_name();
        let mut shown = vec![false; self.columns.len()];
        let mut used = INDENT;
        for &position in &self.by_worth {
            let names = longest.min(self.columns[position].names_first);
            let needed = GAP + self.width(position);
            if used + needed + names > terminal.width {
                break;
            }
            used += needed;
            shown[position] = true;
        }
        shown
    }

    /// Whether there is room for a column.
    pub(super) fn shows(&self, position: usize, terminal: Terminal) -> bool {
        self.shown(terminal)[position]
    }

    fn rows(&self) -> impl Iterator<Item = (&Cell, &Vec<Cell>)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Heading(_) => None,
            Line::Row { name, cells, .. } => Some((name, cells)),
        })
    }

    fn longest_name(&self) -> usize {
        let names = self.rows().map(|(name, _)| width(&name.text));
        // The first heading stands on one line with the titles.
        let heading = match self.lines.first() {
            Some(Line::Heading(heading)) => width(heading).saturating_sub(INDENT),
            _ => 0,
        };
        names.max().unwrap_or_default().max(heading)
    }

    fn width(&self, position: usize) -> usize {
        let cells = self.rows().filter_map(|(_, cells)| cells.get(position));
        let widths = cells.map(|cell| width(&cell.text));
        widths
            .max()
            .unwrap_or_default()
            .max(width(self.columns[position].title))
    }

    /// The lines as text. The titles of the columns stand on the first heading's line.
    pub(super) fn render(&self, terminal: Terminal) -> String {
        let shown = self.shown(terminal);
        let columns: Vec<_> = (0..self.columns.len())
            .filter(|position| shown[*position])
            .map(|position| (position, self.width(position)))
            .collect();
        let figures: usize = columns.iter().map(|(_, width)| GAP + width).sum();
        let names = terminal.width.saturating_sub(INDENT + figures).max(1);
        let names = names.min(self.longest_name());
        let left = terminal
            .width
            .saturating_sub(INDENT + names + figures + GAP);
        let bar_width = if left < SHORTEST_BAR {
            0
        } else {
            left.min(LONGEST_BAR)
        };
        let mut text = String::new();
        let mut titles = Some(());
        for line in &self.lines {
            let mut out = Written::new(terminal);
            match line {
                Line::Heading(heading) => {
                    let has_titles = titles.take().is_some();
                    if !has_titles {
                        text.push('\n');
                    }
                    let most = if has_titles {
                        INDENT + names
                    } else {
                        terminal.width
                    };
                    out.left(
                        &Cell::new(cut(heading, most), Style::Strong),
                        INDENT + names,
                    );
                    for (position, width) in columns.iter().filter(|_| has_titles) {
                        let Column { title, is_text, .. } = self.columns[*position];
                        out.cell(&Cell::new(title, Style::Faint), *width, is_text);
                    }
                }
                Line::Row { name, cells, bar } => {
                    out.space(INDENT);
                    out.left(&Cell::new(cut(&name.text, names), name.style), names);
                    for (position, width) in &columns {
                        let is_text = self.columns[*position].is_text;
                        let nothing = Cell::default();
                        out.cell(cells.get(*position).unwrap_or(&nothing), *width, is_text);
                    }
                    if let Some(bar) = bar {
                        out.space(GAP);
                        out.left(&Cell::new(bar_of(*bar, bar_width), Style::Faint), 0);
                    }
                }
            }
            text.push_str(&out.finish());
        }
        text
    }
}

/// A line as it is written: spaces are held back until something follows them.
struct Written {
    terminal: Terminal,
    text: String,
    spaces: usize,
}

impl Written {
    fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            text: String::new(),
            spaces: 0,
        }
    }

    fn space(&mut self, columns: usize) {
        self.spaces += columns;
    }

    fn cell(&mut self, cell: &Cell, columns: usize, is_text: bool) {
        self.space(GAP);
        if is_text {
            self.left(cell, columns);
        } else {
            self.space(columns.saturating_sub(width(&cell.text)));
            self.left(cell, 0);
        }
    }

    fn left(&mut self, cell: &Cell, columns: usize) {
        if !cell.text.is_empty() {
            self.text.push_str(&" ".repeat(self.spaces));
            self.spaces = 0;
            self.text
                .push_str(&cell.style.paint(&cell.text, self.terminal));
        }
        self.space(columns.saturating_sub(width(&cell.text)));
    }

    fn finish(mut self) -> String {
        self.text.push('\n');
        self.text
    }
}

/// A bar of `share` of `columns`, to an eighth of a column.
fn bar_of(share: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}
