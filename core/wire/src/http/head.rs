//! Bytes up to the empty line.

use super::HttpError;

/// Gathers the head of a request or response.
#[derive(Debug)]
pub(crate) struct Head {
    bytes: Vec<u8>,
    /// Everything before it has been looked at.
    searched: usize,
    limit: usize,
}

impl Head {
    pub(crate) fn new(limit: usize) -> Head {
        Head { bytes: Vec::new(), searched: 0, limit }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Cuts off the head with its empty line, once that has arrived.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        let head = self.bytes.get(..self.limit).unwrap_or(&self.bytes);
        // Speaking TLS, or something else, to a plain port is told at once.
        if head.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
            return Err(HttpError::Malformed("it does not begin with a method"));
        }
        for found in memchr::memchr_iter(b'\n', &head[self.searched..]) {
            let line = &head[..self.searched + found];
            // A lone line feed is a line end to some and none to others.
            let Some(line) = line.strip_suffix(b"\r") else {
                return Err(HttpError::Malformed("a line ends without a carriage return"));
            };
            if line.ends_with(b"\r\n") {
                let rest = self.bytes.split_off(line.len() + 2);
                return Ok(Some(std::mem::replace(&mut self.bytes, rest)));
            }
        }
        if self.bytes.len() >= self.limit {
            return Err(HttpError::TooLarge { limit: self.limit });
        }
        self.searched = self.bytes.len();
        Ok(None)
    }

    pub(crate) fn has_partial(&self) -> bool {
        !self.bytes.is_empty()
    }

    pub(crate) fn into_rest(self) -> Vec<u8> {
        self.bytes
    }
}
