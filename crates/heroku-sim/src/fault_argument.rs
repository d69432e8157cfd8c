//! Parses faults of the command line, such as `usage=503:3`.

use std::str::FromStr;
use std::time::Duration;

use heroku_sim::{Endpoint, Fault, Times};

/// A parsed `ENDPOINT=FAULT[:COUNT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FaultArgument {
    pub(crate) endpoint: Endpoint,
    pub(crate) fault: Fault,
    pub(crate) times: Times,
}

/// The endpoints and their names on the command line.
const ENDPOINTS: [(&str, Endpoint); 22] = [
    ("teams", Endpoint::Teams),
    ("team", Endpoint::Team),
    ("invoices", Endpoint::Invoices),
    ("invoice", Endpoint::Invoice),
    ("usage", Endpoint::Usage),
    ("delinquency", Endpoint::Delinquency),
    ("licenses", Endpoint::Licenses),
    ("apps", Endpoint::Apps),
    ("addons", Endpoint::Addons),
    ("pipeline-couplings", Endpoint::PipelineCouplings),
    ("formation", Endpoint::Formation),
    ("dyno-sizes", Endpoint::DynoSizes),
    ("pipelines", Endpoint::Pipelines),
    ("enterprise-accounts", Endpoint::EnterpriseAccounts),
    ("enterprise-account", Endpoint::EnterpriseAccount),
    ("enterprise-teams", Endpoint::EnterpriseTeams),
    ("enterprise-usage", Endpoint::EnterpriseUsage),
    ("account", Endpoint::Account),
    ("account-invoices", Endpoint::AccountInvoices),
    ("authorizations", Endpoint::Authorizations),
    ("rate-limits", Endpoint::RateLimits),
    ("any", Endpoint::Any),
];

impl FromStr for FaultArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<FaultArgument, String> {
        let (endpoint, rest) = text
            .split_once('=')
            .ok_or("expected ENDPOINT=FAULT, such as usage=503")?;
        let endpoint = ENDPOINTS
            .iter()
            .find_map(|(name, known)| (*name == endpoint).then_some(*known))
            .ok_or_else(|| {
                let names = ENDPOINTS.map(|(name, _)| name).join(", ");
                format!("unknown endpoint {endpoint:?}, expected one of: {names}")
            })?;
        let (fault, times) = match rest.rsplit_once(':') {
            // A URL may contain colons, so only a number after the last one is a count.
            Some((fault, count))
                if !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                (fault, Times::Count(parse_number(count)?))
            }
            _ => (rest, Times::Always),
        };
        Ok(FaultArgument {
            endpoint,
            fault: parse_fault(fault)?,
            times,
        })
    }
}

fn parse_fault(text: &str) -> Result<Fault, String> {
    let (name, value) = text
        .split_once('=')
        .map_or((text, None), |(name, value)| (name, Some(value)));
    let required = || value.ok_or(format!("{name} requires a value: {name}=…"));
    Ok(match (name, value) {
        ("rate-limited", None) => Fault::RateLimited { retry_after: None },
        ("rate-limited", Some(seconds)) => Fault::RateLimited {
            retry_after: Some(parse_number(seconds)?),
        },
        ("html", None) => Fault::Html { status: 503 },
        ("html", Some(code)) => Fault::Html {
            status: parse_status(code)?,
        },
        ("delay", _) => {
            let seconds = required()?
                .parse()
                .ok()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            Fault::Delay(seconds.ok_or("delay requires a number of seconds")?)
        }
        ("hang", None) => Fault::Hang,
        ("drip", _) => Fault::Drip {
            bytes_per_second: parse_number(required()?)?,
        },
        ("truncate", _) => Fault::TruncateBody {
            after: parse_number(required()?)?,
        },
        ("reset", None) => Fault::ResetInHeaders,
        ("reset-in-body", _) => Fault::ResetInBody {
            after: parse_number(required()?)?,
        },
        ("not-gzip", None) => Fault::NotGzip,
        ("redirect", _) => Fault::Redirect {
            location: required()?.to_owned(),
            status: 302,
        },
        ("range-loop", None) => Fault::RangeLoop,
        ("huge", _) => Fault::HugeBody {
            bytes: parse_number(required()?)?,
        },
        ("empty", None) => Fault::EmptyList,
        (code, None) if code.bytes().all(|byte| byte.is_ascii_digit()) => {
            Fault::Status(parse_status(code)?)
        }
        _ => return Err(format!("unknown fault {text:?}, see --help")),
    })
}

fn parse_number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a number or is out of range"))
}

fn parse_status(text: &str) -> Result<u16, String> {
    let status: u16 = parse_number(text)?;
    if (200..600).contains(&status) {
        Ok(status)
    } else {
        Err(format!("status {status} is not between 200 and 599"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use heroku_sim::{Endpoint, Fault, Times};

    use super::FaultArgument;

    fn parse(text: &str) -> (Endpoint, Fault, Times) {
        let FaultArgument {
            endpoint,
            fault,
            times,
        } = text.parse().unwrap();
        (endpoint, fault, times)
    }

    #[test]
    fn parses_faults() {
        assert_eq!(
            parse("usage=503:3"),
            (Endpoint::Usage, Fault::Status(503), Times::Count(3))
        );
        assert_eq!(
            parse("enterprise-usage=403"),
            (Endpoint::EnterpriseUsage, Fault::Status(403), Times::Always)
        );
        assert_eq!(
            parse("invoices=hang"),
            (Endpoint::Invoices, Fault::Hang, Times::Always)
        );
        assert_eq!(
            parse("any=html"),
            (Endpoint::Any, Fault::Html { status: 503 }, Times::Always)
        );
        assert_eq!(
            parse("team=delay=1.5:1").1,
            Fault::Delay(Duration::from_millis(1_500))
        );
        assert_eq!(
            parse("teams=rate-limited=30").1,
            Fault::RateLimited {
                retry_after: Some(30)
            }
        );
        let location = "https://example.org/".to_owned();
        assert_eq!(
            parse("teams=redirect=https://example.org/").1,
            Fault::Redirect {
                location,
                status: 302
            }
        );
    }

    #[test]
    fn rejects_invalid_faults() {
        for text in [
            "",
            "usage",
            "usage=",
            "usage=999",
            "usage=nonsense",
            "costs=503",
            "usage=delay",
            "usage=delay=-1",
            "usage=503:99999999999",
            "usage=hang=3",
        ] {
            assert!(text.parse::<FaultArgument>().is_err(), "{text}");
        }
    }
}
