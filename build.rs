//! Sets the commit and the compiler version for the program, and linker options.

use std::path::Path;
use std::process::Command;

fn main() {
    // A source tree without history (a tarball, a container's build context) has the commit in the
    // environment, or it is `unknown`.
    let named = variable("REVISION").filter(|revision| !revision.is_empty());
    let revision = named.or_else(|| output("git", &["rev-parse", "--short=12", "HEAD"]));
    let rustc = variable("RUSTC").and_then(|rustc| output(&rustc, &["--version"]));
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
        // Packs relocations in a sixtieth of their size, which is a twentieth of the program. A linker
        // without this option warns and ignores it.
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
    reason = "cargo passes all input of a build script this way"
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
