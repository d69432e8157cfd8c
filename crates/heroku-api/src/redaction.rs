//! Removes the token from responses: a broken proxy may echo the request.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

/// Replaces the token.
pub(super) const PLACEHOLDER: &str = "[token]";

/// A shorter token is not one of Heroku's, and may be part of an app's name by chance.
const MIN_TOKEN_LENGTH: usize = 8;

/// The longest message in a log line, in characters.
const MAX_MESSAGE: usize = 300;

/// Replaces the token in a JSON body, however it is escaped, so that it cannot become a label or part
/// of the state file.
pub(super) fn redact(token: &SecretString, body: String) -> String {
    let token = token.expose_secret();
    if token.len() < MIN_TOKEN_LENGTH {
        return body;
    }
    // A token is graphic ASCII, of which JSON must escape only these two.
    let escaped = token.replace('\\', r"\\").replace('"', r#"\""#);
    let plain = unescaped(&body);
    if !plain.contains(token) && !plain.contains(&escaped) {
        return body;
    }
    plain
        .replace(&escaped, PLACEHOLDER)
        .replace(token, PLACEHOLDER)
}

/// Removes unnecessary escapes of graphic ASCII from JSON: `\u002d` becomes `-`, `\/` becomes `/`, and
/// `\u0022` becomes `\"`.
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

/// Returns the length in bytes of the escape at the start of a text, and the graphic character that it
/// unnecessarily escapes.
fn graphic(escape: &str) -> (usize, Option<char>) {
    if escape.starts_with(r"\/") {
        return (2, Some('/'));
    }
    let digits = escape.strip_prefix(r"\u").and_then(|rest| rest.get(..4));
    let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match code.filter(u8::is_ascii_graphic) {
        Some(code) => (6, Some(code.into())),
        // The backslash and the next character.
        None => (escape.chars().take(2).map(char::len_utf8).sum(), None),
    }
}

/// Prepares a text from a response for a log line: short, on one line, and without the token.
pub(super) fn sanitize(token: &SecretString, text: &str) -> String {
    let text = text.replace(token.expose_secret(), PLACEHOLDER);
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = plain.clone().take(MAX_MESSAGE).collect();
    if plain.count() > MAX_MESSAGE {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn redacts_token_in_any_escape() {
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
            // An escaped backslash, followed by no escape.
            (
                "HRKU-secret",
                r#"{"a":"HRKU\\u002dsecret"}"#,
                r#"{"a":"HRKU\\u002dsecret"}"#,
            ),
            ("shop", r#"{"app_name":"shop"}"#, r#"{"app_name":"shop"}"#),
        ];
        for (token, body, expected) in table {
            let body = redact(&SecretString::from(token), body.to_owned());
            assert_eq!(body, expected, "{token}");
        }
    }

    #[test]
    fn sanitized_text_is_short_and_on_one_line() {
        let token = SecretString::from("HRKU-secret");
        let echoed = sanitize(&token, "you sent\nHRKU-secret\u{1b}[31m");
        assert_eq!(echoed, "you sent [token] [31m");
        assert_eq!(
            sanitize(&token, &"é".repeat(301)),
            format!("{}…", "é".repeat(300))
        );
    }

    proptest! {
        #[test]
        fn unescaping_keeps_the_value(text in r#"([a-zA-Z0-9/\\"é\n-]|\\u00[0-9a-f]{2})*"#, token in "[ -~]{8,12}") {
            let written = serde_json::to_string(&text).unwrap().replace('-', r"\u002d").replace('/', r"\/");
            let plain = unescaped(&written);
            prop_assert_eq!(serde_json::from_str::<String>(&plain).unwrap(), text);
            let _ = redact(&SecretString::from(token), written);
        }

        #[test]
        fn unescapes_any_text_without_panic(text in ".*") {
            unescaped(&text);
        }
    }
}
