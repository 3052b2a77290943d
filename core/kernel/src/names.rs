//! Local names: first come, first served.

use std::collections::HashMap;

use parking_lot::RwLock;
use skyloom_abi::{Handle, Name};

#[derive(Debug, Default)]
pub(crate) struct Names(RwLock<HashMap<Box<str>, Handle>>);

impl Names {
    /// Binds `name` to `handle` as long as `alive` holds; a name once bound stays with its owner.
    ///
    /// `alive` is asked under the lock that [`forget`](Self::forget) takes, so a name can
    /// never be left with a service that is gone.
    pub(crate) fn bind(&self, name: &Name, handle: Handle, alive: impl FnOnce() -> bool) -> Result<(), Option<Handle>> {
        let mut names = self.0.write();
        match names.get(name.as_str()) {
            Some(owner) if *owner == handle => Ok(()),
            Some(owner) => Err(Some(*owner)),
            None if !alive() => Err(None),
            None => {
                names.insert(name.as_str().into(), handle);
                Ok(())
            }
        }
    }

    /// Finds the owner of a name, written with or without its dot.
    pub(crate) fn find(&self, name: &str) -> Option<Handle> {
        self.0.read().get(name.strip_prefix('.').unwrap_or(name)).copied()
    }

    /// Forgets all names of a service that is gone.
    pub(crate) fn forget(&self, handle: Handle) {
        self.0.write().retain(|_, owner| *owner != handle);
    }

    /// All names of one service, sorted.
    pub(crate) fn of(&self, handle: Handle) -> Vec<String> {
        let names = self.0.read();
        let mut found: Vec<String> =
            names.iter().filter(|(_, owner)| **owner == handle).map(|(name, _)| name.to_string()).collect();
        found.sort();
        found
    }
}
