//! What Grafana makes of a query before it sends it.

/// The two arguments of Grafana's `label_values`.
pub(crate) fn label_values(query: &str) -> (&str, &str) {
    let arguments = query
        .strip_prefix("label_values(")
        .and_then(|rest| rest.strip_suffix(')'));
    let arguments = arguments.and_then(|arguments| arguments.rsplit_once(", "));
    arguments.unwrap_or_else(|| panic!("{query} does not ask for the values of a label"))
}

/// What a reader picked of a variable, as Grafana's data source for Prometheus puts it into a query:
/// the value that stands for all, or the values picked, escaped for a regular expression within quotes.
#[derive(Debug, Clone)]
pub(crate) enum Picked {
    All,
    Values(Vec<String>),
}

impl Picked {
    fn interpolated(&self) -> String {
        let Self::Values(values) = self else {
            return ".*".to_owned();
        };
        let escaped = |value: &String| {
            let mut escaped = String::new();
            for character in value.chars() {
                match character {
                    '\\' => escaped.push_str(r"\\\\"),
                    '"' => escaped.push_str(r#"\\\""#),
                    _ if "$^*{}[]'+?.()|".contains(character) => {
                        escaped.push_str(r"\\");
                        escaped.push(character);
                    }
                    _ => escaped.push(character),
                }
            }
            escaped
        };
        let values: Vec<_> = values.iter().map(escaped).collect();
        match &values[..] {
            [one] => one.clone(),
            several => format!("({})", several.join("|")),
        }
    }
}

/// A query as Grafana sends it, for a time range of an hour and a scrape interval of 15 seconds.
pub(crate) fn interpolated(expr: &str, team: &Picked, app: &Picked) -> String {
    let expr = expr
        .replace("$__rate_interval", "1m0s")
        .replace("$__range", "1h");
    let expr = expr
        .replace("$team", &team.interpolated())
        .replace("$app", &app.interpolated());
    assert!(!expr.contains('$'), "{expr}");
    expr
}
