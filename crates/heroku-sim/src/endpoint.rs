//! The simulated endpoints.

/// An endpoint of the Platform API.
///
/// Selects the requests that a fault applies to, and classifies logged requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /teams`.
    Teams,
    /// `GET /teams/{id or name}`.
    Team,
    /// `GET /teams/{id or name}/invoices`.
    Invoices,
    /// `GET /teams/{id or name}/invoices/{id or number}`.
    Invoice,
    /// `GET /teams/{id}/usage/monthly`.
    Usage,
    /// `GET /teams/{id or name}/delinquency`.
    Delinquency,
    /// `GET /teams/{id or name}/licenses`.
    Licenses,
    /// `GET /teams/{id or name}/apps` and `GET /users/~/apps`.
    Apps,
    /// `GET /teams/{id or name}/addons` and `GET /users/~/addons`.
    Addons,
    /// `GET /teams/{id or name}/pipeline-couplings` and `GET /users/~/pipeline-couplings`.
    PipelineCouplings,
    /// `GET /apps/{id or name}/formation`.
    Formation,
    /// `GET /dyno-sizes`.
    DynoSizes,
    /// `GET /pipelines`.
    Pipelines,
    /// `GET /enterprise-accounts`.
    EnterpriseAccounts,
    /// `GET /enterprise-accounts/{id or name}`.
    EnterpriseAccount,
    /// `GET /enterprise-accounts/{id or name}/teams`.
    EnterpriseTeams,
    /// `GET /enterprise-accounts/{id}/usage/monthly`.
    EnterpriseUsage,
    /// `GET /account`.
    Account,
    /// `GET /account/invoices`.
    AccountInvoices,
    /// `GET /oauth/authorizations`.
    Authorizations,
    /// `GET /account/rate-limits`.
    RateLimits,
    /// All endpoints and unknown paths. Only for faults: no logged request has this value.
    Any,
}
