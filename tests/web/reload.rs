//! Files that change under the running program.

use crate::access::{says, users};
use crate::certificates::{Directory, TLS};
use crate::program::{Program, ask, eventually, status};
use crate::tls_client::Client;

const READ_AGAIN: &str = "was read again";
const LAST_GOOD: &str = "the last good one stays";

fn status_for(program: &Program, claim: &str) -> String {
    let lines = ["GET / HTTP/1.1", "Host: x", &says(claim)];
    status(&ask(program.address, &lines)).to_owned()
}

#[test]
fn users_are_those_of_the_file_as_it_is() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(&users("first")));
    assert_eq!(status_for(&program, "alice:first"), "200");
    directory.web(&users("second"));
    program.logged(READ_AGAIN, 1);
    assert_eq!(status_for(&program, "alice:second"), "200");
    // Also where it was remembered.
    assert_eq!(status_for(&program, "alice:first"), "401");
}

#[test]
fn a_broken_change_leaves_the_last_good_one_and_is_told_once() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(&users("first")));
    directory.web("basic_auth_users:\n  alice: hunter2\n");
    let told = program.logged(LAST_GOOD, 1);
    assert!(
        told.contains("line 2, column 10") && !told.contains("hunter2"),
        "{told}"
    );
    assert_eq!(status_for(&program, "alice:first"), "200");
    assert_eq!(status_for(&program, "alice:hunter2"), "401");

    // Emptied, as by an editor that has not written yet; and gone, as by one that moves files.
    directory.web("");
    program.logged(LAST_GOOD, 2);
    assert_eq!(status_for(&program, "alice:wrong"), "401");
    std::fs::remove_file(directory.path().join("web.yml")).unwrap();
    program.logged(LAST_GOOD, 3);
    assert_eq!(status_for(&program, "alice:wrong"), "401");

    directory.web(&users("second"));
    program.logged(READ_AGAIN, 1);
    assert_eq!(status_for(&program, "alice:second"), "200");
    let told = program.log();
    assert_eq!(
        told.iter().filter(|line| line.contains(LAST_GOOD)).count(),
        3
    );
}

#[test]
fn tls_is_not_switched_under_way() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(TLS));
    directory.web("# TLS was here\n");
    let told = program.logged(LAST_GOOD, 1);
    assert!(told.contains("takes a restart"), "{told}");
    let client = Client::new(&directory.authority);
    assert!(client.get(program.address, "/", &[]).is_ok());
}

#[test]
fn certificates_are_those_of_the_files_as_they_are() {
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
    let told = program.logged(LAST_GOOD, 1);
    assert!(told.contains("not the key of the certificate"), "{told}");
    assert_eq!(server(), first);

    directory.renew_server();
    program.logged(READ_AGAIN, 1);
    assert_ne!(server(), first);

    let other = crate::certificates::Authority::new("another CA");
    directory.write("ca.pem", &other.certificate());
    eventually("the client is not known any more", || {
        client.get(program.address, "/", &[]).is_err()
    });
}
