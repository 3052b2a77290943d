//! What Lua services may rely on, tested on a node under a seed.

mod world;

mod talk;
mod errors;
mod messages;
mod order;
mod replies;
mod lifecycle;
mod inspect;
mod select;
mod nested;
mod dispatching;
mod traces;
mod seri;
mod scripts;
mod modules;
mod sockets;
mod datagrams;
mod gates;
mod channels;
mod names;
mod many;
mod stall;
mod patterns;
mod torment;
mod hardship;
