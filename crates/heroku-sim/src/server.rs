//! Accepts connections, logs requests, applies faults and delivers responses.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::body::{self, ResponseBody};
use crate::cut_stream::{CloseMode, Cut, CutHandle, CutStream};
use crate::fault::Fault;
use crate::headers::{accepts_gzip, etag_matches, header_text};
use crate::middleware;
use crate::request_log::LoggedRequest;
use crate::response::{ApiResponse, NEXT_RANGE};
use crate::route::Route;
use crate::state::SharedState;

const RATE_LIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// How a response is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Normal,
    /// Ignores `If-None-Match`.
    Unconditional,
    Throttled {
        bytes_per_second: u32,
    },
    CutInHead,
    CutInBody {
        after: usize,
        close_mode: CloseMode,
    },
    NotGzip,
    UnterminatedArray {
        bytes: u64,
    },
}

impl Delivery {
    fn of(fault: Option<&Fault>) -> Delivery {
        match fault {
            Some(Fault::RangeLoop) => Delivery::Unconditional,
            Some(&Fault::Drip { bytes_per_second }) => Delivery::Throttled { bytes_per_second },
            Some(&Fault::TruncateBody { after }) => Delivery::CutInBody {
                after,
                close_mode: CloseMode::Fin,
            },
            Some(&Fault::ResetInBody { after }) => Delivery::CutInBody {
                after,
                close_mode: CloseMode::Rst,
            },
            Some(Fault::ResetInHeaders) => Delivery::CutInHead,
            Some(Fault::NotGzip) => Delivery::NotGzip,
            Some(&Fault::HugeBody { bytes }) => Delivery::UnterminatedArray { bytes },
            _ => Delivery::Normal,
        }
    }
}

/// Accepts connections until the task is aborted, which also aborts the connections.
pub(crate) async fn accept(listener: TcpListener, state: Arc<SharedState>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    // Nagle's algorithm can delay a small response until an acknowledgement.
                    let _ = tcp.set_nodelay(true);
                    connections.spawn(serve(tcp, Arc::clone(&state)));
                }
                // Probably out of file descriptors. Retry after some connections are closed.
                Err(_) => sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(tcp: TcpStream, state: Arc<SharedState>) {
    let cut_handle = CutHandle::default();
    let stream = CutStream::new(tcp, cut_handle.clone());
    let service = service_fn(move |request| {
        let (state, cut_handle) = (Arc::clone(&state), cut_handle.clone());
        async move { Ok::<_, Infallible>(respond(&state, &cut_handle, request).await) }
    });
    // Errors are expected: a client that disconnects, or an injected cut.
    let _ = http1::Builder::new()
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    state: &SharedState,
    cut_handle: &CutHandle,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let (head, _) = request.into_parts();
    let route = Route::parse(head.uri.path());
    let entry = state.lock().log.push(logged_request(&head, &route));
    let fault = state.lock().take_fault(&route);
    match &fault {
        Some(Fault::Hang) => pending::<()>().await,
        Some(Fault::Delay(delay)) => sleep(*delay).await,
        _ => {}
    }
    let delivery = Delivery::of(fault.as_ref());
    let is_rate_limited = matches!(fault, Some(Fault::RateLimited { .. } | Fault::Status(429)));
    let range = header_text(&head.headers, &header::RANGE);
    let response = {
        let mut state = state.lock();
        let mut handle = |range| middleware::handle(&mut state, &head, &route, range);
        let response = match fault {
            Some(Fault::Status(status)) => ApiResponse::error_for_status(status),
            Some(Fault::RateLimited { retry_after }) => {
                let response = ApiResponse::error_for_status(429);
                match retry_after {
                    Some(seconds) => response.with_header(header::RETRY_AFTER, seconds.to_string()),
                    None => response,
                }
            }
            Some(Fault::Html { status }) => ApiResponse::maintenance_page(status),
            Some(Fault::Response {
                status,
                content_type,
                body,
            }) => ApiResponse::verbatim(status, content_type, body),
            Some(Fault::Redirect { location, status }) => {
                ApiResponse::verbatim(status, "text/html", "")
                    .with_header(header::LOCATION, location)
            }
            Some(Fault::EmptyList) => ApiResponse::json(200, &serde_json::json!([])),
            Some(Fault::RangeLoop) => range_loop(handle(None)),
            Some(Fault::HugeBody { .. }) => ApiResponse::verbatim(200, "application/json", ""),
            None
            | Some(
                Fault::Hang
                | Fault::Delay(_)
                | Fault::Drip { .. }
                | Fault::TruncateBody { .. }
                | Fault::ResetInHeaders
                | Fault::ResetInBody { .. }
                | Fault::NotGzip,
            ) => handle(range),
        };
        let remaining = if is_rate_limited {
            0
        } else {
            state.rate_limit.remaining(Instant::now())
        };
        response
            .with_header(REQUEST_ID, state.next_request_id())
            .with_header(RATE_LIMIT_REMAINING, remaining.to_string())
    };
    let body_length = response.body.len();
    let response = http_response(response, delivery, &head.headers, cut_handle);
    if delivery != Delivery::CutInHead {
        let status = response.status();
        let body_length = if status == StatusCode::NOT_MODIFIED {
            0
        } else {
            body_length
        };
        let mut state = state.lock();
        state.log.set_response(entry, status.as_u16(), body_length);
    }
    response
}

