//! Every key of the configuration file as plain data, declared once: the reader, the example and
//! the reference in `docs/CONFIGURATION.md` all read these declarations. What has a flag has its
//! name, with a level for each dot and `_` for each dash, and its words.

use super::super::setting::{self, PATTERN, PRICE, Setting};
use super::super::value::BUDGET;

/// A key.
#[derive(Debug)]
pub struct Key {
    /// Where it stands, with a dot between levels and `[]` behind a list.
    pub path: &'static str,
    /// What it does.
    pub help: &'static str,
    /// What a value has to be: it completes "give …".
    pub right: &'static str,
    /// The value where none is given, if there is one.
    pub default: Option<&'static str>,
    /// What stands behind the key in the example; nothing, where other keys stand below it.
    pub example: &'static str,
}

impl Key {
    const fn of(setting: &'static Setting, path: &'static str, example: &'static str) -> Self {
        Self {
            path,
            help: setting.help,
            right: setting.expected,
            default: setting.default,
            example,
        }
    }

    const fn own(
        path: &'static str,
        help: &'static str,
        right: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            path,
            help,
            right,
            default: None,
            example,
        }
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// The key by itself.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path of the key below which it stands; nothing, at the top.
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }
}

const LIST_OF_PATTERNS: &str = "a list of regular expressions of the whole name";
const KEYS: &str = "keys and values";

/// All keys, in the order of the example: each before those that stand below it.
pub static ALL: [Key; 22] = [
    Key::own(
        "price",
        "What Heroku's units cost every team that has no price of its own below",
        KEYS,
        "",
    ),
    Key::of(
        &setting::PRICE_DYNO_UNIT_USD,
        "price.dyno_unit_usd",
        "27.50",
    ),
    Key::own(
        "price.addon_credit_usd",
        "What an add-on credit costs",
        PRICE,
        "0.95",
    )
    .or("1"),
    Key::of(
        &setting::PRICE_SPACE_CREDIT_USD,
        "price.space_credit_usd",
        "1000",
    ),
    Key::own("invoices", "What is shown of invoices", KEYS, ""),
    Key::own(
        "invoices.history",
        "How many closed invoices to show, counted back from the latest",
        "a whole number from 0 to 120",
        "24",
    )
    .or("12"),
    Key::own("apps", "Which apps have a row of their own", KEYS, ""),
    Key::own(
        "apps.include",
        "Give an app a row only if its whole name matches one of these",
        LIST_OF_PATTERNS,
        r#"["shop.*", "billing"]"#,
    ),
    Key::own(
        "apps.exclude",
        "Give an app no row of its own if its whole name matches one of these",
        LIST_OF_PATTERNS,
        r#"[".*-sandbox"]"#,
    ),
    Key::own(
        "apps.group",
        "Add up apps in one row; the first group that matches counts",
        "a list of groups, each with a pattern and a name",
        "",
    ),
    Key::own(
        "apps.group[].pattern",
        "Which apps",
        PATTERN,
        r#""(.+)-worker-[0-9]+""#,
    ),
    Key::own(
        "apps.group[].name",
        "The name of the row, in which $1 or ${1} stands for what the first parentheses matched",
        "a name that does not begin with _",
        r#""$1-worker""#,
    ),
    Key::own(
        "apps.group_review_apps",
        "Whether to add up Heroku's review apps, such as shop-pr-1234, in one row for each pipeline, such as shop-pr",
        "true or false",
        "true",
    )
    .or("false"),
    Key::of(&setting::APPS_MAX, "apps.max", "50"),
    Key::own(
        "teams",
        "What differs from team to team",
        "a list of teams, none twice",
        "",
    ),
    Key::own(
        "teams[].team",
        "Which team; the one key that has to be there",
        "a team's id or name",
        "acme-web",
    ),
    Key::own(
        "teams[].price",
        "What units cost this team; what is not set here is taken from the prices above",
        "keys and values, as above",
        "",
    ),
    Key::own(
        "teams[].price.dyno_unit_usd",
        "What a dyno unit costs this team for a month",
        PRICE,
        "22.5",
    ),
    Key::own(
        "teams[].price.addon_credit_usd",
        "What an add-on credit costs this team",
        PRICE,
        "0.9",
    ),
    Key::own(
        "teams[].price.space_credit_usd",
        "What a space credit costs this team",
        PRICE,
        "900",
    ),
    Key::own(
        "teams[].budget_usd",
        "What the team may cost in a month",
        BUDGET,
        "12000",
    ),
    Key::own(
        "teams[].app_budget_usd",
        "What apps of the team may cost in a month, by the name of the row",
        "names, each with an amount as above",
        "{shop: 4000, shop-pr: 250.50}",
    ),
];
