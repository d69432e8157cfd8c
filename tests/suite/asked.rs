//! What the simulated Heroku was asked, and how it answered.

use heroku_sim::{Endpoint, LoggedRequest, Simulator};

use crate::exporter::until;

/// The requests for an endpoint, in the order of arrival.
pub(crate) fn requests(heroku: &Simulator, endpoint: Endpoint) -> Vec<LoggedRequest> {
    let mut requests = heroku.requests();
    requests.retain(|request| request.endpoint == Some(endpoint));
    requests
}

/// How many answers of an endpoint had a status.
pub(crate) fn answered(heroku: &Simulator, endpoint: Endpoint, status: u16) -> usize {
    let requests = requests(heroku, endpoint).into_iter();
    requests
        .filter(|request| request.status == Some(status))
        .count()
}

/// Waits until an endpoint was asked so many times more.
pub(crate) async fn asked_again(heroku: &Simulator, endpoint: Endpoint, times: usize) {
    let wanted = requests(heroku, endpoint).len() + times;
    let what = format!("{times} more requests for {endpoint:?}");
    until(&what, || {
        (requests(heroku, endpoint).len() >= wanted).then_some(())
    })
    .await;
}
