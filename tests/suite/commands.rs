//! Runs every shell block of the README and of the documents.
//!
//! The exporter, `curl` and `jq` are real. Programs that need a cloud, root or a container are replaced
//! by a stub, which checks that the files among its arguments exist.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use heroku_cost_exporter::clock::Clock;
use heroku_sim::{Company, Simulator};
use jiff::tz::Offset;

use crate::documents::code_blocks;
use crate::exporter::{BINARY, ExporterBuilder};
use crate::external_tools;
use crate::scenario::TeamCounts;
use crate::scrape::Scrape;

/// The documents with commands for users.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "deploy/README.md",
    "docs/API.md",
    "docs/CONFIGURATION.md",
    "docs/MIGRATION.md",
    "docs/RUNBOOK.md",
];

/// Programs that cannot run in a test.
const STUBS: [&str; 11] = [
    "amtool",
    "apt",
    "docker",
    "git",
    "heroku",
    "htpasswd",
    "journalctl",
    "kubectl",
    "sudo",
    "sudoedit",
    "systemctl",
];

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Writes an executable file.
fn write_program(path: PathBuf, text: &str) {
    fs::write(&path, text).expect("the directory is writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
}

/// Writes the programs that the blocks call.
fn write_programs(directory: &Path, served: &str) {
    // A server runs for a moment, and must then end with status 0.
    let exporter = format!("#!/bin/sh\nexec timeout --preserve-status 2 {BINARY} \"$@\"\n");
    write_program(directory.join("heroku-cost-exporter"), &exporter);
    // `cargo run` runs the program that is already built; `cargo test` runs this test.
    let cargo = "#!/bin/sh\n\
        case \"$*\" in\n\
        'run --release -- '*) shift 3; exec heroku-cost-exporter \"$@\";;\n\
        'test --workspace' | 'install --locked --path .') exit 0;;\n\
        *) echo \"unknown command: cargo $*\" >&2; exit 1;;\n\
        esac\n";
    write_program(directory.join("cargo"), cargo);
    let curl = format!(
        "#!/bin/bash\nexec /usr/bin/curl --fail --max-time 10 \"${{@//localhost:8080/{served}}}\"\n"
    );
    write_program(directory.join("curl"), &curl);
    let stub = "#!/bin/sh\n\
        [ -t 0 ] || cat > /dev/null\n\
        for argument; do\n\
        case $argument in\n\
        deploy/*) [ -e \"$argument\" ] || { echo \"no such file: $argument\" >&2; exit 1; };;\n\
        esac\n\
        done\n\
        echo HRKU-stub\n";
    for name in STUBS {
        write_program(directory.join(name), stub);
    }
}

/// A simulated Heroku with the teams that the documents name.
async fn start_simulator() -> Simulator {
    let today = Offset::UTC.to_datetime(Clock::system().now()).date();
    let mut company = Company::synthetic(1, today);
    let names = ["acme-web", "acme-data", "acme-platform"];
    for (team, name) in company.teams.iter_mut().zip(names) {
        team.name = name.to_owned();
    }
    let heroku = Simulator::builder(company, today).start().await;
    heroku.expect("loopback has a free port")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shell_block_succeeds() {
    for (program, package) in [("curl", "curl"), ("jq", "jq"), ("bash", "bash")] {
        if external_tools::find_program(program, package).is_none() {
            return;
        }
    }
    let heroku = start_simulator().await;
    let demo = ExporterBuilder::new(&["demo"]).start().await;
    let is_complete = |scrape: &Scrape| TeamCounts::from_scrape(scrape).usage == 3;
    demo.wait_for_scrape("the demo's data", is_complete).await;
    let mut number = 0;
    for document in DOCUMENTS {
        for (line, block) in code_blocks(document, "sh") {
            number += 1;
            let directory = tempfile::tempdir().expect("a temporary directory");
            let programs = directory.path().join("bin");
            let work = directory.path().join("work");
            let target = directory.path().join("root");
            for new in [&programs, &work, &target] {
                fs::create_dir(new).expect("the directory is writable");
            }
            for installed in ["etc/bash_completion.d", "usr/local/share/man/man1"] {
                fs::create_dir_all(target.join(installed)).expect("the directory is writable");
            }
            std::os::unix::fs::symlink(root().join("deploy"), work.join("deploy"))
                .expect("the directory is writable");
            write_programs(&programs, &demo.addresses[0].to_string());
            // What the reader replaces, and files outside of the test's directory.
            let block = block
                .replace("HRKU-…", heroku.token())
                .replace("…/heroku-cost-exporter", BINARY)
                .replace("> /etc/", &format!("> {}/etc/", target.display()))
                .replace("> /usr/", &format!("> {}/usr/", target.display()));
            let output = Command::new("/bin/bash")
                .args(["-euo", "pipefail", "-c", &block])
                .current_dir(&work)
                .env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
                .env("HEROKU_API_URL", heroku.url())
                .env("HEROKU_API_KEY", heroku.token())
                .env("HEROKU_TEAM_ID", "acme-web")
                .env("WEB_LISTEN_ADDRESS", "127.0.0.1:0")
                .output()
                .expect("bash starts");
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            assert!(
                output.status.success(),
                "{document}:{line}\n{block}\n{text}"
            );
            if block.contains("curl") || block.contains(" check") {
                assert!(!text.trim().is_empty(), "{document}:{line}\n{block}");
            }
        }
    }
    assert!(number > 15, "{number} blocks");
}
