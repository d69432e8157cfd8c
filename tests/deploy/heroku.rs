//! `deploy/heroku`: the app, built and started as Heroku does it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine;
use tempfile::TempDir;

use crate::files::{copy, path, read};
use crate::program::{Program, STOP_BOUND, ask, get, status};
use crate::service::heroku;

/// The app's directory with the program in it.
fn app() -> TempDir {
    let app = tempfile::tempdir().unwrap();
    for file in ["Procfile", "bin/detect", "bin/compile", "bin/release"] {
        copy(&path("deploy/heroku").join(file), &app.path().join(file));
    }
    copy(
        Path::new(env!("CARGO_BIN_EXE_heroku-cost-exporter")),
        &app.path().join("heroku-cost-exporter"),
    );
    app
}

/// The web process, as a dyno starts it: by a shell, with the app's config vars and a port.
fn web(app: &TempDir, config: &[(&str, &str)]) -> Command {
    let procfile = read("deploy/heroku/Procfile");
    let command = procfile.strip_prefix("web: ").unwrap().trim_end();
    let mut shell = Command::new("bash");
    shell
        .args(["-c", command])
        .current_dir(app.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PORT", "0")
        .envs(config.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    shell
}

fn build_step(app: &TempDir, step: &str) -> Output {
    let step = Command::new(app.path().join("bin").join(step))
        .arg(app.path())
        .output();
    step.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_starts_listens_on_its_port_and_asks_who_comes() {
    let app = app();
    for step in ["detect", "compile", "release"] {
        let output = build_step(&app, step);
        assert!(output.status.success() && !output.stdout.is_empty());
    }
    let heroku = heroku().await;
    let hash = bcrypt::hash("changeme", 4).unwrap();
    tokio::task::spawn_blocking(move || {
        // As the document has it: the hash has dollar signs, which no shell may expand.
        let web_config = format!("basic_auth_users: {{ prometheus: '{hash}' }}");
        let config = [
            ("HEROKU_API_KEY", heroku.token()),
            ("HEROKU_TEAM_ID", "*"),
            ("HEROKU_API_URL", &heroku.url()),
            ("WEB_CONFIG", &web_config),
        ];
        let mut program = Program::spawn(web(&app, &config));
        assert_eq!(status(&get(program.address, "/metrics")), "401");
        let user = base64::prelude::BASE64_STANDARD.encode("prometheus:changeme");
        let user = format!("Authorization: Basic {user}");
        let answer = ask(
            program.address,
            &["GET /metrics HTTP/1.1", "Host: x", &user],
        );
        assert_eq!(status(&answer), "200");
        let (status, took) = program.stop("TERM");
        assert!(status.success() && took < STOP_BOUND, "{status} {took:?}");
    })
    .await
    .unwrap();
}

#[test]
fn the_app_does_not_start_open() {
    let app = app();
    for config in [&[][..], &[("WEB_CONFIG", "")]] {
        let output = web(&app, config).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(said.contains("WEB_CONFIG: is not set"), "{said}");
    }
}

#[test]
fn a_build_without_the_program_fails() {
    let app = app();
    fs::remove_file(app.path().join("heroku-cost-exporter")).unwrap();
    assert!(!build_step(&app, "compile").status.success());
}
