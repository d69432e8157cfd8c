//! What runs now, and what it costs a month.
//!
//! The types hold fields of Heroku's schemas `app`, `formation`, `dyno-size`, `add-on`, `pipeline` and
//! `pipeline-coupling`, and no e-mail address. Every price can be unknown; then the resource is
//! unpriced ([`Unpriced`]) and never free.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::money::Money;
use super::price::{Price, Quantity};

/// An app (Heroku's schema: `app`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The id, a UUID (`id`).
    pub id: String,
    /// The name (`name`).
    pub name: String,
    /// The id of the owner, a team's or a person's account (`owner.id`).
    pub owner_id: Option<String>,
    /// The region, such as `us` (`region.name`).
    pub region: Option<String>,
    /// The space (`space`). `None` in the common runtime.
    pub space: Option<Space>,
    /// The generation of the platform, `cedar` or `fir` (`generation.name`, or `generation`).
    pub generation: Option<String>,
    /// When it was created (`created_at`).
    pub created_at: Option<Timestamp>,
    /// When it last changed, with or without a release (`updated_at`).
    pub updated_at: Option<Timestamp>,
}

impl App {
    /// Returns whether the app is known to be in a Shield space.
    pub fn is_in_shield_space(&self) -> bool {
        let space = self.space.as_ref();
        space.and_then(|space| space.is_shield).unwrap_or(false)
    }
}

/// The space of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// The id, a UUID (`space.id`).
    pub id: Option<String>,
    /// The name (`space.name`).
    pub name: Option<String>,
    /// Whether it is a Shield space (`space.shield`). Not every list says so.
    pub is_shield: Option<bool>,
}

/// The stage of an app in a pipeline (Heroku's schema: `pipeline-coupling`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupling {
    /// The id of the app (`app.id`).
    pub app_id: String,
    /// The id of the pipeline (`pipeline.id`).
    pub pipeline_id: Option<String>,
    /// The stage: `review`, `development`, `staging` or `production` (`stage`).
    pub stage: Option<String>,
}

/// A pipeline (Heroku's schema: `pipeline`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The id, a UUID (`id`).
    pub id: String,
    /// The name (`name`).
    pub name: String,
}

/// A dyno size (Heroku's schema: `dyno-size`).
#[derive(Clone, Debug, PartialEq)]
pub struct DynoSize {
    /// The id, a UUID (`id`).
    pub id: Option<String>,
    /// The name, such as `Standard-1X` or `dyno-2c-1gb` (`name`).
    pub name: String,
    /// The list price of a month (`cost.cents`). `None` for sizes of private spaces and of Fir.
    pub monthly: Option<Money>,
    /// The dyno units (`precise_dyno_units`).
    pub units: Option<Quantity>,
}

/// The dynos of a process type (Heroku's schema: `formation`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The process type, such as `web` (`type`).
    pub process_type: String,
    /// The number of dynos (`quantity`).
    pub quantity: Option<u32>,
    /// The id of the dyno size (`dyno_size.id`).
    pub size_id: Option<String>,
    /// The name of the dyno size (`dyno_size.name`, or `size`).
    pub size_name: Option<String>,
    /// When the formation last changed, a hint (`updated_at`).
    pub updated_at: Option<Timestamp>,
}

/// An add-on (Heroku's schema: `add-on`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addon {
    /// The id, a UUID (`id`).
    pub id: String,
    /// The name (`name`).
    pub name: String,
    /// The service, such as `heroku-postgresql` (`addon_service.name`).
    pub service: Option<String>,
    /// The plan, such as `heroku-postgresql:essential-0` (`plan.name`).
    pub plan: Option<String>,
    /// The state, such as `provisioned` (`state`).
    pub state: Option<String>,
    /// The app that is billed (`billing_entity`, or `app`). `None` if the team is.
    pub app_id: Option<String>,
    /// The billed price (`billed_price`).
    pub price: Option<BilledPrice>,
    /// When it was created (`created_at`).
    pub created_at: Option<Timestamp>,
    /// When it last changed (`updated_at`).
    pub updated_at: Option<Timestamp>,
}

/// The billed price of an add-on (`add-on.billed_price`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BilledPrice {
    /// The price (`cents`).
    pub amount: Option<Money>,
    /// Whether a contract sets the price, so that `cents` means nothing (`contract`).
    pub is_contract: bool,
    /// Whether usage is billed (`metered`). Sent only for `version=3.sdk`.
    pub is_metered: bool,
    /// The period of the price: `month` (`unit`).
    pub unit: Option<String>,
}

