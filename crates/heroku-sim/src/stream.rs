//! A connection that can be told to break at a given byte.
//!
//! HTTP libraries take pains never to break off in the midst of an answer, so the break is made
//! below hyper: it writes into this stream, and the stream stops passing bytes on. hyper sees an
//! error, drops the connection, and the kernel sends what the socket was set to send: a FIN, or a
//! RST where lingering is off.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How a connection ends at the cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// In good order, as if all had been said.
    Fin,
    /// With a reset.
    Rst,
}

/// Where a connection is cut, counted from the first byte that is written after it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Whether the head of an answer is still to pass before bytes are counted.
    in_head: bool,
    /// How much of the blank line that ends the head has been seen.
    blank_line: u8,
    /// The bytes that still pass.
    left: usize,
    ending: Ending,
}

impl Cut {
    pub(crate) fn in_head(bytes: usize, ending: Ending) -> Cut {
        Cut {
            in_head: false,
            blank_line: 0,
            left: bytes,
            ending,
        }
    }

    pub(crate) fn in_body(bytes: usize, ending: Ending) -> Cut {
        Cut {
            in_head: true,
            blank_line: 0,
            left: bytes,
            ending,
        }
    }

    /// Lets one byte pass, or says that the cut is here.
    fn pass(&mut self, byte: u8) -> bool {
        if !self.in_head {
            let passes = self.left > 0;
            self.left = self.left.saturating_sub(1);
            return passes;
        }
        self.blank_line = match (byte, self.blank_line) {
            (b'\r', seen @ (0 | 2)) | (b'\n', seen @ (1 | 3)) => seen + 1,
            (b'\r', _) => 1,
            _ => 0,
        };
        self.in_head = self.blank_line < 4;
        true
    }

    /// How many bytes of `buffer` pass.
    fn passing(mut self, buffer: &[u8]) -> usize {
        buffer.iter().take_while(|byte| self.pass(**byte)).count()
    }
}

/// The cut of one connection, shared by the stream and by what answers on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scissors(Arc<Mutex<Option<Cut>>>);

impl Scissors {
    /// Sets the cut for the answer that is about to be written.
    pub(crate) fn set(&self, cut: Cut) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }
}

/// A TCP connection and its scissors.
#[derive(Debug)]
pub(crate) struct CutStream {
    tcp: TcpStream,
    scissors: Scissors,
}

impl CutStream {
    pub(crate) fn new(tcp: TcpStream, scissors: Scissors) -> CutStream {
        CutStream { tcp, scissors }
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
        let CutStream { tcp, scissors } = self.get_mut();
        let mut planned = scissors.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cut) = planned.as_mut() else {
            return Pin::new(tcp).poll_write(context, buffer);
        };
        let passing = cut.passing(buffer);
        if passing == 0 && !buffer.is_empty() {
            if cut.ending == Ending::Rst {
                tcp.set_zero_linger()?;
            }
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(tcp).poll_write(context, &buffer[..passing]);
        if let Poll::Ready(Ok(length)) = written {
            for byte in &buffer[..length] {
                cut.pass(*byte);
            }
        }
        written
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
    use super::{Cut, Ending};

    #[test]
    fn a_cut_in_the_body_lets_the_head_pass() {
        let answer = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n[1,2,3]";
        assert_eq!(
            Cut::in_body(3, Ending::Fin).passing(answer),
            answer.len() - 4
        );
        assert_eq!(
            Cut::in_body(0, Ending::Fin).passing(answer),
            answer.len() - 7
        );
        assert_eq!(Cut::in_head(12, Ending::Rst).passing(answer), 12);
        let mut cut = Cut::in_body(1, Ending::Rst);
        let passed = answer.iter().take_while(|byte| cut.pass(**byte)).count();
        assert_eq!(passed, answer.len() - 6);
    }
}
