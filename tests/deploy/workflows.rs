//! `.github/workflows`: what others' code may run there, and with what rights.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::external_tools;
use crate::files::{path, read};

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

#[test]
fn workflows_meet_the_schema() {
    let Some(python) = external_tools::python_with("import check_jsonschema") else {
        return;
    };
    let output = Command::new(python)
        .args(["-m", "check_jsonschema", "--builtin-schema"])
        .arg("vendor.github-workflows")
        .args(WORKFLOWS.map(path))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

/// A tag can be moved to other code, a commit cannot. One action is used in one version.
#[test]
fn actions_are_pinned_by_their_commits() {
    let mut pinned: BTreeMap<String, String> = BTreeMap::new();
    for workflow in WORKFLOWS {
        let text = read(workflow);
        let uses = text.lines().filter_map(|line| line.split_once("uses: "));
        for (_, used) in uses {
            let (action, pin) = used.split_once('@').expect("pinned");
            let (commit, version) = pin.split_once(" # v").expect("with its version");
            assert_eq!(commit.len(), 40, "{used}");
            assert!(
                commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{used}"
            );
            assert_eq!(version.split('.').count(), 3, "{used}");
            let before = pinned.insert(action.to_owned(), pin.to_owned());
            assert!(before.is_none_or(|before| before == pin), "{used}");
        }
    }
    assert!(pinned.contains_key("actions/checkout"));
}

#[test]
fn jobs_have_the_rights_that_they_name_and_an_end() {
    for workflow in WORKFLOWS {
        let text = read(workflow);
        let workflow: Value = serde_saphyr::from_str(&text).expect("it is YAML");
        assert_eq!(
            workflow["permissions"],
            serde_json::json!({}),
            "none by default"
        );
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let rights = job["permissions"].as_object();
            assert!(rights.is_some_and(|rights| !rights.is_empty()), "{name}");
            assert!(job["timeout-minutes"].is_u64(), "{name}");
            for step in job["steps"].as_array().unwrap() {
                // What a stranger chooses, such as a branch's name, is no part of a script.
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

/// What is released is what dependencies are judged for.
#[test]
fn every_target_is_judged() {
    let workflow: Value = serde_saphyr::from_str(&read(WORKFLOWS[1])).expect("it is YAML");
    let matrix = &workflow["jobs"]["programs"]["strategy"]["matrix"]["include"];
    let judged = read("deny.toml");
    let targets = matrix.as_array().unwrap().iter();
    for target in targets.map(|row| row["target"].as_str().unwrap()) {
        assert!(judged.contains(&format!("\"{target}\"")), "{target}");
    }
}
