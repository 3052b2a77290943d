//! Rust types through the serialiser, and what Lua sees of them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use skyloom_wire::seri::{SeriError, decode_values, encode_values, from_bytes, to_bytes, to_vec_into};
use skyloom_wire::{Bytes, Value};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    Reset,
    Add(u64),
    Pair((i32, i32)),
    Between(i32, Option<i32>),
    Join { nick: String, room: Option<u32> },
    Maybe(Option<bool>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    nick: String,
    text: Option<String>,
    marks: Vec<u8>,
    kind: Ask,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

fn integers(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().copied().map(Value::Integer).collect()
}

fn lua<T: Serialize>(value: &T) -> Vec<Value> {
    let bytes = to_bytes(value).expect("encodable");
    decode_values(&bytes).expect("just encoded")
}

fn rust<T: DeserializeOwned>(values: &[Value]) -> Result<T, SeriError> {
    from_bytes(&encode_values(values).expect("encodable"))
}

fn refusal<T: DeserializeOwned + std::fmt::Debug>(values: &[Value]) -> String {
    rust::<T>(values).expect_err("it does not fit").to_string()
}

fn pair(key: &str, value: Value) -> (Value, Value) {
    (Value::from(key), value)
}

#[track_caller]
fn same<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, seen: &[Value]) {
    assert_eq!(lua(&value), seen, "as Lua sees it");
    assert_eq!(rust::<T>(seen).expect("it fits"), value, "and back");
}

#[test]
fn a_tuple_at_the_top_is_several_values() {
    same(("add".to_string(),), &["add".into()]);
    same((String::from("add"), 5u8, 1.5), &["add".into(), Value::Integer(5), Value::Float(1.5)]);
    same([1i64, 2, 3], &integers(&[1, 2, 3]));
    same((1i64, (2i64, 3i64)), &[Value::Integer(1), Value::list(integers(&[2, 3]))]);
}

#[test]
fn nothing_at_the_top_is_no_value() {
    same((), &[]);
    same(Unit, &[]);
    assert_eq!(rust::<()>(&integers(&[1, 2])), Ok(()));
    assert_eq!(lua(&vec![(), ()]), [Value::list(vec![Value::Nil, Value::Nil])]);
}

#[test]
fn a_vector_at_the_top_is_one_table() {
    same(vec![1i64, 2], &[Value::list(integers(&[1, 2]))]);
    same(vec![7i64; 40], &[Value::list(integers(&[7; 40]))]);
}

#[test]
fn an_enum_at_the_top_is_its_name_and_its_content() {
    same(Ask::Reset, &["reset".into()]);
    same(Ask::Add(5), &["add".into(), Value::Integer(5)]);
    same(Ask::Pair((1, 2)), &["pair".into(), Value::list(integers(&[1, 2]))]);
    same(Ask::Between(1, Some(2)), &["between".into(), Value::Integer(1), Value::Integer(2)]);
    same(
        Ask::Join { nick: "ann".into(), room: Some(3) },
        &["join".into(), Value::map(vec![pair("nick", "ann".into()), pair("room", 3.into())])],
    );
}

#[test]
fn an_enum_inside_is_its_name_or_a_table_with_its_name() {
    let one = |name: &str, content| [Value::list(vec![Value::map(vec![pair(name, content)])])];
    same(vec![Ask::Reset], &[Value::list(vec!["reset".into()])]);
    same(vec![Ask::Add(5)], &one("add", Value::Integer(5)));
    same(vec![Ask::Between(1, Some(2))], &one("between", Value::list(integers(&[1, 2]))));
    same(vec![Ask::Join { nick: "b".into(), room: None }], &one("join", Value::map(vec![pair("nick", "b".into())])));
}

#[test]
fn a_variant_that_holds_nil_is_its_name_alone() {
    same(vec![Ask::Maybe(None)], &[Value::list(vec!["maybe".into()])]);
    assert_eq!(lua(&Ask::Maybe(None)), ["maybe".into(), Value::Nil]);
    assert_eq!(rust::<Ask>(&["maybe".into()]), Ok(Ask::Maybe(None)));
}

#[test]
fn a_struct_is_a_table_without_the_fields_that_are_nil() {
    let line = Line { nick: "ann".into(), text: None, marks: vec![], kind: Ask::Reset };
    let fields = vec![pair("nick", "ann".into()), pair("marks", Value::list(vec![])), pair("kind", "reset".into())];
    same(line, &[Value::map(fields)]);
}

