//! BSON: the documents of MongoDB (bsonspec.org, version 1.1).
//!
//! There is no tree of values here: whoever writes drives a [`Writer`], whoever reads walks the [`Entry`]s of a
//! [`Document`]; documents in documents are documents again.
//!
//! ```
//! use skyloom_wire::bson::{Document, Element, Writer};
//! let mut writer = Writer::new();
//! writer.put(b"a", &Element::Int32(1))?;
//! let bytes = writer.finish()?;
//! assert_eq!(bytes, b"\x0c\0\0\0\x10a\0\x01\0\0\0\0");
//! let mut document = Document::new(&bytes)?;
//! let entry = document.next()?.expect("one was written");
//! assert_eq!((entry.key, entry.element), (&b"a"[..], Element::Int32(1)));
//! # Ok::<(), skyloom_wire::bson::BsonError>(())
//! ```

mod error;
mod element;
mod read;
mod write;

pub use element::{Element, kind};
pub use error::BsonError;
pub use read::{Document, Entry};
pub use write::Writer;

/// How many documents may stand in each other below the outermost.
pub const MAX_DEPTH: usize = 128;

/// The most bytes of one document: more than MongoDB takes in one message.
pub const MAX_SIZE: usize = 64 << 20;
