//! TLS: versions, suites, HTTP/2, and the certificates of clients.

use std::net::{IpAddr, Ipv4Addr};

use rcgen::SanType;
use reqwest::Version;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ProtocolVersion};

use crate::certificates::{Authority, Directory, TLS};
use crate::program::{Program, get, header, status};
use crate::tls_client::Client;

#[test]
fn versions_outside_the_bounds_are_refused() {
    let directory = Directory::new();
    let only = |versions| Client {
        versions,
        ..Client::new(&directory.authority)
    };
    let versions = [&TLS12, &TLS13];
    let (old, new, both) = (only(&versions[..1]), only(&versions[1..]), only(&versions));
    for (bounds, of_old, of_new, of_both) in [
        ("", true, true, Some(ProtocolVersion::TLSv1_3)),
        (
            "  min_version: TLS13\n",
            false,
            true,
            Some(ProtocolVersion::TLSv1_3),
        ),
        (
            "  max_version: TLS12\n",
            true,
            false,
            Some(ProtocolVersion::TLSv1_2),
        ),
    ] {
        let program = Program::with_web_config(&directory.web(&format!("{TLS}{bounds}")));
        let get = |client: &Client<'_>| client.get(program.address, "/health", &[]).ok();
        assert_eq!(get(&old).is_some(), of_old, "{bounds}");
        assert_eq!(get(&new).is_some(), of_new, "{bounds}");
        assert_eq!(get(&both).map(|talk| talk.version), of_both, "{bounds}");
    }
}

#[test]
fn suites_and_curves_are_those_of_the_file_in_its_order() {
    let directory = Directory::new();
    let list = "  max_version: TLS12\n  curve_preferences: [CurveP384]\n  cipher_suites:\n  \
        - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n  \
        - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n";
    for (more, suite) in [
        (
            "",
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        ),
        (
            "  prefer_server_cipher_suites: false\n",
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ),
    ] {
        let program = Program::with_web_config(&directory.web(&format!("{TLS}{list}{more}")));
        let client = Client::new(&directory.authority);
        let talk = client.get(program.address, "/", &[]).unwrap();
        assert_eq!(talk.suite, suite);
    }
}

#[test]
fn plain_http_is_told_to_speak_tls() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(TLS));
    let answer = get(program.address, "/metrics");
    assert_eq!(status(&answer), "400");
    assert!(
        answer.ends_with("\r\n\r\nThis port speaks HTTPS\n"),
        "{answer}"
    );
}

#[test]
fn each_type_of_client_authentication_lets_in_whom_it_says() {
    let directory = Directory::new();
    let known = directory.authority.client(vec![]);
    let stranger = Authority::new("another CA").client(vec![]);
    let (yes, no) = (true, false);
    let with_ca = "  client_ca_file: ca.pem\n";
    for (kind, ca, of_none, of_known, of_stranger) in [
        ("NoClientCert", "", yes, yes, yes),
        ("RequestClientCert", "", yes, yes, yes),
        ("RequestClientCert", with_ca, yes, yes, yes),
        ("RequireAnyClientCert", "", no, yes, yes),
        // Without a CA nobody's certificate can be verified.
        ("VerifyClientCertIfGiven", "", yes, no, no),
        ("VerifyClientCertIfGiven", with_ca, yes, yes, no),
        ("RequireAndVerifyClientCert", with_ca, no, yes, no),
    ] {
        let text = format!("{TLS}  client_auth_type: {kind}\n{ca}");
        let program = Program::with_web_config(&directory.web(&text));
        for versions in [&[&TLS12][..], &[&TLS13]] {
            let came_in = [None, Some(&known), Some(&stranger)].map(|identity| {
                let client = Client {
                    identity,
                    versions,
                    ..Client::new(&directory.authority)
                };
                client.get(program.address, "/health", &[]).is_ok()
            });
            // A client sends no certificate that the server's hints rule out; one sent in spite of
            // them is what the other rows are for.
            assert_eq!(
                came_in,
                [of_none, of_known, of_stranger],
                "{text} {versions:?}"
            );
        }
    }
}

#[test]
fn a_verified_client_needs_an_allowed_name() {
    let directory = Directory::new();
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let address = SanType::IpAddress(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    let uri = SanType::URI("spiffe://x/prometheus".try_into().unwrap());
    let text = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
         client_allowed_sans: [one.example, 10.0.0.1, 'spiffe://x/prometheus']\n"
    );
    let program = Program::with_web_config(&directory.web(&text));
    for (names, comes_in) in [
        (vec![dns("one.example")], true),
        (vec![dns("other.example"), dns("one.example")], true),
        (vec![address], true),
        (vec![uri], true),
        (vec![dns("x.one.example")], false),
        (vec![dns("*.example")], false),
        (vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())], false),
        (vec![], false),
    ] {
        let client = directory.authority.client(names.clone());
        let client = Client {
            identity: Some(&client),
            ..Client::new(&directory.authority)
        };
        let came_in = client.get(program.address, "/health", &[]).is_ok();
        assert_eq!(came_in, comes_in, "{names:?}");
    }
}

#[test]
fn the_protocol_is_agreed_on_in_the_handshake() {
    let directory = Directory::new();
    let on = Program::with_web_config(&directory.web(TLS));
    let off = format!("{TLS}http_server_config:\n  http2: false\n");
    let off = Program::with_web_config(&directory.web(&off));
    let client = |protocols| Client {
        protocols,
        ..Client::new(&directory.authority)
    };
    let talk = client(&[b"http/1.1"]).get(on.address, "/", &[]).unwrap();
    assert_eq!(talk.protocol.unwrap(), b"http/1.1");
    let talk = client(&[b"h2", b"http/1.1"])
        .get(off.address, "/", &[])
        .unwrap();
    assert_eq!(talk.protocol.unwrap(), b"http/1.1");
    let talk = client(&[]).get(on.address, "/", &[]).unwrap();
    assert_eq!((talk.protocol, status(&talk.answer)), (None, "200"));
    assert!(client(&[b"h2"]).get(off.address, "/", &[]).is_err());
}

#[tokio::test]
async fn http2_is_spoken_where_it_was_agreed_on() {
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
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(
        (answer.version(), answer.status().as_u16()),
        (Version::HTTP_2, 200)
    );
    assert_eq!(answer.headers()["x-frame-options"], "deny");
    answer.text().await.unwrap();
    let refused = client.post(&url).body("x").send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 405);
}

#[test]
fn a_secure_page_asks_for_users_too() {
    let directory = Directory::new();
    let text = format!("{TLS}{}", crate::access::users("right"));
    let program = Program::with_web_config(&directory.web(&text));
    let client = Client::new(&directory.authority);
    let talk = client.get(program.address, "/", &[]).unwrap();
    assert!(header(&talk.answer, "www-authenticate").is_some());
    let right = crate::access::says("alice:right");
    let talk = client.get(program.address, "/", &[&right]).unwrap();
    assert_eq!(status(&talk.answer), "200");
}
