//! Synthetic billing data with random, versioned changes.
//!
//! Each change of the data of an endpoint creates a version. One field of the data contains the
//! version number, so that a scrape identifies the version that it exposes. The expected samples of
//! a version are derived here from the documented metrics, without the exporter's code.

use std::collections::BTreeMap;

use heroku_sim::{Company, Team};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::clock::month_before;
use crate::model::{BillingEndpoint, Block, Samples};
use crate::oracle::Oracle;

/// App names, some of which need escaping.
const APPS: [&str; 7] = [
    "shop",
    "shop-staging",
    "billing",
    "quote\"backslash\\",
    "line\nfeed",
    "café ☕",
    "worker",
];

const TEAMS: [&str; 6] = ["ops", "web", "data", "mobile", "labs \"x\"", "archive"];

/// The values of the label `type` of `heroku_team_usage_usd`.
const TYPES: [&str; 4] = ["addons", "connect", "data", "partner"];

/// A team and its current data.
#[derive(Debug)]
pub(crate) struct TeamData {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether the exporter is configured with the name in place of the id.
    pub(crate) configured_by_name: bool,
    invoices: Versioned,
    usage: Versioned,
}

/// The current version of a list of JSON objects.
#[derive(Debug, Default)]
struct Versioned {
    version: u32,
    rows: Vec<Value>,
}

/// The billing data of all teams.
#[derive(Debug)]
pub(crate) struct BillingData {
    teams: Vec<TeamData>,
    today: Date,
    random: fastrand::Rng,
}

