//! From an HTTP request to a WebSocket, on the server's side.

use tungstenite::handshake::derive_accept_key;

use super::Refusal;
use crate::http::Request;

/// Answers a request that asks for a WebSocket.
///
/// After sending these bytes the connection belongs to a
/// [`Socket`](super::Socket). Whether the page that asks may do so is for the
/// caller to say: see [`same_origin`].
///
/// # Errors
///
/// [`Refusal`], with the [`response`](Refusal::response) to send instead.
///
/// # Examples
/// ```
/// use skyloom_wire::http::Request;
/// use skyloom_wire::websocket;
/// let request = Request::parse(
///     b"GET /chat HTTP/1.1\r\nHost: server\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
/// )?;
/// let answer = websocket::upgrade(&request)?;
/// assert!(answer.starts_with(b"HTTP/1.1 101 "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn upgrade(request: &Request) -> Result<Vec<u8>, Refusal> {
    let headers = request.headers();
    if request.method() != "GET"
        || !request.is_http11()
        || !headers.lists("upgrade", "websocket")
        || !headers.lists("connection", "upgrade")
    {
        return Err(Refusal::NotAnUpgrade);
    }
    if headers.only("sec-websocket-version") != Some("13") {
        return Err(Refusal::Version);
    }
    let accept = headers.only("sec-websocket-key").and_then(accept_key).ok_or(Refusal::Key)?;
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes())
}

/// What a server answers to a client's `Sec-WebSocket-Key`; `None` if that is no key.
#[must_use]
pub fn accept_key(key: &str) -> Option<String> {
    is_key(key).then(|| derive_accept_key(key.as_bytes()))
}

/// Whether a key is 16 bytes in base 64: 22 digits and the padding.
fn is_key(key: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    key.strip_suffix("==").is_some_and(|digits| digits.len() == 22 && digits.bytes().all(is_digit))
}

/// Whether a request comes from a page of this very server, or from no page.
///
/// Browsers let any page open a WebSocket to anywhere, in the name of who
/// looks at it. They say in `Origin` which page it was; programs that are not
/// browsers send none.
#[must_use]
pub fn same_origin(request: &Request) -> bool {
    let headers = request.headers();
    if headers.all("origin").next().is_none() {
        return true;
    }
    let (Some(origin), Some(host)) = (headers.only("origin"), headers.only("host")) else {
        return false;
    };
    let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    page.is_some_and(|page| page.eq_ignore_ascii_case(host))
}
