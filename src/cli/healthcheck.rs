//! `healthcheck`: asks the program that listens here whether it lives. A container's health check
//! runs in the container, where there may be no shell and no other program.
//!
//! It reads the settings that say where the program listens, and none that say who may come in: any
//! answer that the program gives to a stranger tells that it lives.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use exporter_toolkit::listen::ListenAddress;

/// How long each step of asking may take: the program answers from memory.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the program answers where it lives: 200, or what it tells a stranger. 400 is that it speaks
/// TLS on this port, 401 that it wants a user, 429 that it was asked too often.
const SIGNS_OF_LIFE: [&str; 4] = ["200", "400", "401", "429"];

pub(crate) fn run(listen: &[ListenAddress]) -> anyhow::Result<ExitCode> {
    // It listens at all of its addresses or it ends.
    let address = listen.first().context("there is no address to ask")?;
    let status = reachable(address)?
        .into_iter()
        .map(ask)
        .reduce(|first, second| first.or(second))
        .with_context(|| format!("{address} is no address"))?
        .with_context(|| format!("nothing that lives listens on {address}"))?;
    if !SIGNS_OF_LIFE.contains(&status.as_str()) {
        bail!("what listens on {address} answers {status}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Where an address that is listened on can be reached from this machine.
fn reachable(address: &ListenAddress) -> anyhow::Result<Vec<SocketAddr>> {
    let port = address.port;
    if port == 0 {
        bail!("port 0 is whichever is free: set PORT or --web.listen-address to the one in use");
    }
    let Some(host) = &address.host else {
        return Ok(vec![
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ]);
    };
    let found = (host.as_str(), port)
        .to_socket_addrs()
        .with_context(|| format!("{host} cannot be looked up"))?;
    // A wildcard address is where to listen, not where to go.
    let go = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, port).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, port).into(),
        _ => address,
    };
    Ok(found.map(go).collect())
}

/// The status that is answered at an address.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    // `HTTP/1.1 200`
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    match line.split_at(9) {
        (version, status) if version.starts_with(b"HTTP/1.") => {
            Ok(String::from_utf8_lossy(status).into_owned())
        }
        _ => Err(std::io::Error::other("the answer is not HTTP")),
    }
}
