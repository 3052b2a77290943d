//! The door of a node, and what a worker sleeps in.

use std::sync::Arc;
use std::time::Duration;

use crate::handle::Handle;
use crate::message::Message;
use crate::undelivered::Undelivered;

/// The one door by which messages enter a node: services, timers, sockets and peers all use it.
pub trait Door: Sync {
    /// Puts `message` into the mailbox of `to`.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] gives the message back.
    fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered>;
}

/// What one worker polls between turns and sleeps in when there is nothing to run.
///
/// The kernel knows nothing of sockets and `net` nothing of the kernel: this
/// trait is all that they share. A driver may be driven by another worker for
/// a while, when its own is held up by a long handler.
pub trait Driver: Send {
    /// Hands what is ready to `door`; waits for it, or for a wake-up, at most `timeout`.
    ///
    /// `Some(Duration::ZERO)` looks without waiting, `None` waits without end.
    fn drive(&mut self, timeout: Option<Duration>, door: &dyn Door);

    /// What any thread may do with this driver, even while its worker sleeps in it.
    fn remote(&self) -> Arc<dyn Remote>;
}

/// The part of a driver that needs no turn at it.
pub trait Remote: Send + Sync {
    /// Makes the driver's current or next wait return at once.
    fn wake(&self);

    /// Whether `drive` could find anything at all: between turns a worker does not look into an idle driver.
    fn is_idle(&self) -> bool;

    /// Pushes out what services wrote during the turn that just ended; cheap when there is nothing.
    fn flush(&self, door: &dyn Door);
}
