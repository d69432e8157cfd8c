//! Apps, formations, dyno sizes, add-ons and pipelines:
//! <https://devcenter.heroku.com/articles/platform-api-reference#formation>.
//!
//! E-mail addresses of owners are not decoded.

use billing::money::Money;
use billing::price::Quantity;
use billing::resources::{
    Addon, App, BilledPrice, Coupling, DynoSize, Pipeline, Process, Space, is_monthly,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{Cents, Field, Integer, Units};
use super::{DecodeError, FromPages, row, unique};
use crate::skipped::Skipped;

/// An object of which only these fields are used.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ReferenceRow {
    id: Field<String>,
    name: Field<String>,
    #[serde(rename = "type")]
    kind: Field<String>,
    shield: Field<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AppRow<'a> {
    id: Field<String>,
    name: Field<String>,
    #[serde(borrow)]
    owner: Field<&'a RawValue>,
    #[serde(borrow)]
    region: Field<&'a RawValue>,
    #[serde(borrow)]
    space: Field<&'a RawValue>,
    #[serde(borrow)]
    generation: Field<&'a RawValue>,
    created_at: Field<String>,
    updated_at: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProcessRow<'a> {
    #[serde(rename = "type")]
    process_type: Field<String>,
    quantity: Field<Integer>,
    #[serde(borrow)]
    dyno_size: Field<&'a RawValue>,
    size: Field<String>,
    updated_at: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DynoSizeRow<'a> {
    id: Field<String>,
    name: Field<String>,
    #[serde(borrow)]
    cost: Field<&'a RawValue>,
    precise_dyno_units: Field<Units>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PriceRow {
    cents: Field<Cents>,
    contract: Field<bool>,
    metered: Field<bool>,
    unit: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AddonRow<'a> {
    id: Field<String>,
    name: Field<String>,
    state: Field<String>,
    #[serde(borrow)]
    addon_service: Field<&'a RawValue>,
    #[serde(borrow)]
    plan: Field<&'a RawValue>,
    #[serde(borrow)]
    app: Field<&'a RawValue>,
    #[serde(borrow)]
    billing_entity: Field<&'a RawValue>,
    #[serde(borrow)]
    billed_price: Field<&'a RawValue>,
    created_at: Field<String>,
    updated_at: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CouplingRow<'a> {
    #[serde(borrow)]
    app: Field<&'a RawValue>,
    #[serde(borrow)]
    pipeline: Field<&'a RawValue>,
    stage: Field<String>,
}

/// Decodes a field that is an object.
fn reference(field: Field<&RawValue>, name: &str, skipped: &mut Skipped) -> Option<ReferenceRow> {
    field.and_then(row::<ReferenceRow>).get(name, skipped)
}

impl AppRow<'_> {
    /// Only the id is required. An app without a name is called by its id.
    fn into_app(self, skipped: &mut Skipped) -> Result<App, String> {
        let id = self.id.require("id")?;
        let owner = reference(self.owner, "owner", skipped);
        let region = reference(self.region, "region", skipped);
        let space = reference(self.space, "space", skipped);
        // An object or a plain string.
        let generation = self.generation.and_then(|value| {
            let text = serde_json::from_str::<String>(value.get());
            text.or_else(|_| row::<ReferenceRow>(value)?.name.require("name"))
        });
        Ok(App {
            name: self.name.get("name", skipped).unwrap_or_else(|| id.clone()),
            id,
            owner_id: owner.and_then(|owner| owner.id.get("owner.id", skipped)),
            region: region.and_then(|region| region.name.get("region.name", skipped)),
            space: space.map(|space| Space {
                id: space.id.get("space.id", skipped),
                name: space.name.get("space.name", skipped),
                is_shield: space.shield.get("space.shield", skipped),
            }),
            generation: generation.get("generation", skipped),
            created_at: self.created_at.time().get("created_at", skipped),
            updated_at: self.updated_at.time().get("updated_at", skipped),
        })
    }
}

