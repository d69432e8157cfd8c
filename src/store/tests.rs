use std::sync::Arc;

use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use heroku_api::client::Validator;
use heroku_api::skipped::Skipped;

use super::*;

const API_URL: &str = "https://api.heroku.com/";

fn url() -> Url {
    API_URL.parse().unwrap()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn amounts(dynos: f64, data: f64) -> UsageAmounts {
    UsageAmounts {
        dynos: Some(dynos),
        data: Some(data),
        ..UsageAmounts::default()
    }
}

fn month(apps: &[(&str, UsageAmounts)]) -> MonthlyUsage {
    let team = apps
        .iter()
        .fold(UsageAmounts::default(), |sum, (_, app)| sum.plus(*app));
    MonthlyUsage {
        team_name: Some("acme".to_owned()),
        team,
        spaces: Spaces::default(),
        apps: Some(
            apps.iter()
                .map(|(name, app)| ((*name).to_owned(), *app))
                .collect(),
        ),
    }
}

fn usage(months: &[(&str, MonthlyUsage)]) -> Arc<Usage> {
    let months = months.iter();
    Arc::new(Usage {
        months: months
            .map(|(month, usage)| (month.parse().unwrap(), usage.clone()))
            .collect(),
    })
}

fn key(id: Option<&str>, name: &str) -> Key {
    Key {
        id: id.map(str::to_owned),
        name: name.to_owned(),
    }
}

fn usage_answer(key: Key, time: &str, usage: &Arc<Usage>) -> Answer {
    Answer {
        subject: Subject::Team(key),
        endpoint: Endpoint::Usage,
        at: at(time),
        changed_at: at(time),
        validator: Some(Validator::new("https://x/".into(), "\"1\"".into())),
        skipped: Skipped::default(),
        data: Some(Arc::clone(usage).into()),
    }
}

fn number(store: &Store, query: &'static str) -> i64 {
    let number = move |connection: &Connection| connection.query_row(query, [], |row| row.get(0));
    store.history().query_within(LOAD_TIMEOUT, number).unwrap()
}

fn in_memory() -> Store {
    Store::in_memory(None, &url())
}

#[test]
fn month_that_heroku_no_longer_reports_stays() {
    let store = in_memory();
    let [september, october, november] =
        [1.0, 2.0, 3.0].map(|dynos| month(&[("web", amounts(dynos, 0.0))]));
    let before = usage(&[("2026-09", september.clone()), ("2026-10", october.clone())]);
    let after = usage(&[("2026-10", october.clone()), ("2026-11", november)]);
    store.write(usage_answer(
        key(Some("1"), "acme"),
        "2026-10-31T03:00:00Z",
        &before,
    ));
    store.write(usage_answer(
        key(Some("1"), "acme"),
        "2026-11-02T03:00:00Z",
        &after,
    ));
    let mut loaded = store.load(at("2026-11-02T12:00:00Z"));
    let current = loaded.team("acme").unwrap().usage.take().unwrap();
    assert_eq!(current.data, *after);
    let history = store.history();
    let months = history.months(Some("1"), "acme").unwrap();
    let names: Vec<_> = months.iter().map(Month::to_string).collect();
    assert_eq!(names, ["2026-09", "2026-10", "2026-11"]);
    let stored = history.usage(Some("1"), "acme", months[0]).unwrap();
    assert_eq!(stored, Some(september));
}

#[test]
fn month_missing_from_an_answer_is_not_current() {
    let store = in_memory();
    let october = month(&[("web", amounts(2.0, 0.0))]);
    let both = usage(&[("2026-10", october.clone()), ("2026-11", october.clone())]);
    let only_previous = usage(&[("2026-10", october)]);
    for data in [&both, &only_previous] {
        store.write(usage_answer(
            key(None, "acme"),
            "2026-11-02T03:00:00Z",
            data,
        ));
    }
    let mut loaded = store.load(at("2026-11-02T12:00:00Z"));
    let current = loaded.team("acme").unwrap().usage.take().unwrap();
    assert_eq!(current.data, *only_previous);
}

#[test]
fn corrections_of_closed_months_keep_earlier_values() {
    let store = in_memory();
    let write = |time, dynos, apps: &[(&str, UsageAmounts)]| {
        let data = usage(&[
            ("2026-10", month(apps)),
            ("2026-11", month(&[("web", amounts(dynos, 1.0))])),
        ]);
        store.write(usage_answer(key(Some("1"), "acme"), time, &data));
    };
    let (web, gone) = (("web", amounts(2.0, 5.0)), ("gone", amounts(1.0, 0.0)));
    write("2026-11-02T03:00:00Z", 0.1, &[web, gone]);
    assert_eq!(number(&store, "SELECT count(*) FROM app_month_before"), 0);
    // A change of the open month is a night and not a correction.
    write("2026-11-03T03:00:00Z", 0.2, &[web, gone]);
    assert_eq!(number(&store, "SELECT count(*) FROM app_month_before"), 0);
    assert_eq!(number(&store, "SELECT count(*) FROM team_night"), 2);
    write("2026-11-03T04:00:00Z", 0.2, &[("web", amounts(2.5, 5.0))]);
    assert_eq!(number(&store, "SELECT count(*) FROM team_night"), 2);
    let before =
        "SELECT group_concat(app_name || ' ' || month || ' ' || dynos || ' ' || changed_at, ', ')
        FROM app_month_before";
    let before: String = store
        .history()
        .query_within(LOAD_TIMEOUT, |connection| {
            connection.query_row(before, [], |row| row.get(0))
        })
        .unwrap();
    assert_eq!(
        before,
        "gone 2026-10 1.0 1793678400000, web 2026-10 2.0 1793678400000"
    );
    assert_eq!(
        number(
            &store,
            "SELECT count(*) FROM app_month WHERE month = '2026-10'"
        ),
        1
    );
}

#[test]
fn keeps_eight_nights_of_apps_and_four_hundred_of_teams() {
    let store = in_memory();
    let mut time = at("2025-01-01T03:00:00Z");
    for night in 0..420 {
        let month_name = Month::at(time).to_string();
        let data = usage(&[(
            &month_name,
            month(&[("web", amounts(f64::from(night), 1.0))]),
        )]);
        store.write(usage_answer(key(None, "acme"), &time.to_string(), &data));
        time += jiff::SignedDuration::from_hours(24);
    }
    assert_eq!(number(&store, "SELECT count(*) FROM team_night"), 400);
    let loaded = store.load(time);
    let nights = &loaded.teams["acme"].nights;
    let apps = nights.iter().filter_map(|night| night.apps.as_ref());
    let dynos: Vec<_> = apps.filter_map(|apps| apps["web"].dynos).collect();
    assert_eq!(dynos, (412..420).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn nights_keep_the_apps_of_their_day() {
    let store = in_memory();
    let of = |web: f64| month(&[("web", amounts(web, 1.0))]);
    let without_apps = MonthlyUsage {
        apps: None,
        ..of(9.0)
    };
    let answers = [
        ("2026-10-30T03:00:00Z", vec![("2026-10", of(1.0))]),
        // A later change on the same day replaces the night.
        ("2026-10-30T09:00:00Z", vec![("2026-10", of(2.0))]),
        ("2026-10-31T03:00:00Z", vec![("2026-10", of(3.0))]),
        // The month turns while October is corrected.
        (
            "2026-11-01T03:00:00Z",
            vec![("2026-10", of(4.0)), ("2026-11", of(5.0))],
        ),
        // Another correction is not a night.
        (
            "2026-11-02T03:00:00Z",
            vec![("2026-10", of(6.0)), ("2026-11", of(5.0))],
        ),
        // Without a list of apps.
        (
            "2026-11-03T03:00:00Z",
            vec![("2026-10", of(6.0)), ("2026-11", without_apps)],
        ),
        (
            "2026-11-04T03:00:00Z",
            vec![("2026-10", of(6.0)), ("2026-11", of(7.0))],
        ),
    ];
    for (time, months) in answers {
        store.write(usage_answer(key(None, "acme"), time, &usage(&months)));
    }
    let loaded = store.load(at("2026-11-05T03:00:00Z"));
    let nights = &loaded.teams["acme"].nights;
    let apps = nights.iter().map(|night| {
        let web = night.apps.as_ref().and_then(|apps| apps.get("web"));
        (night.day().day(), web.and_then(|web| web.dynos))
    });
    let expected = [
        (30, Some(2.0)),
        (31, Some(3.0)),
        (1, Some(5.0)),
        (3, None),
        (4, Some(7.0)),
    ];
    assert_eq!(apps.collect::<Vec<_>>(), expected);
}

#[test]
fn same_team_keeps_its_data_when_its_id_becomes_known() {
    let store = in_memory();
    let data = usage(&[("2026-11", month(&[("web", amounts(1.0, 0.0))]))]);
    for key in [
        key(None, "acme"),
        key(Some("1"), "acme"),
        key(Some("1"), "renamed"),
        key(Some("1"), "1"),
        key(None, "renamed"),
    ] {
        store.write(usage_answer(key, "2026-11-02T03:00:00Z", &data));
    }
    assert_eq!(number(&store, "SELECT count(*) FROM target"), 1);
    let mut loaded = store.load(at("2026-11-02T12:00:00Z"));
    assert!(loaded.team("1").is_some() && loaded.team("renamed").is_some());
    // Another team with the same name has its own data.
    store.write(usage_answer(
        key(Some("2"), "renamed"),
        "2026-11-02T03:00:00Z",
        &data,
    ));
    assert_eq!(number(&store, "SELECT count(*) FROM target"), 2);
}

#[test]
fn past_usage_does_not_replace_newer_months() {
    let store = in_memory();
    let [old, new] = [1.0, 2.0].map(|dynos| month(&[("web", amounts(dynos, 0.0))]));
    let current = usage(&[("2026-10", new.clone()), ("2026-11", new.clone())]);
    store.write(usage_answer(
        key(Some("1"), "acme"),
        "2026-11-02T03:00:00Z",
        &current,
    ));
    let past = Usage::clone(&usage(&[
        ("2026-09", old.clone()),
        ("2026-10", old.clone()),
    ]));
    store.write_past_usage(
        PastUsage::Team(key(Some("1"), "acme"), past),
        at("2026-11-02T04:00:00Z"),
    );
    let history = store.history();
    let stored = |month: &str| {
        history
            .usage(Some("1"), "acme", month.parse().unwrap())
            .unwrap()
    };
    assert_eq!(stored("2026-09"), Some(old));
    assert_eq!(stored("2026-10"), Some(new));
    let mut loaded = store.load(at("2026-11-02T12:00:00Z"));
    let team = loaded.team("acme").unwrap();
    assert_eq!(team.past_usage_at, Some(at("2026-11-02T04:00:00Z")));
    assert_eq!(team.usage.take().unwrap().data, *current);
}

#[test]
fn full_disk_keeps_answers_in_memory_until_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &url());
    let limit = |pages: i64| {
        let set = move |connection: &Connection| {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        };
        store.history().query_within(LOAD_TIMEOUT, set).unwrap();
    };
    let apps: Vec<_> = (0..1000).map(|app| format!("app-{app}")).collect();
    let apps: Vec<_> = apps
        .iter()
        .map(|app| (app.as_str(), amounts(1.0, 2.0)))
        .collect();
    let data = usage(&[("2026-11", month(&apps))]);
    // As little as there is already.
    limit(1);
    store.write(usage_answer(
        key(Some("1"), "acme"),
        "2026-11-02T03:00:00Z",
        &data,
    ));
    assert_eq!(number(&store, "SELECT count(*) FROM app_month"), 0);
    assert!(!store.is_up());
    limit(1_000_000);
    let other = usage(&[("2026-11", month(&[("web", amounts(1.0, 0.0))]))]);
    store.write(usage_answer(
        key(Some("2"), "other"),
        "2026-11-02T03:00:00Z",
        &other,
    ));
    assert_eq!(number(&store, "SELECT count(*) FROM app_month"), 1001);
    assert!(store.is_up());
    store.close();
}

#[test]
fn another_decoder_version_drops_validators_only() {
    let directory = tempfile::tempdir().unwrap();
    let data = usage(&[("2026-11", month(&[("web", amounts(1.0, 0.0))]))]);
    let validator = |store: &Store| {
        let mut loaded = store.load(at("2026-11-02T12:00:00Z"));
        let usage = loaded.team("acme").unwrap().usage.take().unwrap();
        assert_eq!(usage.data, *data);
        usage.validator.is_some()
    };
    let store = Store::open(directory.path(), &url());
    store.write(usage_answer(
        key(None, "acme"),
        "2026-11-02T03:00:00Z",
        &data,
    ));
    store.close();
    let store = Store::open(directory.path(), &url());
    assert!(validator(&store));
    store.close();
    let connection = Connection::open(database::path_in(directory.path())).unwrap();
    connection
        .execute(
            "UPDATE setting SET value = 'other' WHERE name = 'decoder_version'",
            [],
        )
        .unwrap();
    drop(connection);
    assert!(!validator(&Store::open(directory.path(), &url())));
}

#[test]
fn confirmations_are_written_on_close() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &url());
    let data = usage(&[("2026-11", month(&[("web", amounts(1.0, 0.0))]))]);
    store.write(usage_answer(
        key(None, "acme"),
        "2026-11-02T03:00:00Z",
        &data,
    ));
    let later = at("2026-11-02T09:00:00Z");
    store.confirm(
        Subject::Team(key(None, "acme")),
        Endpoint::Usage,
        later,
        None,
    );
    store.close();
    let copy = Store::in_memory(Some(directory.path()), &url());
    let mut loaded = copy.load(at("2026-11-02T12:00:00Z"));
    let usage = loaded.team("acme").unwrap().usage.take().unwrap();
    assert_eq!(
        (usage.at, usage.changed_at),
        (later, at("2026-11-02T03:00:00Z"))
    );
    assert!(usage.validator.is_none());
}

