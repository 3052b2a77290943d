//! sproto: what is written comes back, and damage does no harm.

use proptest::collection::vec;
use proptest::prelude::*;
use skyloom_wire::sproto::{Fields, Item, Kind, MAX_SIZE, Schema, SprotoError, Writer, integers, pack, parse, unpack};

#[allow(dead_code, reason = "each test runs what it is about")]
mod exercise;

fn schema(text: &str) -> Schema {
    Schema::from_bytes(&parse(text, "text").expect("a schema")).expect("a bundle")
}

/// A structure by the schema of `exercise::sproto`, field by field as bytes.
fn structure() -> impl Strategy<Value = Vec<u8>> {
    let field = (0_u16..30, vec(any::<u8>(), 0..20), any::<bool>());
    vec(field, 0..12).prop_map(|mut fields| {
        fields.sort_by_key(|(tag, ..)| *tag);
        fields.dedup_by_key(|(tag, ..)| *tag);
        let (mut words, mut data, mut next) = (Vec::new(), Vec::new(), 0);
        for (tag, bytes, small) in fields {
            if tag > next {
                words.push((tag - next - 1) * 2 + 1);
            }
            next = tag + 1;
            words.push(if small { 2 + bytes.len() as u16 * 2 } else { 0 });
            if !small {
                data.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                data.extend_from_slice(&bytes);
            }
        }
        let mut out = (words.len() as u16).to_le_bytes().to_vec();
        out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        out.extend(data);
        out
    })
}

proptest! {
    #[test]
    fn whatever_is_packed_is_unpacked(bytes in vec(prop_oneof![2 => Just(0), 1 => any::<u8>()], 0..3000)) {
        let unpacked = unpack(&pack(&bytes)).expect("packed");
        prop_assert_eq!(unpacked.len(), bytes.len().next_multiple_of(8));
        prop_assert_eq!(&unpacked[..bytes.len()], &bytes[..]);
    }

    #[test]
    fn integers_come_back_as_they_went(one in any::<i64>(), many in vec(any::<i64>().prop_map(|n| n >> (n & 63)), 0..40)) {
        let schema = schema(".A { one 3 : integer many 9 : *integer }");
        let of = schema.type_named("A").expect("defined");
        let mut out = Vec::new();
        let mut writer = Writer::begin(of, &mut out);
        writer.integer(3, one, &mut out);
        let open = writer.open(9, &mut out);
        integers(&many, &mut out);
        open.close(&mut out).expect("small");
        writer.finish(&mut out).expect("small");
        let mut fields = Fields::new(&out).expect("a head");
        let (tag, slot) = fields.next().expect("good").expect("a field");
        prop_assert_eq!((tag, Kind::Integer.read(slot)), (3, Ok(Item::Integer(one))));
        let (tag, slot) = fields.next().expect("good").expect("a field");
        let mut elements = Kind::Integer.elements(slot).expect("an array");
        let mut heard = Vec::new();
        while let Some(item) = elements.next().expect("good") {
            heard.push(item);
        }
        prop_assert_eq!(tag, 9);
        prop_assert_eq!(heard, many.into_iter().map(Item::Integer).collect::<Vec<_>>());
        prop_assert!(fields.rest().is_empty());
    }

    #[test]
    fn structures_keep_the_promises(bytes in structure()) {
        exercise::sproto(&bytes);
    }

    #[test]
    fn damaged_bundles_do_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bundle = parse(".A { x 0 : *B(id) y 2 : integer(3) .B { id 0 : string } } a 1 { request A }", "t").expect("good");
        let at = at.index(bundle.len());
        bundle[at] = byte;
        exercise::sproto(&bundle);
    }

    #[test]
    fn texts_do_no_harm(text in "[.{}()*:#a-c0-9 \n]{0,60}") {
        exercise::sproto(text.as_bytes());
    }
}

#[test]
fn a_bundle_that_points_nowhere_is_refused() {
    let bundle = parse(".A { x 0 : B } .B { }", "text").expect("a schema");
    // The only even word of this value: the index of B.
    let at = bundle.windows(4).position(|four| four == [1, 0, 4, 0]).expect("there");
    let mut broken = bundle.clone();
    broken[at + 2] = 40;
    assert_eq!(Schema::from_bytes(&broken), Err(SprotoError::Bundle("a field of no type")));
    assert!(Schema::from_bytes(&bundle).is_ok());
}

#[test]
fn a_structure_has_a_largest_size() {
    let schema = schema(".A { s 0 : string }");
    let mut out = Vec::new();
    let mut writer = Writer::begin(schema.type_named("A").expect("defined"), &mut out);
    assert_eq!(writer.bytes(0, &vec![0; MAX_SIZE], &mut out), Err(SprotoError::TooLarge));
}

#[test]
fn a_name_means_the_innermost_type() {
    let schema = schema(".B { } .A { .B { .C { x 0 : B } } y 0 : B } ");
    let kind = |name: &str| schema.type_named(name).expect("defined").fields()[0].kind();
    let inner = schema.type_index("A.B").expect("defined");
    assert_eq!([kind("A"), kind("A.B.C")], [Kind::Struct(inner); 2]);
}
