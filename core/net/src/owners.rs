//! Which sockets a service owns, and how many connections an address has.
//!
//! Both are only asked when connections come and go, so one lock each will do.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use parking_lot::Mutex;
use skyloom_abi::Handle;

use crate::id::SocketId;

/// The sockets of each owner.
#[derive(Debug, Default)]
pub(crate) struct Owners(Mutex<HashMap<Handle, HashSet<SocketId>>>);

impl Owners {
    pub(crate) fn add(&self, owner: Handle, id: SocketId) {
        self.0.lock().entry(owner).or_default().insert(id);
    }

    pub(crate) fn remove(&self, owner: Handle, id: SocketId) {
        let mut owners = self.0.lock();
        if let Some(ids) = owners.get_mut(&owner) {
            ids.remove(&id);
            if ids.is_empty() {
                owners.remove(&owner);
            }
        }
    }

    /// The sockets of `owner`, oldest first.
    pub(crate) fn of(&self, owner: Handle) -> Vec<SocketId> {
        let owners = self.0.lock();
        let mut ids: Vec<SocketId> = owners.get(&owner).into_iter().flatten().copied().collect();
        ids.sort_unstable();
        ids
    }
}

/// How many accepted connections each address has.
#[derive(Debug, Default)]
pub(crate) struct Guests(Mutex<HashMap<IpAddr, usize>>);

impl Guests {
    /// Counts one more from `address`, unless it has `limit` already.
    #[must_use]
    pub(crate) fn enter(&self, address: IpAddr, limit: usize) -> bool {
        let mut guests = self.0.lock();
        let count = guests.entry(address).or_default();
        let room = *count < limit;
        if room {
            *count += 1;
        } else if *count == 0 {
            guests.remove(&address);
        }
        room
    }

    /// Counts one less.
    pub(crate) fn leave(&self, address: IpAddr) {
        let mut guests = self.0.lock();
        if let Some(count) = guests.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                guests.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_room_again_when_one_of_its_guests_left() {
        let (guests, here) = (Guests::default(), IpAddr::from([127, 0, 0, 1]));
        assert!(guests.enter(here, 2) && guests.enter(here, 2));
        assert!(!guests.enter(here, 2));
        guests.leave(here);
        assert!(guests.enter(here, 2));
        guests.leave(here);
        guests.leave(here);
        assert!(!guests.enter(here, 0));
        assert!(guests.0.lock().is_empty(), "nothing is kept of those who left");
    }
}
