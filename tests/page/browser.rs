//! A real browser: Debian's chromium, driven through its driver over the WebDriver protocol.
//!
//! The protocol is JSON over HTTP, and few of its commands are needed: a client of its own is
//! shorter than the settings of one that knows them all.

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

/// One browser at a time: each takes more memory than all else that a test run starts.
static ONE: Mutex<()> = Mutex::const_new(());

/// A browser with one empty window, until it is dropped.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    _one: MutexGuard<'static, ()>,
}

/// What is asked of the user's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Browser {
    /// Starts a browser; `None` where there is none.
    pub(crate) async fn start() -> Option<Self> {
        let driver = external_tools::find_program("chromedriver", "chromium-driver")?;
        let chromium = external_tools::find_program("chromium", "chromium")?;
        let one = ONE.lock().await;
        let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/fonts.conf");
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("FONTCONFIG_FILE", fonts)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let lines = BufReader::new(driver.stdout.take().expect("standard output is piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("the driver says where it listens");
        // It must never wait for somebody to read on.
        std::thread::spawn(move || lines.count());
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            http: http_client(),
            _one: one,
        };
        let options = json!({
            "binary": chromium,
            // No sandbox, because that of the tests may be root's; no shared memory, because that of
            // a container is small.
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--hide-scrollbars", "--font-render-hinting=none", "--no-first-run", "--disable-background-networking"],
        });
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let session = browser
            .tell(
                Method::POST,
                "",
                json!({ "capabilities": { "alwaysMatch": wanted } }),
            )
            .await;
        let id = session["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    async fn tell(&self, method: Method, command: &str, body: Value) -> Value {
        let url = format!("{}{command}", self.session);
        let mut request = self.http.request(method, &url);
        if body != Value::Null {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.expect("the driver answers");
        let answer = answer.bytes().await.expect("the driver answers whole");
        let answer: Value = serde_json::from_slice(&answer).expect("the driver answers in JSON");
        let value = &answer["value"];
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

    /// Goes to an address and waits until it is loaded.
    pub(crate) async fn open(&self, url: &str) {
        self.tell(Method::POST, "/url", json!({ "url": url })).await;
    }

    /// The value of a script's `return`. It is the driver's, which no policy of the page binds.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.tell(Method::POST, "/execute/sync", body).await
    }

    /// Clicks on what a script's expression gives, when the script has ended: one that leaves its page
    /// may never answer.
    pub(crate) async fn follow(&self, link: &str) {
        let click = format!("const link = {link}; setTimeout(() => link.click())");
        self.run(&click).await;
    }

    /// Waits until a script returns `true`.
    pub(crate) async fn wait_until(&self, script: &str) {
        for _ in 0..200 {
            if self.run(script).await == true {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not come: {script}");
    }

    /// A command of the browser's own protocol.
    pub(crate) async fn command(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.tell(Method::POST, "/goog/cdp/execute", body).await
    }

    /// Makes the window so wide, and tells the page which colours are wanted.
    pub(crate) async fn show(&self, width: u32, scheme: Scheme) {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size)
            .await;
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.command("Emulation.setEmulatedMedia", features).await;
    }

    /// Presses a key, such as `Tab`.
    pub(crate) async fn press(&self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            other => panic!("{other} has no number here"),
        };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({
                "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code,
            });
            self.command("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Types a text where the focus is.
    pub(crate) async fn write(&self, text: &str) {
        self.command("Input.insertText", json!({ "text": text }))
            .await;
    }

    /// What the console has said since it was last asked, but for the status of a page that is not
    /// found.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let messages = entries.iter().filter_map(|entry| entry["message"].as_str());
        let messages = messages.filter(|message| !message.contains("with a status of 404"));
        messages.map(str::to_owned).collect()
    }

    /// The addresses that were asked for since they were last looked at.
    pub(crate) async fn requests(&self) -> Vec<String> {
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
            .tell(Method::POST, "/se/log", json!({ "type": kind }))
            .await;
        log.as_array().expect("a list").clone()
    }

    /// A picture of the page from its top to `height`, as PNG, so much larger than the page.
    pub(crate) async fn picture(&self, width: u32, height: f64, scale: f64) -> Vec<u8> {
        use base64::Engine;
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": scale });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.command("Page.captureScreenshot", wanted).await;
        let picture = picture["data"].as_str().expect("a picture");
        let decoded = base64::prelude::BASE64_STANDARD.decode(picture);
        decoded.expect("base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Only a session that is ended takes its browser along, and a test that failed has to do that
        // too: without the runtime, which cannot be waited for here.
        let _ = self.end_session();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
