//! What a service is to the kernel.

use std::fmt;
use std::sync::Arc;

use skyloom_abi::ExitReason;

use crate::cell::{Actor, Cell, Envelope, Interrupt};
use crate::context::Context;
use crate::near::Near;
use crate::node::Node;
use crate::peer::Peer;

/// User logic with one mailbox, as hosts of languages implement it.
///
/// Callbacks never run at the same time, but one after another on different workers. A panic in
/// one ends this service alone. (Applications use the `Service` trait of the façade crate.)
pub trait Service: Send {
    /// Runs on a worker before any message.
    ///
    /// # Errors
    ///
    /// A [`StartError`] ends the service and is told to whoever spawned it.
    fn start(&mut self, ctx: &mut Context<'_>) -> Result<Start, StartError> {
        let _ = ctx;
        Ok(Start::Ready)
    }

    /// Handles one message.
    fn handle(&mut self, ctx: &mut Context<'_>, message: Envelope);

    /// The node asks it to stop, behind what was queued. The service calls [`Context::exit`] when it is ready.
    fn stop(&mut self, ctx: &mut Context<'_>) {
        ctx.exit(ExitReason::Stopped);
    }

    /// The last callback: answer with errors what you had begun to handle. What still waits in
    /// the mailbox the kernel answers itself.
    fn retire(&mut self, ctx: &mut Context<'_>, reason: &ExitReason) {
        let _ = (ctx, reason);
    }

    /// How to get at a handler that does not return, if there is a way. Asked once, before `start`.
    fn interrupt(&self) -> Option<Arc<dyn Interrupt>> {
        None
    }
}

/// Whether a service is ready when [`Service::start`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is.
    Ready,
    /// It will call [`Context::started`]; messages are handled meanwhile.
    Later,
}

/// Why a service, or a node, did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError(String);

impl StartError {
    /// An error with this one-clause text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> StartError {
        StartError(text.into())
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// A service and its way to the node: what a cell runs. The service lies in it, not behind one
/// more pointer.
pub(crate) struct Hosted<S> {
    pub(crate) node: Node,
    pub(crate) service: S,
    pub(crate) peer: Peer,
}

impl Context<'_> {
    /// Says how a start ended that returned [`Start::Later`]; an error ends the service.
    pub fn started(&self, outcome: Result<(), StartError>) {
        if let Err(error) = &outcome {
            self.exit(ExitReason::Failed(error.to_string()));
        }
        self.cell().tell_birth(outcome.map_err(|error| error.to_string()));
    }
}

impl<S: Service> Actor for Hosted<S> {
    fn start(&mut self, cell: &Cell, near: Near) {
        let mut ctx = Context::new(&self.node, cell, near, &self.peer);
        match self.service.start(&mut ctx) {
            Ok(Start::Ready) => ctx.started(Ok(())),
            Ok(Start::Later) => {}
            Err(error) => ctx.started(Err(error)),
        }
    }

    fn receive(&mut self, cell: &Cell, near: Near, message: Envelope) {
        self.service.handle(&mut Context::new(&self.node, cell, near, &self.peer), message);
    }

    fn stop(&mut self, cell: &Cell, near: Near) {
        self.service.stop(&mut Context::new(&self.node, cell, near, &self.peer));
    }

    fn retire(&mut self, cell: &Cell, near: Near, reason: &ExitReason) {
        self.service.retire(&mut Context::new(&self.node, cell, near, &self.peer), reason);
        cell.tell_birth(Err(format!("it ended before it had started: {reason}")));
    }
}
