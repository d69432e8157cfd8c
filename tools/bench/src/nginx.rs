//! nginx, serving files at its best: what everyone knows to be fast.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::exporter::{free_address, terminate};
use crate::http::Connection;

/// The program, which Debian keeps where a user's PATH may not lead.
const PROGRAMS: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it serves; removed with it.
    _directory: TempDir,
}

impl Nginx {
    /// Starts it to serve these bytes as `/metrics`: `compressed` to whom accepts gzip, `plain` to
    /// others.
    pub(crate) fn start(plain: &[u8], compressed: &[u8], kind: &str) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let root = directory.path();
        std::fs::write(root.join("metrics"), plain)?;
        std::fs::write(root.join("metrics.gz"), compressed)?;
        let address = free_address()?;
        let configuration = root.join("nginx.conf");
        std::fs::write(&configuration, text(root, address, kind))?;
        let program = PROGRAMS
            .into_iter()
            .find(|program| Command::new(program).arg("-v").output().is_ok())
            .context("nginx is missing (Debian: apt install nginx-light)")?;
        let child = Command::new(program)
            .arg("-p")
            .arg(root)
            .arg("-c")
            .arg(&configuration)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .spawn()?;
        let nginx = Self {
            child,
            address,
            _directory: directory,
        };
        let begun = Instant::now();
        while Connection::open(address).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "nginx does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(nginx)
    }

    /// Its first process, whose children serve.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Its version, as it says it.
    pub(crate) fn version() -> anyhow::Result<String> {
        let said = PROGRAMS
            .into_iter()
            .find_map(|program| Command::new(program).arg("-v").output().ok())
            .context("nginx is missing (Debian: apt install nginx-light)")?;
        let said = String::from_utf8(said.stderr)?;
        let version = said.trim().rsplit('/').next().unwrap_or_default();
        Ok(version.to_owned())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only where it is asked to.
        terminate(&self.child);
        let _ = self.child.wait();
    }
}

/// The configuration: everything that makes it faster, and no log.
fn text(root: &Path, address: SocketAddr, kind: &str) -> String {
    let root = root.display();
    // A worker has to be able to read what is in a directory of this user's own.
    let user = if rustix::process::geteuid().is_root() {
        "user root;\n"
    } else {
        ""
    };
    format!(
        r#"{user}daemon off;
worker_processes auto;
pid {root}/nginx.pid;
error_log stderr error;
events {{
    worker_connections 1024;
}}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
    open_file_cache max=16 inactive=1h;
    open_file_cache_valid 1h;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    server {{
        listen {address};
        root {root};
        location = /metrics {{
            default_type "{kind}";
            gzip_static on;
        }}
    }}
}}
"#
    )
}
