//! The authorizations of the token's owner, of which only the token's own expiry is wanted.
//! <https://devcenter.heroku.com/articles/platform-api-reference#oauth-authorization>
//!
//! The answer holds the owner's other tokens. So what is read of it is secret, and what cannot be
//! read is told without a word of it.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Integer, lenient};
use crate::list::FromPages;
use crate::redaction::TOKEN_STOOD_HERE;

/// Each token and in how many seconds it expires, where Heroku says so
/// (`access_token.token`, `access_token.expires_in`).
pub(crate) struct Authorizations(Vec<(SecretString, Option<i64>)>);

#[derive(Deserialize)]
struct AuthorizationRow<'a> {
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct AccessTokenRow<'a> {
    token: SecretString,
    #[serde(borrow)]
    expires_in: Option<&'a RawValue>,
}

impl Authorizations {
    /// In how many seconds `token` expires. No answer is taken in with the token that it was asked
    /// with; what stands in its place is as good a sign.
    pub(crate) fn expires_in(&self, token: &SecretString) -> Option<i64> {
        let own = |(other, _): &&(SecretString, _)| {
            let other = other.expose_secret();
            other == TOKEN_STOOD_HERE || other == token.expose_secret()
        };
        self.0.iter().find(own)?.1
    }
}

impl FromPages for Authorizations {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        let mut tokens = Vec::new();
        for page in pages {
            let rows: Vec<&RawValue> =
                serde_json::from_str(page).map_err(|_| "it is not a JSON list".to_owned())?;
            for row in rows {
                let row: Option<AuthorizationRow<'_>> = lenient(row);
                let token = row.and_then(|row| lenient(row.access_token?));
                tokens.extend(token.map(|row: AccessTokenRow<'_>| {
                    let expires_in: Option<Integer> = row.expires_in.and_then(lenient);
                    (row.token, expires_in.map(|seconds| seconds.0))
                }));
            }
        }
        // An authorization whose token cannot be read is no news: it is another's.
        Ok((Self(tokens), Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_s_own_expiry_is_found_among_what_is_odd() {
        let page = r#"[{"access_token":{"token":"HRKU-other","expires_in":7}},{"access_token":null},7,null,{},
                       {"access_token":{"token":"HRKU-mine","expires_in":2592000.0}},
                       {"access_token":{"token":"HRKU-ever","expires_in":null}},
                       {"access_token":{"token":"HRKU-odd","expires_in":"soon"}}]"#;
        let (authorizations, _) = Authorizations::from_pages(&[page.to_owned()]).unwrap();
        let expires_in = |token: &str| authorizations.expires_in(&token.into());
        assert_eq!(expires_in("HRKU-mine"), Some(2_592_000));
        for unknown in ["HRKU-ever", "HRKU-odd", "HRKU-nobody"] {
            assert_eq!(expires_in(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_a_word_of_it() {
        for page in [
            r#"{"token":"HRKU-x"}"#,
            r#""HRKU-x""#,
            "HRKU-x",
            r#"["HRKU-x""#,
        ] {
            let Err(why) = Authorizations::from_pages(&[page.to_owned()]) else {
                panic!("{page}");
            };
            assert!(!why.contains("HRKU"), "{why}");
        }
    }
}
