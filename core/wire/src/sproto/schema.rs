//! Types and protocols, as codecs see them.

use std::collections::HashMap;

/// What a field holds, or each element of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// An integer of 64 bits.
    Integer,
    /// A number with this many decimal digits behind the point, on the wire an integer.
    Decimal(u8),
    /// True or false.
    Boolean,
    /// A text.
    String,
    /// Any bytes.
    Binary,
    /// A float.
    Double,
    /// The structure with this index among the schema's types.
    Struct(usize),
}

/// How an array of structures is a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// From the field with this tag to the structure that has it.
    ByKey(u16),
    /// From a structure's one field to the other.
    Pairs {
        /// The key's tag.
        key: u16,
        /// The value's tag.
        value: u16,
    },
}

/// A field of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub(super) name: Box<str>,
    pub(super) tag: u16,
    pub(super) kind: Kind,
    pub(super) array: bool,
    pub(super) map: Option<Map>,
}

/// A structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    pub(super) name: Box<str>,
    /// By tag.
    pub(super) fields: Vec<Field>,
    /// The most words that the head of such a structure can have.
    pub(super) words: usize,
}

/// What answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// Nothing is said of one.
    None,
    /// An answer without content.
    Empty,
    /// The type with this index.
    Type(usize),
}

/// A kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    pub(super) name: Box<str>,
    pub(super) tag: u16,
    pub(super) request: Option<usize>,
    pub(super) response: Response,
}

/// All that two sides have agreed upon.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    pub(super) types: Vec<Type>,
    /// By tag.
    pub(super) protocols: Vec<Protocol>,
    pub(super) names: HashMap<Box<str>, usize>,
    pub(super) protocol_names: HashMap<Box<str>, usize>,
}

impl Field {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number on the wire.
    #[must_use]
    pub fn tag(&self) -> u16 {
        self.tag
    }

    /// What it holds, or each of its elements.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it holds many.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.array
    }

    /// How its elements are a map, if they are.
    #[must_use]
    pub fn map(&self) -> Option<Map> {
        self.map
    }
}

impl Type {
    /// Its name, with those of the types around it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its fields, by tag.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field with a tag.
    #[must_use]
    pub fn field(&self, tag: u32) -> Option<&Field> {
        let tag = u16::try_from(tag).ok()?;
        self.fields.binary_search_by_key(&tag, Field::tag).ok().map(|at| &self.fields[at])
    }
}

impl Protocol {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number on the wire.
    #[must_use]
    pub fn tag(&self) -> u16 {
        self.tag
    }

    /// The type of its arguments.
    #[must_use]
    pub fn request(&self) -> Option<usize> {
        self.request
    }

    /// The type of its answer.
    #[must_use]
    pub fn response(&self) -> Response {
        self.response
    }
}

impl Schema {
    /// All types.
    #[must_use]
    pub fn types(&self) -> &[Type] {
        &self.types
    }

    /// All protocols, by tag.
    #[must_use]
    pub fn protocols(&self) -> &[Protocol] {
        &self.protocols
    }

    /// The index of the type with a name.
    #[must_use]
    pub fn type_index(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The type with a name.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<&Type> {
        self.type_index(name).map(|at| &self.types[at])
    }

    /// The protocol with a name.
    #[must_use]
    pub fn protocol_named(&self, name: &str) -> Option<&Protocol> {
        self.protocol_names.get(name).map(|at| &self.protocols[*at])
    }

    /// The protocol with a tag.
    #[must_use]
    pub fn protocol_tagged(&self, tag: u16) -> Option<&Protocol> {
        self.protocols.binary_search_by_key(&tag, Protocol::tag).ok().map(|at| &self.protocols[at])
    }
}
