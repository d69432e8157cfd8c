//! A panel of the dashboard, and how Grafana writes one down.
//!
//! What looks alike is written once here, so that the rows say only what each panel is about.

use serde_json::{Value, json};

/// Where every panel and variable asks: the data source that the reader picks.
pub(crate) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// A panel, wherever it will stand.
#[derive(Debug)]
pub(crate) struct Panel {
    kind: &'static str,
    title: &'static str,
    description: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    defaults: Value,
    overrides: Vec<Value>,
    options: Value,
    targets: Vec<Value>,
    transformations: Vec<Value>,
}

/// Colours by the value from which on they hold.
pub(crate) type Steps<'a> = &'a [(Option<f64>, &'a str)];

fn thresholds(steps: Steps<'_>) -> Value {
    let steps: Vec<_> = steps
        .iter()
        .map(|(value, color)| json!({ "value": value, "color": color }))
        .collect();
    json!({ "mode": "absolute", "steps": steps })
}

fn last_value() -> Value {
    json!({ "calcs": ["lastNotNull"], "fields": "", "values": false })
}

fn legend(placement: &str, calcs: &[&str]) -> Value {
    json!({ "showLegend": true, "displayMode": "table", "placement": placement, "calcs": calcs })
}

/// A number, large.
pub(crate) fn stat(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto",
        "reduceOptions": last_value(), "textMode": "auto", "wideLayout": true,
    });
    let panel = Panel::new("stat", title, unit, description, options).sized(4, 4);
    panel.colored(&[(None, "text")])
}

/// Lines over time.
pub(crate) fn lines(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "legend": legend("bottom", &["lastNotNull"]),
        "tooltip": { "mode": "multi", "sort": "desc" },
    });
    let panel = Panel::new("timeseries", title, unit, description, options).sized(12, 9);
    // Figures come nightly and hold until the next: a slope between two would be made up.
    panel.with_defaults(json!({
        "color": { "mode": "palette-classic" },
        "custom": {
            "drawStyle": "line", "lineInterpolation": "stepAfter", "lineWidth": 2, "fillOpacity": 8,
            "showPoints": "never", "spanNulls": false, "stacking": { "mode": "none", "group": "A" },
        },
    }))
}

/// Areas over time that add up.
pub(crate) fn areas(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let mut panel = lines(title, unit, description);
    panel.defaults["custom"]["stacking"]["mode"] = json!("normal");
    panel.defaults["custom"]["fillOpacity"] = json!(40);
    panel
}

/// A bar for each series.
pub(crate) fn bars(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "displayMode": "basic", "orientation": "horizontal", "reduceOptions": last_value(),
        "showUnfilled": true, "valueMode": "color", "namePlacement": "left", "sizing": "auto",
        "minVizHeight": 16, "minVizWidth": 8, "maxVizHeight": 40,
        "legend": { "showLegend": false, "displayMode": "list", "placement": "bottom", "calcs": [] },
    });
    let panel = Panel::new("bargauge", title, unit, description, options).sized(8, 8);
    panel
        .with_defaults(json!({ "min": 0 }))
        .colored(&[(None, "blue")])
}

/// Bars side by side, a group for each row of a table.
pub(crate) fn columns(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "orientation": "vertical", "stacking": "normal", "showValue": "never", "groupWidth": 0.7,
        "barWidth": 0.9, "xTickLabelRotation": 0, "xTickLabelSpacing": 0, "fullHighlight": false,
        "legend": legend("bottom", &["mean", "max"]),
        "tooltip": { "mode": "multi", "sort": "none" },
    });
    let panel = Panel::new("barchart", title, unit, description, options).sized(12, 9);
    panel.with_defaults(json!({
        "color": { "mode": "palette-classic" }, "custom": { "fillOpacity": 80, "lineWidth": 1 },
    }))
}

/// A table, made of the queries' answers: a row for each set of labels, a column for each query.
pub(crate) fn table(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({ "showHeader": true, "cellHeight": "sm" });
    let panel = Panel::new("table", title, unit, description, options).sized(12, 9);
    panel.with_defaults(json!({ "custom": { "align": "auto", "filterable": true } }))
}

impl Panel {
    fn new(
        kind: &'static str,
        title: &'static str,
        unit: &str,
        description: &'static str,
        options: Value,
    ) -> Self {
        Self {
            kind,
            title,
            description,
            width: 0,
            height: 0,
            defaults: json!({ "unit": unit }),
            overrides: Vec::new(),
            options,
            targets: Vec::new(),
            transformations: Vec::new(),
        }
    }

