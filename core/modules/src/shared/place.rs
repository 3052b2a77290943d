//! Where an object's contents are, and what keys look like on both sides.

use mlua::{IntoLua, LightUserData, Lua, Table, Value as Seen};

use super::tree::Name;

/// The hidden field's key. Scripts do not come by such a value.
pub(crate) fn hidden() -> Seen {
    Seen::LightUserData(LightUserData(std::ptr::without_provenance_mut(0x5ca1e)))
}

/// Set in the number of a function, so that it is none of a table.
pub(crate) const FUNCTION: u32 = 1 << 31;

/// Where an object's contents are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) root: u32,
    pub(crate) table: u32,
}

impl Place {
    pub(crate) fn pack(self) -> i64 {
        (i64::from(self.root) << 32) | i64::from(self.table)
    }

    pub(crate) fn unpack(packed: i64) -> Place {
        Place { root: (packed >> 32) as u32, table: packed as u32 }
    }
}

pub(crate) fn place_of(object: &Table) -> mlua::Result<Option<Place>> {
    match object.raw_get::<Seen>(hidden())? {
        Seen::Integer(packed) => Ok(Some(Place::unpack(packed))),
        _ => Ok(None),
    }
}

/// A key that is no text.
pub(crate) fn simple(key: &Seen) -> Option<Name<'static>> {
    match key {
        Seen::Integer(key) => Some(Name::Integer(*key)),
        Seen::Number(key) => match super::whole(*key) {
            Some(key) => Some(Name::Integer(key)),
            None => Some(Name::Number(*key)),
        },
        Seen::Boolean(key) => Some(Name::Boolean(*key)),
        _ => None,
    }
}

pub(crate) fn key_of(lua: &Lua, key: Name<'_>) -> mlua::Result<Seen> {
    match key {
        Name::Integer(key) => key.into_lua(lua),
        Name::Number(key) => key.into_lua(lua),
        Name::Boolean(key) => key.into_lua(lua),
        Name::Text(key) => lua.create_string(key).map(Seen::String),
    }
}
