use super::*;
use crate::collector::error::Error;
use billing::resources::App;
use heroku_api::client::Conditional;
use heroku_api::client::Decoded;
use heroku_api::error::{ApiErrorBody, Error as ApiError};
use heroku_api::skipped::Skipped;

fn app(team: usize, number: usize) -> App {
    App {
        id: format!("{team}-{number}"),
        name: format!("app-{team}-{number}"),
        owner_id: None,
        region: None,
        space: None,
        generation: None,
        created_at: None,
        updated_at: None,
    }
}

fn modified<T>(data: Vec<T>) -> Result<Conditional<Vec<T>>, Error> {
    Ok(Conditional::Modified(Decoded {
        data,
        skipped: Skipped::default(),
        validator: None,
    }))
}

fn cache() -> InventoryCache {
    let url = "https://api.heroku.com/".parse().unwrap();
    let store = Store::in_memory(None, &url);
    InventoryCache::new(Some(Duration::from_secs(4)), &mut Loaded::default(), store)
}

/// Runs the next request, if one is due within `limit`. Returns its endpoint.
async fn step(cache: &mut InventoryCache, apps: usize, limit: Instant) -> Option<Endpoint> {
    let jobs = InventoryJobs::new();
    let due = cache.next_due(&jobs)?;
    if due > limit {
        return None;
    }
    tokio::time::advance(due.saturating_duration_since(Instant::now())).await;
    let now = Instant::now();
    let interval = cache.interval?;
    let (request, schedule) = cache.next_request(now)?;
    schedule.start(tokio::spawn(async {}).id(), None);
    cache.next_start = now + interval;
    let endpoint = request.endpoint;
    let rows = match endpoint {
        Endpoint::Apps => {
            let team = request.team.parse().unwrap();
            Rows::Apps(modified(
                (0..apps).map(|number| app(team, number)).collect(),
            ))
        }
        Endpoint::Addons => Rows::Addons(modified(vec![])),
        Endpoint::PipelineCouplings => Rows::Couplings(modified(vec![])),
        Endpoint::Formation => Rows::Formation(modified(vec![])),
        Endpoint::Pipelines => Rows::Pipelines(modified(vec![])),
        _ => Rows::DynoSizes(modified(vec![])),
    };
    cache.record(JobResult { request, rows });
    Some(endpoint)
}

/// Returns the requests in each hour.
async fn requests(teams: usize, apps: usize, hours: usize) -> Vec<usize> {
    let mut cache = cache();
    let targets: Vec<_> = (0..teams)
        .map(|team| MetadataTarget {
            id_or_name: team.to_string(),
            id: None,
            identity: None,
        })
        .collect();
    cache.set_targets(&targets, None);
    let start = Instant::now();
    let mut by_hour = Vec::new();
    for hour in 1..=hours {
        let mut count = 0;
        let end = start + HOUR * u32::try_from(hour).unwrap();
        while step(&mut cache, apps, end).await.is_some() {
            count += 1;
        }
        by_hour.push(count);
    }
    by_hour
}

#[tokio::test(start_paused = true)]
async fn requests_stay_within_the_rate_limit() {
    for (teams, apps) in [(1, 50), (3, 1000)] {
        let by_hour = requests(teams, apps, 96).await;
        // The first sweep; both ends of an hour may have a request.
        assert!(by_hour.iter().all(|count| *count <= 901), "{by_hour:?}");
        let average = by_hour[48..].iter().sum::<usize>() as f64 / 48.0;
        let limit = 2.0 * teams as f64 + (teams * apps) as f64 / 24.0 + 10.0;
        assert!(average <= limit, "{teams}×{apps}: {average} > {limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn changed_apps_are_requested_at_once() {
    let mut cache = cache();
    let target = MetadataTarget {
        id_or_name: "0".to_owned(),
        id: None,
        identity: None,
    };
    cache.set_targets(&[target], None);
    let minute = Instant::now() + Duration::from_secs(60);
    while step(&mut cache, 2, minute).await.is_some() {}
    let team = cache.teams.get_mut("0").unwrap();
    let mut apps = vec![app(0, 0), app(0, 1), app(0, 2)];
    apps[1].updated_at = Some("2026-11-23T12:00:00Z".parse().unwrap());
    let request = team.apps.request("0", "").0;
    team.record(&request, Rows::Apps(modified(apps)), &mut BTreeSet::new());
    let now = Instant::now();
    let formations = team.formations.iter();
    let due = formations.filter(|(_, formation)| {
        formation
            .processes
            .schedule
            .next_due()
            .is_some_and(|due| due <= now)
    });
    let due: Vec<_> = due.map(|(app, _)| app.as_str()).collect();
    assert_eq!(due, ["0-1", "0-2"]);
}

#[tokio::test(start_paused = true)]
async fn empty_list_in_place_of_rows_is_confirmed() {
    let mut list = CachedList::<App>::new(Endpoint::Apps);
    let (request, _) = list.request("ops", "");
    let mut log = BTreeSet::new();
    assert!(list.record(&request, modified(vec![app(0, 0)]), DAY, &mut log));
    for (data, is_changed) in [
        (vec![], false),
        (vec![app(0, 0)], false),
        (vec![], false),
        (vec![], true),
        (vec![], false),
    ] {
        let is_empty = data.is_empty();
        let changed = list.record(&request, modified(data), DAY, &mut log);
        assert_eq!(changed, is_changed, "{is_empty}");
    }
}

#[tokio::test(start_paused = true)]
async fn third_denial_drops_rows() {
    let mut list = CachedList::<App>::new(Endpoint::Apps);
    let (request, _) = list.request("ops", "");
    let mut log = BTreeSet::new();
    assert!(list.record(&request, modified(vec![app(0, 0)]), HOUR, &mut log));
    assert!(!list.record(&request, modified(vec![app(0, 0)]), HOUR, &mut log));
    for is_lost in [false, false, true] {
        let denial = Error::Api(ApiError::Status {
            status: 403,
            body: ApiErrorBody {
                id: Some("forbidden".to_owned()),
                ..ApiErrorBody::default()
            },
            retry_after: None,
        });
        assert_eq!(list.record(&request, Err(denial), HOUR, &mut log), is_lost);
        assert_eq!(list.rows.is_none(), is_lost);
    }
    let due = list.schedule.next_due().unwrap();
    assert_eq!(due.duration_since(Instant::now()), DAY);
}
