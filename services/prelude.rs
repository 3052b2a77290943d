//! What most files that define services need: `use skyloom::prelude::*;`.

pub use crate::{Answer, CallError, Context, Error, ExitReason, Exited, Handle, Service, Skyloom};
