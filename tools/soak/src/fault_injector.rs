//! Injects faults into the simulated Heroku, changes its billing data and advances its date.

use std::collections::BTreeMap;
use std::time::Duration;

use heroku_sim::{Endpoint, Fault, Simulator, Times};
use jiff::civil::Date;

use crate::billing_data::BillingData;
use crate::clock::Clock;
use crate::model::BillingEndpoint;
use crate::oracle::Oracle;

/// The time between two calls of [`FaultInjector::tick`].
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// The probability, in thousandths, that an idle endpoint gets a fault in a tick.
const FAULT_PROBABILITY: u32 = 40;
/// The probability, in thousandths, that the data of an idle endpoint changes in a tick.
const CHANGE_PROBABILITY: u32 = 25;

/// The number of polls after which a new fault has certainly been triggered. The first of them may
/// have started before the fault was injected.
const POLLS_UNTIL_TRIGGERED: u64 = 2;

/// Injects faults and data changes at random.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    random: fastrand::Rng,
    clock: Clock,
    today: Date,
    schedules: BTreeMap<(usize, BillingEndpoint), FaultSchedule>,
    triggered: BTreeMap<&'static str, u64>,
    data_changes: u64,
    /// The number of remaining initial faults.
    initial_faults: u32,
}

/// The state of one endpoint of a team. At most one fault is injected at a time, so that the poll
/// counter determines when it has been triggered.
#[derive(Debug, Clone, Copy, Default)]
enum FaultSchedule {
    #[default]
    Idle,
    /// A fault is injected.
    Injected {
        kind: &'static str,
        /// The value of the poll counter at which the fault has certainly been triggered.
        until_polls: u64,
        is_empty_list: bool,
    },
    /// An empty list was returned, and no scrape has exposed new data since.
    Recovering,
}

impl FaultInjector {
    pub(crate) fn new(seed: u64, clock: Clock) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed ^ 0x5eed),
            clock,
            today: clock.today(),
            schedules: BTreeMap::new(),
            triggered: BTreeMap::new(),
            data_changes: 0,
            initial_faults: INITIAL_FAULTS,
        }
    }

    /// Returns the number of triggered faults by kind.
    pub(crate) fn triggered(&self) -> Vec<(&'static str, u64)> {
        self.triggered
            .iter()
            .map(|(kind, count)| (*kind, *count))
            .collect()
    }

    /// Returns the number of ticks in which billing data changed.
    pub(crate) fn data_changes(&self) -> u64 {
        self.data_changes
    }

    /// Advances the date, and injects faults and changes data at random.
    pub(crate) fn tick(&mut self, heroku: &Simulator, data: &mut BillingData, oracle: &Oracle) {
        let mut changed = false;
        let today = self.clock.today();
        if today != self.today {
            // Heroku updates all figures every night.
            self.today = today;
            data.set_today(today);
            data.change_all(oracle);
            changed = true;
        }
        for team in 0..data.teams().len() {
            for endpoint in BillingEndpoint::ALL {
                changed |= self.tick_endpoint(team, endpoint, heroku, data, oracle);
            }
        }
        if changed {
            self.data_changes += 1;
            heroku.set_company(data.company());
        }
        heroku.set_today(today);
    }

    /// Handles a tick of one endpoint, and returns whether its data changed.
    fn tick_endpoint(
        &mut self,
        team_index: usize,
        endpoint: BillingEndpoint,
        heroku: &Simulator,
        data: &mut BillingData,
        oracle: &Oracle,
    ) -> bool {
        let Some(team) = data.teams().get(team_index) else {
            return false;
        };
        let (id, team_endpoint) = (team.id.clone(), (team.name.clone(), endpoint));
        let polls = oracle.polls_of(&team_endpoint);
        let schedule = self.schedules.entry((team_index, endpoint)).or_default();
        match *schedule {
            FaultSchedule::Injected { until_polls, .. } if polls < until_polls => {}
            FaultSchedule::Injected {
                kind,
                is_empty_list,
                ..
            } => {
                *self.triggered.entry(kind).or_default() += 1;
                *schedule = FaultSchedule::Idle;
                if is_empty_list {
                    *schedule = FaultSchedule::Recovering;
                    let version = data.change(team_index, endpoint, oracle);
                    oracle.exempt_until(&team_endpoint, version);
                    return true;
                }
            }
            FaultSchedule::Recovering if oracle.is_exempt(&team_endpoint) => {}
            FaultSchedule::Recovering => *schedule = FaultSchedule::Idle,
            FaultSchedule::Idle => {
                let number = self.random.u32(0..1000);
                if number < FAULT_PROBABILITY {
                    let (kind, fault) = match self.initial_faults.checked_sub(1) {
                        None => random_fault(&mut self.random),
                        Some(remaining) => {
                            self.initial_faults = remaining;
                            let [_, bytes] = HUGE_BODY_BYTES;
                            (HUGE_BODY, Fault::HugeBody { bytes })
                        }
                    };
                    let is_empty_list = fault == Fault::EmptyList;
                    if is_empty_list {
                        oracle.exempt(&team_endpoint);
                    }
                    *schedule = FaultSchedule::Injected {
                        kind,
                        until_polls: polls + POLLS_UNTIL_TRIGGERED,
                        is_empty_list,
                    };
                    heroku.inject_fault_for(&id, simulator_endpoint(endpoint), fault, Times::Once);
                } else if number < FAULT_PROBABILITY + CHANGE_PROBABILITY {
                    data.change(team_index, endpoint, oracle);
                    return true;
                }
            }
        }
        false
    }
}

