//! How the text of each setting is read. An error says what was wrong and what would be right.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use url::Url;

use super::setting;
use crate::config::token::{Token, TokenError, looks_like_token};
use exporter_toolkit::listen::ListenAddress;
use exporter_toolkit::web_config::Loaded;
use heroku_api::loopback::is_loopback;

/// How severe a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// For those who look for a fault.
    Debug,
    /// What happens.
    Info,
    /// What should be looked at.
    Warn,
    /// What is broken.
    Error,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `key=value` pairs, as Prometheus logs.
    Logfmt,
    /// A JSON object.
    Json,
}

/// The shortest interval: shorter ones could only repeat what the last poll said.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The longest interval: a month's figures must not be missed.
const LONGEST_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);

/// Paths that mean something else, or will.
const TAKEN_PATHS: [&str; 4] = ["/health", "/-/healthy", "/-/ready", "/api"];

/// Reads a switch, as YAML and as units write it.
pub(super) fn boolean(values: &[&str]) -> Result<bool, String> {
    match values.concat().trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("neither true nor false; give one of them".to_owned()),
    }
}

pub(super) fn api_url(values: &[&str]) -> Result<Url, String> {
    let example = "give one such as https://api.heroku.com";
    let url = Url::parse(values.concat().trim())
        .map_err(|error| format!("not a URL ({error}); {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("not an http or https URL; {example}"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("plain http would send the token in the clear; give an https URL (http only for a loopback address)".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "a URL with a user name or password; the token goes in HEROKU_API_KEY; {example}"
        ));
    }
    if looks_like_token(url.as_str()) {
        return Err(format!(
            "a URL with a token in it; the token goes in HEROKU_API_KEY; {example}"
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("a URL with a query or a fragment; {example}"));
    }
    Ok(url)
}

pub(super) fn interval(values: &[&str]) -> Result<Duration, String> {
    bounded(
        values,
        setting::POLL_INTERVAL.right,
        "1s to 7d",
        SHORTEST_INTERVAL..=LONGEST_INTERVAL,
    )
}

pub(super) fn timeout(values: &[&str]) -> Result<Duration, String> {
    let (shortest, longest) = (Duration::from_millis(100), Duration::from_secs(600));
    bounded(
        values,
        setting::HEROKU_TIMEOUT.right,
        "100ms to 10m",
        shortest..=longest,
    )
}

pub(super) fn max_age(values: &[&str]) -> Result<Duration, String> {
    // An age that the next poll does not beat would make figures flicker; `Config` cannot know how
    // late a poll may be, so this much is only the bound of good sense.
    let longest = Duration::from_secs(366 * 24 * 3600);
    bounded(
        values,
        setting::DATA_MAX_AGE.right,
        "1s to 366d",
        SHORTEST_INTERVAL..=longest,
    )
}

fn bounded(
    values: &[&str],
    right: &str,
    range: &str,
    bounds: RangeInclusive<Duration>,
) -> Result<Duration, String> {
    let right = format!("give {right}, from {range}");
    let duration = duration(&values.concat()).ok_or_else(|| format!("not a duration; {right}"))?;
    bounds
        .contains(&duration)
        .then_some(duration)
        .ok_or_else(|| format!("out of range; {right}"))
}

pub(super) fn rate_limit_floor(values: &[&str]) -> Result<u64, String> {
    let number = values
        .concat()
        .trim()
        .parse()
        .ok()
        .filter(|floor| *floor <= 4500);
    number.ok_or_else(|| {
        format!(
            "not such a number; give {}",
            setting::HEROKU_RATE_LIMIT_FLOOR.right
        )
    })
}

pub(super) fn state_file(values: &[&str]) -> Result<PathBuf, String> {
    let path = PathBuf::from(values.concat());
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    if path.file_name().is_none() || !directory.is_dir() || path.is_dir() {
        return Err(format!(
            "cannot be a file; give {}",
            setting::STATE_FILE.right
        ));
    }
    Ok(path)
}

