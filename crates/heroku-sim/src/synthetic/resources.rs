//! What runs in a team or a personal account at the start of a day. Formations and add-ons are those
//! that the usage of the day is computed from.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::app_lifecycle::App;
use super::calendar::{Day, Month};
use super::prices::{BASIC, DynoSize, ECO, POSTGRES_ESSENTIAL_0, Plan};
use super::seeded_rng::SeededRng;
use super::{personal_invoices, usage::TeamAccount};
use crate::company::Resources;
use crate::{dyno_sizes, hash};

/// The time at which what existed before all months was created.
const EARLIER: &str = "2019-03-04T09:12:44Z";

/// The owner of apps.
struct Owner<'a> {
    id: &'a str,
    /// The name of the team; `None` for a person.
    team: Option<&'a str>,
}

/// Returns what runs in a team.
pub(crate) fn of_team(account: &TeamAccount<'_>) -> Resources {
    let (rng, today) = (account.rng, day_of(account.today));
    let mut resources = Resources::default();
    let owner = Owner {
        id: account.id,
        team: Some(account.name),
    };
    for app in account.apps.iter().filter(|app| app.exists_on(today)) {
        let id = app_id(rng, account.name, app);
        let created = app.created().map_or_else(
            || EARLIER.to_owned(),
            |day| format!("{}T00:00:00Z", day.iso()),
        );
        resources
            .apps
            .push(self::app(&owner, &id, &app.name, &created));
        let dynos = app.formation(rng, today);
        let rows = formation(&id, &app.name, &dynos, &created);
        resources.formations.insert(id.clone(), rows);
        let plans = app.addons(rng, today.month);
        let addons = plans
            .iter()
            .map(|(_, plan)| addon(&id, &app.name, *plan, &created));
        resources.addons.extend(addons);
        if let Some((pipeline, stage)) = pipeline(&app.name, account.apps) {
            resources.pipeline_couplings.push(json!({
                "app": { "id": id },
                "created_at": created,
                "id": hash::uuid(0, &format!("coupling/{id}")),
                "pipeline": { "id": pipeline_id(account.name, pipeline) },
                "stage": stage,
                "updated_at": created,
            }));
        }
    }
    resources
}

/// Returns the pipelines of a team.
pub(crate) fn pipelines(account: &TeamAccount<'_>) -> Vec<Value> {
    let names = account.apps.iter();
    let names = names.filter_map(|app| pipeline(&app.name, account.apps));
    let mut names: Vec<&str> = names.map(|(pipeline, _)| pipeline).collect();
    names.sort_unstable();
    names.dedup();
    let row = |name: &&str| {
        json!({
            "created_at": EARLIER,
            "generation": generation(),
            "id": pipeline_id(account.name, name),
            "name": name,
            "owner": { "id": account.id, "type": "team" },
            "updated_at": EARLIER,
        })
    };
    names.iter().map(row).collect()
}

/// Returns what runs in the personal account, and an app on which its owner collaborates.
pub(crate) fn of_person(rng: SeededRng, today: Date) -> Resources {
    let user = hash::uuid(0, "user");
    let owner = Owner {
        id: &user,
        team: None,
    };
    let mut resources = Resources::default();
    let mut add = |owner: &Owner<'_>, name: &str, size: DynoSize, created: &str| {
        let id = rng.uuid(&format!("app/personal/{name}"));
        resources.apps.push(app(owner, &id, name, created));
        let rows = formation(&id, name, &[(size, 1)], created);
        resources.formations.insert(id.clone(), rows);
        id
    };
    let id = add(&owner, "hobby-blog", ECO, EARLIER);
    let month = Month::of(today);
    if let Some(from) = personal_invoices::dyno_from(rng, month)
        && from <= day_of(today).day
    {
        let created = format!("{}T00:00:00Z", month.day(from).iso());
        add(&owner, "weekend-project", BASIC, &created);
    }
    let other = Owner {
        id: &hash::uuid(0, "another user"),
        team: None,
    };
    add(&other, "friends-app", BASIC, EARLIER);
    let database = addon(&id, "hobby-blog", POSTGRES_ESSENTIAL_0.plan, EARLIER);
    resources.addons.push(database);
    resources
}

