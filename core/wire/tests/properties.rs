//! Any value comes back, and no bytes do harm.

use proptest::collection::vec;
use proptest::prelude::*;
use skyloom_wire::Value;
use skyloom_wire::frame::{Length16, Lines, length16, line};
use skyloom_wire::seri::{Reader, Token, decode_values, encode_values, from_bytes, to_bytes};

mod exercise;

fn number() -> impl Strategy<Value = i64> {
    // All widths, and their edges more often than chance would have it.
    let edges = [0, 8, 16, 31, 32, 63].map(|bits| 1i64.checked_shl(bits).unwrap_or(0));
    let edge = prop::sample::select(edges.to_vec());
    prop_oneof![any::<i64>(), (edge, -2i64..=2).prop_map(|(edge, by)| edge.wrapping_add(by))]
}

fn float() -> impl Strategy<Value = f64> {
    use prop::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO | INFINITE
}

fn something() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        number().prop_map(Value::Integer),
        float().prop_map(Value::Float),
        vec(any::<u8>(), 0..70).prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 80, 40, |inner| {
        let nil_or = prop_oneof![1 => Just(Value::Nil), 6 => inner.clone()];
        let array = vec(nil_or, 0..40);
        (array, vec((inner.clone(), inner), 0..4)).prop_map(|(array, map)| Value::Table { array, map })
    })
}

fn values() -> impl Strategy<Value = Vec<Value>> {
    vec(prop_oneof![1 => Just(Value::Nil), 9 => something()], 0..5)
}

/// A stream of values with a few bytes changed, cut out or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let blow = (any::<prop::sample::Index>(), any::<u8>(), 0..3);
    (values(), vec(blow, 1..4)).prop_map(|(values, blows)| {
        let mut bytes = encode_values(&values).expect("encodable");
        for (at, byte, how) in blows {
            if bytes.is_empty() || how == 0 {
                bytes.insert(at.index(bytes.len() + 1), byte);
            } else if how == 1 {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            } else {
                bytes.truncate(at.index(bytes.len()));
            }
        }
        bytes
    })
}

/// Bytes that look like lines, lengths and frames more often than not.
fn chatter() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![prop::sample::select(b"\r\n\0\x01\x80\x81\x82\x88\x89\x7e\xfe\x85".to_vec()), any::<u8>(),];
    vec(byte, 0..400)
}

fn requests() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "GET ",
        "/",
        "HTTP/1.1",
        "\r\n",
        "\r\n\r\n",
        "Host: a",
        "Upgrade: websocket",
        "Connection: upgrade",
        "Origin: http://a",
        "Sec-WebSocket-Version: 13",
        "Content-Length: 1",
        ":",
        " ",
        "\n",
        "\u{0}",
        "ß",
    ]);
    vec(word, 0..20).prop_map(|words| ["GET / HTTP/1.1\r\n", &words.concat()].concat().into_bytes())
}

proptest! {
    #[test]
    fn an_integer_is_taken_like_any_token_and_nothing_else_is(bytes in damaged()) {
        let mut quick = Reader::new(&bytes);
        let mut plain = quick;
        loop {
            let before = quick.remaining();
            let taken = quick.take_integer();
            match (taken, plain.next()) {
                (Some(number), token) => prop_assert_eq!(token, Ok(Some(Token::Integer(number)))),
                (None, Ok(Some(Token::Integer(number)))) => prop_assert!(false, "{} was not taken", number),
                (None, _) => {
                    prop_assert_eq!(quick.remaining(), before, "what is not taken is left alone");
                    break;
                }
            }
            prop_assert_eq!(quick.remaining(), plain.remaining());
        }
    }

    #[test]
    fn any_values_come_back_as_they_went(values in values()) {
        let bytes = encode_values(&values).expect("not too deep");
        prop_assert_eq!(decode_values(&bytes), Ok(values));
    }

    #[test]
    fn a_value_is_the_same_with_and_without_a_type(value in something()) {
        let typed = to_bytes(&value).expect("encodable");
        let untyped = encode_values(std::slice::from_ref(&value)).expect("encodable");
        // Serde has no table of both parts, so the bytes differ; they mean the same.
        prop_assert_eq!(from_bytes::<Value>(&typed), from_bytes::<Value>(&untyped));
    }

    #[test]
    fn typed_messages_come_back_as_they_went(
        message in any::<(String, Option<u32>, Vec<(i64, Option<String>)>, std::collections::BTreeMap<String, i8>)>()
    ) {
        let bytes = to_bytes(&message).expect("encodable");
        prop_assert_eq!(from_bytes(&bytes), Ok(message));
    }

    #[test]
    fn damaged_streams_do_no_harm(bytes in damaged()) {
        exercise::seri(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in chatter()) {
        exercise::bson(&bytes);
        exercise::sproto(&bytes);
        exercise::seri(&bytes);
        exercise::frame(&bytes);
        exercise::http(&bytes);
        exercise::websocket(&bytes);
    }

    #[test]
    fn odd_requests_do_no_harm(bytes in requests()) {
        exercise::http(&bytes);
    }

    #[test]
    fn any_frames_come_back_as_they_went(frames in vec(vec(any::<u8>(), 0..50), 0..20), size in 1usize..100) {
        let mut bytes = Vec::new();
        for frame in &frames {
            length16(frame, &mut bytes).expect("short");
        }
        let mut framer = Length16::new(50);
        let mut heard = Vec::new();
        for piece in bytes.chunks(size) {
            framer.push(piece);
            while let Some(frame) = framer.next().expect("short") {
                heard.push(frame.to_vec());
            }
        }
        prop_assert!(!framer.has_partial());
        prop_assert_eq!(heard, frames);
    }

    #[test]
    fn any_lines_come_back_as_they_went(lines in vec("[^\r\n]{0,20}", 0..20), size in 1usize..100) {
        let mut bytes = Vec::new();
        for text in &lines {
            line(text.as_bytes(), &mut bytes).expect("no line end inside");
        }
        let mut framer = Lines::new(80);
        let mut heard = Vec::new();
        for piece in bytes.chunks(size) {
            framer.push(piece);
            while let Some(line) = framer.next().expect("short") {
                heard.push(String::from_utf8(line.to_vec()).expect("it was text"));
            }
        }
        prop_assert!(!framer.has_partial());
        prop_assert_eq!(heard, lines);
    }
}
