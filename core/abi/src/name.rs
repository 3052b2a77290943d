//! A node-wide name of a service.

use std::fmt;
use std::str::FromStr;

/// A service's name on its node, kept without the leading dot and printed with it.
///
/// # Examples
/// ```
/// use skyloom_abi::Name;
/// let name: Name = ".launcher".parse().unwrap();
/// assert_eq!(name.as_str(), "launcher");
/// assert_eq!(name.to_string(), ".launcher");
/// assert_eq!("launcher".parse(), Ok(name), "the dot may be left out");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

/// A text that cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// Nothing in it.
    Empty,
    /// It has this many bytes, more than [`Name::MAX_LEN`].
    TooLong(usize),
    /// It contains a blank, a control character or starts like a handle.
    Character(char),
}

impl Name {
    /// The longest name in bytes.
    pub const MAX_LEN: usize = 255;

    /// The name without its dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Name, NameError> {
        let bare = text.strip_prefix('.').unwrap_or(text);
        if bare.is_empty() {
            return Err(NameError::Empty);
        }
        if bare.len() > Self::MAX_LEN {
            return Err(NameError::TooLong(bare.len()));
        }
        let wrong = |c: &char| c.is_whitespace() || c.is_control();
        if let Some(c) = bare.chars().find(wrong).or(bare.starts_with(':').then_some(':')) {
            return Err(NameError::Character(c));
        }
        Ok(Name(bare.into()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => f.write_str("a name needs at least one character"),
            NameError::TooLong(len) => {
                write!(f, "a name of {len} bytes exceeds {}", Name::MAX_LEN)
            }
            NameError::Character(c) => write!(f, "a name cannot contain {c:?}"),
        }
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_confuse_a_log_line_are_refused() {
        assert_eq!("".parse::<Name>(), Err(NameError::Empty));
        assert_eq!(".".parse::<Name>(), Err(NameError::Empty));
        assert_eq!("a b".parse::<Name>(), Err(NameError::Character(' ')));
        assert_eq!("a\nb".parse::<Name>(), Err(NameError::Character('\n')));
        assert_eq!(":8".parse::<Name>(), Err(NameError::Character(':')));
        assert_eq!("x".repeat(256).parse::<Name>(), Err(NameError::TooLong(256)));
    }
}
