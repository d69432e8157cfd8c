//! `wrk`, which asks as fast as it is answered.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::http::PROMETHEUS;

/// What it saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    pub(crate) requests_per_second: f64,
    /// The time within which 99 of 100 were answered, in milliseconds.
    pub(crate) p99: f64,
}

/// Asks a server for `/metrics` for so many seconds, over four connections by two threads.
pub(crate) fn ask(address: SocketAddr, gzip: bool, seconds: u32) -> anyhow::Result<Seen> {
    let encoding = if gzip { "gzip" } else { "identity" };
    let output = Command::new("wrk")
        .args(["--threads", "2", "--connections", "4", "--latency"])
        .args(["--duration", &format!("{seconds}s"), "--timeout", "10s"])
        .args(["--header", &format!("Accept: {PROMETHEUS}")])
        .args(["--header", &format!("Accept-Encoding: {encoding}")])
        .arg(format!("http://{address}/metrics"))
        .output()
        .context("wrk is missing (Debian: apt install wrk)")?;
    read(&String::from_utf8(output.stdout)?)
}

/// Its version, as it says it.
pub(crate) fn version() -> anyhow::Result<String> {
    let said = Command::new("wrk")
        .arg("--version")
        .output()
        .context("wrk is missing (Debian: apt install wrk)")?;
    // On the first line, between other words.
    let said = String::from_utf8([said.stdout, said.stderr].concat())?;
    let version = said.split_whitespace().nth(1).unwrap_or_default();
    Ok(version.trim_start_matches("debian/").to_owned())
}

fn read(text: &str) -> anyhow::Result<Seen> {
    for wrong in ["Socket errors", "Non-2xx"] {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(wrong));
        ensure!(
            line.is_none(),
            "wrk saw failures: {}",
            line.unwrap_or_default().trim()
        );
    }
    let behind = |what: &str| {
        let found = text
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(what));
        found
            .map(str::trim)
            .with_context(|| format!("wrk does not tell {what:?}: {text}"))
    };
    Ok(Seen {
        requests_per_second: behind("Requests/sec:")?.parse()?,
        p99: milliseconds(behind("99%")?).context("a time that is none")?,
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)];
    let (number, factor) = units
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::{Seen, read};

    const TEXT: &str = "Running 3s test @ http://127.0.0.1:8080/metrics
  2 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    92.40us   10.00us   1.20ms   90.00%
    Req/Sec    21.00k     1.00k   22.00k    66.00%
  Latency Distribution
     50%   80.00us
     99%    1.25ms
  125000 requests in 3.00s, 1.20GB read
Requests/sec:  41666.67
Transfer/sec:    409.60MB
";

    #[test]
    fn what_it_prints_is_read_and_failures_are_none() {
        let seen = Seen {
            requests_per_second: 41_666.67,
            p99: 1.25,
        };
        assert_eq!(read(TEXT).unwrap(), seen);
        let failed = TEXT.replace(
            "Requests/sec",
            "  Non-2xx or 3xx responses: 7\nRequests/sec",
        );
        assert!(read(&failed).is_err());
        assert!(read("").is_err());
    }
}
