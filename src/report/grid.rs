//! Tables that fit the terminal: names are shortened and columns are hidden, but amounts are never
//! cut.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentLineStyle, Row as TableRow, Table, TableStyle, Width,
};

use super::terminal::{MAX_WIDTH, Style, Terminal};

/// The text of a cell, without control characters.
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

/// A column. The first one of a grid has the names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    title: &'static str,
    alignment: CellAlignment,
    /// The width that must remain for long names if the column is shown. The columns with the
    /// smallest are shown first.
    min_name_width: u16,
}

impl Column {
    pub(super) fn new(title: &'static str, alignment: CellAlignment, min_name_width: u16) -> Self {
        Self {
            title,
            alignment,
            min_name_width,
        }
    }
}

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    /// A heading has a single cell.
    pub(super) cells: Vec<Cell>,
    /// The length of the bar after the cells, from 0 to 1.
    pub(super) bar: Option<f64>,
}

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self { cells, bar: None }
    }

    pub(super) fn heading(text: impl Into<String>) -> Self {
        Self::new(vec![Cell::new(text, Style::Strong)])
    }

    fn is_heading(&self) -> bool {
        self.cells.len() == 1
    }
}

/// A table without borders.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// The indent of rows below their heading.
const INDENT: &str = "  ";

/// The space between two columns.
const GAP: &str = "  ";
const GAP_WIDTH: u16 = 2;

/// Separates the cells of a rendered line; no text of a cell contains it.
const SEPARATOR: char = '\0';

/// More characters than any terminal is wide.
const MAX_CHARS: usize = 2 * MAX_WIDTH as usize;

const MIN_BAR_WIDTH: u16 = 10;
const MAX_BAR_WIDTH: u16 = 40;

impl Grid {
    /// Returns whether the terminal is wide enough for the column at `position`.
    pub(super) fn shows(&self, position: usize, terminal: Terminal) -> bool {
        self.shown(&self.table().column_max_content_widths(), terminal)
            .contains(&position)
    }

    /// Renders the grid with the titles of its columns.
    pub(super) fn render(&self, terminal: Terminal) -> String {
        let mut table = self.table();
        let mut widths = table.column_max_content_widths();
        let shown = self.shown(&widths, terminal);
        let others: u16 = shown
            .iter()
            .skip(1)
            .map(|position| GAP_WIDTH + widths[*position])
            .sum();
        widths[0] = widths[0].min(terminal.width.saturating_sub(others)).max(1);
        let bar_width = terminal
            .width
            .saturating_sub(widths[0] + others + GAP_WIDTH);
        for (position, column) in table.column_iter_mut().enumerate() {
            column.set_constraint(if shown.contains(&position) {
                ColumnConstraint::Absolute(Width::Fixed(widths[position]))
            } else {
                ColumnConstraint::Hidden
            });
        }
        let title = |column: &Column| Cell::new(column.title, Style::Faint);
        let mut header = Row::new(self.columns.iter().map(title).collect());
        header.cells[0].style = Style::Strong;
        let mut text = String::new();
        for (row, line) in std::iter::once(&header)
            .chain(&self.rows)
            .zip(table.lines())
        {
            let mut painted = String::new();
            if row.is_heading() {
                let heading = &row.cells[0];
                painted = format!("\n{}", heading.style.paint(&heading.text, terminal));
            } else {
                let styles = shown.iter().map(|position| row.cells[*position].style);
                for (cell, style) in line.split(SEPARATOR).zip(styles) {
                    if !painted.is_empty() {
                        painted.push_str(GAP);
                    }
                    let content = cell.trim();
                    let content_painted = style.paint(content, terminal);
                    painted.push_str(&cell.replacen(content, &content_painted, 1));
                }
            }
            if let Some(length) = row.bar.filter(|_| bar_width >= MIN_BAR_WIDTH) {
                let bar = bar(length, bar_width.min(MAX_BAR_WIDTH));
                painted = format!("{painted}{GAP}{}", Style::Faint.paint(&bar, terminal));
            }
            text.push_str(painted.trim_end());
            text.push('\n');
        }
        text
    }

    fn table(&self) -> Table {
        let lines = ContentLineStyle::none().junction(SEPARATOR);
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_lines(lines).content_lines(lines));
        table.set_header(self.columns.iter().map(|column| column.title));
        for row in &self.rows {
            let indents = std::iter::once(INDENT).chain(std::iter::repeat(""));
            let cells = row.cells.iter().filter(|_| !row.is_heading()).zip(indents);
            let mut line = TableRow::from(cells.map(|(cell, indent)| {
                // The layout takes quadratic time for long texts.
                let text = cell.text.chars().take(MAX_CHARS);
                indent.chars().chain(text).collect::<String>()
            }));
            line.max_height(1);
            table.add_row(line);
        }
        for (spec, column) in self.columns.iter().zip(table.column_iter_mut()) {
            // Cut at any character, not only between words.
            column.set_padding((0, 0)).set_delimiter(SEPARATOR);
            column.set_cell_alignment(spec.alignment);
        }
        table
    }

    /// Returns the positions of the columns that fit.
    fn shown(&self, widths: &[u16], terminal: Terminal) -> Vec<usize> {
        let mut by_priority: Vec<_> = (1..self.columns.len()).collect();
        by_priority.sort_by_key(|position| self.columns[*position].min_name_width);
        let mut shown = vec![0];
        let mut used = 0_u16;
        for position in by_priority {
            let names = widths[0].min(self.columns[position].min_name_width + INDENT.len() as u16);
            used = used
                .saturating_add(widths[position])
                .saturating_add(GAP_WIDTH);
            if used.saturating_add(names) > terminal.width {
                break;
            }
            shown.push(position);
        }
        shown.sort_unstable();
        shown
    }
}

/// Renders a bar to an eighth of a column.
fn bar(length: f64, width: u16) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (length.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// Wraps text between words, each line indented and in one style, so that no line leaves the
/// terminal coloured.
pub(super) fn paragraph(text: &str, indent: u16, style: Style, terminal: Terminal) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).add_row([text]);
    for column in table.column_iter_mut() {
        let width = Width::Fixed(terminal.width.saturating_sub(indent));
        column
            .set_padding((0, 0))
            .set_constraint(ColumnConstraint::UpperBoundary(width));
    }
    let indent = " ".repeat(indent.into());
    let lines = table.lines();
    lines
        .map(|line| format!("{indent}{}\n", style.paint(line.trim(), terminal)))
        .collect()
}
