//! The page shows the same costs, budgets and invoices as the metrics.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::browser::Browser;
use crate::fixtures::demo;
use crate::scrape::{Scrape, Series};

/// So far, forecast and last month, in millionths of a dollar.
type Row = [Option<i64>; 3];

/// Returns the rows of the table with a caption, with the machine-readable values of their cells.
/// If several teams are shown, an app's name is followed by its team's.
const ROWS: &str = r#"
const [caption, part] = [CAPTION, PART];
const table = [...document.querySelectorAll('table')]
    .find(table => table.caption.textContent.startsWith(caption));
return [...table.querySelectorAll(part + ' tr')].map(row => [
    [...row.querySelectorAll('th bdi')].map(name => name.textContent).join(' / '),
    ['So far', 'Forecast', 'Last month', 'Change'].map(label => {
        const data = row.querySelector(`td[data-label="${label}"] data`);
        return data && data.value;
    }),
]);
"#;

async fn rows(browser: &Browser, caption: &str, part: &str) -> BTreeMap<String, Row> {
    let script = ROWS
        .replace("CAPTION", &format!("'{caption}'"))
        .replace("PART", &format!("'{part}'"));
    let rows = browser.execute(&script).await;
    let rows = rows.as_array().expect("a list").iter().map(|row| {
        let name = row[0].as_str().expect("a name").to_owned();
        let amounts: Vec<_> = (0..3).map(|position| micros(&row[1][position])).collect();
        // The change is the difference between the forecast and last month.
        if let (Some(forecast), Some(previous)) = (amounts[1], amounts[2]) {
            assert_eq!(micros(&row[1][3]), Some(forecast - previous), "{name}");
        }
        (name, [amounts[0], amounts[1], amounts[2]])
    });
    rows.collect()
}

/// Returns a decimal in millionths, or `None` for null.
fn micros(value: &Value) -> Option<i64> {
    Some(to_micros(value.as_str()?))
}

fn to_micros(text: &str) -> i64 {
    let value: f64 = text.parse().expect("a number");
    (value * 1e6).round() as i64
}

/// Returns the costs in the metrics, summed over all series that share the labels in `by`.
fn scraped(scrape: &Scrape, family: &str, by: &[&str]) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let name = |series: &Series| {
        let labels = by.iter().filter_map(|label| series.label(label));
        labels.collect::<Vec<_>>().join(" / ")
    };
    let mut add = |series: &Series, position: usize, value: &str| {
        let amount = &mut rows.entry(name(series)).or_default()[position];
        *amount = Some(amount.unwrap_or(0) + to_micros(value));
    };
    for (series, value) in scrape.series(&format!("{family}_usd")) {
        let is_current = series.label("period") == Some("current");
        add(series, if is_current { 0 } else { 2 }, value);
    }
    for (series, value) in scrape.series(&format!("{family}_forecast_usd")) {
        add(series, 1, value);
    }
    rows
}

/// Removes rows that contain only zeros, which the table by kind omits.
fn without_zeros(mut rows: BTreeMap<String, Row>) -> BTreeMap<String, Row> {
    rows.retain(|_, row| row.iter().flatten().any(|amount| *amount != 0));
    rows
}

