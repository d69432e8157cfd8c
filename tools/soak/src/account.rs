//! What Heroku bills: made up, changed at random, and numbered. Each change of what an endpoint
//! gives of a team is a version, whose number stands among its figures, so that a scrape tells
//! which version it shows; and what has to be shown of it is derived here, by the letter of the
//! metrics' contract and without the exporter's code.

use std::collections::BTreeMap;

use heroku_sim::{Company, Team};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::clock::month_before;
use crate::ledger::{Block, Figures, Ledger, Part};

/// An app's name is whatever somebody typed.
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

/// The types of usage in US dollars, as the metrics call them.
const TYPES: [&str; 4] = ["addons", "connect", "data", "partner"];

/// A team, and the versions of its rows.
#[derive(Debug)]
pub(crate) struct BilledTeam {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) asked_by_name: bool,
    invoices: Versioned,
    usage: Versioned,
}

#[derive(Debug, Default)]
struct Versioned {
    version: u32,
    rows: Vec<Value>,
}

/// All that Heroku bills.
#[derive(Debug)]
pub(crate) struct Account {
    teams: Vec<BilledTeam>,
    today: Date,
    random: fastrand::Rng,
}

impl Account {
    pub(crate) fn new(seed: u64, today: Date) -> Self {
        let teams = TEAMS.iter().enumerate().map(|(index, name)| BilledTeam {
            id: format!("00000000-0000-4000-8000-{index:012}"),
            name: (*name).to_owned(),
            asked_by_name: index % 2 == 0 && name.bytes().all(|b| b.is_ascii_alphanumeric()),
            invoices: Versioned::default(),
            usage: Versioned::default(),
        });
        Self {
            teams: teams.collect(),
            today,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(crate) fn teams(&self) -> &[BilledTeam] {
        &self.teams
    }

    /// The teams as the exporter is asked for them: some by name, some by id.
    pub(crate) fn asked(&self) -> String {
        let asked = self.teams.iter().map(|team| {
            if team.asked_by_name {
                team.name.as_str()
            } else {
                team.id.as_str()
            }
        });
        asked.collect::<Vec<_>>().join(",")
    }

    /// How many blocks there are to be shown: of each team the invoices and two months.
    pub(crate) fn blocks(&self) -> usize {
        self.teams.len() * 3
    }

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

    /// Makes a first version of everything.
    pub(crate) fn note_all(&mut self, ledger: &Ledger) {
        for team in 0..self.teams.len() {
            for part in Part::BOTH {
                self.change(team, part, ledger);
            }
        }
    }

    /// Makes another version of what an endpoint gives of a team, and gives its number.
    pub(crate) fn change(&mut self, team: usize, part: Part, ledger: &Ledger) -> u32 {
        let month = self.today.first_of_month();
        let months = [month_before(month), month];
        let random = &mut self.random;
        let Some(team) = self.teams.get_mut(team) else {
            return 0;
        };
        let name = team.name.clone();
        let versioned = match part {
            Part::Invoices => &mut team.invoices,
            Part::Usage => &mut team.usage,
        };
        versioned.version += 1;
        let version = versioned.version;
        versioned.rows.clear();
        let block = |part| Block {
            team: name.clone(),
            part,
        };
        match part {
            Part::Invoices => {
                let mut figures = Figures::new();
                for (month, period) in months.into_iter().zip(["previous", "current"]) {
                    let row = invoice(random, month, version);
                    show_invoice(&mut figures, &name, period, &row);
                    versioned.rows.push(row);
                }
                ledger.note(block(None), version, figures);
            }
            Part::Usage => {
                for month in months {
                    let row = usage(random, &team.id, &name, month, version);
                    ledger.note(block(Some(month)), version, show_usage(&name, month, &row));
                    versioned.rows.push(row);
                }
            }
        }
        version
    }
}

fn invoice(random: &mut fastrand::Rng, month: Date, version: u32) -> Value {
    let (start, end) = (month, month.last_of_month());
    let written = |date: Date| {
        if version.is_multiple_of(2) {
            date.strftime("%m/%d/%Y").to_string()
        } else {
            date.to_string()
        }
    };
    let mut row = json!({
        "id": format!("00000000-0000-4000-9000-{:012}", month.year() as u32 * 100 + month.month() as u32),
        "number": 9_000_000,
        "period_start": written(start),
        "period_end": written(end),
        "payment_status": random.choice(["Paid", "Pending", "Past due"]),
        "state": random.u8(0..3),
        // The version's number.
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

/// The fields in cents, and what the metrics call them.
const MONEY: [(&str, &str); 6] = [
    ("total", "total_usd"),
    ("charges_total", "charges_total_usd"),
    ("credits_total", "credits_total_usd"),
    ("addons_total", "addons_total_usd"),
    ("database_total", "database_total_usd"),
    ("platform_total", "platform_total_usd"),
];

fn show_invoice(figures: &mut Figures, team: &str, period: &str, row: &Value) {
    let text = |field: &str| match &row[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut show = |metric: &str, labels: &[(&str, String)], value: f64| {
        let mut all = BTreeMap::from([
            ("team_name".to_owned(), team.to_owned()),
            ("period_end".to_owned(), text("period_end")),
        ]);
        all.extend(
            labels
                .iter()
                .map(|(label, value)| ((*label).to_owned(), value.clone())),
        );
        figures.insert((format!("heroku_invoice_{period}_{metric}"), all), value);
    };
    for (field, metric) in MONEY {
        if let Some(cents) = row[field].as_f64() {
            let of_total = [
                ("payment_status", text("payment_status")),
                ("state", text("state")),
            ];
            let labels = if field == "total" { &of_total[..] } else { &[] };
            show(metric, labels, cents / 100.0);
        }
    }
    for field in ["dyno_units", "weighted_dyno_hours"] {
        if let Some(value) = row[field].as_f64() {
            show(field, &[], value);
        }
    }
}

fn usage(random: &mut fastrand::Rng, id: &str, name: &str, month: Date, version: u32) -> Value {
    let mut figures = |fields: &[&str]| -> Map<String, Value> {
        let given = fields.iter().filter_map(|field| {
            let credits = f64::from(random.u32(0..10_000_000)) / 1_000.0;
            match random.u8(0..12) {
                0 => Some(((*field).to_owned(), Value::Null)),
                1 => None,
                _ => Some(((*field).to_owned(), credits.into())),
            }
        });
        given.collect()
    };
    let all = ["dynos", "addons", "connect", "data", "partner"];
    let mut row = figures(&all);
    let apps: Vec<(&str, Map<String, Value>)> =
        APPS.into_iter().map(|app| (app, figures(&all))).collect();
    let apps = apps.into_iter().filter(|_| random.u8(0..5) > 0);
    let apps = apps.map(|(name, mut app)| {
        app.insert("app_name".into(), name.into());
        Value::Object(app)
    });
    row.insert("apps".into(), apps.collect());
    row.insert("id".into(), id.into());
    row.insert("name".into(), name.into());
    row.insert("month".into(), month.strftime("%Y-%m").to_string().into());
    // The version's number.
    row.insert("connect".into(), version.into());
    Value::Object(row)
}

fn show_usage(team: &str, month: Date, row: &Value) -> Figures {
    let mut figures = Figures::new();
    let mut show = |app: &str, kind: Option<&str>, value: f64| {
        let mut labels = BTreeMap::from([
            ("team_name".to_owned(), team.to_owned()),
            ("app_name".to_owned(), app.to_owned()),
            ("month".to_owned(), month.strftime("%Y-%m").to_string()),
        ]);
        let metric = if let Some(kind) = kind {
            labels.insert("type".into(), kind.into());
            "heroku_team_usage_usd"
        } else {
            "heroku_team_usage_dyno_units"
        };
        figures.insert((metric.to_owned(), labels), value);
    };
    let apps = row["apps"].as_array().into_iter().flatten();
    let rows = apps.map(|app| (app["app_name"].as_str().unwrap_or_default(), app, Some(0.0)));
    for (app, row, connect) in rows.chain([("_team_total", row, None)]) {
        if let Some(units) = row["dynos"].as_f64() {
            show(app, None, units);
        }
        for kind in TYPES {
            // The contract gives an app a `connect` of 0 where Heroku gives none.
            let otherwise = connect.filter(|_| kind == "connect");
            if let Some(value) = row[kind].as_f64().or(otherwise) {
                show(app, Some(kind), value);
            }
        }
    }
    figures
}
