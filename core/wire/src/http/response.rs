//! A response, written whole.

use std::fmt::{self, Write};

/// What every response tells a browser: believe the content type, tell nobody
/// where you have been, keep nothing, and let no other page frame or read it.
const ALWAYS: &str = "Connection: close\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Frame-Options: DENY\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Cache-Control: no-store\r\n";

/// What a page may do if nothing else is said: load scripts and styles from
/// where it came from, speak to there, and nothing else. Inline scripts, the
/// usual way to smuggle code into a page, do not run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// An answer to a request; the connection ends with it.
///
/// # Examples
/// ```
/// use skyloom_wire::http::Response;
/// let page = Response::page("<h1>hello</h1>").encode();
/// let text = String::from_utf8_lossy(&page);
/// assert!(text.contains("Content-Security-Policy: default-src 'none';"));
/// assert!(text.ends_with("\r\n\r\n<h1>hello</h1>"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    policy: String,
    headers: String,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Response {
    /// Any body, with its content type.
    #[must_use]
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Response {
        let (policy, headers) = (POLICY.to_owned(), String::new());
        Response { status, policy, headers, content_type, body: body.into() }
    }

    /// A page.
    #[must_use]
    pub fn page(html: &str) -> Response {
        Response::new(200, "text/html; charset=utf-8", html)
    }

    /// A few words.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Response {
        Response::new(status, "text/plain; charset=utf-8", text)
    }

    /// Another content security policy than "only what comes from here".
    ///
    /// # Errors
    ///
    /// [`BadHeader`] if it holds a control character.
    pub fn policy(mut self, policy: &str) -> Result<Response, BadHeader> {
        self.policy = one_line(policy)?.to_owned();
        Ok(self)
    }

    /// One more header line.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] if the value holds a control character, so
    /// that what a peer made up cannot become a header of its own.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Response, BadHeader> {
        self.headers.push_str(one_line(name)?);
        self.headers.push_str(": ");
        self.headers.push_str(one_line(value)?);
        self.headers.push_str("\r\n");
        Ok(self)
    }

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.encode_head();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The bytes to send to who asked with `HEAD`: the same without the body.
    #[must_use]
    pub fn encode_head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n{ALWAYS}", self.status, reason(self.status));
        // A `String` takes whatever is written to it.
        let _ = write!(
            head,
            "Content-Security-Policy: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n",
            self.policy,
            self.content_type,
            self.body.len(),
            self.headers,
        );
        head.into_bytes()
    }
}

/// A header that a browser would read as several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadHeader;

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("header holds a control character")
    }
}

impl std::error::Error for BadHeader {}

fn one_line(text: &str) -> Result<&str, BadHeader> {
    if text.chars().any(char::is_control) { Err(BadHeader) } else { Ok(text) }
}

fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