/// Keys rows of the table by kind by their category, which comes first in their names.
fn by_category(rows: BTreeMap<String, Row>) -> BTreeMap<String, Row> {
    let rows = rows.into_iter().map(|(name, row)| {
        let category = name.split(" / ").next().unwrap_or_default();
        (category.to_owned(), row)
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_and_metrics_have_the_same_amounts() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let exporter = demo().await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    browser.open(&exporter.url("/")).await;

    let teams = rows(&browser, "Costs by team", "tbody").await;
    assert_eq!(teams, scraped(&scrape, "heroku_team_cost", &["team_name"]));
    assert_eq!(teams.len(), 3);
    let company = scraped(&scrape, "heroku_team_cost", &[]);
    let totals = rows(&browser, "Costs by team", "tfoot").await;
    assert_eq!(totals["All teams"], company[""]);

    let kinds = rows(&browser, "Costs by resource type", "tbody").await;
    let expected = without_zeros(scraped(&scrape, "heroku_team_cost", &["category"]));
    assert_eq!(by_category(kinds), expected);

    let apps = rows(&browser, "Costs by app", "tbody").await;
    let expected = scraped(&scrape, "heroku_app_cost", &["app_name", "team_name"]);
    assert_eq!(apps, expected);
    assert!(apps.len() > 30, "{}", apps.len());

    let budgets = browser
        .execute(
            "return [...document.querySelectorAll('.budgets li')].map(li =>
                [li.querySelector('bdi').textContent, li.querySelector('.soft data').value])",
        )
        .await;
    let shown = budgets.as_array().expect("a list").iter();
    let mut shown: BTreeMap<_, _> = shown
        .map(|budget| {
            (
                budget[0].as_str().expect("a name").to_owned(),
                micros(&budget[1]),
            )
        })
        .collect();
    let mut expected = BTreeMap::new();
    for (series, value) in scrape.series("heroku_team_budget_usd") {
        let team = series.label("team_name").expect("a team");
        expected.insert(team.to_owned(), Some(to_micros(value)));
    }
    let all: i64 = expected.values().flatten().sum();
    assert_eq!(shown.remove("All teams"), Some(Some(all)));
    for (series, value) in scrape.series("heroku_app_budget_usd") {
        let [team, app] =
            ["team_name", "app_name"].map(|name| series.label(name).expect("a label"));
        expected.insert(format!("{team} / {app}"), Some(to_micros(value)));
    }
    assert_eq!(shown, expected);

    let months = browser
        .execute(
            "return [...document.querySelectorAll('details tbody tr')].map(row =>
                [row.querySelector('time').dateTime, row.querySelector('data').value])",
        )
        .await;
    let months = months.as_array().expect("a list");
    let mut history: BTreeMap<String, i64> = BTreeMap::new();
    for (series, value) in scrape.series("heroku_team_month_cost_usd") {
        let month = series.label("month").expect("a month").to_owned();
        *history.entry(month).or_default() += to_micros(value);
    }
    let open: i64 = scrape
        .series("heroku_team_cost_usd")
        .filter(|(series, _)| series.label("period") == Some("current"))
        .map(|(_, value)| to_micros(value))
        .sum();
    history.insert("2026-11".to_owned(), open);
    let shown = months.iter().map(|month| {
        let name = month[0].as_str().expect("a month").to_owned();
        (name, micros(&month[1]).expect("an amount"))
    });
    assert_eq!(shown.collect::<BTreeMap<_, _>>(), history);
    assert_eq!(months.len(), 13);

    // Each team's name links to the team's page.
    for team in teams.keys() {
        browser.open(&exporter.url("/")).await;
        let link = format!(
            "[...document.querySelectorAll('tbody a')].find(a => a.textContent === '{team}')"
        );
        browser.click(&link).await;
        let is_open = format!("return document.querySelector('h1 bdi')?.textContent === '{team}'");
        browser.wait_until(&is_open).await;
        let of_team = |by: &[&str], family: &str| {
            let labels = [by, &["team_name"]].concat();
            let rows = scraped(&scrape, family, &labels);
            let rows = rows.into_iter().filter_map(|(name, row)| {
                let (name, row_team) = name.rsplit_once(" / ")?;
                (row_team == team).then(|| (name.to_owned(), row))
            });
            rows.collect::<BTreeMap<_, _>>()
        };
        let kinds = rows(&browser, "Costs by resource type", "tbody").await;
        let expected = without_zeros(of_team(&["category"], "heroku_team_cost"));
        assert_eq!(by_category(kinds), expected, "{team}");
        let apps = rows(&browser, "Costs by app", "tbody").await;
        assert_eq!(apps, of_team(&["app_name"], "heroku_app_cost"), "{team}");
    }
}
