//! Contrast, narrow screens, keyboard, screen readers, many apps, no JavaScript, and error notices.

use serde_json::{Value, json};

use crate::browser::{Browser, ColorScheme};
use crate::fixtures::{demo, with_apps, with_rejected_token};

/// Returns texts whose contrast ratio is below 4.5, the minimum of WCAG 2.
const LOW_CONTRAST: &str = r#"
const rgb = color => color.match(/[\d.]+/g).map(Number);
const luminance = color => {
    const [r, g, b] = rgb(color).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = element => {
    for (; element; element = element.parentElement) {
        const color = getComputedStyle(element).backgroundColor;
        if (color !== 'rgba(0, 0, 0, 0)') return color;
    }
    return 'rgb(255, 255, 255)';
};
return [...document.body.querySelectorAll('*')]
    .filter(e => !e.closest('title, option'))
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
        const style = getComputedStyle(e);
        const own = e instanceof SVGElement ? style.fill : style.color;
        const [a, b] = [luminance(own), luminance(background(e))].sort((a, b) => b - a);
        return [e.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5);
"#;

/// Returns elements without the language, names, labels and structure that a screen reader needs.
const MISSING_SEMANTICS: &str = r#"
const problems = [];
const all = selector => [...document.querySelectorAll(selector)];
if (document.documentElement.lang !== 'en') problems.push('no language');
for (const one of ['h1', 'main', 'header', 'footer', 'title'])
    if (all(one + ':not(svg *)').length !== 1) problems.push('not one ' + one);
for (const table of all('table')) if (!table.caption?.textContent) problems.push('table: ' + table.outerHTML);
for (const th of all('th')) if (!th.scope) problems.push('th: ' + th.outerHTML);
for (const svg of all('svg'))
    if (svg.getAttribute('aria-hidden') !== 'true' && !svg.closest('[aria-hidden=true]')
        && !(svg.getAttribute('role') === 'img' && svg.getAttribute('aria-label')))
        problems.push('svg: ' + svg.outerHTML);
for (const field of all('input:not([type=hidden]), select'))
    if (!field.labels.length) problems.push('field: ' + field.outerHTML);
for (const part of all('section, nav, form[role=search]')) {
    const by = part.getAttribute('aria-labelledby');
    if (by ? !document.getElementById(by)?.textContent : part.localName === 'nav' && !part.ariaLabel)
        problems.push('part: ' + part.outerHTML.slice(0, 80));
}
for (const link of all('a')) if (!link.textContent.trim()) problems.push('link: ' + link.outerHTML);
const ids = all('[id]').map(e => e.id);
if (new Set(ids).size !== ids.length) problems.push('ids: ' + ids);
let level = 1;
for (const heading of all('h1, h2, h3')) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) problems.push('heading: ' + heading.outerHTML);
    level = next;
}
return problems;
"#;

/// Returns the widths of the page and the window if the page is wider.
async fn overflow(browser: &Browser) -> Value {
    let script = "const page = document.documentElement;
        return page.scrollWidth <= page.clientWidth ? null : [page.scrollWidth, page.clientWidth]";
    browser.execute(script).await
}

