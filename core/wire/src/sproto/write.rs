//! Puts a structure together.

use super::schema::Type;
use super::{MAX_SIZE, SprotoError};

/// A structure that is being written behind whatever the vector holds.
///
/// Fields must come in the order of their tags, each of them a tag of the type.
#[derive(Debug)]
#[must_use]
pub struct Writer {
    start: usize,
    /// Where the data begins while it is not known how long the head gets.
    data: usize,
    words: usize,
    /// The tag that the next word stands for.
    tag: u16,
}

/// Bytes whose number is written in front of them when it is known.
#[derive(Debug)]
#[must_use]
pub struct Open(usize);

impl Writer {
    /// Makes room for the head.
    pub fn begin(of: &Type, out: &mut Vec<u8>) -> Writer {
        let start = out.len();
        let data = start + 2 + of.words * 2;
        out.resize(data, 0);
        Writer { start, data, words: 0, tag: 0 }
    }

    fn word(&mut self, word: u16, out: &mut [u8]) {
        let at = self.start + 2 + self.words * 2;
        // A tag that the type does not have is the caller's mistake; nothing is broken by it but this structure.
        if at + 2 <= self.data {
            out[at..at + 2].copy_from_slice(&word.to_le_bytes());
            self.words += 1;
        }
    }

    fn field(&mut self, tag: u16, word: u16, out: &mut [u8]) {
        if let Some(skipped) = tag.checked_sub(self.tag).filter(|skipped| *skipped > 0) {
            self.word((skipped - 1) * 2 + 1, out);
        }
        self.tag = tag.saturating_add(1);
        self.word(word, out);
    }

    /// Writes an integer, or a decimal without its point.
    pub fn integer(&mut self, tag: u16, value: i64, out: &mut Vec<u8>) {
        match u16::try_from(value) {
            Ok(small) if small < 0x7fff => self.field(tag, (small + 1) * 2, out),
            _ => {
                self.field(tag, 0, out);
                match i32::try_from(value) {
                    Ok(value) => block(&value.to_le_bytes(), out),
                    Err(_) => block(&value.to_le_bytes(), out),
                }
            }
        }
    }

    /// Writes a boolean.
    pub fn boolean(&mut self, tag: u16, value: bool, out: &mut [u8]) {
        self.field(tag, (u16::from(value) + 1) * 2, out);
    }

    /// Writes a double.
    pub fn double(&mut self, tag: u16, value: f64, out: &mut Vec<u8>) {
        self.field(tag, 0, out);
        block(&value.to_le_bytes(), out);
    }

    /// Writes a string or a binary.
    ///
    /// # Errors
    ///
    /// [`SprotoError::TooLarge`].
    pub fn bytes(&mut self, tag: u16, value: &[u8], out: &mut Vec<u8>) -> Result<(), SprotoError> {
        let open = self.open(tag, out);
        out.extend_from_slice(value);
        open.close(out)
    }

    /// Opens a field for a structure or an array.
    pub fn open(&mut self, tag: u16, out: &mut Vec<u8>) -> Open {
        self.field(tag, 0, out);
        Open::begin(out)
    }

    /// Writes the head.
    ///
    /// # Errors
    ///
    /// [`SprotoError::TooLarge`].
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), SprotoError> {
        let count = u16::try_from(self.words).map_err(|_| SprotoError::TooLarge)?;
        out[self.start..self.start + 2].copy_from_slice(&count.to_le_bytes());
        let end = self.start + 2 + self.words * 2;
        out.copy_within(self.data.., end);
        out.truncate(out.len() - (self.data - end));
        if out.len() > MAX_SIZE { Err(SprotoError::TooLarge) } else { Ok(()) }
    }
}

impl Open {
    /// Begins, behind whatever the vector holds: an element that is a string or a structure.
    pub fn begin(out: &mut Vec<u8>) -> Open {
        out.extend_from_slice(&[0; 4]);
        Open(out.len())
    }

    /// Writes the number of the bytes since.
    ///
    /// # Errors
    ///
    /// [`SprotoError::TooLarge`].
    pub fn close(self, out: &mut [u8]) -> Result<(), SprotoError> {
        let size = out.len() - self.0;
        if out.len() > MAX_SIZE {
            return Err(SprotoError::TooLarge);
        }
        let size = u32::try_from(size).map_err(|_| SprotoError::TooLarge)?;
        out[self.0 - 4..self.0].copy_from_slice(&size.to_le_bytes());
        Ok(())
    }
}

/// Writes the elements of an array of integers: all as wide as the widest needs.
pub fn integers(values: &[i64], out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let narrow: Option<Vec<i32>> = values.iter().map(|value| i32::try_from(*value).ok()).collect();
    match narrow {
        Some(narrow) => {
            out.push(4);
            narrow.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
        }
        None => {
            out.push(8);
            values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
        }
    }
}

/// Writes a few bytes behind their number.
fn block<const N: usize>(bytes: &[u8; N], out: &mut Vec<u8>) {
    out.extend_from_slice(&(N as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
