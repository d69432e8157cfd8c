//! The units in which billing data is versioned and compared.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// A billing endpoint of the Heroku Platform API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum BillingEndpoint {
    Invoices,
    Usage,
}

impl BillingEndpoint {
    pub(crate) const ALL: [Self; 2] = [Self::Invoices, Self::Usage];
}

/// A team name and one of the team's billing endpoints.
pub(crate) type TeamEndpoint = (String, BillingEndpoint);

/// Identifies samples that change together: the invoices of a team, or its usage of one month.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Block {
    pub(crate) team: String,
    /// The first day of the month of usage; `None` for invoices.
    pub(crate) month: Option<Date>,
}

impl Block {
    /// Returns the endpoint that the block is fetched from.
    pub(crate) fn endpoint(&self) -> TeamEndpoint {
        let endpoint = match self.month {
            None => BillingEndpoint::Invoices,
            Some(_) => BillingEndpoint::Usage,
        };
        (self.team.clone(), endpoint)
    }
}

/// A metric name and its labels. The names of usage metrics omit `current_` and `previous_`,
/// because the label `month` identifies the month.
pub(crate) type SeriesKey = (String, BTreeMap<String, String>);

/// Sample values by series.
pub(crate) type Samples = BTreeMap<SeriesKey, f64>;
