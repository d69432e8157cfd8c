//! Problems that people should act on.

use jiff::{Span, Timestamp};

use super::format::{When, message, name};
use crate::report::data_issues::DataIssue;
use crate::report::figures::{Report, TeamReport};
use crate::report::format::month_name;

/// The maximum of endpoints that a notice names.
const MAX_NAMED: usize = 8;

/// How long before the expiry of the token there is a notice.
const TOKEN_NOTICE_HOURS: i64 = 30 * 24;

/// The number of latest invoices that are checked.
const INVOICES: usize = 3;

/// A problem that people should act on.
#[derive(Debug, Default)]
pub(super) struct Notice {
    pub(super) title: String,
    /// The endpoints with the problem.
    pub(super) endpoints: Vec<String>,
    /// The number of further endpoints.
    pub(super) more: usize,
    pub(super) message: Option<String>,
    pub(super) advice: String,
    /// The time of the oldest data that is shown instead.
    pub(super) shown_as_of: Option<When>,
}

/// Returns the notices about `teams` and about what belongs to no team.
pub(super) fn all(report: &Report, teams: &[TeamReport]) -> Vec<Notice> {
    let mut notices = Vec::new();
    notices.extend(token(report));
    for team in teams {
        notices.extend(scheduled("suspend", team.suspension_at, team, report.at));
        notices.extend(scheduled("delete", team.deletion_at, team, report.at));
    }
    notices.extend(failures(report, teams));
    notices.extend(teams.iter().flat_map(invoices));
    notices
}

fn token(report: &Report) -> Option<Notice> {
    let expiry = report.token_expires_at?;
    let notice_span = Span::new().hours(TOKEN_NOTICE_HOURS);
    let horizon = report.at.checked_add(notice_span).unwrap_or(Timestamp::MAX);
    let when = When::new(expiry, report.at);
    let verb = if expiry <= report.at {
        "expired"
    } else {
        "expires"
    };
    (expiry <= horizon).then(|| Notice {
        title: format!("The token {verb} {}", when.age),
        message: Some(format!("It is good until {}.", when.text)),
        advice: "Make one with `heroku authorizations:create` and set HEROKU_API_KEY (or the file \
                 that HEROKU_API_KEY_FILE names) to it."
            .to_owned(),
        ..Notice::default()
    })
}

fn scheduled(
    verb: &str,
    at: Option<Timestamp>,
    team: &TeamReport,
    now: Timestamp,
) -> Option<Notice> {
    let when = When::new(at?, now);
    Some(Notice {
        title: format!("Heroku will {verb} {} {}", name(&team.name), when.age),
        message: Some(format!("It is set for {}.", when.text)),
        advice: "The team has an unpaid bill: settle it with Heroku.".to_owned(),
        ..Notice::default()
    })
}

/// Returns a notice for each reason of failures.
fn failures(report: &Report, teams: &[TeamReport]) -> Vec<Notice> {
    let mut by_reason: Vec<Vec<&DataIssue>> = Vec::new();
    let failures = report.issues.iter().filter(|issue| issue.is_failure);
    for issue in failures.filter(|issue| report.concerns(&issue.team, teams)) {
        match by_reason.iter_mut().find(|of| of[0].reason == issue.reason) {
            Some(issues) => issues.push(issue),
            None => by_reason.push(vec![issue]),
        }
    }
    let notices = by_reason.into_iter().map(|issues| {
        let oldest = issues.iter().filter_map(|issue| issue.shown_as_of).min();
        Notice {
            title: issues[0].title.to_owned(),
            endpoints: issues
                .iter()
                .take(MAX_NAMED)
                .map(|issue| endpoint(issue))
                .collect(),
            more: issues.len().saturating_sub(MAX_NAMED),
            message: Some(message(&issues[0].message)),
            advice: issues[0].advice.to_owned(),
            shown_as_of: oldest.map(|at| When::new(at, report.at)),
        }
    });
    notices.collect()
}

fn endpoint(issue: &DataIssue) -> String {
    match issue.team.as_str() {
        "*" => "the list of teams".to_owned(),
        team => format!("{}: {}", name(team), issue.endpoint),
    }
}

/// Returns a notice for each of the latest invoices that failed.
fn invoices(team: &TeamReport) -> impl Iterator<Item = Notice> {
    let latest = team.invoices.iter().rev().take(INVOICES);
    let failed = latest.filter(|invoice| invoice.state == Some("failed"));
    failed.map(|invoice| Notice {
        title: format!(
            "{}: the invoice of {} failed",
            name(&team.name),
            month_name(invoice.month)
        ),
        advice: "Heroku could not charge it: look at the payment method in the team's billing \
                 settings."
            .to_owned(),
        ..Notice::default()
    })
}