    pub(crate) fn sized(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// Adds to what holds for every field.
    pub(crate) fn with_defaults(mut self, more: Value) -> Self {
        for (key, value) in more.as_object().expect("an object") {
            self.defaults[key] = value.clone();
        }
        self
    }

    /// Adds to what holds for the panel.
    pub(crate) fn with_options(mut self, more: Value) -> Self {
        for (key, value) in more.as_object().expect("an object") {
            self.options[key] = value.clone();
        }
        self
    }

    /// Colours a value by the step that it has reached.
    pub(crate) fn colored(self, steps: Steps<'_>) -> Self {
        self.with_defaults(
            json!({ "color": { "mode": "thresholds" }, "thresholds": thresholds(steps) }),
        )
    }

    /// What stands where there is no value.
    pub(crate) fn or_says(self, text: &str) -> Self {
        self.with_defaults(json!({ "noValue": text }))
    }

    fn target(mut self, expr: &str, legend: &str, is_instant: bool, format: &str) -> Self {
        let letter = b'A' + u8::try_from(self.targets.len()).expect("few queries");
        self.targets.push(json!({
            "refId": char::from(letter).to_string(), "datasource": datasource(), "editorMode": "code",
            "expr": expr, "legendFormat": legend, "instant": is_instant, "range": !is_instant,
            "format": format, "exemplar": false,
        }));
        self
    }

    /// Asks for the value at the end of the time range.
    pub(crate) fn now(self, legend: &str, expr: &str) -> Self {
        self.target(expr, legend, true, "time_series")
    }

    /// Asks for the values over the time range.
    pub(crate) fn over_time(self, legend: &str, expr: &str) -> Self {
        self.target(expr, legend, false, "time_series")
    }

    /// Asks for rows of a table.
    pub(crate) fn rows(self, expr: &str) -> Self {
        self.target(expr, "", true, "table")
    }

    /// Puts the answers of all queries side by side, with these columns in this order. A column
    /// is a label, or `Value #A` for what the first of several queries gives.
    pub(crate) fn columns(mut self, columns: &[(&str, &str)]) -> Self {
        let mut by_position = json!({});
        let mut named = json!({});
        for (position, (field, name)) in columns.iter().enumerate() {
            by_position[*field] = json!(position);
            named[*field] = json!(name);
        }
        self.transformations
            .push(json!({ "id": "merge", "options": {} }));
        self.transformations.push(json!({
            "id": "organize",
            "options": {
                "excludeByName": { "Time": true }, "indexByName": by_position, "renameByName": named,
            },
        }));
        self
    }

    /// Turns a table with a row for each pair of labels into one with a row for each value of the
    /// first and a column for each of the second.
    pub(crate) fn matrix(mut self, rows: &str, columns: &str) -> Self {
        self.transformations.push(
            json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": rows, "desc": false }] } }),
        );
        self.transformations.push(json!({
            "id": "groupingToMatrix",
            "options": { "rowField": rows, "columnField": columns, "valueField": "Value", "emptyValue": "null" },
        }));
        self
    }

    /// Leaves out the rows that have nothing in a column.
    pub(crate) fn only_with(mut self, column: &str) -> Self {
        let has_it = json!({ "fieldName": column, "config": { "id": "isNotNull", "options": {} } });
        self.transformations.push(json!({
            "id": "filterByValue", "options": { "type": "include", "match": "all", "filters": [has_it] },
        }));
        self
    }

    /// Sorts a table by a column, the largest first.
    pub(crate) fn largest_first(self, column: &str) -> Self {
        self.with_options(json!({ "sortBy": [{ "displayName": column, "desc": true }] }))
    }

    fn column(mut self, column: &str, properties: Value) -> Self {
        self.overrides.push(json!({
            "matcher": { "id": "byName", "options": column }, "properties": properties,
        }));
        self
    }

    /// Shows a column in a unit of its own.
    pub(crate) fn in_unit(self, column: &str, unit: &str) -> Self {
        self.column(column, json!([{ "id": "unit", "value": unit }]))
    }

    /// Shows a column as bars.
    pub(crate) fn with_bars(self, column: &str) -> Self {
        self.column(
            column,
            json!([
                { "id": "custom.cellOptions", "value": { "type": "gauge", "mode": "basic", "valueDisplayMode": "text" } },
                { "id": "min", "value": 0 },
                { "id": "color", "value": { "mode": "fixed", "fixedColor": "blue" } },
            ]),
        )
    }

    /// Colours the text of a column by the step that its value has reached.
    pub(crate) fn colored_column(self, column: &str, steps: Steps<'_>) -> Self {
        self.column(
            column,
            json!([
                { "id": "custom.cellOptions", "value": { "type": "color-text" } },
                { "id": "thresholds", "value": thresholds(steps) },
            ]),
        )
    }

    /// Shows 1 and 0 of a column as words.
    pub(crate) fn in_words(self, column: &str, one: (&str, &str), zero: (&str, &str)) -> Self {
        let word = |(text, color): (&str, &str), index| json!({ "text": text, "color": color, "index": index });
        self.column(
            column,
            json!([
                { "id": "custom.cellOptions", "value": { "type": "color-text" } },
                { "id": "mappings", "value": [{ "type": "value", "options": { "1": word(one, 0), "0": word(zero, 1) } }] },
            ]),
        )
    }

    /// Draws a line broken, as what is not yet or not really so.
    pub(crate) fn dashed(self, series: &str) -> Self {
        self.column(
            series,
            json!([
                { "id": "custom.lineStyle", "value": { "fill": "dash", "dash": [8, 8] } },
                { "id": "custom.fillOpacity", "value": 0 },
            ]),
        )
    }

    /// As Grafana writes it down, at a place.
    pub(crate) fn placed(self, id: u32, x: u32, y: u32) -> Value {
        json!({
            "id": id, "type": self.kind, "title": self.title, "description": self.description,
            "datasource": datasource(),
            "gridPos": { "x": x, "y": y, "w": self.width, "h": self.height },
            "fieldConfig": { "defaults": self.defaults, "overrides": self.overrides },
            "options": self.options, "targets": self.targets, "transformations": self.transformations,
        })
    }
}
