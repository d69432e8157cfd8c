//! `deploy/compose.yaml` and its services' configuration, checked by the tools that read them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::external_tools;
use crate::repository::{copy, path, read};

const RULES: &str = "rules/heroku-cost.rules.yml";
const DASHBOARD: &str = "dashboards/heroku-cost.json";

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&read(name)).expect("valid YAML")
}

/// Returns the repository's files that a service mounts, with their mount points.
fn mounts(service: &Value) -> Vec<(String, String)> {
    let volumes = service["volumes"].as_array().cloned().unwrap_or_default();
    let mounts = volumes.iter().filter_map(|volume| {
        let (from, rest) = volume.as_str()?.split_once(':')?;
        let from = from
            .strip_prefix("../")
            .map(str::to_owned)
            .or_else(|| Some(format!("deploy/{}", from.strip_prefix("./")?)))?;
        let to = rest.strip_suffix(":ro").expect("a read-only mount");
        Some((from, to.to_owned()))
    });
    mounts.collect()
}

#[test]
fn compose_file_matches_schema() {
    let Some(python) = external_tools::python_with("import check_jsonschema") else {
        return;
    };
    let output = Command::new(python)
        .args(["-m", "check_jsonschema", "--builtin-schema"])
        .arg("vendor.compose-spec")
        .arg(path("deploy/compose.yaml"))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
}

#[test]
fn mounted_files_exist_and_images_are_pinned() {
    let compose = yaml("deploy/compose.yaml");
    let services = compose["services"].as_object().unwrap();
    let mounted: BTreeSet<String> = services
        .values()
        .flat_map(mounts)
        .map(|(from, _)| from)
        .collect();
    for file in &mounted {
        assert!(path(file).exists(), "{file}");
    }
    assert!(mounted.contains(RULES) && mounted.contains(DASHBOARD));
    for (name, service) in services {
        let image = service["image"].as_str().unwrap();
        let is_built = service["build"].is_string();
        assert!(is_built || image.contains(':'), "{name}: {image}");
        assert!(!image.ends_with(":latest"));
        // Ports are published on loopback only.
        for port in service["ports"].as_array().unwrap() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}");
        }
    }
}

/// Rule files are relative to Prometheus's configuration.
#[test]
fn promtool_accepts_configuration() {
    let Some(promtool) = external_tools::promtool() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let compose = yaml("deploy/compose.yaml");
    for (from, to) in mounts(&compose["services"]["prometheus"]) {
        let below = to.strip_prefix("/etc/prometheus/").unwrap();
        copy(&path(&from), &directory.path().join(below));
    }
    let output = Command::new(promtool)
        .args(["check", "config"])
        .arg(directory.path().join("prometheus.yml"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 rule files found"), "{text}");
}

#[test]
fn amtool_accepts_configuration() {
    let Some(amtool) = external_tools::find_program("amtool", "prometheus-alertmanager") else {
        return;
    };
    let output = Command::new(amtool)
        .arg("check-config")
        .arg(path("deploy/compose/alertmanager.yml"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
}

#[test]
fn services_refer_to_each_other_by_name() {
    let compose = yaml("deploy/compose.yaml");
    let services = compose["services"].as_object().unwrap();
    let prometheus = read("deploy/compose/prometheus.yml");
    let datasource = read("deploy/compose/grafana/datasources/prometheus.yml");
    for (name, address, configuration) in [
        ("exporter", "exporter:8080", &prometheus),
        ("alertmanager", "alertmanager:9093", &prometheus),
        ("prometheus", "http://prometheus:9090", &datasource),
    ] {
        assert!(
            services.contains_key(name) && configuration.contains(address),
            "{name}"
        );
    }
    let provider = yaml("deploy/compose/grafana/dashboards/heroku-cost.yml");
    let directory = provider["providers"][0]["options"]["path"]
        .as_str()
        .unwrap();
    let (_, dashboard) = mounts(&services["grafana"])
        .into_iter()
        .find(|(from, _)| from == DASHBOARD)
        .unwrap();
    assert!(dashboard.starts_with(&format!("{directory}/")));
    let home = &services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"];
    assert_eq!(home, &dashboard);
}