/// Why a resource has no monthly price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unpriced {
    /// Heroku reports no price.
    Unknown,
    /// A contract sets it.
    Contract,
    /// Usage is billed.
    Metered,
    /// It is not a price of a month.
    OtherPeriod,
    /// The dynos of the app are not known.
    NotRead,
}

impl Unpriced {
    /// All reasons.
    pub const ALL: [Self; 5] = [
        Self::Unknown,
        Self::Contract,
        Self::Metered,
        Self::OtherPeriod,
        Self::NotRead,
    ];

    /// Returns the label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Contract => "contract",
            Self::Metered => "metered",
            Self::OtherPeriod => "other_period",
            Self::NotRead => "not_read",
        }
    }

    /// Returns a description for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Unknown => "Heroku reports no price",
            Self::Contract => "a contract sets the price",
            Self::Metered => "metered",
            Self::OtherPeriod => "not a monthly price",
            Self::NotRead => "the dynos are not known",
        }
    }
}

/// The monthly list prices in dollars of sizes for which Heroku reports none, by lower-case name.
/// From Heroku's CLI of April 2025 (Fir) and its pricing page of July 2026 (private spaces). Public
/// sources disagree on Private-S, -M and -L and on Shield, which are therefore missing.
const LIST_PRICES: [(&str, i32); 20] = [
    ("dyno-1c-0.5gb", 25),
    ("dyno-2c-1gb", 50),
    ("dyno-1c-4gb", 80),
    ("dyno-1c-8gb", 100),
    ("dyno-2c-4gb", 150),
    ("dyno-2c-8gb", 160),
    ("dyno-2c-16gb", 250),
    ("dyno-4c-8gb", 300),
    ("dyno-4c-16gb", 320),
    ("dyno-4c-32gb", 500),
    ("dyno-8c-16gb", 600),
    ("dyno-8c-32gb", 640),
    ("dyno-8c-64gb", 750),
    ("dyno-16c-64gb", 1000),
    ("dyno-16c-32gb", 1200),
    ("dyno-16c-128gb", 1500),
    ("dyno-32c-64gb", 2400),
    ("private-l-ram", 500),
    ("private-xl", 750),
    ("private-2xl", 1500),
];

/// Dyno units of sizes in Shield spaces, which Heroku calls `Private-*` in formations.
const SHIELD_UNITS: [(&str, f64); 3] = [("shield-s", 6.0), ("shield-m", 12.0), ("shield-l", 24.0)];

/// The size of eco dynos. An account pays a flat fee for them, so that they add nothing to an app.
const ECO: &str = "eco";

/// Dyno sizes, and what a dyno of each costs a month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DynoPrices {
    /// The sizes by lower-case name.
    sizes: BTreeMap<String, DynoSize>,
    /// The names of sizes by id.
    names: BTreeMap<String, String>,
    /// Prices from the configuration, by lower-case name of the size.
    configured: BTreeMap<String, Money>,
}

impl DynoPrices {
    /// Creates prices from the sizes that Heroku reports and those in the configuration, by name of
    /// the size.
    pub fn new(
        sizes: impl IntoIterator<Item = DynoSize>,
        configured: impl IntoIterator<Item = (String, Money)>,
    ) -> Self {
        let mut prices = Self {
            configured: configured
                .into_iter()
                .map(|(name, price)| (normalized(&name), price))
                .collect(),
            ..Self::default()
        };
        for size in sizes {
            let name = normalized(&size.name);
            if let Some(id) = &size.id {
                prices.names.insert(id.clone(), name.clone());
            }
            prices.sizes.insert(name, size);
        }
        prices
    }

    /// Returns the lower-case name of a process type's size. In a Shield space, `private-m` is
    /// `shield-m`.
    pub fn size_of(&self, process: &Process, is_shield: bool) -> Option<String> {
        let by_id = process.size_id.as_ref().and_then(|id| self.names.get(id));
        let name = by_id
            .cloned()
            .or_else(|| process.size_name.as_deref().map(normalized))?;
        Some(match name.strip_prefix("private-") {
            Some(rest) if is_shield => format!("shield-{rest}"),
            _ => name,
        })
    }

