//! The report of a company with hostile names, in every format.

use insta::assert_snapshot;
use jiff::Timestamp;
use jiff::civil::date;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::terminal::Terminal;
use super::*;
use crate::snapshot::{EndpointStatus, Failure, FailureReason, LastSuccess};
use crate::snapshot::{Snapshot, Team, TeamMetadata};
use billing::invoice::{Invoice, InvoicePeriod, Invoices};
use billing::money::Money;
use billing::rules::Rules;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use heroku_api::stats::ClientStats;

pub(crate) fn now() -> Timestamp {
    "2026-11-16T12:00:00Z".parse().unwrap()
}

pub(crate) fn succeeded<T>(data: T) -> EndpointStatus<T> {
    EndpointStatus {
        last_success: Some(LastSuccess {
            data: Arc::new(data),
            at: now(),
            changed_at: now(),
        }),
        ..EndpointStatus::default()
    }
}

pub(crate) fn failed<T>(reason: FailureReason, message: &str) -> EndpointStatus<T> {
    EndpointStatus {
        failure: Some(Failure {
            reason,
            message: message.into(),
        }),
        ..EndpointStatus::default()
    }
}

pub(crate) fn used(dynos: f64, data: f64) -> UsageAmounts {
    UsageAmounts {
        dynos: Some(dynos),
        data: Some(data),
        ..UsageAmounts::default()
    }
}

pub(crate) fn month(team: UsageAmounts, apps: &[(&str, UsageAmounts)]) -> MonthlyUsage {
    MonthlyUsage {
        team_name: None,
        team,
        spaces: Spaces::default(),
        apps: Some(
            apps.iter()
                .map(|(app, used)| ((*app).to_owned(), *used))
                .collect(),
        ),
    }
}

pub(crate) fn team(
    name: &str,
    usage: EndpointStatus<Usage>,
    invoices: EndpointStatus<Invoices>,
) -> Team {
    Team {
        inventory: None,
        id: Some(format!("id of {name}")),
        name: name.into(),
        invoices,
        usage,
        polled_endpoints: Team::ENDPOINTS,
        metadata: TeamMetadata::default(),
        nights: None,
        lags: Arc::default(),
    }
}

pub(crate) fn usage(months: [(&str, MonthlyUsage); 2]) -> EndpointStatus<Usage> {
    let months = months.map(|(month, usage)| (month.parse().unwrap(), usage));
    succeeded(Usage {
        months: months.into(),
    })
}

/// Returns a company with hostile names, failed endpoints and an invoice.
pub(crate) fn hostile() -> Snapshot {
    let apps = [
        ("storefront-web-production", used(3.5, 250.333_333)),
        ("=HYPERLINK(\"http://evil\",\"click\")", used(1.0, 0.0)),
        ("\u{1b}[31mred\u{7}\n\"quoted\", too", used(0.5, 9.99)),
        ("日本語のとても長いアプリの名前です", used(0.25, 1.0)),
        ("👩‍👧 e\u{301}clair \u{202e}gnp.exe", used(0.125, 0.000_001)),
        ("_other", used(0.01, 0.0)),
    ];
    let previous_apps = [
        ("storefront-web-production", used(6.0, 600.0)),
        ("gone-in-october", used(2.0, 40.0)),
    ];
    let invoice = Invoice {
        number: Some(1),
        period: InvoicePeriod {
            start: date(2026, 10, 1),
            end: None,
            end_as_written: String::new(),
        },
        state: None,
        payment_status: String::new(),
        total: Money::from_cents(84_500),
        charges: None,
        credits: None,
        addons: None,
        database: None,
        platform: Money::from_cents(20_000),
        dyno_units: Some(8.0),
        weighted_dyno_hours: None,
        updated_at: None,
    };
    let first = usage([
        ("2026-10", month(used(8.0, 640.0), &previous_apps)),
        ("2026-11", month(used(5.5, 261.0), &apps)),
    ]);
    let second = usage([
        (
            "2026-10",
            month(used(1.0, 20.0), &[("_other", used(1.0, 20.0))]),
        ),
        (
            "2026-11",
            month(used(0.4, 8.0), &[("_other", used(0.4, 8.0))]),
        ),
    ]);
    let teams = vec![
        team("acme-web", first, succeeded(Invoices::new(vec![invoice]))),
        team(
            "acme-data",
            second,
            failed(FailureReason::NotAvailable, "Heroku answered 403"),
        ),
        team(
            "acme-lost",
            failed(
                FailureReason::ServerError,
                "Heroku answered 503: \u{1b}]0;title\u{7}maintenance",
            ),
            succeeded(Invoices::default()),
        ),
    ];
    Snapshot::new(teams, true, ClientStats::default())
}

