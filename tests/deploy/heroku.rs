//! `deploy/heroku`: the app, built and started as on Heroku.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine;
use tempfile::TempDir;

use crate::http_client::{get, send_request, status};
use crate::process::ExporterProcess;
use crate::repository::{copy, path, read};
use crate::simulator;

/// Returns a directory with the app and the binary.
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

/// Returns the command of the web process. As on a dyno, a shell runs it with config vars and a
/// port.
fn web_process(app: &TempDir, config: &[(&str, &str)]) -> Command {
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
async fn app_listens_on_port_and_requires_authentication() {
    let app = app();
    for step in ["detect", "compile", "release"] {
        let output = build_step(&app, step);
        assert!(output.status.success() && !output.stdout.is_empty());
    }
    let heroku = simulator::start().await;
    let hash = bcrypt::hash("changeme", 4).unwrap();
    tokio::task::spawn_blocking(move || {
        // The hash has dollar signs, which the shell must not expand.
        let web_config = format!("basic_auth_users: {{ prometheus: '{hash}' }}");
        let config = [
            ("HEROKU_API_KEY", heroku.token()),
            ("HEROKU_TEAM_ID", "*"),
            ("HEROKU_API_URL", &heroku.url()),
            ("WEB_CONFIG", &web_config),
        ];
        let mut exporter = ExporterProcess::spawn(web_process(&app, &config));
        assert_eq!(status(&get(exporter.address, "/metrics")), "401");
        let credentials = base64::prelude::BASE64_STANDARD.encode("prometheus:changeme");
        let authorization = format!("Authorization: Basic {credentials}");
        let response = send_request(
            exporter.address,
            &["GET /metrics HTTP/1.1", "Host: x", &authorization],
        );
        assert_eq!(status(&response), "200");
        exporter.stop("TERM");
    })
    .await
    .unwrap();
}

#[test]
fn app_does_not_start_without_web_config() {
    let app = app();
    for config in [&[][..], &[("WEB_CONFIG", "")]] {
        let output = web_process(&app, config).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(stderr.contains("WEB_CONFIG: is not set"), "{stderr}");
    }
}

#[test]
fn build_without_binary_fails() {
    let app = app();
    fs::remove_file(app.path().join("heroku-cost-exporter")).unwrap();
    assert!(!build_step(&app, "compile").status.success());
}
