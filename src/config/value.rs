//! Parsers of single values.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use exporter_toolkit::listen::ListenAddress;
use jiff::{Span, SpanRelativeTo};
use regex::Regex;
use url::{Host, Url};

use super::token::{Token, TokenError, looks_like_token};
use billing::money::Money;
use billing::month::Month;
use billing::name_filter::anchored_regex;
use billing::rules::Group;

/// The highest price in dollars, far above any price of Heroku.
const MAX_PRICE: i32 = 1_000_000;

/// The highest budget in dollars, far above any company's budget.
const MAX_BUDGET: i32 = 1_000_000_000;

/// The description of a valid budget.
pub(super) const BUDGET: &str =
    "an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals";

/// The result of parsing a value. The error is a reason to report in addition to the description of
/// valid values, if there is one.
pub(super) type Parsed<T> = Result<T, Option<String>>;

/// Paths that metrics cannot have, because the exporter serves or may serve something else there.
const RESERVED_PATHS: [&str; 4] = ["/health", "/-/healthy", "/-/ready", "/api"];

/// The severity of a log message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Details for troubleshooting.
    Debug,
    /// Normal events.
    Info,
    /// Events that need attention.
    Warn,
    /// Failures of the exporter itself.
    Error,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `key=value` pairs, the format of Prometheus.
    Logfmt,
    /// A JSON object.
    Json,
}

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// A table for the terminal.
    Table,
    /// JSON.
    Json,
    /// CSV, for spreadsheets.
    Csv,
}

pub(super) fn boolean(text: &str) -> Parsed<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(None),
    }
}

/// Parses a number of decimal digits only. `FromStr` alone would accept `+1`.
fn digits<N: FromStr>(text: &str) -> Option<N> {
    let text = text.trim();
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Returns a parser of whole numbers in a range.
pub(super) fn number<N: FromStr + PartialOrd>(
    range: RangeInclusive<N>,
) -> impl Fn(&str) -> Parsed<N> {
    move |text| {
        digits(text)
            .filter(|number| range.contains(number))
            .ok_or(None)
    }
}

/// Parses a limit. 0 means no limit.
pub(super) fn limit(text: &str) -> Parsed<Option<usize>> {
    let limit = number(0..=u32::MAX)(text)?;
    Ok(usize::try_from(limit).ok().filter(|limit| *limit > 0))
}

pub(super) fn invoice_history(text: &str) -> Parsed<usize> {
    number(0..=120)(text)
}

pub(super) fn max_apps(text: &str) -> Parsed<usize> {
    number(1..=100_000)(text)
}

/// Returns a parser of durations in a range, such as `1h30m`, `90s` or `2d`. A number without a unit
/// is in seconds.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&str) -> Parsed<Duration> {
    move |text| {
        let duration = digits(text).map(Duration::from_secs);
        let duration = duration.or_else(|| duration_with_units(text));
        duration
            .filter(|duration| range.contains(duration))
            .ok_or(None)
    }
}

fn duration_with_units(text: &str) -> Option<Duration> {
    // Jiff also accepts ISO 8601, which Prometheus does not use.
    let text = text.trim().to_ascii_lowercase();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let span: Span = text.parse().ok()?;
    // Fails for months and years, which have no fixed length.
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    duration.try_into().ok()
}

/// Returns a parser of one of several words. Case is ignored.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&str) -> Parsed<T> {
    move |text| {
        let text = text.trim();
        let mut words = words.iter();
        let found = words.find(|(word, _)| word.eq_ignore_ascii_case(text));
        found.map(|(_, value)| *value).ok_or(None)
    }
}

/// Returns whether the host of a URL is `localhost` or a loopback address.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(super) fn api_url(text: &str) -> Parsed<Url> {
    let url = Url::parse(text.trim()).map_err(|error| error.to_string())?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let reason = if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(None);
    } else if url.scheme() == "http" && !is_loopback(&url) {
        "plain http would send the token unencrypted"
    } else if has_user || looks_like_token(url.as_str()) {
        "credentials in the URL are not supported (use HEROKU_API_KEY)"
    } else if url.query().is_some() || url.fragment().is_some() {
        "query and fragment are not supported"
    } else {
        return Ok(url);
    };
    Err(Some(reason.to_owned()))
}

/// Parses the path of the storage directory, which need not exist.
pub(super) fn storage_path(text: &str) -> Parsed<PathBuf> {
    let path = PathBuf::from(text);
    match std::fs::metadata(&path) {
        Ok(metadata) if !metadata.is_dir() => Err(Some("not a directory".to_owned())),
        _ if text.is_empty() => Err(None),
        _ => Ok(path),
    }
}

