//! Responses with shared, precompressed bodies.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::response::{IntoResponse, Response};
use expfmt::EncodedBodies;
use futures_util::stream;

/// Returns a response with the plain or the compressed body, without copying it.
pub(super) fn encoded(bodies: &EncodedBodies, gzip: bool) -> Response {
    let chunks = if gzip { &bodies.gzip } else { &bodies.plain };
    let length: usize = chunks.iter().map(Bytes::len).sum();
    let chunks = chunks.clone().into_iter().map(Ok::<_, Infallible>);
    let length = [(CONTENT_LENGTH, HeaderValue::from(length))];
    let mut response = (length, Body::from_stream(stream::iter(chunks))).into_response();
    if gzip {
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, gzip);
    }
    response
}
