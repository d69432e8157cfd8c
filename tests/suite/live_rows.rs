//! A team with invoices like live ones: `charges_total` is 0, and the open invoice appears some hours
//! after the start of the month.

use heroku_sim::{Company, Simulator};
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::exporter::ExporterBuilder;
use crate::external_tools;
use crate::scrape::Scrape;
use crate::self_series::*;

/// Returns the metrics of an exporter that polls the team at `now`, by name and period.
async fn scrape_at(now: &str) -> Option<Scrape> {
    let library = external_tools::faketime_library()?;
    let now: Timestamp = now.parse().expect("a valid time");
    let today = Offset::UTC.to_datetime(now).date();
    let heroku = Simulator::builder(Company::live(now), today).start().await;
    let heroku = heroku.expect("loopback has a free port");
    let exporter = ExporterBuilder::for_heroku(&heroku, "live").with_clock_at(now, library);
    let exporter = exporter.start().await;
    let is_polled = |scrape: &Scrape| endpoint_value(scrape, UP, "invoices") == 1.0;
    Some(exporter.wait_for_scrape("the invoices", is_polled).await)
}

fn of_period(scrape: &Scrape, name: &str, period: &str) -> Option<f64> {
    let mut series = scrape.series(name);
    let (_, value) = series.find(|(series, _)| series.label("period") == Some(period))?;
    value.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_like_live_ones_are_attributed_to_their_months() {
    for (now, current, previous) in [
        // The open invoice does not exist yet, and that of February is the previous one.
        ("2022-03-01T03:30:00Z", None, Some(14.51)),
        ("2022-03-01T04:30:00Z", Some(0.0), Some(14.51)),
        ("2022-03-15T12:00:00Z", Some(13.74), Some(14.51)),
    ] {
        let Some(scrape) = scrape_at(now).await else {
            return;
        };
        for (period, expected) in [("current", current), ("previous", previous)] {
            let amount = of_period(&scrape, "heroku_invoice_amount_usd", period);
            assert_eq!(amount, expected, "{now} {period}");
            let charges = of_period(&scrape, "heroku_invoice_charges_usd", period);
            assert_eq!(charges, expected.map(|_| 0.0), "{now} {period}");
        }
    }
}
