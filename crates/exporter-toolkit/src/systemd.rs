//! systemd: socket activation, notifications and the watchdog. Does nothing on other systems.
//! <https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html>,
//! <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>

use tokio::time::sleep;

#[cfg(target_os = "linux")]
pub(crate) use linux::listeners;
#[cfg(target_os = "linux")]
use linux::{send, watchdog_timeout};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::listeners;
#[cfg(not(target_os = "linux"))]
use other::{send, watchdog_timeout};

/// Notifies the service manager, if there is one, that the program serves. Logs a failure.
pub fn notify_ready() {
    notify("READY=1");
}

/// Notifies the service manager, if there is one, that the program is stopping. Logs a failure.
pub fn notify_stopping() {
    notify("STOPPING=1");
}

/// Resets the watchdog of the service manager twice in its timeout, forever. Returns at once where
/// the watchdog is not enabled for this process.
pub async fn run_watchdog() {
    let Some(timeout) = watchdog_timeout() else {
        return std::future::pending().await;
    };
    loop {
        // The next one follows before the timeout.
        let _ = send("WATCHDOG=1");
        sleep(timeout / 2).await;
    }
}

fn notify(state: &str) {
    if let Err(error) = send(state) {
        tracing::warn!(%error, state, "service manager notification failed");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    use listenfd::ListenFd;
    use sd_notify::NotifyState;
    use tokio::net::TcpListener;

    /// Returns the sockets that the service manager passed to this process.
    ///
    /// # Errors
    ///
    /// Returns an error if the number of sockets is invalid, or one of them is not a TCP socket.
    pub(crate) fn listeners() -> io::Result<Vec<TcpListener>> {
        // listenfd ignores an invalid number, and sd-notify does not convert the descriptors.
        let count = sd_notify::listen_fds()?.len();
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut passed = ListenFd::from_env();
        let listener = |index| {
            let listener = passed
                .take_tcp_listener(index)
                .map_err(|error| io::Error::new(error.kind(), format!("socket {index}: {error}")))?
                .ok_or_else(|| io::Error::other(format!("socket {index} is missing")))?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        (0..count).map(listener).collect()
    }

    pub(super) fn send(state: &str) -> io::Result<()> {
        #[expect(
            clippy::disallowed_methods,
            reason = "sd-notify reads this variable too"
        )]
        let address = std::env::var_os("NOTIFY_SOCKET").unwrap_or_default();
        match address.as_bytes() {
            [] => Ok(()),
            // sd-notify supports paths only; `systemd-notify --fork` passes an abstract name.
            [b'@', name @ ..] => {
                let address = SocketAddr::from_abstract_name(name)?;
                UnixDatagram::unbound()?
                    .send_to_addr(state.as_bytes(), &address)
                    .map(drop)
            }
            _ => sd_notify::notify(&[NotifyState::Custom(state)]),
        }
    }

    pub(super) fn watchdog_timeout() -> Option<Duration> {
        sd_notify::watchdog_enabled().filter(|timeout| !timeout.is_zero())
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;
    use std::time::Duration;

    use tokio::net::TcpListener;

    pub(crate) fn listeners() -> io::Result<Vec<TcpListener>> {
        Ok(Vec::new())
    }

    pub(super) fn send(_state: &str) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn watchdog_timeout() -> Option<Duration> {
        None
    }
}
