//! Tables that fit the width of the terminal. Names are truncated and columns hidden, but amounts
//! are never truncated.

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

/// A column. The first column of a grid contains names.
#[derive(Clone, Debug)]
pub(super) struct Column {
    title: String,
    alignment: CellAlignment,
    /// The width that must remain for names for the column to be visible. Columns with smaller
    /// values have priority.
    min_name_width: u16,
}

impl Column {
    pub(super) fn new(
        title: impl Into<String>,
        alignment: CellAlignment,
        min_name_width: u16,
    ) -> Self {
        Self {
            title: title.into(),
            alignment,
            min_name_width,
        }
    }
}

/// A row.
#[derive(Debug)]
pub(super) struct GridRow {
    /// The cells. A heading has a single cell.
    pub(super) cells: Vec<Cell>,
    /// The length of the bar after the cells, from 0 to 1.
    pub(super) bar: Option<f64>,
}

impl GridRow {
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
    pub(super) rows: Vec<GridRow>,
}

/// The indent of rows below their heading.
const INDENT: &str = "  ";

/// The space between two columns.
const GAP: &str = "  ";
const GAP_WIDTH: u16 = 2;

/// The separator of cells in a rendered line. No cell contains it.
const SEPARATOR: char = '\0';

/// The maximum length of a cell in characters, more than fit the widest terminal.
const MAX_CHARS: usize = 2 * MAX_WIDTH as usize;

const MIN_BAR_WIDTH: u16 = 10;
const MAX_BAR_WIDTH: u16 = 40;

impl Grid {
    /// Returns whether the column at `position` is visible in the terminal.
    pub(super) fn is_column_visible(&self, position: usize, terminal: Terminal) -> bool {
        self.visible_columns(&self.table().column_max_content_widths(), terminal)
            .contains(&position)
    }

    /// Renders the grid with a header row.
    pub(super) fn render(&self, terminal: Terminal) -> String {
        let mut table = self.table();
        let mut widths = table.column_max_content_widths();
        let visible = self.visible_columns(&widths, terminal);
        let other_widths: u16 = visible
            .iter()
            .skip(1)
            .map(|position| GAP_WIDTH + widths[*position])
            .sum();
        widths[0] = widths[0]
            .min(terminal.width.saturating_sub(other_widths))
            .max(1);
        let bar_width = terminal
            .width
            .saturating_sub(widths[0] + other_widths + GAP_WIDTH);
        for (position, column) in table.column_iter_mut().enumerate() {
            column.set_constraint(if visible.contains(&position) {
                ColumnConstraint::Absolute(Width::Fixed(widths[position]))
            } else {
                ColumnConstraint::Hidden
            });
        }
        let title = |column: &Column| Cell::new(column.title.as_str(), Style::Faint);
        let mut header = GridRow::new(self.columns.iter().map(title).collect());
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
                let styles = visible.iter().map(|position| row.cells[*position].style);
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
        table.set_header(self.columns.iter().map(|column| &column.title));
        for row in &self.rows {
            let indents = std::iter::once(INDENT).chain(std::iter::repeat(""));
            let cells = row.cells.iter().filter(|_| !row.is_heading()).zip(indents);
            let mut line = TableRow::from(cells.map(|(cell, indent)| {
                // The layout algorithm is quadratic in the length of the text.
                let text = cell.text.chars().take(MAX_CHARS);
                indent.chars().chain(text).collect::<String>()
            }));
            line.max_height(1);
            table.add_row(line);
        }
        for (spec, column) in self.columns.iter().zip(table.column_iter_mut()) {
            // Truncate at any character, not only between words.
            column.set_padding((0, 0)).set_delimiter(SEPARATOR);
            column.set_cell_alignment(spec.alignment);
        }
        table
    }

    /// Returns the positions of the columns that fit.
    fn visible_columns(&self, widths: &[u16], terminal: Terminal) -> Vec<usize> {
        let mut by_priority: Vec<_> = (1..self.columns.len()).collect();
        by_priority.sort_by_key(|position| self.columns[*position].min_name_width);
        let mut visible = vec![0];
        let mut used = 0_u16;
        for position in by_priority {
            let names = widths[0].min(self.columns[position].min_name_width + INDENT.len() as u16);
            used = used
                .saturating_add(widths[position])
                .saturating_add(GAP_WIDTH);
            if used.saturating_add(names) > terminal.width {
                break;
            }
            visible.push(position);
        }
        visible.sort_unstable();
        visible
    }
}

/// Renders a bar to an eighth of a column.
fn bar(length: f64, width: u16) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (length.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// Wraps text between words. Each line is indented and styled separately, so that styles do not
/// extend beyond a line.
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
