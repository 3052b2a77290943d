//! What can be wrong with a request, and how to say so.

use std::fmt;

use super::response::Response;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The head is longer than allowed.
    TooLarge {
        /// The most that is allowed.
        limit: usize,
    },
    /// The bytes are not a request.
    Malformed(&'static str),
    /// The request has a body, and nobody here reads one.
    Body,
    /// The body is coded in a way that nobody here undoes.
    Coding,
    /// It is HTTP of another version than 1.0 and 1.1.
    Version,
}

impl HttpError {
    /// The status that says so.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            HttpError::TooLarge { .. } => 431,
            HttpError::Malformed(_) => 400,
            HttpError::Body => 413,
            HttpError::Coding => 501,
            HttpError::Version => 505,
        }
    }

    /// The whole answer; close the connection after it.
    #[must_use]
    pub fn response(self) -> Response {
        Response::text(self.status(), &format!("{self}\n"))
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::TooLarge { limit } => write!(f, "request head exceeds {limit} bytes"),
            HttpError::Malformed(why) => write!(f, "malformed request: {why}"),
            HttpError::Body => f.write_str("a request with a body is not accepted"),
            HttpError::Coding => f.write_str("a transfer-encoding other than chunked is not understood"),
            HttpError::Version => f.write_str("only HTTP/1.0 and 1.1 are spoken"),
        }
    }
}

impl std::error::Error for HttpError {}
