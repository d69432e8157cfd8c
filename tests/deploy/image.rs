//! The image, proved where there is no Docker engine: the very files that the Dockerfile copies, in an
//! otherwise empty file system, run by the user that it names, as the first process of a name space.
//! There the program resolves names, verifies TLS, serves, is asked for its health, and stops.
//!
//! What the engine itself would add is added: `/etc/hosts` and `/etc/resolv.conf`.

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::certificates::Authority;
use crate::external_tools;
use crate::files::{copy, path, read};
use crate::front::Front;
use crate::name_server;
use crate::program::{Program, STOP_BOUND, eventually, get, send, status};
use crate::service::heroku;

/// The last stage of the Dockerfile.
struct Stage(Vec<(String, String)>);

impl Stage {
    fn read() -> Self {
        let text = read("Dockerfile").replace("\\\n", " ");
        let (_, last) = text.rsplit_once("\nFROM ").expect("it has a stage");
        let mut lines = last.lines();
        assert_eq!(
            lines.next(),
            Some("scratch"),
            "nothing is there to begin with"
        );
        let instructions = lines.filter(|line| !line.starts_with('#'));
        let instructions = instructions.filter_map(|line| line.split_once(' '));
        Self(
            instructions
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect(),
        )
    }

    fn all<'a>(&'a self, instruction: &'a str) -> impl Iterator<Item = &'a str> {
        let of_it = move |(found, rest): &'a (String, String)| {
            (found == instruction).then_some(rest.as_str())
        };
        self.0.iter().filter_map(of_it)
    }

    fn one<'a>(&'a self, instruction: &'a str) -> &'a str {
        let mut all = self.all(instruction);
        let found = all.next().unwrap_or_else(|| panic!("no {instruction}"));
        assert!(all.next().is_none(), "{instruction} stands twice");
        found
    }

    fn words(json: &str) -> Vec<String> {
        serde_json::from_str(json)
            .unwrap_or_else(|_| panic!("in the form that needs no shell: {json}"))
    }
}

/// The static program that `make static` builds.
pub(crate) fn static_program() -> Option<PathBuf> {
    let debug = Path::new(env!("CARGO_BIN_EXE_heroku-cost-exporter")).parent();
    let target = debug.and_then(Path::parent).expect("a target directory");
    let program = target.join("static/heroku-cost-exporter");
    if !program.exists() {
        external_tools::report_skipped("the static program", "make static");
        return None;
    }
    Some(program)
}

/// Whether this process may change its root and make name spaces, which takes root.
fn may_change_root() -> bool {
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
    let may = probe.is_ok_and(|status| status.success());
    if !may {
        external_tools::report_skipped(
            "root, to change the root directory",
            "run the tests as root",
        );
    }
    may
}

/// The image's files, and how it is run.
struct Image {
    tree: TempDir,
    stage: Stage,
}

impl Image {
    /// Puts the tree together. `authority` joins those whose certificates the image trusts.
    fn assemble(program: &Path, authority: Option<&Authority>) -> Self {
        let stage = Stage::read();
        let tree = tempfile::tempdir().unwrap();
        // A user who is not root has to be able to walk it.
        let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(tree.path(), everyone).unwrap();
        for copied in stage.all("COPY") {
            let words: Vec<_> = copied.split(' ').collect();
            let (from, to) = match words.as_slice() {
                // The build stage has the system's certificates and the program.
                ["--from=build", "/heroku-cost-exporter", to] => (program.to_owned(), to),
                ["--from=build", from, to] => (from.into(), to),
                [from, to] => (path(from), to),
                _ => panic!("{copied}"),
            };
            copy(&from, &tree.path().join(to.trim_start_matches('/')));
        }
        let image = Self { tree, stage };
        if let Some(authority) = authority {
            let bundle = "etc/ssl/certs/ca-certificates.crt";
            let text = fs::read_to_string(image.tree.path().join(bundle)).unwrap();
            image.write(bundle, &(text + &authority.certificate()));
        }
        image.write("etc/hosts", "127.0.0.1 localhost heroku-by-hosts.test\n");
        image.write(
            "etc/resolv.conf",
            &format!("nameserver {}\n", name_server::ADDRESS),
        );
        image
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.tree.path().join(name), text).unwrap();
    }

    /// A command of the image within its tree, by its user, as the first process of a name space.
    fn command(&self, command: &[String]) -> Command {
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--pid", "--fork", "--kill-child", "chroot"])
            .arg(format!("--userspec={}", self.stage.one("USER")))
            .arg("--groups=")
            .arg(self.tree.path())
            .args(command)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // The shell's search path is the suite's business, and not the image's.
        unshare.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        unshare
    }

    fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Program {
        let mut command = Stage::words(self.stage.one("ENTRYPOINT"));
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let mut command = self.command(&command);
        Program::spawn(std::mem::replace(
            command.envs(environment.iter().copied()).env("PORT", "0"),
            Command::new("true"),
        ))
    }

    fn health(&self, port: u16) -> Output {
        let check = self.stage.one("HEALTHCHECK");
        let (_, check) = check.split_once("CMD ").unwrap();
        let mut command = self.command(&Stage::words(check));
        command.env("PORT", port.to_string()).output().unwrap()
    }
}

