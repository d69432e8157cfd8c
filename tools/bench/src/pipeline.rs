//! A poll without the network: from the bytes that Heroku sent to everything that a scrape can be
//! given, by the very functions that the exporter uses. This is the one place that knows which those
//! are.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use billing::invoice::Invoices;
use billing::usage::Usage;
use expfmt::{EncodedBodies, Format};
use heroku_api::client::{Decoded, FromPages};
use heroku_api::stats::ClientStats;
use heroku_cost_exporter::metrics::RenderOptions;
use heroku_cost_exporter::metrics::render::Rendered;
use heroku_cost_exporter::snapshot::{EndpointStatus, PollResult, Snapshot, Team};
use heroku_sim::Company;
use jiff::Timestamp;

/// What Heroku answers to a poll of a company, as bytes.
#[derive(Debug, Clone)]
pub(crate) struct Answers(Vec<OfTeam>);

#[derive(Debug, Clone)]
struct OfTeam {
    id: String,
    name: String,
    invoices: Vec<u8>,
    usage: Vec<u8>,
}

impl Answers {
    pub(crate) fn of(company: &Company) -> anyhow::Result<Self> {
        let teams = company.teams.iter().map(|team| {
            Ok(OfTeam {
                id: team.id.clone(),
                name: team.name.clone(),
                invoices: serde_json::to_vec(&team.invoices)?,
                usage: serde_json::to_vec(&team.usage)?,
            })
        });
        teams.collect::<anyhow::Result<_>>().map(Self)
    }

    /// Every answer of a list of invoices.
    pub(crate) fn invoices(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|team| team.invoices.as_slice())
    }

    /// Every answer of usage.
    pub(crate) fn usage(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|team| team.usage.as_slice())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.invoices().chain(self.usage()).map(<[u8]>::len).sum()
    }
}

/// What is known after some polls.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    teams: Vec<Team>,
}

/// Everything that a scrape can be given.
#[derive(Debug)]
pub(crate) struct Published([EncodedBodies; 2]);

impl Pipeline {
    /// A poll: takes in what was answered and publishes what is known then.
    pub(crate) fn poll(&mut self, answers: Answers) -> anyhow::Result<Published> {
        self.take_in(answers)?;
        Ok(self.publish())
    }

    /// Decodes what was answered and makes it what is known.
    pub(crate) fn take_in(&mut self, answers: Answers) -> anyhow::Result<()> {
        for (index, answer) in answers.0.into_iter().enumerate() {
            if self.teams.len() == index {
                self.teams.push(Team {
                    id: Some(answer.id),
                    name: answer.name,
                    asked: Team::ENDPOINTS,
                    ..Team::default()
                });
            }
            let team = self.teams.get_mut(index).context("a team is missing")?;
            note::<Invoices>(&mut team.invoices, answer.invoices)?;
            note::<Usage>(&mut team.usage, answer.usage)?;
        }
        Ok(())
    }

    /// Encodes both formats, plain and compressed.
    pub(crate) fn publish(&self) -> Published {
        let snapshot = Snapshot::new(self.teams.clone(), true, ClientStats::default());
        let options = RenderOptions::default();
        let rendered = Rendered::new(Arc::new(snapshot), noon(), &options, None);
        Published(rendered.bodies(std::iter::empty))
    }
}

impl Published {
    /// Returns a body in OpenMetrics.
    pub(crate) fn body(&self, gzip: bool) -> Vec<u8> {
        let bodies = &self.0[Format::OpenMetrics as usize];
        let chunks = if gzip { &bodies.gzip } else { &bodies.plain };
        chunks.concat()
    }
}

fn note<T: FromPages + PartialEq>(
    outcome: &mut EndpointStatus<T>,
    body: Vec<u8>,
) -> anyhow::Result<()> {
    let answer = Decoded::<T>::from_kept(vec![String::from_utf8(body)?], None)?;
    anyhow::ensure!(answer.left_out.is_empty(), "a row was not understood");
    let polled = PollResult::Answer {
        data: answer.data,
        rows_left_out: 0,
    };
    outcome.note(polled, noon(), Duration::from_millis(80));
    Ok(())
}

/// Noon of a day in the middle of a month.
pub(crate) const fn noon() -> Timestamp {
    Timestamp::constant(1_795_435_200, 0)
}
