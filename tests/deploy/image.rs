//! The container image, tested without a container engine.
//!
//! The files that the Dockerfile copies are put into an empty root directory. With the Dockerfile's
//! user, the exporter runs there as process 1 of a PID namespace: it resolves names, verifies TLS,
//! serves, passes its health check and stops. `/etc/hosts` and `/etc/resolv.conf`, which an engine
//! would add, are added by the tests.

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::certificates::Authority;
use crate::dns_server;
use crate::external_tools;
use crate::http_client::{eventually, get, status};
use crate::process::{ExporterProcess, send_signal};
use crate::repository::{copy, path, read};
use crate::simulator;
use crate::tls_proxy::TlsProxy;

/// The instructions of the Dockerfile's last stage.
struct Stage(Vec<(String, String)>);

impl Stage {
    fn read() -> Self {
        let text = read("Dockerfile").replace("\\\n", " ");
        let (_, last) = text.rsplit_once("\nFROM ").expect("a stage");
        let mut lines = last.lines();
        assert_eq!(lines.next(), Some("scratch"), "the base image is empty");
        let instructions = lines.filter(|line| !line.starts_with('#'));
        let instructions = instructions.filter_map(|line| line.split_once(' '));
        Self(
            instructions
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect(),
        )
    }

    fn all<'a>(&'a self, instruction: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(found, _)| found == instruction)
            .map(|(_, arguments)| arguments.as_str())
    }

    fn one<'a>(&'a self, instruction: &'a str) -> &'a str {
        let mut all = self.all(instruction);
        let found = all.next().unwrap_or_else(|| panic!("no {instruction}"));
        assert!(all.next().is_none(), "more than one {instruction}");
        found
    }

    /// Parses a command in the exec form, which needs no shell.
    fn parse_exec_form(json: &str) -> Vec<String> {
        serde_json::from_str(json).unwrap_or_else(|_| panic!("not the exec form: {json}"))
    }
}

/// Returns the path of the binary that `make static` builds.
pub(crate) fn static_binary() -> Option<PathBuf> {
    let debug = Path::new(env!("CARGO_BIN_EXE_heroku-cost-exporter")).parent();
    let target = debug.and_then(Path::parent).expect("a target directory");
    let binary = target.join("static/heroku-cost-exporter");
    if !binary.exists() {
        external_tools::report_skipped("the static binary", "make static");
        return None;
    }
    Some(binary)
}

/// Returns whether this process may chroot and create namespaces, which usually requires root.
fn can_chroot() -> bool {
    let probe = Command::new("unshare")
        .args([
            "--pid",
            "--fork",
            "chroot",
            "--userspec=65532:65532",
            "/",
            "true",
        ])
        .stderr(Stdio::null())
        .status();
    let can = probe.is_ok_and(|status| status.success());
    if !can {
        external_tools::report_skipped("root, for chroot", "run the tests as root");
    }
    can
}

/// The image's root directory, and how to run it.
struct Image {
    root: TempDir,
    stage: Stage,
}

