//! Completions and man pages, judged by the shells and by the formatters that read them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use heroku_cost_exporter::config::setting;

use crate::external_tools;
use crate::program::command;

const SUBCOMMANDS: [&str; 7] = [
    "serve",
    "demo",
    "check",
    "report",
    "metrics",
    "healthcheck",
    "generate",
];

/// What `generate` prints, with a token in the environment that must not come along.
fn generated(arguments: &[&str]) -> String {
    let output = command(&[&["generate"], arguments].concat())
        .env("HEROKU_API_KEY", "HRKU-geheim-4711")
        .env("HEROKU_TEAM_ID", "geheim")
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("geheim"));
    text
}

/// Lets a program read a text, and asserts that it finds no fault with it.
fn judged(judge: &Path, arguments: &[&str], text: &str) -> String {
    let mut child = Command::new(judge)
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{judge:?}: {said}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_shell_reads_its_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let text = generated(&["completions", shell]);
        let Some(program) = external_tools::find_program(shell, shell) else {
            continue;
        };
        judged(&program, &["-n"], &text);
    }
    for shell in ["elvish", "powershell"] {
        assert!(generated(&["completions", shell]).contains("heroku.team-id"));
    }
}

/// What bash offers behind what was typed so far.
#[test]
fn bash_completes_subcommands_and_flags() {
    let text = generated(&["completions", "bash"]);
    let Some(bash) = external_tools::find_program("bash", "bash") else {
        return;
    };
    let offered = |words: &[&str]| {
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
        judged(&bash, &[], &script)
    };
    let offer = offered(&["heroku-cost-exporter", "he"]);
    assert_eq!(offer, "healthcheck\nhelp\n");
    let offer = offered(&["heroku-cost-exporter", "check", "--heroku.team-"]);
    assert_eq!(
        offer,
        "--heroku.team-id\n--heroku.team-include\n--heroku.team-exclude\n"
    );
}

#[test]
fn the_man_pages_are_well_formed_and_have_every_setting() {
    let Some(mandoc) = external_tools::find_program("mandoc", "mandoc") else {
        return;
    };
    let pages = std::iter::once(vec!["man"]).chain(SUBCOMMANDS.map(|name| vec!["man", name]));
    let mut rendered = String::new();
    for page in pages {
        let text = generated(&page);
        // What mandoc calls style, such as a missing date, is a matter of taste.
        judged(&mandoc, &["-T", "lint", "-W", "error,stop"], &text);
        let shown = judged(&mandoc, &["-T", "utf8"], &text);
        // Bold is a character struck over itself.
        let mut plain = String::new();
        for character in shown.chars() {
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
    // Lines are broken, also behind a hyphen.
    let unbroken = |text: &str| text.split_whitespace().collect::<String>();
    let rendered = unbroken(&rendered);
    for setting in setting::all() {
        let flag = format!("--{}", setting.flag);
        assert!(rendered.contains(&flag), "{flag}");
        assert!(
            rendered.contains(&unbroken(setting.help)),
            "{}",
            setting.help
        );
    }
    assert!(rendered.contains("HEROKU_API_KEY"));
}

#[test]
fn what_cannot_be_generated_is_told() {
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
