//! The command line: startup message, serving, shutdown and invalid arguments.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_heroku-sim"))
}

#[test]
fn serves_printed_accounts_and_stops_on_sigterm() {
    let arguments = [
        "--port",
        "0",
        "--token",
        "HRKU-x",
        "--today",
        "2026-08-14",
        "--fault",
        "invoices=503:1",
        "--fault",
        "enterprise-accounts=403",
        "--page-size",
        "2",
    ];
    let mut child = program()
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut message = String::new();
    while !message.contains("Ctrl-C") {
        assert_ne!(out.read_line(&mut message).unwrap(), 0, "{message}");
    }
    let value = |name: &str| {
        message
            .lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .unwrap()
    };
    assert_eq!(value("token: "), "HRKU-x");
    let (_, teams) = message.split_once("teams:\n").unwrap();
    let (teams, accounts) = teams.split_once("enterprise accounts:\n").unwrap();
    let first_id = |list: &str| list.split_whitespace().next().unwrap().to_owned();
    assert_eq!(teams.lines().count(), 3);
    assert!(message.contains("curl -s -H 'Accept: application/vnd.heroku+json; version=3' -H 'Authorization: Bearer HRKU-x'"));

    let addr = value("url:   http://");
    let send = |path: &str| {
        let mut tcp = TcpStream::connect(addr).unwrap();
        let head = "Host: x\r\nConnection: close\r\nUser-Agent: t\r\nAccept: application/vnd.heroku+json; version=3\r\nAuthorization: Bearer HRKU-x";
        write!(tcp, "GET {path} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
        let mut response = String::new();
        tcp.read_to_string(&mut response).unwrap();
        response
    };
    assert!(send("/teams").starts_with("HTTP/1.1 206 "));
    assert!(send("/enterprise-accounts").starts_with("HTTP/1.1 403 "));
    let account = first_id(accounts);
    let path = format!("/enterprise-accounts/{account}/usage/monthly?start=2026-08");
    assert!(send(&path).starts_with("HTTP/1.1 200 "));
    let id = first_id(teams);
    assert!(send(&format!("/teams/{id}/invoices")).starts_with("HTTP/1.1 503 "));
    assert!(
        send(&format!(
            "/teams/{id}/usage/monthly?start=2025-08&end=2026-08"
        ))
        .starts_with("HTTP/1.1 200 ")
    );

    let killed = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn help_lists_all_fault_endpoints() {
    let output = program().args(["--fault", "costs=503"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let (_, names) = stderr.split_once("expected one of: ").unwrap();
    let names: Vec<_> = names.lines().next().unwrap().split(", ").collect();
    assert!(names.len() > 10, "{stderr}");
    let help = program().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, help) = help.split_once("ENDPOINT is ").unwrap();
    let (help, _) = help.split_once('.').unwrap();
    let listed: Vec<_> = help
        .split([',', ' ', '\n'])
        .filter(|word| !word.is_empty() && *word != "or")
        .collect();
    assert_eq!(listed, names);
}

#[test]
fn rejects_invalid_arguments_with_status_2() {
    for (arguments, expected) in [
        (&["--fault", "costs=503"][..], "unknown endpoint"),
        (&["--today", "yesterday"], "--today"),
        (&["--port", "70000"], "--port"),
        (&["--company", "/nowhere/company.json"], "cannot read"),
        (
            &["--company", env!("CARGO_MANIFEST_PATH")],
            "is not a valid company",
        ),
    ] {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected), "{stderr}");
    }
}
