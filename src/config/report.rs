//! The settings of `report`.

use std::time::Duration;

use super::reader::Reader;
use super::{HerokuConfig, LogConfig, Problems, Typed, read, setting};
use billing::rules::Rules;

/// The settings of `report`.
#[derive(Debug)]
pub struct ReportConfig {
    /// Who is asked.
    pub asked: Asked,
    /// How figures become costs and rows.
    pub rules: Rules,
    /// The age beyond which figures are not shown.
    pub max_age: Option<Duration>,
    /// What to log.
    pub log: LogConfig,
    /// How the report is written.
    pub format: ReportFormat,
    /// How many apps a table shows; `None` means all of them.
    pub top: Option<usize>,
}

/// Who is asked.
#[derive(Debug)]
pub enum Asked {
    /// Heroku.
    Heroku(Box<HerokuConfig>),
    /// A simulated Heroku with a made-up company.
    Demo {
        /// Which company is made up.
        seed: u64,
        /// The day that it is, in place of today.
        date: Option<jiff::civil::Date>,
    },
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// For a person.
    Table,
    /// For programs, with all that there is.
    Json,
    /// For spreadsheets.
    Csv,
}

impl ReportConfig {
    /// Resolves the settings of `report`. For a made-up company, Heroku's are not read.
    ///
    /// # Errors
    ///
    /// As for [`super::Config::resolve`].
    pub fn resolve(typed: &Typed) -> Result<Self, Problems> {
        let mut reader = Reader {
            typed,
            problems: Vec::new(),
        };
        let is_demo = reader.read(&setting::REPORT_DEMO, read::boolean);
        let asked = if is_demo == Some(true) {
            let seed = reader.read(&setting::DEMO_SEED, read::seed);
            let date = reader.read_optional(&setting::DEMO_DATE, read::date);
            seed.map(|seed| Asked::Demo { seed, date })
        } else {
            reader
                .heroku()
                .map(|heroku| Asked::Heroku(Box::new(heroku)))
        };
        let (_, rules) = reader.rules();
        let max_age = reader.read_optional(&setting::DATA_MAX_AGE, read::max_age);
        let format = reader.read(&setting::REPORT_FORMAT, format);
        let top = reader.read(&setting::REPORT_TOP, top);
        let log = reader.log();
        match (asked, rules, format, top, log) {
            (Some(asked), Some(rules), Some(format), Some(top), Some(log))
                if reader.problems.is_empty() =>
            {
                Ok(Self {
                    asked,
                    rules,
                    max_age,
                    log,
                    format,
                    top,
                })
            }
            _ => Err(Problems(reader.problems)),
        }
    }
}

fn format(values: &[&str]) -> Result<ReportFormat, String> {
    match values.concat().trim() {
        "table" => Ok(ReportFormat::Table),
        "json" => Ok(ReportFormat::Json),
        "csv" => Ok(ReportFormat::Csv),
        _ => Err(format!(
            "not a format; give {}",
            setting::REPORT_FORMAT.right
        )),
    }
}

fn top(values: &[&str]) -> Result<Option<usize>, String> {
    let text = values.concat();
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match digits.then(|| text.parse::<u32>().ok()).flatten() {
        Some(0) => Ok(None),
        Some(number) => Ok(usize::try_from(number).ok()),
        None => Err(format!(
            "not a number of apps; give {}",
            setting::REPORT_TOP.right
        )),
    }
}
