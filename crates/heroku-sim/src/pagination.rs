//! Pagination of lists by `Range` and `Next-Range`:
//! <https://devcenter.heroku.com/articles/platform-api-reference#ranges>.
//!
//! `Range: id ]0123..; max=10, order=desc` requests ten elements with ids before `0123` in
//! descending order. Heroku documents 206 for "partial content, at least one more page"; the
//! simulator responds with 200 to the last page.

use serde_json::Value;

/// The page size if the request has no `max`.
const DEFAULT_MAX: usize = 200;
/// The largest allowed `max`. Heroku documents the limit but no response beyond it; the simulator
/// rejects the request.
const MAX_LIMIT: usize = 1_000;

/// A parsed `Range` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    property: String,
    start: Option<Bound>,
    end: Option<Bound>,
    max: Option<usize>,
    descending: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    value: String,
    exclusive: bool,
}

/// A page of a list and the values of its response headers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) elements: Vec<Value>,
    pub(crate) content_range: Option<String>,
    pub(crate) next_range: Option<String>,
}

impl Default for Range {
    fn default() -> Range {
        Range {
            property: "id".to_owned(),
            start: None,
            end: None,
            max: None,
            descending: false,
        }
    }
}

impl Range {
    /// Parses the header of a request for a list that can be ordered by one of `properties`. A
    /// header without a property, such as a `Next-Range`, means `id`. Returns `None` if the header
    /// is invalid; the response is then 416.
    pub(crate) fn parse(header: &str, properties: &[&str]) -> Option<Range> {
        let (interval, parameters) = header.split_once(';').unwrap_or((header, ""));
        let (left, right) = interval.split_once("..")?;
        let left = left.trim_start();
        let (property, start) = match left.split_once(char::is_whitespace) {
            Some((property, start)) => (property, start.trim()),
            None if properties.contains(&left) => (left, ""),
            None => ("id", left),
        };
        if !properties.contains(&property) {
            return None;
        }
        let start = parse_bound(start, start.strip_prefix(']'))?;
        let end = parse_bound(right.trim(), right.trim().strip_suffix('['))?;
        let mut range = Range {
            property: property.to_owned(),
            start,
            end,
            ..Range::default()
        };
        for parameter in parameters
            .split([',', ';'])
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            match parameter
                .split_once('=')
                .map(|(key, value)| (key.trim(), value.trim()))?
            {
                ("max", value) => {
                    let max = value
                        .parse()
                        .ok()
                        .filter(|max| (1..=MAX_LIMIT).contains(max))?;
                    range.max = Some(max);
                }
                ("order", "asc") => range.descending = false,
                ("order", "desc") => range.descending = true,
                _ => return None,
            }
        }
        Some(range)
    }

    /// Returns the page of a list. `page_size` limits it regardless of `max`.
    pub(crate) fn page(&self, elements: &[Value], page_size: Option<usize>) -> Page {
        let mut keyed: Vec<(String, &Value)> = elements
            .iter()
            .enumerate()
            .map(|(index, element)| (self.key(index, element), element))
            .collect();
        keyed.sort_by(|(left, _), (right, _)| {
            if self.descending {
                right.cmp(left)
            } else {
                left.cmp(right)
            }
        });
        keyed.retain(|(key, _)| self.contains(key));

        let max = self.max.or(page_size).unwrap_or(DEFAULT_MAX);
        let mut length = max.min(page_size.unwrap_or(MAX_LIMIT)).min(keyed.len());
        // The next page starts after a key, so elements with the same key must be on the same page.
        while length > 0 && length < keyed.len() && keyed[length].0 == keyed[length - 1].0 {
            length += 1;
        }
        let has_next = length < keyed.len();
        keyed.truncate(length);

        let first_and_last = keyed
            .first()
            .zip(keyed.last())
            .map(|((first, _), (last, _))| (first, last));
        let content_range =
            first_and_last.map(|(first, last)| format!("{} {first}..{last}", self.property));
        let next_range = first_and_last
            .filter(|_| has_next)
            .map(|(_, last)| self.next_range(last, max));
        Page {
            elements: keyed
                .iter()
                .map(|(_, element)| (*element).clone())
                .collect(),
            content_range,
            next_range,
        }
    }

    /// Returns the `Next-Range` after `last`. It omits the property `id`, as in Heroku's example.
    fn next_range(&self, last: &str, max: usize) -> String {
        let property = if self.property == "id" {
            String::new()
        } else {
            format!("{} ", self.property)
        };
        let end = self.end.as_ref().map_or_else(String::new, |bound| {
            format!("{}{}", bound.value, if bound.exclusive { "[" } else { "" })
        });
        let order = if self.descending { ", order=desc" } else { "" };
        format!("{property}]{last}..{end}; max={max}{order}")
    }

    /// Returns the sort key of an element. The key of a row without the property is its index, so
    /// that the row is served exactly once.
    fn key(&self, index: usize, element: &Value) -> String {
        match element.get(&self.property) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => format!("{number:0>20}"),
            _ => format!("{index:020}"),
        }
    }

    fn contains(&self, key: &str) -> bool {
        let (low, high) = if self.descending {
            (&self.end, &self.start)
        } else {
            (&self.start, &self.end)
        };
        let above = low.as_ref().is_none_or(|bound| {
            key > bound.value.as_str() || !bound.exclusive && key == bound.value
        });
        let below = high.as_ref().is_none_or(|bound| {
            key < bound.value.as_str() || !bound.exclusive && key == bound.value
        });
        above && below
    }
}

