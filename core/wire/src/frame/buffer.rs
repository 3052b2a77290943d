//! Bytes that arrived and have not been consumed.

/// More than this is given back to the allocator once it is empty: a node
/// holds thousands of connections, and most of them are silent.
const KEEP: usize = 16 * 1024;

/// A queue of bytes whose front moves without copying.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// Everything before it has been consumed.
    start: usize,
}

impl Buffer {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        // Moving at most as many bytes as were consumed since the last move
        // keeps the cost linear, however small the pieces are.
        if self.start > 0 && self.start >= self.bytes.len() - self.start {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn pending(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Consumes `len` bytes and returns all but the first `skip` of them and
    /// the last `cut`.
    pub(crate) fn take(&mut self, len: usize, skip: usize, cut: usize) -> &[u8] {
        let start = self.start;
        self.start += len;
        &self.bytes[start + skip..start + len - cut]
    }

    /// Gives a large allocation back when nothing is in it.
    pub(crate) fn relax(&mut self) {
        if self.start == self.bytes.len() {
            self.start = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEEP {
                self.bytes = Vec::new();
            }
        }
    }
}