#[test]
fn times_in_the_future_become_now() {
    let store = in_memory();
    let data = usage(&[("2026-11", month(&[("web", amounts(1.0, 0.0))]))]);
    store.write(usage_answer(
        key(None, "acme"),
        "2026-11-20T03:00:00Z",
        &data,
    ));
    let now = at("2026-11-02T12:00:00Z");
    let mut loaded = store.load(now);
    let usage = loaded.team("acme").unwrap().usage.take().unwrap();
    assert_eq!((usage.at, usage.changed_at), (now, now));
}

fn inventory(apps: &[(&str, u32)]) -> Inventory {
    use billing::resources::{Addon, App, BilledPrice, Process, Space};
    let space = Space {
        name: Some("eu".to_owned()),
        is_shield: Some(true),
        ..Space::default()
    };
    let price = BilledPrice {
        amount: Some(billing::money::Money::from_whole_dollars(9)),
        is_metered: true,
        ..BilledPrice::default()
    };
    let app = |(name, _): &(&str, u32)| App {
        id: format!("id of {name}"),
        name: (*name).to_owned(),
        owner_id: None,
        region: Some("us".to_owned()),
        space: (*name == "web").then(|| space.clone()),
        generation: None,
        created_at: None,
        updated_at: Some(at("2026-11-02T03:00:00Z")),
    };
    let addon = |(name, _): &(&str, u32)| Addon {
        id: format!("addon of {name}"),
        name: "db".to_owned(),
        service: None,
        plan: None,
        state: Some("provisioned".to_owned()),
        app_id: Some(format!("id of {name}")),
        price: (*name == "web").then(|| price.clone()),
        created_at: None,
        updated_at: None,
    };
    let formation = |(name, quantity): &(&str, u32)| {
        let process = Process {
            process_type: "web".to_owned(),
            quantity: Some(*quantity),
            size_id: None,
            size_name: Some("Eco".to_owned()),
            updated_at: None,
        };
        (format!("id of {name}"), Arc::new(vec![process]))
    };
    let known = apps.iter().filter(|(_, quantity)| *quantity > 0);
    Inventory {
        apps: Some(Arc::new(apps.iter().map(app).collect())),
        addons: Some(Arc::new(apps.iter().map(addon).collect())),
        formations: known.map(formation).collect(),
        ..Inventory::default()
    }
}

