//! Files that change under the running program.

use crate::access::{says, users};
use crate::certificates::{Directory, TLS};
use crate::program::{Program, ask, eventually, status};
use crate::tls_client::Client;

const RELOADED: &str = "web configuration reloaded";
const REJECTED: &str = "keeping the last valid one";

fn status_for(program: &Program, claim: &str) -> String {
    let lines = ["GET / HTTP/1.1", "Host: x", &says(claim)];
    status(&ask(program.address, &lines)).to_owned()
}

#[test]
fn applies_changed_users() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(&users("first")));
    assert_eq!(status_for(&program, "alice:first"), "200");
    directory.web(&users("second"));
    program.logged(RELOADED, 1);
    assert_eq!(status_for(&program, "alice:second"), "200");
    // Also where it was remembered.
    assert_eq!(status_for(&program, "alice:first"), "401");
}

#[test]
fn keeps_last_valid_config_and_logs_once() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(&users("first")));
    directory.web("basic_auth_users:\n  alice: hunter2\n");
    let told = program.logged(REJECTED, 1);
    assert!(
        told.contains("2:10: basic_auth_users.alice") && !told.contains("hunter2"),
        "{told}"
    );
    assert_eq!(status_for(&program, "alice:first"), "200");
    assert_eq!(status_for(&program, "alice:hunter2"), "401");

    // Emptied, as by an editor that has not written yet; and gone, as by one that moves files.
    directory.web("");
    program.logged(REJECTED, 2);
    assert_eq!(status_for(&program, "alice:wrong"), "401");
    std::fs::remove_file(directory.path().join("web.yml")).unwrap();
    program.logged(REJECTED, 3);
    assert_eq!(status_for(&program, "alice:wrong"), "401");

    directory.web(&users("second"));
    program.logged(RELOADED, 1);
    assert_eq!(status_for(&program, "alice:second"), "200");
    let told = program.log();
    assert_eq!(
        told.iter().filter(|line| line.contains(REJECTED)).count(),
        3
    );
}

#[test]
fn rejects_reload_that_disables_tls() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(TLS));
    directory.web("# TLS was here\n");
    let told = program.logged(REJECTED, 1);
    assert!(told.contains("requires a restart"), "{told}");
    let client = Client::new(&directory.authority);
    assert!(client.get(program.address, "/", &[]).is_ok());
}

#[test]
fn applies_changed_certificates() {
    let directory = Directory::new();
    let text =
        format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n");
    let program = Program::with_web_config(&directory.web(&text));
    let pair = directory.authority.client(vec![]);
    let client = Client {
        identity: Some(&pair),
        ..Client::new(&directory.authority)
    };
    let server = || client.get(program.address, "/", &[]).unwrap().server;
    let first = server();

    // One of two files that belong together is a broken change.
    directory.write("server.key", &directory.authority.server().key);
    let told = program.logged(REJECTED, 1);
    assert!(told.contains("not the key of the certificate"), "{told}");
    assert_eq!(server(), first);

    directory.renew_server();
    program.logged(RELOADED, 1);
    assert_ne!(server(), first);

    let other = crate::certificates::Authority::new("another CA");
    directory.write("ca.pem", &other.certificate());
    eventually("the client is not known any more", || {
        client.get(program.address, "/", &[]).is_err()
    });
}
