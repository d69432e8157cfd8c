//! Queries over the requests that the simulated Heroku has received.

use heroku_sim::{Endpoint, LoggedRequest, Simulator};

use crate::exporter::wait_until;

/// Returns the requests to an endpoint in order of arrival.
pub(crate) fn requests(heroku: &Simulator, endpoint: Endpoint) -> Vec<LoggedRequest> {
    let mut requests = heroku.requests();
    requests.retain(|request| request.endpoint == Some(endpoint));
    requests
}

/// Counts the responses of an endpoint that had `status`.
pub(crate) fn response_count(heroku: &Simulator, endpoint: Endpoint, status: u16) -> usize {
    let requests = requests(heroku, endpoint).into_iter();
    requests
        .filter(|request| request.status == Some(status))
        .count()
}

/// Waits for `count` more requests to an endpoint.
pub(crate) async fn wait_for_requests(heroku: &Simulator, endpoint: Endpoint, count: usize) {
    let expected = requests(heroku, endpoint).len() + count;
    let what = format!("{count} more requests to {endpoint:?}");
    wait_until(&what, || {
        (requests(heroku, endpoint).len() >= expected).then_some(())
    })
    .await;
}
