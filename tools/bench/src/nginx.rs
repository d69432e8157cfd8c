//! nginx, configured as a fast static file server.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::process::{free_address, terminate};

/// The paths of the program. Debian installs it in `/usr/sbin`, which may not be in `PATH`.
const PROGRAMS: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

const MISSING: &str = "nginx is missing (Debian: apt install nginx-light)";

/// The maximum time until nginx accepts connections.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The served files; deleted on drop.
    _directory: TempDir,
}

impl Nginx {
    /// Starts nginx. For `/metrics` it serves `compressed` to clients that accept gzip, and `plain`
    /// to others.
    pub(crate) fn start(
        plain: &[u8],
        compressed: &[u8],
        content_type: &str,
    ) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let root = directory.path();
        std::fs::write(root.join("metrics"), plain)?;
        std::fs::write(root.join("metrics.gz"), compressed)?;
        let address = free_address()?;
        let config_file = root.join("nginx.conf");
        std::fs::write(&config_file, configuration(root, address, content_type))?;
        let child = Command::new(find()?.0)
            .arg("-p")
            .arg(root)
            .arg("-c")
            .arg(&config_file)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .spawn()?;
        let nginx = Self {
            child,
            address,
            _directory: directory,
        };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(started.elapsed() < STARTUP_TIMEOUT, "nginx did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGKILL would not stop the worker processes.
        terminate(&self.child);
        let _ = self.child.wait();
    }
}

/// Returns the version of nginx.
pub(crate) fn version() -> anyhow::Result<String> {
    // The output is `nginx version: nginx/1.22.1`.
    let (_, output) = find()?;
    let version = output.trim().rsplit('/').next().unwrap_or_default();
    Ok(version.to_owned())
}

/// Returns the path of the program and the output of its option `-v`.
fn find() -> anyhow::Result<(&'static str, String)> {
    let (program, output) = PROGRAMS
        .into_iter()
        .find_map(|program| Some((program, Command::new(program).arg("-v").output().ok()?)))
        .context(MISSING)?;
    Ok((program, String::from_utf8(output.stderr)?))
}

/// Returns the configuration: all options that make serving files faster, and no access log.
fn configuration(root: &Path, address: SocketAddr, content_type: &str) -> String {
    let root = root.display();
    // The workers must be able to read the directory, which only this user can read.
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
            default_type "{content_type}";
            gzip_static on;
        }}
    }}
}}
"#
    )
}