#[test]
fn inventory_is_kept_and_only_changes_are_written() {
    let store = in_memory();
    let stored = |store: &Store| {
        let mut loaded = store.load(at("2026-11-02T12:00:00Z"));
        let inventory = loaded.team("1").unwrap().inventory.take().unwrap();
        (inventory.apps, inventory.addons, inventory.formations)
    };
    let changes = |store: &Store| number(store, "SELECT total_changes()");
    // Of the second app, the dynos are not known.
    for apps in [
        &[("web", 2), ("worker", 0)][..],
        &[("web", 4), ("worker", 1)],
        &[("web", 4)],
    ] {
        let inventory = inventory(apps);
        let expected = (
            inventory.apps.clone(),
            inventory.addons.clone(),
            inventory.formations.clone(),
        );
        store.write_inventory(
            Subject::Team(key(Some("1"), "acme")),
            Arc::new(inventory.clone()),
        );
        assert_eq!(stored(&store), expected, "{apps:?}");
        let before = changes(&store);
        store.write_inventory(Subject::Team(key(Some("1"), "acme")), Arc::new(inventory));
        assert_eq!(
            changes(&store),
            before + 1,
            "the row of the inventory itself"
        );
    }
    let unknown = Inventory::default();
    store.write_inventory(Subject::Team(key(Some("1"), "acme")), Arc::new(unknown));
    assert_eq!(stored(&store), (None, None, BTreeMap::new()));
    for table in ["app", "process", "addon"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(
            number(&store, Box::leak(count.into_boxed_str())),
            0,
            "{table}"
        );
    }
}

#[test]
fn dyno_sizes_are_kept() {
    use billing::resources::DynoSize;
    let store = in_memory();
    let size = |name: &str, units: Option<f64>| DynoSize {
        id: None,
        name: name.to_owned(),
        monthly: units.map(|_| billing::money::Money::from_whole_dollars(7)),
        units: units.map(billing::price::Quantity::from_f64),
    };
    for sizes in [vec![size("Basic", Some(0.28)), size("Fir", None)], vec![]] {
        store.write_dyno_sizes(Arc::new(sizes.clone()));
        assert_eq!(store.load(at("2026-11-02T12:00:00Z")).dyno_sizes, sizes);
    }
}

#[test]
fn database_of_the_first_schema_version_is_migrated() {
    let directory = tempfile::tempdir().unwrap();
    let path = database::path_in(directory.path());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(include_str!("schema.sql"))
        .unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
        .pragma_update(None, "application_id", 0x4843_4558)
        .unwrap();
    drop(connection);
    let store = Store::open(directory.path(), &url());
    assert!(store.is_up());
    assert_eq!(number(&store, "SELECT count(*) FROM addons"), 0);
    assert_eq!(
        number(&store, "SELECT user_version FROM pragma_user_version"),
        2
    );
    store.close();
}
