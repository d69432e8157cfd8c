//! Results between the markers of a document.

use std::path::Path;

use anyhow::Context;

/// Puts a result between the document's markers of `part`.
pub(crate) fn put(document: &Path, part: &str, result: &str) -> anyhow::Result<()> {
    let name = document.display();
    let text =
        std::fs::read_to_string(document).with_context(|| format!("{name} cannot be read"))?;
    let replaced = replace(&text, part, result)
        .with_context(|| format!("{name} has no markers of {part:?}"))?;
    std::fs::write(document, replaced).with_context(|| format!("{name} cannot be written"))
}

/// `text` with `result` between its markers.
fn replace(text: &str, part: &str, result: &str) -> Option<String> {
    let (begin, end) = (
        format!("<!-- {part}:begin -->\n"),
        format!("<!-- {part}:end -->"),
    );
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{result}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_result_takes_the_place_of_the_one_before() {
        let text = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n";
        let expected = "a\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nb\n";
        assert_eq!(replace(text, "bench", "new\n").as_deref(), Some(expected));
        assert_eq!(replace(text, "growth", "new\n"), None);
    }
}
