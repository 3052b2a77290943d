//! Gates with real sockets, and their pure parts with tables.

mod pure;
mod tcp;
