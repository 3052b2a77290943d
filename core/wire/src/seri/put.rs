//! Writes single tokens.
//!
//! For callers that walk a structure of their own: a table is [`table_head`],
//! its array values, its keys and values in turn, then [`table_end`].
//!
//! ```
//! use skyloom_wire::seri::put;
//! // {10, x = true}
//! let mut out = Vec::new();
//! put::table_head(&mut out, 1);
//! put::integer(&mut out, 10);
//! put::string(&mut out, b"x")?;
//! put::boolean(&mut out, true);
//! put::table_end(&mut out);
//! assert_eq!(out, [0x0e, 0x0a, 10, 0x0c, b'x', 0x09, 0x00]);
//! # Ok::<(), skyloom_wire::seri::SeriError>(())
//! ```

use super::{SeriError, kind, tag};

/// Appends `nil`.
#[inline]
pub fn nil(out: &mut Vec<u8>) {
    out.push(kind::NIL);
}

/// Appends a boolean.
#[inline]
pub fn boolean(out: &mut Vec<u8>, value: bool) {
    out.push(tag(kind::BOOLEAN, u8::from(value)));
}

/// Appends an integer in the shortest of Skynet's five widths.
#[inline]
pub fn integer(out: &mut Vec<u8>, value: i64) {
    // Unsigned up to 16 bits, signed from 32 on: so Skynet chose.
    let (cookie, len) = if value as u64 <= 0xff {
        let width = u8::from(value != 0);
        (width, usize::from(width))
    } else if value as u64 <= 0xffff {
        (2, 2)
    } else if value == i64::from(value as i32) {
        (4, 4)
    } else {
        (6, 8)
    };
    // Always nine bytes, then cut: a copy of known size and a new length are
    // two stores, a copy of `len` bytes would be a call.
    let start = out.len();
    out.extend_from_slice(&tagged(tag(kind::NUMBER, cookie), value.to_le_bytes()));
    out.truncate(start + 1 + len);
}

/// Appends a float, always as eight bytes: `1.0` stays a float.
#[inline]
pub fn float(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&tagged(tag(kind::NUMBER, 8), value.to_le_bytes()));
}

/// Appends a string of any bytes.
///
/// # Errors
///
/// [`SeriError::TooLong`] if four bytes cannot say its length; nothing is
/// written then.
#[inline]
pub fn string(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), SeriError> {
    if bytes.len() < 32 {
        out.reserve(1 + bytes.len());
        out.push(tag(kind::SHORT_STRING, bytes.len() as u8));
    } else {
        long_head(out, bytes.len())?;
    }
    out.extend_from_slice(bytes);
    Ok(())
}

fn long_head(out: &mut Vec<u8>, len: usize) -> Result<(), SeriError> {
    if let Ok(short) = u16::try_from(len) {
        out.reserve(3 + len);
        out.push(tag(kind::LONG_STRING, 2));
        out.extend_from_slice(&short.to_le_bytes());
    } else {
        let long = u32::try_from(len).map_err(|_| SeriError::TooLong(len))?;
        out.reserve(5 + len);
        out.push(tag(kind::LONG_STRING, 4));
        out.extend_from_slice(&long.to_le_bytes());
    }
    Ok(())
}

/// Opens a table whose first `array_len` values follow without keys.
#[inline]
pub fn table_head(out: &mut Vec<u8>, array_len: usize) {
    if array_len < 31 {
        out.push(tag(kind::TABLE, array_len as u8));
    } else {
        out.push(tag(kind::TABLE, 31));
        // No memory holds more than `i64::MAX` values.
        integer(out, array_len as i64);
    }
}

/// Closes the table opened last.
#[inline]
pub fn table_end(out: &mut Vec<u8>) {
    out.push(kind::NIL);
}

#[inline]
fn tagged(tag: u8, bytes: [u8; 8]) -> [u8; 9] {
    let mut all = [tag; 9];
    all[1..].copy_from_slice(&bytes);
    all
}
