//! What a service manager hands to the program, and what it wants to be told: systemd's socket
//! activation and its notifications, by environment variables.
//! <https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html>,
//! <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use listenfd::ListenFd;

/// What the service manager offers; nothing where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceManager {
    /// How many sockets it opened for the program.
    sockets: usize,
    /// Where it is told things.
    notify_socket: Option<OsString>,
    /// How long it waits for a sign of life before it restarts the program.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// Reads the environment, as it was handed to the process `own_id`. What is meant for another
    /// process, which is the case for a child of the one that was started, is not taken.
    ///
    /// # Errors
    ///
    /// Where sockets are handed in and their number cannot be read, in words.
    pub fn of(environment: &BTreeMap<OsString, OsString>, own_id: u32) -> Result<Self, String> {
        let text = |name: &str| environment.get(OsStr::new(name))?.to_str();
        let is_own = |name: &str| text(name).and_then(|id| id.parse().ok()) == Some(own_id);
        let sockets = match text("LISTEN_FDS") {
            Some(number) if is_own("LISTEN_PID") => number.parse().map_err(|_| {
                format!("LISTEN_FDS is {number:?}: not a number of sockets; let systemd set it")
            })?,
            _ => 0,
        };
        let for_own = is_own("WATCHDOG_PID") || text("WATCHDOG_PID").is_none();
        let microseconds = text("WATCHDOG_USEC").and_then(|number| number.parse().ok());
        Ok(Self {
            sockets,
            notify_socket: environment
                .get(OsStr::new("NOTIFY_SOCKET"))
                .filter(|path| !path.is_empty())
                .cloned(),
            watchdog: microseconds
                .filter(|number| for_own && *number > 0)
                .map(Duration::from_micros),
        })
    }

    /// The sockets that it opened for the program, which win over any address.
    ///
    /// # Errors
    ///
    /// Where one is not a TCP socket that listens.
    pub fn sockets(&self) -> io::Result<Vec<TcpListener>> {
        if self.sockets == 0 {
            return Ok(Vec::new());
        }
        // It reads LISTEN_PID and LISTEN_FDS once more: to take a descriptor by its number takes
        // code that is unsafe, and there is none in this package.
        let mut handed_in = ListenFd::from_env();
        let mut listeners = Vec::with_capacity(self.sockets);
        for index in 0..self.sockets {
            let listener = handed_in
                .take_tcp_listener(index)
                .map_err(|error| io::Error::new(error.kind(), format!("socket {index}: {error}")))?
                .ok_or_else(|| io::Error::other(format!("socket {index} is not there")))?;
            listener.set_nonblocking(true)?;
            listeners.push(listener);
        }
        Ok(listeners)
    }

    /// How often it wants a sign of life: twice in the time that it waits.
    pub fn sign_of_life_every(&self) -> Option<Duration> {
        self.notify_socket
            .as_ref()
            .and(self.watchdog)
            .map(|d| d / 2)
    }

    /// Tells it a state, such as `READY=1`, where there is one to tell.
    ///
    /// # Errors
    ///
    /// Where it cannot be told. It never waits.
    pub fn tell(&self, state: &str) -> io::Result<()> {
        let Some(path) = &self.notify_socket else {
            return Ok(());
        };
        send(path, state)
    }
}

/// Sends to a path, or with `@` to a name that is in no file system. It never waits.
#[cfg(target_os = "linux")]
fn send(path: &OsStr, state: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let address = match path.as_bytes().strip_prefix(b"@") {
        None => SocketAddr::from_pathname(path)?,
        Some(name) => SocketAddr::from_abstract_name(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

/// systemd is Linux's.
#[cfg(not(target_os = "linux"))]
fn send(_path: &OsStr, _state: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(environment: &[(&str, &str)]) -> Result<ServiceManager, String> {
        let environment = environment.iter().map(|(n, v)| (n.into(), v.into()));
        ServiceManager::of(&environment.collect(), 7)
    }

    #[test]
    fn what_is_meant_for_another_process_is_not_taken() {
        for environment in [
            &[][..],
            &[("LISTEN_FDS", "2")],
            &[("LISTEN_FDS", "2"), ("LISTEN_PID", "8")],
            &[("LISTEN_FDS", "x"), ("LISTEN_PID", "")],
            &[("LISTEN_PID", "7")],
            &[("NOTIFY_SOCKET", "")],
            &[("WATCHDOG_USEC", "5"), ("WATCHDOG_PID", "8")],
            &[("WATCHDOG_USEC", "0")],
        ] {
            assert_eq!(of(environment), Ok(ServiceManager::default()));
        }
    }

    #[test]
    fn what_is_offered_is_taken() {
        let taken = of(&[
            ("LISTEN_FDS", "2"),
            ("LISTEN_PID", "7"),
            ("NOTIFY_SOCKET", "@x"),
            ("WATCHDOG_USEC", "3000000"),
        ])
        .unwrap();
        assert_eq!(taken.sockets, 2);
        assert_eq!(
            taken.sign_of_life_every(),
            Some(Duration::from_millis(1500))
        );
    }

    #[test]
    fn a_number_that_is_none_is_told() {
        let told = of(&[("LISTEN_FDS", "two"), ("LISTEN_PID", "7")]).unwrap_err();
        assert_eq!(
            told,
            "LISTEN_FDS is \"two\": not a number of sockets; let systemd set it"
        );
    }
}
