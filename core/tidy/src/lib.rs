//! Tests of the house itself: what reviewers would have to remember, checked.
//!
//! Every rule is a pure function over paths and texts that returns
//! [`Finding`]s: where, and what to do about it. `tests/house.rs` applies them
//! to the tree. A rule reads text, not syntax trees: it may be fooled by a
//! macro, but it costs no dependency and no second.
//!
//! Exceptions stand in the tables beside this crate's manifest, each with its
//! reason: `unsafe.txt`, `statics.txt` and `long.txt`. An exception that is
//! not needed any more is a finding too.
//!
//! ```
//! use skyloom_tidy::{Tree, floors};
//!
//! let tree = Tree::of(&[
//!     ("core/abi/src/lib.rs", "mod handle;\nmod message;"),
//!     ("core/abi/src/handle.rs", "use crate::message::Message;"),
//! ]);
//! let found = floors::check(&tree, "core/abi/src");
//! assert!(found[0].to_string().starts_with("core/abi/src/handle.rs:1: "));
//! ```
#![forbid(unsafe_code)]

mod finding;
mod tree;
mod rust;
mod headings;
mod table;
pub mod manifests;
pub mod facade;
pub mod floors;
pub mod neighbours;
pub mod links;
pub mod census;
pub mod statics;
pub mod size;
pub mod semantics;
pub mod examples;
pub mod orphans;

pub use finding::Finding;
pub use rust::Source;
pub use tree::{File, Tree};