impl ProcessRow<'_> {
    fn into_process(self, skipped: &mut Skipped) -> Result<Process, String> {
        let quantity = self.quantity.and_then(|Integer(quantity)| {
            u32::try_from(quantity).map_err(|_| format!("{quantity} is out of range"))
        });
        let size = reference(self.dyno_size, "dyno_size", skipped).unwrap_or_default();
        let size_name = size.name.get("dyno_size.name", skipped);
        Ok(Process {
            process_type: self.process_type.require("type")?,
            quantity: quantity.get("quantity", skipped),
            size_id: size.id.get("dyno_size.id", skipped),
            size_name: size_name.or_else(|| self.size.get("size", skipped)),
            updated_at: self.updated_at.time().get("updated_at", skipped),
        })
    }
}

impl DynoSizeRow<'_> {
    fn into_size(self, skipped: &mut Skipped) -> Result<DynoSize, String> {
        let cost = self.cost.and_then(row::<PriceRow>).get("cost", skipped);
        let cost = cost.unwrap_or_default();
        let cents = cost.cents.get("cost.cents", skipped);
        let unit = cost.unit.get("cost.unit", skipped);
        let units = self.precise_dyno_units.get("precise_dyno_units", skipped);
        Ok(DynoSize {
            id: self.id.get("id", skipped),
            name: self.name.require("name")?,
            monthly: cents
                .filter(|_| is_monthly(unit.as_deref()))
                .map(|Cents(money)| money)
                .filter(|money| *money >= Money::ZERO),
            units: units.map(|Units(units)| Quantity::from_f64(units)),
        })
    }
}

impl PriceRow {
    fn into_price(self, skipped: &mut Skipped) -> BilledPrice {
        let mut is = |field: Field<bool>, name| field.get(name, skipped).unwrap_or(false);
        BilledPrice {
            is_contract: is(self.contract, "billed_price.contract"),
            is_metered: is(self.metered, "billed_price.metered"),
            amount: (self.cents.get("billed_price.cents", skipped)).map(|Cents(money)| money),
            unit: self.unit.get("billed_price.unit", skipped),
        }
    }
}

impl AddonRow<'_> {
    fn into_addon(self, skipped: &mut Skipped) -> Result<Addon, String> {
        let id = self.id.require("id")?;
        let service = reference(self.addon_service, "addon_service", skipped);
        let plan = reference(self.plan, "plan", skipped);
        let app = reference(self.app, "app", skipped);
        let app_id = app.and_then(|app| app.id.get("app.id", skipped));
        let billed = reference(self.billing_entity, "billing_entity", skipped);
        let billed = billed.map(|entity| {
            let kind = entity.kind.get("billing_entity.type", skipped);
            (kind, entity.id.get("billing_entity.id", skipped))
        });
        let price = self.billed_price.and_then(row::<PriceRow>);
        let price = price.get("billed_price", skipped);
        Ok(Addon {
            name: self.name.get("name", skipped).unwrap_or_else(|| id.clone()),
            id,
            service: service.and_then(|service| service.name.get("addon_service.name", skipped)),
            plan: plan.and_then(|plan| plan.name.get("plan.name", skipped)),
            state: self.state.get("state", skipped),
            app_id: match billed {
                Some((Some(kind), id)) if kind == "app" => id.or(app_id),
                Some((Some(_), _)) => None,
                _ => app_id,
            },
            price: price.map(|price| price.into_price(skipped)),
            created_at: self.created_at.time().get("created_at", skipped),
            updated_at: self.updated_at.time().get("updated_at", skipped),
        })
    }
}

impl FromPages for Vec<App> {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let decode = |value, skipped: &mut Skipped| row::<AppRow<'_>>(value)?.into_app(skipped);
        unique(pages, skipped, decode, |app| &app.id)
    }
}

impl FromPages for Vec<Process> {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let decode =
            |value, skipped: &mut Skipped| row::<ProcessRow<'_>>(value)?.into_process(skipped);
        unique(pages, skipped, decode, |process| &process.process_type)
    }
}

impl FromPages for Vec<DynoSize> {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let decode =
            |value, skipped: &mut Skipped| row::<DynoSizeRow<'_>>(value)?.into_size(skipped);
        unique(pages, skipped, decode, |size| &size.name)
    }
}

impl FromPages for Vec<Addon> {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let decode = |value, skipped: &mut Skipped| row::<AddonRow<'_>>(value)?.into_addon(skipped);
        unique(pages, skipped, decode, |addon| &addon.id)
    }
}

