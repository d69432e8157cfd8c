//! No markup from a name ever runs, and no name bursts the page.

use std::time::Duration;

use crate::browser::{Browser, Scheme};
use crate::companies::{hostile_names, with_apps};

/// What of the page's elements is none of the page's own.
const FOREIGN: &str = r#"
const own = ['html', 'head', 'meta', 'title', 'link', 'style', 'body', 'a', 'header', 'main',
    'section', 'article', 'div', 'p', 'h1', 'h2', 'h3', 'dl', 'dt', 'dd', 'ul', 'ol', 'li', 'table',
    'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'bdi', 'data', 'time', 'span', 'small',
    'strong', 'figure', 'figcaption', 'details', 'summary', 'form', 'label', 'input', 'select',
    'option', 'button', 'nav', 'footer', 'svg', 'rect', 'line', 'text', 'g'];
return [...document.querySelectorAll('*')].flatMap(element => [
    ...(own.includes(element.localName) || element.closest('svg') && element.localName === 'title'
        ? [] : [element.outerHTML]),
    ...[...element.attributes].filter(a => a.name.startsWith('on') || a.name === 'style')
        .map(a => a.name + ' of ' + element.localName),
]);
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_only_ever_text() {
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
            browser.show(width, Scheme::Light).await;
            browser.open(&exporter.url(path)).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(
                browser.run("return window.ran ?? null").await,
                serde_json::Value::Null
            );
            let foreign = browser.run(FOREIGN).await;
            assert_eq!(foreign, serde_json::json!([]), "{path}");
            let fits = "const page = document.documentElement;
                return [page.scrollWidth, page.clientWidth]";
            let fits = browser.run(fits).await;
            assert!(
                fits[0].as_u64() <= fits[1].as_u64(),
                "{path} {width}: {fits}"
            );
        }
    }
    // Each of them is there to read.
    browser.open(&exporter.url("/")).await;
    let text = browser.run("return document.body.innerText").await;
    let text = text.as_str().expect("a text");
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
        .run("return document.querySelectorAll('#apps tbody tr').length")
        .await;
    assert_eq!(rows.as_u64(), Some(names.len() as u64));
    // The message of a policy that was broken would be here, and that of a script that failed.
    assert_eq!(browser.console().await, Vec::<String>::new());
    let requests = browser.requests().await;
    let own = exporter.url("/");
    for url in &requests {
        assert!(
            url.starts_with(&own) || url.starts_with("data:image/svg+xml,"),
            "{url}"
        );
    }
    assert!(requests.len() >= 7, "{requests:?}");
}

/// The policy is in force: what the page does not bring along does not count.
#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_obeyed_by_the_browser() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let Some((_heroku, exporter)) = with_apps("ops", &["app".to_owned()]).await else {
        return;
    };
    browser.open(&exporter.url("/")).await;
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser
        .run(
            "document.body.innerHTML += '<p id=styled style=\"color: red\"></p>'
                + '<img id=drawn src=\"/health\" onerror=\"window.ran = 1\">';
            const script = document.createElement('script');
            script.textContent = 'window.ran = 1';
            document.body.append(script);",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        browser.run("return window.ran ?? null").await,
        serde_json::Value::Null
    );
    let refused = browser.console().await;
    for what in ["style-src", "img-src", "script"] {
        assert!(
            refused.iter().any(|line| line.contains(what)),
            "{what}: {refused:#?}"
        );
    }
}
