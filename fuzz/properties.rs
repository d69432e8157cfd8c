//! What must hold for any input, whoever wrote it. The fuzz targets feed these functions with what
//! a fuzzer makes up; `tests/properties.rs` feeds them with generated input, the seeds and every
//! find, on each run of the tests.

#[path = "properties/web_config.rs"]
mod web_config;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use billing::invoice::Invoices;
use billing::money::Money;
use billing::name_filter::{NameFilter, anchored_regex};
use billing::rules::{AppRules, Budgets, Group, Prices, Rules};
use billing::usage::Usage;
use expfmt::{Family, Format, accepts_gzip, encode, preferred_format};
use heroku_api::client::Decoded;
use heroku_api::stats::{ClientStats, Endpoint};
use heroku_cost_exporter::collector::state::{
    self, Entry, LoadedResponse, LoadedState, MetadataValue, Subject,
};
use heroku_cost_exporter::metrics::http_metrics::HttpMetrics;
use heroku_cost_exporter::metrics::process::ProcessStats;
use heroku_cost_exporter::metrics::{BillingData, RenderOptions, families};
use heroku_cost_exporter::snapshot::FailureReason;
use heroku_cost_exporter::snapshot::{EndpointStatus, Failure, PollResult, Snapshot, Team};
use jiff::Timestamp;
use url::Url;
pub use web_config::web_config;

/// What stands between the pages of one answer in the input of [`invoices`] and [`usage`]: no JSON
/// has a form feed between its tokens.
const NEXT_PAGE: char = '\u{c}';

/// A moment within the month that the seeds are of.
const NOW: Timestamp = Timestamp::constant(1_795_435_200, 0);

const BOTH: [(Format, exposition_parser::Format); 2] = [
    (Format::Text, exposition_parser::Format::Text),
    (Format::OpenMetrics, exposition_parser::Format::OpenMetrics),
];

/// Whatever decodes as the pages of a list of invoices is exposed soundly.
pub fn invoices(text: &str) {
    let pages: Vec<String> = text.split(NEXT_PAGE).map(Into::into).collect();
    let Ok(answer) = Decoded::<Invoices>::decode(pages.clone(), None) else {
        return;
    };
    let rows: usize = pages.iter().map(|page| rows(page)).sum();
    // An odd invoice is left out, and keeps its place.
    assert!(answer.data.len() <= rows && answer.skipped_rows.len() <= rows);
    assert_eq!(answer.pages, pages);
    let starts: Vec<_> = answer
        .data
        .iter()
        .map(|invoice| invoice.period.start)
        .collect();
    assert!(starts.is_sorted_by(|a, b| a >= b), "{starts:?}");
    let again = Decoded::<Invoices>::decode(pages, None).unwrap();
    assert_eq!(again.data, answer.data);
    let mut team = team(None, "ops".into());
    note(&mut team.invoices, answer, NOW);
    exposed(
        &Snapshot::new(vec![team], false, ClientStats::default()),
        NOW,
        None,
    );
}

/// Whatever decodes as the pages of a list of usage is exposed soundly.
pub fn usage(text: &str) {
    let pages: Vec<String> = text.split(NEXT_PAGE).map(Into::into).collect();
    let Ok(answer) = Decoded::<Usage>::decode(pages.clone(), None) else {
        return;
    };
    let rows: usize = pages.iter().map(|page| rows(page)).sum();
    assert!(answer.data.months.len() <= rows);
    assert_eq!(answer.pages, pages);
    let again = Decoded::<Usage>::decode(pages, None).unwrap();
    assert_eq!(again.data, answer.data);
    let mut team = team(None, "ops".into());
    note(&mut team.usage, answer, NOW);
    exposed(
        &Snapshot::new(vec![team], true, ClientStats::default()),
        NOW,
        None,
    );
}

/// How many rows a JSON list has, by another reader than the one under test.
fn rows(page: &str) -> usize {
    serde_json::from_str::<Vec<&serde_json::value::RawValue>>(page).map_or(0, |rows| rows.len())
}

/// What several teams answered, in the shape in which a fuzzer gets far.
#[derive(Clone, Debug, Arbitrary)]
struct Account {
    teams: Vec<AccountTeam>,
    now: i64,
    max_age_seconds: Option<u32>,
}

#[derive(Clone, Debug, Arbitrary)]
struct AccountTeam {
    id: Option<Word>,
    name: Word,
    invoices: Vec<InvoiceRow>,
    usage: Vec<UsageRow>,
    fails: Option<u8>,
    age_seconds: u32,
}

