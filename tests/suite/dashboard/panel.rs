//! A builder for the panels of the dashboard.

use serde_json::{Value, json};

/// The data source of all panels and variables, which is selected by a variable.
pub(crate) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// A panel without its position.
#[derive(Debug)]
pub(crate) struct Panel {
    panel_type: &'static str,
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

/// Threshold steps: a color and the lowest value that has it.
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

/// A stat panel.
pub(crate) fn stat(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto",
        "reduceOptions": last_value(), "textMode": "auto", "wideLayout": true,
    });
    let panel = Panel::new("stat", title, unit, description, options).size(4, 4);
    panel.thresholds(&[(None, "text")])
}

/// A time series panel with lines.
pub(crate) fn lines(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "legend": legend("bottom", &["lastNotNull"]),
        "tooltip": { "mode": "multi", "sort": "desc" },
    });
    let panel = Panel::new("timeseries", title, unit, description, options).size(12, 9);
    // Costs change nightly and are constant in between, so lines are not interpolated.
    panel.with_defaults(json!({
        "color": { "mode": "palette-classic" },
        "custom": {
            "drawStyle": "line", "lineInterpolation": "stepAfter", "lineWidth": 2, "fillOpacity": 8,
            "showPoints": "never", "spanNulls": false, "stacking": { "mode": "none", "group": "A" },
        },
    }))
}

/// A time series panel with stacked areas.
pub(crate) fn areas(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let mut panel = lines(title, unit, description);
    panel.defaults["custom"]["stacking"]["mode"] = json!("normal");
    panel.defaults["custom"]["fillOpacity"] = json!(40);
    panel
}

/// A bar gauge with a bar for each series.
pub(crate) fn bars(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "displayMode": "basic", "orientation": "horizontal", "reduceOptions": last_value(),
        "showUnfilled": true, "valueMode": "color", "namePlacement": "left", "sizing": "auto",
        "minVizHeight": 16, "minVizWidth": 8, "maxVizHeight": 40,
        "legend": { "showLegend": false, "displayMode": "list", "placement": "bottom", "calcs": [] },
    });
    let panel = Panel::new("bargauge", title, unit, description, options).size(8, 8);
    panel
        .with_defaults(json!({ "min": 0 }))
        .thresholds(&[(None, "blue")])
}

/// A bar chart with stacked bars for each row of a table.
pub(crate) fn columns(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({
        "orientation": "vertical", "stacking": "normal", "showValue": "never", "groupWidth": 0.7,
        "barWidth": 0.9, "xTickLabelRotation": 0, "xTickLabelSpacing": 0, "fullHighlight": false,
        "legend": legend("bottom", &["mean", "max"]),
        "tooltip": { "mode": "multi", "sort": "none" },
    });
    let panel = Panel::new("barchart", title, unit, description, options).size(12, 9);
    panel.with_defaults(json!({
        "color": { "mode": "palette-classic" }, "custom": { "fillOpacity": 80, "lineWidth": 1 },
    }))
}

/// A table with a row for each set of labels and a column for each query.
pub(crate) fn table(title: &'static str, unit: &str, description: &'static str) -> Panel {
    let options = json!({ "showHeader": true, "cellHeight": "sm" });
    let panel = Panel::new("table", title, unit, description, options).size(12, 9);
    panel.with_defaults(json!({ "custom": { "align": "auto", "filterable": true } }))
}

