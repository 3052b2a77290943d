//! Whole values, for code that does not know their type.

use super::{MAX_DEPTH, Reader, SeriError, Token, put};
use crate::value::Value;

/// Encodes values one after the other, as `skynet.pack` does.
///
/// A pair whose value is `nil` is left out: to Lua it is no pair.
///
/// # Errors
///
/// [`SeriError::TooDeep`], [`SeriError::TooLong`], or
/// [`SeriError::BadKey`] if a key is `nil` or not a number.
///
/// # Examples
/// ```
/// use skyloom_wire::{Value, seri};
/// let bytes = seri::encode_values(&["set".into(), Value::Integer(7)])?;
/// assert_eq!(seri::decode_values(&bytes)?, ["set".into(), Value::Integer(7)]);
/// # Ok::<(), seri::SeriError>(())
/// ```
pub fn encode_values(values: &[Value]) -> Result<Vec<u8>, SeriError> {
    let mut out = Vec::new();
    for value in values {
        encode(value, 0, &mut out)?;
    }
    Ok(out)
}

fn encode(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), SeriError> {
    if depth > MAX_DEPTH {
        return Err(SeriError::TooDeep);
    }
    match value {
        Value::Nil => put::nil(out),
        Value::Boolean(value) => put::boolean(out, *value),
        Value::Integer(value) => put::integer(out, *value),
        Value::Float(value) => put::float(out, *value),
        Value::String(bytes) => put::string(out, bytes)?,
        Value::Table { array, map } => {
            put::table_head(out, array.len());
            for value in array {
                encode(value, depth + 1, out)?;
            }
            for (key, value) in map {
                check_key(key)?;
                if *value != Value::Nil {
                    encode(key, depth + 1, out)?;
                    encode(value, depth + 1, out)?;
                }
            }
            put::table_end(out);
        }
    }
    Ok(())
}

fn check_key(key: &Value) -> Result<(), SeriError> {
    match key {
        Value::Nil => Err(SeriError::BadKey("nil")),
        Value::Float(number) if number.is_nan() => Err(SeriError::BadKey("NaN")),
        _ => Ok(()),
    }
}

/// Decodes all values of a stream, as `skynet.unpack` does.
///
/// # Errors
///
/// [`SeriError::Invalid`] if the bytes are not a stream,
/// [`SeriError::TooDeep`] if no encoder would have written it,
/// [`SeriError::BadKey`] if a key is not a number.
pub fn decode_values(bytes: &[u8]) -> Result<Vec<Value>, SeriError> {
    let mut reader = Reader::new(bytes);
    let mut values = Vec::new();
    while let Some(token) = reader.next()? {
        values.push(decode(token, 0, &mut reader)?);
    }
    Ok(values)
}

fn decode(token: Token<'_>, depth: usize, reader: &mut Reader<'_>) -> Result<Value, SeriError> {
    if depth > MAX_DEPTH {
        return Err(SeriError::TooDeep);
    }
    Ok(match token {
        Token::Nil => Value::Nil,
        Token::Boolean(value) => Value::Boolean(value),
        Token::Integer(value) => Value::Integer(value),
        Token::Float(value) => Value::Float(value),
        Token::Str(bytes) => Value::String(bytes.to_vec()),
        Token::Table { array } => decode_table(array, depth + 1, reader)?,
    })
}

/// How much of a claimed length is believed before the values are seen. A
/// value takes one byte there and 56 here: believing all of it would let a
/// short message, nested, reserve many times its size.
const BELIEVED: usize = 64;

fn decode_table(len: usize, depth: usize, reader: &mut Reader<'_>) -> Result<Value, SeriError> {
    let mut array = Vec::with_capacity(len.min(BELIEVED));
    for _ in 0..len {
        let token = reader.expect_next()?;
        array.push(decode(token, depth, reader)?);
    }
    let mut map = Vec::new();
    loop {
        let key = match reader.expect_next()? {
            Token::Nil => return Ok(Value::Table { array, map }),
            token => decode(token, depth, reader)?,
        };
        check_key(&key)?;
        let token = reader.expect_next()?;
        match decode(token, depth, reader)? {
            Value::Nil => {}
            value => map.push((key, value)),
        }
    }
}
