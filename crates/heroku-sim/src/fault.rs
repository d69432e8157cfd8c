//! Faults that tests inject, and the plan that selects the fault of a request.

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::route::Route;

/// How many requests a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// One request.
    Once,
    /// The given number of requests.
    Count(u32),
    /// All requests until [`Simulator::clear_faults`](crate::Simulator::clear_faults).
    Always,
}

/// A fault that is injected into a response.
///
/// A fault that replaces the response takes precedence over all checks of the request, including
/// authentication. Faults of the body (`Drip`, `TruncateBody`, `ResetInBody`, `NotGzip`,
/// `RangeLoop`) modify the normal response and ignore `If-None-Match`, because a 304 has no body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The given status with the error body that Heroku documents for it, such as `delinquent` for
    /// 402 or `rate_limit` for 429.
    Status(u16),
    /// 429 `rate_limit` with no request tokens left. Heroku usually sends no `Retry-After`.
    RateLimited {
        /// The value of `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// An HTML maintenance page, as Heroku's router sends when the API is down.
    Html {
        /// The status.
        status: u16,
    },
    /// An arbitrary response, sent without compression and `ETag`.
    Response {
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The bytes of the body.
        body: Vec<u8>,
    },
    /// The normal response after a delay.
    Delay(Duration),
    /// No response; the connection stays open.
    Hang,
    /// The normal response with its body sent at a limited rate.
    Drip {
        /// Bytes of the body per second; 0 counts as 1.
        bytes_per_second: u32,
    },
    /// The normal response, closed with a FIN before the `Content-Length` is reached.
    TruncateBody {
        /// Bytes of the compressed body that are sent. At least one byte is withheld.
        after: usize,
    },
    /// The connection is reset (RST) while the headers are sent.
    ResetInHeaders,
    /// The connection is reset (RST) while the body is sent.
    ResetInBody {
        /// Bytes of the compressed body that are sent. At least one byte is withheld.
        after: usize,
    },
    /// The normal response, uncompressed, with `Content-Encoding: gzip`.
    NotGzip,
    /// A redirect, as a proxy may send.
    Redirect {
        /// The value of `Location`.
        location: String,
        /// The status, such as 302 or 307.
        status: u16,
    },
    /// The first page as 206 with the same `Next-Range`, regardless of the requested `Range`.
    RangeLoop,
    /// 200 with an unterminated JSON array, streamed without a `Content-Length`.
    HugeBody {
        /// The length of the body in bytes.
        bytes: u64,
    },
    /// 200 with an empty list.
    EmptyList,
}

/// The faults to inject, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    faults: Vec<PlannedFault>,
}

#[derive(Debug)]
struct PlannedFault {
    /// Id or name of the team or enterprise account; `None` for all.
    owner: Option<String>,
    endpoint: Endpoint,
    fault: Fault,
    times: Times,
}

impl FaultPlan {
    pub(crate) fn add(
        &mut self,
        owner: Option<&str>,
        endpoint: Endpoint,
        fault: Fault,
        times: Times,
    ) {
        if times != Times::Count(0) {
            self.faults.push(PlannedFault {
                owner: owner.map(str::to_owned),
                endpoint,
                fault,
                times,
            });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }

    /// Takes the first fault that matches a route. `is_owner` returns whether an id or name is that
    /// of the team or enterprise account in the path.
    pub(crate) fn take(&mut self, route: &Route, is_owner: impl Fn(&str) -> bool) -> Option<Fault> {
        let index = self.faults.iter().position(|planned| {
            let is_endpoint =
                planned.endpoint == Endpoint::Any || Some(planned.endpoint) == route.endpoint;
            is_endpoint && planned.owner.as_deref().is_none_or(&is_owner)
        })?;
        let planned = &mut self.faults[index];
        match planned.times {
            Times::Always => Some(planned.fault.clone()),
            Times::Count(left) if left > 1 => {
                planned.times = Times::Count(left - 1);
                Some(planned.fault.clone())
            }
            Times::Once | Times::Count(_) => Some(self.faults.remove(index).fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultPlan, Times};
    use crate::endpoint::Endpoint;
    use crate::route::Route;

    #[test]
    fn takes_faults_in_order_of_addition() {
        let mut plan = FaultPlan::default();
        plan.add(None, Endpoint::Usage, Fault::Status(500), Times::Count(0));
        plan.add(None, Endpoint::Usage, Fault::Status(503), Times::Count(2));
        plan.add(Some("ops"), Endpoint::Any, Fault::Hang, Times::Once);
        plan.add(None, Endpoint::Usage, Fault::EmptyList, Times::Always);
        let usage = Route::parse("/teams/ops/usage/monthly");
        let mut take = |route: &Route| plan.take(route, |team| route.team.as_deref() == Some(team));
        assert_eq!(take(&Route::parse("/teams/web/invoices")), None);
        assert_eq!(take(&usage), Some(Fault::Status(503)));
        assert_eq!(take(&usage), Some(Fault::Status(503)));
        assert_eq!(
            take(&Route::parse("/teams/web/usage/monthly")),
            Some(Fault::EmptyList)
        );
        assert_eq!(take(&usage), Some(Fault::Hang));
        assert_eq!(take(&usage), Some(Fault::EmptyList));
        assert_eq!(take(&usage), Some(Fault::EmptyList));
    }
}
