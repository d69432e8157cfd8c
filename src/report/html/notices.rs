//! Notices about problems that require action.

use jiff::{Span, Timestamp};

use super::text::{FormattedTime, display_message, display_name};
use crate::report::costs::{Report, TeamReport};
use crate::report::data_issues::DataIssue;
use crate::report::format::month_name;

/// The maximum number of endpoints that a notice lists.
const MAX_ENDPOINTS: usize = 8;

/// The time before the expiry of the token at which a notice appears, in hours.
const TOKEN_NOTICE_HOURS: i64 = 30 * 24;

/// The number of recent invoices that are checked.
const CHECKED_INVOICES: usize = 3;

/// A problem that requires action.
#[derive(Debug, Default)]
pub(super) struct Notice {
    pub(super) title: String,
    /// The affected endpoints.
    pub(super) endpoints: Vec<String>,
    /// The number of affected endpoints that are not listed.
    pub(super) more_endpoints: usize,
    pub(super) message: Option<String>,
    pub(super) advice: String,
    /// The time of the oldest data that the page shows instead.
    pub(super) data_as_of: Option<FormattedTime>,
}

/// Returns the notices about `teams` and about targets that are not teams.
pub(super) fn all(report: &Report, teams: &[TeamReport]) -> Vec<Notice> {
    let mut notices = Vec::new();
    notices.extend(token(report));
    for team in teams {
        notices.extend(scheduled("suspend", team.suspension_at, team, report.at));
        notices.extend(scheduled("delete", team.deletion_at, team, report.at));
    }
    notices.extend(failures(report, teams));
    if teams.len() == report.teams.len() {
        notices.extend(report.unmatched.iter().map(|unmatched| Notice {
            title: "A setting has no effect".to_owned(),
            message: Some(display_message(&format!("{unmatched}."))),
            advice: "Correct the name in the settings, or remove it.".to_owned(),
            ..Notice::default()
        }));
    }
    notices.extend(teams.iter().flat_map(invoices));
    notices
}

fn token(report: &Report) -> Option<Notice> {
    let expiry = report.token_expires_at?;
    let notice_span = Span::new().hours(TOKEN_NOTICE_HOURS);
    let horizon = report.at.checked_add(notice_span).unwrap_or(Timestamp::MAX);
    let time = FormattedTime::new(expiry, report.at);
    let verb = if expiry <= report.at {
        "expired"
    } else {
        "expires"
    };
    (expiry <= horizon).then(|| Notice {
        title: format!("The token {verb} {}", time.age),
        message: Some(format!("It is valid until {}.", time.text)),
        advice: "Create one with `heroku authorizations:create` and set HEROKU_API_KEY, or write \
                 it to the file in HEROKU_API_KEY_FILE."
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
    let time = FormattedTime::new(at?, now);
    Some(Notice {
        title: format!(
            "Heroku will {verb} {} {}",
            display_name(&team.name),
            time.age
        ),
        message: Some(format!("Scheduled for {}.", time.text)),
        advice: "The team has an unpaid bill. Pay it in the Heroku dashboard.".to_owned(),
        ..Notice::default()
    })
}

/// Returns a notice for each failure reason.
fn failures(report: &Report, teams: &[TeamReport]) -> Vec<Notice> {
    let mut by_reason: Vec<Vec<&DataIssue>> = Vec::new();
    let failures = report.issues.iter().filter(|issue| issue.is_failure);
    for issue in failures.filter(|issue| report.is_relevant(&issue.team, teams)) {
        match by_reason.iter_mut().find(|of| of[0].reason == issue.reason) {
            Some(issues) => issues.push(issue),
            None => by_reason.push(vec![issue]),
        }
    }
    let notices = by_reason.into_iter().map(|issues| {
        let oldest = issues.iter().filter_map(|issue| issue.data_as_of).min();
        Notice {
            title: issues[0].title.to_owned(),
            endpoints: issues
                .iter()
                .take(MAX_ENDPOINTS)
                .map(|issue| endpoint(issue))
                .collect(),
            more_endpoints: issues.len().saturating_sub(MAX_ENDPOINTS),
            message: Some(display_message(&issues[0].message)),
            advice: issues[0].advice.to_owned(),
            data_as_of: oldest.map(|at| FormattedTime::new(at, report.at)),
        }
    });
    notices.collect()
}

fn endpoint(issue: &DataIssue) -> String {
    match issue.team.as_str() {
        "*" => "team discovery".to_owned(),
        team => format!("{}: {}", display_name(team), issue.endpoint),
    }
}

/// Returns a notice for each recent invoice with a failed payment.
fn invoices(team: &TeamReport) -> impl Iterator<Item = Notice> {
    let latest = team.invoices.iter().rev().take(CHECKED_INVOICES);
    let failed = latest.filter(|invoice| invoice.state == Some("failed"));
    failed.map(|invoice| Notice {
        title: format!(
            "{}: the invoice of {} failed",
            display_name(&team.name),
            month_name(invoice.month)
        ),
        advice: "Heroku could not collect it. Check the payment method in the team's billing \
                 settings."
            .to_owned(),
        ..Notice::default()
    })
}
