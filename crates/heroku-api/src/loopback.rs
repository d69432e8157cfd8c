//! Whether a URL leads to this very machine: the settings ask before a token may go in the clear,
//! the client before it uses a proxy.

use url::{Host, Url};

/// Whether a URL leads to this very machine, by name or by address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
