//! Patterns of names: regular expressions that a name matches as a whole, and filters made of them.
//! <https://docs.rs/regex/latest/regex/#syntax>

use regex::{Regex, RegexBuilder};

/// How many bytes a compiled pattern may take. Names are short; what needs more is a mistake.
const LARGEST_PATTERN: usize = 1 << 20;

/// Compiles a pattern so that it matches whole names alone.
///
/// # Errors
///
/// Why it is no pattern, in one line.
pub fn whole_name(pattern: &str) -> Result<Regex, String> {
    // By itself first: what closes a group that it did not open must not reach beyond the anchors.
    compile(pattern)?;
    // With the flag `x` a comment runs to the end of the line, past an anchor on the same line; the
    // line break that would end it stands for itself without the flag.
    compile(&format!(r"\A(?:{pattern})\z")).or_else(|_| compile(&format!("\\A(?:{pattern}\n)\\z")))
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern)
        .size_limit(LARGEST_PATTERN)
        .dfa_size_limit(LARGEST_PATTERN)
        .build();
    regex.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            format!("it takes more than {LARGEST_PATTERN} bytes when compiled")
        }
        // Several lines, of which the last says what is wrong.
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    })
}

/// Which names are taken.
#[derive(Clone, Debug, Default)]
pub struct NameFilter {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl NameFilter {
    /// A filter of patterns that [`whole_name`] made.
    pub fn new(include: Vec<Regex>, exclude: Vec<Regex>) -> Self {
        Self { include, exclude }
    }

    /// Whether a name matches one of the patterns to include, or there are none, and none of those
    /// to exclude.
    pub fn takes(&self, name: &str) -> bool {
        let any = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Whether every name is taken.
    pub fn takes_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(patterns: &[&str]) -> Vec<Regex> {
        patterns.iter().map(|p| whole_name(p).unwrap()).collect()
    }

    #[test]
    fn a_pattern_matches_whole_names() {
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
            let regex = whole_name(pattern).unwrap();
            assert_eq!(regex.is_match(name), matches, "{pattern:?} {name:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told_in_one_line() {
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
            let message = whole_name(pattern).unwrap_err();
            assert!(message.contains(why), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn a_filter_takes_what_is_included_and_not_excluded() {
        let all = NameFilter::default();
        assert!(all.takes("") && all.takes("shop") && all.takes_all());
        let filter = NameFilter::new(patterns(&["shop.*", "ops"]), patterns(&[".*-pr-\\d+"]));
        for (name, taken) in [
            ("shop", true),
            ("ops", true),
            ("ops-2", false),
            ("shop-pr-1", false),
            ("", false),
        ] {
            assert_eq!(filter.takes(name), taken, "{name:?}");
        }
        assert!(!filter.takes_all());
    }
}