pub(crate) fn rules() -> Rules {
    let dollars = Money::from_whole_dollars;
    let mut rules = Rules::default();
    rules.budgets.teams = [
        ("acme-web".into(), dollars(900)),
        ("acme-data".into(), dollars(20)),
    ]
    .into();
    let app = ("acme-web".into(), "storefront-web-production".into());
    rules.budgets.apps = [(app, dollars(700))].into();
    rules
}

fn report() -> Report {
    Report::new(&hostile(), &rules(), None, now())
}

fn table_text(width: u16, has_colour: bool) -> String {
    let text = table::table(&report(), Some(5), Terminal { width, has_colour });
    // Make escape sequences visible in the golden files.
    text.replace('\u{1b}', "<ESC>")
}

#[test]
fn narrow() {
    assert_snapshot!(table_text(40, false));
}

#[test]
fn usual() {
    assert_snapshot!(table_text(80, false));
}

#[test]
fn wide() {
    assert_snapshot!(table_text(120, false));
}

#[test]
fn coloured() {
    assert_snapshot!(table_text(80, true));
}

#[test]
fn as_json() {
    assert_snapshot!(json::json(&report()).unwrap());
}

#[test]
fn as_csv() {
    assert_snapshot!(csv::csv(&report()).unwrap());
}

/// Each kind of row has the same sum in both formats.
#[test]
fn rows_add_up_in_csv_and_json() {
    let text = csv::csv(&report()).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    for record in reader.records().map(Result::unwrap) {
        let usd = &record[4];
        if !usd.is_empty() {
            let (whole, fraction) = usd.split_once('.').unwrap_or((usd, ""));
            let digits = format!("{whole}{fraction:0<6}");
            *sums.entry(record[0].to_owned()).or_default() += digits.parse::<i128>().unwrap();
        }
    }
    let total = sums["company"];
    for row in ["company_kind", "team", "team_kind"] {
        assert_eq!(sums[row], total, "{row}");
    }
    assert_eq!(sums["app"], sums["app_kind"]);
    let value: serde_json::Value = serde_json::from_str(&json::json(&report()).unwrap()).unwrap();
    let company = value["company"]["current_usd"].as_f64().unwrap();
    assert_eq!(company, Money::from_micros(total).dollars());
}

/// Returns the width of a line in terminal columns.
fn columns_of(line: &str) -> usize {
    let mut table = comfy_table::Table::new();
    table.add_row([line]);
    table.column_max_content_widths()[0].into()
}

#[test]
fn fits_any_width_from_forty_columns() {
    for width in 20..=220 {
        let terminal = Terminal {
            width,
            has_colour: false,
        };
        for top in [None, Some(0), Some(1)] {
            let text = table::table(&report(), top, terminal);
            let longest = text.lines().map(columns_of).max().unwrap();
            assert!(
                width < 40 || longest <= usize::from(width),
                "{width} {longest}\n{text}"
            );
            assert!(!text.contains('\u{1b}') && text.lines().all(|l| !l.ends_with(' ')));
            // Amounts are never truncated.
            assert!(text.contains("416.50"), "{width}\n{text}");
        }
    }
}

#[test]
fn formats_extreme_amounts() {
    let extreme = usage([
        (
            "2026-10",
            month(used(1e308, -1e308), &[("big", used(1e308, -1e308))]),
        ),
        (
            "2026-11",
            month(
                used(f64::NAN, 1e308),
                &[("big", used(1e308, f64::INFINITY))],
            ),
        ),
    ]);
    let teams = vec![team("ops", extreme, EndpointStatus::default())];
    let snapshot = Snapshot::new(teams, false, ClientStats::default());
    let report = Report::new(&snapshot, &Rules::default(), None, now());
    for width in [20, 40, 80, 200] {
        table::table(
            &report,
            None,
            Terminal {
                width,
                has_colour: true,
            },
        );
    }
    json::json(&report).unwrap();
    csv::csv(&report).unwrap();
}

#[test]
fn shortens_names_of_any_length() {
    let name = "x".repeat(100_000);
    let apps = [(name.as_str(), used(1.0, 1.0))];
    let months = [
        ("2026-10", month(used(1.0, 1.0), &apps)),
        ("2026-11", month(used(1.0, 1.0), &apps)),
    ];
    let teams = [&name, "ops"]
        .map(|name| team(name, usage(months.clone()), succeeded(Invoices::default())));
    let snapshot = Snapshot::new(teams.into(), true, ClientStats::default());
    let report = Report::new(&snapshot, &Rules::default(), None, now());
    let text = table::table(&report, None, Terminal::PLAIN);
    let longest = text.lines().map(columns_of).max();
    assert_eq!(longest, Some(Terminal::PLAIN.width.into()));
}

