//! Skynet's own bytes, recorded from a running node, against ours.

use skyloom_wire::seri::{Reader, SeriError, Token, decode_values, encode_values, put};

/// One line of the recording: what was packed, how long it was, its bytes.
struct Golden {
    label: &'static str,
    len: usize,
    head: Vec<u8>,
    /// Bytes after the part that the recording leaves out.
    tail: Option<Vec<u8>>,
}

impl Golden {
    fn agrees_with(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.len
            && match &self.tail {
                None => bytes == self.head,
                Some(tail) => bytes.starts_with(&self.head) && bytes.ends_with(tail),
            }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// The lines of the form `label <tab> length <tab> hex`; the others record
/// errors and are not bytes.
fn recorded() -> Vec<Golden> {
    include_str!("vectors/skynet-seri.txt")
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let label = columns.next()?;
            let len = columns.next()?.parse().ok()?;
            let bytes = columns.next()?;
            if label == "lud" || label == "rt" || label == "depth" {
                return None;
            }
            let (head, tail) = match bytes.split_once("...") {
                Some((head, tail)) => (hex(head)?, Some(hex(tail)?)),
                None => (hex(bytes)?, None),
            };
            Some(Golden { label, len, head, tail })
        })
        .collect()
}

/// What the label describes, written token by token.
fn written(label: &str) -> Option<Vec<u8>> {
    let out = &mut Vec::new();
    let text = |out: &mut Vec<u8>, bytes: &[u8]| put::string(out, bytes).expect("short enough");
    if let Some(number) = label.strip_prefix("int ") {
        put::integer(out, number.parse().ok()?);
    } else if let Some(number) = label.strip_prefix("float ") {
        put::float(out, number.parse().ok()?);
    } else if let Some(count) = label.strip_suffix(" elems") {
        let count = count.parse().ok()?;
        put::table_head(out, count);
        (1..=count).for_each(|i| put::integer(out, i as i64));
        put::table_end(out);
    } else {
        match label {
            "(none)" => {}
            "nil" => put::nil(out),
            "nil,nil" => (0..2).for_each(|_| put::nil(out)),
            "true" => put::boolean(out, true),
            "false" => put::boolean(out, false),
            "''" => text(out, b""),
            "'a'" => text(out, b"a"),
            "31*a" => text(out, &[b'a'; 31]),
            "32*a" => text(out, &[b'a'; 32]),
            "65535" => text(out, &[b'a'; 65535]),
            "65536" => text(out, &[b'a'; 65536]),
            "{}" => table(out, &[], |_| {}),
            "{1,2,3}" => table(out, &[1, 2, 3], |_| {}),
            "{a=1}" => table(out, &[], |out| {
                text(out, b"a");
                put::integer(out, 1);
            }),
            "{1,nil,3}" => table(out, &[1], |out| {
                put::integer(out, 3);
                put::integer(out, 3);
            }),
            "{1,x=true}" => table(out, &[1], |out| {
                text(out, b"x");
                put::boolean(out, true);
            }),
            "{[1.5]=1}" => table(out, &[], |out| {
                put::float(out, 1.5);
                put::integer(out, 1);
            }),
            "{[true]=1}" => table(out, &[], |out| {
                put::boolean(out, true);
                put::integer(out, 1);
            }),
            "multi" => {
                put::integer(out, 1);
                text(out, b"x");
                put::nil(out);
                table(out, &[], |_| {});
                put::boolean(out, false);
            }
            "pairs meta" => table(out, &[], |out| {
                text(out, b"K");
                text(out, b"V");
            }),
            _ => return None,
        }
    }
    Some(std::mem::take(out))
}

fn table(out: &mut Vec<u8>, array: &[i64], pairs: impl FnOnce(&mut Vec<u8>)) {
    put::table_head(out, array.len());
    array.iter().for_each(|&value| put::integer(out, value));
    pairs(out);
    put::table_end(out);
}

