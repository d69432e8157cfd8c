//! Interpolates variables into queries like Grafana.

/// Returns the two arguments of Grafana's `label_values`.
pub(crate) fn label_values(query: &str) -> (&str, &str) {
    let arguments = query
        .strip_prefix("label_values(")
        .and_then(|rest| rest.strip_suffix(')'));
    let arguments = arguments.and_then(|arguments| arguments.rsplit_once(", "));
    arguments.unwrap_or_else(|| panic!("{query} is not a label_values query"))
}

/// The selected values of a variable. Grafana interpolates `.*` for all values, and otherwise the
/// values escaped for a quoted regular expression.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    All,
    Values(Vec<String>),
}

impl Selection {
    fn interpolate(&self) -> String {
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

/// Interpolates a query for a time range of an hour and a scrape interval of 15 seconds.
pub(crate) fn interpolate(expr: &str, team: &Selection, app: &Selection) -> String {
    let expr = expr
        .replace("$__rate_interval", "1m0s")
        .replace("$__range", "1h");
    let expr = expr
        .replace("$team", &team.interpolate())
        .replace("$app", &app.interpolate());
    assert!(!expr.contains('$'), "{expr}");
    expr
}
