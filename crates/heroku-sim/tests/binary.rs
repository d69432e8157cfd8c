//! The program: it says where it is, serves, refuses nonsense and stops when told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_heroku-sim"))
}

#[test]
fn it_serves_what_it_says_and_stops_on_sigterm() {
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
    let mut said = String::new();
    while !said.contains("Ctrl-C") {
        assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let value = |name: &str| {
        said.lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .unwrap()
    };
    assert_eq!(value("HEROKU_API_KEY="), "HRKU-x");
    assert_eq!(value("HEROKU_TEAM_ID=").split(',').count(), 3);
    assert!(said.contains("curl -s -H 'Accept: application/vnd.heroku+json; version=3' -H 'Authorization: Bearer HRKU-x'"));

    let addr = value("HEROKU_API_URL=").strip_prefix("http://").unwrap();
    let ask = |path: &str| {
        let mut tcp = TcpStream::connect(addr).unwrap();
        let head = "Host: x\r\nConnection: close\r\nUser-Agent: t\r\nAccept: application/vnd.heroku+json; version=3\r\nAuthorization: Bearer HRKU-x";
        write!(tcp, "GET {path} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask("/teams").starts_with("HTTP/1.1 206 "));
    assert!(ask("/enterprise-accounts").starts_with("HTTP/1.1 403 "));
    let (_, account) = said.split_once("enterprise accounts:\n  ").unwrap();
    let (account, _) = account.split_once(' ').unwrap();
    let path = format!("/enterprise-accounts/{account}/usage/monthly?start=2026-08");
    assert!(ask(&path).starts_with("HTTP/1.1 200 "));
    let id = value("HEROKU_TEAM_ID=").split(',').next().unwrap();
    assert!(ask(&format!("/teams/{id}/invoices")).starts_with("HTTP/1.1 503 "));
    assert!(
        ask(&format!(
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
fn every_endpoint_that_a_fault_can_be_for_is_in_the_help() {
    let refused = program().args(["--fault", "costs=503"]).output().unwrap();
    let refused = String::from_utf8(refused.stderr).unwrap();
    let (_, names) = refused.split_once("\"costs\": ").unwrap();
    let names: Vec<_> = names.lines().next().unwrap().split(", ").collect();
    assert!(names.len() > 10, "{refused}");
    let help = program().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, help) = help.split_once("ENDPOINT is ").unwrap();
    let (help, _) = help.split_once('.').unwrap();
    let told: Vec<_> = help
        .split([',', ' ', '\n'])
        .filter(|word| !word.is_empty() && *word != "or")
        .collect();
    assert_eq!(told, names);
}

#[test]
fn nonsense_is_refused_with_2() {
    for (arguments, told) in [
        (&["--fault", "costs=503"][..], "no endpoint is called"),
        (&["--today", "yesterday"], "--today"),
        (&["--port", "70000"], "--port"),
        (&["--company", "/nowhere/company.json"], "cannot read"),
        (
            &["--company", env!("CARGO_MANIFEST_PATH")],
            "does not describe a company",
        ),
    ] {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(told), "{said}");
    }
}
