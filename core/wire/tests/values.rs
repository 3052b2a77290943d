//! Values through the serialiser.

use skyloom_wire::Value;
use skyloom_wire::seri::{SeriError, decode_values, encode_values};

fn nested(tables: usize) -> Value {
    (1..tables).fold(Value::list(vec![]), |inner, _| Value::list(vec![inner]))
}

fn round_trip(values: &[Value]) -> Vec<Value> {
    let bytes = encode_values(values).expect("encodable");
    decode_values(&bytes).expect("just encoded")
}

#[test]
fn values_come_back_as_they_went() {
    let values = [
        Value::Nil,
        Value::from(true),
        Value::Integer(i64::MIN),
        Value::Float(-0.0),
        Value::String(vec![0, 255, 10]),
        Value::Table {
            array: vec![Value::Integer(1), Value::Nil, Value::from("x")],
            map: vec![(Value::Float(1.5), Value::map(vec![(Value::from(true), Value::from("y"))]))],
        },
        Value::Nil,
    ];
    assert_eq!(round_trip(&values), values);
}

#[test]
fn an_integral_float_stays_a_float() {
    assert_eq!(round_trip(&[Value::Float(2.0)]), [Value::Float(2.0)]);
}

#[test]
fn thirty_three_tables_nest_and_thirty_four_do_not() {
    assert_eq!(round_trip(&[nested(33)]), [nested(33)]);
    assert_eq!(encode_values(&[nested(34)]), Err(SeriError::TooDeep));
    assert_eq!(SeriError::TooDeep.to_string(), "serialize can't pack too depth table");
}

#[test]
fn a_stream_deeper_than_any_encoder_writes_is_refused() {
    let mut bytes = vec![0x0e; 34];
    bytes.extend([0; 40]);
    assert_eq!(decode_values(&bytes), Err(SeriError::TooDeep));
}

#[test]
fn a_pair_without_a_value_is_no_pair() {
    let table = Value::map(vec![(Value::from("gone"), Value::Nil)]);
    assert_eq!(round_trip(&[table]), [Value::map(vec![])]);
    assert_eq!(decode_values(&[0x06, 0x0c, b'k', 0x00, 0x00]), Ok(vec![Value::map(vec![])]));
}

#[test]
fn keys_that_no_lua_table_can_have_are_refused() {
    let with_key = |key| encode_values(&[Value::map(vec![(key, Value::Integer(1))])]);
    assert_eq!(with_key(Value::Nil), Err(SeriError::BadKey("nil")));
    assert_eq!(with_key(Value::Float(f64::NAN)), Err(SeriError::BadKey("NaN")));
}

#[test]
fn a_table_that_ends_early_says_so() {
    let error = decode_values(&[0x06, 0x0c, b'k']).expect_err("value and end are missing");
    assert_eq!(error.to_string(), "Invalid serialize stream 0: ends inside a table");
}

#[test]
fn a_float_stands_for_an_integer_only_in_range() {
    assert_eq!(Value::Float(3.0).as_integer(), Some(3));
    assert_eq!(Value::Float(-9_223_372_036_854_775_808.0).as_integer(), Some(i64::MIN));
    for number in [0.5, 9_223_372_036_854_775_808.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Value::Float(number).as_integer(), None, "{number}");
    }
}
