//! What the file says of HTTP: the headers of every answer, and how many requests are answered.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::document::{self, Headers, Value, given};
use super::error::{Error, shown};

/// How many requests are answered: a bucket of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The time in which one more request is allowed.
    pub interval: Duration,
    /// How many requests are allowed at once; 0 allows none at all.
    pub burst: u32,
}

/// The headers, of which a blank one is left out.
pub(super) fn headers(headers: Headers) -> Result<HeaderMap, Error> {
    let rows: [(&'static str, Value, &[&str]); 5] = [
        (
            "content-security-policy",
            headers.content_security_policy,
            &[],
        ),
        (
            "strict-transport-security",
            headers.strict_transport_security,
            &[],
        ),
        (
            "x-content-type-options",
            headers.x_content_type_options,
            &["nosniff"],
        ),
        (
            "x-frame-options",
            headers.x_frame_options,
            &["deny", "sameorigin"],
        ),
        ("x-xss-protection", headers.x_xss_protection, &[]),
    ];
    let mut map = HeaderMap::new();
    for (name, value, permitted) in rows {
        let Some(given) = given(value) else { continue };
        if !permitted.is_empty() && !permitted.contains(&given.value.as_str()) {
            let what = format!(
                "{name} cannot be {}; give {}",
                shown(&given.value),
                permitted.join(" or ")
            );
            return Err(Error::at(given.place, what));
        }
        let value = HeaderValue::try_from(given.value).map_err(|_| {
            Error::at(
                given.place,
                format!("{name} holds a character that no header may hold, such as a line break"),
            )
        })?;
        map.insert(HeaderName::from_static(name), value);
    }
    Ok(map)
}

/// The rate limit; an interval of zero, or none, switches it off.
pub(super) fn rate_limit(limit: document::RateLimit) -> Result<Option<RateLimit>, Error> {
    let burst = match &limit.burst {
        None => 0,
        Some(burst) => u32::try_from(burst.value).map_err(|_| {
            Error::at(
                burst.place,
                "burst is no number of requests; give one such as 20",
            )
        })?,
    };
    let Some(interval) = given(limit.interval) else {
        return Ok(None);
    };
    let duration = duration(interval.value.trim()).ok_or_else(|| {
        let what = format!(
            "interval cannot be {}; give a duration such as 1s, 100ms or 0",
            shown(&interval.value)
        );
        Error::at(interval.place, what)
    })?;
    Ok((!duration.is_zero()).then_some(RateLimit {
        interval: duration,
        burst,
    }))
}

/// Reads `1s`, `1m30s`, `0.5s`, `100ms` or `0`: what Go reads, without a sign, for no time between
/// two requests is negative. <https://pkg.go.dev/time#ParseDuration>
fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit_on) = rest.split_at(number);
        let end = unit_on
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(unit_on.len());
        let (unit, next) = unit_on.split_at(end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        sum = sum.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = next;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("1s", 1000),
            ("100ms", 100),
            ("1.5s", 1500),
            (".5s", 500),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("2000us", 2),
        ] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            "1",
            "-1s",
            "s",
            "1x",
            "1 s",
            "1.2.3s",
            ".s",
            "1d",
            "1s1",
            "99999999999999999999h",
        ] {
            assert_eq!(duration(text), None, "{text:?}");
        }
    }
}
