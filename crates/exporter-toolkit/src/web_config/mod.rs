//! The web configuration file: TLS, users, headers and rate limit, in the format of Prometheus's
//! exporter-toolkit.
//! <https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>
//!
//! [`parse`] validates the text as a [`File`]. [`File::build`] reads the certificates that it names
//! and returns the [`WebConfig`] of the server. [`ConfigWatcher`] replaces it when a file changes.
//! A setting that would be accepted without effect is an error: otherwise the server could be less
//! protected than its file states.

mod client_certificate;
mod file;
mod http_settings;
mod tls;
mod tls_names;
mod users;
mod watcher;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::http::HeaderMap;

use crate::config_file::{self, FileErrors, SecretFilter};
pub use file::{ClientAuth, ClientRequirements, File, Pem, PemSource, Tls, parse};
pub use http_settings::RateLimit;
pub use users::{AuthResult, MAX_CONCURRENT_COMPARISONS, MAX_PENDING_COMPARISONS, Users};
pub use watcher::ConfigWatcher;
use watcher::Fingerprint;

/// The settings of a running server.
#[derive(Debug, Default)]
pub struct WebConfig {
    /// The TLS configuration; `None` serves plain HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// What TLS clients have to prove.
    pub client_auth: ClientRequirements,
    /// Headers of every response.
    pub headers: HeaderMap,
    /// The users; `None` disables authentication.
    pub users: Option<Users>,
    /// The rate limit of requests; `None` disables it.
    pub rate_limit: Option<RateLimit>,
}

/// A web configuration that was read from a file.
#[derive(Debug)]
pub struct LoadedConfig {
    path: PathBuf,
    is_secret: SecretFilter,
    config: Arc<WebConfig>,
    fingerprint: Fingerprint,
}

impl LoadedConfig {
    /// Reads the file at `path` and the certificates that it names. `is_secret` filters what error
    /// messages repeat, also those of later changes.
    ///
    /// # Errors
    ///
    /// Returns all errors of the file, or else all of the certificates.
    pub fn read(path: &Path, is_secret: SecretFilter) -> Result<Self, FileErrors> {
        let (config, fingerprint) = read(path, is_secret);
        Ok(Self {
            path: path.to_owned(),
            is_secret,
            config: Arc::new(config?),
            fingerprint,
        })
    }

    /// Returns the settings.
    pub fn config(&self) -> Arc<WebConfig> {
        Arc::clone(&self.config)
    }
}

/// Reads a file and the files that it names, and returns their fingerprint. An invalid file has one
/// too: it may become valid by a change of a certificate.
fn read(path: &Path, is_secret: SecretFilter) -> (Result<WebConfig, FileErrors>, Fingerprint) {
    // Taken before reading, so that a change during the reading is noticed afterwards.
    let mut fingerprint = Fingerprint::of([path.to_owned()]);
    let file = match config_file::read(path).and_then(|text| parse(&text, is_secret)) {
        Ok(file) => file,
        Err(errors) => return (Err(errors), fingerprint),
    };
    let directory = path.parent().unwrap_or(Path::new(""));
    if let Some(tls) = &file.tls {
        fingerprint.add(tls.paths(directory));
    }
    (file.build(directory), fingerprint)
}

impl File {
    /// Reads the certificates and returns the settings. `directory` is the directory of the web
    /// configuration.
    ///
    /// # Errors
    ///
    /// Returns an error for each certificate or key that cannot be read or used.
    pub fn build(self, directory: &Path) -> Result<WebConfig, FileErrors> {
        let tls = match &self.tls {
            Some(tls) => Some(Arc::new(tls.server_config(self.http2, directory)?)),
            None => None,
        };
        let client_auth = self.tls.as_ref().map(Tls::client_requirements);
        Ok(WebConfig {
            tls,
            client_auth: client_auth.unwrap_or_default(),
            headers: self.headers,
            users: Users::new(self.users)?,
            rate_limit: self.rate_limit,
        })
    }
}