/// A text that is often the same as another one, or nearly so.
#[derive(Clone, Debug, Arbitrary)]
enum Word {
    Listed(u8),
    Free(String),
}

const LISTED: [&str; 8] = [
    "ops",
    "2",
    "3",
    "ops (2)",
    "ops (2) (2)",
    "_team_total",
    "",
    "\"\\\n",
];

impl Word {
    fn text(&self) -> String {
        match self {
            Self::Listed(index) => LISTED[usize::from(*index) % LISTED.len()].to_owned(),
            Self::Free(text) => text.clone(),
        }
    }
}

/// As many teams as a mistake between them takes; more only make a run slower.
const MOST_TEAMS: usize = 3;

#[derive(Clone, Debug, Arbitrary)]
struct InvoiceRow {
    id: Option<String>,
    number: i64,
    month: u8,
    period_end: Option<String>,
    payment_status: Option<String>,
    state: Option<i64>,
    cents: [Option<i64>; 6],
    dyno_units: Option<f64>,
}

#[derive(Clone, Debug, Arbitrary)]
struct UsageRow {
    name: Option<Word>,
    months_back: u8,
    figures: [Option<f64>; 5],
    apps: Vec<(Word, [Option<f64>; 5])>,
}

/// Exposes whatever several teams answer, at any time and with any maximum age.
///
/// Any bytes decode as an [`Account`].
pub fn snapshot(bytes: &[u8]) {
    let Ok(account) = Account::arbitrary_take_rest(Unstructured::new(bytes)) else {
        return;
    };
    let Ok(now) = Timestamp::from_second(account.now) else {
        return;
    };
    let teams: Vec<Team> = account
        .teams
        .iter()
        .take(MOST_TEAMS)
        .map(|row| {
            let mut team = team(row.id.as_ref().map(Word::text), row.name.text());
            let at = now
                .saturating_sub(Duration::from_secs(row.age_seconds.into()))
                .unwrap_or(now);
            let list: Vec<_> = row.invoices.iter().map(InvoiceRow::json).collect();
            if let Ok(answer) =
                Decoded::<Invoices>::decode(vec![serde_json::Value::from(list).to_string()], None)
            {
                note(&mut team.invoices, answer, at);
            }
            let list: Vec<_> = row.usage.iter().map(|row| row.json(now)).collect();
            if let Ok(answer) =
                Decoded::<Usage>::decode(vec![serde_json::Value::from(list).to_string()], None)
            {
                note(&mut team.usage, answer, at);
            }
            if let Some(fails) = row.fails {
                let reason = FailureReason::ALL[usize::from(fails) % FailureReason::ALL.len()];
                let failure = Failure {
                    reason,
                    message: String::new(),
                };
                team.usage
                    .record(PollResult::Failed(failure), now, Duration::ZERO);
            }
            team
        })
        .collect();
    let several = teams.len() > 1;
    let mut traffic = ClientStats::new(&[0.05, 0.1]);
    traffic.record(Endpoint::Usage, Some(200), Duration::from_millis(70));
    let max_age = account
        .max_age_seconds
        .map(|seconds| Duration::from_secs(seconds.into()));
    exposed(&Snapshot::new(teams, several, traffic), now, max_age);
}

impl InvoiceRow {
    fn json(&self) -> serde_json::Value {
        let [total, charges, credits, addons, database, platform] = self.cents;
        serde_json::json!({
            "id": self.id, "number": self.number, "state": self.state,
            "period_start": format!("2026-{:02}-01", self.month % 14), "period_end": self.period_end,
            "payment_status": self.payment_status, "total": total, "charges_total": charges,
            "credits_total": credits, "addons_total": addons, "database_total": database,
            "platform_total": platform, "dyno_units": self.dyno_units, "weighted_dyno_hours": self.dyno_units,
        })
    }
}

impl UsageRow {
    fn json(&self, now: Timestamp) -> serde_json::Value {
        use billing::month::Month;
        let month = (0..self.months_back % 4).fold(Month::at(now), |month, _| month.previous());
        let figures = |[dynos, data, partner, addons, connect]: [Option<f64>; 5]| serde_json::json!({ "dynos": dynos, "data": data, "partner": partner, "addons": addons, "connect": connect });
        let mut row = figures(self.figures);
        row["name"] = self.name.as_ref().map(Word::text).into();
        row["month"] = month.to_string().into();
        let apps = self.apps.iter().map(|(name, app)| {
            let mut app = figures(*app);
            app["app_name"] = name.text().into();
            app
        });
        row["apps"] = apps.collect();
        row
    }
}