fn tokens(bytes: &[u8]) -> Result<Vec<Token<'_>>, SeriError> {
    let mut reader = Reader::new(bytes);
    let mut all = Vec::new();
    while let Some(token) = reader.next()? {
        all.push(token);
    }
    assert_eq!(reader.remaining(), 0);
    Ok(all)
}

fn write_back(tokens: &[Token<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for token in tokens {
        match *token {
            Token::Nil => put::nil(&mut out),
            Token::Boolean(value) => put::boolean(&mut out, value),
            Token::Integer(value) => put::integer(&mut out, value),
            Token::Float(value) => put::float(&mut out, value),
            Token::Str(bytes) => put::string(&mut out, bytes).expect("came out of a stream"),
            Token::Table { array } => put::table_head(&mut out, array),
        }
    }
    out
}

#[test]
fn every_recorded_value_is_written_as_skynet_wrote_it() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 47, "the recording was read as a whole");
    for golden in recorded {
        let ours = written(golden.label).unwrap_or_else(|| panic!("label {:?} has no value here", golden.label));
        assert!(golden.agrees_with(&ours), "{}: {ours:02x?}", golden.label);
    }
}

#[test]
fn every_recorded_value_is_read_and_written_back_unchanged() {
    for golden in recorded() {
        let Some(bytes) = written(golden.label) else { panic!("{}", golden.label) };
        let read = tokens(&bytes).unwrap_or_else(|e| panic!("{}: {e}", golden.label));
        assert_eq!(write_back(&read), bytes, "{}", golden.label);
    }
}

#[test]
fn every_recorded_value_survives_as_a_value() {
    for golden in recorded() {
        let Some(bytes) = written(golden.label) else { panic!("{}", golden.label) };
        let values = decode_values(&bytes).unwrap_or_else(|e| panic!("{}: {e}", golden.label));
        assert_eq!(encode_values(&values), Ok(bytes), "{}", golden.label);
    }
}

#[test]
fn the_five_values_of_multi_are_read_as_five_values() {
    let bytes = written("multi").expect("it is in the table");
    assert_eq!(
        tokens(&bytes).expect("it is valid"),
        [Token::Integer(1), Token::Str(b"x"), Token::Nil, Token::Table { array: 0 }, Token::Nil, Token::Boolean(false),]
    );
}

#[test]
fn any_cookie_but_zero_is_true() {
    assert_eq!(tokens(&[0xf9]).expect("it is valid"), [Token::Boolean(true)]);
}

#[test]
fn broken_tokens_are_refused_with_the_bytes_left_and_the_reason() {
    let refused = |bytes: &[u8]| tokens(bytes).expect_err("it is broken").to_string();
    assert_eq!(refused(&[0x03, 0, 0]), "Invalid serialize stream 2: a pointer is not accepted");
    assert_eq!(refused(&[0x07]), "Invalid serialize stream 0: no such type");
    assert_eq!(refused(&[0x1a]), "Invalid serialize stream 0: no such width of a number");
    assert_eq!(refused(&[0x22, 1]), "Invalid serialize stream 1: ends inside a number");
    assert_eq!(refused(&[0x14, b'a']), "Invalid serialize stream 1: ends inside a string");
    assert_eq!(refused(&[0x0d, 1]), "Invalid serialize stream 1: no such width of a string's length");
    assert_eq!(refused(&[0xfe, 0x0c]), "Invalid serialize stream 1: a table's length is not a number");
    assert_eq!(
        refused(&[0xfe, 0x22, 0xff, 0xff, 0xff, 0xff]),
        "Invalid serialize stream 0: a table's length is negative"
    );
}

#[test]
fn a_table_cannot_claim_more_values_than_there_are_bytes() {
    let claim = [0xfe, 0x22, 0xff, 0xff, 0xff, 0x7f, 0x02, 0x02];
    assert_eq!(
        tokens(&claim).expect_err("it lies").to_string(),
        "Invalid serialize stream 2: fewer bytes than the table claims values"
    );
    assert!(tokens(&[0x0e, 0x02]).is_err(), "its end would be missing");
    assert!(tokens(&[0x0e, 0x02, 0x00]).is_ok());
}
