//! What is true of a team beside its bill, and of the token.

use std::borrow::Cow;

use jiff::Timestamp;
use smallvec::smallvec;

use super::unix_time;
use crate::metrics::descriptors::team;
use crate::snapshot::{Snapshot, Team};
use expfmt::family::{Family, LabelValues, Sample};
use heroku_api::team::{Delinquency, Identity, License};

/// The families that have a series, in the catalogue's order.
pub(super) fn families(snapshot: &Snapshot) -> Vec<Family<'_>> {
    let info = snapshot.teams().iter().filter_map(|team| {
        let identity = team.metadata.identity.as_deref()?;
        Some(Sample::new(who(team, identity), 1.0))
    });
    let expiry = snapshot.token_expiry.map(unix_time);
    let families = [
        Family::non_empty(&team::INFO, info),
        Family::non_empty(&team::SUSPENSION, scheduled(snapshot, |d| d.suspension)),
        Family::non_empty(&team::DELETION, scheduled(snapshot, |d| d.deletion)),
        Family::non_empty(&team::LICENSE_QUANTITY, licences(snapshot, |l| l.quantity)),
        Family::non_empty(&team::LICENSE_CONSUMED, licences(snapshot, |l| l.consumed)),
        Family::non_empty(
            &team::TOKEN_EXPIRY,
            expiry.map(|expiry| Sample::new(LabelValues::new(), expiry)),
        ),
    ];
    families.into_iter().flatten().collect()
}

fn who<'a>(team: &'a Team, identity: &'a Identity) -> LabelValues<'a> {
    let text = |text: Option<&'a String>| Cow::from(text.map_or("", String::as_str));
    let account = identity.enterprise_account.as_ref();
    let account_name = account.and_then(|account| account.name.as_ref().or(account.id.as_ref()));
    smallvec![
        identity.id.as_str().into(),
        team.name.as_str().into(),
        text(identity.kind.as_ref()),
        text(account_name),
    ]
}

fn scheduled(
    snapshot: &Snapshot,
    time: fn(&Delinquency) -> Option<Timestamp>,
) -> impl Iterator<Item = Sample<'_>> {
    snapshot.teams().iter().filter_map(move |team| {
        let at = time(team.metadata.delinquency.as_ref()?)?;
        Some(Sample::new(
            smallvec![team.name.as_str().into()],
            unix_time(at),
        ))
    })
}

fn licences(
    snapshot: &Snapshot,
    figure: fn(&License) -> Option<i64>,
) -> impl Iterator<Item = Sample<'_>> {
    snapshot.teams().iter().flat_map(move |team| {
        let licenses = team.metadata.licenses.as_deref().into_iter().flatten();
        licenses.filter_map(move |(name, license)| {
            let labels = smallvec![team.name.as_str().into(), name.as_str().into()];
            Some(Sample::new(labels, figure(license)? as f64))
        })
    })
}