#[test]
fn fields_that_nobody_knows_are_ignored() {
    let table = Value::Table {
        array: integers(&[1, 2]),
        map: vec![
            pair("nick", "ann".into()),
            (Value::Integer(9), Value::list(integers(&[1]))),
            (Value::list(vec![]), Value::from(true)),
            (Value::String(vec![0xff]), Value::from(true)),
        ],
    };
    #[derive(Debug, PartialEq, Deserialize)]
    struct Nick {
        nick: String,
    }
    assert_eq!(rust::<Nick>(&[table]), Ok(Nick { nick: "ann".into() }));
}

#[test]
fn a_map_keeps_the_type_of_its_keys() {
    let map = BTreeMap::from([(1u8, "a".to_string()), (7, "b".to_string())]);
    let pairs = vec![(1.into(), "a".into()), (7.into(), "b".into())];
    same(map.clone(), &[Value::map(pairs)]);
    let as_lua_packs = Value::Table { array: vec!["a".into()], map: vec![(Value::Integer(7), "b".into())] };
    assert_eq!(rust::<BTreeMap<u8, String>>(&[as_lua_packs]), Ok(map));
    assert_eq!(to_bytes(&BTreeMap::from([((), 1)])), Err(SeriError::BadKey("nil")));
}

#[test]
fn missing_values_are_nil_and_surplus_ones_are_ignored() {
    assert_eq!(rust::<(i32, Option<i32>)>(&integers(&[1])), Ok((1, None)));
    assert_eq!(rust::<(i32, i32)>(&integers(&[1, 2, 3])), Ok((1, 2)));
    assert_eq!(rust::<Ask>(&["between".into(), 1.into()]), Ok(Ask::Between(1, None)));
    assert_eq!(rust::<Ask>(&["add".into(), 1.into(), 2.into()]), Ok(Ask::Add(1)));
    assert_eq!(rust::<Option<i32>>(&[]), Ok(None));
    assert_eq!(refusal::<(i32, i32)>(&integers(&[1])), "value 2: expected i32, found nil");
}

#[test]
fn an_inner_tuple_survives_what_lua_does_to_holes() {
    type Three = Vec<(i32, Option<i32>, Option<i32>)>;
    // {1}, then {1, nil, 3} as Lua 5.5 packs it.
    let cut = Value::list(integers(&[1]));
    let holed = Value::Table { array: integers(&[1]), map: vec![(3.into(), 3.into())] };
    assert_eq!(rust::<Three>(&[Value::list(vec![cut, holed])]), Ok(vec![(1, None, None), (1, None, Some(3))]));
}

#[test]
fn a_list_that_came_through_pairs_is_a_list() {
    let proxied = Value::map(vec![(1.into(), "a".into()), pair("n", 2.into()), (2.into(), "b".into())]);
    assert_eq!(rust::<Vec<String>>(&[proxied]), Ok(vec!["a".into(), "b".into()]));
    let holed = Value::Table { array: integers(&[1]), map: vec![(3.into(), 3.into())] };
    assert_eq!(refusal::<Vec<i32>>(&[holed]), "a list with 3 but without 2");
}

#[test]
fn an_empty_table_is_an_empty_list_and_an_empty_map() {
    let empty = [Value::list(vec![])];
    assert_eq!(rust::<Vec<i32>>(&empty), Ok(vec![]));
    assert_eq!(rust::<BTreeMap<String, i32>>(&empty), Ok(BTreeMap::new()));
    assert_eq!(rust::<Value>(&empty), Ok(empty[0].clone()));
}

#[test]
fn numbers_become_each_other_when_nothing_is_lost() {
    assert_eq!(rust::<u8>(&[Value::Float(200.0)]), Ok(200));
    assert_eq!(rust::<f64>(&[Value::Integer(3)]), Ok(3.0));
    assert_eq!(refusal::<u8>(&[Value::Float(0.5)]), "expected u8, found a float");
    assert_eq!(refusal::<u8>(&[Value::Integer(256)]), "expected u8, found integer `256`");
    assert_eq!(to_bytes(&u64::MAX), Err(SeriError::OutOfRange));
    assert_eq!(to_bytes(&(i64::MAX as u64)).map(|bytes| bytes.len()), Ok(9));
}

