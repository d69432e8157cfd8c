//! The authorizations of the token's owner (schema: `oauth-authorization`).

use serde_json::{Value, json};

use crate::hash;

/// Returns all authorizations: that of `token`, and others that a client has to ignore.
pub(super) fn all(token: &str, expires_in: Option<u64>) -> Vec<Value> {
    let id = |label: &str| hash::uuid(0, label);
    let cli = json!({ "id": id("client/cli"), "name": "Heroku CLI", "redirect_uri": "http://localhost:5000/callback" });
    vec![
        // Created by `heroku login`; expires within a month.
        authorization(
            "Heroku CLI login",
            &json!({ "expires_in": 2_592_000, "id": id("token/login"), "token": id("secret/login"), "version": 1 }),
            &cli,
        ),
        authorization(
            "API client",
            &json!({ "expires_in": expires_in, "id": id("token/own"), "token": token, "version": 1 }),
            &Value::Null,
        ),
        // One that never expires, and one without a token.
        authorization(
            "nightly backup",
            &json!({ "expires_in": null, "id": id("token/backup"), "token": id("secret/backup"), "version": 1 }),
            &Value::Null,
        ),
        authorization("old dashboard", &Value::Null, &Value::Null),
    ]
}

fn authorization(description: &str, access_token: &Value, client: &Value) -> Value {
    json!({
        "access_token": access_token,
        "client": client,
        "created_at": "2025-02-11T10:20:30Z",
        "description": description,
        "grant": null,
        "id": hash::uuid(0, description),
        "refresh_token": null,
        "scope": ["global"],
        "session": null,
        "updated_at": "2025-02-11T10:20:30Z",
        "user": {
            "email": "ops@example.com",
            "full_name": null,
            "id": hash::uuid(0, "user"),
        },
    })
}
