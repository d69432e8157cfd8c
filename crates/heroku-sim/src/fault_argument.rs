//! A fault as it is written on the command line: `usage=503:3`.

use std::str::FromStr;
use std::time::Duration;

use heroku_sim::{Endpoint, Fault, Times};

/// `ENDPOINT=FAULT[:COUNT]`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FaultArgument {
    pub(crate) endpoint: Endpoint,
    pub(crate) fault: Fault,
    pub(crate) times: Times,
}

/// What the command line calls the endpoints.
pub(crate) const ENDPOINTS: [(&str, Endpoint); 14] = [
    ("teams", Endpoint::Teams),
    ("team", Endpoint::Team),
    ("invoices", Endpoint::Invoices),
    ("usage", Endpoint::Usage),
    ("delinquency", Endpoint::Delinquency),
    ("licenses", Endpoint::Licenses),
    ("enterprise-accounts", Endpoint::EnterpriseAccounts),
    ("enterprise-account", Endpoint::EnterpriseAccount),
    ("enterprise-teams", Endpoint::EnterpriseTeams),
    ("enterprise-usage", Endpoint::EnterpriseUsage),
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
            .ok_or("it has to be ENDPOINT=FAULT, such as usage=503")?;
        let endpoint = ENDPOINTS
            .iter()
            .find_map(|(name, known)| (*name == endpoint).then_some(*known))
            .ok_or_else(|| {
                let names = ENDPOINTS.map(|(name, _)| name).join(", ");
                format!("no endpoint is called {endpoint:?}: {names}")
            })?;
        let (fault, times) = match rest.rsplit_once(':') {
            // A URL has colons of its own, so only a number behind the last one is a count.
            Some((fault, count))
                if !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                (fault, Times::Count(number(count)?))
            }
            _ => (rest, Times::Always),
        };
        Ok(FaultArgument {
            endpoint,
            fault: self::fault(fault)?,
            times,
        })
    }
}

fn fault(text: &str) -> Result<Fault, String> {
    let (name, value) = text
        .split_once('=')
        .map_or((text, None), |(name, value)| (name, Some(value)));
    let needed = || value.ok_or(format!("{name} needs a value: {name}=…"));
    Ok(match (name, value) {
        ("rate-limited", None) => Fault::RateLimited { retry_after: None },
        ("rate-limited", Some(seconds)) => Fault::RateLimited {
            retry_after: Some(number(seconds)?),
        },
        ("html", None) => Fault::Html { status: 503 },
        ("html", Some(code)) => Fault::Html {
            status: status(code)?,
        },
        ("delay", _) => {
            let seconds = needed()?
                .parse()
                .ok()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            Fault::Delay(seconds.ok_or("delay takes a number of seconds")?)
        }
        ("hang", None) => Fault::Hang,
        ("drip", _) => Fault::Drip {
            bytes_per_second: number(needed()?)?,
        },
        ("truncate", _) => Fault::TruncateBody {
            after: number(needed()?)?,
        },
        ("reset", None) => Fault::ResetInHeaders,
        ("reset-in-body", _) => Fault::ResetInBody {
            after: number(needed()?)?,
        },
        ("not-gzip", None) => Fault::NotGzip,
        ("redirect", _) => Fault::Redirect {
            location: needed()?.to_owned(),
            status: 302,
        },
        ("range-loop", None) => Fault::RangeLoop,
        ("huge", _) => Fault::HugeBody {
            bytes: number(needed()?)?,
        },
        ("empty", None) => Fault::EmptyList,
        (code, None) if code.bytes().all(|byte| byte.is_ascii_digit()) => {
            Fault::Status(status(code)?)
        }
        _ => return Err(format!("no fault is written {text:?}; --help names them")),
    })
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a number that fits"))
}

fn status(text: &str) -> Result<u16, String> {
    let status: u16 = number(text)?;
    if (200..600).contains(&status) {
        Ok(status)
    } else {
        Err(format!("{status} is not the status of an answer"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use heroku_sim::{Endpoint, Fault, Times};

    use super::FaultArgument;

    fn read(text: &str) -> (Endpoint, Fault, Times) {
        let FaultArgument {
            endpoint,
            fault,
            times,
        } = text.parse().unwrap();
        (endpoint, fault, times)
    }

    #[test]
    fn faults_are_read() {
        assert_eq!(
            read("usage=503:3"),
            (Endpoint::Usage, Fault::Status(503), Times::Count(3))
        );
        assert_eq!(
            read("enterprise-usage=403"),
            (Endpoint::EnterpriseUsage, Fault::Status(403), Times::Always)
        );
        assert_eq!(
            read("invoices=hang"),
            (Endpoint::Invoices, Fault::Hang, Times::Always)
        );
        assert_eq!(
            read("any=html"),
            (Endpoint::Any, Fault::Html { status: 503 }, Times::Always)
        );
        assert_eq!(
            read("team=delay=1.5:1").1,
            Fault::Delay(Duration::from_millis(1_500))
        );
        assert_eq!(
            read("teams=rate-limited=30").1,
            Fault::RateLimited {
                retry_after: Some(30)
            }
        );
        let location = "https://example.org/".to_owned();
        assert_eq!(
            read("teams=redirect=https://example.org/").1,
            Fault::Redirect {
                location,
                status: 302
            }
        );
    }

    #[test]
    fn nonsense_is_explained() {
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
