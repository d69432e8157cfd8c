//! Passes the commit, the compiler version and linker options to the build.

use std::path::Path;
use std::process::Command;

fn main() {
    // A source tree without history (a tarball, a container's build context) takes the commit from
    // the variable REVISION.
    let revision = env_var("REVISION").filter(|revision| !revision.is_empty());
    let revision = revision.or_else(|| output("git", &["rev-parse", "--short=12", "HEAD"]));
    let rustc = env_var("RUSTC").and_then(|rustc| output(&rustc, &["--version"]));
    let rustc = rustc.and_then(|text| text.split(' ').nth(1).map(str::to_owned));

    let unknown = || "unknown".to_owned();
    #[expect(
        clippy::disallowed_macros,
        reason = "cargo reads the output of a build script"
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
        // Packs relative relocations, which makes the program about 5 % smaller. A linker without this
        // option warns and ignores it.
        if env_var("CARGO_CFG_TARGET_OS").is_some_and(|os| os == "linux") {
            println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
        println!("cargo:rerun-if-env-changed=REVISION");
        println!("cargo:rerun-if-changed=build.rs");
        // A missing path would cause a rebuild every time.
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
    reason = "cargo passes the input of a build script in the environment"
)]
fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the trimmed output of a command, unless it fails or prints nothing.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
