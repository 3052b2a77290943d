//! What services may ask of a gate.

use serde::{Deserialize, Serialize};
use skyloom_wire::Bytes;

use super::options::Options;

/// A message of the lua protocol to a gate: the variant's name in lower case, then its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Listen. Answered with host and port.
    Open(Options),
    /// From now on the frames of this client go to the agent; to the asker if none is named.
    Forward(u32, Option<u32>),
    /// Send the client what was written for it, then close.
    Kick(u32, Option<String>),
    /// Write one frame to many clients.
    Multicast(Vec<u32>, Bytes),
    /// Let nobody else in.
    Close,
    /// Answered with a table of counters.
    Stats,
}
