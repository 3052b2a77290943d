//! What a gate has done so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a gate answers to `stats`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Connections now: clients, and those that are still shaking hands.
    pub clients: u64,
    /// Connections so far.
    pub accepted: u64,
    /// Requests that plain HTTP answered with a page.
    pub pages: u64,
    /// Frames from clients.
    pub frames_in: u64,
    /// Bytes from clients, as they came.
    pub bytes_in: u64,
    /// Frames to clients, each receiver of a multicast counted.
    pub frames_out: u64,
    /// Bytes to clients, as they went.
    pub bytes_out: u64,
    /// Times that a client was read more slowly because it sent too fast.
    pub slowed: u64,
    /// Frames for clients that had gone, or whose queue was full.
    pub unsent: u64,
    /// What was refused, by kind.
    pub refused: BTreeMap<String, u64>,
}

impl Counts {
    pub(super) fn refuse(&mut self, kind: &str) {
        match self.refused.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.refused.insert(kind.to_owned(), 1);
            }
        }
    }
}
