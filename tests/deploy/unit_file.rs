//! A parser of systemd unit files, with what the tests need of their syntax.
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html>

use std::path::Path;

/// The settings of a unit file in order: section, key and value.
#[derive(Debug)]
pub(crate) struct UnitFile(Vec<(String, String, String)>);

impl UnitFile {
    pub(crate) fn parse(text: &str) -> Self {
        let mut section = String::new();
        let mut settings = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            assert!(
                !line.ends_with('\\'),
                "line continuations are not supported: {line}"
            );
            if let Some(name) = line.strip_prefix('[') {
                name.trim_end_matches(']').clone_into(&mut section);
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            settings.push((section.clone(), key.to_owned(), value.to_owned()));
        }
        Self(settings)
    }

    /// Returns all values of a setting.
    pub(crate) fn all<'a>(
        &'a self,
        section: &'a str,
        key: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(s, k, _)| s == section && k == key)
            .map(|(_, _, value)| value.as_str())
    }

    /// Returns the only value of a setting.
    pub(crate) fn one<'a>(&'a self, section: &'a str, key: &'a str) -> &'a str {
        let mut all = self.all(section, key);
        let value = all.next().unwrap_or_else(|| panic!("no {key}="));
        assert_eq!(all.next(), None, "{key}= is set twice");
        value
    }

    /// Returns the environment variables that systemd would set, with `%d` as `credentials`, `%S`
    /// as `state` and `EnvironmentFile=` below `root`.
    pub(crate) fn environment(
        &self,
        credentials: &Path,
        state: &Path,
        root: &Path,
    ) -> Vec<(String, String)> {
        let assignment = |line: &str| {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), value.to_owned())
        };
        let inline = self.all("Service", "Environment").map(|line| {
            let expanded = line
                .replace("%d", credentials.to_str().unwrap())
                .replace("%S", state.to_str().unwrap());
            assert!(!expanded.contains('%'), "unknown specifier: {line}");
            assignment(&expanded)
        });
        let mut environment: Vec<_> = inline.collect();
        for file in self.all("Service", "EnvironmentFile") {
            // With a leading `-` the file may be missing.
            let path = root.join(file.trim_start_matches('-').trim_start_matches('/'));
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let lines = text
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            environment.extend(lines.map(assignment));
        }
        environment
    }
}