#[tokio::test(flavor = "multi_thread")]
async fn page_is_accessible_in_both_schemes_at_all_widths() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let exporter = demo().await;
    let mut backgrounds = Vec::new();
    for scheme in [ColorScheme::Light, ColorScheme::Dark] {
        for width in [320, 360, 736, 737, 1280, 1920] {
            browser.emulate(width, scheme).await;
            for path in ["/", "/?q=zzz", "/?team=nobody"] {
                browser.open(&exporter.url(path)).await;
                assert_eq!(overflow(&browser).await, Value::Null, "{path} {width}");
                assert_eq!(
                    browser.execute(LOW_CONTRAST).await,
                    json!([]),
                    "{path} {scheme:?} {width}"
                );
                assert_eq!(
                    browser.execute(MISSING_SEMANTICS).await,
                    json!([]),
                    "{path}"
                );
            }
        }
        let background = "return getComputedStyle(document.body).backgroundColor";
        backgrounds.push(browser.execute(background).await);
    }
    assert_ne!(backgrounds[0], backgrounds[1]);
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn keyboard_reaches_every_control_with_visible_focus() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let exporter = demo().await;
    for width in [360, 1280] {
        browser.emulate(width, ColorScheme::Light).await;
        browser.open(&exporter.url("/")).await;
        let controls = "return [...document.querySelectorAll('a, input:not([type=hidden]), select, button, summary')]
            .filter(e => !e.closest('thead') || innerWidth > 736).length";
        let stops = browser.execute(controls).await.as_u64().expect("a number");
        assert!(stops > 9, "{stops}");
        let mut reached = Vec::new();
        for _ in 0..stops {
            browser.press("Tab").await;
            let at = browser
                .execute(
                    "const at = document.activeElement, style = getComputedStyle(at);
                    const box = at.getBoundingClientRect();
                    return [at.outerHTML.slice(0, 120), style.outlineStyle, parseFloat(style.outlineWidth),
                        box.width > 0 && box.right > 0 && box.left < innerWidth]",
                )
                .await;
            assert!(at[1] != "none" && at[2].as_f64() >= Some(2.0), "{at}");
            assert_eq!(at[3], true, "{at}");
            reached.push(at[0].as_str().expect("an element").to_owned());
        }
        assert!(reached[0].contains("class=\"skip\""), "{reached:#?}");
        let different: std::collections::BTreeSet<_> = reached.iter().collect();
        assert!(different.len() as u64 >= stops - 1, "{reached:#?}");
        for part in [
            "id=\"q\"",
            "id=\"sort\"",
            "<button",
            "<summary",
            "/metrics",
            "?team=",
        ] {
            assert!(
                reached.iter().any(|at| at.contains(part)),
                "{part}: {reached:#?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sorts_and_searches_many_apps_without_javascript() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let names: Vec<_> = (0..1_000)
        .map(|number| format!("app-{number:04}"))
        .collect();
    let Some((_heroku, exporter)) = with_apps("ops", &names).await else {
        return;
    };
    browser.open(&exporter.url("/")).await;
    assert_eq!(browser.execute("return document.scripts.length").await, 0);
    let apps =
        "return [...document.querySelectorAll('#apps tbody th bdi')].map(e => e.textContent)";
    assert_eq!(browser.execute(apps).await, json!(names[..50]));

    let link = |text: &str| {
        format!("[...document.querySelectorAll('#apps a')].find(a => a.textContent === '{text}')")
    };
    let first = |app: &str| {
        format!("return document.querySelector('#apps tbody th bdi')?.textContent === '{app}'")
    };
    browser.click(&link("Next")).await;
    browser.wait_until(&first("app-0050")).await;
    browser.click(&link("App")).await;
    browser.wait_until(&first("app-0000")).await;
    let sorted = "return document.querySelector('#apps [aria-sort]').ariaSort";
    assert_eq!(browser.execute(sorted).await, "ascending");
    browser.click(&link("App")).await;
    browser.wait_until(&first("app-0999")).await;
    assert_eq!(browser.execute(sorted).await, "descending");

    browser
        .execute("document.getElementById('q').focus()")
        .await;
    browser.type_text("PP-031").await;
    browser.press("Enter").await;
    browser.wait_until(&first("app-0310")).await;
    assert_eq!(browser.execute(apps).await, json!(names[310..320]));
    let status = "return document.querySelector('#apps [role=status]').innerText";
    let status = browser.execute(status).await;
    assert!(
        status
            .as_str()
            .is_some_and(|status| status.starts_with("10 of 1000 apps")),
        "{status}"
    );
    for width in [360, 1280] {
        browser.emulate(width, ColorScheme::Light).await;
        assert_eq!(overflow(&browser).await, Value::Null, "{width}");
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn accessibility_tree_is_complete_without_javascript() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let exporter = demo().await;
    let off = json!({ "value": true });
    browser
        .devtools("Emulation.setScriptExecutionDisabled", off)
        .await;
    browser.open(&exporter.url("/")).await;
    let tree = browser
        .devtools("Accessibility.getFullAXTree", json!({}))
        .await;
    let nodes = tree["nodes"].as_array().expect("a list").iter();
    let nodes: Vec<_> = nodes
        .filter(|node| node["ignored"] != true)
        .filter_map(|node| {
            Some((
                node["role"]["value"].as_str()?,
                node["name"]["value"].as_str()?,
            ))
        })
        .collect();
    let expected = [
        ("heading", "November 2026"),
        ("heading", "Teams"),
        ("heading", "Top increases"),
        ("columnheader", "Forecast"),
        ("rowheader", "tidewell-platform"),
        ("image", "Costs by month"),
        ("search", ""),
        ("searchbox", "Search"),
        ("link", "Metrics"),
        ("main", ""),
        ("banner", ""),
        ("contentinfo", ""),
        ("table", "Costs by app"),
    ];
    for (role, name) in expected {
        assert!(
            nodes.iter().any(|(r, n)| *r == role && n.starts_with(name)),
            "{role} {name}: {nodes:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_token_notice_explains_what_to_do() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let Some((_heroku, exporter)) = with_rejected_token().await else {
        return;
    };
    for scheme in [ColorScheme::Light, ColorScheme::Dark] {
        browser.emulate(360, scheme).await;
        browser.open(&exporter.url("/")).await;
        let notice = browser
            .execute("return document.querySelector('.notice').innerText")
            .await;
        let notice = notice.as_str().expect("text");
        for part in [
            "Heroku rejected the token",
            "heroku authorizations:create",
            "HEROKU_API_KEY",
            "usage",
            "invoices",
        ] {
            assert!(notice.contains(part), "{part}:\n{notice}");
        }
        let page = browser
            .execute("return document.documentElement.outerHTML")
            .await;
        assert!(
            !page.to_string().contains("HRKU-invalid"),
            "the token is shown"
        );
        assert_eq!(overflow(&browser).await, Value::Null);
        assert_eq!(browser.execute(LOW_CONTRAST).await, json!([]), "{scheme:?}");
        assert_eq!(browser.execute(MISSING_SEMANTICS).await, json!([]));
    }
}
