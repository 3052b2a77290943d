//! What each worker is handling, for whoever watches it.

use std::sync::atomic::{AtomicU32, Ordering};

use skyloom_abi::Handle;

/// What one worker is handling.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Running {
    service: AtomicU32,
    source: AtomicU32,
}

impl Running {
    pub(crate) fn begins(&self, service: Handle, source: Option<Handle>) {
        self.source.store(source.map_or(0, Handle::get), Ordering::Relaxed);
        self.service.store(service.get(), Ordering::Relaxed);
    }

    pub(crate) fn ends(&self) {
        self.service.store(0, Ordering::Relaxed);
    }

    /// The service that is being run and the source of its message.
    pub(crate) fn now(&self) -> Option<(Handle, Option<Handle>)> {
        let service = Handle::new(self.service.load(Ordering::Relaxed))?;
        Some((service, Handle::new(self.source.load(Ordering::Relaxed))))
    }
}