fn day_of(date: Date) -> Day {
    Month::of(date).day(u32::from(date.day().unsigned_abs()))
}

fn app_id(rng: SeededRng, team: &str, app: &App) -> String {
    rng.uuid(&format!("app/{team}/{}", app.name))
}

fn pipeline_id(team: &str, pipeline: &str) -> String {
    hash::uuid(0, &format!("pipeline/{team}/{pipeline}"))
}

/// Returns the pipeline of an app of a team and its stage, which follow from the names of the apps.
fn pipeline<'a>(name: &'a str, apps: &[App]) -> Option<(&'a str, &'static str)> {
    if let Some((pipeline, _)) = name.split_once("-pr-") {
        return Some((pipeline, "review"));
    }
    let (pipeline, stage) = match name.strip_suffix("-staging") {
        Some(pipeline) => (pipeline, "staging"),
        None => (name.trim_end_matches("-production"), "production"),
    };
    let staging = format!("{pipeline}-staging");
    let has_staging = apps.iter().any(|app| app.name == staging);
    // The review apps of `storefront-web` are named after its repository, `storefront`.
    has_staging.then(|| (pipeline.trim_end_matches("-web"), stage))
}

fn generation() -> Value {
    json!({ "id": hash::uuid(0, "generation/cedar"), "name": "cedar" })
}

fn app(owner: &Owner<'_>, id: &str, name: &str, created: &str) -> Value {
    let stack = json!({ "id": hash::uuid(0, "stack/heroku-24"), "name": "heroku-24" });
    let mut app = json!({
        "archived_at": null,
        "base_image_name": null,
        "build_stack": stack,
        "buildpack_provided_description": "Ruby",
        "buildpacks": null,
        "created_at": created,
        "current_build_architecture": [],
        "generation": "cedar",
        "git_url": format!("https://git.heroku.com/{name}.git"),
        "id": id,
        "internal_routing": null,
        "maintenance": false,
        "name": name,
        "owner": { "email": "ops@example.com", "id": owner.id },
        "region": { "id": hash::uuid(0, "region/us"), "name": "us" },
        "released_at": created,
        "repo_size": null,
        "slug_size": 48_234_496,
        "space": null,
        "stack": stack,
        "updated_at": created,
        "web_url": format!("https://{name}.herokuapp.com/"),
    });
    match owner.team {
        Some(team) => {
            app["team"] = json!({ "name": team });
            app["joined"] = json!(true);
            app["locked"] = json!(false);
        }
        None => {
            app["team"] = Value::Null;
            app["organization"] = Value::Null;
            app["acm"] = json!(false);
        }
    }
    app
}

/// Returns the formation of an app: `web` and workers.
fn formation(id: &str, name: &str, dynos: &[(DynoSize, u64)], created: &str) -> Vec<Value> {
    let row = |(index, (size, quantity)): (usize, &(DynoSize, u64))| {
        let process_type = match index {
            0 => "web".to_owned(),
            1 => "worker".to_owned(),
            _ => format!("worker{index}"),
        };
        json!({
            "app": { "id": id, "name": name },
            "command": format!("bin/{process_type}"),
            "created_at": created,
            "dyno_size": { "id": dyno_sizes::id(size.name), "name": size.name },
            "id": hash::uuid(0, &format!("formation/{id}/{process_type}")),
            "quantity": quantity,
            "size": size.name,
            "type": process_type,
            "updated_at": created,
        })
    };
    dynos.iter().enumerate().map(row).collect()
}

