//! `storage`: prints, checks, compacts and copies the database.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;

use super::write_stdout;
use crate::report::format::count;
use crate::store::maintenance;

/// The number of bytes in a MiB.
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn run(directory: &Path, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    let is_ok = match matches.subcommand() {
        Some(("check", _)) => check(directory, &mut text)?,
        Some(("vacuum", _)) => {
            let (before, after) = maintenance::vacuum(directory)?;
            let _ = writeln!(text, "{} before, {} after", size(before), size(after));
            true
        }
        Some(("backup", matches)) => {
            let file = matches.get_one::<PathBuf>("file").cloned();
            let file = file.unwrap_or_default();
            let bytes = maintenance::backup(directory, &file)?;
            let _ = writeln!(text, "{} written to {}", size(bytes), file.display());
            true
        }
        _ => {
            info(directory, &mut text)?;
            true
        }
    };
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::from(u8::from(!is_ok)))
}

fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / MIB)
}

fn info(directory: &Path, text: &mut String) -> anyhow::Result<()> {
    let contents = maintenance::contents(directory)?;
    let range = |range: Option<(String, String)>| {
        range.map_or("none".to_owned(), |(first, last)| {
            format!("{first} to {last}")
        })
    };
    let confirmed = contents
        .confirmed_at
        .map(|at| at.strftime("%Y-%m-%d %H:%M UTC"));
    let invoices = format!(
        "{} in {}",
        count(contents.invoices as usize, "invoice", "invoices"),
        count(contents.invoice_versions as usize, "version", "versions")
    );
    let rows = [
        ("file", contents.path.display().to_string()),
        ("size", size(contents.size)),
        ("schema", format!("version {}", contents.version)),
        ("API", contents.api_url),
        (
            "confirmed",
            confirmed.map_or("never".to_owned(), |at| at.to_string()),
        ),
        ("teams", contents.teams.to_string()),
        ("apps", contents.apps.to_string()),
        ("months", range(contents.months)),
        ("nights", range(contents.nights)),
        ("invoices", invoices),
    ];
    for (name, value) in rows {
        let _ = writeln!(text, "{name:<10} {value}");
    }
    Ok(())
}

/// Returns whether the database is intact.
fn check(directory: &Path, text: &mut String) -> anyhow::Result<bool> {
    let errors = maintenance::check(directory)?;
    if errors.is_empty() {
        text.push_str("ok\n");
    }
    for error in &errors {
        let _ = writeln!(text, "{error}");
    }
    Ok(errors.is_empty())
}
