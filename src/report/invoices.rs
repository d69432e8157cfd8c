//! A team's invoices of the last months.

use billing::invoice::Invoices;
use billing::money::Money;
use billing::month::Month;

/// An invoice, as far as a year's picture needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastInvoice {
    /// The month that it bills.
    pub month: Month,
    /// Charges and credits combined (`total`).
    pub total: Option<Money>,
    /// Its state as a word (`state`); `None` where Heroku gave none that is known.
    pub state: Option<&'static str>,
}

/// The invoices of `current` and of `history` months before it, the oldest first; a month of which
/// there is none is left out.
pub(super) fn of(invoices: Option<&Invoices>, current: Month, history: usize) -> Vec<PastInvoice> {
    let Some(invoices) = invoices else {
        return Vec::new();
    };
    let mut found: Vec<_> = months_back(current, history)
        .filter_map(|month| {
            let invoice = invoices.of_month(month)?;
            Some(PastInvoice {
                month,
                total: invoice.total,
                state: invoice.state_name(),
            })
        })
        .collect();
    found.reverse();
    found
}

/// `current` and `history` months before it, the latest first.
pub fn months_back(current: Month, history: usize) -> impl Iterator<Item = Month> {
    std::iter::successors(Some(current), |month| Some(month.previous())).take(history + 1)
}
