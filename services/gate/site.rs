//! What plain HTTP gets at a gate's port, and who may open a WebSocket there.

use std::collections::BTreeMap;
use std::net::IpAddr;

use skyloom_wire::Bytes;
use skyloom_wire::http::{HttpError, Request, Response};
use skyloom_wire::websocket::{self, same_origin};

use super::refusal::Refusal;

/// The pages of a gate and the names by which it may be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Site {
    pub(super) pages: BTreeMap<String, Bytes>,
    /// Further names for this host; `None` when any will do, because it does not listen on loopback.
    pub(super) hosts: Option<Vec<String>>,
}

/// What to do with a request.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// Send this; then it is a WebSocket.
    Upgrade(Vec<u8>),
    /// Send this and close.
    Page(Vec<u8>),
}

/// File extensions and what browsers call them.
const TYPES: [(&str, &str); 10] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("txt", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("ico", "image/x-icon"),
    ("webmanifest", "application/manifest+json"),
    ("wasm", "application/wasm"),
];

impl Site {
    /// Decides what a request gets.
    pub(super) fn answer(&self, request: &Request) -> Result<Answer, Refusal> {
        if !self.knows_host(request) {
            return Err(refuse(403, "this server is not called that"));
        }
        if request.headers().lists("upgrade", "websocket") {
            if !same_origin(request) {
                return Err(refuse(403, "a page of another site may not connect here"));
            }
            let answer = websocket::upgrade(request);
            return answer
                .map(Answer::Upgrade)
                .map_err(|refusal| Refusal::Http(Box::new(refusal.response()), refusal.to_string()));
        }
        let head_only = request.method() == "HEAD";
        if request.method() != "GET" && !head_only {
            return Err(refuse(405, "only GET and HEAD are answered here"));
        }
        let Some(body) = self.pages.get(request.path()) else {
            return Err(refuse(404, "there is no such page"));
        };
        let page = Response::new(200, content_type(request.path()), body.0.clone());
        Ok(Answer::Page(if head_only { page.encode_head() } else { page.encode() }))
    }

    /// A page of elsewhere can give this machine a name of its own choice and then pass for one of
    /// ours. So a gate that only this machine reaches is asked by address, or by names it was told.
    fn knows_host(&self, request: &Request) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        // HTTP/1.0 need not say it; browsers do not speak that.
        let Some(host) = request.headers().only("host") else { return !request.is_http11() };
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The answer to a request that could not even be read.
pub(super) fn refuse_bad(error: HttpError) -> Refusal {
    Refusal::Http(Box::new(error.response()), error.to_string())
}

fn refuse(status: u16, text: &str) -> Refusal {
    Refusal::Http(Box::new(Response::text(status, &format!("{text}\n"))), text.to_owned())
}

fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        None => TYPES[0].1,
        Some((_, extension)) => TYPES
            .iter()
            .find(|(known, _)| extension.eq_ignore_ascii_case(known))
            .map_or("application/octet-stream", |(_, content_type)| content_type),
    }
}

/// The answer to somebody who asked nothing wrong and is not served.
pub(super) fn unavailable(why: &Refusal) -> Response {
    let status = if matches!(why, Refusal::Unfinished(_)) { 408 } else { 503 };
    Response::text(status, &format!("{why}\n"))
}
