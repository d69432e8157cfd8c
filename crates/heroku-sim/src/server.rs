//! From a connection to an answer on it: accepting, logging, the fault if one was scripted, and the
//! sending.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::answer::{Answer, NEXT_RANGE};
use crate::bodies::{self, Payload};
use crate::door;
use crate::fault::Fault;
use crate::headers::{accepts_gzip, etag_matches, header_text};
use crate::log::LoggedRequest;
use crate::route::Route;
use crate::state::State;
use crate::stream::{Cut, CutStream, Ending, Scissors};

const RATE_LIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// How an answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Normal,
    /// Whole, and never as a 304.
    Unconditional,
    Dripped {
        bytes_per_second: u32,
    },
    CutInHead,
    CutInBody {
        after: usize,
        ending: Ending,
    },
    FalseGzip,
    EndlessArray {
        bytes: u64,
    },
}

/// Accepts connections until it is aborted. The connections are its children and end with it.
pub(crate) async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    // An answer is small; without this it could wait for an acknowledgement.
                    let _ = tcp.set_nodelay(true);
                    connections.spawn(serve(tcp, Arc::clone(&state)));
                }
                // Out of file descriptors, most likely: the connections that end free some.
                Err(_) => sleep(std::time::Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(tcp: tokio::net::TcpStream, state: Arc<State>) {
    let scissors = Scissors::default();
    let stream = CutStream::new(tcp, scissors.clone());
    let service = service_fn(move |request| {
        let (state, scissors) = (Arc::clone(&state), scissors.clone());
        async move { Ok::<_, Infallible>(respond(&state, &scissors, request).await) }
    });
    // An error here is a client that went away or a cut that was scripted: neither is news.
    let _ = http1::Builder::new()
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    state: &State,
    scissors: &Scissors,
    request: Request<Incoming>,
) -> Response<Payload> {
    let (head, _) = request.into_parts();
    let route = Route::of(head.uri.path());
    let ticket = state.log().arrived(logged(&head, &route));
    let range = header_text(&head.headers, &header::RANGE);

    let fault = state.take_fault(&route);
    let spent = matches!(&fault, Some(Fault::RateLimited { .. } | Fault::Status(429)));
    match &fault {
        Some(Fault::Hang) => pending::<()>().await,
        Some(Fault::Delay(delay)) => sleep(*delay).await,
        _ => {}
    }
    let normal = |range| door::answer(state, &head, &route, range);
    let (answer, sending) = match fault {
        None | Some(Fault::Hang | Fault::Delay(_)) => (normal(range), Sending::Normal),
        Some(Fault::Status(status)) => (Answer::documented(status), Sending::Normal),
        Some(Fault::RateLimited { retry_after: None }) => {
            (Answer::documented(429), Sending::Normal)
        }
        Some(Fault::RateLimited {
            retry_after: Some(seconds),
        }) => (
            Answer::documented(429).with(header::RETRY_AFTER, seconds.to_string()),
            Sending::Normal,
        ),
        Some(Fault::Html { status }) => (Answer::maintenance_page(status), Sending::Normal),
        Some(Fault::Body {
            status,
            content_type,
            body,
        }) => (
            Answer::verbatim(status, content_type, body),
            Sending::Normal,
        ),
        Some(Fault::Redirect { location, status }) => (
            Answer::verbatim(status, "text/html", "").with(header::LOCATION, location),
            Sending::Normal,
        ),
        Some(Fault::EmptyList) => (Answer::json(200, &serde_json::json!([])), Sending::Normal),
        Some(Fault::RangeLoop) => (looping(normal(None)), Sending::Unconditional),
        Some(Fault::Drip { bytes_per_second }) => {
            (normal(range), Sending::Dripped { bytes_per_second })
        }
        Some(Fault::TruncateBody { after }) => (
            normal(range),
            Sending::CutInBody {
                after,
                ending: Ending::Fin,
            },
        ),
        Some(Fault::ResetInBody { after }) => (
            normal(range),
            Sending::CutInBody {
                after,
                ending: Ending::Rst,
            },
        ),
        Some(Fault::ResetInHeaders) => (normal(range), Sending::CutInHead),
        Some(Fault::NotGzip) => (normal(range), Sending::FalseGzip),
        Some(Fault::HugeBody { bytes }) => (
            Answer::verbatim(200, "application/json", ""),
            Sending::EndlessArray { bytes },
        ),
    };
    let remaining = if spent {
        0
    } else {
        state.remaining(Instant::now())
    };
    let answer = answer
        .with(REQUEST_ID, state.next_request_id())
        .with(RATE_LIMIT_REMAINING, remaining.to_string());
    let response = finished(answer, sending, &head.headers, scissors);
    if sending != Sending::CutInHead {
        state.log().answered(ticket, response.status().as_u16());
    }
    response
}

/// The same page for ever: a success becomes a 206 that points at one page, over and over.
fn looping(mut answer: Answer) -> Answer {
    if answer.is_success() {
        answer.status = 206;
        if !answer.has(&NEXT_RANGE) {
            answer = answer.with(
                NEXT_RANGE,
                "]00000000-0000-0000-0000-000000000000..; max=200",
            );
        }
    }
    answer
}

/// Tags, compresses and sends an answer in its way.
fn finished(
    answer: Answer,
    sending: Sending,
    asked: &HeaderMap,
    scissors: &Scissors,
) -> Response<Payload> {
    let mut response = Response::new(bodies::whole(Vec::new()));
    *response.status_mut() = answer.status_code();
    let etag = answer.etag();
    let known = etag.as_ref().is_some_and(|etag| etag_matches(asked, etag));
    for (name, value) in answer
        .headers
        .iter()
        .cloned()
        .chain(etag.map(|etag| (header::ETAG, etag)))
    {
        // A scripted value that no header can hold is left out.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(name, value);
        }
    }
    if known && sending == Sending::Normal {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    if let Ok(content_type) = HeaderValue::try_from(&answer.content_type) {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
    }
    let gzip = HeaderValue::from_static("gzip");
    let mut body = answer.body;
    if sending == Sending::FalseGzip {
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, gzip);
    } else if !answer.verbatim {
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if accepts_gzip(asked)
            && let Ok(compressed) = compressed(&body)
        {
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, gzip);
            body = compressed;
        }
    }
    match sending {
        Sending::CutInHead => scissors.set(Cut::in_head(
            "HTTP/1.1 200 OK\r\nContent-".len(),
            Ending::Rst,
        )),
        Sending::CutInBody { after, ending } => scissors.set(Cut::in_body(
            after.min(body.len().saturating_sub(1)),
            ending,
        )),
        _ => {}
    }
    *response.body_mut() = match sending {
        Sending::Dripped { bytes_per_second } => bodies::dripped(body, bytes_per_second),
        Sending::EndlessArray { bytes } => bodies::endless_array(bytes),
        _ => bodies::whole(body),
    };
    response
}

fn logged(head: &Parts, route: &Route) -> LoggedRequest {
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
        endpoint: route.endpoint,
        team: route.team.clone(),
        enterprise_account: route.enterprise_account.clone(),
        at: Instant::now(),
    }
}

fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}
