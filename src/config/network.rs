//! The proxy and the trusted certificates in the environment. Both are checked at start, because a
//! variable that is ignored would send requests around the proxy, or fail them all.

use std::path::Path;

use exporter_toolkit::bounded;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use super::resolver::Resolver;
use heroku_api::client::Proxy;

/// The variables with a proxy, in order of precedence. `HTTP_PROXY` does not matter, because Heroku's
/// API is used over `https` only.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The variables with hosts that are reached without a proxy.
const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The largest file of certificates, in bytes. The usual bundle has 220 KiB.
const MAX_CERTIFICATE_FILE: u64 = 16 << 20;

impl Resolver<'_> {
    /// Reads the proxy for requests to `api_url`.
    pub(super) fn proxy(&mut self, api_url: Option<&Url>) -> Option<Proxy> {
        let mut proxy = None;
        for name in PROXY_VARIABLES {
            let Some(text) = self.variable(name) else {
                continue;
            };
            match proxy_url(text) {
                Ok(url) => {
                    proxy.get_or_insert(url);
                }
                Err(reason) => {
                    let expected = "the URL of a proxy such as http://proxy.example:3128";
                    self.reject(name, text, Some(reason), expected);
                }
            }
        }
        let no_proxy = NO_PROXY_VARIABLES
            .iter()
            .find_map(|name| self.variable(name));
        Some(Proxy {
            url: proxy?.into(),
            no_proxy: without_ports(no_proxy.unwrap_or_default(), api_url),
        })
    }

    /// Checks the trusted certificates, which the TLS library reads itself.
    pub(super) fn check_certificates(&mut self) {
        const FILE: &str = "SSL_CERT_FILE";
        const DIRECTORIES: &str = "SSL_CERT_DIR";
        if let Some(path) = self.variable(FILE)
            && let Err(reason) = check_certificate_file(Path::new(path))
        {
            self.reject(
                FILE,
                path,
                Some(&reason),
                "the path of a PEM file of CA certificates",
            );
        }
        let expected = "the path of a directory of PEM files of CA certificates";
        let Some(text) = self.variable(DIRECTORIES) else {
            return;
        };
        for path in std::env::split_paths(text).filter(|path| !path.as_os_str().is_empty()) {
            if let Err(reason) = check_certificate_directory(&path) {
                self.reject(
                    DIRECTORIES,
                    &path.to_string_lossy(),
                    Some(&reason),
                    expected,
                );
            }
        }
    }
}

/// Parses the URL of a proxy. Without a scheme it is `http`, as for curl.
fn proxy_url(text: &str) -> Result<String, &'static str> {
    let text = text.trim_matches(' ');
    // URL parsers ignore line breaks, and accept quotation marks.
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'`<>\\{}|^".contains(c)) {
        return Err("contains an invalid character");
    }
    let with_scheme = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let url = Url::parse(&with_scheme).map_err(|_| "not a URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("unsupported scheme");
    }
    let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !is_plain {
        return Err("a proxy has no path");
    }
    let host = url.host_str().unwrap_or_default();
    // Includes percent-encoded leftovers and empty labels.
    if host.is_empty() || host.contains('%') || host.trim_end_matches('.').contains("..") {
        return Err("not a host name");
    }
    Ok(with_scheme)
}

/// Removes what the HTTP client does not know from `NO_PROXY`: the `*` of `*.example.com`, and ports.
/// A host with another port than that of `api_url` does not count.
fn without_ports(no_proxy: &str, api_url: Option<&Url>) -> String {
    let port = api_url.and_then(Url::port_or_known_default);
    let hosts = no_proxy.split(',').map(str::trim).filter_map(|entry| {
        let entry = entry
            .strip_prefix('*')
            .filter(|rest| !rest.is_empty())
            .unwrap_or(entry);
        // An IPv6 address has several colons, and brackets if there is a port.
        let with_port = entry.rsplit_once(':').filter(|(host, _)| {
            !host.contains(':') || (host.starts_with('[') && host.ends_with(']'))
        });
        let host = match with_port {
            Some((host, own)) if own.parse().ok() == port => host,
            Some(_) => return None,
            None => entry,
        };
        Some(host.trim_start_matches('[').trim_end_matches(']'))
    });
    hosts.collect::<Vec<_>>().join(",")
}

/// Returns an error if no certificate of a file is usable. The TLS library skips the others.
fn check_certificate_file(path: &Path) -> Result<(), String> {
    let text =
        bounded::read_bytes(path, MAX_CERTIFICATE_FILE).map_err(|error| error.to_string())?;
    let mut failure = "no certificate".to_owned();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        match certificate {
            Ok(_) => return Ok(()),
            Err(error) => failure = error.to_string(),
        }
    }
    Err(failure)
}

fn check_certificate_directory(path: &Path) -> Result<(), String> {
    let mut error = "no certificate".to_owned();
    for entry in std::fs::read_dir(path).map_err(|error| error.to_string())? {
        let file = entry.map_err(|error| error.to_string())?.path();
        // A directory of certificates may have dangling links.
        if !file.is_file() {
            continue;
        }
        match check_certificate_file(&file) {
            Ok(()) => return Ok(()),
            Err(reason) => error = format!("{}: {reason}", file.display()),
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_proxies() {
        for text in [
            "http://proxy.example:3128",
            "https://proxy.example",
            "http://user:password@10.0.0.1:8080/",
            "proxy.example:3128",
            "http://[::1]:3128",
        ] {
            assert!(proxy_url(text).is_ok(), "{text}");
        }
        for text in [
            "\"http://proxy.example:3128\"",
            "'http://proxy.example:3128'",
            "http://proxy.example:3128\nx",
            "http://proxy.example:3128\n",
            "http://pro\nxy.example",
            "http://proxy.example:port",
            "http://proxy.example:99999",
            "socks5://proxy.example:1080",
            "ftp://proxy.example",
            "http://",
            "://",
            "%%%",
            "a b",
            "http://proxy.example/path",
        ] {
            assert!(proxy_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn normalizes_no_proxy() {
        let url: Url = "https://api.heroku.com".parse().unwrap();
        for (text, expected) in [
            ("", ""),
            ("*", "*"),
            ("*.heroku.com", ".heroku.com"),
            ("heroku.com, .example.com", "heroku.com,.example.com"),
            ("api.heroku.com:443,10.0.0.0/8", "api.heroku.com,10.0.0.0/8"),
            ("api.heroku.com:80", ""),
            ("*.heroku.com:443", ".heroku.com"),
            ("::1,[::1],[::1]:443,[::1]:80", "::1,::1,::1"),
        ] {
            assert_eq!(without_ports(text, Some(&url)), expected, "{text}");
        }
    }
}