    /// Returns what the dynos of a process type cost a month: at the configured price, else
    /// Heroku's, else the list price, else the size's units at `unit_price`.
    ///
    /// # Errors
    ///
    /// Returns why the dynos have no price. No dynos cost nothing.
    pub fn monthly(
        &self,
        process: &Process,
        is_shield: bool,
        unit_price: Option<Price>,
    ) -> Result<Money, Unpriced> {
        let dynos = process.quantity.ok_or(Unpriced::Unknown)?;
        if dynos == 0 {
            return Ok(Money::ZERO);
        }
        let name = self.size_of(process, is_shield).ok_or(Unpriced::Unknown)?;
        let times = |price: Money| Money::from_micros(price.micros().saturating_mul(dynos.into()));
        if let Some(price) = self.configured.get(&name) {
            return Ok(times(*price));
        }
        if name == ECO {
            return Ok(Money::ZERO);
        }
        let list = LIST_PRICES.iter().find(|(size, _)| *size == name);
        let list = list.map(|(_, dollars)| Money::from_whole_dollars(*dollars));
        if let Some(price) = self.sizes.get(&name).and_then(|size| size.monthly).or(list) {
            return Ok(times(price));
        }
        let unit_price = unit_price.ok_or(Unpriced::Unknown)?;
        self.at_units(process, is_shield, unit_price)
    }

    /// Returns what the dynos of a process type cost a month at their units, as in usage.
    ///
    /// # Errors
    ///
    /// Returns an error if the number of dynos or the units of their size are unknown. No dynos cost
    /// nothing.
    pub fn at_units(
        &self,
        process: &Process,
        is_shield: bool,
        unit_price: Price,
    ) -> Result<Money, Unpriced> {
        let dynos = process.quantity.ok_or(Unpriced::Unknown)?;
        if dynos == 0 {
            return Ok(Money::ZERO);
        }
        let name = self.size_of(process, is_shield).ok_or(Unpriced::Unknown)?;
        let units = self.units(&name).ok_or(Unpriced::Unknown)?;
        Ok(unit_price.cost_of(units.times(dynos)))
    }

    fn units(&self, name: &str) -> Option<Quantity> {
        let shield = || SHIELD_UNITS.iter().find(|(size, _)| *size == name);
        let reported = self.sizes.get(name).and_then(|size| size.units);
        reported.or_else(|| shield().map(|(_, units)| Quantity::from_f64(*units)))
    }
}

/// Sizes are compared without case: Heroku writes `Standard-1X` and `standard-1x`. `Private-Memory-L`
/// is an earlier name.
fn normalized(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match name.as_str() {
        "private-memory-l" => "private-l-ram".to_owned(),
        "shield-memory-l" => "shield-l-ram".to_owned(),
        _ => name,
    }
}

/// Returns whether the unit of a price is a month, which Heroku writes `month` or `monthly`, or
/// missing.
pub fn is_monthly(unit: Option<&str>) -> bool {
    unit.is_none_or(|unit| matches!(unit, "month" | "monthly"))
}

impl Addon {
    /// Returns whether it is billed now.
    pub fn is_billed(&self) -> bool {
        self.state.as_deref() == Some("provisioned")
    }

