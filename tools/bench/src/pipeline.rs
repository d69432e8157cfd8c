//! A poll without the network: from the bytes of Heroku's responses to the encoded and compressed
//! bodies, with the functions of the exporter. No other module uses the crates of the exporter.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use billing::invoice::Invoices;
use billing::usage::Usage;
use expfmt::{EncodedBodies, Format};
use heroku_api::client::{Decoded, FromPages};
use heroku_api::skipped::Skipped;
use heroku_api::stats::ClientStats;
use heroku_cost_exporter::metrics::RenderOptions;
use heroku_cost_exporter::metrics::render::Rendered;
use heroku_cost_exporter::snapshot::{EndpointStatus, PollResult, Snapshot, Team};
use heroku_sim::Company;

use crate::heroku::now;

/// The version of the compiler.
pub(crate) const RUSTC: &str = heroku_cost_exporter::build::RUSTC;

/// The bodies of Heroku's responses to one poll.
#[derive(Debug, Clone)]
pub(crate) struct Responses(Vec<TeamResponses>);

#[derive(Debug, Clone)]
struct TeamResponses {
    id: String,
    name: String,
    invoices: Vec<u8>,
    usage: Vec<u8>,
}

impl Responses {
    pub(crate) fn of(company: &Company) -> anyhow::Result<Self> {
        let teams = company.teams.iter().map(|team| {
            Ok(TeamResponses {
                id: team.id.clone(),
                name: team.name.clone(),
                invoices: serde_json::to_vec(&team.invoices)?,
                usage: serde_json::to_vec(&team.usage)?,
            })
        });
        teams.collect::<anyhow::Result<_>>().map(Self)
    }

    /// Returns all bodies.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .iter()
            .flat_map(|team| [team.invoices.as_slice(), team.usage.as_slice()])
    }
}

/// The data of all teams, updated by each poll.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    teams: Vec<Team>,
}

/// The encoded bodies of both formats.
#[derive(Debug)]
pub(crate) struct EncodedFormats([EncodedBodies; 2]);

impl Pipeline {
    /// Decodes the responses of a poll, and encodes both formats, plain and compressed.
    pub(crate) fn poll(&mut self, responses: Responses) -> anyhow::Result<EncodedFormats> {
        for (index, response) in responses.0.into_iter().enumerate() {
            if self.teams.len() == index {
                self.teams.push(Team {
                    id: Some(response.id),
                    name: response.name,
                    polled_endpoints: Team::ENDPOINTS,
                    ..Team::default()
                });
            }
            let team = self.teams.get_mut(index).context("missing team")?;
            record::<Invoices>(&mut team.invoices, response.invoices)?;
            record::<Usage>(&mut team.usage, response.usage)?;
        }
        let snapshot = Snapshot::new(self.teams.clone(), true, ClientStats::default());
        let options = RenderOptions::default();
        let rendered = Rendered::new(Arc::new(snapshot), now(), &options, None);
        Ok(EncodedFormats(rendered.bodies(std::iter::empty)))
    }
}

impl EncodedFormats {
    /// Returns the OpenMetrics body.
    pub(crate) fn body(&self, gzip: bool) -> Vec<u8> {
        let bodies = &self.0[Format::OpenMetrics as usize];
        let chunks = if gzip { &bodies.gzip } else { &bodies.plain };
        chunks.concat()
    }
}

/// Decodes a response, and records it as a successful poll.
fn record<T: FromPages + PartialEq>(
    status: &mut EndpointStatus<T>,
    body: Vec<u8>,
) -> anyhow::Result<()> {
    let decoded = Decoded::<T>::decode(&[String::from_utf8(body)?], None)?;
    ensure!(
        decoded.skipped == Skipped::default(),
        "a row or field could not be decoded"
    );
    let result = PollResult::Success {
        data: decoded.data,
        skipped: decoded.skipped,
    };
    status.record(result, now(), Duration::from_millis(80));
    Ok(())
}
