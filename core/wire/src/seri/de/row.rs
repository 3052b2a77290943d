//! Values at the top level, one after the other.

use serde::de::{DeserializeSeed, SeqAccess};

use super::One;
use crate::seri::{Reader, SeriError};

/// Shows values one after the other, `nil` behind the last.
pub(super) struct Row<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
    /// Which value was shown last, counted from 1 as Lua does.
    place: usize,
}

impl<'r, 'de> Row<'r, 'de> {
    pub(super) fn new(reader: &'r mut Reader<'de>, len: usize, place: usize) -> Row<'r, 'de> {
        Row { reader, left: len, place }
    }
}

impl<'de> SeqAccess<'de> for Row<'_, 'de> {
    type Error = SeriError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, SeriError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.place += 1;
        let shown = seed.deserialize(One { reader: self.reader, depth: 0 });
        shown.map(Some).map_err(|e| e.within(format_args!("value {}", self.place)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