    /// Returns what the add-on costs a month, if it is provisioned.
    ///
    /// # Errors
    ///
    /// Returns why it has no monthly price.
    pub fn monthly(&self) -> Result<Money, Unpriced> {
        if !self.is_billed() {
            return Ok(Money::ZERO);
        }
        let price = self.price.as_ref().ok_or(Unpriced::Unknown)?;
        if price.is_contract {
            return Err(Unpriced::Contract);
        }
        if price.is_metered {
            return Err(Unpriced::Metered);
        }
        let amount = price.amount.ok_or(Unpriced::Unknown)?;
        if is_monthly(price.unit.as_deref()) {
            Ok(amount)
        } else {
            Err(Unpriced::OtherPeriod)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(name: &str, cents: Option<i64>, units: f64) -> DynoSize {
        DynoSize {
            id: Some(format!("id of {name}")),
            name: name.to_owned(),
            monthly: cents.and_then(Money::from_cents),
            units: Some(Quantity::from_f64(units)),
        }
    }

    fn prices() -> DynoPrices {
        let sizes = [
            size("Eco", Some(500), 0.0),
            size("Basic", Some(700), 0.28),
            size("Standard-2X", Some(5000), 2.0),
            size("Performance-M", Some(25_000), 8.0),
            size("Private-M", None, 10.0),
            size("dyno-2c-1gb", None, 2.0),
        ];
        DynoPrices::new(sizes, [("Private-S".to_owned(), dollars(150))])
    }

    fn dollars(dollars: i32) -> Money {
        Money::from_whole_dollars(dollars)
    }

    fn process(quantity: u32, size: &str) -> Process {
        Process {
            process_type: "web".to_owned(),
            quantity: Some(quantity),
            size_id: None,
            size_name: Some(size.to_owned()),
            updated_at: None,
        }
    }

    #[test]
    fn prices_dynos() {
        let unit_price = Some(Price::per_unit(dollars(20)));
        let table = [
            // Size, in a Shield space, without and with the price of a unit.
            ("standard-2x", false, Ok(100), Ok(100)),
            ("STANDARD-2X ", false, Ok(100), Ok(100)),
            ("Eco", false, Ok(0), Ok(0)),
            ("Private-M", false, Err(Unpriced::Unknown), Ok(400)),
            // Shield-M has 12 units and not 10.
            ("Private-M", true, Err(Unpriced::Unknown), Ok(480)),
            ("private-s", false, Ok(300), Ok(300)),
            ("private-s", true, Err(Unpriced::Unknown), Ok(240)),
            ("Private-Memory-L", false, Ok(1000), Ok(1000)),
            ("dyno-2c-1gb", false, Ok(100), Ok(100)),
            (
                "dyno-64c-1tb",
                false,
                Err(Unpriced::Unknown),
                Err(Unpriced::Unknown),
            ),
        ];
        for (size, is_shield, without, with) in table {
            for (unit_price, expected) in [(None, without), (unit_price, with)] {
                let actual = prices().monthly(&process(2, size), is_shield, unit_price);
                assert_eq!(actual, expected.map(dollars), "{size} {is_shield}");
            }
        }
    }

    #[test]
    fn id_of_size_precedes_its_name() {
        let renamed = Process {
            size_id: Some("id of Performance-M".to_owned()),
            ..process(4, "Power-M")
        };
        assert_eq!(prices().monthly(&renamed, false, None), Ok(dollars(1000)));
        let unknown = Process {
            size_id: Some("another".to_owned()),
            ..process(1, "basic")
        };
        assert_eq!(prices().monthly(&unknown, false, None), Ok(dollars(7)));
        let nameless = Process {
            size_name: None,
            ..process(1, "")
        };
        assert_eq!(
            prices().monthly(&nameless, false, None),
            Err(Unpriced::Unknown)
        );
        let none = Process {
            quantity: Some(0),
            ..nameless.clone()
        };
        assert_eq!(prices().monthly(&none, false, None), Ok(Money::ZERO));
        let unknown = Process {
            quantity: None,
            ..nameless
        };
        assert_eq!(
            prices().monthly(&unknown, false, None),
            Err(Unpriced::Unknown)
        );
    }

    #[test]
    fn prices_addons() {
        let price = |cents| BilledPrice {
            amount: Money::from_cents(cents),
            unit: Some("month".to_owned()),
            ..BilledPrice::default()
        };
        let contract = BilledPrice {
            is_contract: true,
            ..price(0)
        };
        let metered = BilledPrice {
            is_metered: true,
            ..price(0)
        };
        let yearly = BilledPrice {
            unit: Some("year".to_owned()),
            ..price(900)
        };
        let table = [
            (Some(price(500)), "provisioned", Ok(dollars(5))),
            (Some(price(0)), "provisioned", Ok(Money::ZERO)),
            (Some(price(500)), "deprovisioned", Ok(Money::ZERO)),
            (Some(price(500)), "provisioning", Ok(Money::ZERO)),
            (None, "provisioned", Err(Unpriced::Unknown)),
            (
                Some(BilledPrice::default()),
                "provisioned",
                Err(Unpriced::Unknown),
            ),
            (Some(contract), "provisioned", Err(Unpriced::Contract)),
            (Some(metered), "provisioned", Err(Unpriced::Metered)),
            (Some(yearly), "provisioned", Err(Unpriced::OtherPeriod)),
        ];
        for (price, state, expected) in table {
            let addon = Addon {
                id: "1".to_owned(),
                name: "postgresql-flat-1".to_owned(),
                service: None,
                plan: None,
                state: Some(state.to_owned()),
                app_id: None,
                price,
                created_at: None,
                updated_at: None,
            };
            assert_eq!(addon.monthly(), expected, "{addon:?}");
        }
    }
}
