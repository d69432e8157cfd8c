//! Certificates, made anew in each test.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};

/// Signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this machine.
    pub(crate) fn server(&self) -> Pair {
        self.server_of(&["localhost", "127.0.0.1"])
    }

    /// A certificate for a server of these names.
    pub(crate) fn server_of(&self, names: &[&str]) -> Pair {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate for a client of these names.
    pub(crate) fn client(&self, names: Vec<SanType>) -> Pair {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Pair {
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A directory with what a web configuration names: `server.crt`, `server.key` and `ca.pem`.
pub(crate) struct Directory {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) authority: Authority,
}

impl Directory {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new("the CA of a test");
        let this = Self {
            directory,
            authority,
        };
        this.renew_server();
        this.write("ca.pem", &this.authority.certificate());
        this
    }

    pub(crate) fn renew_server(&self) {
        let Pair { certificate, key } = self.authority.server();
        self.write("server.crt", &certificate);
        self.write("server.key", &key);
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// Writes a web configuration and gives its path.
    pub(crate) fn web(&self, text: &str) -> String {
        self.write("web.yml", text);
        self.path().join("web.yml").to_str().unwrap().to_owned()
    }
}

/// What every configuration with TLS begins with.
pub(crate) const TLS: &str =
    "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
