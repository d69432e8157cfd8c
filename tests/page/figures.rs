//! The page's figures are those of the metrics: every team, kind, app, budget and invoice.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::browser::Browser;
use crate::companies::demo;
use crate::scrape::{Scrape, Series};

/// Millionths of a dollar: so far, forecast, last month.
type Row = [Option<i64>; 3];

/// The rows of the table with a caption, by their names: what a person reads, as it is for machines.
/// A name of several teams' apps is followed by the team's.
const ROWS: &str = r#"
const [caption, part] = [CAPTION, PART];
const table = [...document.querySelectorAll('table')]
    .find(table => table.caption.textContent.startsWith(caption));
return [...table.querySelectorAll(part + ' tr')].map(row => [
    [...row.querySelectorAll('th bdi')].map(name => name.textContent).join(' / '),
    ['So far', 'Forecast', 'Last month', 'Change'].map(label => {
        const figure = row.querySelector(`td[data-label="${label}"] data`);
        return figure && figure.value;
    }),
]);
"#;

async fn rows(browser: &Browser, caption: &str, part: &str) -> BTreeMap<String, Row> {
    let script = ROWS
        .replace("CAPTION", &format!("'{caption}'"))
        .replace("PART", &format!("'{part}'"));
    let rows = browser.run(&script).await;
    let rows = rows.as_array().expect("a list").iter().map(|row| {
        let name = row[0].as_str().expect("a name").to_owned();
        let figures: Vec<_> = (0..3).map(|position| micros(&row[1][position])).collect();
        // The change is of the forecast and last month, where both are known.
        if let (Some(forecast), Some(previous)) = (figures[1], figures[2]) {
            assert_eq!(micros(&row[1][3]), Some(forecast - previous), "{name}");
        }
        (name, [figures[0], figures[1], figures[2]])
    });
    rows.collect()
}

/// A decimal text in millionths.
fn micros(value: &Value) -> Option<i64> {
    Some(rounded(value.as_str()?))
}

fn rounded(text: &str) -> i64 {
    let value: f64 = text.parse().expect("a number");
    (value * 1e6).round() as i64
}

/// What the metrics say, added up over all series that share the labels in `by`.
fn scraped(scrape: &Scrape, family: &str, by: &[&str]) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let name = |series: &Series| {
        let labels = by.iter().filter_map(|label| series.label(label));
        labels.collect::<Vec<_>>().join(" / ")
    };
    let mut add = |series: &Series, position: usize, value: &str| {
        let figure = &mut rows.entry(name(series)).or_default()[position];
        *figure = Some(figure.unwrap_or(0) + rounded(value));
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

/// The rows of nothing but zeros are not shown by kind.
fn without_nothing(mut rows: BTreeMap<String, Row>) -> BTreeMap<String, Row> {
    rows.retain(|_, row| row.iter().flatten().any(|figure| *figure != 0));
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_the_page_is_that_of_the_metrics() {
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
    let sums = rows(&browser, "Costs by team", "tfoot").await;
    assert_eq!(sums["All teams"], company[""]);

    let kinds = rows(&browser, "Costs by kind", "tbody").await;
    let names = kinds.into_iter().map(|(name, row)| {
        let word = name.split(" / ").next().unwrap_or_default();
        (word.to_owned(), row)
    });
    let expected = without_nothing(scraped(&scrape, "heroku_team_cost", &["category"]));
    assert_eq!(names.collect::<BTreeMap<_, _>>(), expected);

    let apps = rows(&browser, "Costs by app", "tbody").await;
    let expected = scraped(&scrape, "heroku_app_cost", &["app_name", "team_name"]);
    assert_eq!(apps, expected);
    assert!(apps.len() > 30, "{}", apps.len());

    let budgets = browser
        .run(
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
        expected.insert(team.to_owned(), Some(rounded(value)));
    }
    let all: i64 = expected.values().flatten().sum();
    assert_eq!(shown.remove("All teams"), Some(Some(all)));
    for (series, value) in scrape.series("heroku_app_budget_usd") {
        let [team, app] = ["team_name", "app_name"].map(|name| series.label(name).expect("it"));
        expected.insert(format!("{team} / {app}"), Some(rounded(value)));
    }
    assert_eq!(shown, expected);

    let months = browser
        .run(
            "return [...document.querySelectorAll('details tbody tr')].map(row =>
                [row.querySelector('time').dateTime, row.querySelector('data').value])",
        )
        .await;
    let months = months.as_array().expect("a list");
    let mut history: BTreeMap<String, i64> = BTreeMap::new();
    for (series, value) in scrape.series("heroku_invoice_history_usd") {
        let month = series.label("month").expect("a month").to_owned();
        *history.entry(month).or_default() += rounded(value);
    }
    let open: i64 = scrape
        .series("heroku_invoice_amount_usd")
        .filter(|(series, _)| series.label("period") == Some("current"))
        .map(|(_, value)| rounded(value))
        .sum();
    history.insert("2026-11".to_owned(), open);
    let shown = months.iter().map(|month| {
        let name = month[0].as_str().expect("a month").to_owned();
        (name, micros(&month[1]).expect("an amount"))
    });
    assert_eq!(shown.collect::<BTreeMap<_, _>>(), history);
    assert_eq!(months.len(), 13);

    // Each team's own page, which its name leads to.
    for team in teams.keys() {
        browser.open(&exporter.url("/")).await;
        let link = format!(
            "[...document.querySelectorAll('tbody a')].find(a => a.textContent === '{team}')"
        );
        browser.follow(&link).await;
        let there = format!("return document.querySelector('h1 bdi')?.textContent === '{team}'");
        browser.wait_until(&there).await;
        let only = |by: &[&str], family: &str| {
            let labels = [by, &["team_name"]].concat();
            let rows = scraped(&scrape, family, &labels);
            let of_team = rows.into_iter().filter_map(|(name, row)| {
                let (name, of) = name.rsplit_once(" / ")?;
                (of == team).then(|| (name.to_owned(), row))
            });
            of_team.collect::<BTreeMap<_, _>>()
        };
        let kinds = rows(&browser, "Costs by kind", "tbody").await;
        let kinds = kinds.into_iter().map(|(name, row)| {
            let word = name.split(" / ").next().unwrap_or_default();
            (word.to_owned(), row)
        });
        let expected = without_nothing(only(&["category"], "heroku_team_cost"));
        assert_eq!(kinds.collect::<BTreeMap<_, _>>(), expected, "{team}");
        let apps = rows(&browser, "Costs by app", "tbody").await;
        assert_eq!(apps, only(&["app_name"], "heroku_app_cost"), "{team}");
    }
}
