//! Builds the TLS configuration from the settings and the certificates that they name.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite};
use secrecy::{ExposeSecret, SecretString};

use super::client_certificate;
use super::file::{Pem, PemSource, Tls};
use crate::bounded;
use crate::config_file::{FileError, FileErrors};

/// The maximum size of a file of certificates or of a key in bytes.
const MAX_PEM_SIZE: u64 = 4 << 20;

impl Tls {
    /// Reads the certificates and builds the TLS configuration.
    pub(super) fn server_config(
        &self,
        http2: bool,
        directory: &Path,
    ) -> Result<ServerConfig, FileErrors> {
        let chain = self.certificate.certificates(directory);
        let key = self.key.private_key(directory);
        let client_ca = match &self.client_ca {
            Some(pem) => pem.roots(directory),
            None => Ok(RootCertStore::empty()),
        };
        let (chain, key, client_ca) = match (chain, key, client_ca) {
            (Ok(chain), Ok(key), Ok(client_ca)) => (chain, key, client_ca),
            (chain, key, client_ca) => {
                let errors = [chain.err(), key.err(), client_ca.err()];
                return Err(FileErrors::new(errors.into_iter().flatten().collect()));
            }
        };
        let mut provider = ring::default_provider();
        if let Some(suites) = &self.cipher_suites {
            provider.cipher_suites.retain(is_tls13);
            provider.cipher_suites.extend(suites);
        }
        if let Some(curves) = &self.curves {
            provider.kx_groups.clone_from(curves);
        }
        let provider = Arc::new(provider);
        let verifier = client_certificate::verifier(
            self.client_auth,
            client_ca,
            &self.allowed_names,
            &provider,
        )
        .map_err(|error| self.certificate.error(error))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .map_err(|error| self.certificate.error(error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    self.key.error("not the key of the certificate")
                }
                error => self.key.error(error),
            })?;
        config.ignore_client_order = self.prefer_server_cipher_suites;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if http2 {
            config.alpn_protocols.insert(0, b"h2".to_vec());
        }
        Ok(config)
    }
}

fn is_tls13(suite: &SupportedCipherSuite) -> bool {
    suite.tls13().is_some()
}

impl Pem {
    fn certificates(&self, directory: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
        let text = self.text(directory)?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(text.expose_secret().as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| self.error("not PEM"))?;
        if certificates.is_empty() {
            return Err(self.error("contains no certificate"));
        }
        Ok(certificates)
    }

    fn private_key(&self, directory: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
        let text = self.text(directory)?;
        PrivateKeyDer::from_pem_slice(text.expose_secret().as_bytes()).map_err(|error| {
            self.error(match error {
                rustls::pki_types::pem::Error::NoItemsFound => {
                    "contains no unencrypted private key"
                }
                _ => "not PEM",
            })
        })
    }

    fn roots(&self, directory: &Path) -> Result<RootCertStore, FileError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates(directory)? {
            roots
                .add(certificate)
                .map_err(|_| self.error("contains an invalid certificate"))?;
        }
        Ok(roots)
    }

    fn text(&self, directory: &Path) -> Result<SecretString, FileError> {
        match &self.source {
            PemSource::Inline(text) => Ok(text.clone()),
            PemSource::File(path) => bounded::read(&directory.join(path), MAX_PEM_SIZE)
                .map(SecretString::from)
                .map_err(|error| self.error(format_args!("cannot be read: {error}"))),
        }
    }

    fn error(&self, why: impl Display) -> FileError {
        FileError::at(self.location, format!("{}: {why}", self.label))
    }
}
