//! What an upstream wrote, without the token: a broken proxy may echo what it was sent.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

/// What is put in the place of a token that an upstream echoes.
pub(super) const TOKEN_STOOD_HERE: &str = "[token]";

/// A shorter token is none of Heroku's, and may stand in an app's name by chance.
const SHORTEST_TOKEN: usize = 8;

/// As much of an upstream's message as a log line bears.
const MESSAGE_CHARACTERS: usize = 300;

/// An answer without the token, however JSON writes it: what was never taken in comes out nowhere,
/// neither as a label nor in the state file.
pub(super) fn without_token(token: &SecretString, body: String) -> String {
    let token = token.expose_secret();
    if token.len() < SHORTEST_TOKEN {
        return body;
    }
    // Only graphic ASCII can be a token, and of that JSON has to escape these two.
    let escaped = token.replace('\\', r"\\").replace('"', r#"\""#);
    let plain = unescaped(&body);
    if !plain.contains(token) && !plain.contains(&escaped) {
        return body;
    }
    plain
        .replace(&escaped, TOKEN_STOOD_HERE)
        .replace(token, TOKEN_STOOD_HERE)
}

/// JSON that says the same and writes graphic ASCII in one way: `\u002d` is `-`, `\/` is `/`, and
/// `\u0022` is `\"`.
fn unescaped(json: &str) -> Cow<'_, str> {
    if !json.contains(r"\u00") && !json.contains(r"\/") {
        return json.into();
    }
    let mut plain = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let (length, character) = graphic(escape);
        match character {
            Some(character @ ('"' | '\\')) => plain.extend(['\\', character]),
            Some(character) => plain.push(character),
            None => plain.push_str(&escape[..length]),
        }
        rest = &escape[length..];
    }
    plain.push_str(rest);
    plain.into()
}

/// How long the escape is that a text begins with, and which graphic character it may stand for
/// without need.
fn graphic(escape: &str) -> (usize, Option<char>) {
    if escape.starts_with(r"\/") {
        return (2, Some('/'));
    }
    let digits = escape.strip_prefix(r"\u").and_then(|rest| rest.get(..4));
    let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match code.filter(u8::is_ascii_graphic) {
        Some(code) => (6, Some(code.into())),
        // The backslash, and what it stands before.
        None => (escape.chars().take(2).map(char::len_utf8).sum(), None),
    }
}

/// What an upstream wrote, made fit for a log line: short, on one line, and without the token.
pub(super) fn printable(token: &SecretString, text: &str) -> String {
    let text = text.replace(token.expose_secret(), TOKEN_STOOD_HERE);
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = plain.clone().take(MESSAGE_CHARACTERS).collect();
    if plain.count() > MESSAGE_CHARACTERS {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_taken_in_without_the_token() {
        let table = [
            (
                "HRKU-secret",
                r#"{"a":"HRKU-secretHRKU-secret"}"#,
                r#"{"a":"[token][token]"}"#,
            ),
            (r#"HRKU-"\x"#, r#"{"a":"HRKU-\"\\x"}"#, r#"{"a":"[token]"}"#),
            (r#"HRKU-"\x"#, r#"HRKU-"\x"#, "[token]"),
            (
                "HRKU-secret",
                r#"{"a":"HRKU-secre"}"#,
                r#"{"a":"HRKU-secre"}"#,
            ),
            (
                "HRKU-sec/ret",
                r#"{"a":"HRKU\u002Dsec\/ret","b":"\u0048RKU-sec/ret"}"#,
                r#"{"a":"[token]","b":"[token]"}"#,
            ),
            (
                r#"HRKU-"\x"#,
                r#"{"a":"HRKU\u002d\u0022\u005Cx HRKU-\"\\\u0078"}"#,
                r#"{"a":"[token] [token]"}"#,
            ),
            // A backslash, and what is no escape behind it.
            (
                "HRKU-secret",
                r#"{"a":"HRKU\\u002dsecret"}"#,
                r#"{"a":"HRKU\\u002dsecret"}"#,
            ),
            ("shop", r#"{"app_name":"shop"}"#, r#"{"app_name":"shop"}"#),
        ];
        for (token, body, expected) in table {
            let body = without_token(&SecretString::from(token), body.to_owned());
            assert_eq!(body, expected, "{token}");
        }
    }

    #[test]
    fn what_an_upstream_wrote_is_short_on_one_line_and_without_the_token() {
        let token = SecretString::from("HRKU-secret");
        let echoed = printable(&token, "you sent\nHRKU-secret\u{1b}[31m");
        assert_eq!(echoed, "you sent [token] [31m");
        assert_eq!(
            printable(&token, &"é".repeat(301)),
            format!("{}…", "é".repeat(300))
        );
    }

    proptest! {
        #[test]
        fn json_says_the_same_without_needless_escapes(text in r#"([a-zA-Z0-9/\\"é\n-]|\\u00[0-9a-f]{2})*"#, token in "[ -~]{8,12}") {
            let written = serde_json::to_string(&text).unwrap().replace('-', r"\u002d").replace('/', r"\/");
            let plain = unescaped(&written);
            prop_assert_eq!(serde_json::from_str::<String>(&plain).unwrap(), text);
            let _ = without_token(&SecretString::from(token), written);
        }

        #[test]
        fn no_text_is_too_odd(text in ".*") {
            unescaped(&text);
        }
    }
}
