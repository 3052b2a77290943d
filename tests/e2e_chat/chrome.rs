//! A headless browser, driven over its DevTools protocol.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::common::web::WebGuest;
use crate::common::{Folder, eventually};

pub struct Browser {
    process: Child,
    link: WebGuest,
    last: u64,
    /// What went wrong on the page: exceptions, and what its security policy forbade.
    faults: Vec<String>,
    session: Value,
    _profile: Folder,
}

/// The names under which distributions install it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
];

impl Browser {
    /// Starts a browser with an empty page; `None` if the machine has none.
    pub fn start(name: &str) -> Option<Browser> {
        let profile = Folder::new(name);
        let start = |program: &&str| {
            Command::new(program)
                .args(FLAGS)
                .arg(format!("--user-data-dir={}", profile.0.display()))
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .ok()
        };
        let mut process = NAMES.iter().find_map(start)?;
        let errors = BufReader::new(process.stderr.take().unwrap());
        let mut lines = errors.lines();
        let url = lines
            .find_map(|line| line.unwrap().split_once("DevTools listening on ws://").map(|(_, url)| url.to_owned()));
        let url = url.expect("a browser says where its DevTools listen");
        // It goes on complaining, and must not be stopped by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let (address, path) = url.split_once('/').unwrap();
        let address: SocketAddr = address.parse().unwrap();
        let link = WebGuest::connect(address, &format!("/{path}"));
        let mut browser =
            Browser { process, link, last: 0, faults: Vec::new(), session: Value::Null, _profile: profile };
        let page = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let session = browser.call("Target.attachToTarget", json!({"targetId": page["targetId"], "flatten": true}));
        browser.session = session["sessionId"].clone();
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut call = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_null() {
            call["sessionId"] = self.session.clone();
        }
        self.link.say(&call);
        loop {
            let mut message = self.link.next().expect("the browser has gone");
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.faults.push(params["exceptionDetails"].to_string()),
            // That a server is gone is not the page's fault.
            Some("Log.entryAdded") if params["entry"]["source"] != "network" && params["entry"]["level"] == "error" => {
                self.faults.push(params["entry"]["text"].to_string());
            }
            _ => {}
        }
    }

    /// Checks that nothing went wrong on the page so far.
    pub fn is_sound(&self) {
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
    }

    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({"url": url}));
        self.until("document.readyState === 'complete'");
    }

    /// The value of a JavaScript expression.
    pub fn value(&mut self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, expression: &str) {
        eventually(expression, || (self.value(expression) == true).then_some(()));
    }

    /// Types a text where the cursor is, and Enter.
    pub fn type_line(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
        let enter = json!({"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"});
        for kind in ["keyDown", "keyUp"] {
            let mut event = enter.clone();
            event["type"] = kind.into();
            self.call("Input.dispatchKeyEvent", event);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
