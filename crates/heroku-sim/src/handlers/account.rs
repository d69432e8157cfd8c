//! The account of the token's owner (schema: `account`).

use serde_json::{Value, json};

use crate::hash;

/// Returns the account.
pub(super) fn account() -> Value {
    json!({
        "acknowledged_msa": false,
        "acknowledged_msa_at": null,
        "allow_tracking": true,
        "beta": false,
        "country_of_residence": null,
        "created_at": "2019-03-04T09:12:44Z",
        "default_organization": null,
        "default_team": null,
        "delinquent_at": null,
        "eco_dynos_enabled": false,
        "eco_dynos_shutdown_at": null,
        "email": "ops@example.com",
        "federated": false,
        "id": hash::uuid(0, "user"),
        "identity_provider": null,
        "italian_customer_terms": null,
        "italian_partner_terms": null,
        "last_login": "2024-11-18T16:03:20Z",
        "mfa_enabled": true,
        "mfa_exemption": false,
        "mfa_exemption_reason": null,
        "mfa_experience": "forced",
        "name": null,
        "pipeline_cost_consent_at": null,
        "sms_number": null,
        "suspended_at": null,
        "two_factor_authentication": false,
        "updated_at": "2024-11-18T16:03:20Z",
        "verified": true,
    })
}
