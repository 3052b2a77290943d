//! A schema as bytes: itself a structure, by a schema that never changes.
//!
//! group: 0 types, 1 protocols. type: 0 name, 1 fields. field: 0 name, 1 basic kind, 2 which type (or: how many decimal
//! digits, or: whether binary), 3 tag, 4 array, 5 tag of the key, 6 pairs. protocol: 0 name, 1 tag, 2 request, 3 response,
//! 4 an empty answer.

use std::collections::HashMap;

use super::read::{Elements, Fields, Item, Slot};
use super::schema::{Field, Kind, Map, Protocol, Response, Schema, Type};
use super::{MAX_TAG, SprotoError};

/// More digits than an integer has.
const MOST_DIGITS: i64 = 18;

fn wrong<T>(why: &'static str) -> Result<T, SprotoError> {
    Err(SprotoError::Bundle(why))
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    ///
    /// [`SprotoError::Bundle`] if it is none, or speaks of types or fields that it does not have.
    pub fn from_bytes(bytes: &[u8]) -> Result<Schema, SprotoError> {
        let mut schema = Schema::default();
        let mut fields = Fields::new(bytes).or_else(|_| wrong("no head"))?;
        while let Some((tag, slot)) = fields.next().or_else(|_| wrong("cut short"))? {
            match tag {
                0 => structs(slot, |bytes| {
                    schema.types.push(read_type(bytes)?);
                    Ok(())
                })?,
                1 => structs(slot, |bytes| {
                    schema.protocols.push(read_protocol(bytes)?);
                    Ok(())
                })?,
                _ => {}
            }
        }
        schema.link()?;
        Ok(schema)
    }

    /// Checks what refers to something else, and makes the indexes.
    fn link(&mut self) -> Result<(), SprotoError> {
        let count = self.types.len();
        let two: Vec<Option<[u16; 2]>> = self
            .types
            .iter()
            .map(|of| <&[Field; 2]>::try_from(&*of.fields).ok().map(|two| [two[0].tag, two[1].tag]))
            .collect();
        for field in self.types.iter_mut().flat_map(|of| &mut of.fields) {
            if let Kind::Struct(at) = field.kind {
                if at >= count {
                    return wrong("a field of no type");
                }
                if let Some(Map::Pairs { .. }) = field.map {
                    let Some([key, value]) = two[at] else { return wrong("a map of a type without two fields") };
                    field.map = Some(Map::Pairs { key, value });
                }
            } else {
                // Basic kinds have no key.
                field.map = None;
            }
        }
        self.protocols.sort_by_key(Protocol::tag);
        if self.protocols.windows(2).any(|two| two[0].tag == two[1].tag) {
            return wrong("two protocols of one tag");
        }
        for protocol in &self.protocols {
            let response = match protocol.response {
                Response::Type(at) => Some(at),
                Response::None | Response::Empty => None,
            };
            if protocol.request.into_iter().chain(response).any(|at| at >= count) {
                return wrong("a protocol of no type");
            }
        }
        self.names = index(self.types.iter().map(|of| &of.name));
        self.protocol_names = index(self.protocols.iter().map(|protocol| &protocol.name));
        Ok(())
    }
}

fn index<'a>(names: impl Iterator<Item = &'a Box<str>>) -> HashMap<Box<str>, usize> {
    names.enumerate().map(|(at, name)| (name.clone(), at)).collect()
}

fn structs(slot: Slot<'_>, mut each: impl FnMut(&[u8]) -> Result<(), SprotoError>) -> Result<(), SprotoError> {
    let Ok(mut elements): Result<Elements<'_>, _> = Kind::Struct(0).elements(slot) else { return wrong("no array") };
    while let Some(item) = elements.next().or_else(|_| wrong("cut short"))? {
        if let Item::Struct(bytes) = item {
            each(bytes)?;
        }
    }
    Ok(())
}

/// The plain fields of a structure, by tag.
fn plain<const N: usize>(bytes: &[u8]) -> Result<[Option<Slot<'_>>; N], SprotoError> {
    let mut slots = [None; N];
    let mut fields = Fields::new(bytes).or_else(|_| wrong("cut short"))?;
    while let Some((tag, slot)) = fields.next().or_else(|_| wrong("cut short"))? {
        if let Some(place) = usize::try_from(tag).ok().and_then(|tag| slots.get_mut(tag)) {
            *place = Some(slot);
        }
    }
    Ok(slots)
}

