//! Missing, incomplete and outdated data, with reasons.

use jiff::Timestamp;
use serde::Serialize;

use super::failure_text::{advice, title};
use super::format::count;
use crate::snapshot::{EndpointStatus, FailureReason, Snapshot, Team};
use billing::category::Category;
use heroku_api::skipped::Skipped;
use heroku_api::stats::Endpoint;

/// The reasons of issues with parts of a response, in addition to [`FailureReason`].
const SKIPPED_ROWS: &str = "skipped_rows";
const SKIPPED_FIELDS: &str = "skipped_fields";
const EMPTY_RESPONSE: &str = "empty_response";
const UNKNOWN_CATEGORY: &str = "unknown_category";

/// Missing, incomplete or outdated data of an endpoint.
#[derive(Debug, Serialize)]
pub(super) struct DataIssue {
    /// The name of a team or an enterprise account, or `*` for team discovery.
    #[serde(rename = "team_name")]
    pub(super) team: String,
    pub(super) endpoint: &'static str,
    /// The reason, one of a closed list.
    pub(super) reason: &'static str,
    /// A readable form of the reason.
    #[serde(skip)]
    pub(super) title: &'static str,
    pub(super) message: String,
    pub(super) advice: &'static str,
    /// The time of the older data that the report contains instead.
    #[serde(rename = "figures_as_of")]
    pub(super) data_as_of: Option<Timestamp>,
    /// Whether this is a failure rather than data that Heroku does not offer.
    #[serde(rename = "failed")]
    pub(super) is_failure: bool,
}

impl DataIssue {
    /// Returns all issues of a snapshot.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        let mut issues = Vec::new();
        if let Some(discovery) = &snapshot.discovery {
            issues.extend(Self::of_endpoint("*", Endpoint::Teams, discovery));
        }
        for account in &snapshot.accounts {
            let usage = Self::of_endpoint(&account.name, Endpoint::Usage, &account.usage);
            issues.extend(usage);
        }
        // Teams depend on these endpoints, so missing ones are failures even if Heroku does not
        // offer them.
        Self::mark_as_failures(&mut issues);
        issues.extend(snapshot.teams().iter().flat_map(Self::of_team));
        issues
    }

    fn of_team(team: &Team) -> Vec<Self> {
        let of_endpoint = |endpoint: &Endpoint| match endpoint {
            Endpoint::Usage => Self::of_endpoint(&team.name, *endpoint, &team.usage),
            _ => Self::of_endpoint(&team.name, *endpoint, &team.invoices),
        };
        let mut issues: Vec<_> = team.polled_endpoints.iter().flat_map(of_endpoint).collect();
        let missing = issues.iter().filter(|issue| issue.is_missing()).count();
        // The usage of the team comes from its enterprise account.
        let has_account = !team.polled_endpoints.contains(&Endpoint::Usage) && team.id.is_some();
        if missing == team.polled_endpoints.len() && !has_account {
            Self::mark_as_failures(&mut issues);
        }
        issues
    }

    fn of_endpoint<T>(name: &str, endpoint: Endpoint, status: &EndpointStatus<T>) -> Vec<Self> {
        let failure = status.failure.as_ref().map(|failure| Self {
            team: name.to_owned(),
            endpoint: endpoint.as_str(),
            reason: failure.reason.as_str(),
            title: title(failure.reason),
            message: failure.message.clone(),
            advice: advice(failure.reason),
            data_as_of: status.last_success.as_ref().map(|success| success.at),
            is_failure: failure.reason != FailureReason::NotAvailable,
        });
        let Skipped { rows, fields } = &status.stats.skipped;
        let rows = (SKIPPED_ROWS, rows, ["row", "rows"]);
        let fields = (SKIPPED_FIELDS, fields, ["field", "fields"]);
        let skipped = [rows, fields].into_iter().filter_map(|part| {
            let (reason, skipped, [one, many]) = part;
            let number = usize::try_from(skipped.count).unwrap_or(usize::MAX);
            let error = skipped.first_error.as_ref()?;
            Some(Self {
                team: name.to_owned(),
                endpoint: endpoint.as_str(),
                reason,
                title: "Part of Heroku's response is invalid",
                message: format!("{} skipped, the first: {error}", count(number, one, many)),
                advice: "Affected amounts are missing or too low.",
                data_as_of: None,
                is_failure: false,
            })
        });
        let empty = status.stats.is_empty_unconfirmed.then(|| Self {
            team: name.to_owned(),
            endpoint: endpoint.as_str(),
            reason: EMPTY_RESPONSE,
            title: "Heroku returned an empty list",
            message: "The list was not empty before.".to_owned(),
            advice: "The previous data remains until the next poll confirms the response.",
            data_as_of: status.last_success.as_ref().map(|success| success.at),
            is_failure: false,
        });
        failure.into_iter().chain(skipped).chain(empty).collect()
    }

    /// Returns the issue of a category of which the current month has no amount.
    pub(super) fn unknown_category(team: &str, category: Category) -> Self {
        Self {
            team: team.to_owned(),
            endpoint: Endpoint::Usage.as_str(),
            reason: UNKNOWN_CATEGORY,
            title: "An amount of the current month is missing",
            message: format!(
                "Heroku reports no {} of the current month.",
                category.as_str()
            ),
            advice: "The cost to date and the forecast do not include it.",
            data_as_of: None,
            is_failure: false,
        }
    }

    /// Returns whether the complete response is missing, not only a part of it.
    fn is_missing(&self) -> bool {
        ![
            SKIPPED_ROWS,
            SKIPPED_FIELDS,
            EMPTY_RESPONSE,
            UNKNOWN_CATEGORY,
        ]
        .contains(&self.reason)
    }

    fn mark_as_failures(issues: &mut [Self]) {
        for issue in issues {
            issue.is_failure |= issue.is_missing();
        }
    }
}
