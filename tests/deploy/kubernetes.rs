//! `deploy/kubernetes`, built by Kustomize and checked against schemas and the exporter's settings.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::external_tools;
use crate::repository::{path, read};

const OVERLAY: &str = "deploy/kubernetes/overlays/production";

/// Builds a directory with Kustomize and returns the YAML.
fn kustomize(directory: &str) -> Option<String> {
    // Debian 12's kubectl is too old for components.
    let kubectl = path("target/python-venv/bin/kubectl");
    if !kubectl.exists() {
        external_tools::report_skipped("kubectl", "run tests/python/install");
        return None;
    }
    let output = Command::new(kubectl)
        .arg("kustomize")
        .arg(path(directory))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    Some(String::from_utf8(output.stdout).unwrap())
}

fn resources(yaml: &str) -> Vec<Value> {
    let read = |document: &str| serde_saphyr::from_str(document).expect("valid YAML");
    yaml.split("\n---\n").map(read).collect()
}

/// Returns the only resource of a kind.
fn one<'a>(resources: &'a [Value], kind: &str) -> &'a Value {
    let mut of_kind = resources.iter().filter(|resource| resource["kind"] == kind);
    let found = of_kind.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(of_kind.next().is_none(), "more than one {kind}");
    found
}

#[test]
fn resources_match_schemas() {
    let modules = "import kubernetes_validate, cloudcoil.models.prometheus_operator";
    let Some(python) = external_tools::python_with(modules) else {
        return;
    };
    let (Some(base), Some(overlay)) = (kustomize("deploy/kubernetes/base"), kustomize(OVERLAY))
    else {
        return;
    };
    let yaml = [base, overlay].join("---\n");
    let mut child = Command::new(&python)
        .arg(path("tests/python/check_kubernetes.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(yaml.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    let passed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(passed.lines().count(), resources(&yaml).len(), "{passed}");
}

/// The overlay's namespace enforces the `restricted` Pod Security Standard. The root file system is
/// read-only in addition.
#[test]
fn pod_is_restricted() {
    let Some(yaml) = kustomize(OVERLAY) else {
        return;
    };
    let resources = resources(&yaml);
    let pod = &one(&resources, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    let context = &pod["securityContext"];
    assert_eq!(context["runAsNonRoot"], true);
    assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
    let user = format!("USER {0}:{0}", context["runAsUser"]);
    assert!(
        read("Dockerfile").contains(&user),
        "the image's user is not {user}"
    );
    let [container] = pod["containers"].as_array().unwrap().as_slice() else {
        panic!("more than one container");
    };
    let context = &container["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]));
    assert!(context["capabilities"]["add"].is_null());
}

#[test]
fn resources_are_consistent_and_variables_are_settings() {
    let Some(yaml) = kustomize(OVERLAY) else {
        return;
    };
    let resources = resources(&yaml);
    let deployment = &one(&resources, "Deployment")["spec"];
    assert_eq!(deployment["replicas"], 1);
    assert_eq!(deployment["strategy"]["type"], "Recreate");
    let labels = &deployment["template"]["metadata"]["labels"];
    assert!(labels.as_object().is_some_and(|labels| !labels.is_empty()));
    assert_eq!(&deployment["selector"]["matchLabels"], labels);
    let service = one(&resources, "Service");
    assert_eq!(&service["spec"]["selector"], labels);
    let policy = &one(&resources, "NetworkPolicy")["spec"];
    assert_eq!(&policy["podSelector"]["matchLabels"], labels);
    let monitor = &one(&resources, "ServiceMonitor")["spec"];
    assert_eq!(
        &monitor["selector"]["matchLabels"],
        &service["metadata"]["labels"]
    );

    let container = &deployment["template"]["spec"]["containers"][0];
    let port = &container["ports"][0];
    let name = &port["name"];
    assert_eq!(port["containerPort"], 8080, "the default of --port");
    assert_eq!(&service["spec"]["ports"][0]["targetPort"], name);
    assert_eq!(&policy["ingress"][0]["ports"][0]["port"], name);
    assert_eq!(
        &monitor["endpoints"][0]["port"],
        &service["spec"]["ports"][0]["name"]
    );
    // The operator's label `endpoint` would otherwise replace that of heroku_up.
    assert_eq!(monitor["endpoints"][0]["honorLabels"], true);
    // The program of the image. An HTTP probe would fail with a web configuration.
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains(r#"ENTRYPOINT ["/heroku-cost-exporter"]"#));
    for probe in ["livenessProbe", "readinessProbe"] {
        let command = &container[probe]["exec"]["command"];
        assert_eq!(*command, json!(["/heroku-cost-exporter", "healthcheck"]));
    }
    let image = container["image"].as_str().unwrap();
    assert!(
        image.ends_with(concat!(":", env!("CARGO_PKG_VERSION"))),
        "{image}"
    );

    let settings = &one(&resources, "ConfigMap")["data"];
    let known: Vec<_> = heroku_cost_exporter::config::setting::all()
        .filter_map(|setting| setting.variable())
        .collect();
    let variables = container["env"].as_array().unwrap().iter();
    let variables = variables.map(|variable| variable["name"].as_str().unwrap().to_owned());
    for variable in variables.chain(settings.as_object().unwrap().keys().cloned()) {
        assert!(known.contains(&variable), "{variable} is not a setting");
    }
    assert!(
        settings["HEROKU_API_KEY"].is_null(),
        "the token is not in the ConfigMap"
    );
}

const RULE: &str = "deploy/kubernetes/components/prometheus-operator/prometheusrule.yaml";

/// Returns a `PrometheusRule` with the groups of a Prometheus rule file.
fn prometheus_rule(rules: &str) -> String {
    let (_, groups) = rules
        .split_once("groups:\n")
        .expect("a rule file has groups");
    let mut text = "# Generated from rules/heroku-cost.rules.yml: see CONTRIBUTING.md.\n\
        apiVersion: monitoring.coreos.com/v1\n\
        kind: PrometheusRule\n\
        metadata:\n\
        \x20 name: heroku-cost-exporter\n\
        \x20 labels:\n\
        \x20   app.kubernetes.io/name: heroku-cost-exporter\n\
        spec:\n\
        \x20 groups:\n"
        .to_owned();
    for line in groups.lines() {
        if !line.is_empty() {
            text.push_str("  ");
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// `UPDATE_DOCS=1` regenerates the resource.
#[test]
fn prometheus_rule_matches_rule_file() {
    let rules = read("rules/heroku-cost.rules.yml");
    let expected = prometheus_rule(&rules);
    if external_tools::env_var("UPDATE_DOCS").is_some() {
        std::fs::write(path(RULE), &expected).unwrap();
    }
    assert!(
        read(RULE) == expected,
        "{RULE} is out of date: run `UPDATE_DOCS=1 cargo test --test deploy prometheus_rule`"
    );
    // Both parse to the same groups, so the indentation is right.
    let rules: Value = serde_saphyr::from_str(&rules).expect("valid YAML");
    let rule: Value = serde_saphyr::from_str(&expected).expect("valid YAML");
    assert_eq!(rule["spec"]["groups"], rules["groups"]);
    assert!(
        rules["groups"]
            .as_array()
            .is_some_and(|groups| !groups.is_empty())
    );
}
