//! `.github/workflows`: schema, pinned actions, permissions and timeouts.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::external_tools;
use crate::repository::{path, read};

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

#[test]
fn workflows_match_schema() {
    let Some(python) = external_tools::python_with("import check_jsonschema") else {
        return;
    };
    let output = Command::new(python)
        .args(["-m", "check_jsonschema", "--builtin-schema"])
        .arg("vendor.github-workflows")
        .args(WORKFLOWS.map(path))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
}

/// A tag can be moved, a commit cannot. All uses of an action have the same version.
#[test]
fn actions_are_pinned_by_their_commits() {
    let mut pinned: BTreeMap<String, String> = BTreeMap::new();
    for workflow in WORKFLOWS {
        let text = read(workflow);
        let uses = text.lines().filter_map(|line| line.split_once("uses: "));
        for (_, used) in uses {
            let (action, pin) = used.split_once('@').expect("a pinned version");
            let (commit, version) = pin.split_once(" # v").expect("a commit and its version");
            assert_eq!(commit.len(), 40, "{used}");
            assert!(
                commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{used}"
            );
            assert_eq!(version.split('.').count(), 3, "{used}");
            let previous = pinned.insert(action.to_owned(), pin.to_owned());
            assert!(previous.is_none_or(|previous| previous == pin), "{used}");
        }
    }
    assert!(pinned.contains_key("actions/checkout"));
}

#[test]
fn jobs_declare_permissions_and_timeout() {
    for workflow in WORKFLOWS {
        let text = read(workflow);
        let workflow: Value = serde_saphyr::from_str(&text).expect("valid YAML");
        assert_eq!(
            workflow["permissions"],
            serde_json::json!({}),
            "permissions by default"
        );
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let permissions = job["permissions"].as_object();
            assert!(permissions.is_some_and(|p| !p.is_empty()), "{name}");
            assert!(job["timeout-minutes"].is_u64(), "{name}");
            for step in job["steps"].as_array().unwrap() {
                // Expressions would inject untrusted text, such as branch names, into scripts.
                let script = step["run"].as_str().unwrap_or_default();
                assert!(!script.contains("${{"), "{name}: {script}");
                if step["uses"]
                    .as_str()
                    .is_some_and(|uses| uses.contains("/checkout@"))
                {
                    assert_eq!(step["with"]["persist-credentials"], false, "{name}");
                }
            }
        }
    }
}

#[test]
fn cargo_deny_checks_every_released_target() {
    let workflow: Value = serde_saphyr::from_str(&read(WORKFLOWS[1])).expect("valid YAML");
    let matrix = &workflow["jobs"]["programs"]["strategy"]["matrix"]["include"];
    let deny = read("deny.toml");
    let targets = matrix.as_array().unwrap().iter();
    for target in targets.map(|row| row["target"].as_str().unwrap()) {
        assert!(deny.contains(&format!("\"{target}\"")), "{target}");
    }
}
