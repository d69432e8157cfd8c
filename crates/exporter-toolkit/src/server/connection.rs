//! One connection: TLS handshake, HTTP/1 or HTTP/2, timeouts, and its end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::io::InspectReader;
use tokio_util::sync::CancellationToken;

use super::body::{CHUNK_SIZE, ResponseBody};
use super::config::ServerConfig;
use super::connection_state::{ConnectionState, Phase};
use super::log_limiter::LogLimiter;
use super::middleware::RequestGuard;
use super::open_connections::{OpenConnection, OpenConnections};

/// The response to plain HTTP on a TLS port.
const PLAIN_HTTP_RESPONSE: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Connection: close\r\nContent-Length: 23\r\n\r\nThis port speaks HTTPS\n";

/// What all connections share.
pub(super) struct ServerContext {
    pub(super) guard: RequestGuard,
    pub(super) router: TowerToHyperService<Router>,
    pub(super) config: ServerConfig,
    pub(super) open: Arc<OpenConnections>,
    pub(super) stop: CancellationToken,
    pub(super) failed_handshakes: LogLimiter,
}

/// A socket whose writes fail after [`Limits::write_timeout`](super::Limits::write_timeout) without
/// progress.
type Socket = Pin<Box<TimeoutWriter<TcpStream>>>;

/// The maximum number of bytes of a response that an HTTP/2 connection holds beyond what its client
/// can receive.
const HTTP2_SEND_BUFFER: usize = 64 << 10;

impl ServerContext {
    /// Serves a connection to its end, which comes soon after the server stops.
    pub(super) async fn serve_connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        connection: OpenConnection,
    ) {
        // Nagle's algorithm would delay the end of a response until the client's delayed ACK.
        let _ = stream.set_nodelay(true);
        let state = &connection.state;
        let tls = self.config.web.borrow().tls.clone();
        let Some(tls) = tls else {
            return self.serve_http1(self.socket(stream), peer, state).await;
        };
        let handshake = timeout(self.config.limits.handshake, self.handshake(stream, tls));
        let handshake = tokio::select! {
            handshake = handshake => handshake,
            () = state.closed() => return,
            () = self.stop.cancelled() => return,
        };
        match handshake {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                self.serve_http2(stream, peer, state).await;
            }
            Ok(Ok(stream)) => self.serve_http1(stream, peer, state).await,
            // The peer has sent something that is not acceptable; port scanners and probes
            // close the connection instead.
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                self.failed_handshakes.log(|suppressed| {
                    tracing::warn!(peer = %peer.ip(), %error, suppressed, "TLS handshake failed");
                });
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake timed out"),
        }
    }

    fn socket(&self, stream: TcpStream) -> Socket {
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.config.limits.write_timeout));
        Box::pin(stream)
    }

    async fn handshake(
        &self,
        mut stream: TcpStream,
        tls: Arc<rustls::ServerConfig>,
    ) -> io::Result<TlsStream<Socket>> {
        let mut first = [0];
        stream.peek(&mut first).await?;
        // An HTTP request begins with its method, a TLS handshake with 22.
        if first[0].is_ascii_uppercase() {
            (self.config.on_response)(None, StatusCode::BAD_REQUEST);
            stream.write_all(PLAIN_HTTP_RESPONSE).await?;
            stream.shutdown().await?;
            // Closing a socket with unread data resets the connection, and the client may lose the
            // response.
            let _ = stream.read(&mut [0; 4096]).await;
            return Err(io::Error::other("plain HTTP on a TLS port"));
        }
        TlsAcceptor::from(tls).accept(self.socket(stream)).await
    }

    async fn serve_http1(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        state: &Arc<ConnectionState>,
    ) {
        let received = Arc::clone(state);
        let stream = InspectReader::new(stream, move |_| received.bytes_received());
        let connection = http1::Builder::new()
            .max_header_size(self.config.limits.head_bytes)
            .max_buf_size(CHUNK_SIZE)
            // A client that only writes, such as `nc -N`, still reads the response.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), self.service(state, peer));
        let Err(error) = self.drive(connection, state).await else {
            return;
        };
        // hyper answers these by itself, before there is a request.
        let answered = if error.is_parse_too_large() {
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        } else if error.is_parse() && !error.is_parse_version_h2() {
            Some(StatusCode::BAD_REQUEST)
        } else {
            None
        };
        if let Some(status) = answered {
            (self.config.on_response)(None, status);
        }
        tracing::debug!(%error, "connection failed");
    }

    async fn serve_http2(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        state: &Arc<ConnectionState>,
    ) {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_send_buf_size(HTTP2_SEND_BUFFER)
            .max_concurrent_streams(self.config.limits.streams)
            .max_header_list_size(u32::try_from(self.config.limits.head_bytes).unwrap_or(u32::MAX))
            .serve_connection(TokioIo::new(stream), self.service(state, peer));
        if let Err(error) = self.drive(connection, state).await {
            tracing::debug!(%error, "connection failed");
        }
    }

    fn service(
        self: &Arc<Self>,
        state: &Arc<ConnectionState>,
        peer: SocketAddr,
    ) -> impl HttpService<Incoming, ResBody = ResponseBody, Error = Infallible, Future: Send> + use<>
    {
        let context = Arc::clone(self);
        let state = Arc::clone(state);
        service_fn(move |request| {
            let in_progress = Arc::clone(&state).begin_request();
            let context = Arc::clone(&context);
            async move {
                let guard = &context.guard;
                Ok(guard
                    .call(request, peer, in_progress, &context.router)
                    .await)
            }
        })
    }

    /// Drives a connection to its end. Shuts it down gracefully when it is idle for too long or the
    /// server stops; drops it when the head of a request, or a response until it has been read,
    /// takes too long.
    async fn drive<C: GracefulConnection>(
        &self,
        connection: C,
        state: &ConnectionState,
    ) -> Result<(), C::Error> {
        let limits = &self.config.limits;
        let mut times = state.subscribe();
        let mut connection = pin!(connection);
        let mut is_closing = false;
        loop {
            let (phase, is_closed) = {
                let times = times.borrow_and_update();
                (times.phase(), times.is_closed)
            };
            if is_closed {
                tracing::debug!("idle connection closed for a new one");
                return Ok(());
            }
            let deadline = match phase {
                Phase::Responding { since } => since + limits.write_timeout,
                Phase::ReadingHead { since } => since + limits.header_read_timeout,
                Phase::Idle { since } if is_closing => since + limits.idle + limits.write_timeout,
                Phase::Idle { since } => since + limits.idle,
            };
            tokio::select! {
                result = connection.as_mut() => return result,
                _ = times.changed() => {}
                () = self.stop.cancelled(), if !is_closing => {
                    is_closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = sleep_until(deadline) => {
                    if is_closing || !matches!(phase, Phase::Idle { .. }) {
                        tracing::debug!(?phase, "connection timed out");
                        return Ok(());
                    }
                    is_closing = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
