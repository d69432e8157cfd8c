//! What a scrape shows of Heroku's figures, taken apart into blocks.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use exposition_parser::{Exposition, Sample};
use jiff::civil::Date;

use crate::clock::{Clock, month_after, month_before};
use crate::ledger::{Block, Figures, Part};

/// What a scrape shows.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// The figures of each block, and which version of it they say that they are.
    pub(crate) blocks: BTreeMap<Block, (u32, Figures)>,
    /// The month that it calls the current one, where it shows usage.
    pub(crate) month: Option<Date>,
    /// `heroku_cost_exporter_polls_total`.
    pub(crate) polls: BTreeMap<(String, Part), u64>,
    /// `heroku_cost_exporter_poll_failures_total` by reason.
    pub(crate) failures: BTreeMap<String, u64>,
    pub(crate) rustc: String,
}

const USAGE: &str = "heroku_team_usage_";
const INVOICE: [&str; 2] = ["heroku_invoice_current_", "heroku_invoice_previous_"];

impl Shown {
    pub(crate) fn read(exposition: &Exposition, clock: &Clock) -> anyhow::Result<Self> {
        let mut shown = Self::default();
        let mut figures: BTreeMap<Block, Figures> = BTreeMap::new();
        for series in exposition.samples() {
            let team =
                || Ok::<_, anyhow::Error>(series.label("team_name").context("no team")?.to_owned());
            if let Some(rest) = series.name.strip_prefix(USAGE) {
                let (month, metric) = shown.month_of(series, rest)?;
                let block = Block {
                    team: team()?,
                    part: Some(month),
                };
                let name = format!("{USAGE}{metric}");
                figures
                    .entry(block)
                    .or_default()
                    .insert(key(name, series), series.value);
            } else if INVOICE.iter().any(|which| series.name.starts_with(which)) {
                let block = Block {
                    team: team()?,
                    part: None,
                };
                figures
                    .entry(block)
                    .or_default()
                    .insert(key(series.name.clone(), series), series.value);
            } else if series.name.starts_with("heroku_cost_exporter_poll") {
                let part = match series.label("endpoint") {
                    Some("invoices") => Part::Invoices,
                    _ => Part::Usage,
                };
                match (series.name.as_str(), series.label("reason")) {
                    ("heroku_cost_exporter_polls_total", _) => {
                        shown.polls.insert((team()?, part), series.value as u64);
                    }
                    (_, Some(reason)) => {
                        *shown.failures.entry(reason.to_owned()).or_default() +=
                            series.value as u64;
                    }
                    _ => {}
                }
            } else if series.name == "heroku_cost_exporter_build_info" {
                shown.rustc = series.label("rustc").unwrap_or_default().to_owned();
            }
        }
        if let Some(month) = shown.month {
            ensure!(clock.may_be(month), "{month} is not the current month");
        }
        for (block, figures) in figures {
            let version = version(&block, &figures)
                .with_context(|| format!("{block:?} does not say which version it is"))?;
            shown.blocks.insert(block, (version, figures));
        }
        Ok(shown)
    }

    /// The month that a series of usage is of, and its metric without `current` or `previous`;
    /// these have to agree with the month's label, and with the other series.
    fn month_of<'a>(&mut self, series: &Sample, rest: &'a str) -> anyhow::Result<(Date, &'a str)> {
        let month = series.label("month").context("no month")?;
        let month: Date = format!("{month}-01").parse()?;
        let (is_current, metric) = match rest.split_once('_') {
            Some(("current", metric)) => (true, metric),
            Some(("previous", metric)) => (false, metric),
            _ => anyhow::bail!("{} is of no month", series.name),
        };
        let current = if is_current {
            month
        } else {
            month_after(month)
        };
        ensure!(
            *self.month.get_or_insert(current) == current,
            "two months are the current one"
        );
        Ok((month, metric))
    }

    /// Whether a block is of a time that this scrape shows, and of which Heroku tells: whose clock may
    /// be in the next month before the exporter's is.
    pub(crate) fn is_of_its_time(&self, block: &Block, clock: &Clock) -> bool {
        match (block.part, self.month) {
            (Some(of), Some(month)) => {
                let is_shown = of == month || of == month_before(month);
                is_shown && !clock.may_be(month_after(month_after(of)))
            }
            // A scrape without any usage is not excused from showing it.
            _ => true,
        }
    }
}

fn key(name: String, series: &Sample) -> (String, BTreeMap<String, String>) {
    (name, series.labels.iter().cloned().collect())
}

/// The version's number, from the figure that carries it.
fn version(block: &Block, figures: &Figures) -> Option<u32> {
    let mut figures = figures.iter();
    let carries = |(name, labels): &(String, BTreeMap<String, String>)| match block.part {
        None => name == "heroku_invoice_current_weighted_dyno_hours",
        Some(_) => {
            let is = |label: &str, value: &str| labels.get(label).is_some_and(|v| v == value);
            is("app_name", "_team_total") && is("type", "connect")
        }
    };
    let (_, number) = figures.find(|(key, _)| carries(key))?;
    Some(*number as u32)
}