impl Image {
    /// Creates the root directory, with `authority` among the trusted CAs.
    fn assemble(binary: &Path, authority: Option<&Authority>) -> Self {
        let stage = Stage::read();
        let root = tempfile::tempdir().unwrap();
        // The image's user must be able to traverse it.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(root.path(), mode).unwrap();
        for copied in stage.all("COPY") {
            let words: Vec<_> = copied.split(' ').collect();
            let (from, to) = match words.as_slice() {
                // The build stage has the binary and the system's certificates.
                ["--from=build", "/heroku-cost-exporter", to] => (binary.to_owned(), to),
                ["--from=build", from, to] => (from.into(), to),
                [from, to] => (path(from), to),
                _ => panic!("{copied}"),
            };
            copy(&from, &root.path().join(to.trim_start_matches('/')));
        }
        let image = Self { root, stage };
        if let Some(authority) = authority {
            let bundle = "etc/ssl/certs/ca-certificates.crt";
            let text = fs::read_to_string(image.root.path().join(bundle)).unwrap();
            image.write(bundle, &(text + &authority.certificate()));
        }
        image.write("etc/hosts", "127.0.0.1 localhost heroku-by-hosts.test\n");
        image.write(
            "etc/resolv.conf",
            &format!("nameserver {}\n", dns_server::ADDRESS),
        );
        image
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.root.path().join(name), text).unwrap();
    }

    /// Returns a command that runs in the root directory, as the image's user and process 1.
    fn command(&self, command: &[String]) -> Command {
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--pid", "--fork", "--kill-child", "chroot"])
            .arg(format!("--userspec={}", self.stage.one("USER")))
            .arg("--groups=")
            .arg(self.root.path())
            .args(command)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // `unshare` searches `PATH` for `chroot`.
        unshare.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        unshare
    }

    fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> ExporterProcess {
        let mut command = Stage::parse_exec_form(self.stage.one("ENTRYPOINT"));
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let mut command = self.command(&command);
        command.envs(environment.iter().copied()).env("PORT", "0");
        ExporterProcess::spawn(command)
    }

    fn check_health(&self, port: u16) -> Output {
        let healthcheck = self.stage.one("HEALTHCHECK");
        let (_, command) = healthcheck.split_once("CMD ").unwrap();
        let mut command = self.command(&Stage::parse_exec_form(command));
        command.env("PORT", port.to_string()).output().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn image_resolves_names_verifies_tls_serves_and_stops() {
    let Some(binary) = static_binary() else {
        return;
    };
    if !can_chroot() {
        return;
    }
    let socket = UdpSocket::bind((dns_server::ADDRESS, 53)).expect("the DNS port");
    let names = dns_server::serve(socket, "heroku-by-dns.test");
    let authority = Authority::new("the CA of a test");
    let heroku = simulator::start().await;
    let hosts = ["heroku-by-dns.test", "heroku-by-hosts.test"];
    let proxy = TlsProxy::start(&authority.server_of(&hosts), heroku.addr()).await;
    let port = proxy.address().port();
    tokio::task::spawn_blocking(move || {
        let image = Image::assemble(&binary, Some(&authority));
        for host in hosts {
            let url = format!("https://{host}:{port}");
            let environment = [
                ("HEROKU_API_URL", url.as_str()),
                ("HEROKU_API_KEY", heroku.token()),
                ("HEROKU_TEAM_ID", "*"),
            ];
            let mut unshare = image.start(&[], &environment);
            let address = unshare.address;
            let id = unshare.child_id();
            let process = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
            let field = |name: &str| {
                let line = process.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap().split_whitespace().collect::<Vec<_>>()
            };
            assert_eq!(field("NSpid:").last(), Some(&"1"));
            assert_eq!(field("Uid:"), ["65532"; 4]);
            assert_eq!(field("CapEff:"), ["0000000000000000"]);

            eventually("the exporter is ready", || {
                status(&get(address, "/-/ready")) == "200"
            });
            let metrics = get(address, "/metrics");
            let up: Vec<_> = metrics
                .lines()
                .filter(|l| l.starts_with("heroku_up{"))
                .collect();
            assert!(
                !up.is_empty() && up.iter().all(|line| line.ends_with(" 1")),
                "{up:?}"
            );
            assert!(metrics.contains("heroku_team_cost_usd{"), "{metrics}");

            let health = image.check_health(address.port());
            let stderr = String::from_utf8_lossy(&health.stderr);
            assert!(health.status.success(), "{stderr}");
            unshare.stop_by_id(id, "TERM");
            assert_eq!(image.check_health(address.port()).status.code(), Some(1));
        }
        assert!(names.try_iter().any(|name| name == hosts[0]));

        // Without the authority's certificate, the handshake fails.
        let image = Image::assemble(&binary, None);
        let url = format!("https://{}:{port}", hosts[1]);
        let environment = [
            ("HEROKU_API_URL", url.as_str()),
            ("HEROKU_API_KEY", heroku.token()),
            ("HEROKU_TEAM_ID", "*"),
        ];
        let before = heroku.requests().len();
        let unshare = image.start(&[], &environment);
        let line = unshare.wait_for_log("reason=network", 1);
        assert!(line.contains("certificate"), "{line}");
        assert_eq!(heroku.requests().len(), before, "the token was sent");
        // `--kill-child` has no effect: the change of user cleared the parent-death signal.
        send_signal("KILL", unshare.child_id());
    })
    .await
    .unwrap();
}

#[test]
fn image_runs_demo_and_contains_nothing_else() {
    let Some(binary) = static_binary() else {
        return;
    };
    let image = Image::assemble(&binary, None);
    let mut size = 0;
    let mut files = Vec::new();
    let mut directories = vec![image.root.path().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else {
                let path = entry.path();
                size += entry.metadata().unwrap().len();
                let below = path.strip_prefix(image.root.path()).unwrap();
                files.push(below.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    let added = ["etc/hosts", "etc/resolv.conf"];
    files.retain(|file| !added.contains(&file.as_str()));
    assert_eq!(
        files,
        [
            "LICENSE",
            "etc/ssl/certs/ca-certificates.crt",
            "heroku-cost-exporter"
        ]
    );
    let makefile = read("Makefile");
    let (_, limit) = makefile.split_once("LARGEST_IMAGE := ").unwrap();
    let limit: u64 = limit.lines().next().unwrap().parse().unwrap();
    assert!(size < limit, "{size} bytes");
    assert_ne!(image.stage.one("USER").split(':').next(), Some("0"));
    if !can_chroot() {
        return;
    }
    let mut unshare = image.start(&["demo"], &[]);
    assert_eq!(status(&get(unshare.address, "/metrics")), "200");
    unshare.stop_by_id(unshare.child_id(), "TERM");
}

/// The files that `.dockerignore` lets through are enough for the build. Unlike `cargo metadata`,
/// `cargo fetch` fails if the source of a target is missing.
#[test]
fn build_context_is_complete() {
    let context = tempfile::tempdir().unwrap();
    let rules = read(".dockerignore");
    let mut rules = rules.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(rules.next(), Some("*"), "everything is excluded by default");
    for rule in rules {
        match rule.strip_prefix('!') {
            Some(name) => copy_recursively(&path(name), &context.path().join(name)),
            None => assert_eq!(rule, "crates/*/tests"),
        }
    }
    for entry in fs::read_dir(context.path().join("crates"))
        .unwrap()
        .flatten()
    {
        // Not every crate has tests.
        let _ = fs::remove_dir_all(entry.path().join("tests"));
    }
    let output = Command::new(env!("CARGO"))
        .args(["fetch", "--offline", "--locked"])
        .current_dir(context.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    for (file, text) in sources(&context.path().join("src")) {
        for (prefix, base) in [
            ("include_str!(\"", file.parent().unwrap()),
            ("template(path = \"", &context.path().join("templates")),
        ] {
            for rest in text.split(prefix).skip(1) {
                let (name, _) = rest.split_once('"').unwrap();
                assert!(base.join(name).exists(), "{name}, for {}", file.display());
            }
        }
    }
    for copied in Stage::read()
        .all("COPY")
        .filter(|copied| !copied.starts_with("--from"))
    {
        let (from, _) = copied.split_once(' ').unwrap();
        assert!(context.path().join(from).exists(), "{from}");
    }
}

/// Reads all files below a directory.
fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(directory).unwrap().flatten();
    let files = entries.flat_map(|entry| match entry.path() {
        path if path.is_dir() => sources(&path),
        path => vec![(path.clone(), fs::read_to_string(path).unwrap())],
    });
    files.collect()
}

fn copy_recursively(from: &Path, to: &Path) {
    if !from.is_dir() {
        return copy(from, to);
    }
    for entry in fs::read_dir(from).unwrap().flatten() {
        copy_recursively(&entry.path(), &to.join(entry.file_name()));
    }
}
