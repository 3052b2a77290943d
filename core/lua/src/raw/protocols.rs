//! The protocols that a service speaks.

use std::borrow::Cow;
use std::ffi::c_int;

use mlua::ffi;
use skyloom_abi::Protocol;

/// How arguments become bytes, or bytes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// Not at all: scripts give and get payloads as they are.
    Absent,
    /// By the serialiser, without Lua: `skynet.pack`, `skynet.unpack`.
    Values,
    /// As one string, without Lua: `skynet.tostring`.
    Text,
    /// By a function of the script, at this reference.
    Function(c_int),
}

/// One protocol.
#[derive(Debug)]
pub(super) struct Speech {
    pub(super) id: u8,
    pub(super) name: Cow<'static, str>,
    /// Reference of the handler, or `LUA_NOREF`.
    pub(super) handler: c_int,
    pub(super) pack: Codec,
    pub(super) unpack: Codec,
}

/// All protocols of a service; few, so that a search from the front is the fastest.
#[derive(Debug)]
pub(super) struct Protocols(Vec<Speech>);

impl Protocols {
    /// Those that every service knows.
    pub(super) fn new() -> Protocols {
        let known = [
            (Protocol::LUA, "lua", Codec::Values),
            (Protocol::RESPONSE, "response", Codec::Absent),
            (Protocol::ERROR, "error", Codec::Absent),
            (Protocol::DEBUG, "debug", Codec::Values),
        ];
        let speech = |(id, name, codec): (Protocol, &'static str, Codec)| Speech {
            id: id.0,
            name: name.into(),
            handler: ffi::LUA_NOREF,
            pack: codec,
            unpack: codec,
        };
        Protocols(known.into_iter().map(speech).collect())
    }

    #[inline]
    pub(super) fn by_id(&self, id: i64) -> Option<usize> {
        self.0.iter().position(|speech| i64::from(speech.id) == id)
    }

    #[inline]
    pub(super) fn by_name(&self, name: &[u8]) -> Option<usize> {
        // It stands first, and nearly every message speaks it.
        if name == b"lua" {
            return Some(0);
        }
        self.0.iter().position(|speech| speech.name.as_bytes() == name)
    }

    /// Names and numbers of all.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, u8)> {
        self.0.iter().map(|speech| (&*speech.name, speech.id))
    }

    #[inline]
    pub(super) fn at(&mut self, index: usize) -> &mut Speech {
        &mut self.0[index]
    }

    /// Adds one and says where.
    pub(super) fn add(&mut self, speech: Speech) -> usize {
        self.0.push(speech);
        self.0.len() - 1
    }
}
