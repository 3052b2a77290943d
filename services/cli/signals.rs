//! SIGINT and SIGTERM: the first asks to stop, the second does not ask. SIGHUP: the log is to be opened anew.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
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

    /// Keeps SIGHUP for [`wait`](Stop::wait), too, which ends a process otherwise.
    pub(crate) fn with_hangup(self) -> io::Result<Stop> {
        self.signals.handle().add_signal(SIGHUP)?;
        Ok(self)
    }

    /// What ends the wait without a signal.
    pub(crate) fn handle(&self) -> Handle {
        self.signals.handle()
    }

    /// Waits for a signal that stops, or for its handle to be closed; from then on one more signal ends the
    /// process at once, with the code that shells give it.
    pub(crate) fn wait(mut self, hung_up: impl Fn()) {
        loop {
            match self.signals.forever().next() {
                Some(SIGHUP) => hung_up(),
                Some(_) => break,
                None => return,
            }
        }
        let _ = thread::Builder::new().name("signals".into()).spawn(move || {
            if let Some(signal) = self.signals.forever().find(|signal| *signal != SIGHUP) {
                std::process::exit(128 + signal);
            }
        });
    }
}
