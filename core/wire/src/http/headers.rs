//! The header lines of a request or a response.

/// Header lines in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    pub(crate) fn from_parsed(parsed: &[httparse::Header<'_>]) -> Headers {
        let owned = |line: &httparse::Header<'_>| (line.name.to_owned(), line.value.to_vec());
        Headers(parsed.iter().map(owned).collect())
    }

    /// All lines, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// All lines of this name, whose case does not matter.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let named = move |line: &&'a (String, Vec<u8>)| line.0.eq_ignore_ascii_case(name);
        self.0.iter().filter(named).map(|(_, value)| value.as_slice())
    }

    /// The text of the only line of this name.
    ///
    /// `None` if there is none, if there are several, or if it is not ASCII:
    /// who gets to choose among two `Host` lines is how requests are smuggled.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut all = self.all(name);
        let value = all.next()?;
        if all.next().is_some() || !value.is_ascii() {
            return None;
        }
        std::str::from_utf8(value).ok()
    }

    /// Whether a comma-separated header lists a word, in any case.
    #[must_use]
    pub fn lists(&self, name: &str, word: &str) -> bool {
        let is_word = |item: &[u8]| item.trim_ascii().eq_ignore_ascii_case(word.as_bytes());
        self.all(name).any(|value| value.split(|&byte| byte == b',').any(is_word))
    }
}
