//! The growth as a picture: a curve for each figure, over the number of apps, both axes logarithmic,
//! so that what is linear is a line of 45 degrees.

use std::fmt::Write;

use crate::growth::Point;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 50.0;

/// A colour for each figure that people tell apart who see fewer of them, too.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];
const UNITS: [&str; 3] = ["ms", "MiB", "MiB"];

/// The picture as SVG.
pub(crate) fn svg(points: &[Point]) -> String {
    const MIB: f64 = (1 << 20) as f64;
    let curves = [0, 1, 2].map(|figure| {
        let values = points.iter().map(|point| {
            let (_, value) = point.figures()[figure];
            let unit = if UNITS[figure] == "MiB" { MIB } else { 1.0 };
            (point.apps, value / unit)
        });
        values.collect::<Vec<_>>()
    });
    let (xs, ys): (Vec<f64>, Vec<f64>) = curves.iter().flatten().copied().unzip();
    let (x_axis, y_axis) = (decades(&xs), decades(&ys));
    let place = |value: f64, (low, high): (i32, i32), from: f64, to: f64| {
        from + (value.log10() - f64::from(low)) / f64::from((high - low).max(1)) * (to - from)
    };
    let x = |value| place(value, x_axis, LEFT, WIDTH - RIGHT);
    let y = |value| place(value, y_axis, HEIGHT - BOTTOM, TOP);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Processor time of a poll, peak memory and body by the number of apps</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    for decade in x_axis.0..=x_axis.1 {
        let at = x(10_f64.powi(decade));
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 18.0,
            10_f64.powi(decade)
        );
    }
    for decade in y_axis.0..=y_axis.1 {
        let at = y(10_f64.powi(decade));
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            10_f64.powi(decade)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">apps</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 10.0
    );
    let names = points.first().map(Point::figures).unwrap_or_default();
    for (figure, curve) in curves.iter().enumerate() {
        let colour = COLOURS[figure];
        let path: Vec<_> = curve
            .iter()
            .map(|(apps, value)| format!("{:.1},{:.1}", x(*apps), y(*value)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for (apps, value) in curve {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x(*apps),
                y(*value)
            );
        }
        if let Some((apps, value)) = curve.last() {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}, {}</text>",
                x(*apps) + 8.0,
                y(*value) + 4.0,
                names[figure].0,
                UNITS[figure]
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// The powers of ten that have all values between them.
fn decades(values: &[f64]) -> (i32, i32) {
    let logarithms = values.iter().map(|value| value.log10());
    let (low, high) = logarithms.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    (low.floor() as i32, high.ceil() as i32)
}
