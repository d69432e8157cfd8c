//! Listen addresses: their syntax, and the sockets that are bound to them or passed by systemd.

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use tokio::net::{TcpListener, lookup_host};

use crate::systemd;

/// How many connections the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// An address to listen on, such as `:9100`, `127.0.0.1:9100`, `[::1]:9100` or `localhost:9100`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// The host name or IP address, without brackets; `None` means every address of the machine.
    pub host: Option<String>,
    /// The port; 0 means any free port.
    pub port: u16,
}

/// The error of [`ListenAddress::from_str`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a listen address, such as :9100, 127.0.0.1:9100, [::1]:9100 or localhost:9100")]
pub struct InvalidListenAddress;

/// Why the program cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// A socket that the service manager passed is not a TCP socket, or their number is invalid.
    #[error("the service manager's sockets cannot be used")]
    Sockets(#[source] io::Error),
    /// An address cannot be bound, for example because it is in use.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: ListenAddress,
        /// The cause.
        #[source]
        error: io::Error,
    },
}

/// Returns the sockets that systemd passed to the program; where there are none, binds every
/// address. Logs each address that it listens on.
///
/// # Errors
///
/// Returns an error if a passed socket cannot be used, or an address cannot be bound.
pub async fn listen(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = systemd::listeners().map_err(ListenError::Sockets)?;
    if listeners.is_empty() {
        for address in addresses {
            let listener = address
                .bind(addresses)
                .await
                .map_err(|error| ListenError::Bind {
                    address: address.clone(),
                    error,
                })?;
            listeners.push(listener);
        }
    }
    for listener in &listeners {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "listening");
        }
    }
    Ok(listeners)
}

impl ListenAddress {
    /// Binds the first address of the host that can be bound. `all` are the addresses to listen on.
    async fn bind(&self, all: &[Self]) -> io::Result<TcpListener> {
        let Some(host) = &self.host else {
            // The machine may have no IPv6.
            return match bind((Ipv6Addr::UNSPECIFIED, self.port).into(), false) {
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                    bind(([0, 0, 0, 0], self.port).into(), false)
                }
                bound => bound,
            };
        };
        // The wildcard of IPv6 leaves IPv4 to another address of the same port.
        let is_shared = |other: &Self| other.port == self.port && other != self;
        let only_v6 = self.port != 0 && all.iter().any(is_shared);
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in lookup_host((host.as_str(), self.port)).await? {
            match bind(address, only_v6) {
                Ok(listener) => return Ok(listener),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Binds an address. An IPv6 wildcard accepts IPv4 too unless it is `only_v6`, whatever the
/// system's default.
fn bind(address: SocketAddr, only_v6: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    // Elsewhere it would let two programs listen on one port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, InvalidListenAddress> {
        parse(text).ok_or(InvalidListenAddress)
    }
}

fn parse(text: &str) -> Option<ListenAddress> {
    let (host, port) = text.rsplit_once(':')?;
    // `parse` alone would accept "+80".
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_number.then(|| port.parse().ok())??;
    let host = match host.strip_prefix('[') {
        Some(rest) => {
            let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
            Some(address.to_string())
        }
        None if host.is_empty() => None,
        None if host.contains(|c: char| c == ':' || c.is_whitespace() || c == '/') => return None,
        None => Some(host.to_owned()),
    };
    Some(ListenAddress { host, port })
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            None => write!(f, ":{}", self.port),
            Some(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            Some(host) => write!(f, "{host}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_displays_addresses() {
        for (text, host, port) in [
            (":9100", None, 9100),
            (":0", None, 0),
            ("127.0.0.1:80", Some("127.0.0.1"), 80),
            ("[::1]:65535", Some("::1"), 65535),
            ("localhost:1", Some("localhost"), 1),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!((address.host.as_deref(), address.port), (host, port));
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn rejects_everything_else() {
        for text in [
            "",
            "9100",
            "localhost",
            ":",
            ":+80",
            ":65536",
            ": 80",
            "::1:80",
            "[::1]",
            "[x]:80",
            "[127.0.0.1]:80",
            "a b:80",
            "http://x:80",
        ] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn wildcard_accepts_ipv4() {
        let any = ListenAddress {
            host: None,
            port: 0,
        };
        let listeners = listen(&[any]).await.unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn wildcards_share_a_port() {
        let probe = listen(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
        let port = probe[0].local_addr().unwrap().port();
        drop(probe);
        let wildcards = [format!("0.0.0.0:{port}"), format!("[::]:{port}")];
        for texts in [
            &wildcards[..],
            &wildcards[..1],
            &wildcards[1..],
            &[format!(":{port}")],
        ] {
            let addresses: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let listeners = listen(&addresses).await.unwrap();
            for host in ["127.0.0.1", "::1"] {
                let connected = tokio::net::TcpStream::connect((host, port)).await;
                let is_expected = host == "127.0.0.1" || texts != &wildcards[..1];
                assert_eq!(connected.is_ok(), is_expected, "{texts:?} {host}");
            }
            // The system's default would decide.
            for listener in &listeners {
                if listener.local_addr().unwrap().is_ipv6() {
                    let only_v6 = socket2::SockRef::from(listener).only_v6().unwrap();
                    assert_eq!(only_v6, texts.len() == 2, "{texts:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn names_the_address_that_is_in_use() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = listen(&[address.parse().unwrap()]).await.unwrap_err();
        assert_eq!(error.to_string(), format!("cannot listen on {address}"));
    }
}