/// Parses a bound. `stripped` is the bound without its bracket, if it has one. Returns `None` if
/// the bound is malformed and `Some(None)` if it is open.
fn parse_bound(text: &str, stripped: Option<&str>) -> Option<Option<Bound>> {
    let value = stripped.unwrap_or(text);
    if value.contains(|c: char| c.is_whitespace() || "[],;".contains(c)) || stripped == Some("") {
        return None;
    }
    Some((!value.is_empty()).then(|| Bound {
        value: value.to_owned(),
        exclusive: stripped.is_some(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Range;

    fn rows() -> Vec<Value> {
        ["d", "b", "a", "c"]
            .iter()
            .map(|id| json!({ "id": id, "name": format!("n{id}") }))
            .collect()
    }

    fn ids(range: &str, page_size: Option<usize>) -> (Vec<String>, Option<String>) {
        let page = Range::parse(range, &["id", "name"])
            .unwrap()
            .page(&rows(), page_size);
        (
            page.elements
                .iter()
                .map(|row| row["id"].as_str().unwrap().to_owned())
                .collect(),
            page.next_range,
        )
    }

    #[test]
    fn returns_pages_with_next_range() {
        assert_eq!(
            ids("id ..; max=1000", None),
            (vec!["a".into(), "b".into(), "c".into(), "d".into()], None)
        );
        assert_eq!(
            ids("id ..; max=3", None),
            (
                vec!["a".into(), "b".into(), "c".into()],
                Some("]c..; max=3".into())
            )
        );
        assert_eq!(ids("]c..; max=3", None), (vec!["d".into()], None));
        assert_eq!(
            ids("id ..", Some(2)),
            (vec!["a".into(), "b".into()], Some("]b..; max=2".into()))
        );
        assert_eq!(
            ids("id ..; max=1000", Some(2)),
            (vec!["a".into(), "b".into()], Some("]b..; max=1000".into()))
        );
        assert_eq!(
            ids("name ]nb..; max=1, order=desc", None),
            (vec!["a".into()], None)
        );
        assert_eq!(
            ids("name ..; order=desc,max=1", None),
            (
                vec!["d".into()],
                Some("name ]nd..; max=1, order=desc".into())
            )
        );
        assert_eq!(ids("id b..d[", None), (vec!["b".into(), "c".into()], None));
        assert_eq!(ids("id x..", None), (vec![], None));
    }

    #[test]
    fn serves_rows_without_id_exactly_once() {
        let rows = vec![
            json!({}),
            json!(null),
            json!({ "id": "x" }),
            json!({ "id": "x" }),
            json!({ "id": 3 }),
        ];
        let mut seen = 0;
        let mut range = Range::default();
        loop {
            let page = range.page(&rows, Some(1));
            seen += page.elements.len();
            let Some(next) = page.next_range else { break };
            range = Range::parse(&next, &["id"]).unwrap();
        }
        assert_eq!(seen, rows.len());
    }

    #[test]
    fn rejects_malformed_ranges() {
        for header in [
            "",
            "id",
            "bytes=0-100",
            "id ..; max=0",
            "id ..; max=1001",
            "id ..; max=ten",
            "id ..; max",
            "colour ..",
            "id ..; order=up",
            "id ]..",
            "id a b..",
            "id ..; limit=3",
        ] {
            assert_eq!(Range::parse(header, &["id", "name"]), None, "{header}");
        }
    }
}
