//! Hostile names are escaped, and the content security policy is enforced.

use std::time::Duration;

use crate::browser::{Browser, ColorScheme};
use crate::fixtures::{hostile_names, with_apps};

/// Returns elements and attributes that the templates do not contain.
const INJECTED: &str = r#"
const allowed = ['html', 'head', 'meta', 'title', 'link', 'style', 'body', 'a', 'header', 'main',
    'section', 'article', 'div', 'p', 'h1', 'h2', 'h3', 'dl', 'dt', 'dd', 'ul', 'ol', 'li', 'table',
    'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'bdi', 'data', 'time', 'span', 'small',
    'strong', 'figure', 'figcaption', 'details', 'summary', 'form', 'label', 'input', 'select',
    'option', 'button', 'nav', 'footer', 'svg', 'rect', 'line', 'text', 'g'];
return [...document.querySelectorAll('*')].flatMap(element => [
    ...(allowed.includes(element.localName) || element.closest('svg') && element.localName === 'title'
        ? [] : [element.outerHTML]),
    ...[...element.attributes].filter(a => a.name.startsWith('on') || a.name === 'style')
        .map(a => a.name + ' of ' + element.localName),
]);
"#;

#[tokio::test(flavor = "multi_thread")]
async fn escapes_hostile_names() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let names = hostile_names();
    let Some((_heroku, exporter)) = with_apps(&names[3], &names).await else {
        return;
    };
    let query = "/?q=%22%3E%3Cscript%3Ewindow.ran=1%3C/script%3E&team=%3Cimg%20src%20onerror=1%3E";
    for path in ["/", "/?sort=app", query] {
        for width in [360, 1280] {
            browser.emulate(width, ColorScheme::Light).await;
            browser.open(&exporter.url(path)).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(
                browser.execute("return window.ran ?? null").await,
                serde_json::Value::Null
            );
            let injected = browser.execute(INJECTED).await;
            assert_eq!(injected, serde_json::json!([]), "{path}");
            let widths = "const page = document.documentElement;
                return [page.scrollWidth, page.clientWidth]";
            let widths = browser.execute(widths).await;
            assert!(
                widths[0].as_u64() <= widths[1].as_u64(),
                "{path} {width}: {widths}"
            );
        }
    }
    // Names are shown as text, with control characters made visible.
    browser.open(&exporter.url("/")).await;
    let text = browser.execute("return document.body.innerText").await;
    let text = text.as_str().expect("text");
    for name in &names[..9] {
        assert!(text.contains(name.as_str()), "{name}:\n{text}");
    }
    for shown in [
        "a\\u{202e}gnp.exe",
        "line␊break␉tab␀zero",
        "👩‍👧 family",
        "xxxxx…",
    ] {
        assert!(text.contains(shown), "{shown}:\n{text}");
    }
    let rows = browser
        .execute("return document.querySelectorAll('#apps tbody tr').length")
        .await;
    assert_eq!(rows.as_u64(), Some(names.len() as u64));
    // The console would have violations of the policy and script errors.
    assert_eq!(browser.console().await, Vec::<String>::new());
    let requests = browser.requested_urls().await;
    let origin = exporter.url("/");
    for url in &requests {
        assert!(
            url.starts_with(&origin) || url.starts_with("data:image/svg+xml,"),
            "{url}"
        );
    }
    assert!(requests.len() >= 7, "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_blocks_injected_styles_images_and_scripts() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let Some((_heroku, exporter)) = with_apps("ops", &["app".to_owned()]).await else {
        return;
    };
    browser.open(&exporter.url("/")).await;
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser
        .execute(
            "document.body.innerHTML += '<p id=styled style=\"color: red\"></p>'
                + '<img id=drawn src=\"/health\" onerror=\"window.ran = 1\">';
            const script = document.createElement('script');
            script.textContent = 'window.ran = 1';
            document.body.append(script);",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        browser.execute("return window.ran ?? null").await,
        serde_json::Value::Null
    );
    let violations = browser.console().await;
    for directive in ["style-src", "img-src", "script"] {
        assert!(
            violations.iter().any(|line| line.contains(directive)),
            "{directive}: {violations:#?}"
        );
    }
}
