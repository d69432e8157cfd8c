//! The report for a person at a terminal.

use super::beside;
use super::decimal::{cents, signed_cents, signed_per_cent};
use super::grid::{Cell, Column, Grid, Line, Style};
use super::terminal::Terminal;
use super::text::{visible, wrapped};
use super::{DataIssue, Figures, Report};
use billing::money::Money;

/// What stands for a figure that is not known.
pub(super) const NOTHING: &str = "–";

/// The report as a table for `terminal`, with the `top` costliest apps; `None` means all of them.
pub fn table(report: &Report, top: Option<usize>, terminal: Terminal) -> String {
    let mut text = header(report, terminal);
    text.push('\n');
    text.push_str(&costs(report, top, terminal));
    for grid in [beside::budgets(report), beside::bills(report)]
        .into_iter()
        .flatten()
    {
        text.push('\n');
        text.push_str(&grid.render(terminal));
    }
    text.push('\n');
    for note in notes(report) {
        let note = wrapped(&note, terminal.width, 0);
        text.push_str(&painted(&note, Style::Faint, terminal));
    }
    if !report.gaps.is_empty() {
        text.push('\n');
        text.push_str(&gaps(report, terminal));
    }
    text
}

/// What is missing from the figures, and why; nothing where nothing is.
pub fn gaps(report: &Report, terminal: Terminal) -> String {
    if report.gaps.is_empty() {
        return String::new();
    }
    let mut text = painted("Missing", Style::Strong, terminal);
    report
        .gaps
        .iter()
        .for_each(|gap| missing(&mut text, gap, terminal));
    text
}

/// Lines in one style, each painted by itself, so that none leaves the terminal coloured.
fn painted(lines: &str, style: Style, terminal: Terminal) -> String {
    let lines = lines.lines();
    lines
        .map(|line| format!("{}\n", style.paint(line, terminal)))
        .collect()
}

fn header(report: &Report, terminal: Terminal) -> String {
    let first = report.month.first_day();
    let covered = report.coverage(&report.teams);
    let demo = if report.is_demo { " (demo data)" } else { "" };
    let title = format!("Heroku costs, {}{demo}", first.strftime("%B %Y"));
    let asked = report.at.strftime("%-d %B %Y %H:%M UTC");
    let what = wrapped(
        &format!("{asked}. {covered}. US dollars before credits and taxes."),
        terminal.width,
        0,
    );
    painted(&title, Style::Strong, terminal) + &painted(&what, Style::Faint, terminal)
}

/// The position of the column that says whose an app is.
const TEAM: usize = 0;

/// A change that is less gets no colour, in tenths of a per cent.
const LITTLE: i128 = 10;

/// The position of the column with the change as a share.
const SHARE: usize = 5;

/// The columns of costs. The names give way to the first two; each further one has to leave room
/// for names that can be told apart.
fn cost_grid(has_teams: bool) -> Grid {
    let column = |title, names_first| Column {
        title,
        is_text: false,
        names_first,
    };
    let team = Column {
        title: if has_teams { "team" } else { "" },
        is_text: true,
        names_first: 30,
    };
    let columns = vec![
        team,
        column("so far", 1),
        column("forecast", 8),
        column("last month", 18),
        column("change", 18),
        column("", 18),
    ];
    let mut by_worth = vec![1, 2, 5, 3, 4];
    if has_teams {
        by_worth.push(TEAM);
    }
    Grid {
        columns,
        by_worth,
        lines: Vec::new(),
    }
}

fn costs(report: &Report, top: Option<usize>, terminal: Terminal) -> String {
    let several = report.teams.len() > 1;
    let mut grid = cost_grid(several);
    let known = report.teams.iter().filter(|team| team.figures.is_known());
    let known = known.count();
    let name = match report.teams.as_slice() {
        [team] => visible(&team.name),
        teams if known < teams.len() => format!("{known} of {} teams", teams.len()),
        _ => "all teams".to_owned(),
    };
    grid.lines.push(Line::Heading(String::new()));
    grid.lines
        .push(row(name, Style::Strong, "", &report.company, None));
    if several {
        grid.lines.push(Line::Heading("By team".into()));
        for team in &report.teams {
            grid.lines.push(row(
                visible(&team.name),
                Style::Plain,
                "",
                &team.figures,
                None,
            ));
        }
    }
    let kinds = report.kinds.iter();
    let kinds: Vec<_> = kinds.filter(|kind| !kind.figures.is_nothing()).collect();
    if !kinds.is_empty() {
        grid.lines.push(Line::Heading("By kind".into()));
    }
    for kind in kinds {
        let name = kind.category.as_str().to_owned();
        grid.lines
            .push(row(name, Style::Plain, "", &kind.figures, None));
    }
    apps(&mut grid, report, top);
    if several && !grid.shows(TEAM, terminal) {
        // Without the column, names that are there twice say whose they are themselves.
        grid.name_teams();
    }
    grid.render(terminal)
}

