//! The promises of the codecs whose values have names.

use skyloom_wire::bson;
use skyloom_wire::sproto::{self, Fields, Item, Kind, Schema, Type, Writer};

/// sproto: nothing panics, what is read is written as it was meant, and packing loses nothing.
///
/// The bytes are a bundle, a structure by a schema that has everything, a schema's text and packed bytes.
pub(crate) fn sproto(bytes: &[u8]) {
    let packed = sproto::pack(bytes);
    let unpacked = sproto::unpack(&packed).expect("it was just packed");
    assert_eq!(&unpacked[..bytes.len()], bytes);
    let _ = sproto::unpack(bytes);
    if let Ok(schema) = Schema::from_bytes(bytes) {
        structure(&schema, &schema.types().first().cloned(), bytes);
    }
    if let Ok(bundle) = sproto::parse(&String::from_utf8_lossy(bytes), "text") {
        assert!(Schema::from_bytes(&bundle).is_ok(), "it came out of a text");
    }
    let schema = everything();
    structure(&schema, &schema.type_named("T").cloned(), bytes);
}

/// A schema with a field of each kind.
fn everything() -> Schema {
    let kinds = ["integer", "integer(2)", "boolean", "string", "binary", "double", "T"];
    let one = kinds.iter().enumerate().map(|(at, kind)| format!("f{at} {} : {kind}", at * 2));
    let many = kinds.iter().enumerate().map(|(at, kind)| format!("m{at} {} : *{kind}", 20 + at));
    let fields: Vec<String> = one.chain(many).collect();
    let bundle = sproto::parse(&format!(".T {{ {} }}", fields.join(" ")), "everything").expect("a schema");
    Schema::from_bytes(&bundle).expect("a bundle")
}

fn structure(schema: &Schema, of: &Option<Type>, bytes: &[u8]) {
    let Some(of) = of else { return };
    let mut first = Vec::new();
    if copy(schema, of, bytes, &mut first, 0).is_some() {
        let mut again = Vec::new();
        assert!(copy(schema, of, &first, &mut again, 0).is_some(), "it was just written");
        assert_eq!(again, first);
    }
}

/// Writes what it reads; nothing if it cannot be read.
fn copy(schema: &Schema, of: &Type, bytes: &[u8], out: &mut Vec<u8>, depth: usize) -> Option<()> {
    if depth > sproto::MAX_DEPTH {
        return None;
    }
    let mut writer = Writer::begin(of, out);
    let mut fields = Fields::new(bytes).ok()?;
    while let Some((tag, slot)) = fields.next().ok()? {
        let Some(field) = of.field(tag) else { continue };
        let (tag, kind) = (field.tag(), field.kind());
        if !field.is_array() {
            match kind.read(slot).ok()? {
                Item::Integer(value) => writer.integer(tag, value, out),
                Item::Double(value) => writer.double(tag, value, out),
                Item::Boolean(value) => writer.boolean(tag, value, out),
                Item::Bytes(value) => writer.bytes(tag, value, out).ok()?,
                Item::Struct(value) => {
                    let open = writer.open(tag, out);
                    nested(schema, kind, value, out, depth)?;
                    open.close(out).ok()?;
                }
            }
            continue;
        }
        let open = writer.open(tag, out);
        let mut elements = kind.elements(slot).ok()?;
        let mut numbers = Vec::new();
        let mut first = true;
        while let Some(item) = elements.next().ok()? {
            match item {
                Item::Integer(value) => numbers.push(value),
                Item::Double(value) => {
                    out.extend(first.then_some(8));
                    out.extend_from_slice(&value.to_le_bytes());
                }
                Item::Boolean(value) => out.push(u8::from(value)),
                Item::Bytes(value) => {
                    let open = sproto::Open::begin(out);
                    out.extend_from_slice(value);
                    open.close(out).ok()?;
                }
                Item::Struct(value) => {
                    let open = sproto::Open::begin(out);
                    nested(schema, kind, value, out, depth)?;
                    open.close(out).ok()?;
                }
            }
            first = false;
        }
        sproto::integers(&numbers, out);
        open.close(out).ok()?;
    }
    writer.finish(out).ok()
}

fn nested(schema: &Schema, kind: Kind, bytes: &[u8], out: &mut Vec<u8>, depth: usize) -> Option<()> {
    match kind {
        Kind::Struct(at) => copy(schema, &schema.types()[at], bytes, out, depth + 1),
        _ => None,
    }
}

/// BSON: nothing panics, and what can be read is written so that it reads the same again.
pub(crate) fn bson(bytes: &[u8]) {
    let mut writer = bson::Writer::new();
    if document(bytes, &mut writer).is_some() {
        let first = writer.finish().expect("it is as small as what was read");
        let mut again = bson::Writer::new();
        assert!(document(&first, &mut again).is_some(), "it was just written");
        assert_eq!(again.finish(), Ok(first));
    }
}

/// Writes what it reads, without the ends of documents; nothing if it cannot be read.
fn document(bytes: &[u8], writer: &mut bson::Writer) -> Option<()> {
    let mut document = bson::Document::new(bytes).ok()?;
    while let Some(entry) = document.next().ok()? {
        assert!(entry.at < document.size());
        match entry.element {
            bson::Element::Document(bytes) => {
                writer.document(entry.key).ok()?;
                self::document(bytes, writer)?;
                writer.end().ok()?;
            }
            bson::Element::Array(bytes) => {
                writer.array(entry.key).ok()?;
                self::document(bytes, writer)?;
                writer.end().ok()?;
            }
            other => writer.put(entry.key, &other).ok()?,
        }
    }
    Some(())
}