fn team(id: Option<String>, name: String) -> Team {
    Team {
        id,
        name,
        ..Team::default()
    }
}

fn note<T: PartialEq>(outcome: &mut EndpointStatus<T>, answer: Decoded<T>, at: Timestamp) {
    let polled = PollResult::Success {
        skipped_rows: answer.skipped_rows.len() as u64,
        data: answer.data,
    };
    outcome.record(polled, at, Duration::from_millis(80));
}

/// Checks the exposition of a Snapshot: in both formats a strict parser accepts it and reads every
/// sample unchanged, no series is duplicate, and all of Heroku's figures are finite.
fn exposed(snapshot: &Snapshot, now: Timestamp, max_age: Option<Duration>) {
    for rules in [Rules::default(), rules()] {
        let shown = RenderOptions {
            is_demo: false,
            max_age,
            legacy: true,
            rules: Arc::new(rules),
        };
        exposed_as(snapshot, now, &shown);
    }
}

/// Rules that touch every app: few rows, names that are made of others', prices and budgets.
fn rules() -> Rules {
    let pattern = |pattern| anchored_regex(pattern).unwrap();
    let group = Group {
        pattern: pattern("(?s)(.).*"),
        name: "$1".into(),
    };
    let team = "ops".to_owned();
    Rules {
        prices: Prices {
            space_credit: Some(Money::from_whole_dollars(1_000)),
            ..Prices::default()
        },
        apps: AppRules {
            filter: NameFilter::new(Vec::new(), vec![pattern("s.*")]),
            groups: vec![group],
            max: Some(1),
        },
        budgets: Budgets {
            teams: [(team.clone(), Money::ZERO)].into(),
            apps: [((team, "\n\"".into()), Money::ZERO)].into(),
        },
        invoice_history: 12,
        ..Rules::default()
    }
}

fn exposed_as(snapshot: &Snapshot, now: Timestamp, shown: &RenderOptions) {
    let process = ProcessStats {
        threads: Some(3),
        ..ProcessStats::default()
    };
    let http_metrics = HttpMetrics::new(["/metrics"]);
    let data = BillingData::new(snapshot, now, shown);
    let all = || {
        let end = families::trailer(now, Some(&process), &http_metrics);
        families::billing(&data)
            .chain(families::polls(snapshot))
            .chain(end)
    };
    for (format, parser_format) in BOTH {
        let mut text = String::new();
        encode(&mut text, all(), format).unwrap();
        text.push_str(format.eof());
        let read = exposition_parser::parse(&text, parser_format)
            .unwrap_or_else(|error| panic!("{format:?}: {error}\n{text}"));
        let mut samples = read.samples();
        for family in all() {
            for sample in family.samples {
                let read = samples.next().expect("a sample is not in the text");
                let bound = ["le"];
                let labels = family.labels.iter().chain(&bound).zip(&sample.label_values);
                let labels: Vec<_> = labels
                    .map(|(label, value)| (label.to_string(), value.to_string()))
                    .collect();
                assert_eq!(read.labels, labels);
                assert_eq!(
                    read.name,
                    format!("{}{}", family.metric.name, sample.suffix)
                );
                // To the bit, but for the many forms of NaN.
                let value = sample.value;
                assert!(
                    read.value.to_bits() == value.to_bits()
                        || (read.value.is_nan() && value.is_nan())
                );
            }
        }
        assert_eq!(samples.next(), None);
    }
    let herokus = families::billing(&data).chain(families::polls(snapshot));
    for sample in herokus.filter(is_herokus).flat_map(|family| family.samples) {
        assert!(sample.value.is_finite(), "{sample:?}");
    }
}

fn is_herokus(family: &Family<'_>) -> bool {
    let name = family.metric.name;
    let own = ["heroku_cost_exporter_", "heroku_api_", "process_"];
    !own.iter().any(|beginning| name.starts_with(beginning))
}

