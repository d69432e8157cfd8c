//! The screenshot of the page in the README.

use std::path::Path;

use crate::browser::{Browser, ColorScheme};
use crate::fixtures::demo;

const WIDTH: u32 = 1160;

/// Sharp when shown below its full width, and still a small file.
const SCALE: f64 = 1.15;

const MAX_BYTES: usize = 200_000;

/// `make page-screenshot` runs this. The result is not compared, because it depends on the versions
/// of the browser and its fonts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images/page.png"]
async fn update_screenshot() {
    let browser = Browser::start().await.expect("a browser");
    let exporter = demo().await;
    browser.emulate(WIDTH, ColorScheme::Light).await;
    browser.open(&exporter.url("/")).await;
    let height =
        "return document.querySelector('.pair').getBoundingClientRect().bottom + scrollY - 40";
    let height = browser.execute(height).await.as_f64().expect("a length");
    let png = browser.screenshot(WIDTH, height, SCALE).await;
    assert!(png.len() <= MAX_BYTES, "{} bytes", png.len());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/page.png");
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    std::fs::write(file, png).expect("a writable file");
}