/// Parses the path of a token file. Reads the file once, so that errors are reported at start.
pub(super) fn api_key_file(text: &str) -> Parsed<Token> {
    let token = Token::File(PathBuf::from(text));
    match token.read() {
        Ok(_) => Ok(token),
        // The path is omitted, as it may be the token by mistake.
        Err(TokenError::Unreadable(_, cause)) => Err(Some(format!("cannot be read ({cause})"))),
        Err(TokenError::Empty(_)) => Err(Some("file is empty".to_owned())),
        Err(error) => Err(Some(error.to_string())),
    }
}

/// Parses addresses separated by commas.
pub(super) fn listen_addresses(text: &str) -> Parsed<Vec<ListenAddress>> {
    let addresses = text.split(',').map(|text| text.trim().parse());
    let addresses: Result<_, _> = addresses.collect();
    addresses.map_err(|_| None)
}

pub(super) fn telemetry_path(path: &str) -> Parsed<String> {
    // No escaping is needed in routes, URLs and pages.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    let mut segments = path.split('/').skip(1);
    if !path.starts_with('/')
        || !path.bytes().all(is_plain)
        || segments.any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err(None);
    }
    if RESERVED_PATHS.contains(&path) || path.starts_with("/api/") {
        return Err(Some("path is reserved".to_owned()));
    }
    Ok(path.to_owned())
}

#[cfg(feature = "demo")]
pub(super) fn date(text: &str) -> Parsed<jiff::civil::Date> {
    // jiff would accept a time, too, and ignore it.
    let is_date = text.len() == "2026-11-30".len();
    let date = text.parse().ok().filter(|_| is_date);
    let date: jiff::civil::Date = date.ok_or_else(|| Some("not a valid date".to_owned()))?;
    match (2000..2100).contains(&date.year()) {
        true => Ok(date),
        false => Err(None),
    }
}

pub(super) fn month(text: &str) -> Parsed<Month> {
    text.trim().parse().map_err(|_| None)
}

/// Parses ids or names of teams or accounts, separated by commas. Removes duplicates.
pub(super) fn names(text: &str) -> Parsed<Vec<String>> {
    let mut seen = BTreeSet::new();
    let names = text.split(',').map(str::trim);
    let names: Vec<_> = names
        .filter(|name| !name.is_empty() && seen.insert(*name))
        .collect();
    if names.is_empty() {
        return Err(None);
    }
    names.into_iter().map(team).collect()
}

/// Parses the id or name of a team or an account, which becomes a segment of a URL.
pub(super) fn team(name: &str) -> Parsed<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.is_empty() || !name.bytes().all(is_plain) || name.bytes().all(|b| b == b'.') {
        let reason = "only letters, digits, dashes, dots and underscores are allowed";
        return Err(Some(reason.to_owned()));
    }
    Ok(name.to_owned())
}

pub(super) fn price(text: &str) -> Parsed<Money> {
    usd(text, MAX_PRICE)
}

pub(super) fn budget(text: &str) -> Parsed<Money> {
    usd(text, MAX_BUDGET)
}

fn usd(text: &str, max: i32) -> Parsed<Money> {
    let amount = Money::parse(text.trim());
    amount
        .filter(|amount| *amount <= Money::from_whole_dollars(max))
        .ok_or(None)
}

pub(super) fn pattern(text: &str) -> Parsed<Regex> {
    if text.is_empty() {
        return Err(Some("empty pattern".to_owned()));
    }
    Ok(anchored_regex(text)?)
}

/// Parses `REGEX=NAME`. Only the pattern may contain `=`.
pub(super) fn group(text: &str) -> Parsed<Group> {
    let (text, name) = text.rsplit_once('=').ok_or(None)?;
    let pattern = pattern(text)?;
    group_name(&pattern, name)?;
    Ok(Group {
        pattern,
        name: name.to_owned(),
    })
}

/// Checks the name of a group's row. A leading underscore is reserved for rows such as
/// `_team_total`, and each reference must be a capture group of the pattern.
pub(super) fn group_name(pattern: &Regex, name: &str) -> Parsed<()> {
    if name.trim().is_empty() {
        return Err(Some("empty name".to_owned()));
    }
    if name.starts_with('_') {
        return Err(Some("names that start with _ are reserved".to_owned()));
    }
    let mut rest = name;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (reference, after) = match after.strip_prefix('{') {
            Some(braced) => braced
                .split_once('}')
                .ok_or_else(|| "missing } in name".to_owned())?,
            None => {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = after.find(|c| !word(c)).unwrap_or(after.len());
                after.split_at(end)
            }
        };
        let exists = match reference.parse::<usize>() {
            Ok(number) => number < pattern.captures_len(),
            Err(_) => pattern.capture_names().flatten().any(|n| n == reference),
        };
        if !exists {
            // The reference is omitted, as it may contain a secret.
            let reason = "the name refers to a capture group that the pattern does not have \
                          (use ${1} before a letter, digit or _, and $$ for a dollar sign)";
            return Err(Some(reason.to_owned()));
        }
        rest = after;
    }
    Ok(())
}
