//! The settings of prices, invoices and apps: how figures become costs and rows.

use super::{BOOLEAN, PATTERN, Setting, Takes};

/// What a price has to be.
const PRICE: &str =
    "an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals";

/// Where the rules are that are clumsy as flags.
pub static CONFIG_FILE: Setting = Setting {
    flag: "config.file",
    value_name: "PATH",
    default: None,
    takes: Takes::One,
    help: "A file with prices, budgets and rules for apps, as docs/config.example.yml has it; it is read once, at start",
    right: "the path of a YAML file such as docs/config.example.yml",
};

/// What a dyno unit costs.
pub static PRICE_DYNO_UNIT_USD: Setting = Setting {
    flag: "price.dyno-unit-usd",
    value_name: "USD",
    default: None,
    takes: Takes::One,
    help: "What a dyno unit costs for a month; without it, what the team's invoice says, else the list price",
    right: PRICE,
};

/// What an add-on credit costs.
pub static PRICE_ADDON_CREDIT_USD: Setting = Setting {
    flag: "price.addon-credit-usd",
    value_name: "USD",
    default: Some("1"),
    takes: Takes::One,
    help: "What an add-on credit costs",
    right: PRICE,
};

/// What a space credit costs.
pub static PRICE_SPACE_CREDIT_USD: Setting = Setting {
    flag: "price.space-credit-usd",
    value_name: "USD",
    default: None,
    takes: Takes::One,
    help: "What a space credit costs; without it, space credits have no cost series",
    right: PRICE,
};

/// How many invoices to show.
pub static INVOICES_HISTORY: Setting = Setting {
    flag: "invoices.history",
    value_name: "NUMBER",
    default: Some("12"),
    takes: Takes::One,
    help: "How many closed invoices to show, counted back from the latest",
    right: "a whole number from 0 to 120",
};

/// Which apps have a row.
pub static APPS_INCLUDE: Setting = Setting {
    flag: "apps.include",
    value_name: "PATTERN",
    default: None,
    takes: Takes::Several,
    help: "Give an app a row only if its whole name matches this regular expression, or another one given so",
    right: PATTERN,
};

/// Which apps have none.
pub static APPS_EXCLUDE: Setting = Setting {
    flag: "apps.exclude",
    value_name: "PATTERN",
    default: None,
    takes: Takes::Several,
    help: "Give an app no row of its own if its whole name matches this regular expression",
    right: PATTERN,
};

/// Which apps share a row.
pub static APPS_GROUP: Setting = Setting {
    flag: "apps.group",
    value_name: "PATTERN=NAME",
    default: None,
    takes: Takes::Several,
    help: "Add up the apps whose whole names match a regular expression in a row of this name, in which $1 or ${1} stands for what the first parentheses matched; the first that matches counts",
    right: "a regular expression of the whole name, =, and the name of the row, such as (.+)-worker=$1",
};

/// Whether review apps share a row.
pub static APPS_GROUP_REVIEW_APPS: Setting = Setting {
    flag: "apps.group-review-apps",
    value_name: "BOOLEAN",
    default: Some("false"),
    takes: Takes::Switch,
    help: "Whether to add up Heroku's review apps, such as shop-pr-1234, in one row for each pipeline, such as shop-pr",
    right: BOOLEAN,
};

/// How many apps have a row.
pub static APPS_MAX: Setting = Setting {
    flag: "apps.max",
    value_name: "NUMBER",
    default: None,
    takes: Takes::One,
    help: "How many rows of apps a team may have, the costliest first; the rest is added up in one",
    right: "a whole number from 1 to 100000",
};

/// How figures become costs and rows.
pub static COSTS: [&Setting; 10] = [
    &CONFIG_FILE,
    &PRICE_DYNO_UNIT_USD,
    &PRICE_ADDON_CREDIT_USD,
    &PRICE_SPACE_CREDIT_USD,
    &INVOICES_HISTORY,
    &APPS_INCLUDE,
    &APPS_EXCLUDE,
    &APPS_GROUP,
    &APPS_GROUP_REVIEW_APPS,
    &APPS_MAX,
];
