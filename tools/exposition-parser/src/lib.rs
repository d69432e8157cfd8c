//! A strict reader of Prometheus's two text formats, to judge what an exporter writes.
//!
//! Classic text 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>. OpenMetrics
//! 1.0: <https://prometheus.io/docs/specs/om/open_metrics_spec/>. It shares nothing with any writer,
//! so that a mistake is not made twice, and it forbids what the formats leave open but a careful
//! exporter does not do: a family without HELP and TYPE, a timestamp, a second space, a comma
//! behind the last label. What Prometheus would throw a scrape away for is an error here: above
//! all, a series that stands twice.

mod line;

use std::collections::{BTreeMap, BTreeSet};

use line::Line;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The text format 0.0.4.
    Classic,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// What a scrape brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition {
    /// Its families, in the order in which they stand.
    pub families: Vec<Family>,
}

/// A metric and its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The name in the HELP and TYPE lines.
    pub name: String,
    /// What HELP says.
    pub help: String,
    /// What TYPE says.
    pub kind: Kind,
    /// Its series, in the order in which they stand.
    pub series: Vec<Series>,
}

/// What a TYPE line says, of the kinds that are read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `gauge`.
    Gauge,
    /// `counter`.
    Counter,
    /// `histogram`.
    Histogram,
}

/// One series and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The name on the line, with its suffix.
    pub name: String,
    /// The labels, in the order in which they stand.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

/// What is wrong with a text, and in which line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Wrong {
    /// The line.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Exposition {
    /// All series, in the order in which they stand.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.families.iter().flat_map(|family| &family.series)
    }
}

impl Series {
    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let (_, value) = self.labels.iter().find(|(label, _)| label == name)?;
        Some(value)
    }

    /// By what Prometheus tells the series from others: the labels in order, without the empty
    /// ones, which are to it as if they were not there.
    fn identity(&self) -> (&str, Vec<&(String, String)>) {
        let labels = self.labels.iter().filter(|(_, value)| !value.is_empty());
        let mut labels: Vec<_> = labels.collect();
        labels.sort_unstable();
        (&self.name, labels)
    }
}

/// Reads a whole text.
///
/// # Errors
///
/// Where it is not, from the first byte to the last, a text in `format`.
pub fn read(text: &str, format: Format) -> Result<Exposition, Wrong> {
    let mut families: Vec<Family> = Vec::new();
    let mut names = BTreeSet::new();
    let mut ended = false;
    let mut count = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        count = index + 1;
        let wrong = |what: String| Wrong { line: count, what };
        let Some(line) = line.strip_suffix('\n') else {
            return Err(wrong("it does not end with a line feed".into()));
        };
        if ended {
            return Err(wrong("it stands behind the end".into()));
        }
        match line::read(line, format).map_err(wrong)? {
            Line::Help { name, help } => {
                if !names.insert(name.to_owned()) {
                    return Err(wrong(format!("a second family {name}")));
                }
                // Without a TYPE behind it the name of the next line differs, which is an error.
                families.push(Family {
                    name: name.to_owned(),
                    help,
                    kind: Kind::Gauge,
                    series: Vec::new(),
                });
            }
            Line::Type { name, kind } => match families.last_mut() {
                Some(family) if family.name == name && family.series.is_empty() => {
                    family.kind = kind;
                }
                _ => {
                    return Err(wrong(format!(
                        "a TYPE of {name} that is not behind its HELP"
                    )));
                }
            },
            Line::Series(series) => match families.last_mut() {
                Some(family) if belongs(&series, family, format) => family.series.push(series),
                _ => return Err(wrong(format!("{} is not of this family", series.name))),
            },
            Line::End => ended = true,
        }
    }
    let wrong = |what: String| Wrong { line: count, what };
    if format == Format::OpenMetrics && !ended {
        return Err(wrong("there is no # EOF".into()));
    }
    for family in &families {
        check(family).map_err(wrong)?;
    }
    Ok(Exposition { families })
}

/// Whether a series may stand in a family, by its name and its value.
fn belongs(series: &Series, family: &Family, format: Format) -> bool {
    let Some(suffix) = series.name.strip_prefix(family.name.as_str()) else {
        return false;
    };
    let is_count = series.value >= 0.0 && series.value.is_finite();
    match (family.kind, format) {
        (Kind::Gauge, _) => suffix.is_empty(),
        (Kind::Counter, Format::Classic) => suffix.is_empty() && is_count,
        (Kind::Counter, Format::OpenMetrics) => suffix == "_total" && is_count,
        (Kind::Histogram, _) => match suffix {
            "_bucket" => series.label("le").is_some() && is_count,
            "_sum" | "_count" => series.label("le").is_none() && is_count,
            _ => false,
        },
    }
}

