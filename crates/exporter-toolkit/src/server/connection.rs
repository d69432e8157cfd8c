//! One connection: its handshake, its requests, and its end.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ServerConfig;
use super::body::{CHUNK_SIZE, ResponseBody};
use super::connection_state::{ConnectionState, MonitoredStream, Phase};
use super::middleware::RequestGuard;

/// The first byte of every TLS handshake. <https://www.rfc-editor.org/rfc/rfc8446#section-5.1>
const HANDSHAKE: u8 = 22;

/// What is said to a client that does not speak TLS.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Connection: close\r\nContent-Length: 23\r\n\r\nThis port speaks HTTPS\n";

/// What all connections share.
pub(super) struct ServerContext {
    pub(super) guard: RequestGuard,
    pub(super) router: TowerToHyperService<Router>,
    pub(super) config: ServerConfig,
}

impl ServerContext {
    /// Serves a connection until it ends or `stop` becomes true.
    pub(super) async fn serve_connection(
        self: &Arc<Self>,
        stream: TcpStream,
        stop: watch::Receiver<bool>,
    ) {
        // Nagle's algorithm would delay the end of a response until the client's delayed ACK.
        let _ = stream.set_nodelay(true);
        let tls = self.config.web.borrow().tls.clone();
        match tls {
            Some(tls) => self.serve_tls(stream, tls, stop).await,
            None => self.serve_http1(stream, stop).await,
        }
    }

    async fn serve_tls(
        self: &Arc<Self>,
        stream: TcpStream,
        tls: Arc<rustls::ServerConfig>,
        stop: watch::Receiver<bool>,
    ) {
        let stream = tokio::select! {
            stream = timeout(self.config.limits.handshake, self.secure(stream, tls)) => stream,
            () = stopped(stop.clone()) => return,
        };
        let stream = match stream {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => return tracing::debug!("a TLS handshake took too long"),
        };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.serve_http2(stream, stop).await;
        } else {
            self.serve_http1(stream, stop).await;
        }
    }

    async fn secure(
        &self,
        mut stream: TcpStream,
        tls: Arc<rustls::ServerConfig>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [HANDSHAKE];
        stream.peek(&mut first).await?;
        if first[0].is_ascii_uppercase() {
            (self.config.on_response)(None, StatusCode::BAD_REQUEST);
            stream.write_all(SPEAK_TLS).await?;
            stream.shutdown().await?;
            // What was sent is taken, because a connection that ends with something left may end
            // before its answer is read.
            let _ = stream.read(&mut [0; 4096]).await;
            return Err(io::Error::other("it speaks plain HTTP"));
        }
        TlsAcceptor::from(tls).accept(stream).await
    }

    async fn serve_http1<S>(self: &Arc<Self>, stream: S, stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = Arc::new(ConnectionState::default());
        let connection = http1::Builder::new()
            .max_header_size(self.config.limits.head_bytes)
            // Of an answer so much is written at once.
            .max_buf_size(CHUNK_SIZE)
            .serve_connection(
                TokioIo::new(MonitoredStream::new(stream, Arc::clone(&state))),
                self.service(&state),
            );
        let Err(error) = self.see_out(connection, &state, stop).await else {
            return;
        };
        // These are answered before there is a request to pass on.
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
        tracing::debug!(%error, "a connection broke");
    }

    async fn serve_http2<S>(self: &Arc<Self>, stream: S, stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = Arc::new(ConnectionState::default());
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.config.limits.streams)
            .max_header_list_size(u32::try_from(self.config.limits.head_bytes).unwrap_or(u32::MAX))
            .serve_connection(TokioIo::new(stream), self.service(&state));
        if let Err(error) = self.see_out(connection, &state, stop).await {
            tracing::debug!(%error, "a connection broke");
        }
    }

    fn service(
        self: &Arc<Self>,
        state: &Arc<ConnectionState>,
    ) -> impl hyper::service::HttpService<
        Incoming,
        ResBody = ResponseBody,
        Error = std::convert::Infallible,
        Future: Send,
    > + use<> {
        let context = Arc::clone(self);
        let state = Arc::clone(state);
        service_fn(move |request| {
            let request_begun = ConnectionState::begin(&state);
            let context = Arc::clone(&context);
            async move {
                let answer = context.guard.call(request, &context.router).await;
                drop(request_begun);
                Ok(answer)
            }
        })
    }

    /// Drives a connection to its end. One on which nothing has been asked for a while is told to
    /// end, and cut where it does not: whoever takes no answer holds no connection. One that takes
    /// too long over the head of a request is cut.
    async fn see_out<C>(
        &self,
        connection: C,
        state: &ConnectionState,
        stop: watch::Receiver<bool>,
    ) -> Result<(), C::Error>
    where
        C: GracefulConnection,
    {
        let mut connection = pin!(connection);
        let mut stop = pin!(stopped(stop));
        let mut ending = false;
        loop {
            let look = match state.phase() {
                Phase::Responding => Instant::now() + self.config.limits.header_read_timeout,
                Phase::ReadingHead { since }
                    if since.elapsed() >= self.config.limits.header_read_timeout =>
                {
                    tracing::debug!("the head of a request took too long");
                    return Ok(());
                }
                Phase::ReadingHead { since } => since + self.config.limits.header_read_timeout,
                Phase::Idle { since } if since.elapsed() < self.config.limits.idle => {
                    // A head may begin at any moment, and is looked at in time.
                    (since + self.config.limits.idle)
                        .min(Instant::now() + self.config.limits.header_read_timeout)
                }
                Phase::Idle { .. } if ending => return Ok(()),
                Phase::Idle { .. } => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                    Instant::now() + self.config.limits.write_timeout
                }
            };
            tokio::select! {
                ended = connection.as_mut() => return ended,
                () = stop.as_mut(), if !ending => {
                    // How long it may take from here is the server's to say, for all of them.
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = sleep_until(look) => {}
            }
        }
    }
}

/// Resolves when `stop` becomes true, or nobody is left to say so.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
