//! The page for everybody: both colour schemes, a phone's width, the keyboard, a screen reader, a
//! thousand apps, no script, and when something is wrong.

use serde_json::{Value, json};

use crate::browser::{Browser, Scheme};
use crate::companies::{demo, refused, with_apps};

/// Texts that are hard to read, by the ratio that WCAG 2 gives: below 4.5.
const FAINT: &str = r#"
const rgb = colour => colour.match(/[\d.]+/g).map(Number);
const light = colour => {
    const [r, g, b] = rgb(colour).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = element => {
    for (; element; element = element.parentElement) {
        const colour = getComputedStyle(element).backgroundColor;
        if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
};
return [...document.body.querySelectorAll('*')]
    .filter(e => !e.closest('title, option'))
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
        const style = getComputedStyle(e);
        const own = e instanceof SVGElement ? style.fill : style.color;
        const [a, b] = [light(own), light(ground(e))].sort((a, b) => b - a);
        return [e.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5);
"#;

/// What a screen reader would miss.
const UNTOLD: &str = r#"
const untold = [];
const all = selector => [...document.querySelectorAll(selector)];
if (document.documentElement.lang !== 'en') untold.push('no language');
for (const one of ['h1', 'main', 'header', 'footer', 'title'])
    if (all(one + ':not(svg *)').length !== 1) untold.push('not one ' + one);
for (const table of all('table')) if (!table.caption?.textContent) untold.push('table: ' + table.outerHTML);
for (const th of all('th')) if (!th.scope) untold.push('th: ' + th.outerHTML);
for (const svg of all('svg'))
    if (svg.getAttribute('aria-hidden') !== 'true' && !svg.closest('[aria-hidden=true]')
        && !(svg.getAttribute('role') === 'img' && svg.getAttribute('aria-label')))
        untold.push('svg: ' + svg.outerHTML);
for (const field of all('input:not([type=hidden]), select'))
    if (!field.labels.length) untold.push('field: ' + field.outerHTML);
for (const part of all('section, nav, form[role=search]')) {
    const by = part.getAttribute('aria-labelledby');
    if (by ? !document.getElementById(by)?.textContent : part.localName === 'nav' && !part.ariaLabel)
        untold.push('part: ' + part.outerHTML.slice(0, 80));
}
for (const link of all('a')) if (!link.textContent.trim()) untold.push('link: ' + link.outerHTML);
const ids = all('[id]').map(e => e.id);
if (new Set(ids).size !== ids.length) untold.push('ids: ' + ids);
let level = 1;
for (const heading of all('h1, h2, h3')) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) untold.push('heading: ' + heading.outerHTML);
    level = next;
}
return untold;
"#;

