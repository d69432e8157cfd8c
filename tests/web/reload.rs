//! Reload of the web configuration and its certificates.

use crate::certificates::{Authority, Directory, TLS};
use crate::http_client::{eventually, send_request, status};
use crate::middleware::{authorization, users};
use crate::process::ExporterProcess;
use crate::tls_client::Client;

const RELOADED: &str = "web configuration reloaded";
const REJECTED: &str = "keeping the last valid one";

fn status_for(exporter: &ExporterProcess, credentials: &str) -> String {
    let lines = ["GET / HTTP/1.1", "Host: x", &authorization(credentials)];
    status(&send_request(exporter.address, &lines)).to_owned()
}

#[test]
fn applies_changed_users() {
    let directory = Directory::new();
    let exporter = ExporterProcess::with_web_config(&directory.web(&users("first")));
    assert_eq!(status_for(&exporter, "alice:first"), "200");
    directory.web(&users("second"));
    exporter.wait_for_log(RELOADED, 1);
    assert_eq!(status_for(&exporter, "alice:second"), "200");
    // The first password was cached.
    assert_eq!(status_for(&exporter, "alice:first"), "401");
}

#[test]
fn keeps_last_valid_config_and_logs_once() {
    let directory = Directory::new();
    let exporter = ExporterProcess::with_web_config(&directory.web(&users("first")));
    directory.web("basic_auth_users:\n  alice: hunter2\n");
    let line = exporter.wait_for_log(REJECTED, 1);
    assert!(
        line.contains("2:10: basic_auth_users.alice") && !line.contains("hunter2"),
        "{line}"
    );
    assert_eq!(status_for(&exporter, "alice:first"), "200");
    assert_eq!(status_for(&exporter, "alice:hunter2"), "401");

    // An editor may truncate the file before it writes it, or move it away.
    let without_users = [
        "",
        "# none\n",
        "basic_auth_users:\n",
        "basic_auth_users: {}\n",
    ];
    for (text, rejections) in without_users.into_iter().zip(2..) {
        directory.web(text);
        let line = exporter.wait_for_log(REJECTED, rejections);
        assert!(line.contains("level=warn"), "{line}");
        assert_eq!(status_for(&exporter, "alice:wrong"), "401", "{text:?}");
    }
    std::fs::remove_file(directory.path().join("web.yml")).unwrap();
    exporter.wait_for_log(REJECTED, 6);
    assert_eq!(status_for(&exporter, "alice:wrong"), "401");

    directory.web(&users("second"));
    exporter.wait_for_log(RELOADED, 1);
    assert_eq!(status_for(&exporter, "alice:second"), "200");
    let log = exporter.log();
    let rejections = log.iter().filter(|line| line.contains(REJECTED));
    assert_eq!(rejections.count(), 6);
}

#[test]
fn rejects_reload_that_disables_tls() {
    let directory = Directory::new();
    let exporter = ExporterProcess::with_web_config(&directory.web(TLS));
    directory.web("# no TLS\n");
    let line = exporter.wait_for_log(REJECTED, 1);
    assert!(line.contains("requires a restart"), "{line}");
    let client = Client::new(&directory.authority);
    assert!(client.get(exporter.address, "/", &[]).is_ok());
}

#[test]
fn rejects_reload_that_weakens_client_verification() {
    let directory = Directory::new();
    let with = |client_auth: &str| format!("{TLS}{client_auth}");
    let text = with(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
         client_allowed_sans: [client.example]\n",
    );
    let exporter = ExporterProcess::with_web_config(&directory.web(&text));
    let weaker = [
        "",
        "  client_auth_type: RequireAnyClientCert\n",
        "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n  client_allowed_sans: [client.example]\n",
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n",
    ];
    let client = Client::new(&directory.authority);
    for (client_auth, rejections) in weaker.into_iter().zip(1..) {
        directory.web(&with(client_auth));
        let line = exporter.wait_for_log(REJECTED, rejections);
        assert!(line.contains("client certificates"), "{line}");
        assert!(
            client.get(exporter.address, "/", &[]).is_err(),
            "{client_auth}"
        );
    }
}

#[test]
fn applies_changed_certificates() {
    let directory = Directory::new();
    let text =
        format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n");
    let exporter = ExporterProcess::with_web_config(&directory.web(&text));
    let pair = directory.authority.client(vec![]);
    let client = Client {
        identity: Some(&pair),
        ..Client::new(&directory.authority)
    };
    let server = || client.get(exporter.address, "/", &[]).unwrap().server;
    let first = server();

    // A new key without its certificate is invalid.
    directory.write("server.key", &directory.authority.server().key);
    let line = exporter.wait_for_log(REJECTED, 1);
    assert!(line.contains("not the key of the certificate"), "{line}");
    assert_eq!(server(), first);

    directory.renew_server();
    exporter.wait_for_log(RELOADED, 1);
    assert_ne!(server(), first);

    let other = Authority::new("another CA");
    directory.write("ca.pem", &other.certificate());
    eventually("the client is rejected", || {
        client.get(exporter.address, "/", &[]).is_err()
    });
}