/// Reads the path of a token's file, and the file once, so that a mistake is known at the start.
pub(super) fn api_key_file(values: &[&str]) -> Result<Token, String> {
    let token = Token::File(PathBuf::from(values.concat()));
    let why = match token.read() {
        Ok(_) => return Ok(token),
        // Without the path: somebody may have set it to the token itself.
        Err(TokenError::Unreadable(_, cause)) => format!("it cannot be read ({cause})"),
        Err(TokenError::Empty(_)) => "it is empty".to_owned(),
        Err(error @ TokenError::Malformed) => format!("it {error}"),
    };
    Err(format!(
        "{why}; give {}",
        setting::HEROKU_API_KEY_FILE.right
    ))
}

/// Reads `1h30m`, `90s`, `2d`: what Prometheus reads, and a little more.
fn duration(text: &str) -> Option<Duration> {
    // ISO 8601's "P1M" is a month, which is no fixed time; Prometheus writes none of it.
    let text = text.trim().to_ascii_lowercase();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(duration).ok()
}

/// Reads a port, at every address of the machine.
pub(super) fn port(values: &[&str]) -> Result<ListenAddress, String> {
    format!(":{}", values.concat().trim())
        .parse()
        .map_err(|_| format!("not a port; give {}", setting::PORT.right))
}

pub(super) fn listen_addresses(values: &[&str]) -> Result<Vec<ListenAddress>, String> {
    let addresses = values.iter().flat_map(|value| value.split(','));
    addresses
        .map(|text| text.trim().parse())
        .collect::<Result<_, _>>()
        .map_err(|_| format!("not an address; give {}", setting::WEB_LISTEN_ADDRESS.right))
}

pub(super) fn telemetry_path(values: &[&str]) -> Result<String, String> {
    let path = values.concat();
    // A path of these needs no escaping in a route, a URL or a page.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    let segments = || path.split('/').skip(1);
    if !path.starts_with('/')
        || !path.bytes().all(plain)
        || segments().any(|s| matches!(s, "" | "." | ".."))
    {
        return Err(format!(
            "not a path; give {}, of letters, digits and - _ . ~ between single slashes",
            setting::WEB_TELEMETRY_PATH.right
        ));
    }
    if TAKEN_PATHS.contains(&path.as_str()) || path.starts_with("/api/") {
        return Err(format!(
            "this path serves something else; give {}",
            setting::WEB_TELEMETRY_PATH.right
        ));
    }
    Ok(path)
}

pub(super) fn web_config_file(values: &[&str]) -> Result<Loaded, String> {
    Loaded::read(Path::new(&values.concat())).map_err(|error| error.to_string())
}

/// The most requests at once; `None` means no limit.
pub(super) fn max_requests(values: &[&str]) -> Result<Option<usize>, String> {
    let text = values.concat();
    let text = text.trim();
    let number: Option<u32> = text
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten();
    match number {
        Some(0) => Ok(None),
        Some(number) => Ok(usize::try_from(number).ok()),
        None => Err(format!(
            "not a number of requests; give {}",
            setting::WEB_MAX_REQUESTS.right
        )),
    }
}

pub(super) fn log_level(values: &[&str]) -> Result<LogLevel, String> {
    match values.concat().trim().to_ascii_lowercase().as_str() {
        "debug" => Ok(LogLevel::Debug),
        "info" => Ok(LogLevel::Info),
        "warn" | "warning" => Ok(LogLevel::Warn),
        "error" => Ok(LogLevel::Error),
        _ => Err(format!("not a level; give {}", setting::LOG_LEVEL.right)),
    }
}

pub(super) fn log_format(values: &[&str]) -> Result<LogFormat, String> {
    match values.concat().trim() {
        "logfmt" => Ok(LogFormat::Logfmt),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("not a format; give {}", setting::LOG_FORMAT.right)),
    }
}

pub(super) fn seed(values: &[&str]) -> Result<u64, String> {
    values
        .concat()
        .parse()
        .map_err(|_| format!("not a seed; give {}", setting::DEMO_SEED.right))
}

pub(super) fn date(values: &[&str]) -> Result<jiff::civil::Date, String> {
    let error = || {
        format!(
            "not a date of this century; give {}",
            setting::DEMO_DATE.right
        )
    };
    let date: jiff::civil::Date = values.concat().parse().map_err(|_| error())?;
    (2000..2100)
        .contains(&date.year())
        .then_some(date)
        .ok_or_else(error)
}
