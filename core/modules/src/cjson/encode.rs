//! Values of Lua to JSON.

use std::io::Write;

use mlua::{Table, Value};

use super::{Config, InvalidNumbers, Marks};
use crate::library::{Fault, kind};

/// The longest array that is written for the sake of one far index, when the script has switched the check off.
const LONGEST_SPARSE: usize = 1 << 22;

/// A table that is being written. There is no recursion: how deep it goes is a setting of the script's.
struct Open {
    items: std::vec::IntoIter<(Value, Value)>,
    object: bool,
}

pub(super) fn encode(value: Value, config: Config, marks: &Marks) -> Result<Vec<u8>, Fault> {
    let mut writing = Writing { out: Vec::new(), config, marks, open: vec![] };
    writing.value(value)?;
    while let Some(open) = writing.open.last_mut() {
        let object = open.object;
        let Some((key, value)) = open.items.next() else {
            writing.out.push(if object { b'}' } else { b']' });
            writing.open.pop();
            continue;
        };
        // After a beginning no comma stands.
        if !matches!(writing.out.last(), Some(b'{' | b'[')) {
            writing.out.push(b',');
        }
        if object {
            writing.key(key)?;
        }
        writing.value(value)?;
    }
    Ok(writing.out)
}

struct Writing<'a> {
    out: Vec<u8>,
    config: Config,
    marks: &'a Marks,
    open: Vec<Open>,
}