/// The number of the process within the name space that `unshare` made.
fn first_process(program: &Program) -> u32 {
    let id = program.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    children.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_resolves_verifies_serves_and_stops() {
    let Some(program) = static_program() else {
        return;
    };
    if !may_change_root() {
        return;
    }
    let names = UdpSocket::bind((name_server::ADDRESS, 53)).expect("a name server's port");
    let asked = name_server::answer_all(names, "heroku-by-dns.test");
    let authority = Authority::new("the CA of a test");
    let heroku = heroku().await;
    let hosts = ["heroku-by-dns.test", "heroku-by-hosts.test"];
    let front = Front::start(&authority.server_of(&hosts), heroku.addr()).await;
    let port = front.address().port();
    tokio::task::spawn_blocking(move || {
        let image = Image::assemble(&program, Some(&authority));
        for host in hosts {
            let url = format!("https://{host}:{port}");
            let environment = [
                ("HEROKU_API_URL", url.as_str()),
                ("HEROKU_API_KEY", heroku.token()),
                ("HEROKU_TEAM_ID", "*"),
            ];
            let mut program = image.start(&[], &environment);
            let first = first_process(&program);
            let of_process = fs::read_to_string(format!("/proc/{first}/status")).unwrap();
            let line = |name: &str| {
                let line = of_process.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap().split_whitespace().collect::<Vec<_>>()
            };
            assert_eq!(line("NSpid:").last(), Some(&"1"), "the first process");
            assert_eq!(line("Uid:"), ["65532"; 4]);
            assert_eq!(line("CapEff:"), ["0000000000000000"]);

            eventually("every endpoint was asked", || {
                status(&get(program.address, "/-/ready")) == "200"
            });
            let metrics = get(program.address, "/metrics");
            let up: Vec<_> = metrics
                .lines()
                .filter(|l| l.starts_with("heroku_up{"))
                .collect();
            assert!(
                !up.is_empty() && up.iter().all(|line| line.ends_with(" 1")),
                "{up:?}"
            );
            assert!(metrics.contains("heroku_team_cost_usd{"), "{metrics}");

            let health = image.health(program.address.port());
            let said = String::from_utf8_lossy(&health.stderr);
            assert!(health.status.success(), "{said}");
            let begun = std::time::Instant::now();
            send("TERM", first);
            let (status, took) = program.ended(begun);
            assert!(status.success() && took < STOP_BOUND, "{status} {took:?}");
            assert_eq!(image.health(program.address.port()).status.code(), Some(1));
        }
        assert!(asked.try_iter().any(|name| name == hosts[0]));

        // The same tree without the authority's certificate.
        let image = Image::assemble(&program, None);
        let url = format!("https://{}:{port}", hosts[1]);
        let environment = [
            ("HEROKU_API_URL", url.as_str()),
            ("HEROKU_API_KEY", heroku.token()),
            ("HEROKU_TEAM_ID", "*"),
        ];
        let before = heroku.requests().len();
        let program = image.start(&[], &environment);
        let line = program.logged("reason=network", 1);
        assert!(line.contains("certificate"), "{line}");
        assert_eq!(heroku.requests().len(), before, "the token went nowhere");
        // It would outlive `unshare`: whoever takes on another user is not killed with its parent.
        send("KILL", first_process(&program));
    })
    .await
    .unwrap();
}

#[test]
fn the_image_plays_the_demo_and_holds_nothing_else() {
    let Some(program) = static_program() else {
        return;
    };
    let image = Image::assemble(&program, None);
    let mut size = 0;
    let mut files = Vec::new();
    let mut directories = vec![image.tree.path().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else {
                let path = entry.path();
                size += entry.metadata().unwrap().len();
                let below = path.strip_prefix(image.tree.path()).unwrap();
                files.push(below.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    let engines = ["etc/hosts", "etc/resolv.conf"];
    files.retain(|file| !engines.contains(&file.as_str()));
    assert_eq!(
        files,
        [
            "LICENSE",
            "etc/ssl/certs/ca-certificates.crt",
            "heroku-cost-exporter"
        ]
    );
    let largest = read("Makefile");
    let (_, largest) = largest.split_once("LARGEST_IMAGE := ").unwrap();
    let largest: u64 = largest.lines().next().unwrap().parse().unwrap();
    assert!(size < largest, "{size} bytes");
    assert_ne!(image.stage.one("USER").split(':').next(), Some("0"));
    if !may_change_root() {
        return;
    }
    let mut program = image.start(&["demo"], &[]);
    assert_eq!(status(&get(program.address, "/metrics")), "200");
    let begun = std::time::Instant::now();
    send("TERM", first_process(&program));
    let (status, took) = program.ended(begun);
    assert!(status.success() && took < STOP_BOUND, "{status} {took:?}");
}

/// What `.dockerignore` lets into the build is a package that cargo can build: where `metadata` is
/// content, `build` and `fetch` want to know of every target where it is.
#[test]
fn the_build_context_is_whole() {
    let context = tempfile::tempdir().unwrap();
    let rules = read(".dockerignore");
    let mut rules = rules.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(
        rules.next(),
        Some("*"),
        "nothing is let in that is not named"
    );
    for rule in rules {
        match rule.strip_prefix('!') {
            Some(name) => copy_all(&path(name), &context.path().join(name)),
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for (file, text) in sources(&context.path().join("src")) {
        for (before, below) in [
            ("include_str!(\"", file.parent().unwrap()),
            ("template(path = \"", &context.path().join("templates")),
        ] {
            for rest in text.split(before).skip(1) {
                let (name, _) = rest.split_once('"').unwrap();
                assert!(below.join(name).exists(), "{name}, for {}", file.display());
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

/// The files of a directory and of those below it.
fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(directory).unwrap().flatten();
    let files = entries.flat_map(|entry| match entry.path() {
        path if path.is_dir() => sources(&path),
        path => vec![(path.clone(), fs::read_to_string(path).unwrap())],
    });
    files.collect()
}

fn copy_all(from: &Path, to: &Path) {
    if !from.is_dir() {
        return copy(from, to);
    }
    for entry in fs::read_dir(from).unwrap().flatten() {
        copy_all(&entry.path(), &to.join(entry.file_name()));
    }
}