impl BillingData {
    pub(crate) fn new(seed: u64, today: Date) -> Self {
        let teams = TEAMS.iter().enumerate().map(|(index, name)| TeamData {
            id: format!("00000000-0000-4000-8000-{index:012}"),
            name: (*name).to_owned(),
            configured_by_name: index % 2 == 0 && name.bytes().all(|b| b.is_ascii_alphanumeric()),
            invoices: Versioned::default(),
            usage: Versioned::default(),
        });
        Self {
            teams: teams.collect(),
            today,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(crate) fn teams(&self) -> &[TeamData] {
        &self.teams
    }

    /// Returns the value of `--heroku.team-id`: the names of some teams and the ids of the others.
    pub(crate) fn team_id_flag(&self) -> String {
        let names = self.teams.iter().map(|team| {
            if team.configured_by_name {
                team.name.as_str()
            } else {
                team.id.as_str()
            }
        });
        names.collect::<Vec<_>>().join(",")
    }

    /// Returns the number of blocks: for each team its invoices and two months of usage.
    pub(crate) fn blocks(&self) -> usize {
        self.teams.len() * 3
    }

    /// Returns the current data for the simulator.
    pub(crate) fn company(&self) -> Company {
        let teams = self.teams.iter().map(|team| Team {
            id: team.id.clone(),
            name: team.name.clone(),
            invoices: team.invoices.rows.clone(),
            usage: team.usage.rows.clone(),
            ..Team::default()
        });
        Company {
            teams: teams.collect(),
            ..Company::default()
        }
    }

    pub(crate) fn set_today(&mut self, today: Date) {
        self.today = today;
    }

    /// Creates a new version of the data of all endpoints.
    pub(crate) fn change_all(&mut self, oracle: &Oracle) {
        for team in 0..self.teams.len() {
            for endpoint in BillingEndpoint::ALL {
                self.change(team, endpoint, oracle);
            }
        }
    }

    /// Creates a new version of the data of an endpoint, records it in the oracle, and returns its
    /// number.
    pub(crate) fn change(
        &mut self,
        team: usize,
        endpoint: BillingEndpoint,
        oracle: &Oracle,
    ) -> u32 {
        let month = self.today.first_of_month();
        let months = [month_before(month), month];
        let random = &mut self.random;
        let Some(team) = self.teams.get_mut(team) else {
            return 0;
        };
        let name = team.name.clone();
        let versioned = match endpoint {
            BillingEndpoint::Invoices => &mut team.invoices,
            BillingEndpoint::Usage => &mut team.usage,
        };
        versioned.version += 1;
        let version = versioned.version;
        versioned.rows.clear();
        let block = |month| Block {
            team: name.clone(),
            month,
        };
        match endpoint {
            BillingEndpoint::Invoices => {
                let mut samples = Samples::new();
                for (month, period) in months.into_iter().zip(["previous", "current"]) {
                    let row = invoice(random, month, version);
                    add_invoice_samples(&mut samples, &name, period, &row);
                    versioned.rows.push(row);
                }
                oracle.record_version(block(None), version, samples);
            }
            BillingEndpoint::Usage => {
                for month in months {
                    let row = usage(random, &team.id, &name, month, version);
                    oracle.record_version(
                        block(Some(month)),
                        version,
                        usage_samples(&name, month, &row),
                    );
                    versioned.rows.push(row);
                }
            }
        }
        version
    }
}

fn invoice(random: &mut fastrand::Rng, month: Date, version: u32) -> Value {
    let (start, end) = (month, month.last_of_month());
    let format_date = |date: Date| {
        if version.is_multiple_of(2) {
            date.strftime("%m/%d/%Y").to_string()
        } else {
            date.to_string()
        }
    };
    let mut row = json!({
        "id": format!("00000000-0000-4000-9000-{:012}", month.year() as u32 * 100 + month.month() as u32),
        "number": 9_000_000,
        "period_start": format_date(start),
        "period_end": format_date(end),
        "payment_status": random.choice(["Paid", "Pending", "Past due"]),
        "state": random.u8(0..3),
        // The version number.
        "weighted_dyno_hours": version,
        "dyno_units": f64::from(random.u32(0..100_000)) / 1_000.0,
    });
    for (field, _) in MONEY {
        let cents = random.i32(-100_000..1_000_000);
        row[field] = if random.u8(0..8) == 0 {
            Value::Null
        } else {
            cents.into()
        };
    }
    row
}

/// The fields in cents and the suffixes of their metrics.
const MONEY: [(&str, &str); 6] = [
    ("total", "total_usd"),
    ("charges_total", "charges_total_usd"),
    ("credits_total", "credits_total_usd"),
    ("addons_total", "addons_total_usd"),
    ("database_total", "database_total_usd"),
    ("platform_total", "platform_total_usd"),
];

fn add_invoice_samples(samples: &mut Samples, team: &str, period: &str, row: &Value) {
    let text = |field: &str| match &row[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut add = |metric: &str, labels: &[(&str, String)], value: f64| {
        let mut all = BTreeMap::from([
            ("team_name".to_owned(), team.to_owned()),
            ("period_end".to_owned(), text("period_end")),
        ]);
        all.extend(
            labels
                .iter()
                .map(|(label, value)| ((*label).to_owned(), value.clone())),
        );
        samples.insert((format!("heroku_invoice_{period}_{metric}"), all), value);
    };
    for (field, metric) in MONEY {
        if let Some(cents) = row[field].as_f64() {
            let total_labels = [
                ("payment_status", text("payment_status")),
                ("state", text("state")),
            ];
            let labels = if field == "total" {
                &total_labels[..]
            } else {
                &[]
            };
            add(metric, labels, cents / 100.0);
        }
    }
    for field in ["dyno_units", "weighted_dyno_hours"] {
        if let Some(value) = row[field].as_f64() {
            add(field, &[], value);
        }
    }
}

fn usage(random: &mut fastrand::Rng, id: &str, name: &str, month: Date, version: u32) -> Value {
    let mut random_fields = |fields: &[&str]| -> Map<String, Value> {
        let present = fields.iter().filter_map(|field| {
            let credits = f64::from(random.u32(0..10_000_000)) / 1_000.0;
            match random.u8(0..12) {
                0 => Some(((*field).to_owned(), Value::Null)),
                1 => None,
                _ => Some(((*field).to_owned(), credits.into())),
            }
        });
        present.collect()
    };
    let fields = ["dynos", "addons", "connect", "data", "partner"];
    let mut row = random_fields(&fields);
    let apps: Vec<(&str, Map<String, Value>)> = APPS
        .into_iter()
        .map(|app| (app, random_fields(&fields)))
        .collect();
    let apps = apps.into_iter().filter(|_| random.u8(0..5) > 0);
    let apps = apps.map(|(name, mut app)| {
        app.insert("app_name".into(), name.into());
        Value::Object(app)
    });
    row.insert("apps".into(), apps.collect());
    row.insert("id".into(), id.into());
    row.insert("name".into(), name.into());
    row.insert("month".into(), month.strftime("%Y-%m").to_string().into());
    // The version number.
    row.insert("connect".into(), version.into());
    Value::Object(row)
}

fn usage_samples(team: &str, month: Date, row: &Value) -> Samples {
    let mut samples = Samples::new();
    let mut add = |app: &str, usage_type: Option<&str>, value: f64| {
        let mut labels = BTreeMap::from([
            ("team_name".to_owned(), team.to_owned()),
            ("app_name".to_owned(), app.to_owned()),
            ("month".to_owned(), month.strftime("%Y-%m").to_string()),
        ]);
        let metric = if let Some(usage_type) = usage_type {
            labels.insert("type".into(), usage_type.into());
            "heroku_team_usage_usd"
        } else {
            "heroku_team_usage_dyno_units"
        };
        samples.insert((metric.to_owned(), labels), value);
    };
    let apps = row["apps"].as_array().into_iter().flatten();
    let rows = apps.map(|app| (app["app_name"].as_str().unwrap_or_default(), app, Some(0.0)));
    for (app, row, default_connect) in rows.chain([("_team_total", row, None)]) {
        if let Some(units) = row["dynos"].as_f64() {
            add(app, None, units);
        }
        for usage_type in TYPES {
            // `connect` of an app defaults to 0, unlike the other types.
            let default = default_connect.filter(|_| usage_type == "connect");
            if let Some(value) = row[usage_type].as_f64().or(default) {
                add(app, Some(usage_type), value);
            }
        }
    }
    samples
}
