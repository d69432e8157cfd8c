//! Parsers of single values. An error says what is wrong with the value; the caller adds what is
//! expected.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use exporter_toolkit::listen::ListenAddress;
use jiff::{Span, SpanRelativeTo};
use regex::Regex;
use url::{Host, Url};

use super::token::{Token, TokenError, looks_like_token};
use billing::money::Money;
use billing::name_filter::anchored_regex;
use billing::rules::Group;

/// The highest price in dollars. No price of Heroku's comes near it.
const MAX_PRICE: i32 = 1_000_000;

/// The highest budget in dollars. No company's budget comes near it.
const MAX_BUDGET: i32 = 1_000_000_000;

/// A valid budget.
pub(super) const BUDGET: &str =
    "an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals";

/// Paths that the program serves itself, or may serve.
const RESERVED_PATHS: [&str; 4] = ["/health", "/-/healthy", "/-/ready", "/api"];

/// The severity of a log message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Details for finding a fault.
    Debug,
    /// Normal events.
    Info,
    /// Events that need attention.
    Warn,
    /// Failures of the program.
    Error,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `key=value` pairs, as Prometheus logs.
    Logfmt,
    /// A JSON object.
    Json,
}

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// A table for the terminal.
    Table,
    /// JSON with all figures.
    Json,
    /// CSV for spreadsheets.
    Csv,
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("neither true nor false".to_owned()),
    }
}

/// Parses a whole number of decimal digits. `FromStr` alone would accept `+1`.
fn digits<N: FromStr>(text: &str) -> Option<N> {
    let text = text.trim();
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    is_plain.then(|| text.parse().ok())?
}

/// Returns a parser of whole numbers in a range.
pub(super) fn number<N: FromStr + PartialOrd>(
    range: RangeInclusive<N>,
) -> impl Fn(&str) -> Result<N, String> {
    move |text| {
        digits(text)
            .filter(|number| range.contains(number))
            .ok_or_else(|| "not a whole number in range".to_owned())
    }
}

/// Parses a limit, of which 0 means none.
pub(super) fn limit(text: &str) -> Result<Option<usize>, String> {
    let limit = number(0..=u32::MAX)(text)?;
    Ok(usize::try_from(limit).ok().filter(|limit| *limit > 0))
}

pub(super) fn invoice_history(text: &str) -> Result<usize, String> {
    number(0..=120)(text)
}

pub(super) fn max_apps(text: &str) -> Result<usize, String> {
    number(1..=100_000)(text)
}

/// Returns a parser of durations in a range, such as `1h30m`, `90s`, `2d` or `90`, which are
/// seconds.
pub(super) fn duration(
    range: RangeInclusive<Duration>,
) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| {
        let duration = digits(text).map(Duration::from_secs);
        let duration = duration.or_else(|| duration_with_units(text));
        let duration = duration.ok_or("not a duration")?;
        let in_range = range.contains(&duration).then_some(duration);
        in_range.ok_or_else(|| "out of range".to_owned())
    }
}

fn duration_with_units(text: &str) -> Option<Duration> {
    // The parser also accepts ISO 8601, of which Prometheus has none.
    let text = text.trim().to_ascii_lowercase();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let span: Span = text.parse().ok()?;
    // Fails for months and years, which have no fixed length.
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    duration.try_into().ok()
}

/// Returns a parser of one of several words in any case.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let text = text.trim();
        let mut words = words.iter();
        let found = words.find(|(word, _)| word.eq_ignore_ascii_case(text));
        let (_, value) = found.ok_or("not a known value")?;
        Ok(*value)
    }
}

/// Returns whether a URL refers to this machine, by name or by address.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(super) fn api_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("not a URL ({error})"))?;
    let wrong = if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        "not an http or https URL"
    } else if url.scheme() == "http" && !is_loopback(&url) {
        "plain http would send the token unencrypted"
    } else if !url.username().is_empty() || url.password().is_some() {
        "a URL with a user name or password; the token goes in HEROKU_API_KEY"
    } else if looks_like_token(url.as_str()) {
        "a URL with a token in it; the token goes in HEROKU_API_KEY"
    } else if url.query().is_some() || url.fragment().is_some() {
        "a URL with a query or a fragment"
    } else {
        return Ok(url);
    };
    Err(wrong.to_owned())
}

pub(super) fn state_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    if path.file_name().is_none() || !directory.is_dir() || path.is_dir() {
        return Err("cannot be a file".to_owned());
    }
    Ok(path)
}