impl Panel {
    fn new(
        panel_type: &'static str,
        title: &'static str,
        unit: &str,
        description: &'static str,
        options: Value,
    ) -> Self {
        Self {
            panel_type,
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

    pub(crate) fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// Adds default field options.
    pub(crate) fn with_defaults(mut self, more: Value) -> Self {
        for (key, value) in more.as_object().expect("an object") {
            self.defaults[key] = value.clone();
        }
        self
    }

    /// Adds panel options.
    pub(crate) fn with_options(mut self, more: Value) -> Self {
        for (key, value) in more.as_object().expect("an object") {
            self.options[key] = value.clone();
        }
        self
    }

    /// Colors values by threshold.
    pub(crate) fn thresholds(self, steps: Steps<'_>) -> Self {
        self.with_defaults(
            json!({ "color": { "mode": "thresholds" }, "thresholds": thresholds(steps) }),
        )
    }

    /// Sets the text that is shown if there is no value.
    pub(crate) fn no_value(self, text: &str) -> Self {
        self.with_defaults(json!({ "noValue": text }))
    }

    fn target(mut self, expr: &str, legend: &str, is_instant: bool, format: &str) -> Self {
        let ref_id = b'A' + u8::try_from(self.targets.len()).expect("fewer than 256 queries");
        self.targets.push(json!({
            "refId": char::from(ref_id).to_string(), "datasource": datasource(), "editorMode": "code",
            "expr": expr, "legendFormat": legend, "instant": is_instant, "range": !is_instant,
            "format": format, "exemplar": false,
        }));
        self
    }

    /// Adds an instant query at the end of the time range.
    pub(crate) fn instant(self, legend: &str, expr: &str) -> Self {
        self.target(expr, legend, true, "time_series")
    }

    /// Adds a range query over the time range.
    pub(crate) fn range(self, legend: &str, expr: &str) -> Self {
        self.target(expr, legend, false, "time_series")
    }

    /// Adds an instant query in the table format.
    pub(crate) fn rows(self, expr: &str) -> Self {
        self.target(expr, "", true, "table")
    }

    /// Merges the results of all queries into a table with these columns in this order. A field is
    /// a label, or `Value #A` for the value of the first of several queries.
    pub(crate) fn columns(mut self, columns: &[(&str, &str)]) -> Self {
        let mut by_position = json!({});
        let mut by_name = json!({});
        for (position, (field, name)) in columns.iter().enumerate() {
            by_position[*field] = json!(position);
            by_name[*field] = json!(name);
        }
        self.transformations
            .push(json!({ "id": "merge", "options": {} }));
        self.transformations.push(json!({
            "id": "organize",
            "options": {
                "excludeByName": { "Time": true }, "indexByName": by_position, "renameByName": by_name,
            },
        }));
        self
    }

    /// Pivots a table with a row for each pair of labels into a row for each value of the first and
    /// a column for each value of the second.
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

    /// Excludes the rows without a value in a column.
    pub(crate) fn where_not_null(mut self, column: &str) -> Self {
        let not_null =
            json!({ "fieldName": column, "config": { "id": "isNotNull", "options": {} } });
        self.transformations.push(json!({
            "id": "filterByValue", "options": { "type": "include", "match": "all", "filters": [not_null] },
        }));
        self
    }

    /// Sorts a table by a column in descending order.
    pub(crate) fn sort_descending(self, column: &str) -> Self {
        self.with_options(json!({ "sortBy": [{ "displayName": column, "desc": true }] }))
    }

    fn override_column(mut self, column: &str, properties: Value) -> Self {
        self.overrides.push(json!({
            "matcher": { "id": "byName", "options": column }, "properties": properties,
        }));
        self
    }

    /// Sets the unit of a column.
    pub(crate) fn column_unit(self, column: &str, unit: &str) -> Self {
        self.override_column(column, json!([{ "id": "unit", "value": unit }]))
    }

    /// Displays a column as bars.
    pub(crate) fn column_bars(self, column: &str) -> Self {
        self.override_column(
            column,
            json!([
                { "id": "custom.cellOptions", "value": { "type": "gauge", "mode": "basic", "valueDisplayMode": "text" } },
                { "id": "min", "value": 0 },
                { "id": "color", "value": { "mode": "fixed", "fixedColor": "blue" } },
            ]),
        )
    }

    /// Colors the text of a column by threshold.
    pub(crate) fn column_colors(self, column: &str, steps: Steps<'_>) -> Self {
        self.override_column(
            column,
            json!([
                { "id": "custom.cellOptions", "value": { "type": "color-text" } },
                { "id": "thresholds", "value": thresholds(steps) },
            ]),
        )
    }

    /// Maps the values 1 and 0 of a column to text.
    pub(crate) fn column_text(self, column: &str, one: (&str, &str), zero: (&str, &str)) -> Self {
        let word = |(text, color): (&str, &str), index| json!({ "text": text, "color": color, "index": index });
        self.override_column(
            column,
            json!([
                { "id": "custom.cellOptions", "value": { "type": "color-text" } },
                { "id": "mappings", "value": [{ "type": "value", "options": { "1": word(one, 0), "0": word(zero, 1) } }] },
            ]),
        )
    }

    /// Draws a series as a dashed line.
    pub(crate) fn dashed(self, series: &str) -> Self {
        self.override_column(
            series,
            json!([
                { "id": "custom.lineStyle", "value": { "fill": "dash", "dash": [8, 8] } },
                { "id": "custom.fillOpacity", "value": 0 },
            ]),
        )
    }

    /// Returns Grafana's JSON model of the panel at a position.
    pub(crate) fn into_json(self, id: u32, x: u32, y: u32) -> Value {
        json!({
            "id": id, "type": self.panel_type, "title": self.title, "description": self.description,
            "datasource": datasource(),
            "gridPos": { "x": x, "y": y, "w": self.width, "h": self.height },
            "fieldConfig": { "defaults": self.defaults, "overrides": self.overrides },
            "options": self.options, "targets": self.targets, "transformations": self.transformations,
        })
    }
}