async fn overflow(browser: &Browser) -> Value {
    let script = "const page = document.documentElement;
        return page.scrollWidth <= page.clientWidth ? null : [page.scrollWidth, page.clientWidth]";
    browser.run(script).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_read_in_both_schemes_at_every_width_and_by_a_screen_reader() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let exporter = demo().await;
    let mut grounds = Vec::new();
    for scheme in [Scheme::Light, Scheme::Dark] {
        for width in [320, 360, 736, 737, 1280, 1920] {
            browser.show(width, scheme).await;
            for path in ["/", "/?q=zzz", "/?team=nobody"] {
                browser.open(&exporter.url(path)).await;
                assert_eq!(overflow(&browser).await, Value::Null, "{path} {width}");
                assert_eq!(
                    browser.run(FAINT).await,
                    json!([]),
                    "{path} {scheme:?} {width}"
                );
                assert_eq!(browser.run(UNTOLD).await, json!([]), "{path}");
            }
        }
        let ground = "return getComputedStyle(document.body).backgroundColor";
        grounds.push(browser.run(ground).await);
    }
    assert_ne!(grounds[0], grounds[1]);
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything_and_shows_where_it_is() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let exporter = demo().await;
    for width in [360, 1280] {
        browser.show(width, Scheme::Light).await;
        browser.open(&exporter.url("/")).await;
        let all = "return [...document.querySelectorAll('a, input:not([type=hidden]), select, button, summary')]
            .filter(e => !e.closest('thead') || innerWidth > 736).length";
        let stops = browser.run(all).await.as_u64().expect("a number");
        assert!(stops > 9, "{stops}");
        let mut reached = Vec::new();
        for _ in 0..stops {
            browser.press("Tab").await;
            let at = browser
                .run(
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
async fn a_thousand_apps_are_sorted_and_searched_without_a_script() {
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
    assert_eq!(browser.run("return document.scripts.length").await, 0);
    let apps =
        "return [...document.querySelectorAll('#apps tbody th bdi')].map(e => e.textContent)";
    assert_eq!(browser.run(apps).await, json!(names[..50]));

    let link = |text: &str| {
        format!("[...document.querySelectorAll('#apps a')].find(a => a.textContent === '{text}')")
    };
    let first = |app: &str| {
        format!("return document.querySelector('#apps tbody th bdi')?.textContent === '{app}'")
    };
    browser.follow(&link("More apps")).await;
    browser.until(&first("app-0050")).await;
    browser.follow(&link("App")).await;
    browser.until(&first("app-0000")).await;
    let sorted = "return document.querySelector('#apps [aria-sort]').ariaSort";
    assert_eq!(browser.run(sorted).await, "ascending");
    browser.follow(&link("App")).await;
    browser.until(&first("app-0999")).await;
    assert_eq!(browser.run(sorted).await, "descending");

    browser.run("document.getElementById('q').focus()").await;
    browser.write("PP-031").await;
    browser.press("Enter").await;
    browser.until(&first("app-0310")).await;
    assert_eq!(browser.run(apps).await, json!(names[310..320]));
    let told = "return document.querySelector('#apps [role=status]').innerText";
    let told = browser.run(told).await;
    assert!(
        told.as_str()
            .is_some_and(|told| told.starts_with("10 of 1000 apps")),
        "{told}"
    );
    for width in [360, 1280] {
        browser.show(width, Scheme::Light).await;
        assert_eq!(overflow(&browser).await, Value::Null, "{width}");
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

/// The tree that a screen reader is given, of a browser that runs no script.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_read_without_scripts() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let exporter = demo().await;
    let off = json!({ "value": true });
    browser
        .command("Emulation.setScriptExecutionDisabled", off)
        .await;
    browser.open(&exporter.url("/")).await;
    let tree = browser
        .command("Accessibility.getFullAXTree", json!({}))
        .await;
    let nodes = tree["nodes"].as_array().expect("a list").iter();
    let told: Vec<_> = nodes
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
        ("heading", "What rose most"),
        ("columnheader", "Forecast"),
        ("rowheader", "tidewell-platform"),
        ("image", "Invoices by month"),
        ("search", ""),
        ("searchbox", "Find"),
        ("link", "Metrics"),
        ("main", ""),
        ("banner", ""),
        ("contentinfo", ""),
        ("table", "Costs by app"),
    ];
    for (role, name) in expected {
        let is_told = |(r, n): &&(&str, &str)| *r == role && n.starts_with(name);
        assert!(
            told.iter().any(|node| is_told(&node)),
            "{role} {name}: {told:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_said_with_what_to_do() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let Some((_heroku, exporter)) = refused().await else {
        return;
    };
    for scheme in [Scheme::Light, Scheme::Dark] {
        browser.show(360, scheme).await;
        browser.open(&exporter.url("/")).await;
        let notice = browser
            .run("return document.querySelector('.notice').innerText")
            .await;
        let notice = notice.as_str().expect("a text");
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
            .run("return document.documentElement.outerHTML")
            .await;
        assert!(!page.to_string().contains("no-good"), "the token is shown");
        assert_eq!(overflow(&browser).await, Value::Null);
        assert_eq!(browser.run(FAINT).await, json!([]), "{scheme:?}");
        assert_eq!(browser.run(UNTOLD).await, json!([]));
    }
}