fn simulator_endpoint(endpoint: BillingEndpoint) -> Endpoint {
    match endpoint {
        BillingEndpoint::Invoices => Endpoint::Invoices,
        BillingEndpoint::Usage => Endpoint::Usage,
    }
}

const STATUSES: [u16; 14] = [
    400, 401, 402, 403, 404, 406, 410, 416, 422, 500, 501, 502, 503, 504,
];

/// Bodies that are invalid for these endpoints.
const INVALID_BODIES: [&str; 8] = [
    "",
    "{}",
    "null",
    "[null,null]",
    r#"[{"period_start":"soon","month":7}]"#,
    r#"[{"id":"1""#,
    r#"{"id":"not_found","message":"Couldn't find that team."}"#,
    "\u{0}\u{ff}",
];

/// The lengths of huge bodies, both below the exporter's limit of 32 MiB.
const HUGE_BODY_BYTES: [u64; 2] = [1 << 20, 20 << 20];

/// The number of largest bodies that are injected before any other fault. The allocator keeps part
/// of its peak, so the peak must occur before memory is first measured.
const INITIAL_FAULTS: u32 = 24;

const HUGE_BODY: &str = "huge body";

/// Returns a random fault and the name of its kind.
fn random_fault(random: &mut fastrand::Rng) -> (&'static str, Fault) {
    let after = random.usize(0..600);
    let index = |random: &mut fastrand::Rng, count| random.usize(0..count);
    match random.u8(0..17) {
        0..=2 => (
            "status",
            Fault::Status(STATUSES[index(random, STATUSES.len())]),
        ),
        3 => {
            let retry_after = random.bool().then_some(20);
            ("rate limited", Fault::RateLimited { retry_after })
        }
        4 => {
            let status = if random.bool() { 200 } else { 503 };
            ("HTML page", Fault::Html { status })
        }
        5 => {
            let fault = Fault::Response {
                status: 200,
                content_type: "application/json".into(),
                body: INVALID_BODIES[index(random, INVALID_BODIES.len())].into(),
            };
            ("invalid body", fault)
        }
        6 => (
            "delay",
            Fault::Delay(Duration::from_millis(random.u64(1..400))),
        ),
        7 => ("hang", Fault::Hang),
        8 => (
            "slow body",
            Fault::Drip {
                bytes_per_second: random.u32(1..2000),
            },
        ),
        9 => ("truncated body", Fault::TruncateBody { after }),
        10 => ("reset in headers", Fault::ResetInHeaders),
        11 => ("reset in body", Fault::ResetInBody { after }),
        12 => ("invalid gzip", Fault::NotGzip),
        13 => {
            let fault = Fault::Redirect {
                location: "https://heroku.example/teams".into(),
                status: if random.bool() { 302 } else { 307 },
            };
            ("redirect to another host", fault)
        }
        14 => ("range loop", Fault::RangeLoop),
        15 => {
            let bytes = HUGE_BODY_BYTES[usize::from(random.u8(0..8) == 0)];
            (HUGE_BODY, Fault::HugeBody { bytes })
        }
        _ => ("empty list", Fault::EmptyList),
    }
}
