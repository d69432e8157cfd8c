//! The billing data in one scrape, grouped by block.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use exposition_parser::{Exposition, Sample};
use jiff::civil::Date;

use crate::clock::{Clock, month_after, month_before};
use crate::model::{BillingEndpoint, Block, Samples, SeriesKey, TeamEndpoint};

/// The content of one scrape.
#[derive(Debug, Default)]
pub(crate) struct Observation {
    /// The version and the samples of each block. One sample contains the version.
    pub(crate) blocks: BTreeMap<Block, (u32, Samples)>,
    /// The current month of the exporter, if the scrape contains usage.
    pub(crate) month: Option<Date>,
    /// `heroku_cost_exporter_polls_total`.
    pub(crate) polls: BTreeMap<TeamEndpoint, u64>,
    /// `heroku_cost_exporter_poll_failures_total` by reason.
    pub(crate) failures: BTreeMap<String, u64>,
    /// The compiler version in `heroku_cost_exporter_build_info`.
    pub(crate) rustc: String,
}

const USAGE: &str = "heroku_team_usage_";
const INVOICE: [&str; 2] = ["heroku_invoice_current_", "heroku_invoice_previous_"];

impl Observation {
    /// Groups the samples of a scrape.
    ///
    /// # Errors
    ///
    /// Returns an error if labels are missing, if samples disagree about the current month, or if a
    /// block has no version.
    pub(crate) fn new(exposition: &Exposition, clock: &Clock) -> anyhow::Result<Self> {
        let mut observation = Self::default();
        let mut blocks: BTreeMap<Block, Samples> = BTreeMap::new();
        for sample in exposition.samples() {
            let team = || -> anyhow::Result<String> {
                Ok(sample
                    .label("team_name")
                    .context("missing label team_name")?
                    .to_owned())
            };
            if let Some(rest) = sample.name.strip_prefix(USAGE) {
                let (month, metric) = observation.usage_month(sample, rest)?;
                let block = Block {
                    team: team()?,
                    month: Some(month),
                };
                let key = series_key(format!("{USAGE}{metric}"), sample);
                blocks.entry(block).or_default().insert(key, sample.value);
            } else if INVOICE.iter().any(|prefix| sample.name.starts_with(prefix)) {
                let block = Block {
                    team: team()?,
                    month: None,
                };
                let key = series_key(sample.name.clone(), sample);
                blocks.entry(block).or_default().insert(key, sample.value);
            } else if sample.name.starts_with("heroku_cost_exporter_poll") {
                let endpoint = match sample.label("endpoint") {
                    Some("invoices") => BillingEndpoint::Invoices,
                    _ => BillingEndpoint::Usage,
                };
                let count = sample.value as u64;
                match (sample.name.as_str(), sample.label("reason")) {
                    ("heroku_cost_exporter_polls_total", _) => {
                        observation.polls.insert((team()?, endpoint), count);
                    }
                    (_, Some(reason)) => {
                        *observation.failures.entry(reason.to_owned()).or_default() += count;
                    }
                    _ => {}
                }
            } else if sample.name == "heroku_cost_exporter_build_info" {
                observation.rustc = sample.label("rustc").unwrap_or_default().to_owned();
            }
        }
        if let Some(month) = observation.month {
            ensure!(clock.may_be_in(month), "{month} is not the current month");
        }
        for (block, samples) in blocks {
            let version = version(&block, &samples)
                .with_context(|| format!("{block:?} has no version sample"))?;
            observation.blocks.insert(block, (version, samples));
        }
        Ok(observation)
    }

    /// Returns the month of a usage sample, and its metric name after `current_` or `previous_`.
    ///
    /// # Errors
    ///
    /// Returns an error if the name and the label `month` imply another current month than earlier
    /// samples.
    fn usage_month<'a>(
        &mut self,
        sample: &Sample,
        rest: &'a str,
    ) -> anyhow::Result<(Date, &'a str)> {
        let month = sample.label("month").context("missing label month")?;
        let month: Date = format!("{month}-01").parse()?;
        let (is_current, metric) = match rest.split_once('_') {
            Some(("current", metric)) => (true, metric),
            Some(("previous", metric)) => (false, metric),
            _ => bail!("{} is neither current nor previous", sample.name),
        };
        let current = if is_current {
            month
        } else {
            month_after(month)
        };
        ensure!(
            *self.month.get_or_insert(current) == current,
            "samples disagree about the current month"
        );
        Ok((month, metric))
    }

    /// Returns whether this scrape must contain the block. Invoices are always required. Usage is
    /// required for the current and the previous month, unless the simulated Heroku, whose clock
    /// may be ahead of the exporter's, no longer returns the month.
    pub(crate) fn requires(&self, block: &Block, clock: &Clock) -> bool {
        match (block.month, self.month) {
            (Some(month), Some(current)) => {
                let is_exposed = month == current || month == month_before(current);
                is_exposed && !clock.may_be_in(month_after(month_after(month)))
            }
            // If the scrape contains no usage at all, the usage was lost.
            _ => true,
        }
    }
}

fn series_key(name: String, sample: &Sample) -> SeriesKey {
    (name, sample.labels.iter().cloned().collect())
}

/// Returns the version of a block: the value of the sample that contains the version number (see
/// [`crate::billing_data`]).
fn version(block: &Block, samples: &Samples) -> Option<u32> {
    let is_version = |(name, labels): &SeriesKey| match block.month {
        None => name == "heroku_invoice_current_weighted_dyno_hours",
        Some(_) => {
            let has = |label: &str, value: &str| labels.get(label).is_some_and(|v| v == value);
            has("app_name", "_team_total") && has("type", "connect")
        }
    };
    let (_, version) = samples.iter().find(|(key, _)| is_version(key))?;
    Some(*version as u32)
}
