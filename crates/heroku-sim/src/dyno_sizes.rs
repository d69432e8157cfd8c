//! The dyno sizes of Heroku (schema: `dyno-size`).

use serde_json::{Value, json};

use crate::hash;

/// Name, generation, tier, thousandths of a dyno unit, cents per month, memory in GB.
type Size = (
    &'static str,
    &'static str,
    &'static str,
    u32,
    Option<u32>,
    f64,
);

/// Heroku reports no price of the sizes of private spaces and of Fir. Those of Shield spaces are in
/// no list.
const SIZES: [Size; 14] = [
    ("Eco", "cedar", "eco", 0, Some(500), 0.5),
    ("Basic", "cedar", "basic", 280, Some(700), 0.5),
    ("Standard-1X", "cedar", "standard", 1_000, Some(2_500), 0.5),
    ("Standard-2X", "cedar", "standard", 2_000, Some(5_000), 1.0),
    (
        "Performance-M",
        "cedar",
        "performance",
        8_000,
        Some(25_000),
        2.5,
    ),
    (
        "Performance-L",
        "cedar",
        "performance",
        16_000,
        Some(50_000),
        14.0,
    ),
    ("Private-S", "cedar", "private-standard", 5_000, None, 1.0),
    (
        "Private-M",
        "cedar",
        "private-performance",
        10_000,
        None,
        2.5,
    ),
    (
        "Private-L",
        "cedar",
        "private-performance",
        20_000,
        None,
        14.0,
    ),
    (
        "Private-L-RAM",
        "cedar",
        "private-performance",
        20_000,
        None,
        30.0,
    ),
    ("dyno-1c-0.5gb", "fir", "classic", 1_000, None, 0.5),
    ("dyno-2c-1gb", "fir", "classic", 2_000, None, 1.0),
    ("dyno-1c-4gb", "fir", "general-purpose", 4_000, None, 4.0),
    ("dyno-2c-8gb", "fir", "general-purpose", 8_000, None, 8.0),
];

/// Returns the id of a dyno size.
pub(crate) fn id(name: &str) -> String {
    hash::uuid(0, &format!("dyno-size/{name}"))
}

/// Returns all sizes.
pub(crate) fn all() -> Vec<Value> {
    SIZES.iter().map(row).collect()
}

fn row((name, generation, tier, milli_units, cents, memory): &Size) -> Value {
    let is_dedicated = matches!(*tier, "performance" | "private-performance");
    json!({
        "architecture": "amd64",
        "can_autoscale": is_dedicated,
        "compute": if is_dedicated { 8 } else { 1 },
        "cost": { "cents": cents, "unit": "month" },
        "dedicated": is_dedicated,
        "generation": {
            "id": hash::uuid(0, &format!("generation/{generation}")),
            "name": generation,
        },
        "id": id(name),
        "infrastructure_tier": "production",
        "memory": memory,
        "name": name,
        "precise_dyno_units": f64::from(*milli_units) / 1000.0,
        "private_space_only": *generation == "fir" || name.starts_with("Private-"),
        "product_dyno_tier": tier,
    })
}