impl FromPages for Vec<Coupling> {
    /// An app has at most one pipeline.
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let decode = |value, skipped: &mut Skipped| {
            let coupling: CouplingRow<'_> = row(value)?;
            let app = reference(coupling.app, "app", skipped).unwrap_or_default();
            let pipeline = reference(coupling.pipeline, "pipeline", skipped).unwrap_or_default();
            Ok(Coupling {
                app_id: app.id.require("app.id")?,
                pipeline_id: pipeline.id.get("pipeline.id", skipped),
                stage: coupling.stage.get("stage", skipped),
            })
        };
        unique(pages, skipped, decode, |coupling| &coupling.app_id)
    }
}

impl FromPages for Vec<Pipeline> {
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let decode = |value, _: &mut Skipped| {
            let pipeline: ReferenceRow = row(value)?;
            Ok(Pipeline {
                id: pipeline.id.require("id")?,
                name: pipeline.name.require("name")?,
            })
        };
        unique(pages, skipped, decode, |pipeline| &pipeline.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T: FromPages>(page: &str) -> Result<(T, Skipped), DecodeError> {
        let mut skipped = Skipped::default();
        Ok((T::from_pages(&[page.to_owned()], &mut skipped)?, skipped))
    }

    #[test]
    fn decodes_apps() {
        let page = r#"[
            {"id":"1","name":"shop","owner":{"email":"a@example.com","id":"o"},"region":{"id":"r","name":"us"},
             "space":{"id":"s","name":"vault","shield":true},"generation":{"id":"g","name":"fir"},
             "created_at":"2026-01-02T03:04:05Z","updated_at":"2026-11-12T00:00:00Z"},
            {"id":"2","name":null,"owner":null,"region":null,"space":null,"generation":"cedar","created_at":"soon"},
            {"id":"1","name":"again"},{"name":"nobody"},7]"#;
        let (apps, skipped): (Vec<App>, _) = read(page).unwrap();
        let shop = App {
            id: "1".to_owned(),
            name: "shop".to_owned(),
            owner_id: Some("o".to_owned()),
            region: Some("us".to_owned()),
            space: Some(Space {
                id: Some("s".to_owned()),
                name: Some("vault".to_owned()),
                is_shield: Some(true),
            }),
            generation: Some("fir".to_owned()),
            created_at: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            updated_at: Some("2026-11-12T00:00:00Z".parse().unwrap()),
        };
        let bare = App {
            id: "2".to_owned(),
            name: "2".to_owned(),
            owner_id: None,
            region: None,
            space: None,
            generation: Some("cedar".to_owned()),
            created_at: None,
            updated_at: None,
        };
        assert_eq!(apps, [shop, bare]);
        assert!(!format!("{apps:?}").contains('@'));
        assert_eq!((skipped.rows.count, skipped.fields.count), (2, 1));
    }

