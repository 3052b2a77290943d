//! A message, as it lies in a mailbox.

use crate::error::CallError;
use crate::handle::Handle;
use crate::payload::Payload;
use crate::protocol::Protocol;
use crate::session::Session;

/// One message: who says it, what kind it is, whether an answer is awaited, and what it carries.
#[derive(Debug)]
pub struct Message {
    /// Who sent it; `None` for the kernel, timers and sockets.
    pub source: Option<Handle>,
    /// Pairs a request with its response; `None` when no answer is awaited.
    pub session: Option<Session>,
    /// How the payload is to be read.
    pub protocol: Protocol,
    /// What it carries.
    pub payload: Payload,
}

impl Message {
    /// A message that expects no answer.
    #[must_use]
    pub fn send(source: Option<Handle>, protocol: Protocol, payload: Payload) -> Message {
        Message { source, session: None, protocol, payload }
    }

    /// A request: its receiver answers `session`.
    #[must_use]
    pub fn request(source: Handle, session: Session, protocol: Protocol, payload: Payload) -> Message {
        Message { source: Some(source), session: Some(session), protocol, payload }
    }

    /// The answer to the request `session`.
    #[must_use]
    pub fn response(source: Option<Handle>, session: Session, payload: Payload) -> Message {
        Message { source, session: Some(session), protocol: Protocol::RESPONSE, payload }
    }

    /// The news that the request `session` will not be answered.
    #[must_use]
    pub fn error(source: Option<Handle>, session: Session, error: CallError) -> Message {
        let payload = Payload::value(error);
        Message { source, session: Some(session), protocol: Protocol::ERROR, payload }
    }

    /// Whether somebody waits for an answer to it: where to, and under which session.
    ///
    /// A client's frame carries its number as a session, and a package of a channel the channel's:
    /// nobody waits for them.
    #[must_use]
    pub fn awaits(&self) -> Option<(Handle, Session)> {
        let asks = !self.protocol.is_answer() && !matches!(self.protocol, Protocol::CLIENT | Protocol::MULTICAST);
        asks.then(|| self.source.zip(self.session))?
    }

    /// Why a request failed, read from an error message.
    ///
    /// Errors from elsewhere than this process carry at most a text.
    #[must_use]
    pub fn into_call_error(self) -> CallError {
        match self.payload.take::<CallError>() {
            Ok(error) => *error,
            Err(payload) => CallError::Refused(String::from_utf8_lossy(&payload.into_bytes()).into_owned()),
        }
    }
}
