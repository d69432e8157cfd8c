//! What can go wrong, and when: the faults that a test scripts and the queue that hands them out.

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::route::Route;

/// How often a scripted fault strikes before the endpoint is well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// For one request.
    Once,
    /// For so many requests.
    Count(u32),
    /// Until [`Simulator::clear_faults`](crate::Simulator::clear_faults).
    Always,
}

/// One way in which an answer goes wrong.
///
/// A fault comes before every check that the simulator makes: a router that is down does not look
/// at a token. Faults of the body (`Drip`, `TruncateBody`, `ResetInBody`, `NotGzip`, `RangeLoop`)
/// carry the answer that would have been given, but never a 304, which has no body to spoil.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// This status, with the error body that Heroku documents for it (402 is `delinquent`, 429 is
    /// `rate_limit`).
    Status(u16),
    /// 429 `rate_limit` with nothing left, and a `Retry-After` of so many seconds if any: Heroku
    /// usually sends none.
    RateLimited {
        /// The value of `Retry-After`.
        retry_after: Option<u64>,
    },
    /// A maintenance page in HTML, as Heroku's router gives when the API behind it is down.
    Html {
        /// The status that the page comes with.
        status: u16,
    },
    /// An arbitrary answer, sent as it is: never compressed and without an `ETag`.
    Body {
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The bytes of the body.
        body: Vec<u8>,
    },
    /// The normal answer, this much later.
    Delay(Duration),
    /// The request is accepted and never answered.
    Hang,
    /// The normal answer, its body trickling in at this rate. A rate of 0 counts as 1.
    Drip {
        /// Bytes of the body sent a second.
        bytes_per_second: u32,
    },
    /// The normal answer, its connection closed in good order (FIN) before the `Content-Length` is
    /// reached.
    TruncateBody {
        /// Bytes of the body sent, as counted on the wire (after compression). At least one byte of
        /// the body is always withheld.
        after: usize,
    },
    /// The connection is reset (RST) in the midst of the headers.
    ResetInHeaders,
    /// The connection is reset (RST) in the midst of the body.
    ResetInBody {
        /// Bytes of the body sent, as counted on the wire (after compression). At least one byte of
        /// the body is always withheld.
        after: usize,
    },
    /// The normal answer in plain text that claims to be `Content-Encoding: gzip`.
    NotGzip,
    /// A redirect, as a proxy in the way would send.
    Redirect {
        /// The value of `Location`.
        location: String,
        /// The status, such as 302 or 307.
        status: u16,
    },
    /// The first page as 206, whose `Next-Range` is the same whatever `Range` was asked for.
    RangeLoop,
    /// 200 with an array that begins well and never closes, streamed without a `Content-Length`.
    HugeBody {
        /// How many bytes are streamed before the answer ends.
        bytes: u64,
    },
    /// 200 with `[]`.
    EmptyList,
}

/// The scripted faults, in the order in which they were scripted.
#[derive(Debug, Default)]
pub(crate) struct Script {
    scenes: Vec<Scene>,
}

#[derive(Debug)]
struct Scene {
    /// Id or name of the team, or of the enterprise account; every one when absent.
    owner: Option<String>,
    endpoint: Endpoint,
    fault: Fault,
    times: Times,
}

impl Script {
    pub(crate) fn add(
        &mut self,
        owner: Option<&str>,
        endpoint: Endpoint,
        fault: Fault,
        times: Times,
    ) {
        if times != Times::Count(0) {
            self.scenes.push(Scene {
                owner: owner.map(str::to_owned),
                endpoint,
                fault,
                times,
            });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.scenes.clear();
    }

    /// Takes the first fault that was scripted for `route`. `same_owner` tells whether a scripted
    /// team or enterprise account is the one on the path, by id or by name.
    pub(crate) fn take(
        &mut self,
        route: &Route,
        same_owner: impl Fn(&str) -> bool,
    ) -> Option<Fault> {
        let index = self.scenes.iter().position(|scene| {
            let endpoint =
                scene.endpoint == Endpoint::Any || Some(scene.endpoint) == route.endpoint;
            endpoint && scene.owner.as_deref().is_none_or(&same_owner)
        })?;
        let scene = &mut self.scenes[index];
        match scene.times {
            Times::Always => Some(scene.fault.clone()),
            Times::Count(left) if left > 1 => {
                scene.times = Times::Count(left - 1);
                Some(scene.fault.clone())
            }
            Times::Once | Times::Count(_) => Some(self.scenes.remove(index).fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Script, Times};
    use crate::endpoint::Endpoint;
    use crate::route::Route;

    #[test]
    fn faults_are_taken_in_the_order_of_the_script() {
        let mut script = Script::default();
        script.add(None, Endpoint::Usage, Fault::Status(500), Times::Count(0));
        script.add(None, Endpoint::Usage, Fault::Status(503), Times::Count(2));
        script.add(Some("ops"), Endpoint::Any, Fault::Hang, Times::Once);
        script.add(None, Endpoint::Usage, Fault::EmptyList, Times::Always);
        let usage = Route::of("/teams/ops/usage/monthly");
        let mut take =
            |route: &Route| script.take(route, |team| route.team.as_deref() == Some(team));
        assert_eq!(take(&Route::of("/teams/web/invoices")), None);
        assert_eq!(take(&usage), Some(Fault::Status(503)));
        assert_eq!(take(&usage), Some(Fault::Status(503)));
        assert_eq!(
            take(&Route::of("/teams/web/usage/monthly")),
            Some(Fault::EmptyList)
        );
        assert_eq!(take(&usage), Some(Fault::Hang));
        assert_eq!(take(&usage), Some(Fault::EmptyList));
        assert_eq!(take(&usage), Some(Fault::EmptyList));
    }
}
