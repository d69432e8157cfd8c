//! Identity, delinquency and licenses of teams, and the expiry of the token.

use jiff::Timestamp;

use super::descriptors::team;
use super::time::unix_time;
use crate::snapshot::{Snapshot, Team};
use expfmt::{Family, Sample};
use heroku_api::team::{Delinquency, Identity, License};

/// Returns the families that have series.
pub(super) fn families(snapshot: &Snapshot) -> Vec<Family<'_>> {
    let info = snapshot.teams().iter().filter_map(|team| {
        let identity = team.metadata.identity.as_deref()?;
        Some(Sample::new(info_labels(team, identity), 1.0))
    });
    let expiry = snapshot.token_expiry.map(unix_time);
    let families = [
        Family::non_empty(&team::INFO, info),
        Family::non_empty(&team::SUSPENSION, scheduled(snapshot, |d| d.suspension)),
        Family::non_empty(&team::DELETION, scheduled(snapshot, |d| d.deletion)),
        Family::non_empty(&team::LICENSE_QUANTITY, licenses(snapshot, |l| l.quantity)),
        Family::non_empty(&team::LICENSE_CONSUMED, licenses(snapshot, |l| l.consumed)),
        Family::non_empty(&team::TOKEN_EXPIRY, expiry.map(Sample::unlabelled)),
    ];
    families.into_iter().flatten().collect()
}

fn info_labels<'a>(team: &'a Team, identity: &'a Identity) -> [&'a str; 4] {
    let account = identity.enterprise_account.as_ref();
    let account_name = account.and_then(|account| account.name.as_ref().or(account.id.as_ref()));
    [
        &identity.id,
        &team.name,
        identity.kind.as_deref().unwrap_or_default(),
        account_name.map_or("", String::as_str),
    ]
}

fn scheduled(
    snapshot: &Snapshot,
    time: fn(&Delinquency) -> Option<Timestamp>,
) -> impl Iterator<Item = Sample<'_>> {
    snapshot.teams().iter().filter_map(move |team| {
        let at = time(team.metadata.delinquency.as_ref()?)?;
        Some(Sample::new([&team.name], unix_time(at)))
    })
}

fn licenses(
    snapshot: &Snapshot,
    value: fn(&License) -> Option<i64>,
) -> impl Iterator<Item = Sample<'_>> {
    snapshot.teams().iter().flat_map(move |team| {
        let licenses = team.metadata.licenses.as_deref().into_iter().flatten();
        licenses.filter_map(move |(name, license)| {
            Some(Sample::new([&team.name, name], value(license)? as f64))
        })
    })
}
