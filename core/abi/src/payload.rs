//! What a message carries.

use std::any::Any;
use std::fmt;

/// How many bytes a payload holds without an allocation of its own.
pub const INLINE: usize = 38;

/// What a message carries: bytes, or a value that never left the process.
///
/// Up to [`INLINE`] bytes live inside the message, so that a small message
/// costs one allocation (its place in the mailbox) and no more.
///
/// # Examples
/// ```
/// use skyloom_abi::Payload;
/// assert!(Payload::from("").is_empty());
/// assert_eq!(Payload::from(vec![1, 2, 3]).into_bytes(), [1, 2, 3]);
/// ```
#[derive(Default)]
pub struct Payload(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Inline(u8, [u8; INLINE]),
    Heap(Vec<u8>),
    Value(Box<dyn Value>),
}

/// A value that travels inside the process without being serialised.
///
/// A receiver that knows its type takes it as it is ([`Payload::take`]); any
/// other receiver sees the bytes that [`encode`](Value::encode) makes.
pub trait Value: Any + Send {
    /// Appends the value as the message's protocol writes it.
    fn encode(&self, out: &mut Vec<u8>);
}

impl Payload {
    /// No bytes at all.
    pub const EMPTY: Payload = Payload(Kind::Empty);

    /// A copy of `bytes`; without an allocation up to [`INLINE`] of them.
    #[must_use]
    pub fn copy_from(bytes: &[u8]) -> Payload {
        if bytes.is_empty() {
            return Self::EMPTY;
        }
        if bytes.len() > INLINE {
            return Payload(Kind::Heap(bytes.to_vec()));
        }
        let mut inline = [0; INLINE];
        inline[..bytes.len()].copy_from_slice(bytes);
        Payload(Kind::Inline(bytes.len() as u8, inline))
    }

    /// Makes it a copy of `bytes` where it lies; without an allocation up to [`INLINE`] of them.
    #[inline(always)]
    pub fn fill(&mut self, bytes: &[u8]) {
        if bytes.len() > INLINE {
            *self = Payload(Kind::Heap(bytes.to_vec()));
            return;
        }
        if !matches!(self.0, Kind::Inline(..)) {
            self.0 = Kind::Inline(0, [0; INLINE]);
        }
        if let Kind::Inline(len, inline) = &mut self.0 {
            *len = bytes.len() as u8;
            copy_few(inline, bytes);
        }
    }

    /// Makes it empty, and as cheap as can be to [`fill`](Self::fill) again.
    #[inline]
    pub fn clear(&mut self) {
        match &mut self.0 {
            Kind::Inline(len, _) => *len = 0,
            kind => *kind = Kind::Empty,
        }
    }

    /// A value that is handed over as it is.
    #[must_use]
    pub fn value<T: Value>(value: T) -> Payload {
        Payload(Kind::Value(Box::new(value)))
    }

    /// The bytes, unless it is a typed value.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Empty => Some(&[]),
            Kind::Inline(len, bytes) => bytes.get(..usize::from(*len)),
            Kind::Heap(bytes) => Some(bytes),
            Kind::Value(_) => None,
        }
    }

    /// The bytes; a typed value is encoded now.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self.0 {
            Kind::Heap(bytes) => bytes,
            Kind::Value(value) => {
                let mut out = Vec::new();
                value.encode(&mut out);
                out
            }
            kind => Payload(kind).as_bytes().unwrap_or_default().to_vec(),
        }
    }

    /// Turns a typed value into bytes where it lies, and leaves bytes as they are.
    #[inline]
    pub fn encode(&mut self) {
        if matches!(self.0, Kind::Value(_)) {
            *self = std::mem::take(self).encoded();
        }
    }

    /// The same payload with a typed value turned into bytes.
    #[must_use]
    pub fn encoded(self) -> Payload {
        match self.0 {
            Kind::Value(_) => Payload::from(self.into_bytes()),
            kind => Payload(kind),
        }
    }

    /// Whether it carries a value of this type.
    #[must_use]
    pub fn holds<T: Value>(&self) -> bool {
        matches!(&self.0, Kind::Value(value) if (&**value as &dyn Any).is::<T>())
    }

    /// Looks at the typed value without taking it.
    #[must_use]
    pub fn peek<T: Value>(&self) -> Option<&T> {
        match &self.0 {
            Kind::Value(value) => (&**value as &dyn Any).downcast_ref(),
            _ => None,
        }
    }

    /// The typed value.
    ///
    /// # Errors
    ///
    /// Returns the payload unchanged if it holds bytes or another type.
    pub fn take<T: Value>(self) -> Result<Box<T>, Payload> {
        if !self.holds::<T>() {
            return Err(self);
        }
        let Kind::Value(value) = self.0 else { return Err(self) };
        let any: Box<dyn Any> = value;
        any.downcast().map_err(|_| unreachable!("holds::<T>() saw this very value"))
    }

    /// Number of bytes, `None` for a typed value.
    #[must_use]
    pub fn len(&self) -> Option<usize> {
        self.as_bytes().map(<[u8]>::len)
    }

    /// Whether it carries nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

