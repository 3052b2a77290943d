//! SIGINT and SIGTERM: the first asks to stop, the second does not ask.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Listens from now on; until [`wait`](Stop::wait) a signal is kept.
#[derive(Debug)]
pub(crate) struct Stop {
    signals: Signals,
}

impl Stop {
    pub(crate) fn listen() -> io::Result<Stop> {
        Signals::new([SIGINT, SIGTERM]).map(|signals| Stop { signals })
    }

    /// What ends the wait without a signal.
    pub(crate) fn handle(&self) -> Handle {
        self.signals.handle()
    }

    /// Waits for a signal, or for its handle to be closed; from then on one more signal ends the
    /// process at once, with the code that shells give it.
    pub(crate) fn wait(mut self) {
        if self.signals.forever().next().is_none() {
            return;
        }
        let _ = thread::Builder::new().name("signals".into()).spawn(move || {
            if let Some(signal) = self.signals.forever().next() {
                std::process::exit(128 + signal);
            }
        });
    }
}