impl Grid {
    /// Writes the team behind each name that stands in more than one row of a team.
    fn name_teams(&mut self) {
        let of_apps = |line: &Line| match line {
            Line::Row { name, cells, .. } if !cells[TEAM].text.is_empty() => {
                Some(name.text.clone())
            }
            _ => None,
        };
        let names: Vec<_> = self.lines.iter().filter_map(of_apps).collect();
        for line in &mut self.lines {
            if let Line::Row { name, cells, .. } = line
                && !cells[TEAM].text.is_empty()
                && names.iter().filter(|other| **other == name.text).count() > 1
            {
                name.text = format!("{} {}", cells[TEAM].text, name.text);
            }
        }
    }
}

/// The costliest apps, the sum of the others, and what belongs to no app: together the whole.
fn apps(grid: &mut Grid, report: &Report, top: Option<usize>) {
    let all = report.apps();
    if all.is_empty() {
        return;
    }
    let shown = top.unwrap_or(all.len()).min(all.len());
    let (top, others) = all.split_at(shown);
    grid.lines.push(Line::Heading(if others.is_empty() {
        "By app".to_owned()
    } else {
        format!("Top {shown} of {} apps", all.len())
    }));
    let dollars = |figures: &Figures| {
        let known = figures.forecast.or(figures.current)?;
        Some(known.dollars().max(0.0))
    };
    let most = top.iter().filter_map(|(_, app)| dollars(&app.figures));
    let most = most.fold(0.0, f64::max);
    for (team, app) in top {
        let bar = dollars(&app.figures)
            .filter(|_| most > 0.0)
            .map(|d| d / most);
        let is_new = team.is_new(app);
        let mut line = row(
            visible(&app.name),
            Style::Plain,
            &visible(&team.name),
            &app.figures,
            bar,
        );
        if let Line::Row { cells, .. } = &mut line
            && is_new
        {
            cells[SHARE] = Cell::new("new", Style::Plain);
        }
        grid.lines.push(line);
    }
    if !others.is_empty() {
        let name = match others.len() {
            1 => "1 other".to_owned(),
            count => format!("{count} others"),
        };
        let figures = others.iter().map(|(_, app)| app.figures).sum();
        grid.lines.push(row(name, Style::Faint, "", &figures, None));
    }
    let beside = Report::in_no_app(&report.company, &all);
    let amounts = [beside.current, beside.forecast, beside.previous];
    if amounts
        .into_iter()
        .flatten()
        .any(|amount| amount != Money::ZERO)
    {
        grid.lines
            .push(row("in no app".into(), Style::Faint, "", &beside, None));
    }
}

fn row(name: String, style: Style, team: &str, figures: &Figures, bar: Option<f64>) -> Line {
    let figure = |money: Option<Money>, style| match money {
        Some(money) => Cell::new(cents(money), style),
        None => Cell::new(NOTHING, Style::Faint),
    };
    let (change, share) = (figures.change(), figures.change_share());
    // Colour is for what is worth a look, not for each cent.
    let is_little = share.is_some_and(|share| share.tenths.abs() < LITTLE);
    let direction = match change {
        Some(change) if !is_little && change > Money::ZERO => Style::Increase,
        Some(change) if !is_little && change < Money::ZERO => Style::Decrease,
        _ => Style::Plain,
    };
    let strong = if style == Style::Strong {
        style
    } else {
        Style::Plain
    };
    Line::Row {
        name: Cell::new(name, style),
        cells: vec![
            Cell::new(team, Style::Faint),
            figure(figures.current, strong),
            figure(figures.forecast, strong),
            figure(figures.previous, strong),
            change.map_or(Cell::new(NOTHING, Style::Faint), |change| {
                Cell::new(signed_cents(change), direction)
            }),
            share.map_or(Cell::default(), |share| {
                Cell::new(signed_per_cent(share), direction)
            }),
        ],
        bar,
    }
}

/// What the figures are.
fn notes(report: &Report) -> Vec<String> {
    let mut notes = vec![
        "Change is the forecast against last month. What an invoice has beyond usage is unexplained. \
         docs/COSTS.md explains each dollar."
            .to_owned(),
    ];
    let rolled_up: usize = report.teams.iter().map(|team| team.rolled_up).sum();
    if rolled_up > 0 {
        notes.push(format!(
            "{rolled_up} apps are added up in _other (--apps.max)."
        ));
    }
    notes
}

fn missing(text: &mut String, gap: &DataIssue, terminal: Terminal) {
    let as_of = gap
        .shown_as_of
        .map(|at| format!(" Figures of {} stand.", at.strftime("%-d %B %Y %H:%M UTC")));
    let what = format!(
        "  {}, {}: {}: {}.{}",
        gap.team,
        gap.endpoint,
        gap.reason,
        gap.message.trim_end_matches('.'),
        as_of.unwrap_or_default()
    );
    let what = wrapped(
        &visible(what.trim_start()),
        terminal.width.saturating_sub(2),
        0,
    );
    let advice = wrapped(gap.advice, terminal.width.saturating_sub(4), 0);
    let style = if gap.is_failure {
        Style::Plain
    } else {
        Style::Faint
    };
    for (indent, lines, style) in [(2, what, style), (4, advice, Style::Faint)] {
        for line in lines.lines() {
            text.push_str(&" ".repeat(indent));
            text.push_str(&style.paint(line, terminal));
            text.push('\n');
        }
    }
}