#[test]
fn renders_an_empty_snapshot() {
    let report = Report::new(&Snapshot::default(), &Rules::default(), None, now());
    assert_snapshot!(table::table(&report, None, Terminal::PLAIN));
    json::json(&report).unwrap();
    csv::csv(&report).unwrap();
}

#[test]
fn is_complete_unless_data_is_missing() {
    let is_complete = |usage, invoices| {
        let teams = vec![team("ops", usage, invoices)];
        let snapshot = Snapshot::new(teams, false, ClientStats::default());
        Report::new(&snapshot, &Rules::default(), None, now()).is_complete()
    };
    let usage = || succeeded(Usage::default());
    let invoices = || succeeded(Invoices::default());
    assert!(is_complete(usage(), invoices()));
    assert!(is_complete(
        usage(),
        failed(FailureReason::NotAvailable, "403")
    ));
    assert!(!is_complete(
        usage(),
        failed(FailureReason::Timeout, "late")
    ));
    assert!(!is_complete(
        failed(FailureReason::NotAvailable, "403"),
        failed(FailureReason::NotAvailable, "403")
    ));
}

#[test]
fn no_format_contains_hidden_characters() {
    let names = [
        "\u{1b}[2J",
        "\u{9b}2J",
        "\u{7f}\u{202e}",
        "\u{e0041}",
        "a\tb\rc",
    ];
    let apps = names.map(|name| (name, used(1.0, 1.0)));
    let months = [
        ("2026-10", month(used(5.0, 5.0), &apps)),
        ("2026-11", month(used(5.0, 5.0), &apps)),
    ];
    let teams = vec![team("ops", usage(months), EndpointStatus::default())];
    let report = Report::new(
        &Snapshot::new(teams, false, ClientStats::default()),
        &Rules::default(),
        None,
        now(),
    );
    let json = json::json(&report).unwrap();
    for text in [
        table::table(&report, None, Terminal::PLAIN),
        csv::csv(&report).unwrap(),
        json.clone(),
    ] {
        assert!(
            !text.chars().any(|c| c != '\n' && format::is_hidden(c)),
            "{text:?}"
        );
    }
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let apps = value["teams"][0]["apps"].as_array().unwrap();
    let read: BTreeSet<_> = apps
        .iter()
        .map(|app| app["app_name"].as_str().unwrap())
        .collect();
    assert_eq!(read, names.into());
}

/// A team without data of one month does not count in the change.
#[test]
fn change_compares_the_same_teams() {
    let both = |previous, current| {
        usage([
            (
                "2026-10",
                month(used(previous, 0.0), &[("a", used(previous, 0.0))]),
            ),
            (
                "2026-11",
                month(used(current, 0.0), &[("a", used(current, 0.0))]),
            ),
        ])
    };
    let mut new = both(0.0, 8.0);
    let months = new.last_success.as_mut().map(|success| &mut success.data);
    let months = months.and_then(Arc::get_mut).unwrap();
    months.months.pop_first();
    let none = || succeeded(Invoices::default());
    let teams = vec![
        team("old", both(4.0, 2.0), none()),
        team("new", new, none()),
    ];
    let snapshot = Snapshot::new(teams, true, ClientStats::default());
    let report = Report::new(&snapshot, &Rules::default(), None, now());
    let [old, new] = &report.teams[..] else {
        panic!("two teams");
    };
    assert_eq!(new.costs.change(), None);
    assert!(new.costs.forecast > Some(Money::ZERO));
    assert_eq!(report.company.change(), old.costs.change());
    assert_eq!(report.company.change_share(), old.costs.change_share());
}

#[test]
fn names_category_without_amount_in_current_month() {
    let dynos_only = UsageAmounts {
        dynos: Some(2.0),
        ..UsageAmounts::default()
    };
    let months = usage([
        ("2026-10", month(used(4.0, 50.0), &[("a", used(4.0, 50.0))])),
        ("2026-11", month(dynos_only, &[("a", dynos_only)])),
    ]);
    let team = team("acme", months, succeeded(Invoices::default()));
    let snapshot = Snapshot::new(vec![team], true, ClientStats::default());
    let report = Report::new(&snapshot, &Rules::default(), None, now());
    let issues: Vec<_> = report.issues.iter().map(|issue| issue.reason).collect();
    assert_eq!(issues, ["unknown_category"]);
    // The dynos cost as much a day as last month.
    assert_eq!(
        report
            .company
            .change()
            .map(|change| change.dollars().abs() < 5.0),
        Some(true)
    );
}
