//! Properties that hold for any untrusted input. The fuzz targets check them with the inputs of a
//! fuzzer. `tests/properties.rs` checks them with generated inputs, the seeds and the regressions.

#[path = "properties/web_config.rs"]
mod web_config;

use std::fmt::Debug;
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
use heroku_api::skipped::Skipped;
use heroku_api::stats::{ClientStats, Endpoint};
use heroku_cost_exporter::metrics::http_metrics::HttpMetrics;
use heroku_cost_exporter::metrics::process::ProcessStats;
use heroku_cost_exporter::metrics::{BillingData, RenderOptions, families};
use heroku_cost_exporter::snapshot::FailureReason;
use heroku_cost_exporter::snapshot::{EndpointStatus, Failure, PollResult, Snapshot, Team};
use heroku_cost_exporter::store::{Answer, Data, Key, LoadedAnswer, LoadedTeam, Store, Subject};
use jiff::Timestamp;
pub use web_config::web_config;

/// Separates the pages of a list in the input of [`invoices`] and [`usage`]. Valid JSON contains no
/// form feed.
const PAGE_SEPARATOR: char = '\u{c}';

/// A time in the current month of the seeds.
const NOW: Timestamp = Timestamp::constant(1_795_435_200, 0);

/// Each format of the encoder and the same format of the parser.
const FORMATS: [(Format, exposition_parser::Format); 2] = [
    (Format::Text, exposition_parser::Format::Text),
    (Format::OpenMetrics, exposition_parser::Format::OpenMetrics),
];

/// Decodes `text` as the pages of a list of invoices. If it is valid, the exposition is valid too.
pub fn invoices(text: &str) {
    let pages: Vec<String> = text.split(PAGE_SEPARATOR).map(Into::into).collect();
    let Ok(decoded) = Decoded::<Invoices>::decode(&pages, None) else {
        return;
    };
    let rows: usize = pages.iter().map(|page| count_rows(page)).sum();
    assert!(decoded.data.len() <= rows && decoded.skipped.rows.count <= rows as u64);
    let starts: Vec<_> = decoded
        .data
        .iter()
        .map(|invoice| invoice.period.start)
        .collect();
    assert!(starts.is_sorted_by(|a, b| a >= b), "{starts:?}");
    let decoded_again = Decoded::<Invoices>::decode(&pages, None).unwrap();
    assert_eq!(decoded_again.data, decoded.data);
    check_round_trip(&decoded.data, Endpoint::Invoices, |team| {
        team.invoices.take()
    });
    let mut team = team(None, "ops".into());
    record(&mut team.invoices, decoded, NOW);
    check_exposition(
        &Snapshot::new(vec![team], false, ClientStats::default()),
        NOW,
        None,
    );
}

/// Decodes `text` as the pages of a list of usage. If it is valid, the exposition is valid too.
pub fn usage(text: &str) {
    let pages: Vec<String> = text.split(PAGE_SEPARATOR).map(Into::into).collect();
    let Ok(decoded) = Decoded::<Usage>::decode(&pages, None) else {
        return;
    };
    let rows: usize = pages.iter().map(|page| count_rows(page)).sum();
    assert!(decoded.data.months.len() <= rows);
    let decoded_again = Decoded::<Usage>::decode(&pages, None).unwrap();
    assert_eq!(decoded_again.data, decoded.data);
    check_round_trip(&decoded.data, Endpoint::Usage, |team| team.usage.take());
    let mut team = team(None, "ops".into());
    record(&mut team.usage, decoded, NOW);
    check_exposition(
        &Snapshot::new(vec![team], true, ClientStats::default()),
        NOW,
        None,
    );
}

/// Returns the number of rows of a JSON list, without the decoder under test.
fn count_rows(page: &str) -> usize {
    serde_json::from_str::<Vec<&serde_json::value::RawValue>>(page).map_or(0, |rows| rows.len())
}

/// The poll results of several teams. Structured, so that a fuzzer finds valid inputs quickly.
#[derive(Clone, Debug, Arbitrary)]
struct Account {
    teams: Vec<AccountTeam>,
    now: i64,
    max_age_seconds: Option<u32>,
}

