//! Verifies clients' certificates, by each of Go's five types.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoClientAuth, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::file::ClientAuth;

/// Returns the verifier of clients' certificates.
///
/// A type that verifies rejects every certificate if there is no CA. Go would accept those of any
/// public CA, and so of anyone.
pub(super) fn verifier(
    client_auth: ClientAuth,
    ca: RootCertStore,
    allowed_names: &[String],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    if client_auth == ClientAuth::NoClientCert {
        return Ok(Arc::new(NoClientAuth));
    }
    let hints = ca.subjects();
    let issuer = if !client_auth.verifies() {
        Issuer::Any
    } else if ca.is_empty() {
        Issuer::None
    } else {
        let provider = Arc::clone(provider);
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(ca), provider);
        Issuer::Ca(builder.build()?)
    };
    Ok(Arc::new(Verifier {
        issuer,
        is_required: client_auth.requires(),
        hints,
        allowed_names: allowed_names.to_vec(),
        provider: Arc::clone(provider),
    }))
}

/// Whose certificates are accepted.
#[derive(Debug)]
enum Issuer {
    Any,
    None,
    Ca(Arc<dyn ClientCertVerifier>),
}

/// Verifies that a certificate has an accepted issuer and an allowed name, and that the client has
/// its key.
#[derive(Debug)]
struct Verifier {
    issuer: Issuer,
    is_required: bool,
    hints: Vec<DistinguishedName>,
    /// Empty allows any name.
    allowed_names: Vec<String>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn has_allowed_name(&self, certificate: &CertificateDer<'_>) -> Result<bool, Error> {
        if self.allowed_names.is_empty() {
            return Ok(true);
        }
        let certificate = webpki::EndEntityCert::try_from(certificate)
            .map_err(|_| CertificateError::BadEncoding)?;
        let is_allowed = |name: &str| self.allowed_names.iter().any(|allowed| allowed == name);
        let mut addresses = self
            .allowed_names
            .iter()
            .filter_map(|allowed| allowed.parse::<IpAddr>().ok());
        let is_valid_for = |address: IpAddr| {
            let name = ServerName::IpAddress(address.into());
            certificate.verify_is_valid_for_subject_name(&name).is_ok()
        };
        Ok(certificate.valid_dns_names().any(is_allowed)
            || certificate.valid_uri_names().any(is_allowed)
            || addresses.any(is_valid_for))
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match &self.issuer {
            Issuer::Any => {}
            Issuer::None => return Err(CertificateError::UnknownIssuer.into()),
            Issuer::Ca(ca) => {
                ca.verify_client_cert(end_entity, intermediates, now)?;
            }
        }
        if self.has_allowed_name(end_entity)? {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
