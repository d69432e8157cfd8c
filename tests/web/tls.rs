//! The program's pages over TLS.

use reqwest::Version;

use crate::access::{says, users};
use crate::certificates::{Directory, TLS};
use crate::program::{Program, header, status};
use crate::tls_client::Client;

#[tokio::test]
async fn scrapes_over_http2() {
    let directory = Directory::new();
    let text = format!("{TLS}http_server_config:\n  headers:\n    X-Frame-Options: deny\n");
    let program = Program::with_web_config(&directory.web(&text));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = directory.authority.certificate();
    let certificate = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([certificate])
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("https://{}/metrics", program.address);
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(
        (response.version(), response.status().as_u16()),
        (Version::HTTP_2, 200)
    );
    assert_eq!(response.headers()["x-frame-options"], "deny");
    response.text().await.unwrap();
    let rejected = client.post(&url).body("x").send().await.unwrap();
    assert_eq!(rejected.status().as_u16(), 405);
}

#[test]
fn page_over_tls_requires_authentication() {
    let directory = Directory::new();
    let text = format!("{TLS}{}", users("right"));
    let program = Program::with_web_config(&directory.web(&text));
    let client = Client::new(&directory.authority);
    let rejected = client.get(program.address, "/", &[]).unwrap();
    assert!(header(&rejected.response, "www-authenticate").is_some());
    let right = says("alice:right");
    let exchange = client.get(program.address, "/", &[&right]).unwrap();
    assert_eq!(status(&exchange.response), "200");
}
