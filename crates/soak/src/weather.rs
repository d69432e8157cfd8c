//! What goes wrong at Heroku, and what changes there: faults of every kind, on any endpoint of any
//! team, new figures, and the days.

use std::collections::BTreeMap;
use std::time::Duration;

use heroku_sim::{Endpoint, Fault, Simulator, Times};

use crate::account::Account;
use crate::clock::Clock;
use crate::ledger::{Ledger, Part};

/// How often something may happen.
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// Of a thousand ticks, how many bring an endpoint a fault, and how many new figures.
const FAULTS: u32 = 40;
const CHANGES: u32 = 25;

/// Polls that have to end until one that began after a fault was scripted must have met it: one may
/// have been under way.
const POLLS_UNTIL_STRUCK: u64 = 2;

/// What is under way, and what has been.
#[derive(Debug)]
pub(crate) struct Weather {
    random: fastrand::Rng,
    clock: Clock,
    today: jiff::civil::Date,
    endpoints: BTreeMap<(usize, Part), Sky>,
    struck: BTreeMap<&'static str, u64>,
    changes: u64,
    /// How many of the first faults are still to come.
    first: u32,
}

/// What is scripted for an endpoint of a team: one fault at a time, so that it is known when it has
/// struck.
#[derive(Debug, Clone, Copy, Default)]
enum Sky {
    #[default]
    Clear,
    /// A fault is scripted; it has struck once so many polls have ended.
    Fault {
        kind: &'static str,
        until_polls: u64,
        empties: bool,
    },
    /// An empty list was given; this ends when the figures are shown again.
    Clearing,
}

impl Weather {
    pub(crate) fn new(seed: u64, clock: Clock) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed ^ 0x5eed),
            clock,
            today: clock.today(),
            endpoints: BTreeMap::new(),
            struck: BTreeMap::new(),
            changes: 0,
            first: FIRST,
        }
    }

    /// The faults that struck, by kind.
    pub(crate) fn struck(&self) -> Vec<(&'static str, u64)> {
        self.struck
            .iter()
            .map(|(kind, count)| (*kind, *count))
            .collect()
    }

    /// How often figures changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Lets time pass.
    pub(crate) fn turn(&mut self, heroku: &Simulator, account: &mut Account, ledger: &Ledger) {
        let mut changed = false;
        let today = self.clock.today();
        if today != self.today {
            // Figures are renewed nightly, so on a new day all of them are others.
            self.today = today;
            account.set_today(today);
            account.note_all(ledger);
            changed = true;
        }
        for team in 0..account.teams().len() {
            for part in Part::BOTH {
                changed |= self.turn_endpoint(team, part, heroku, account, ledger);
            }
        }
        if changed {
            self.changes += 1;
            heroku.set_company(account.company());
        }
        heroku.set_today(today);
    }

    /// Lets time pass for one endpoint, and tells whether its figures changed.
    fn turn_endpoint(
        &mut self,
        team: usize,
        part: Part,
        heroku: &Simulator,
        account: &mut Account,
        ledger: &Ledger,
    ) -> bool {
        let Some(billed) = account.teams().get(team) else {
            return false;
        };
        let (id, endpoint) = (billed.id.clone(), (billed.name.clone(), part));
        let polls = ledger.polls_of(&endpoint);
        let sky = self.endpoints.entry((team, part)).or_default();
        match *sky {
            Sky::Fault { until_polls, .. } if polls < until_polls => {}
            Sky::Fault { kind, empties, .. } => {
                *self.struck.entry(kind).or_default() += 1;
                *sky = Sky::Clear;
                if empties {
                    *sky = Sky::Clearing;
                    let version = account.change(team, part, ledger);
                    ledger.excuse_until(&endpoint, version);
                    return true;
                }
            }
            Sky::Clearing if ledger.is_excused(&endpoint) => {}
            Sky::Clearing => *sky = Sky::Clear,
            Sky::Clear => {
                let lot = self.random.u32(0..1000);
                if lot < FAULTS {
                    let (kind, fault) = match self.first.checked_sub(1) {
                        None => fault(&mut self.random),
                        Some(left) => {
                            self.first = left;
                            (WITHOUT_END, Fault::HugeBody { bytes: HUGE[1] })
                        }
                    };
                    let empties = fault == Fault::EmptyList;
                    if empties {
                        ledger.excuse(&endpoint);
                    }
                    let until_polls = polls + POLLS_UNTIL_STRUCK;
                    *sky = Sky::Fault {
                        kind,
                        until_polls,
                        empties,
                    };
                    heroku.inject_fault_for(&id, part.endpoint(), fault, Times::Once);
                } else if lot < FAULTS + CHANGES {
                    account.change(team, part, ledger);
                    return true;
                }
            }
        }
        false
    }
}

impl Part {
    fn endpoint(self) -> Endpoint {
        match self {
            Self::Invoices => Endpoint::Invoices,
            Self::Usage => Endpoint::Usage,
        }
    }
}

const STATUSES: [u16; 14] = [
    400, 401, 402, 403, 404, 406, 410, 416, 422, 500, 501, 502, 503, 504,
];

/// Bodies that are no answer of these endpoints, whatever their status says.
const NO_ANSWERS: [&str; 8] = [
    "",
    "{}",
    "null",
    "[null,null]",
    r#"[{"period_start":"soon","month":7}]"#,
    r#"[{"id":"1""#,
    r#"{"id":"not_found","message":"Couldn't find that team."}"#,
    "\u{0}\u{ff}",
];

/// A body that only never ends, and one that is too large besides.
const HUGE: [u64; 2] = [1 << 20, 20 << 20];

/// So many faults are of the second kind before there are any others: an allocator keeps some of the
/// most that it ever gave, so the most has to come before memory is first looked at.
const FIRST: u32 = 24;

const WITHOUT_END: &str = "body without end";

/// A fault of any kind, and what to call it.
fn fault(random: &mut fastrand::Rng) -> (&'static str, Fault) {
    let after = random.usize(0..600);
    let some = |random: &mut fastrand::Rng, count| random.usize(0..count);
    match random.u8(0..17) {
        0..=2 => (
            "status",
            Fault::Status(STATUSES[some(random, STATUSES.len())]),
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
            let fault = Fault::Body {
                status: 200,
                content_type: "application/json".into(),
                body: NO_ANSWERS[some(random, NO_ANSWERS.len())].into(),
            };
            ("body that is no answer", fault)
        }
        6 => (
            "delay",
            Fault::Delay(Duration::from_millis(random.u64(1..400))),
        ),
        7 => ("hang", Fault::Hang),
        8 => (
            "dripping body",
            Fault::Drip {
                bytes_per_second: random.u32(1..2000),
            },
        ),
        9 => ("truncated body", Fault::TruncateBody { after }),
        10 => ("reset in headers", Fault::ResetInHeaders),
        11 => ("reset in body", Fault::ResetInBody { after }),
        12 => ("gzip that is not gzip", Fault::NotGzip),
        13 => {
            let fault = Fault::Redirect {
                location: "https://heroku.example/teams".into(),
                status: if random.bool() { 302 } else { 307 },
            };
            ("redirect off-site", fault)
        }
        14 => ("range loop", Fault::RangeLoop),
        15 => {
            let bytes = HUGE[usize::from(random.u8(0..8) == 0)];
            (WITHOUT_END, Fault::HugeBody { bytes })
        }
        _ => ("empty list", Fault::EmptyList),
    }
}
