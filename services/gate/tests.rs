//! Gates with real sockets, and their pure parts with tables.

mod lua;
mod pure;
mod tcp;
