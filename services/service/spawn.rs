//! Bringing services of this kind to life.

use skyloom_abi::{CallError, Handle, Message, Payload};
use skyloom_kernel::{Spawn, StartError};

use super::context::Context;
use super::contract::Service;
use super::host::Host;
use super::waits::Wait;

/// What the kernel needs to know to spawn `service`.
pub(crate) fn spawning<S: Service>(service: S) -> Spawn {
    let (label, limit) = (service.label(), service.limit());
    let spawn = Spawn::new(label, Box::new(Host::new(service)));
    match limit {
        Some(limit) => spawn.limit(limit),
        None => spawn,
    }
}

impl<S: Send + 'static> Context<S> {
    /// Spawns a service. Its handle can be used at once: messages wait until it has started.
    pub fn spawn<T: Service>(&self, service: T) -> Handle {
        self.node().spawn(spawning(service))
    }

    /// Spawns a service; await the result to know that it has started.
    ///
    /// # Errors
    ///
    /// [`StartError`] if it has not, and why.
    pub fn launch<T: Service>(
        &self,
        service: T,
    ) -> impl Future<Output = Result<Handle, StartError>> + Send + use<S, T> {
        let wait = Wait::new(self.link());
        let (me, session) = (self.handle(), wait.session());
        let handle = self.node().spawn(spawning(service).on_started(move |node, handle, outcome| {
            let Some(session) = session else { return };
            let message = match outcome {
                Ok(()) => Message::response(Some(handle), session, Payload::EMPTY),
                Err(error) => Message::error(Some(handle), session, CallError::Refused(error.to_string())),
            };
            // Whoever launched it may have ended meanwhile.
            let _ = skyloom_abi::Door::post(node, me, message);
        }));
        async move {
            match wait.await {
                Ok(_) => Ok(handle),
                Err(error) => Err(StartError::new(error.to_string())),
            }
        }
    }
}