fn name(slot: Option<Slot<'_>>) -> Result<Box<str>, SprotoError> {
    match slot {
        Some(Slot::Data(bytes)) => match std::str::from_utf8(bytes) {
            Ok(name) => Ok(name.into()),
            Err(_) => wrong("a name that is not UTF-8"),
        },
        _ => wrong("a name is missing"),
    }
}

fn integer(slot: Option<Slot<'_>>) -> Result<Option<i64>, SprotoError> {
    let Some(slot) = slot else { return Ok(None) };
    match Kind::Integer.read(slot) {
        Ok(Item::Integer(value)) => Ok(Some(value)),
        _ => wrong("a number is none"),
    }
}

fn tag(slot: Option<Slot<'_>>, most: u16) -> Result<u16, SprotoError> {
    match integer(slot)?.map(u16::try_from) {
        Some(Ok(tag)) if tag <= most => Ok(tag),
        _ => wrong("a tag is missing or too large"),
    }
}

fn position(slot: Option<Slot<'_>>) -> Result<Option<usize>, SprotoError> {
    match integer(slot)?.map(usize::try_from) {
        None => Ok(None),
        Some(Ok(at)) => Ok(Some(at)),
        Some(Err(_)) => wrong("a negative index"),
    }
}

fn read_type(bytes: &[u8]) -> Result<Type, SprotoError> {
    let [own_name, list] = plain(bytes)?;
    let mut fields = Vec::new();
    if let Some(list) = list {
        structs(list, |bytes| {
            fields.push(read_field(bytes)?);
            Ok(())
        })?;
    }
    fields.sort_by_key(Field::tag);
    let mut words = 0;
    let mut next = Some(0);
    for field in &fields {
        // A gap takes a word of its own.
        words += if next == Some(field.tag) { 1 } else { 2 };
        if next.is_none_or(|next| field.tag < next) {
            return wrong("two fields of one tag");
        }
        next = field.tag.checked_add(1);
    }
    Ok(Type { name: name(own_name)?, fields, words })
}

fn read_field(bytes: &[u8]) -> Result<Field, SprotoError> {
    let [own_name, basic, extra, number, array, key, pairs] = plain(bytes)?;
    let extra = integer(extra)?;
    let kind = match integer(basic)? {
        None => match extra.map(usize::try_from) {
            Some(Ok(at)) => Kind::Struct(at),
            _ => return wrong("a field without a type"),
        },
        Some(0) => match extra {
            None | Some(0) => Kind::Integer,
            Some(digits @ 1..=MOST_DIGITS) => Kind::Decimal(digits as u8),
            Some(_) => return wrong("a number of more than 18 decimal digits"),
        },
        Some(1) => Kind::Boolean,
        Some(2) if extra == Some(1) => Kind::Binary,
        Some(2) => Kind::String,
        Some(3) => Kind::Double,
        Some(_) => return wrong("a field of an unknown kind"),
    };
    let array = integer(array)?.unwrap_or(0) != 0;
    let map = match key {
        Some(_) if !array => None,
        Some(_) if integer(pairs)?.unwrap_or(0) != 0 => Some(Map::Pairs { key: 0, value: 0 }),
        Some(_) => Some(Map::ByKey(tag(key, MAX_TAG)?)),
        None => None,
    };
    Ok(Field { name: name(own_name)?, tag: tag(number, MAX_TAG)?, kind, array, map })
}

fn read_protocol(bytes: &[u8]) -> Result<Protocol, SprotoError> {
    let [own_name, number, request, response, confirm] = plain(bytes)?;
    let response = match position(response)? {
        Some(at) => Response::Type(at),
        None if integer(confirm)?.unwrap_or(0) != 0 => Response::Empty,
        None => Response::None,
    };
    Ok(Protocol { name: name(own_name)?, tag: tag(number, u16::MAX)?, request: position(request)?, response })
}
