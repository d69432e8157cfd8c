//! Whether a client's certificate is good enough, by each of Go's five types.

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

/// What judges clients' certificates.
///
/// To verify without a CA means that no certificate is good: Go would take one from any public CA,
/// which is to say, from anyone.
pub(super) fn verifier(
    client_auth: ClientAuth,
    ca: RootCertStore,
    allowed_names: &[String],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    if client_auth == ClientAuth::NoClientCert {
        return Ok(Arc::new(NoClientAuth));
    }
    if !client_auth.verifies() || ca.is_empty() {
        return Ok(Arc::new(Unverified {
            taken: !client_auth.verifies(),
            required: client_auth.requires(),
            hints: ca.subjects(),
            provider: Arc::clone(provider),
        }));
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(ca), Arc::clone(provider));
    let verifier = if client_auth.requires() {
        builder.build()?
    } else {
        builder.allow_unauthenticated().build()?
    };
    if allowed_names.is_empty() {
        return Ok(verifier);
    }
    Ok(Arc::new(Named {
        verifier,
        allowed: allowed_names.to_vec(),
    }))
}

/// Takes any certificate, or none; the client has to have its key either way.
#[derive(Debug)]
struct Unverified {
    taken: bool,
    required: bool,
    hints: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Unverified {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.taken {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
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

/// Takes what another verifier takes, if one of its names is allowed.
#[derive(Debug)]
struct Named {
    verifier: Arc<dyn ClientCertVerifier>,
    allowed: Vec<String>,
}

impl Named {
    fn has_allowed_name(&self, certificate: &CertificateDer<'_>) -> Result<bool, Error> {
        let certificate = webpki::EndEntityCert::try_from(certificate)
            .map_err(|_| CertificateError::BadEncoding)?;
        let is_allowed = |name: &str| self.allowed.iter().any(|allowed| allowed == name);
        let mut addresses = self
            .allowed
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

impl ClientCertVerifier for Named {
    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .verifier
            .verify_client_cert(end_entity, intermediates, now)?;
        if self.has_allowed_name(end_entity)? {
            Ok(verified)
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
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
