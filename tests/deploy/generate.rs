//! `generate`: completions and man pages, checked by the shells and by mandoc.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use heroku_cost_exporter::config::setting;

use crate::external_tools;
use crate::process::command;

const SUBCOMMANDS: [&str; 7] = [
    "serve",
    "demo",
    "check",
    "report",
    "metrics",
    "healthcheck",
    "generate",
];

/// Runs `generate` with secrets in the environment, which must not appear in its output.
fn generate(arguments: &[&str]) -> String {
    let output = command(&[&["generate"], arguments].concat())
        .env("HEROKU_API_KEY", "HRKU-secret-4711")
        .env("HEROKU_TEAM_ID", "secret-team")
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("secret"));
    text
}

/// Pipes `text` to a tool, asserts that the tool reports no error, and returns its output.
fn check(tool: &Path, arguments: &[&str], text: &str) -> String {
    let mut child = Command::new(tool)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.is_empty(),
        "{tool:?}: {stderr}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn shells_accept_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let text = generate(&["completions", shell]);
        let Some(shell) = external_tools::find_program(shell, shell) else {
            continue;
        };
        check(&shell, &["-n"], &text);
    }
    for shell in ["elvish", "powershell"] {
        assert!(generate(&["completions", shell]).contains("heroku.team-id"));
    }
}

#[test]
fn bash_completes_subcommands_and_flags() {
    let text = generate(&["completions", "bash"]);
    let Some(bash) = external_tools::find_program("bash", "bash") else {
        return;
    };
    let complete = |words: &[&str]| {
        let script = format!(
            r#"{text}
               COMP_WORDS=({}); COMP_CWORD={}
               completes=$(complete -p heroku-cost-exporter)
               completes=${{completes##*-F }}
               "${{completes%% *}}" heroku-cost-exporter '{}' '{}'
               printf '%s\n' "${{COMPREPLY[@]}}""#,
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        check(&bash, &[], &script)
    };
    let completions = complete(&["heroku-cost-exporter", "he"]);
    assert_eq!(completions, "healthcheck\nhelp\n");
    let completions = complete(&["heroku-cost-exporter", "check", "--heroku.team-"]);
    assert_eq!(
        completions,
        "--heroku.team-id\n--heroku.team-include\n--heroku.team-exclude\n"
    );
}

#[test]
fn man_pages_are_valid_and_contain_every_setting() {
    let Some(mandoc) = external_tools::find_program("mandoc", "mandoc") else {
        return;
    };
    let pages = std::iter::once(vec!["man"]).chain(SUBCOMMANDS.map(|name| vec!["man", name]));
    let mut rendered = String::new();
    for page in pages {
        let text = generate(&page);
        // Level `style` would report the missing date.
        check(&mandoc, &["-T", "lint", "-W", "error,stop"], &text);
        let formatted = check(&mandoc, &["-T", "utf8"], &text);
        // In bold text, each character is overstruck: character, backspace, character.
        let mut plain = String::new();
        for character in formatted.chars() {
            if character == '\u{8}' {
                plain.pop();
            } else {
                plain.push(character);
            }
        }
        let name = page[1..].concat();
        let title = if name.is_empty() {
            "heroku-cost-exporter(1)".to_owned()
        } else {
            format!("heroku-cost-exporter-{name}(1)")
        };
        assert!(plain.contains(&title), "{title}: {plain}");
        rendered.push_str(&plain);
    }
    // Lines also break after hyphens.
    let without_whitespace = |text: &str| text.split_whitespace().collect::<String>();
    let rendered = without_whitespace(&rendered);
    for setting in setting::all() {
        let flag = format!("--{}", setting.flag);
        assert!(rendered.contains(&flag), "{flag}");
        assert!(
            rendered.contains(&without_whitespace(setting.help)),
            "{}",
            setting.help
        );
    }
    assert!(rendered.contains("HEROKU_API_KEY"));
}

#[test]
fn rejects_unknown_arguments() {
    for (arguments, status) in [
        (&["generate"][..], 2),
        (&["generate", "completions"], 2),
        (&["generate", "completions", "cmd"], 2),
        (&["generate", "man", "cook"], 1),
    ] {
        let output = command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}
