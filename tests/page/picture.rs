//! The picture of the page in the README.

use std::path::Path;

use crate::browser::{Browser, Scheme};
use crate::companies::demo;

const WIDTH: u32 = 1160;

/// So that it is sharp where it is shown at less than its width, and small enough for a README.
const SCALE: f64 = 1.15;

const LARGEST: usize = 200_000;

/// `make page-picture` draws it. It is not compared: another version of the browser or of its fonts
/// draws another one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it draws docs/images/page.png"]
async fn draw() {
    let browser = Browser::start().await.expect("a browser");
    let exporter = demo().await;
    browser.show(WIDTH, Scheme::Light).await;
    browser.open(&exporter.url("/")).await;
    let end =
        "return document.querySelector('.pair').getBoundingClientRect().bottom + scrollY - 40";
    let end = browser.run(end).await.as_f64().expect("a length");
    let picture = browser.picture(WIDTH, end, SCALE).await;
    assert!(picture.len() <= LARGEST, "{} bytes", picture.len());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/page.png");
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    std::fs::write(file, picture).expect("the picture can be written");
}
