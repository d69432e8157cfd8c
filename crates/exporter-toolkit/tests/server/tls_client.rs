//! A TLS client with the versions, protocols and certificate that a test gives it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls::{SupportedProtocolVersion, crypto::ring};

use crate::certificates::{Authority, Pair};
use crate::http_client::{PATIENCE, all};

pub(crate) struct Client<'a> {
    pub(crate) authority: &'a Authority,
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) identity: Option<&'a Pair>,
    pub(crate) protocols: &'a [&'a [u8]],
}

/// A response, and what was negotiated for it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) response: String,
    pub(crate) version: rustls::ProtocolVersion,
    pub(crate) suite: rustls::CipherSuite,
    pub(crate) protocol: Option<Vec<u8>>,
    pub(crate) server: Vec<CertificateDer<'static>>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(authority: &'a Authority) -> Self {
        Self {
            authority,
            versions: rustls::ALL_VERSIONS,
            identity: None,
            protocols: &[],
        }
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let pem = self.authority.certificate();
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .unwrap();
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_webpki_verifier(verifier);
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some(Pair { certificate, key }) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap(),
        };
        config.alpn_protocols = self.protocols.iter().map(|name| name.to_vec()).collect();
        config
    }

    /// Requests a path, with additional header lines. Fails where the handshake does, or with the
    /// alert after it, with which a TLS 1.3 server rejects a client.
    pub(crate) fn get(
        &self,
        address: SocketAddr,
        path: &str,
        lines: &[&str],
    ) -> Result<Exchange, std::io::Error> {
        let name = "127.0.0.1".try_into().unwrap();
        let connection = ClientConnection::new(Arc::new(self.config()), name).unwrap();
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = StreamOwned::new(connection, stream);
        let more: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut first = [0];
        stream.read_exact(&mut first)?;
        let response = format!("{}{}", char::from(first[0]), all(&mut stream));
        let connection = &stream.conn;
        Ok(Exchange {
            response,
            version: connection.protocol_version().unwrap(),
            suite: connection.negotiated_cipher_suite().unwrap().suite(),
            protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
            server: connection
                .peer_certificates()
                .unwrap()
                .iter()
                .map(|c| c.clone().into_owned())
                .collect(),
        })
    }
}