#[test]
fn strings_hold_any_bytes_and_text_must_be_utf8() {
    let raw = Value::String(vec![b'a', 0xff]);
    same(Bytes(vec![b'a', 0xff]), std::slice::from_ref(&raw));
    assert_eq!(rust::<Vec<u8>>(std::slice::from_ref(&raw)), Ok(vec![b'a', 0xff]));
    assert_eq!(rust::<String>(std::slice::from_ref(&raw)), Err(SeriError::NotUtf8 { valid: 1 }));
    assert_eq!(refusal::<(String, u8)>(&[raw]), "value 1: string is not UTF-8 at byte 1");
    same('ß', &["ß".into()]);
}

#[test]
fn an_error_names_the_place() {
    let table = Value::map(vec![pair("nick", "ann".into()), pair("marks", Value::list(vec![1.into(), "x".into()]))]);
    assert_eq!(refusal::<(u8, Line)>(&[1.into(), table]), "value 2: marks: [2]: expected u8, found a string");
    assert_eq!(
        refusal::<Ask>(&["between".into(), 1.into(), true.into()]),
        "between: value 3: expected i32, found a boolean"
    );
    assert_eq!(
        refusal::<Ask>(&["frobnicate".into()]),
        "no variant \"frobnicate\" among reset, add, pair, between, join, maybe"
    );
    assert_eq!(refusal::<Ask>(&[]), "expected enum Ask, found nil");
}

#[test]
fn a_peer_cannot_fill_the_log_through_an_error() {
    let long = Value::String(vec![b'x'; 100_000]);
    assert!(refusal::<Ask>(std::slice::from_ref(&long)).len() < 200);
    assert!(refusal::<u8>(std::slice::from_ref(&long)).len() < 200);
    assert!(refusal::<char>(&[long]).len() < 200);
}

#[test]
fn a_field_of_any_type_is_a_value() {
    let table = Value::Table { array: integers(&[1]), map: vec![pair("x", Value::String(vec![0xff]))] };
    let read: (u8, Value) = rust(&[1.into(), table.clone()]).expect("anything fits");
    assert_eq!(read, (1, table));
    assert_eq!(rust::<(u8, Value)>(&lua(&read)), Ok(read));
}

#[test]
fn untagged_and_tagged_enums_are_read_by_what_they_hold() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(u32),
        Name(String),
        Many(Vec<u32>),
    }
    same(Id::Number(1), &[1.into()]);
    same(Id::Name("a".into()), &["a".into()]);
    same(Id::Many(vec![1, 2]), &[Value::list(integers(&[1, 2]))]);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type")]
    enum Event {
        Left { nick: String },
    }
    let fields = vec![pair("type", "Left".into()), pair("nick", "ann".into())];
    same(Event::Left { nick: "ann".into() }, &[Value::map(fields)]);
}

#[test]
fn nesting_ends_where_skynet_ends_it() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nest(Vec<Nest>);
    fn nest(tables: usize) -> Nest {
        (1..tables).fold(Nest(vec![]), |inner, _| Nest(vec![inner]))
    }
    let deepest = to_bytes(&nest(33)).expect("33 tables nest");
    assert_eq!(from_bytes(&deepest), Ok(nest(33)));
    assert_eq!(to_bytes(&nest(34)), Err(SeriError::TooDeep));
    let mut deeper = vec![0x0e; 34];
    deeper.extend([0; 40]);
    assert_eq!(from_bytes::<Nest>(&deeper), Err(SeriError::TooDeep));
    assert_eq!(from_bytes::<serde::de::IgnoredAny>(&deeper).map(drop), Err(SeriError::TooDeep));
}

#[test]
fn a_list_of_unknown_length_gets_its_length_afterwards() {
    struct Odd;
    impl Serialize for Odd {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..70).filter(|i| i % 2 == 1))
        }
    }
    let odd: Vec<i64> = (0..70).filter(|i| i % 2 == 1).collect();
    assert_eq!(lua(&Odd), [Value::list(integers(&odd))]);
}

#[test]
fn a_failed_encoding_leaves_the_vector_as_it_was() {
    let mut out = vec![9];
    assert_eq!(to_vec_into(&("a", u64::MAX), &mut out), Err(SeriError::OutOfRange));
    assert_eq!(out, [9]);
    to_vec_into(&("a",), &mut out).expect("encodable");
    assert_eq!(out, [9, 0x0c, b'a']);
}

#[test]
fn text_is_borrowed_where_the_type_allows() {
    let bytes = to_bytes(&("say", "hello")).expect("encodable");
    let (_, text): (&str, &str) = from_bytes(&bytes).expect("two strings");
    assert!(bytes.as_ptr_range().contains(&text.as_ptr()));
}