/// Checks the negotiation by an `Accept` and an `Accept-Encoding` header: case is ignored, elements
/// that match nothing change nothing, and only what is listed is selected.
pub fn accept(header: &str) {
    let (selected, gzip) = (preferred_format(header), accepts_gzip(header));
    let lower = header.to_ascii_lowercase();
    for same in [
        header.to_ascii_uppercase(),
        lower.clone(),
        format!("image/png,{header}"),
        format!("{header},br;q=0.3"),
        header.replace(',', " ,\t"),
    ] {
        assert_eq!(preferred_format(&same), selected, "{same:?}");
        assert_eq!(accepts_gzip(&same), gzip, "{same:?}");
    }
    if selected == Format::OpenMetrics {
        assert!(lower.contains("application") || lower.contains('*'));
    }
    assert!(!gzip || lower.contains("gzip") || lower.contains('*'));
    // The first of several equal preferences is selected.
    let weighted = lower.contains("q=");
    if !weighted {
        let wanted = format!("application/openmetrics-text,{}", header);
        let first = preferred_format("application/openmetrics-text");
        if !lower.contains("openmetrics-text") && !lower.contains("text/plain") {
            assert_eq!(preferred_format(&wanted), first, "{wanted:?}");
        }
        assert!(accepts_gzip(&format!("gzip,{header}")), "{header:?}");
    }
}

/// A loaded state file has its times in order, can be exposed, and is the same when written again.
pub fn state(text: &str) {
    let api_url: Url = "https://api.heroku.com/".parse().unwrap();
    // A fuzzer cannot find a valid checksum.
    let sealed = serde_json::from_str(text)
        .and_then(|entries| state::serialize(&api_url, entries))
        .unwrap_or_else(|_| text.to_owned());
    let _ = state::parse(text, &api_url, NOW);
    let Ok(loaded) = state::parse(&sealed, &api_url, NOW) else {
        return;
    };
    let entries = serde_json::value::to_raw_value(&entries(&loaded)).unwrap();
    let again = state::serialize(&api_url, &entries).unwrap();
    let loaded_again = state::parse(&again, &api_url, NOW).unwrap();
    assert_eq!(
        serde_json::to_string(&self::entries(&loaded_again)).unwrap(),
        entries.get()
    );
    let mut teams = Vec::new();
    for (subject, invoices) in &loaded.invoices {
        in_order(invoices);
        assert_eq!(
            loaded_again.invoices[subject].success.data,
            invoices.success.data
        );
        let mut team = team(None, subject.to_string());
        team.invoices.last_success = Some(invoices.success.clone());
        let usage = loaded.usage.get(subject);
        team.usage.last_success = usage.map(|usage| usage.success.clone());
        teams.push(team);
    }
    loaded.usage.values().for_each(in_order);
    loaded.account_usage.values().for_each(in_order);
    loaded.teams.values().for_each(in_order);
    exposed(
        &Snapshot::new(teams, true, ClientStats::default()),
        NOW,
        Some(Duration::from_secs(86_400)),
    );
}

fn in_order<T>(response: &LoadedResponse<T>) {
    let success = &response.success;
    assert!(success.changed_at <= success.at && success.at <= NOW);
}

/// The entries of a loaded state file, in a fixed order.
fn entries(loaded: &LoadedState) -> Vec<Entry<'_>> {
    fn polled<'a, T>(
        responses: &'a HashMap<Subject, LoadedResponse<T>>,
        endpoint: Endpoint,
    ) -> impl Iterator<Item = Entry<'a>> {
        responses.iter().map(move |(subject, response)| Entry {
            subject: subject.clone(),
            endpoint: endpoint.as_str().into(),
            at: response.success.at,
            changed_at: response.success.changed_at,
            validator: response.validator.as_ref().map(Cow::Borrowed),
            pages: (&response.pages).into(),
        })
    }
    fn metadata<'a, T>(
        values: &'a HashMap<Subject, MetadataValue<T>>,
        endpoint: Endpoint,
    ) -> impl Iterator<Item = Entry<'a>> {
        let values = values.iter();
        values.map(move |(subject, value)| value.entry(subject.clone(), endpoint))
    }
    let mut entries: Vec<_> = polled(&loaded.invoices, Endpoint::Invoices)
        .chain(polled(&loaded.usage, Endpoint::Usage))
        .chain(polled(&loaded.account_usage, Endpoint::Usage))
        .chain(polled(&loaded.teams, Endpoint::Teams))
        .chain(metadata(&loaded.identities, Endpoint::Team))
        .chain(metadata(&loaded.accounts, Endpoint::EnterpriseAccount))
        .chain(metadata(&loaded.delinquencies, Endpoint::Delinquency))
        .chain(metadata(&loaded.licenses, Endpoint::Licenses))
        .collect();
    entries.sort_by_key(|entry| (entry.endpoint.clone(), entry.subject.clone()));
    entries
}
