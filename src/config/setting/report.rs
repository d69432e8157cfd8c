//! What `report` takes beside what it asks. Each of its flags may be given without `report.`.

use super::{BOOLEAN, Setting, Takes};

/// How the report is written.
pub static REPORT_FORMAT: Setting = Setting {
    flag: "report.format",
    value_name: "FORMAT",
    default: Some("table"),
    takes: Takes::One,
    help: "How to write the report: table, json or csv; also --format",
    right: "one of table, json, csv",
};

/// How many apps it shows.
pub static REPORT_TOP: Setting = Setting {
    flag: "report.top",
    value_name: "NUMBER",
    default: Some("10"),
    takes: Takes::One,
    help: "How many apps the table shows, the costliest first; 0 means all of them; also --top",
    right: "a whole number such as 10, or 0 for all apps",
};

/// Whether it is of a made-up company.
pub static REPORT_DEMO: Setting = Setting {
    flag: "report.demo",
    value_name: "BOOLEAN",
    default: Some("false"),
    takes: Takes::Switch,
    help: "Report on a made-up company from a simulated Heroku: no account, no network; also --demo",
    right: BOOLEAN,
};

/// How the report is written, and of whom.
pub static REPORT: [&Setting; 3] = [&REPORT_FORMAT, &REPORT_TOP, &REPORT_DEMO];