fn check(family: &Family) -> Result<(), String> {
    let mut identities = BTreeSet::new();
    for series in &family.series {
        if !identities.insert(series.identity()) {
            return Err(format!(
                "a series of {} stands twice: {series:?}",
                family.name
            ));
        }
    }
    if family.kind == Kind::Histogram {
        check_histogram(family)?;
    }
    Ok(())
}

/// The buckets of one label set: `(le, count)`, and what `_count` and `_sum` say.
#[derive(Default)]
struct Buckets {
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    has_sum: bool,
}

fn check_histogram(family: &Family) -> Result<(), String> {
    let mut by_labels: BTreeMap<Vec<&(String, String)>, Buckets> = BTreeMap::new();
    for series in &family.series {
        let labels = series.labels.iter().filter(|(name, _)| name != "le");
        let buckets = by_labels.entry(labels.collect()).or_default();
        match (series.label("le"), series.name.ends_with("_count")) {
            (Some(bound), _) => {
                let bound = line::number(bound)
                    .filter(|bound| !bound.is_nan())
                    .ok_or_else(|| format!("{bound:?} is no bound"))?;
                buckets.buckets.push((bound, series.value));
            }
            (None, true) => buckets.count = Some(series.value),
            (None, false) => buckets.has_sum = true,
        }
    }
    for (
        labels,
        Buckets {
            buckets,
            count,
            has_sum,
        },
    ) in by_labels
    {
        let rising = buckets
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let closed = buckets
            .last()
            .is_some_and(|(bound, last)| *bound == f64::INFINITY && Some(*last) == count);
        if !(rising && closed && has_sum) {
            return Err(format!("no histogram: {} with {labels:?}", family.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# HELP a_b Text.\n# TYPE a_b gauge\n";

    #[test]
    fn a_sound_text_is_read_whole() {
        let text = format!(
            "{HEAD}a_b{{x=\"1\\\\2\\\"3\\n4\",y=\"\"}} -1.5e3\na_b NaN\n\
             # HELP c_total A \\\\ and \\n.\n# TYPE c_total counter\nc_total 1\n\
             # HELP h Of.\n# TYPE h histogram\nh_bucket{{le=\"0.5\"}} 1\nh_bucket{{le=\"+Inf\"}} 2\nh_sum 3\nh_count 2\n"
        );
        let read = read(&text, Format::Classic).unwrap();
        assert_eq!(read.families.len(), 3);
        let first = read.series().next().unwrap();
        assert_eq!(first.label("x"), Some("1\\2\"3\n4"));
        assert_eq!((first.label("y"), first.value), (Some(""), -1500.0));
        assert_eq!(read.families[1].help, "A \\ and \n.");
    }

    #[test]
    fn the_formats_differ_in_counters_quotes_in_help_and_the_end() {
        let open = "# HELP c A \\\"q\\\".\n# TYPE c counter\nc_total 1\n# EOF\n";
        assert!(read(open, Format::OpenMetrics).is_ok());
        assert!(read(open, Format::Classic).is_err());
        let classic = "# HELP c_total A \"q\".\n# TYPE c_total counter\nc_total 1\n";
        assert!(read(classic, Format::Classic).is_ok());
        assert!(read(&format!("{classic}# EOF\n"), Format::OpenMetrics).is_err());
        assert!(read("# HELP c A.\n# TYPE c gauge\n", Format::OpenMetrics).is_err());
    }

    #[test]
    fn what_prometheus_or_a_careful_person_would_refuse_is_refused() {
        for lines in [
            "a_b 1",
            "a_b 1\na_b 2\n",
            "a_b{x=\"1\",y=\"2\"} 1\na_b{y=\"2\",x=\"1\"} 1\n",
            "a_b{x=\"\"} 1\na_b 1\n",
            "a_b{x=\"1\",x=\"2\"} 1\n",
            "a_b{x=\"1\",} 1\n",
            "a_b{} 1\n",
            "a_b{x=\"1\"}  1\n",
            "a_b{x=\"1\"} 1 1700000000\n",
            "a_b{x=\"\\t\"} 1\n",
            "a_b{x=\"1} 1\n",
            "a_b{1=\"1\"} 1\n",
            "a_b 1,5\n",
            "a_b inf\n",
            "a_b 0x10\n",
            "a_b\n",
            "a_bc 1\n",
            "\n",
            "# a comment\n",
            "# EOF\n",
            "# HELP a_b Text.\n# TYPE a_b gauge\n",
            "# TYPE a_b counter\n# HELP a_b Text.\n",
            "# HELP c Text.\nc 1\nc_total 1\n",
            "# HELP c Text.\n# TYPE c counter\nc -1\n",
            "# HELP c Text.\n# TYPE c counter\nc NaN\n",
            "# HELP h T.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 1\n",
            "# HELP h T.\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
            "# HELP h T.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n",
        ] {
            let text = format!("{HEAD}{lines}");
            assert!(read(&text, Format::Classic).is_err(), "{lines}");
        }
    }
}
