//! Declarations of all keys of the configuration file. The parser, `docs/config.example.yml` and the
//! table in `docs/CONFIGURATION.md` are generated from them.
//!
//! A key that is also a flag has the flag's name, with a level for each dot and `_` for each dash.

use super::super::setting::{self, PATTERN, PRICE, Setting};
use super::super::value::BUDGET;

/// A key of the configuration file.
#[derive(Debug)]
pub struct Key {
    /// The path, with a dot between levels and `[]` after a list.
    pub path: &'static str,
    /// What the key does.
    pub help: &'static str,
    /// A description of valid values, which completes "expected …".
    pub expected: &'static str,
    /// The default value, if there is one.
    pub default: Option<&'static str>,
    /// The value in the example file; empty if the key has children.
    pub example: &'static str,
}

impl Key {
    const fn new(
        path: &'static str,
        help: &'static str,
        expected: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            path,
            help,
            expected,
            default: None,
            example,
        }
    }

    const fn from_setting(
        setting: &'static Setting,
        path: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            default: setting.default,
            ..Self::new(path, setting.help, setting.expected, example)
        }
    }

    const fn with_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Returns the last part of the path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// Returns the path of the parent; empty at the top level.
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }
}

const PATTERNS: &str = "a list of regular expressions for the full name";
const MAPPING: &str = "keys and values";

/// All keys, in the order of the example file. A parent precedes its children.
pub static ALL: [Key; 22] = [
    Key::new("price", "Prices of all teams", MAPPING, ""),
    Key::from_setting(
        &setting::PRICE_DYNO_UNIT_USD,
        "price.dyno_unit_usd",
        "27.50",
    ),
    Key::new(
        "price.addon_credit_usd",
        "Price of an add-on credit",
        PRICE,
        "0.95",
    )
    .with_default("1"),
    Key::from_setting(
        &setting::PRICE_SPACE_CREDIT_USD,
        "price.space_credit_usd",
        "1000",
    ),
    Key::new("invoices", "Invoices", MAPPING, ""),
    Key::new(
        "invoices.history",
        "Number of months before the current one whose invoices are reported",
        "a whole number from 0 to 120",
        "24",
    )
    .with_default("12"),
    Key::new("apps", "App rows", MAPPING, ""),
    Key::new(
        "apps.include",
        "Apps that get their own row; all others are combined in the row _excluded",
        PATTERNS,
        r#"["shop.*", "billing"]"#,
    ),
    Key::new(
        "apps.exclude",
        "Apps without their own row; they are combined in the row _excluded",
        PATTERNS,
        r#"[".*-sandbox"]"#,
    ),
    Key::new(
        "apps.group",
        "Groups of apps that are combined in one row; the first matching group applies",
        "a list of groups, each with a pattern and a name",
        "",
    ),
    Key::new(
        "apps.group[].pattern",
        "Apps of the group",
        PATTERN,
        r#""(.+)-worker-[0-9]+""#,
    ),
    Key::new(
        "apps.group[].name",
        "Name of the row, where $1 or ${1} is the first capture group",
        "a name that does not start with _",
        r#""$1-worker""#,
    ),
    Key::new(
        "apps.group_review_apps",
        "Combine the review apps of a pipeline, such as shop-pr-1234, in one row, such as shop-pr",
        "true or false",
        "true",
    )
    .with_default("false"),
    Key::from_setting(&setting::APPS_MAX, "apps.max", "50"),
    Key::new(
        "teams",
        "Prices and budgets by team",
        "a list of teams without duplicates",
        "",
    ),
    Key::new(
        "teams[].team",
        "Id or name of the team; required",
        "a team's id or name",
        "acme-web",
    ),
    Key::new(
        "teams[].price",
        "Prices of the team, which override those of all teams",
        MAPPING,
        "",
    ),
    Key::new(
        "teams[].price.dyno_unit_usd",
        "Monthly price of a dyno unit",
        PRICE,
        "22.5",
    ),
    Key::new(
        "teams[].price.addon_credit_usd",
        "Price of an add-on credit",
        PRICE,
        "0.9",
    ),
    Key::new(
        "teams[].price.space_credit_usd",
        "Price of a space credit",
        PRICE,
        "900",
    ),
    Key::new(
        "teams[].budget_usd",
        "Monthly budget of the team",
        BUDGET,
        "12000",
    ),
    Key::new(
        "teams[].app_budget_usd",
        "Monthly budgets of apps, by row",
        "row names with amounts",
        "{shop: 4000, shop-pr: 250.50}",
    ),
];
