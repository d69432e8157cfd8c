//! Parses the settings of HTTP: response headers and the rate limit.

use std::time::Duration;

use http::header::{
    CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    X_XSS_PROTECTION,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config_file::Section;

/// A rate limit of requests, as a token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The time after which one more request is allowed.
    pub interval: Duration,
    /// The number of requests that are allowed at once; 0 allows none.
    pub burst: u32,
}

/// Parses the response headers. Blank ones are omitted.
pub(super) fn headers(section: &Section<'_>) -> HeaderMap {
    let headers: [(&str, HeaderName, &[&str]); 5] = [
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY, &[]),
        ("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY, &[]),
        (
            "X-Content-Type-Options",
            X_CONTENT_TYPE_OPTIONS,
            &["nosniff"],
        ),
        ("X-Frame-Options", X_FRAME_OPTIONS, &["deny", "sameorigin"]),
        ("X-XSS-Protection", X_XSS_PROTECTION, &[]),
    ];
    let mut map = HeaderMap::new();
    for (key, name, permitted) in headers {
        let value = section.non_blank(key).and_then(|field| {
            field.parse(|text| match HeaderValue::try_from(text) {
                Ok(value) if permitted.is_empty() || permitted.contains(&text) => Ok(value),
                Ok(_) => Err("unknown value".to_owned()),
                Err(_) => Err("not a header value".to_owned()),
            })
        });
        map.extend(value.map(|value| (name, value)));
    }
    map
}

/// Parses the rate limit. An absent interval, or one of zero, disables it.
pub(super) fn rate_limit(section: &Section<'_>) -> Option<RateLimit> {
    let burst = match section.get("burst") {
        Some(_) => section.parse("burst", |text| {
            text.parse().map_err(|_| "not a number".to_owned())
        }),
        None => Some(0),
    };
    let interval = section.non_blank("interval")?;
    let interval =
        interval.parse(|text| duration(text.trim()).ok_or_else(|| "not a duration".to_owned()))?;
    let burst = burst?;
    (!interval.is_zero()).then_some(RateLimit { interval, burst })
}

/// Parses a duration like Go's `time.ParseDuration`, without a sign: `1s`, `1m30s`, `0.5s`,
/// `100ms` or `0`. <https://pkg.go.dev/time#ParseDuration>
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
    fn parses_durations_like_go() {
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
