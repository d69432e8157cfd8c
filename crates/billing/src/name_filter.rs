//! Name filters of regular expressions, <https://docs.rs/regex/latest/regex/#syntax>.

use regex::{Regex, RegexBuilder};

/// The limit of a compiled pattern in bytes, since a configuration could contain any pattern.
const SIZE_LIMIT: usize = 1 << 20;

/// Compiles a pattern that must match the whole name.
///
/// # Errors
///
/// Returns the reason in one line if the pattern is invalid or too large.
pub fn anchored_regex(pattern: &str) -> Result<Regex, String> {
    // Alone first: an unopened group such as `a)|(?:b` must not escape the anchors.
    compile(pattern)?;
    // With the flag `x`, a comment hides an anchor on its line. Without the flag, a line break
    // would be part of the pattern.
    compile(&format!(r"\A(?:{pattern})\z")).or_else(|_| compile(&format!("\\A(?:{pattern}\n)\\z")))
}

/// Returns the text of a pattern made by [`anchored_regex`] as it was given.
pub fn without_anchors(pattern: &Regex) -> &str {
    let text = pattern.as_str();
    let inner = text
        .strip_prefix(r"\A(?:")
        .and_then(|rest| rest.strip_suffix(r")\z"));
    inner.map_or(text, |inner| inner.strip_suffix('\n').unwrap_or(inner))
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .build();
    regex.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            format!("it takes more than {SIZE_LIMIT} bytes when compiled")
        }
        // The last of several lines has the reason.
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    })
}

/// A filter of names.
#[derive(Clone, Debug, Default)]
pub struct NameFilter {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl NameFilter {
    /// Creates a filter from patterns made by [`anchored_regex`].
    pub fn new(include: Vec<Regex>, exclude: Vec<Regex>) -> Self {
        Self { include, exclude }
    }

    /// Returns whether `name` matches a pattern to include, or there is none, and matches no
    /// pattern to exclude.
    pub fn allows(&self, name: &str) -> bool {
        let matches = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(name));
        (self.include.is_empty() || matches(&self.include)) && !matches(&self.exclude)
    }

    /// Returns the patterns to include and to exclude.
    pub fn patterns(&self) -> impl Iterator<Item = &Regex> {
        self.include.iter().chain(&self.exclude)
    }

    /// Returns whether the filter allows every name.
    pub fn allows_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(patterns: &[&str]) -> Vec<Regex> {
        patterns
            .iter()
            .map(|p| anchored_regex(p).unwrap())
            .collect()
    }

    #[test]
    fn matches_whole_names_only() {
        for (pattern, name, matches) in [
            ("shop", "shop", true),
            ("shop", "shop-2", false),
            ("shop", "my-shop", false),
            ("shop", "shop\n", false),
            ("a|ab", "ab", true),
            ("a|b", "ab", false),
            ("(?m)^shop$", "shop\nx", false),
            ("(?i)SHOP", "shop", true),
            ("(?x) shop # the shop", "shop", true),
            ("(?x) shop # the shop", "shop-2", false),
            ("", "", true),
            ("", "a", false),
            (".*", "a\"b\\🦀", true),
        ] {
            let regex = anchored_regex(pattern).unwrap();
            assert_eq!(regex.is_match(name), matches, "{pattern:?} {name:?}");
            assert_eq!(without_anchors(&regex), pattern);
        }
    }

    #[test]
    fn explains_invalid_patterns_in_one_line() {
        for (pattern, why) in [
            ("shop(", "unclosed group"),
            ("a)|(?:b", "unopened group"),
            ("*", "repetition operator missing expression"),
            (r"(a)\1", "backreferences are not supported"),
            ("a{1000}{1000}{1000}", "bytes when compiled"),
            (
                &format!("{}a{}", "(".repeat(500), ")".repeat(500)),
                "nested parentheses",
            ),
        ] {
            let message = anchored_regex(pattern).unwrap_err();
            assert!(message.contains(why), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn allows_included_and_not_excluded_names() {
        let all = NameFilter::default();
        assert!(all.allows("") && all.allows("shop") && all.allows_all());
        let filter = NameFilter::new(patterns(&["shop.*", "ops"]), patterns(&[".*-pr-\\d+"]));
        for (name, taken) in [
            ("shop", true),
            ("ops", true),
            ("ops-2", false),
            ("shop-pr-1", false),
            ("", false),
        ] {
            assert_eq!(filter.allows(name), taken, "{name:?}");
        }
        assert!(!filter.allows_all());
    }
}
