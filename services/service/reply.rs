//! The duty to answer a request, as a value.

use std::fmt;
use std::sync::Arc;

use skyloom_abi::{CallError, Handle, Message, Payload, Session};

use super::error::{Error, text_of};
use super::link::Link;
use super::typed::{Outgoing, pack};

/// The duty to answer one request: exactly one answer leaves it, from whatever thread.
///
/// Dropped without an answer it refuses the request, so that nobody waits for
/// what was forgotten. [`Context::promise`](super::Context::promise) makes one.
pub struct Reply {
    link: Arc<Link>,
    to: Option<(Handle, Session)>,
}

impl Reply {
    pub(super) fn new(link: &Arc<Link>, to: Option<(Handle, Session)>) -> Reply {
        Reply { link: link.clone(), to }
    }

    /// Whether anybody waits: `false` when the message was sent without a request.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.to.is_some()
    }

    /// Answers; tells whether the answer was delivered.
    pub fn send(self, value: impl Outgoing) -> bool {
        self.send_payload(pack(value))
    }

    /// Answers with a payload as it is.
    pub fn send_payload(mut self, payload: Payload) -> bool {
        let me = self.link.handle;
        self.post(|session| Message::response(Some(me), session, payload))
    }

    /// Answers with an error; tells whether it was delivered.
    pub fn refuse(mut self, error: impl Into<Error>) -> bool {
        let error = CallError::Refused(text_of(&error.into()));
        let me = self.link.handle;
        self.post(|session| Message::error(Some(me), session, error))
    }

    fn post(&mut self, message: impl FnOnce(Session) -> Message) -> bool {
        let Some((to, session)) = self.to.take() else { return false };
        self.link.post(to, message(session)).is_ok()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if self.to.is_none() {
            return;
        }
        let me = self.link.handle;
        // A panic in a turn is the end of its service.
        let dies = !self.link.node.is_alive(me) || std::thread::panicking() && self.link.in_turn();
        let error = if dies { CallError::Died } else { CallError::Refused(FORGOTTEN.into()) };
        self.post(|session| Message::error(Some(me), session, error));
    }
}

const FORGOTTEN: &str = "the request was dropped without an answer";

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some((to, session)) => write!(f, "Reply({to} {session:?})"),
            None => f.write_str("Reply(nobody)"),
        }
    }
}
