//! What can go wrong between services, and who is to blame.

use std::fmt;

use crate::payload::Value;

/// Why a message came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No service has this handle (any more).
    Unknown,
    /// The mailbox is at its hard limit.
    Full,
    /// The handle belongs to another node and no road leads there.
    OtherNode,
}

/// Why a call ended without a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// There was nobody to ask, or its mailbox was full.
    Undelivered(Cause),
    /// The service ended before it answered.
    Died,
    /// The service answered with an error; its text, possibly empty.
    Refused(String),
    /// The deadline passed.
    TimedOut,
    /// The caller gave up.
    Cancelled,
}

/// Why a service ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitReason {
    /// It said so itself.
    Finished,
    /// Somebody killed it.
    Killed,
    /// Its node stopped.
    Stopped,
    /// It could not start, or could not go on.
    Failed(String),
    /// Its code panicked.
    Panicked(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Unknown => "no such service",
            Cause::Full => "its mailbox is full",
            Cause::OtherNode => "it lives on another node",
        })
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Undelivered(cause) => cause.fmt(f),
            CallError::Died => f.write_str("the service ended before it answered"),
            CallError::Refused(text) if text.is_empty() => f.write_str("refused"),
            CallError::Refused(text) => f.write_str(text),
            CallError::TimedOut => f.write_str("no answer before the deadline"),
            CallError::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for CallError {}

impl Value for CallError {
    /// The text: what an error message says to those who only read bytes.
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitReason::Finished => f.write_str("finished"),
            ExitReason::Killed => f.write_str("killed"),
            ExitReason::Stopped => f.write_str("stopped"),
            ExitReason::Failed(text) => write!(f, "failed: {text}"),
            ExitReason::Panicked(text) => write!(f, "panicked: {text}"),
        }
    }
}