/// Turns a success into a 206 with a `Next-Range` that never changes.
fn range_loop(mut response: ApiResponse) -> ApiResponse {
    if response.is_success() {
        response.status = 206;
        if !response.has_header(&NEXT_RANGE) {
            response = response.with_header(
                NEXT_RANGE,
                "]00000000-0000-0000-0000-000000000000..; max=200",
            );
        }
    }
    response
}

/// Adds the `ETag`, applies `If-None-Match` and compression, and prepares the delivery.
fn http_response(
    api_response: ApiResponse,
    delivery: Delivery,
    request_headers: &HeaderMap,
    cut_handle: &CutHandle,
) -> Response<ResponseBody> {
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = api_response.status_code();
    let etag = api_response.etag();
    let not_modified = etag
        .as_ref()
        .is_some_and(|etag| etag_matches(request_headers, etag));
    for (name, value) in api_response
        .headers
        .into_iter()
        .chain(etag.map(|etag| (header::ETAG, etag)))
    {
        // Skips injected values that are not valid in a header.
        if let Ok(value) = HeaderValue::try_from(value) {
            head.headers.append(name, value);
        }
    }
    if not_modified && delivery == Delivery::Normal {
        head.status = StatusCode::NOT_MODIFIED;
        return Response::from_parts(head, body::full(Vec::new()));
    }
    if let Ok(content_type) = HeaderValue::try_from(api_response.content_type) {
        head.headers.insert(header::CONTENT_TYPE, content_type);
    }
    let gzip = HeaderValue::from_static("gzip");
    let mut body = api_response.body;
    if delivery == Delivery::NotGzip {
        head.headers.insert(header::CONTENT_ENCODING, gzip);
    } else if !api_response.verbatim {
        head.headers
            .insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if accepts_gzip(request_headers)
            && let Ok(compressed) = compress(&body)
        {
            head.headers.insert(header::CONTENT_ENCODING, gzip);
            body = compressed;
        }
    }
    let body = match delivery {
        Delivery::Throttled { bytes_per_second } => {
            head.headers
                .insert(header::CONTENT_LENGTH, body.len().into());
            body::throttled(body, bytes_per_second)
        }
        Delivery::UnterminatedArray { bytes } => body::unterminated_array(bytes),
        Delivery::CutInHead => {
            let length = "HTTP/1.1 200 OK\r\nContent-".len();
            cut_handle.set(Cut::after_bytes(length, CloseMode::Rst));
            body::full(body)
        }
        Delivery::CutInBody { after, close_mode } => {
            let length = after.min(body.len().saturating_sub(1));
            cut_handle.set(Cut::after_body_bytes(length, close_mode));
            body::full(body)
        }
        Delivery::Normal | Delivery::Unconditional | Delivery::NotGzip => body::full(body),
    };
    Response::from_parts(head, body)
}

fn logged_request(head: &Parts, route: &Route) -> LoggedRequest {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    LoggedRequest {
        method: head.method.to_string(),
        path: head
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        status: None,
        body_length: 0,
        endpoint: route.endpoint,
        team: route.team.clone(),
        enterprise_account: route.enterprise_account.clone(),
        received_at: Instant::now(),
    }
}

fn compress(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}
