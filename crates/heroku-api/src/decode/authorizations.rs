//! The authorizations of the token's owner, for the expiry of the token:
//! <https://devcenter.heroku.com/articles/platform-api-reference#oauth-authorization>.
//!
//! The response contains the owner's other tokens. So the decoded tokens are secret, and an error
//! contains nothing of the response.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;

use super::field::{Field, Integer};
use super::{DecodeError, FromPages, row};
use crate::redaction::PLACEHOLDER;
use crate::skipped::Skipped;

/// Each token and in how many seconds it expires, if it does (`access_token.token`,
/// `access_token.expires_in`).
pub(crate) struct Authorizations(Vec<(SecretString, Option<i64>)>);

#[derive(Deserialize)]
struct AuthorizationRow {
    access_token: AccessTokenRow,
}

#[derive(Deserialize)]
struct AccessTokenRow {
    token: SecretString,
    #[serde(default)]
    expires_in: Field<Integer>,
}

impl Authorizations {
    /// Returns in how many seconds `token` expires. The transport has replaced it by the
    /// placeholder, unless it is too short.
    pub(crate) fn expires_in(&self, token: &SecretString) -> Option<i64> {
        let own = |(other, _): &&(SecretString, _)| {
            let other = other.expose_secret();
            other == PLACEHOLDER || other == token.expose_secret()
        };
        self.0.iter().find(own)?.1
    }
}

impl FromPages for Authorizations {
    /// Undecodable authorizations are ignored: they are not those of the token. Errors could contain
    /// a token, so invalid fields are not reported either.
    fn from_pages(pages: &[String], _: &mut Skipped) -> Result<Self, DecodeError> {
        let mut tokens = Vec::new();
        for page in pages {
            let rows: Vec<&RawValue> = serde_json::from_str(page)
                .map_err(|_| DecodeError::NotAList(serde_json::Error::custom("withheld")))?;
            let rows = rows.into_iter().filter_map(|value| {
                let token = row::<AuthorizationRow>(value).ok()?.access_token;
                let expires_in = token.expires_in.require("expires_in").ok();
                Some((token.token, expires_in.map(|seconds| seconds.0)))
            });
            tokens.extend(rows);
        }
        Ok(Self(tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_own_expiry_among_invalid_rows() {
        let page = r#"[{"access_token":{"token":"HRKU-other","expires_in":7}},{"access_token":null},7,null,{},
                       {"access_token":{"token":"HRKU-mine","expires_in":2592000.0}},
                       {"access_token":{"token":"HRKU-ever","expires_in":null}},
                       {"access_token":{"token":"HRKU-odd","expires_in":"soon"}}]"#;
        let authorizations =
            Authorizations::from_pages(&[page.to_owned()], &mut Skipped::default()).unwrap();
        let expires_in = |token: &str| authorizations.expires_in(&token.into());
        assert_eq!(expires_in("HRKU-mine"), Some(2_592_000));
        for unknown in ["HRKU-ever", "HRKU-odd", "HRKU-nobody"] {
            assert_eq!(expires_in(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn decode_error_contains_nothing_of_the_response() {
        for page in [
            r#"{"token":"HRKU-x"}"#,
            r#""HRKU-x""#,
            "HRKU-x",
            r#"["HRKU-x""#,
        ] {
            let Err(error) =
                Authorizations::from_pages(&[page.to_owned()], &mut Skipped::default())
            else {
                panic!("{page}");
            };
            let error = error.to_string();
            assert!(!error.contains("HRKU"), "{error}");
        }
    }
}
