//! What a socket brought and nobody has read yet.

use memchr::memmem;

/// Bytes in the order they came; reading from the front copies nothing around.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// Everything before it has been read.
    start: usize,
    /// No separator begins before it.
    scanned: usize,
}

/// Read bytes are cut off when there are more of them than of unread ones, and at least so many.
const CUT: usize = 16 << 10;

impl Inbox {
    /// Adds what came. The first of it is kept as it is, without a copy.
    pub(crate) fn push(&mut self, bytes: Vec<u8>) {
        if self.is_empty() {
            *self = Inbox { bytes, start: 0, scanned: 0 };
            return;
        }
        if self.start >= CUT && self.start > self.len() {
            self.bytes.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(&bytes);
    }

    /// Number of unread bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `len` unread bytes, or all there are.
    pub(crate) fn front(&self, len: usize) -> &[u8] {
        let unread = &self.bytes[self.start..];
        &unread[..len.min(unread.len())]
    }

    /// The length of the first line, without its separator.
    ///
    /// What was searched before is not searched again.
    pub(crate) fn line(&mut self, separator: &[u8]) -> Option<usize> {
        let from = self.scanned.max(self.start);
        let rest = &self.bytes[from..];
        let found = match separator {
            [byte] => memchr::memchr(*byte, rest),
            longer => memmem::find(rest, longer),
        };
        if found.is_none() {
            // A separator may have begun in the last bytes.
            let overlap = separator.len().saturating_sub(1).min(rest.len());
            self.scanned = self.bytes.len() - overlap;
        }
        found.map(|at| from - self.start + at)
    }

    /// Another separator may stand where one was looked for in vain.
    pub(crate) fn rewind(&mut self) {
        self.scanned = self.start;
    }

    /// Marks the first `len` unread bytes as read.
    pub(crate) fn consume(&mut self, len: usize) {
        self.start += len.min(self.len());
        self.scanned = self.scanned.max(self.start);
        if self.is_empty() {
            // An idle connection keeps no buffer.
            *self = Inbox::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_as_they_went_in_however_they_were_cut() {
        let text = b"one\ntwo\n\nthree and a half\nrest";
        for cut in 1..text.len() {
            let mut inbox = Inbox::default();
            let mut lines: Vec<Vec<u8>> = Vec::new();
            for part in text.chunks(cut) {
                inbox.push(part.to_vec());
                while let Some(len) = inbox.line(b"\n") {
                    lines.push(inbox.front(len).to_vec());
                    inbox.consume(len + 1);
                }
            }
            assert_eq!(lines, [&b"one"[..], b"two", b"", b"three and a half"]);
            assert_eq!(inbox.front(usize::MAX), b"rest");
        }
    }

    #[test]
    fn a_long_separator_is_found_across_the_cut() {
        let mut inbox = Inbox::default();
        for byte in b"a\r\n\r" {
            inbox.push(vec![*byte]);
            assert_eq!(inbox.line(b"\r\n\r\n"), None);
        }
        inbox.push(b"\nb".to_vec());
        assert_eq!(inbox.line(b"\r\n\r\n"), Some(1));
        inbox.consume(5);
        assert_eq!(inbox.front(9), b"b");
    }

    #[test]
    fn another_separator_is_looked_for_from_the_front_again() {
        let mut inbox = Inbox::default();
        inbox.push(b"a;b".to_vec());
        assert_eq!(inbox.line(b"\n"), None);
        inbox.rewind();
        assert_eq!(inbox.line(b";"), Some(1));
    }

    #[test]
    fn what_was_read_is_cut_off_in_time() {
        let mut inbox = Inbox::default();
        inbox.push(vec![0; 2 * CUT]);
        for _ in 0..1000 {
            inbox.consume(CUT);
            inbox.push(vec![1; CUT]);
        }
        assert_eq!(inbox.len(), 2 * CUT);
        assert!(inbox.bytes.len() < 8 * CUT, "{}", inbox.bytes.len());
    }
}