/// Parses the path of a token file, and reads the file once so that errors are found at start.
pub(super) fn api_key_file(text: &str) -> Result<Token, String> {
    let token = Token::File(PathBuf::from(text));
    match token.read() {
        Ok(_) => Ok(token),
        // Without the path, which may be the token itself by mistake.
        Err(TokenError::Unreadable(_, cause)) => Err(format!("it cannot be read ({cause})")),
        Err(TokenError::Empty(_)) => Err("it is empty".to_owned()),
        Err(error @ TokenError::Malformed) => Err(format!("it {error}")),
    }
}

/// Parses addresses that are separated by commas.
pub(super) fn listen_addresses(text: &str) -> Result<Vec<ListenAddress>, String> {
    let addresses = text.split(',').map(|text| text.trim().parse());
    let addresses: Result<_, _> = addresses.collect();
    addresses.map_err(|_| "not an address".to_owned())
}

pub(super) fn telemetry_path(path: &str) -> Result<String, String> {
    // Such a path needs no escaping in a route, a URL or a page.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    let mut segments = path.split('/').skip(1);
    if !path.starts_with('/')
        || !path.bytes().all(is_plain)
        || segments.any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err("not a path".to_owned());
    }
    if RESERVED_PATHS.contains(&path) || path.starts_with("/api/") {
        return Err("this path serves something else".to_owned());
    }
    Ok(path.to_owned())
}

#[cfg(feature = "demo")]
pub(super) fn date(text: &str) -> Result<jiff::civil::Date, String> {
    let date = text.parse().ok();
    let date = date.filter(|date: &jiff::civil::Date| (2000..2100).contains(&date.year()));
    date.ok_or_else(|| "not a date of this century".to_owned())
}

/// Parses the names or ids of teams or accounts, separated by commas, and keeps each once.
pub(super) fn names(text: &str) -> Result<Vec<String>, String> {
    let mut seen = BTreeSet::new();
    let names = text.split(',').map(str::trim);
    let names: Vec<_> = names
        .filter(|name| !name.is_empty() && seen.insert(*name))
        .collect();
    if names.is_empty() {
        return Err("there is no name in it".to_owned());
    }
    names.into_iter().map(team).collect()
}

/// Parses the id or the name of a team or an account, which becomes a part of a URL.
pub(super) fn team(name: &str) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.is_empty() || !name.bytes().all(is_plain) || name.bytes().all(|b| b == b'.') {
        return Err(
            "an id or name has only letters, digits, dashes, dots and underscores".to_owned(),
        );
    }
    Ok(name.to_owned())
}

pub(super) fn price(text: &str) -> Result<Money, String> {
    usd(text, MAX_PRICE)
}

pub(super) fn budget(text: &str) -> Result<Money, String> {
    usd(text, MAX_BUDGET)
}

fn usd(text: &str, max: i32) -> Result<Money, String> {
    let amount = Money::parse(text.trim()).ok_or("not an amount")?;
    let in_range = (amount <= Money::from_whole_dollars(max)).then_some(amount);
    in_range.ok_or_else(|| "out of range".to_owned())
}

pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    if text.is_empty() {
        return Err("it matches no name".to_owned());
    }
    anchored_regex(text).map_err(|error| format!("not a pattern ({error})"))
}

/// Parses `PATTERN=NAME`. The pattern may contain `=`, the name may not.
pub(super) fn group(text: &str) -> Result<Group, String> {
    let (text, name) = text.rsplit_once('=').ok_or("there is no = in it")?;
    let pattern = pattern(text)?;
    group_name(&pattern, name)?;
    Ok(Group {
        pattern,
        name: name.to_owned(),
    })
}

/// Checks the name of a group's row: names of the program's own rows begin with an underscore, and
/// each reference has to be a group of the pattern.
pub(super) fn group_name(pattern: &Regex, name: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err("the name is empty".to_owned());
    }
    if name.starts_with('_') {
        return Err(
            "the name begins with _, as those of the program's own rows do, such as _team_total"
                .to_owned(),
        );
    }
    let mut rest = name;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (reference, after) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or("a ${ in the name has no }")?,
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
            return Err(
                "the name refers to parentheses that the pattern does not have (write ${1} where a letter, \
                 a digit or _ follows, and $$ for a dollar sign)"
                    .to_owned(),
            );
        }
        rest = after;
    }
    Ok(())
}
