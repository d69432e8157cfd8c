//! The authorizations of the token's owner (schema: `oauth-authorization`), of which one is the
//! token's.

use serde_json::{Value, json};

use crate::identifier;

/// Every authorization: the token's own, and others that a client must not take for it.
pub(super) fn all(token: &str, expires_in: Option<u64>) -> Vec<Value> {
    let id = |label: &str| identifier::uuid(0, label);
    let cli = json!({ "id": id("client/cli"), "name": "Heroku CLI", "redirect_uri": "http://localhost:5000/callback" });
    vec![
        // One that `heroku login` made, and that ends within the month.
        object(
            "Heroku CLI login",
            &json!({ "expires_in": 2_592_000, "id": id("token/login"), "token": id("secret/login"), "version": 1 }),
            &cli,
        ),
        object(
            "cost exporter",
            &json!({ "expires_in": expires_in, "id": id("token/own"), "token": token, "version": 1 }),
            &Value::Null,
        ),
        // One that never expires, and one whose token has been taken from it.
        object(
            "nightly backup",
            &json!({ "expires_in": null, "id": id("token/backup"), "token": id("secret/backup"), "version": 1 }),
            &Value::Null,
        ),
        object("old dashboard", &Value::Null, &Value::Null),
    ]
}

fn object(description: &str, access_token: &Value, client: &Value) -> Value {
    json!({
        "access_token": access_token,
        "client": client,
        "created_at": "2025-02-11T10:20:30Z",
        "description": description,
        "grant": null,
        "id": identifier::uuid(0, description),
        "refresh_token": null,
        "scope": ["global"],
        "session": null,
        "updated_at": "2025-02-11T10:20:30Z",
        "user": {
            "email": "ops@example.com",
            "full_name": null,
            "id": identifier::uuid(0, "user"),
        },
    })
}
