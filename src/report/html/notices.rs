//! What is wrong, or will be, in words that a person can act on. What many endpoints have in common
//! is said once.

use jiff::{Span, Timestamp};

use super::words::{When, line, name};
use crate::report::{DataIssue, Report, TeamReport};

/// How many of those whom a notice is about are named.
const NAMED: usize = 8;

/// How long before the token expires that is said, in hours.
const TOKEN_NOTICE: i64 = 30 * 24;

/// Of how many months back an invoice that failed is told.
const INVOICES: usize = 3;

/// Something that somebody should do something about.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) title: String,
    /// Whom it is about.
    pub(super) whose: Vec<String>,
    /// How many more.
    pub(super) more: usize,
    /// What happened.
    pub(super) message: Option<String>,
    /// What to do.
    pub(super) advice: String,
    /// When the figures came that are shown in place of newer ones, at the earliest.
    pub(super) stands: Option<When>,
}

/// What is to be said of `teams`, all of the report's or one.
pub(super) fn all(report: &Report, teams: &[TeamReport]) -> Vec<Notice> {
    let mut notices = Vec::new();
    notices.extend(token(report));
    notices.extend(teams.iter().flat_map(|team| scheduled(team, report.at)));
    notices.extend(failures(report, teams));
    notices.extend(teams.iter().flat_map(invoices));
    notices
}

fn notice(title: String, advice: &str) -> Notice {
    Notice {
        title,
        whose: Vec::new(),
        more: 0,
        message: None,
        advice: advice.to_owned(),
        stands: None,
    }
}

fn token(report: &Report) -> Option<Notice> {
    let expiry = report.token_expires_at?;
    let soon = report
        .at
        .checked_add(Span::new().hours(TOKEN_NOTICE))
        .unwrap_or(Timestamp::MAX);
    let when = When::new(expiry, report.at);
    let title = if expiry <= report.at {
        format!("The token expired {}", when.age)
    } else {
        format!("The token expires {}", when.age)
    };
    (expiry <= soon).then(|| Notice {
        message: Some(format!("It is good until {when}.")),
        ..notice(
            title,
            "Make one with `heroku authorizations:create` and set HEROKU_API_KEY (or the file that \
             HEROKU_API_KEY_FILE names) to it.",
        )
    })
}

fn scheduled(team: &TeamReport, now: Timestamp) -> impl Iterator<Item = Notice> {
    let of = |at: Option<Timestamp>, what: &str| {
        let when = When::new(at?, now);
        let of = name(&team.name);
        Some(Notice {
            message: Some(format!("It is set for {when}.")),
            ..notice(
                format!("Heroku will {what} {of} {}", when.age),
                "The team has an unpaid bill: settle it with Heroku.",
            )
        })
    };
    let delinquency = team.delinquency;
    let both = [
        of(delinquency.suspension, "suspend"),
        of(delinquency.deletion, "delete"),
    ];
    both.into_iter().flatten()
}

/// Whether a gap is `teams`' own, or nobody's: an account's or that of the list of teams.
fn concerns(gap: &DataIssue, report: &Report, teams: &[TeamReport]) -> bool {
    teams.iter().any(|team| team.name == gap.team)
        || !report.teams.iter().any(|team| team.name == gap.team)
}

/// The failures, those of one reason together.
fn failures(report: &Report, teams: &[TeamReport]) -> Vec<Notice> {
    let mut reasons: Vec<(&DataIssue, Vec<&DataIssue>)> = Vec::new();
    let gaps = report.gaps.iter().filter(|gap| gap.is_failure);
    for gap in gaps.filter(|gap| concerns(gap, report, teams)) {
        match reasons
            .iter_mut()
            .find(|(first, _)| first.reason == gap.reason)
        {
            Some((_, gaps)) => gaps.push(gap),
            None => reasons.push((gap, vec![gap])),
        }
    }
    let together = reasons.into_iter().map(|(first, gaps)| {
        let whose = gaps.iter().take(NAMED).map(|gap| whose(gap));
        let earliest = gaps.iter().filter_map(|gap| gap.shown_as_of).min();
        Notice {
            whose: whose.collect(),
            more: gaps.len().saturating_sub(NAMED),
            message: Some(line(&first.message)),
            stands: earliest.map(|at| When::new(at, report.at)),
            ..notice(first.title.to_owned(), first.advice)
        }
    });
    together.collect()
}

fn whose(gap: &DataIssue) -> String {
    if gap.team == "*" {
        return "the list of teams".to_owned();
    }
    format!("{}: {}", name(&gap.team), gap.endpoint)
}

/// Invoices of late that failed.
fn invoices(team: &TeamReport) -> impl Iterator<Item = Notice> {
    let late = team.invoices.iter().rev().take(INVOICES);
    let failed = late.filter(|invoice| invoice.state == Some("failed"));
    failed.map(|invoice| {
        let month = invoice.month.first_day().strftime("%B %Y");
        notice(
            format!("{}: the invoice of {month} failed", name(&team.name)),
            "Heroku could not charge it: look at the payment method in the team's billing settings.",
        )
    })
}
