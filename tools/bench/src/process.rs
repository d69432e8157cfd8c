//! Functions for child processes that are servers.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// Sends SIGTERM.
pub(crate) fn terminate(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // Fails if the process has already exited.
    let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
}

/// Returns a free loopback address. If another process binds it first, the server fails to start.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