/// Copies at most [`INLINE`] bytes. Up to 16 of them by at most two moves that may overlap: a call
/// of `memcpy` costs more than that.
#[inline(always)]
fn copy_few(to: &mut [u8; INLINE], from: &[u8]) {
    let len = from.len();
    match (from.first_chunk::<8>(), from.last_chunk::<8>()) {
        (Some(head), Some(tail)) if len <= 16 => {
            to[..8].copy_from_slice(head);
            to[len - 8..len].copy_from_slice(tail);
        }
        (None, _) => match (from.first_chunk::<4>(), from.last_chunk::<4>()) {
            (Some(head), Some(tail)) => {
                to[..4].copy_from_slice(head);
                to[len - 4..len].copy_from_slice(tail);
            }
            _ => {
                for (to, from) in to[..3].iter_mut().zip(from) {
                    *to = *from;
                }
            }
        },
        _ => to[..len].copy_from_slice(from),
    }
}

impl From<Vec<u8>> for Payload {
    /// Keeps the vector when it is too large to live inside the message.
    fn from(bytes: Vec<u8>) -> Payload {
        if bytes.len() > INLINE { Payload(Kind::Heap(bytes)) } else { Payload::copy_from(&bytes) }
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Payload {
        Payload::copy_from(bytes)
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Payload {
        Payload::copy_from(text.as_bytes())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Payload {
        Payload::from(text.into_bytes())
    }
}

impl fmt::Debug for Payload {
    /// Says how much there is, never what: payloads stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(len) => write!(f, "Payload({len} bytes)"),
            None => f.write_str("Payload(value)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seven;
    impl Value for Seven {
        fn encode(&self, out: &mut Vec<u8>) {
            out.push(7);
        }
    }

    #[test]
    fn bytes_of_every_length_come_back_as_they_went_in() {
        for len in (0..=INLINE + 1).chain([1000]) {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            assert_eq!(Payload::copy_from(&bytes).into_bytes(), bytes);
            assert_eq!(Payload::from(bytes.clone()).as_bytes(), Some(&bytes[..]));
            for mut used in [Payload::EMPTY, Payload::from("used before"), Payload::value(Seven)] {
                used.fill(&bytes);
                assert_eq!(used.as_bytes(), Some(&bytes[..]));
            }
        }
    }

    #[test]
    fn a_value_is_taken_by_its_type_and_encoded_for_anybody_else() {
        struct Other;
        impl Value for Other {
            fn encode(&self, _: &mut Vec<u8>) {}
        }
        let payload = Payload::value(Seven);
        let Err(payload) = payload.take::<Other>() else { panic!("taken as another type") };
        assert!(payload.holds::<Seven>() && payload.len().is_none());
        assert!(payload.take::<Seven>().is_ok());
        assert_eq!(Payload::value(Seven).encoded().as_bytes(), Some(&[7][..]));
    }

    #[test]
    fn a_message_fits_a_cache_line() {
        assert!(size_of::<crate::Message>() <= 56, "with its link 64: one line of the cache");
    }
}
