//! BSON: what is written comes back, and damage does no harm.

use proptest::collection::vec;
use proptest::prelude::*;
use skyloom_wire::bson::{BsonError, Document, Element, MAX_DEPTH, Writer};

#[allow(dead_code, reason = "each test runs what it is about")]
mod exercise;

/// A value that owns what it holds.
#[derive(Debug, Clone)]
enum Owned {
    Plain(Element<'static>),
    String(String),
    Binary(u8, Vec<u8>),
    Regex(String, String),
    Document(Vec<(String, Owned)>),
}

fn something() -> impl Strategy<Value = Owned> {
    let plain = prop_oneof![
        Just(Element::Null),
        Just(Element::MinKey),
        Just(Element::MaxKey),
        any::<bool>().prop_map(Element::Boolean),
        any::<i32>().prop_map(Element::Int32),
        any::<i64>().prop_map(Element::Int64),
        any::<i64>().prop_map(Element::Date),
        any::<[u8; 12]>().prop_map(Element::ObjectId),
        any::<(u32, u32)>().prop_map(|(count, second)| Element::Timestamp(count, second)),
        (-1e9..1e9).prop_map(Element::Double),
    ];
    let leaf = prop_oneof![
        plain.prop_map(Owned::Plain),
        ".{0,9}".prop_map(Owned::String),
        (any::<u8>(), vec(any::<u8>(), 0..9)).prop_map(|(subtype, bytes)| Owned::Binary(subtype, bytes)),
        ("[a-z]{0,3}", "[a-z]{0,3}").prop_map(|(pattern, options)| Owned::Regex(pattern, options)),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| vec(("[a-z]{0,4}", inner), 0..6).prop_map(Owned::Document))
}

fn write(writer: &mut Writer, entries: &[(String, Owned)]) {
    for (key, value) in entries {
        let key = key.as_bytes();
        let put = match value {
            Owned::Plain(element) => writer.put(key, element),
            Owned::String(text) => writer.put(key, &Element::String(text.as_bytes())),
            Owned::Binary(subtype, bytes) => writer.put(key, &Element::Binary(*subtype, bytes)),
            Owned::Regex(pattern, options) => writer.put(key, &Element::Regex(pattern.as_bytes(), options.as_bytes())),
            Owned::Document(entries) => {
                writer.document(key).expect("not too deep");
                write(writer, entries);
                writer.end()
            }
        };
        put.expect("good");
    }
}

fn check(bytes: &[u8], entries: &[(String, Owned)]) {
    let mut document = Document::new(bytes).expect("just written");
    assert_eq!(document.size(), bytes.len());
    for (key, value) in entries {
        let entry = document.next().expect("good").expect("there");
        assert_eq!(entry.key, key.as_bytes());
        match (value, entry.element) {
            (Owned::Plain(wanted), found) => assert_eq!(&found, wanted),
            (Owned::String(wanted), found) => assert_eq!(found, Element::String(wanted.as_bytes())),
            (Owned::Binary(subtype, wanted), found) => assert_eq!(found, Element::Binary(*subtype, wanted)),
            (Owned::Regex(pattern, options), found) => {
                assert_eq!(found, Element::Regex(pattern.as_bytes(), options.as_bytes()));
            }
            (Owned::Document(wanted), Element::Document(bytes)) => check(bytes, wanted),
            (wanted, found) => panic!("{found:?} is not {wanted:?}"),
        }
    }
    assert_eq!(document.next(), Ok(None));
}

fn written(entries: &[(String, Owned)]) -> Vec<u8> {
    let mut writer = Writer::new();
    write(&mut writer, entries);
    writer.finish().expect("small")
}

proptest! {
    #[test]
    fn documents_come_back_as_they_went(entries in vec(("[a-z]{0,4}", something()), 0..8)) {
        let bytes = written(&entries);
        check(&bytes, &entries);
        exercise::bson(&bytes);
    }

    #[test]
    fn damaged_documents_do_no_harm(
        entries in vec(("[a-z]{0,4}", something()), 1..8),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = written(&entries);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        exercise::bson(&bytes);
    }
}

#[test]
fn what_is_no_key_or_text_is_not_written() {
    let mut writer = Writer::new();
    assert_eq!(writer.clone().put(b"a\0b", &Element::Null), Err(BsonError::Zero));
    assert_eq!(writer.clone().put(b"\xff", &Element::Null), Err(BsonError::Utf8));
    assert_eq!(writer.clone().put(b"a", &Element::String(b"\xff")), Err(BsonError::Utf8));
    assert!(writer.put(b"a", &Element::Document(b"\x06\0\0\0\0")).is_err());
}

#[test]
fn nesting_has_a_limit() {
    let mut writer = Writer::new();
    for _ in 0..MAX_DEPTH {
        writer.document(b"a").expect("not too deep");
    }
    assert_eq!(writer.document(b"a"), Err(BsonError::TooDeep));
}