impl Writing<'_> {
    /// Writes a value, or opens a table.
    fn value(&mut self, value: Value) -> Result<(), Fault> {
        match value {
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::LightUserData(data) if data.0.is_null() => self.out.extend_from_slice(b"null"),
            Value::LightUserData(data) if data == super::EMPTY_ARRAY.light() => self.out.extend_from_slice(b"[]"),
            Value::Boolean(true) => self.out.extend_from_slice(b"true"),
            Value::Boolean(false) => self.out.extend_from_slice(b"false"),
            Value::Integer(integer) => self.integer(integer),
            Value::Number(number) => self.float(number)?,
            Value::String(text) => self.string(&text.as_bytes()),
            Value::Table(table) => self.table(&table)?,
            other => {
                let kind = kind(&other);
                return Err(Fault::text(format!("Cannot serialise {kind}: type not supported")));
            }
        }
        Ok(())
    }

    fn key(&mut self, key: Value) -> Result<(), Fault> {
        match key {
            Value::String(text) => self.string(&text.as_bytes()),
            Value::Integer(integer) => {
                self.out.push(b'"');
                self.integer(integer);
                self.out.push(b'"');
            }
            Value::Number(number) => {
                self.out.push(b'"');
                self.float(number)?;
                self.out.push(b'"');
            }
            _ => return Err(Fault::text("Cannot serialise table: table key must be a number or string")),
        }
        self.out.push(b':');
        Ok(())
    }

    fn integer(&mut self, integer: i64) {
        // Writing into a vector does not fail.
        let _ = write!(self.out, "{integer}");
    }

    fn float(&mut self, number: f64) -> Result<(), Fault> {
        if number.is_finite() {
            general(&mut self.out, number, self.config.encode_number_precision);
            return Ok(());
        }
        let text = match self.config.encode_invalid_numbers {
            InvalidNumbers::Refused => {
                return Err(Fault::text("Cannot serialise number: must not be NaN or Infinity"));
            }
            InvalidNumbers::Null => "null",
            InvalidNumbers::Written if number.is_nan() => "NaN",
            InvalidNumbers::Written if number > 0.0 => "Infinity",
            InvalidNumbers::Written => "-Infinity",
        };
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &byte in text {
            let short = match byte {
                b'"' | b'\\' => byte,
                b'/' if self.config.encode_escape_forward_slash => byte,
                8 => b'b',
                b'\t' => b't',
                b'\n' => b'n',
                12 => b'f',
                b'\r' => b'r',
                0..32 | 127 => {
                    let _ = write!(self.out, "\\u{byte:04x}");
                    continue;
                }
                _ => {
                    self.out.push(byte);
                    continue;
                }
            };
            self.out.extend_from_slice(&[b'\\', short]);
        }
        self.out.push(b'"');
    }

    fn table(&mut self, table: &Table) -> Result<(), Fault> {
        let depth = self.open.len() + 1;
        if depth > self.config.encode_max_depth {
            return Err(Fault::text(format!("Cannot serialise, excessive depth ({depth})")));
        }
        let (items, object) = self.items(table)?;
        self.out.push(if object { b'{' } else { b'[' });
        self.open.push(Open { items: items.into_iter(), object });
        Ok(())
    }

    /// What a table holds, and whether it is an object.
    fn items(&self, table: &Table) -> Result<(Vec<(Value, Value)>, bool), Fault> {
        let mark = table.metatable();
        if mark.as_ref() == Some(&self.marks.array) {
            let len = table.raw_len();
            return Ok(((1..=len).map(|at| Ok((Value::Nil, table.raw_get(at)?))).collect::<mlua::Result<_>>()?, false));
        }
        let mut items = Vec::new();
        let mut array = Some(0_usize);
        let mut ordered = true;
        table.for_each(|key: Value, value: Value| {
            array = array.and_then(|longest| Some(longest.max(index(&key)?)));
            ordered = ordered && array == Some(items.len() + 1);
            items.push((key, value));
            Ok(())
        })?;
        if items.is_empty() {
            let array = mark.as_ref() == Some(&self.marks.empty_array) || !self.config.encode_empty_table_as_object;
            return Ok((items, !array));
        }
        match array {
            Some(_) if ordered => Ok((items, false)),
            Some(longest) => self.spread(items, longest),
            None => Ok((items, true)),
        }
    }

    /// An array whose indexes have holes or stand in any order.
    fn spread(&self, items: Vec<(Value, Value)>, longest: usize) -> Result<(Vec<(Value, Value)>, bool), Fault> {
        let Config { sparse_convert, sparse_ratio, sparse_safe, .. } = self.config;
        let sparse = longest > sparse_safe && sparse_ratio > 0 && longest > items.len().saturating_mul(sparse_ratio);
        if sparse && sparse_convert {
            return Ok((items, true));
        }
        if sparse || (longest > LONGEST_SPARSE && longest / 2 > items.len()) {
            return Err(Fault::text("Cannot serialise table: excessively sparse array"));
        }
        let mut spread = vec![(Value::Nil, Value::Nil); longest];
        for (key, value) in items {
            if let Some(place) = index(&key).and_then(|at| spread.get_mut(at - 1)) {
                place.1 = value;
            }
        }
        Ok((spread, false))
    }
}

/// A key that can be an array's.
fn index(key: &Value) -> Option<usize> {
    match key {
        Value::Integer(at) if *at > 0 => usize::try_from(*at).ok(),
        _ => None,
    }
}

/// Writes a number as C's `%.<precision>g` does.
fn general(out: &mut Vec<u8>, number: f64, precision: usize) {
    let scientific = format!("{number:.*e}", precision.saturating_sub(1));
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    let decimals = i32::try_from(precision).unwrap_or(i32::MAX) - 1 - exponent;
    let _ = if exponent < -4 || decimals < 0 {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{}e{sign}{:02}", trimmed(digits), exponent.unsigned_abs())
    } else {
        write!(out, "{}", trimmed(&format!("{number:.*}", decimals.unsigned_abs() as usize)))
    };
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn numbers_look_as_c_writes_them() {
        let table = [
            (1.0, "1"),
            (-0.5, "-0.5"),
            (0.1, "0.1"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "1.2345678901234e+14"),
            (12_345_678_901_234.0, "12345678901234"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e100, "1e+100"),
            (2.0 / 3.0, "0.66666666666667"),
            (0.0, "0"),
            (-0.0, "-0"),
            (99_999_999_999_999.9, "1e+14"),
        ];
        for (number, text) in table {
            let mut out = Vec::new();
            general(&mut out, number, 14);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
