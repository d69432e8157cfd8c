//! Queries over the requests that the simulated Heroku has received.

use billing::month::Month;
use heroku_sim::{Endpoint, LoggedRequest, Simulator};

use crate::exporter::wait_until;

/// Returns the requests to an endpoint in order of arrival, without those for past usage.
pub(crate) fn requests(heroku: &Simulator, endpoint: Endpoint) -> Vec<LoggedRequest> {
    let mut requests = heroku.requests();
    requests.retain(|request| request.endpoint == Some(endpoint) && !is_past_usage(request));
    requests
}

/// Returns the requests for past usage in order of arrival.
pub(crate) fn past_usage_requests(heroku: &Simulator) -> Vec<LoggedRequest> {
    let mut requests = heroku.requests();
    requests.retain(is_past_usage);
    requests
}

/// Returns whether a request is for more than the current and the previous month.
fn is_past_usage(request: &LoggedRequest) -> bool {
    let month = |name: &str| -> Option<Month> {
        let (_, value) = request.path.split_once(&format!("{name}="))?;
        value.get(..7)?.parse().ok()
    };
    let months = month("start").zip(month("end"));
    months.is_some_and(|(start, end)| start < end.previous())
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
