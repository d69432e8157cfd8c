//! The size of the binary and of the source code.

use std::path::Path;

use crate::table::Row;

/// The maximum size of the binary in MB (10⁶ bytes).
const BINARY_GOAL: f64 = 10.0;

/// The maximum number of lines of product code, and that of the baseline commit.
const CODE_GOAL: usize = 18_500;
const CODE_BASELINE: usize = 21_700;

/// The directories with product code.
const PRODUCT_CODE: [&str; 5] = [
    "src",
    "crates/billing",
    "crates/heroku-api",
    "crates/expfmt",
    "crates/exporter-toolkit",
];

/// The files and directories below that are not product code.
const NOT_PRODUCT_CODE: [&str; 5] = ["tests", "tests.rs", "properties.rs", "benches", "examples"];

/// Measures the size of the binary.
pub(crate) fn binary(program: &Path) -> anyhow::Result<Row> {
    let megabytes = std::fs::metadata(program)?.len() as f64 / 1e6;
    Ok(Row {
        work: "size of the `dist` binary, stripped".into(),
        against: String::new(),
        goal: format!("{BINARY_GOAL} MB or less"),
        measured: format!("**{megabytes:.1} MB**"),
        met: megabytes <= BINARY_GOAL,
    })
}

/// Counts the lines of product code, with comments and blank lines but without tests.
pub(crate) fn product_code(repository: &Path) -> anyhow::Result<Row> {
    let mut lines = 0;
    for directory in PRODUCT_CODE {
        lines += count_directory(&repository.join(directory))?;
    }
    Ok(Row {
        work: "product code, without tests".into(),
        against: format!("{CODE_BASELINE} lines at the baseline"),
        goal: format!("{CODE_GOAL} lines or fewer"),
        measured: format!("**{lines}** lines"),
        met: lines <= CODE_GOAL,
    })
}

fn count_directory(directory: &Path) -> anyhow::Result<usize> {
    let mut lines = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if NOT_PRODUCT_CODE.iter().any(|excluded| name == *excluded) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            lines += count_directory(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            lines += count_lines(&std::fs::read_to_string(path)?);
        }
    }
    Ok(lines)
}

/// Counts lines, without a test module at the end.
fn count_lines(text: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let is_test_module = |at: usize| {
        let mut after = lines[at + 1..].iter();
        let item = after.find(|line| !line.starts_with("#["));
        let body = after.as_slice();
        lines[at] == "#[cfg(test)]"
            && item.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
            // The first closing brace without indentation is also the end of the file.
            && body.iter().position(|line| *line == "}") == body.len().checked_sub(1)
    };
    (0..lines.len())
        .find(|at| is_test_module(*at))
        .unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::count_lines;

    #[test]
    fn leaves_out_test_module_at_end() {
        let code = "use a;\n\nfn b() {\n}\n";
        let tests = "#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn c() {}\n}\n";
        assert_eq!(count_lines(code), 4);
        assert_eq!(count_lines(&format!("{code}{tests}")), 4);
        assert_eq!(count_lines(&format!("{code}{tests}{code}")), 13);
        assert_eq!(count_lines("#[cfg(test)]\nmod tests;\n"), 2);
    }
}
