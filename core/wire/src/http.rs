//! As much HTTP/1.1 as serving a page and opening a WebSocket takes.
//!
//! A [`RequestHead`] gathers and parses one request without a body, strictly
//! and within limits; a [`Response`] is written whole, with the headers that
//! keep a browser careful. After a response the connection is closed: there
//! is no second request on it, and so nothing to smuggle.
//!
//! ```
//! use skyloom_wire::http::{RequestHead, Response};
//! let mut head = RequestHead::new(8192);
//! head.push(b"GET /rooms?all HTTP/1.1\r\nHost: localhost\r\n\r\n");
//! let request = head.next()?.expect("it has arrived whole");
//! assert_eq!((request.method(), request.path()), ("GET", "/rooms"));
//! let answer = Response::text(200, "lobby\n").encode();
//! assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
//! # Ok::<(), skyloom_wire::http::HttpError>(())
//! ```

mod response;
mod error;
mod headers;
mod head;
mod request;
mod exchange;

pub use error::HttpError;
pub use exchange::{BodyLength, RequestOutline, ResponseOutline, parse_headers};
pub(crate) use head::Head;
pub use headers::Headers;
pub use request::{Request, RequestHead};
pub use response::{BadHeader, Response};
