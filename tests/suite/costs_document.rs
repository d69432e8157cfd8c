//! Generates the worked example in `docs/COSTS.md`.

use std::fmt::Write;
use std::sync::Arc;

use billing::category::Category;
use billing::cost::{Billed, TeamCost};
use billing::forecast::PREVIOUS_WEIGHT;
use billing::invoice::{Invoice, InvoicePeriod, Invoices};
use billing::money::Money;
use billing::rules::{Prices, Rules};
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use heroku_cost_exporter::snapshot::{EndpointStatus, LastSuccess, Team, TeamMetadata};
use jiff::Timestamp;

use crate::documents::assert_part;

/// A month of usage: dynos, data, partner, add-on and space credits of the team, and the first
/// three of each app.
struct Month {
    name: &'static str,
    team: [f64; 5],
    apps: [(&'static str, [f64; 3]); 2],
}

const MONTHS: [Month; 2] = [
    Month {
        name: "2026-10",
        team: [4.5, 120.0, 41.0, 161.0, 6.0],
        apps: [("shop", [3.0, 100.0, 24.0]), ("worker", [1.5, 20.0, 17.0])],
    },
    Month {
        name: "2026-11",
        team: [2.5, 60.0, 20.5, 85.0, 3.0],
        apps: [("shop", [1.5, 50.0, 12.0]), ("worker", [0.75, 10.0, 8.5])],
    },
];

fn now() -> Timestamp {
    "2026-11-16T12:00:00Z".parse().expect("a valid timestamp")
}

fn cents(cents: i64) -> Money {
    Money::from_cents(cents).expect("a small amount")
}

fn amounts([dynos, data, partner]: [f64; 3]) -> UsageAmounts {
    UsageAmounts {
        dynos: Some(dynos),
        data: Some(data),
        partner: Some(partner),
        ..UsageAmounts::default()
    }
}

fn monthly_usage(month: &Month) -> MonthlyUsage {
    let [dynos, data, partner, addons, space] = month.team;
    let apps = month.apps.iter();
    MonthlyUsage {
        team_name: None,
        team: UsageAmounts {
            addons: Some(addons),
            ..amounts([dynos, data, partner])
        },
        spaces: Spaces {
            credits: Some(space),
            ..Spaces::default()
        },
        apps: Some(
            apps.map(|(app, used)| ((*app).to_owned(), amounts(*used)))
                .collect(),
        ),
    }
}

fn polled<T>(data: T) -> EndpointStatus<T> {
    EndpointStatus {
        last_success: Some(LastSuccess {
            data: Arc::new(data),
            at: now(),
            changed_at: now(),
        }),
        ..EndpointStatus::default()
    }
}

/// The team. It has an invoice for October and none for November yet.
fn acme() -> Team {
    let invoice = Invoice {
        number: Some(1042),
        period: InvoicePeriod::parse(Some("2026-10-01"), Some("2026-10-31"))
            .expect("a valid period"),
        state: Some(1),
        payment_status: "Paid".into(),
        total: Some(cents(34_150)),
        charges: Some(cents(34_150)),
        credits: Some(cents(0)),
        addons: None,
        database: None,
        platform: Some(cents(12_600)),
        dyno_units: Some(4.5),
        weighted_dyno_hours: None,
        updated_at: None,
    };
    let months = MONTHS
        .iter()
        .map(|m| (m.name.parse().expect("a valid month"), monthly_usage(m)));
    Team {
        inventory: None,
        id: Some("01234567-89ab-cdef-0123-456789abcdef".into()),
        name: "acme".into(),
        invoices: polled(Invoices::new(vec![invoice])),
        usage: polled(Usage {
            months: months.collect(),
        }),
        polled_endpoints: Team::ENDPOINTS,
        metadata: TeamMetadata::default(),
        nights: None,
        lags: Arc::default(),
    }
}

/// The example's settings: a space credit costs 5 dollars.
fn rules() -> Rules {
    Rules {
        prices: Prices {
            space_credit: Some(cents(500)),
            ..Prices::default()
        },
        ..Rules::default()
    }
}

fn usd(money: Option<Money>) -> String {
    money.map_or_else(|| "–".to_owned(), |money| format!("{:.2}", money.dollars()))
}

/// Appends a table of a month's costs by app and category.
fn costs(text: &mut String, billed: &Billed<'_>) {
    let cost = billed.cost.as_ref().expect("usage of the month");
    text.push_str(
        "app | dynos | data | partner | space | other | sum\n---|--:|--:|--:|--:|--:|--:\n",
    );
    let mut row = |name: &str, of: &dyn Fn(Category) -> Option<Money>, sum: Option<Money>| {
        let cells =
            Category::ALL.map(|category| of(category).map_or_else(String::new, |m| usd(Some(m))));
        let _ = writeln!(text, "{name} | {} | {}", cells.join(" | "), usd(sum));
    };
    for (app, app_cost) in &cost.rows {
        row(
            app,
            &|category| app_cost.cost.get(category),
            app_cost.cost.total(),
        );
    }
    let without_app = [Category::Space, Category::Other];
    let no_app = |category| {
        cost.team
            .get(category)
            .filter(|_| without_app.contains(&category))
    };
    let sum = without_app
        .into_iter()
        .filter_map(no_app)
        .reduce(|a, b| a + b);
    row("no app", &no_app, sum);
    row(
        "**acme**",
        &|category| cost.team.get(category),
        billed.total(),
    );
}

fn example() -> String {
    let (team, rules) = (acme(), rules());
    let cost = TeamCost::new(team.billing_input(now(), None), &rules, now());
    let mut text = String::from(
        "On 16 November 2026 Heroku reports this usage of the team `acme`:\n\n\
         month | | dynos | data | partner | addons | space\n---|---|--:|--:|--:|--:|--:\n",
    );
    for Month { name, team, apps } in &MONTHS {
        let [dynos, data, partner, addons, space] = team;
        let _ = writeln!(
            text,
            "{name} | team | {dynos} | {data} | {partner} | {addons} | {space}"
        );
        for (app, [dynos, data, partner]) in apps {
            let _ = writeln!(text, "{name} | `{app}` | {dynos} | {data} | {partner}");
        }
    }
    let previous = cost.previous.cost.as_ref().expect("usage of October");
    let current = cost.current.cost.as_ref().expect("usage of November");
    let price = current.dyno_price.dollars_per_unit();
    let _ = write!(
        text,
        "\nOctober's invoice: total {}, platform {}, dyno units {}. November has none yet. \
         A space credit costs 5.00 (`--price.space-credit-usd=5`).\n\n\
         **Price of a dyno unit:** {} ÷ {} = {price:.2} in October (`source=\"{}\"`), and the same in November (`source=\"{}\"`).\n\n\
         **October:**\n\n",
        usd(cost.previous.invoice.and_then(|invoice| invoice.total)),
        usd(cost.previous.invoice.and_then(|invoice| invoice.platform)),
        cost.previous
            .invoice
            .and_then(|invoice| invoice.dyno_units)
            .expect("the invoice has dyno units"),
        usd(cost.previous.invoice.and_then(|invoice| invoice.platform)),
        MONTHS[0].team[0],
        previous.price_source.as_str(),
        current.price_source.as_str(),
    );
    costs(&mut text, &cost.previous);
    let _ = write!(
        text,
        "\nThe invoice's unexplained amount (`heroku_invoice_unexplained_usd`) is {}.\n\n**November to date:**\n\n",
        usd(cost.previous.unexplained()),
    );
    costs(&mut text, &cost.current);
    let [dynos, data, partner, addons, _] = MONTHS[1].team;
    let units = MONTHS[1].apps.iter().map(|(_, used)| used[0]).sum::<f64>();
    let _ = write!(
        text,
        "\n`other` is dyno units of no app, ({dynos} − {units}) × {price:.2} = {:.2}, plus credits that are neither data \
         nor partner, {addons} − {data} − {partner} = {:.2}.\n",
        (dynos - units) * price,
        addons - data - partner,
    );
    let forecast = cost.forecast.as_ref().expect("a forecast");
    let [to_date, previous] = [&cost.current, &cost.previous].map(|month| usd(month.total()));
    let covered = forecast.coverage.ratio();
    let weight = (f64::from(PREVIOUS_WEIGHT) / 1000.0).powi(2);
    let _ = writeln!(
        text,
        "\n**Forecast:** usage covers {covered} of November, so the forecast is {to_date} + (1 − {covered}) × \
         ({covered} × {to_date} + {weight:.4} × {previous}) ÷ ({covered}² + {weight:.4}) = {}.",
        usd(forecast.team.total()),
    );
    text
}

#[test]
fn worked_example_is_up_to_date() {
    let text = example();
    // Calculated by hand: 2.25 × 28 + 60 + 20.5 + 3 × 5 + (0.25 × 28 + 4.5),
    // and 4.5 × 28 + 161 + 6 × 5.
    for expected in [
        "| 63.00 | 60.00 | 20.50 | 15.00 | 11.50 | 170.00\n",
        "| 317.00\n",
        "is 24.50.",
        // 87.0288 ÷ 0.2564 = 339.43 for a full month.
        "= 339.71.",
    ] {
        assert!(text.contains(expected), "{expected}:\n{text}");
    }
    assert_part("docs/COSTS.md", "example", &text);
}
