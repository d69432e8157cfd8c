//! A TCP stream that closes the connection after a given byte of a response.
//!
//! hyper never sends a partial response, so the connection is cut below it: writes fail after the
//! cut, hyper drops the connection, and the kernel sends a FIN, or a RST if `SO_LINGER` is zero.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseMode {
    /// Orderly, as after a complete response.
    Fin,
    /// With a reset.
    Rst,
}

/// The byte of a response after which the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Whether the next byte belongs to a response head, whose bytes are not counted.
    in_head: bool,
    /// The number of bytes matched so far of the CRLF CRLF that ends the head.
    head_end_matched: u8,
    /// The number of bytes to write before the cut.
    remaining: usize,
    close_mode: CloseMode,
}

impl Cut {
    /// Returns a cut after a number of bytes of the response.
    pub(crate) fn after_bytes(remaining: usize, close_mode: CloseMode) -> Cut {
        Cut {
            in_head: false,
            head_end_matched: 0,
            remaining,
            close_mode,
        }
    }

    /// Returns a cut after a number of bytes of the body.
    pub(crate) fn after_body_bytes(remaining: usize, close_mode: CloseMode) -> Cut {
        Cut {
            in_head: true,
            ..Cut::after_bytes(remaining, close_mode)
        }
    }

    /// Advances by one byte. Returns `false` if the byte is after the cut.
    fn advance(&mut self, byte: u8) -> bool {
        if !self.in_head {
            let is_written = self.remaining > 0;
            self.remaining = self.remaining.saturating_sub(1);
            return is_written;
        }
        self.head_end_matched = match (byte, self.head_end_matched) {
            (b'\r', matched @ (0 | 2)) | (b'\n', matched @ (1 | 3)) => matched + 1,
            (b'\r', _) => 1,
            _ => 0,
        };
        self.in_head = self.head_end_matched < 4;
        true
    }

    /// Returns the number of bytes of `buffer` before the cut.
    fn bytes_before(mut self, buffer: &[u8]) -> usize {
        buffer
            .iter()
            .take_while(|byte| self.advance(**byte))
            .count()
    }
}

/// A handle that sets the cut of a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct CutHandle(Arc<Mutex<Option<Cut>>>);

impl CutHandle {
    /// Sets the cut of the next response.
    pub(crate) fn set(&self, cut: Cut) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }
}

/// A TCP stream that applies the cut of its handle.
#[derive(Debug)]
pub(crate) struct CutStream {
    tcp: TcpStream,
    handle: CutHandle,
}

impl CutStream {
    pub(crate) fn new(tcp: TcpStream, handle: CutHandle) -> CutStream {
        CutStream { tcp, handle }
    }
}

impl AsyncRead for CutStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for CutStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let CutStream { tcp, handle } = self.get_mut();
        let mut cut = handle.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cut) = cut.as_mut() else {
            return Pin::new(tcp).poll_write(context, buffer);
        };
        let length = cut.bytes_before(buffer);
        if length == 0 && !buffer.is_empty() {
            if cut.close_mode == CloseMode::Rst {
                tcp.set_zero_linger()?;
            }
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let result = Pin::new(tcp).poll_write(context, &buffer[..length]);
        if let Poll::Ready(Ok(written)) = result {
            for byte in &buffer[..written] {
                cut.advance(*byte);
            }
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseMode, Cut};

    #[test]
    fn cuts_after_bytes_of_response_or_body() {
        let response = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n[1,2,3]";
        let length = |cut: Cut| cut.bytes_before(response);
        let in_body = |bytes| Cut::after_body_bytes(bytes, CloseMode::Fin);
        assert_eq!(length(in_body(3)), response.len() - 4);
        assert_eq!(length(in_body(0)), response.len() - 7);
        assert_eq!(length(Cut::after_bytes(12, CloseMode::Rst)), 12);
        let mut cut = in_body(1);
        let count = response
            .iter()
            .take_while(|byte| cut.advance(**byte))
            .count();
        assert_eq!(count, response.len() - 6);
    }
}
