//! The signals that stop a program.

use std::io;

/// Returns a future that resolves when the program receives SIGTERM or SIGINT.
///
/// The signals are handled from the call on, so it should come first: until then the first process
/// of a container does not receive them, and any other process is killed by them.
///
/// # Errors
///
/// Returns an error if the signals cannot be handled.
#[cfg(unix)]
pub fn signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Returns a future that resolves at Ctrl-C or Ctrl-Break, or when the console window closes or the
/// system shuts down.
///
/// # Errors
///
/// Returns an error if the events cannot be handled.
#[cfg(windows)]
pub fn signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

    let mut interrupt = ctrl_c()?;
    let mut ctrl_break = ctrl_break()?;
    let mut close = ctrl_close()?;
    let mut shutdown = ctrl_shutdown()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = ctrl_break.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
        tracing::info!("stopping");
    })
}
