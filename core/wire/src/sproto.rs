//! sproto: structures by a schema, small on the wire.
//!
//! A [`Schema`] comes from its text ([`parse`]) or from the bytes that other programs make of such a text
//! ([`Schema::from_bytes`]). There is no tree of values here: whoever writes drives a [`Writer`] through the fields of a
//! [`Type`], whoever reads takes [`Fields`] and asks each field's [`Kind`] what its bytes mean. [`pack`] and [`unpack`]
//! leave out zeros.
//!
//! ```
//! use skyloom_wire::sproto::{Fields, Item, Schema, Writer, parse};
//! let schema = Schema::from_bytes(&parse(".Point { x 0 : integer y 1 : integer }", "point")?)?;
//! let point = schema.type_named("Point").expect("it was just defined");
//! let mut out = Vec::new();
//! let mut writer = Writer::begin(point, &mut out);
//! writer.integer(1, 7, &mut out);
//! writer.finish(&mut out)?;
//! let mut fields = Fields::new(&out)?;
//! let (tag, slot) = fields.next()?.expect("one was written");
//! let field = point.field(tag).expect("y");
//! assert_eq!((field.name(), field.kind().read(slot)?), ("y", Item::Integer(7)));
//! # Ok::<(), skyloom_wire::sproto::SprotoError>(())
//! ```

mod error;
mod pack;
mod schema;
mod read;
mod write;
mod bundle;
mod words;
mod text;
mod resolve;

pub use error::SprotoError;
pub use pack::{pack, unpack};
pub use read::{Elements, Fields, Item, Slot};
pub use resolve::parse;
pub use schema::{Field, Kind, Map, Protocol, Response, Schema, Type};
pub use write::{Open, Writer, integers};

/// How deep structures may stand in each other.
pub const MAX_DEPTH: usize = 64;

/// The most bytes of one encoded structure.
pub const MAX_SIZE: usize = 1 << 24;

/// The largest tag of a field.
pub const MAX_TAG: u16 = 0x7ffe;
