//! The size of the binary and of the product code.

use std::path::Path;

use crate::table::Row;

/// The maximum size of the binary in MB (10⁶ bytes).
const BINARY_GOAL: f64 = 12.0;

/// The maximum number of lines of product code.
const CODE_GOAL: usize = 18_500;

/// The number of lines of product code at the baseline commit.
const CODE_BASELINE: usize = 21_700;

/// The directories with product code.
const PRODUCT_CODE: [&str; 5] = [
    "src",
    "crates/billing",
    "crates/heroku-api",
    "crates/expfmt",
    "crates/exporter-toolkit",
];

/// The files and directories in [`PRODUCT_CODE`] that are not counted.
const EXCLUDED: [&str; 5] = ["tests", "tests.rs", "properties.rs", "benches", "examples"];

/// Measures the size of the binary.
pub(crate) fn binary(program: &Path) -> anyhow::Result<Row> {
    let megabytes = std::fs::metadata(program)?.len() as f64 / 1e6;
    Ok(Row {
        benchmark: "size of the `dist` binary, stripped".into(),
        baseline: String::new(),
        goal: format!("at most {BINARY_GOAL} MB"),
        result: format!("**{megabytes:.1} MB**"),
        met: megabytes <= BINARY_GOAL,
    })
}

/// Counts the lines of product code, including comments and blank lines, excluding tests.
pub(crate) fn product_code(repository: &Path) -> anyhow::Result<Row> {
    let mut lines = 0;
    for directory in PRODUCT_CODE {
        lines += count_directory(&repository.join(directory))?;
    }
    Ok(Row {
        benchmark: "product code without tests".into(),
        baseline: format!("{CODE_BASELINE} lines at the baseline commit"),
        goal: format!("at most {CODE_GOAL} lines"),
        result: format!("**{lines} lines**"),
        met: lines <= CODE_GOAL,
    })
}

fn count_directory(directory: &Path) -> anyhow::Result<usize> {
    let mut lines = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if EXCLUDED.iter().any(|excluded| name == *excluded) {
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

/// Counts the lines of a file, excluding a test module at the end.
fn count_lines(text: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let is_test_module = |index: usize| {
        let mut after = lines[index + 1..].iter();
        let item = after.find(|line| !line.starts_with("#["));
        let body = after.as_slice();
        lines[index] == "#[cfg(test)]"
            && item.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
            // The first unindented closing brace is the last line of the file.
            && body.iter().position(|line| *line == "}") == body.len().checked_sub(1)
    };
    (0..lines.len())
        .find(|index| is_test_module(*index))
        .unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::count_lines;

    #[test]
    fn excludes_test_module_at_end() {
        let code = "use a;\n\nfn b() {\n}\n";
        let tests = "#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn c() {}\n}\n";
        assert_eq!(count_lines(code), 4);
        assert_eq!(count_lines(&format!("{code}{tests}")), 4);
        assert_eq!(count_lines(&format!("{code}{tests}{code}")), 13);
        assert_eq!(count_lines("#[cfg(test)]\nmod tests;\n"), 2);
    }
}
