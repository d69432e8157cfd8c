//! Tells the program which commit and which compiler it is built from, and the linker how to write it.

use std::path::Path;
use std::process::Command;

fn main() {
    // A package without its history (a tarball, a container's build context) names the commit in
    // the environment, or stays `unknown`.
    let named = variable("REVISION").filter(|revision| !revision.is_empty());
    let revision = named.or_else(|| output("git", &["rev-parse", "--short=12", "HEAD"]));
    let rustc = variable("RUSTC").and_then(|rustc| output(&rustc, &["--version"]));
    let rustc = rustc.and_then(|text| text.split(' ').nth(1).map(str::to_owned));

    let unknown = || "unknown".to_owned();
    #[expect(
        clippy::disallowed_macros,
        reason = "cargo reads what a build script prints"
    )]
    {
        println!(
            "cargo:rustc-env=HEROKU_COST_EXPORTER_REVISION={}",
            revision.unwrap_or_else(unknown)
        );
        println!(
            "cargo:rustc-env=HEROKU_COST_EXPORTER_RUSTC={}",
            rustc.unwrap_or_else(unknown)
        );
        // The places that the loader has to correct are listed in a sixtieth of the bytes, which are a
        // twentieth of the program. A linker that does not know how says so and goes on.
        if variable("CARGO_CFG_TARGET_OS").is_some_and(|system| system == "linux") {
            println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
        println!("cargo:rerun-if-env-changed=REVISION");
        println!("cargo:rerun-if-changed=build.rs");
        // A path that does not exist would count as changed every time.
        for path in [".git/HEAD", ".git/logs/HEAD"]
            .into_iter()
            .filter(|path| Path::new(path).exists())
        {
            println!("cargo:rerun-if-changed={path}");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything this way"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
