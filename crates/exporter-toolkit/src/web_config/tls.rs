//! From what the file says of TLS, and the certificates that it names, to what speaks it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::SupportedCipherSuite;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};

use super::client_certificate;
use super::error::Error;
use super::file::{Pem, PemSource, Tls};

impl Tls {
    /// Reads what is named and makes the TLS of it.
    pub(super) fn server_config(
        &self,
        http2: bool,
        directory: &Path,
    ) -> Result<ServerConfig, Error> {
        let mut provider = ring::default_provider();
        if let Some(suites) = &self.cipher_suites {
            provider.cipher_suites.retain(is_tls13);
            provider.cipher_suites.extend(suites);
        }
        if let Some(curves) = &self.curves {
            provider.kx_groups.clone_from(curves);
        }
        let provider = Arc::new(provider);

        let chain = self.certificate.certificates(directory)?;
        let key = self.key.private_key(directory)?;
        let client_ca = match &self.client_ca {
            Some(pem) => pem.roots(directory)?,
            None => rustls::RootCertStore::empty(),
        };
        let verifier = client_certificate::verifier(
            self.client_auth,
            client_ca,
            &self.allowed_names,
            &provider,
        );
        let unusable = |error: &dyn std::fmt::Display| {
            let what = format!("tls_server_config: {error}");
            Error::at(self.certificate.place, what)
        };
        let verifier = verifier.map_err(|e| unusable(&e))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .map_err(|e| unusable(&e))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| self.unusable_pair(&error))?;
        config.ignore_client_order = self.prefer_server_cipher_suites;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if http2 {
            config.alpn_protocols.insert(0, b"h2".to_vec());
        }
        Ok(config)
    }

    fn unusable_pair(&self, error: &rustls::Error) -> Error {
        let Pem { key, .. } = self.key;
        let certificate = self.certificate.key;
        let what = match error {
            rustls::Error::InconsistentKeys(_) => {
                format!("{key}: it is not the key of the certificate in {certificate}")
            }
            error => format!("{certificate} and {key} cannot be used: {error}"),
        };
        Error::at(self.key.place, what)
    }
}

fn is_tls13(suite: &SupportedCipherSuite) -> bool {
    suite.tls13().is_some()
}

impl Pem {
    fn certificates(&self, directory: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
        let text = self.text(directory)?;
        let all: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(text.expose_secret().as_bytes()).collect();
        match all {
            Ok(all) if !all.is_empty() => Ok(all),
            Ok(_) => Err(self.unusable("holds no certificate")),
            Err(_) => Err(self.unusable("is not PEM")),
        }
    }

    fn private_key(&self, directory: &Path) -> Result<PrivateKeyDer<'static>, Error> {
        let text = self.text(directory)?;
        PrivateKeyDer::from_pem_slice(text.expose_secret().as_bytes()).map_err(
            |error| match error {
                rustls::pki_types::pem::Error::NoItemsFound => {
                    self.unusable("holds no private key that is not encrypted")
                }
                _ => self.unusable("is not PEM"),
            },
        )
    }

    fn roots(&self, directory: &Path) -> Result<rustls::RootCertStore, Error> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in self.certificates(directory)? {
            roots
                .add(certificate)
                .map_err(|_| self.unusable("holds a certificate that cannot be read"))?;
        }
        Ok(roots)
    }

    fn text(&self, directory: &Path) -> Result<SecretString, Error> {
        match &self.source {
            PemSource::Inline(text) => Ok(text.clone()),
            PemSource::File(path) => fs::read_to_string(directory.join(path))
                .map(SecretString::from)
                .map_err(|error| self.unusable(&format!("cannot be read: {error}"))),
        }
    }

    /// The error for what it leads to. A path is no secret; what is written inline may be one.
    fn unusable(&self, why: &str) -> Error {
        let what = match &self.source {
            PemSource::Inline(_) => format!("{}: it {why}", self.key),
            PemSource::File(path) => format!("{}: {path:?} {why}", self.key),
        };
        Error::at(self.place, what)
    }
}
