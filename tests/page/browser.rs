//! A WebDriver client for Chromium.
//!
//! The protocol is JSON over HTTP. The tests need few of its commands, so a full client library is
//! not worth its configuration.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::exporter::http_client;
use crate::external_tools;

/// Only one browser runs at a time, because each needs a lot of memory.
static LOCK: Mutex<()> = Mutex::const_new(());

/// A browser with one window, closed when dropped.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    _lock: MutexGuard<'static, ()>,
}

/// A value of `prefers-color-scheme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColorScheme {
    Light,
    Dark,
}

impl Browser {
    /// Starts a browser. Returns `None` if none is installed.
    pub(crate) async fn start() -> Option<Self> {
        let driver = external_tools::find_program("chromedriver", "chromium-driver")?;
        let chromium = external_tools::find_program("chromium", "chromium")?;
        let lock = LOCK.lock().await;
        let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/fonts.conf");
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("FONTCONFIG_FILE", fonts)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let lines = BufReader::new(driver.stdout.take().expect("piped stdout")).lines();
        let mut lines = lines.map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver prints its port");
        // Drain the output, so that the driver never blocks on a full pipe.
        std::thread::spawn(move || lines.count());
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            http: http_client(),
            _lock: lock,
        };
        let options = json!({
            "binary": chromium,
            // The sandbox does not work as root, and a container's /dev/shm is small.
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--hide-scrollbars", "--font-render-hinting=none", "--no-first-run", "--disable-background-networking"],
        });
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let session = browser
            .send(
                Method::POST,
                "",
                json!({ "capabilities": { "alwaysMatch": capabilities } }),
            )
            .await;
        let id = session["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    async fn send(&self, method: Method, command: &str, body: Value) -> Value {
        let url = format!("{}{command}", self.session);
        let mut request = self.http.request(method, &url);
        if body != Value::Null {
            request = request.body(body.to_string());
        }
        let response = request.send().await.expect("a response");
        let body = response.bytes().await.expect("a complete response");
        let body: Value = serde_json::from_slice(&body).expect("a JSON response");
        let value = &body["value"];
        assert!(value["error"].is_null(), "{command}: {value:#}");
        value.clone()
    }

    fn end_session(&self) -> std::io::Result<()> {
        let rest = self.session.trim_start_matches("http://");
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
        stream.read_exact(&mut [0])?;
        Ok(())
    }

    /// Navigates to a URL and waits until the page is loaded.
    pub(crate) async fn open(&self, url: &str) {
        self.send(Method::POST, "/url", json!({ "url": url })).await;
    }

    /// Executes a script and returns the value of its `return`. The page's content security policy
    /// does not apply.
    pub(crate) async fn execute(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.send(Method::POST, "/execute/sync", body).await
    }

    /// Clicks on the element that a JavaScript expression selects.
    ///
    /// The click is deferred, because a script that leaves its page may never return.
    pub(crate) async fn click(&self, element: &str) {
        let click = format!("const element = {element}; setTimeout(() => element.click())");
        self.execute(&click).await;
    }

    /// Waits until a script returns `true`.
    pub(crate) async fn wait_until(&self, script: &str) {
        for _ in 0..200 {
            if self.execute(script).await == true {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("timeout: {script}");
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.send(Method::POST, "/goog/cdp/execute", body).await
    }

    /// Sets the window's width and the color scheme.
    pub(crate) async fn emulate(&self, width: u32, scheme: ColorScheme) {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        let value = match scheme {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Presses a key, such as `Tab`.
    pub(crate) async fn press(&self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            other => panic!("no key code for {other}"),
        };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({
                "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code,
            });
            self.devtools("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Types a text into the focused element.
    pub(crate) async fn type_text(&self, text: &str) {
        self.devtools("Input.insertText", json!({ "text": text }))
            .await;
    }

    /// Returns the console messages since the last call, except those about status 404.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let messages = entries.iter().filter_map(|entry| entry["message"].as_str());
        let messages = messages.filter(|message| !message.contains("with a status of 404"));
        messages.map(str::to_owned).collect()
    }

    /// Returns the URLs requested since the last call.
    pub(crate) async fn requested_urls(&self) -> Vec<String> {
        let entries = self.log("performance").await;
        let urls = entries.iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &event["message"];
            let url = message["params"]["request"]["url"].as_str()?;
            (message["method"] == "Network.requestWillBeSent").then(|| url.to_owned())
        });
        urls.collect()
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self
            .send(Method::POST, "/se/log", json!({ "type": kind }))
            .await;
        log.as_array().expect("a list").clone()
    }

    /// Returns a PNG of the page from its top to `height`, scaled by `scale`.
    pub(crate) async fn screenshot(&self, width: u32, height: f64, scale: f64) -> Vec<u8> {
        use base64::Engine;
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": scale });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let screenshot = self.devtools("Page.captureScreenshot", parameters).await;
        let data = screenshot["data"].as_str().expect("a screenshot");
        let png = base64::prelude::BASE64_STANDARD.decode(data);
        png.expect("base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser exits only when its session is deleted. `drop` cannot await, so the request
        // is blocking.
        let _ = self.end_session();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
