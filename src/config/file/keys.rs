//! Every key of the configuration file as plain data, declared once: the reader, the example file
//! and the reference in `docs/CONFIGURATION.md` use these declarations. A key that is also a flag has
//! the flag's name, with a level for each dot and `_` for each dash.

use super::super::setting::{self, PATTERN, PRICE, Setting};
use super::super::value::BUDGET;

/// A key.
#[derive(Debug)]
pub struct Key {
    /// The path, with a dot between levels and `[]` after a list.
    pub path: &'static str,
    /// What the key does.
    pub help: &'static str,
    /// What a value has to be: it completes "expected …".
    pub expected: &'static str,
    /// The default value, if there is one.
    pub default: Option<&'static str>,
    /// The value in the example file; empty if other keys follow below.
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

const LIST_OF_PATTERNS: &str = "a list of regular expressions of the whole name";
const KEYS: &str = "keys and values";

/// All keys, in the order of the example file. A parent precedes its children.
pub static ALL: [Key; 22] = [
    Key::new(
        "price",
        "What Heroku's units cost every team that has no price of its own below",
        KEYS,
        "",
    ),
    Key::from_setting(
        &setting::PRICE_DYNO_UNIT_USD,
        "price.dyno_unit_usd",
        "27.50",
    ),
    Key::new(
        "price.addon_credit_usd",
        "What an add-on credit costs",
        PRICE,
        "0.95",
    )
    .with_default("1"),
    Key::from_setting(
        &setting::PRICE_SPACE_CREDIT_USD,
        "price.space_credit_usd",
        "1000",
    ),
    Key::new("invoices", "What is shown of invoices", KEYS, ""),
    Key::new(
        "invoices.history",
        "How many closed invoices to show, counted back from the latest",
        "a whole number from 0 to 120",
        "24",
    )
    .with_default("12"),
    Key::new("apps", "Which apps have a row of their own", KEYS, ""),
    Key::new(
        "apps.include",
        "Give an app a row only if its whole name matches one of these",
        LIST_OF_PATTERNS,
        r#"["shop.*", "billing"]"#,
    ),
    Key::new(
        "apps.exclude",
        "Give an app no row of its own if its whole name matches one of these",
        LIST_OF_PATTERNS,
        r#"[".*-sandbox"]"#,
    ),
    Key::new(
        "apps.group",
        "Add up apps in one row; the first group that matches counts",
        "a list of groups, each with a pattern and a name",
        "",
    ),
    Key::new(
        "apps.group[].pattern",
        "Which apps",
        PATTERN,
        r#""(.+)-worker-[0-9]+""#,
    ),
    Key::new(
        "apps.group[].name",
        "The name of the row, in which $1 or ${1} stands for what the first parentheses matched",
        "a name that does not begin with _",
        r#""$1-worker""#,
    ),
    Key::new(
        "apps.group_review_apps",
        "Whether to add up Heroku's review apps, such as shop-pr-1234, in one row for each pipeline, such as shop-pr",
        "true or false",
        "true",
    )
    .with_default("false"),
    Key::from_setting(&setting::APPS_MAX, "apps.max", "50"),
    Key::new(
        "teams",
        "What differs from team to team",
        "a list of teams, none twice",
        "",
    ),
    Key::new(
        "teams[].team",
        "Which team; the one key that has to be there",
        "a team's id or name",
        "acme-web",
    ),
    Key::new(
        "teams[].price",
        "What units cost this team; what is not set here is taken from the prices above",
        "keys and values, as above",
        "",
    ),
    Key::new(
        "teams[].price.dyno_unit_usd",
        "What a dyno unit costs this team for a month",
        PRICE,
        "22.5",
    ),
    Key::new(
        "teams[].price.addon_credit_usd",
        "What an add-on credit costs this team",
        PRICE,
        "0.9",
    ),
    Key::new(
        "teams[].price.space_credit_usd",
        "What a space credit costs this team",
        PRICE,
        "900",
    ),
    Key::new(
        "teams[].budget_usd",
        "What the team may cost in a month",
        BUDGET,
        "12000",
    ),
    Key::new(
        "teams[].app_budget_usd",
        "What apps of the team may cost in a month, by the name of the row",
        "names, each with an amount as above",
        "{shop: 4000, shop-pr: 250.50}",
    ),
];
