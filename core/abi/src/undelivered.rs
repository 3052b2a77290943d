//! A message that came back.

use std::fmt;

use crate::error::Cause;
use crate::handle::Handle;
use crate::message::Message;

/// A message that was not delivered, with the message itself.
#[derive(Debug)]
pub struct Undelivered {
    /// Where it should have gone.
    pub to: Handle,
    /// The message, unchanged.
    pub message: Message,
    /// Why it came back.
    pub cause: Cause,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message to {} not delivered: {}", self.to, self.cause)
    }
}

impl std::error::Error for Undelivered {}
