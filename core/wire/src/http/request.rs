//! A request, from its first byte to its meaning.

use super::{Head, Headers, HttpError};

/// More header lines than any browser sends.
const MAX_HEADERS: usize = 64;

/// Gathers the head of one request.
#[derive(Debug)]
pub struct RequestHead {
    head: Head,
}

impl RequestHead {
    /// A head of at most `limit` bytes; 8192 is plenty.
    #[must_use]
    pub fn new(limit: usize) -> RequestHead {
        RequestHead { head: Head::new(limit) }
    }

    /// Adds what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.head.push(bytes);
    }

    /// The request; `None` if its head has not arrived whole.
    ///
    /// # Errors
    ///
    /// [`HttpError`] as soon as it is certain; answer with its
    /// [`response`](HttpError::response) and close.
    #[expect(clippy::should_implement_trait, reason = "there is only one request")]
    pub fn next(&mut self) -> Result<Option<Request>, HttpError> {
        match self.head.next()? {
            Some(bytes) => Request::parse(&bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Whether part of a head is waiting for the rest.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        self.head.has_partial()
    }

    /// What arrived behind the head: the first frames of a hasty WebSocket.
    #[must_use]
    pub fn into_rest(self) -> Vec<u8> {
        self.head.into_rest()
    }
}

/// A request without a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: String,
    target: String,
    minor: u8,
    headers: Headers,
}

impl Request {
    /// Parses a whole head, its empty line included.
    ///
    /// # Errors
    ///
    /// [`HttpError::Malformed`] or [`HttpError::Body`].
    pub fn parse(head: &[u8]) -> Result<Request, HttpError> {
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut raw = httparse::Request::new(&mut lines);
        match raw.parse(head) {
            Ok(httparse::Status::Complete(len)) if len == head.len() => {}
            Ok(_) => return Err(HttpError::Malformed("its head does not end where it should")),
            Err(error) => return Err(blame(error)),
        }
        let (Some(method), Some(target), Some(minor)) = (raw.method, raw.path, raw.version) else {
            return Err(HttpError::Malformed("its first line is incomplete"));
        };
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            minor,
            headers: Headers::from_parsed(raw.headers),
        };
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), HttpError> {
        if !self.target.starts_with('/') {
            return Err(HttpError::Malformed("its target is not a path"));
        }
        if self.minor == 1 && self.headers.only("host").is_none() {
            return Err(HttpError::Malformed("it does not name exactly one host"));
        }
        let is_empty = |len: &[u8]| len == b"0";
        if !self.headers.all("content-length").all(is_empty) || self.headers.all("transfer-encoding").next().is_some() {
            return Err(HttpError::Body);
        }
        Ok(())
    }

    /// `GET`, `HEAD` and so on, as it was sent.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The target up to the `?`, not decoded: compare it, do not open it.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// Whether it is HTTP/1.1 rather than 1.0.
    #[must_use]
    pub fn is_http11(&self) -> bool {
        self.minor == 1
    }

    /// Its header lines.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }
}

pub(super) fn blame(error: httparse::Error) -> HttpError {
    HttpError::Malformed(match error {
        httparse::Error::HeaderName => "a header's name",
        httparse::Error::HeaderValue => "a header's value",
        httparse::Error::NewLine => "a line end",
        httparse::Error::TooManyHeaders => "too many headers",
        httparse::Error::Version => "not HTTP/1.0 or 1.1",
        _ => "its first line",
    })
}