fn addon(app_id: &str, app_name: &str, plan: Plan, created: &str) -> Value {
    let (service, _) = plan.name.split_once(':').unwrap_or((plan.name, ""));
    let label = format!("{service}/{app_id}");
    let number = hash::hash(0, label.as_bytes()) % 100_000;
    json!({
        "actions": [],
        "addon_service": { "id": hash::uuid(0, &format!("service/{service}")), "name": service },
        "app": { "id": app_id, "name": app_name },
        "billed_price": {
            "cents": plan.price,
            "contract": false,
            "metered": false,
            "unit": "month",
        },
        "billing_entity": { "id": app_id, "name": app_name, "type": "app" },
        "config_vars": [format!("{}_URL", service.to_uppercase().replace('-', "_"))],
        "created_at": created,
        "id": hash::uuid(0, &format!("addon/{label}")),
        "name": format!("{service}-round-{number:05}"),
        "plan": { "id": hash::uuid(0, &format!("plan/{}", plan.name)), "name": plan.name },
        "provider_id": number.to_string(),
        "provision_message": "",
        "state": "provisioned",
        "updated_at": created,
        "web_url": null,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;
    use serde_json::Value;

    use crate::company::Company;
    use crate::synthetic::app_lifecycle::div_round;

    /// The usage of 21 days is that of what runs, for apps that have not changed.
    #[test]
    fn stages_of_an_app_share_a_pipeline() {
        let company = Company::synthetic(1, date(2026, 11, 22));
        let resources = &company.teams[0].resources;
        let stages = |name: &str| -> Vec<(String, Value)> {
            let pipeline = company.pipelines.iter().find(|row| row["name"] == name);
            let id = &pipeline.unwrap()["id"];
            let couplings = resources.pipeline_couplings.iter();
            let couplings = couplings.filter(|row| row["pipeline"]["id"] == *id);
            let stages = couplings.map(|row| {
                let mut apps = resources.apps.iter();
                let app = apps.find(|app| app["id"] == row["app"]["id"]).unwrap();
                (
                    app["name"].as_str().unwrap().to_owned(),
                    row["stage"].clone(),
                )
            });
            stages.filter(|(_, stage)| stage != "review").collect()
        };
        let expected = |production: &str, staging: &str| {
            [(production, "production"), (staging, "staging")]
                .map(|(app, stage)| (app.to_owned(), Value::from(stage)))
        };
        assert_eq!(
            stages("storefront"),
            expected("storefront-web-production", "storefront-web-staging")
        );
        assert_eq!(
            stages("checkout-api"),
            expected("checkout-api", "checkout-api-staging")
        );
    }

    #[test]
    fn usage_follows_from_resources_to_the_cent() {
        let company = Company::synthetic(1, date(2026, 11, 22));
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let mut equal_dynos = 0;
        for team in &company.teams {
            let row = team.usage.last().unwrap();
            assert_eq!(row["month"], "2026-11");
            let usage: BTreeMap<String, &Value> = row["apps"]
                .as_array()
                .unwrap()
                .iter()
                .map(|app| (text(app, "app_name"), app))
                .collect();
            let resources = &team.resources;
            let mut count = 0;
            for app in &resources.apps {
                if !text(app, "created_at").starts_with("2019") {
                    continue;
                }
                let (id, used) = (text(app, "id"), usage[&text(app, "name")]);
                let addons = resources
                    .addons
                    .iter()
                    .filter(|addon| addon["app"]["id"] == *id);
                let cents: u64 = addons
                    .map(|addon| {
                        div_round(addon["billed_price"]["cents"].as_u64().unwrap() * 21, 30)
                    })
                    .sum();
                let credits = used["addons"].as_f64().unwrap();
                assert_eq!((credits * 100.0).round() as u64, cents, "{app}");
                let milli_units = |row: &Value| {
                    let units = crate::dyno_sizes::all()
                        .iter()
                        .find(|size| size["id"] == row["dyno_size"]["id"])
                        .map(|size| size["precise_dyno_units"].as_f64().unwrap());
                    row["quantity"].as_f64().unwrap() * units.unwrap() * 1000.0 * 21.0 / 30.0
                };
                let running: f64 = resources.formations[&id].iter().map(milli_units).sum();
                let dynos = used["dynos"].as_f64().unwrap() * 1000.0;
                equal_dynos += u32::from((running - dynos).abs() <= 1.0);
                count += 1;
            }
            assert!(count >= 8, "{}", team.name);
        }
        assert!(equal_dynos >= 12, "{equal_dynos}");
    }
}
