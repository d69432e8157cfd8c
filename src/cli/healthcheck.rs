//! `healthcheck`: checks that the local server is alive, for containers without a shell or an HTTP
//! client.
//!
//! It reads only the addresses to listen on and sends no credentials, so a response that rejects the
//! request is healthy too.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use exporter_toolkit::listen::ListenAddress;

/// The time limit for each step. The server responds from memory.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The status codes of a healthy server: 200, 400 for plain HTTP on a TLS port, 401 without
/// credentials, and 429 beyond the rate limit.
const HEALTHY: [&str; 4] = ["200", "400", "401", "429"];

pub(crate) fn run(listen: &[ListenAddress]) -> anyhow::Result<ExitCode> {
    // The server listens on all of its addresses or exits, so checking one is enough.
    let address = listen.first().context("no address to listen on")?;
    let status = resolve(address)?
        .into_iter()
        .map(status)
        .reduce(|first, second| first.or(second))
        .with_context(|| format!("{address} has no IP address"))?
        .with_context(|| format!("no server is listening on {address}"))?;
    if !HEALTHY.contains(&status.as_str()) {
        bail!("server on {address} responded with status {status}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the socket addresses at which the server can be reached from this machine.
fn resolve(address: &ListenAddress) -> anyhow::Result<Vec<SocketAddr>> {
    let port = address.port;
    if port == 0 {
        bail!("port 0 means any free port, set PORT or --web.listen-address to the port in use");
    }
    let Some(host) = &address.host else {
        return Ok(vec![
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ]);
    };
    let found = (host.as_str(), port)
        .to_socket_addrs()
        .with_context(|| format!("cannot resolve {host}"))?;
    // One cannot connect to a wildcard address.
    let reachable = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, port).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, port).into(),
        _ => address,
    };
    Ok(found.map(reachable).collect())
}

/// Requests `/-/healthy` and returns the status code.
fn status(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    // The length of `HTTP/1.1 200`.
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    match line.split_at(9) {
        (version, status) if version.starts_with(b"HTTP/1.") => {
            Ok(String::from_utf8_lossy(status).into_owned())
        }
        _ => Err(std::io::Error::other("response is not HTTP")),
    }
}
