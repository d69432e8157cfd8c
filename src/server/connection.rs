//! One connection: its handshake, its requests, and its end.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::activity::{Activity, Doing, Watched};
use super::content::{Content, PIECE};
use super::gate::Gate;
use super::limits::Limits;
use super::routes::Routes;
use super::scrapes::Left;
use super::threads::Seat;
use super::traffic::Traffic;

/// The first byte of every TLS handshake. <https://www.rfc-editor.org/rfc/rfc8446#section-5.1>
const HANDSHAKE: u8 = 22;

/// What is said to a client that does not speak TLS.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Connection: close\r\nContent-Length: 23\r\n\r\nThis port speaks HTTPS\n";

/// What every connection works with.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) gate: Gate,
    pub(super) routes: Routes,
    pub(super) limits: Limits,
    pub(super) traffic: Arc<Traffic>,
}

impl Hall {
    /// Answers the requests of a connection until it ends or `stop` becomes true; or gives it back,
    /// where it does not fit its seat.
    pub(super) async fn host(
        self: &Arc<Self>,
        stream: std::net::TcpStream,
        seat: Seat,
        tls: Option<Arc<rustls::ServerConfig>>,
        stop: watch::Receiver<bool>,
    ) -> Option<std::net::TcpStream> {
        let taken_over = TcpStream::from_std(stream);
        let mut stream = taken_over
            .inspect_err(|error| tracing::warn!(%error, "a connection could not be taken over"))
            .ok()?;
        // Without it a scrape can wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        if let Some(tls) = tls {
            self.speak_tls(stream, tls, stop).await;
            return None;
        }
        match self.answer_scrapes(&mut stream, &seat, stop.clone()).await {
            Left::Ended => None,
            Left::Misplaced => stream.into_std().ok(),
            Left::Asked(read) => {
                self.speak_http1(read, stream, stop).await;
                None
            }
        }
    }

    async fn speak_tls(
        self: &Arc<Self>,
        stream: TcpStream,
        tls: Arc<rustls::ServerConfig>,
        stop: watch::Receiver<bool>,
    ) {
        let stream = tokio::select! {
            stream = timeout(self.limits.handshake, self.secure(stream, tls)) => stream,
            () = stopped(stop.clone()) => return,
        };
        let stream = match stream {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => return tracing::debug!("a TLS handshake took too long"),
        };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.speak_http2(stream, stop).await;
        } else {
            self.speak_http1(Bytes::new(), stream, stop).await;
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
            self.traffic
                .count(self.traffic.other(), StatusCode::BAD_REQUEST);
            stream.write_all(SPEAK_TLS).await?;
            stream.shutdown().await?;
            // What was sent is taken, because a connection that ends with something left may end
            // before its answer is read.
            let _ = stream.read(&mut [0; 4096]).await;
            return Err(io::Error::other("it speaks plain HTTP"));
        }
        TlsAcceptor::from(tls).accept(stream).await
    }

    /// Answers requests in HTTP/1, of which `read` was read before.
    async fn speak_http1<S>(self: &Arc<Self>, read: Bytes, stream: S, stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::default());
        let connection = http1::Builder::new()
            .max_header_size(self.limits.head_bytes)
            // Of an answer so much is written at once.
            .max_buf_size(PIECE)
            .serve_connection(
                TokioIo::new(Watched::new(read, stream, Arc::clone(&activity))),
                self.service(&activity),
            );
        let Err(error) = self.see_out(connection, &activity, stop).await else {
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
            self.traffic.count(self.traffic.other(), status);
        }
        tracing::debug!(%error, "a connection broke");
    }

    async fn speak_http2<S>(self: &Arc<Self>, stream: S, stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::default());
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.streams)
            .max_header_list_size(u32::try_from(self.limits.head_bytes).unwrap_or(u32::MAX))
            .serve_connection(TokioIo::new(stream), self.service(&activity));
        if let Err(error) = self.see_out(connection, &activity, stop).await {
            tracing::debug!(%error, "a connection broke");
        }
    }

    fn service(
        self: &Arc<Self>,
        activity: &Arc<Activity>,
    ) -> impl hyper::service::HttpService<
        Incoming,
        ResBody = Content,
        Error = std::convert::Infallible,
        Future: Send,
    > + use<> {
        let hall = Arc::clone(self);
        let activity = Arc::clone(activity);
        service_fn(move |request| {
            let request_begun = Activity::begin(&activity);
            let hall = Arc::clone(&hall);
            async move {
                let answer = hall.gate.answer(request, &hall.routes).await;
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
        activity: &Activity,
        stop: watch::Receiver<bool>,
    ) -> Result<(), C::Error>
    where
        C: GracefulConnection,
    {
        let mut connection = pin!(connection);
        let mut stop = pin!(stopped(stop));
        let mut ending = false;
        loop {
            let look = match activity.doing() {
                Doing::Answering => Instant::now() + self.limits.head,
                Doing::Asking { since } if since.elapsed() >= self.limits.head => {
                    tracing::debug!("the head of a request took too long");
                    return Ok(());
                }
                Doing::Asking { since } => since + self.limits.head,
                Doing::Nothing { since } if since.elapsed() < self.limits.idle => {
                    // A head may begin at any moment, and is looked at in time.
                    (since + self.limits.idle).min(Instant::now() + self.limits.head)
                }
                Doing::Nothing { .. } if ending => return Ok(()),
                Doing::Nothing { .. } => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                    Instant::now() + self.limits.farewell
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
