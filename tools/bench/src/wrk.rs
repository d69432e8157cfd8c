//! The HTTP benchmarking tool `wrk`.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::http::ACCEPT_PROMETHEUS;

const MISSING: &str = "wrk is missing (Debian: apt install wrk)";

/// Requests compressed `/metrics` for `seconds` over four connections in two threads, and returns
/// the number of requests per second.
pub(crate) fn requests_per_second(address: SocketAddr, seconds: u32) -> anyhow::Result<f64> {
    let output = Command::new("wrk")
        .args(["--threads", "2", "--connections", "4", "--timeout", "10s"])
        .args(["--duration", &format!("{seconds}s")])
        .args(["--header", &format!("Accept: {ACCEPT_PROMETHEUS}")])
        .args(["--header", "Accept-Encoding: gzip"])
        .arg(format!("http://{address}/metrics"))
        .output()
        .context(MISSING)?;
    parse(&String::from_utf8(output.stdout)?)
}

/// Returns the version of wrk.
pub(crate) fn version() -> anyhow::Result<String> {
    let output = Command::new("wrk")
        .arg("--version")
        .output()
        .context(MISSING)?;
    // The first line is `wrk debian/4.1.0-3+b2 [epoll] Copyright …`.
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    let version = text.split_whitespace().nth(1).unwrap_or_default();
    Ok(version.trim_start_matches("debian/").to_owned())
}

/// Returns the requests per second in the output of wrk.
fn parse(output: &str) -> anyhow::Result<f64> {
    let mut lines = output.lines().map(str::trim_start);
    let failure = lines
        .clone()
        .find(|line| line.starts_with("Socket errors") || line.starts_with("Non-2xx"));
    ensure!(
        failure.is_none(),
        "requests failed: {}",
        failure.unwrap_or_default()
    );
    let rate = lines
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .with_context(|| format!("unexpected output of wrk: {output:?}"))?;
    Ok(rate.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::parse;

    const OUTPUT: &str = "Running 3s test @ http://127.0.0.1:8080/metrics
  2 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    92.40us   10.00us   1.20ms   90.00%
    Req/Sec    21.00k     1.00k   22.00k    66.00%
  125000 requests in 3.00s, 1.20GB read
Requests/sec:  41666.67
Transfer/sec:    409.60MB
";

    #[test]
    fn parses_rate_and_rejects_failed_requests() {
        assert_eq!(parse(OUTPUT).unwrap(), 41_666.67);
        let with_failures = OUTPUT.replace(
            "Requests/sec",
            "  Non-2xx or 3xx responses: 7\nRequests/sec",
        );
        assert!(parse(&with_failures).is_err());
        assert!(parse("").is_err());
    }
}
