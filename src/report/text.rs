//! Names as a terminal shows them: made visible, measured, cut and wrapped.
//!
//! A name can hold what a terminal would obey (colours, the cursor, the clipboard), or what turns
//! the order of a line around. None of it gets through.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

const ELLIPSIS: &str = "…";

/// A text of one line in which nothing is left that a terminal would obey or hide.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Each has a picture of its own.
            '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => shown.push('\u{2421}'),
            c if is_hidden(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Whether a character shows nothing and changes what is around it; the joiners of emoji and of
/// Indic scripts stay.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// How many columns a terminal gives a text.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text of at most `most` columns, its end cut off where it has more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for cluster in text.graphemes(true) {
        if width(&kept) + width(cluster) + width(ELLIPSIS) > most {
            break;
        }
        kept.push_str(cluster);
    }
    kept.push_str(ELLIPSIS);
    kept
}

/// A text in lines of at most `most` columns where its words allow it, each after the first with
/// `indent` spaces before it.
pub(super) fn wrapped(text: &str, most: usize, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let fits = column + 1 + width(word) <= most;
        if column > 0 && !fits {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let table = [
            ("shop-web", "shop-web"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "␛[31mred␛[0m␇"),
            ("a\nb\r\tc\0\u{7f}", "a␊b␍␉c␀␡"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("evil\u{202e}txt.exe", "evil\\u{202e}txt.exe"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("👩‍👧 family", "👩‍👧 family"),
        ];
        for (text, shown) in table {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_cut_falls_between_characters_as_people_count_them() {
        let table = [
            ("storefront", 10, "storefront"),
            ("storefront", 5, "stor…"),
            ("日本語アプリ", 7, "日本語…"),
            ("日本語アプリ", 6, "日本…"),
            ("ab👩‍👧cd", 4, "ab…"),
            ("ne\u{301}e\u{301}e\u{301}", 3, "ne\u{301}…"),
            ("storefront", 1, "…"),
        ];
        for (text, most, shown) in table {
            assert_eq!(cut(text, most), shown, "{text:?}");
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two  three", 7, 2), "one two\n  three");
        assert_eq!(
            wrapped("a-word-that-is-too-long b", 5, 1),
            "a-word-that-is-too-long\n b"
        );
        assert_eq!(wrapped("", 5, 1), "");
    }

    proptest! {
        #[test]
        fn whatever_the_name_it_is_visible_and_fits(text in any::<String>(), most in 1_usize..30) {
            let shown = visible(&text);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_hidden(c)), "{shown:?}");
            prop_assert!(width(&cut(&shown, most)) <= most);
        }
    }
}
