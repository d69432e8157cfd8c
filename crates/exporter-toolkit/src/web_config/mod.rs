//! The web configuration: the file that says who may come in and how, in the format of Prometheus's
//! exporter-toolkit.
//! <https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>
//!
//! Text becomes a [`File`] ([`parse`]); a File and the certificates that it names become the
//! [`WebConfig`] in force; [`Loaded::follow`] keeps that up to date. What is accepted but would not
//! be done is an error here: a server that is less closed than its file says is worse than none.
//!
//! It must not know routes, connections or settings.

mod client_certificate;
mod document;
mod error;
mod file;
mod http;
mod tls;
mod tls_names;
mod users;
mod watcher;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use crate::yaml::Location;
pub use error::Error;
pub use file::{ClientAuth, File, Pem, PemSource, Tls, parse};
pub use http::RateLimit;
pub use users::{AuthResult, Users};
pub use users::{COMPARED_AT_ONCE, WAITING};
pub use watcher::ConfigWatcher;
use watcher::Fingerprint;

use ::http::HeaderMap;

/// A file of this size is not a web configuration.
const LARGEST_FILE: u64 = 1 << 20;

/// What is in force.
#[derive(Debug, Default)]
pub struct WebConfig {
    /// How TLS is spoken; `None` means plain HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Headers of every answer.
    pub headers: HeaderMap,
    /// Who may come in; `None` means anyone.
    pub users: Option<Users>,
    /// How many requests are answered.
    pub rate_limit: Option<RateLimit>,
}

/// A web configuration as it was read at start.
#[derive(Debug)]
pub struct Loaded {
    path: PathBuf,
    config: Arc<WebConfig>,
    fingerprint: Fingerprint,
}

impl Loaded {
    /// Reads the file at `path` and all that it names.
    ///
    /// # Errors
    ///
    /// Where the file or something that it names cannot be read or used.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let (config, fingerprint) = read(path);
        Ok(Self {
            path: path.to_owned(),
            config: Arc::new(config?),
            fingerprint,
        })
    }

    /// What is in force.
    pub fn config(&self) -> Arc<WebConfig> {
        Arc::clone(&self.config)
    }
}

/// Reads a file and what it names, and tells what was read, so that a change can be noticed. That
/// is told of a broken file too: the change that repairs it may be one of a certificate.
fn read(path: &Path) -> (Result<WebConfig, Error>, Fingerprint) {
    // Taken before reading: what changes in between counts as a change after it.
    let mut fingerprint = Fingerprint::of([path.to_owned()]);
    let file = match text(path).and_then(|text| parse(&text)) {
        Ok(file) => file,
        Err(error) => return (Err(error), fingerprint),
    };
    let directory = path.parent().unwrap_or(Path::new(""));
    if let Some(tls) = &file.tls {
        fingerprint.add(tls.paths(directory));
    }
    (file.in_force(directory), fingerprint)
}

impl File {
    /// Reads the certificates that it names, and puts it in force. `directory` is where the web
    /// configuration is.
    ///
    /// # Errors
    ///
    /// Where a certificate cannot be read or used.
    pub fn in_force(self, directory: &Path) -> Result<WebConfig, Error> {
        let tls = match &self.tls {
            Some(tls) => Some(Arc::new(tls.server_config(self.http2, directory)?)),
            None => None,
        };
        Ok(WebConfig {
            tls,
            headers: self.headers,
            users: Users::new(self.users)?,
            rate_limit: self.rate_limit,
        })
    }
}

fn text(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text))
        .map_err(Error::Unreadable)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(Error::TooLarge);
    }
    Ok(text)
}