    #[test]
    fn decodes_formation() {
        let page = r#"[
            {"type":"web","quantity":2.0,"size":"Standard-2X","dyno_size":{"id":"s","name":"Standard-2X"}},
            {"type":"worker","quantity":0,"size":"standard-1X","dyno_size":null},
            {"type":"clock","quantity":-1},{"type":"odd","quantity":"2"},{"quantity":1}]"#;
        let (processes, skipped): (Vec<Process>, _) = read(page).unwrap();
        let processes: Vec<_> = processes
            .iter()
            .map(|process| {
                let Process {
                    process_type,
                    quantity,
                    size_id,
                    size_name,
                    ..
                } = process;
                (
                    process_type.as_str(),
                    *quantity,
                    size_id.as_deref(),
                    size_name.as_deref(),
                )
            })
            .collect();
        let expected = [
            ("web", Some(2), Some("s"), Some("Standard-2X")),
            ("worker", Some(0), None, Some("standard-1X")),
            ("clock", None, None, None),
            ("odd", None, None, None),
        ];
        assert_eq!(processes, expected);
        assert_eq!((skipped.rows.count, skipped.fields.count), (1, 2));
        assert!(read::<Vec<Process>>("[]").unwrap().0.is_empty());
    }

    #[test]
    fn decodes_dyno_sizes() {
        let page = r#"[
            {"id":"1","name":"Basic","cost":{"cents":700,"unit":"month"},"precise_dyno_units":0.28},
            {"id":"2","name":"Private-M","cost":{"cents":null,"unit":"monthly"},"precise_dyno_units":10},
            {"name":"Hourly","cost":{"cents":7,"unit":"hour"}},{"name":"Odd","cost":7},{"id":"9"}]"#;
        let (sizes, skipped): (Vec<DynoSize>, _) = read(page).unwrap();
        let sizes = sizes.iter();
        let sizes: Vec<_> = sizes
            .map(|size| (size.name.as_str(), size.monthly, size.units))
            .collect();
        let units = |units| Some(Quantity::from_f64(units));
        let expected = [
            ("Basic", Money::from_cents(700), units(0.28)),
            ("Private-M", None, units(10.0)),
            ("Hourly", None, None),
            ("Odd", None, None),
        ];
        assert_eq!(sizes, expected);
        assert_eq!((skipped.rows.count, skipped.fields.count), (1, 1));
    }

    #[test]
    fn decodes_addons() {
        let page = r#"[
            {"id":"1","name":"postgresql-flat-1","state":"provisioned","addon_service":{"id":"s","name":"heroku-postgresql"},
             "plan":{"id":"p","name":"heroku-postgresql:standard-0"},"app":{"id":"a","name":"shop"},
             "billing_entity":{"id":"a","name":"shop","type":"app"},
             "billed_price":{"cents":5000,"contract":false,"metered":false,"unit":"month"}},
            {"id":"2","app":{"id":"a"},"billing_entity":{"id":"t","type":"team"},"billed_price":null},
            {"id":"3","app":{"id":"b"},"billed_price":{"cents":0,"metered":true,"contract":true}},
            {"id":"1","name":"again"},{"name":"nobody"}]"#;
        let (addons, skipped): (Vec<Addon>, _) = read(page).unwrap();
        let addons: Vec<_> = addons
            .iter()
            .map(|addon| {
                let price = addon.price.as_ref();
                let price = price.map(|price| (price.amount, price.is_contract, price.is_metered));
                (addon.name.as_str(), addon.app_id.as_deref(), price)
            })
            .collect();
        let expected = [
            (
                "postgresql-flat-1",
                Some("a"),
                Some((Money::from_cents(5000), false, false)),
            ),
            ("2", None, None),
            ("3", Some("b"), Some((Some(Money::ZERO), true, true))),
        ];
        assert_eq!(addons, expected);
        assert_eq!((skipped.rows.count, skipped.fields.count), (1, 0));
    }

    #[test]
    fn decodes_pipelines() {
        let page = r#"[{"app":{"id":"a"},"pipeline":{"id":"p"},"stage":"staging"},
                       {"app":{"id":"b"},"pipeline":null,"stage":7},{"app":null}]"#;
        let (couplings, skipped): (Vec<Coupling>, _) = read(page).unwrap();
        let coupling = |app: &str, pipeline: Option<&str>, stage: Option<&str>| Coupling {
            app_id: app.to_owned(),
            pipeline_id: pipeline.map(str::to_owned),
            stage: stage.map(str::to_owned),
        };
        let expected = [
            coupling("a", Some("p"), Some("staging")),
            coupling("b", None, None),
        ];
        assert_eq!(couplings, expected);
        assert_eq!((skipped.rows.count, skipped.fields.count), (1, 1));
        let (pipelines, skipped): (Vec<Pipeline>, _) =
            read(r#"[{"id":"p","name":"shop"},{"id":"q"}]"#).unwrap();
        assert_eq!((pipelines.len(), skipped.rows.count), (1, 1));
    }

    proptest! {
        #[test]
        fn decodes_any_body_without_panic(body in r#"(\[?\{"(id|name|type|quantity|cost|billed_price|app|generation|updated_at)":(-?[0-9]{1,25}(e[0-9]{1,3})?|"[0-9TZ:-]{0,20}"|null|\[\]|\{"(id|cents)":[0-9]{1,25}\})\}\]?|.{0,60})"#) {
            let _ = (read::<Vec<App>>(&body), read::<Vec<Process>>(&body), read::<Vec<Addon>>(&body));
            let _ = (read::<Vec<DynoSize>>(&body), read::<Vec<Coupling>>(&body), read::<Vec<Pipeline>>(&body));
        }
    }
}