#[derive(Clone, Debug, Arbitrary)]
struct AccountTeam {
    id: Option<Name>,
    name: Name,
    invoices: Vec<InvoiceRow>,
    usage: Vec<UsageRow>,
    /// The failure reason of a poll of usage.
    failure: Option<u8>,
    age_seconds: u32,
}

/// A name. Those from [`COMMON_NAMES`] make equal and similar names likely.
#[derive(Clone, Debug, Arbitrary)]
enum Name {
    Common(u8),
    Arbitrary(String),
}

const COMMON_NAMES: [&str; 8] = [
    "ops",
    "2",
    "3",
    "ops (2)",
    "ops (2) (2)",
    "_team_total",
    "",
    "\"\\\n",
];

impl Name {
    fn text(&self) -> String {
        match self {
            Self::Common(index) => {
                COMMON_NAMES[usize::from(*index) % COMMON_NAMES.len()].to_owned()
            }
            Self::Arbitrary(text) => text.clone(),
        }
    }
}

/// The maximum number of teams. Three suffice for any interaction, and more are slower.
const MAX_TEAMS: usize = 3;

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
    name: Option<Name>,
    months_back: u8,
    figures: [Option<f64>; 5],
    apps: Vec<(Name, [Option<f64>; 5])>,
}

/// Checks the exposition of several teams, at any time and with any maximum age.
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
        .take(MAX_TEAMS)
        .map(|row| {
            let mut team = team(row.id.as_ref().map(Name::text), row.name.text());
            let at = now
                .saturating_sub(Duration::from_secs(row.age_seconds.into()))
                .unwrap_or(now);
            let list: Vec<_> = row.invoices.iter().map(InvoiceRow::json).collect();
            if let Ok(decoded) =
                Decoded::<Invoices>::decode(&[serde_json::Value::from(list).to_string()], None)
            {
                record(&mut team.invoices, decoded, at);
            }
            let list: Vec<_> = row.usage.iter().map(|row| row.json(now)).collect();
            if let Ok(decoded) =
                Decoded::<Usage>::decode(&[serde_json::Value::from(list).to_string()], None)
            {
                record(&mut team.usage, decoded, at);
            }
            if let Some(failure) = row.failure {
                let reason = FailureReason::ALL[usize::from(failure) % FailureReason::ALL.len()];
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
    let several_teams = teams.len() > 1;
    let mut client_stats = ClientStats::new(&[0.05, 0.1]);
    client_stats.record(Endpoint::Usage, Some(200), Duration::from_millis(70));
    let max_age = account
        .max_age_seconds
        .map(|seconds| Duration::from_secs(seconds.into()));
    check_exposition(
        &Snapshot::new(teams, several_teams, client_stats),
        now,
        max_age,
    );
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
        row["name"] = self.name.as_ref().map(Name::text).into();
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

/// Records a successful poll.
fn record<T: PartialEq>(status: &mut EndpointStatus<T>, decoded: Decoded<T>, at: Timestamp) {
    let result = PollResult::Success {
        skipped: decoded.skipped,
        data: decoded.data,
    };
    status.record(result, at, Duration::from_millis(80));
}

/// Checks the exposition of a Snapshot: in both formats, a strict parser accepts it and returns
/// every sample unchanged, no series is duplicate, and all values from Heroku are finite.
fn check_exposition(snapshot: &Snapshot, now: Timestamp, max_age: Option<Duration>) {
    for rules in [Rules::default(), rules()] {
        let options = RenderOptions {
            history: None,
            is_demo: false,
            max_age,
            legacy: true,
            resources: true,
            rules: Arc::new(rules),
        };
        check_exposition_with(snapshot, now, &options);
    }
}

/// Returns rules that affect every app: an app limit, groups, prices and budgets.
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

fn check_exposition_with(snapshot: &Snapshot, now: Timestamp, options: &RenderOptions) {
    let process = ProcessStats {
        threads: Some(3),
        ..ProcessStats::default()
    };
    let http_metrics = HttpMetrics::new(["/metrics"]);
    let data = BillingData::new(snapshot, now, options);
    let all_families = || {
        let trailer = families::trailer(now, Some(&process), &http_metrics);
        families::billing(&data)
            .chain(families::polls(snapshot))
            .chain(trailer)
    };
    for (format, parser_format) in FORMATS {
        let mut text = String::new();
        encode(&mut text, all_families(), format).unwrap();
        text.push_str(format.eof());
        let exposition = exposition_parser::parse(&text, parser_format)
            .unwrap_or_else(|error| panic!("{format:?}: {error}\n{text}"));
        let mut parsed_samples = exposition.samples();
        for family in all_families() {
            for sample in family.samples {
                let parsed = parsed_samples.next().expect("the text lacks a sample");
                let bucket_label = ["le"];
                let names = family.labels.iter().chain(&bucket_label);
                let labels: Vec<_> = names
                    .zip(&sample.label_values)
                    .map(|(label, value)| (label.to_string(), value.to_string()))
                    .collect();
                assert_eq!(parsed.labels, labels);
                assert_eq!(
                    parsed.name,
                    format!("{}{}", family.metric.name, sample.suffix)
                );
                // NaN has several bit patterns.
                let value = sample.value;
                assert!(
                    parsed.value.to_bits() == value.to_bits()
                        || (parsed.value.is_nan() && value.is_nan())
                );
            }
        }
        assert_eq!(parsed_samples.next(), None);
    }
    let from_heroku = families::billing(&data)
        .chain(families::polls(snapshot))
        .filter(is_from_heroku);
    for sample in from_heroku.flat_map(|family| family.samples) {
        assert!(sample.value.is_finite(), "{sample:?}");
    }
}

/// Returns whether a family has data from Heroku, unlike the exporter's own metrics.
fn is_from_heroku(family: &Family<'_>) -> bool {
    let name = family.metric.name;
    let own = ["heroku_cost_exporter_", "heroku_api_", "process_"];
    !own.iter().any(|prefix| name.starts_with(prefix))
}

/// Checks content negotiation by an `Accept` or `Accept-Encoding` header: case and unknown elements
/// are ignored, and only an acceptable format or coding is selected.
pub fn accept(header: &str) {
    let (selected, gzip) = (preferred_format(header), accepts_gzip(header));
    let lower = header.to_ascii_lowercase();
    for equivalent in [
        header.to_ascii_uppercase(),
        lower.clone(),
        format!("image/png,{header}"),
        format!("{header},br;q=0.3"),
        header.replace(',', " ,\t"),
    ] {
        assert_eq!(preferred_format(&equivalent), selected, "{equivalent:?}");
        assert_eq!(accepts_gzip(&equivalent), gzip, "{equivalent:?}");
    }
    if selected == Format::OpenMetrics {
        assert!(lower.contains("application") || lower.contains('*'));
    }
    assert!(!gzip || lower.contains("gzip") || lower.contains('*'));
    // Of several formats with the same weight, the first is selected.
    let has_weights = lower.contains("q=");
    if !has_weights {
        let extended = format!("application/openmetrics-text,{header}");
        let first = preferred_format("application/openmetrics-text");
        if !lower.contains("openmetrics-text") && !lower.contains("text/plain") {
            assert_eq!(preferred_format(&extended), first, "{extended:?}");
        }
        assert!(accepts_gzip(&format!("gzip,{header}")), "{header:?}");
    }
}

/// Asserts that data is the same after it was stored.
fn check_round_trip<T: Clone + Debug + PartialEq>(
    data: &T,
    endpoint: Endpoint,
    read: impl FnOnce(&mut LoadedTeam) -> Option<LoadedAnswer<T>>,
) where
    Data: From<Arc<T>>,
{
    let store = Store::in_memory(None, &"https://api.heroku.com/".parse().unwrap());
    store.write(Answer {
        subject: Subject::Team(Key {
            id: None,
            name: "ops".to_owned(),
        }),
        endpoint,
        at: NOW,
        changed_at: NOW,
        validator: None,
        skipped: Skipped::default(),
        data: Some(Arc::new(data.clone()).into()),
    });
    let mut loaded = store.load(NOW);
    let answer = read(loaded.team("ops").unwrap()).unwrap();
    assert_eq!((&answer.data, answer.at), (data, NOW));
}
