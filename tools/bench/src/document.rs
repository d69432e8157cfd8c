//! Sections of a document, delimited by markers.

use std::path::Path;

use anyhow::Context;

/// Replaces the text between the markers of a section.
pub(crate) fn replace_section(document: &Path, section: &str, result: &str) -> anyhow::Result<()> {
    let name = document.display();
    let text =
        std::fs::read_to_string(document).with_context(|| format!("failed to read {name}"))?;
    let replaced = replace(&text, section, result)
        .with_context(|| format!("{name} has no markers of section {section:?}"))?;
    std::fs::write(document, replaced).with_context(|| format!("failed to write {name}"))
}

fn replace(text: &str, section: &str, result: &str) -> Option<String> {
    let begin = format!("<!-- {section}:begin -->\n");
    let end = format!("<!-- {section}:end -->");
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{result}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn replaces_text_between_markers() {
        let text = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n";
        let expected = "a\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nb\n";
        assert_eq!(replace(text, "bench", "new\n").as_deref(), Some(expected));
        assert_eq!(replace(text, "build", "new\n"), None);
    }
}
