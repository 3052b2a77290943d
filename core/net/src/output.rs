//! What waits to be sent to one peer.
//!
//! A pure queue of bytes: it knows neither the socket nor the limit, only how
//! much waits and when that is worth a word to the owner.

use std::collections::VecDeque;

/// From how many waiting bytes on the owner hears of a backlog.
pub(crate) const BACKLOG: usize = 256 << 10;

/// How much room an empty queue keeps: ten thousand idle sockets must stay small.
const KEEP: usize = 4 << 10;

/// The bytes that one socket has still to send.
#[derive(Debug)]
pub(crate) struct Output {
    bytes: VecDeque<u8>,
    /// The next size that is worth a word.
    mark: usize,
}

impl Output {
    pub(crate) fn new() -> Output {
        Output { bytes: VecDeque::new(), mark: BACKLOG }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends `bytes` behind what waits already.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// All that waits, in order; the second part is mostly empty.
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.as_slices()
    }

    /// Takes off the first `count` bytes: they have been sent.
    pub(crate) fn sent(&mut self, count: usize) {
        if count < self.bytes.len() {
            self.bytes.drain(..count);
        } else {
            self.clear();
        }
    }

    /// Forgets all that waits.
    pub(crate) fn clear(&mut self) {
        if self.bytes.capacity() > KEEP {
            self.bytes = VecDeque::new();
        } else {
            self.bytes.clear();
        }
    }

    /// What the owner should hear about the backlog now: its size when that
    /// reached 256 KiB or a doubling of it, 0 when it is gone again.
    #[must_use]
    pub(crate) fn backlog(&mut self) -> Option<usize> {
        let waiting = self.bytes.len();
        if waiting >= self.mark {
            while self.mark <= waiting {
                self.mark *= 2;
            }
            return Some(waiting);
        }
        if waiting == 0 && self.mark > BACKLOG {
            self.mark = BACKLOG;
            return Some(0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order_however_it_is_cut() {
        let mut output = Output::new();
        let (mut wrote, mut read) = (0_u32, 0_u32);
        let mut seed = 1_u32;
        while read < 100_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (more, less) = ((seed >> 8) % 50, (seed >> 16) % 60);
            let bytes: Vec<u8> = (wrote..wrote + more).map(|n| n as u8).collect();
            output.push(&bytes);
            wrote += more;
            let (first, second) = output.parts();
            let sent: Vec<u8> = first.iter().chain(second).copied().take(less as usize).collect();
            output.sent(sent.len());
            for byte in sent {
                assert_eq!(byte, read as u8);
                read += 1;
            }
            assert_eq!(output.len(), (wrote - read) as usize);
        }
    }

    #[test]
    fn the_owner_hears_of_each_doubling_once_and_of_the_end() {
        let mut output = Output::new();
        let mut heard = Vec::new();
        for _ in 0..10 {
            output.push(&[0; 128 << 10]);
            heard.extend(output.backlog());
        }
        assert_eq!(heard, [256 << 10, 512 << 10, 1024 << 10]);
        output.sent(output.len() - 1);
        assert_eq!(output.backlog(), None, "a byte still waits");
        output.sent(1);
        assert_eq!(output.backlog(), Some(0));
        assert_eq!(output.backlog(), None, "told once");
        output.push(&[0; 256 << 10]);
        assert_eq!(output.backlog(), Some(256 << 10), "and it all begins anew");
    }

    #[test]
    fn one_great_leap_is_one_word() {
        let mut output = Output::new();
        output.push(&vec![0; 3 << 20]);
        assert_eq!(output.backlog(), Some(3 << 20));
        assert_eq!(output.backlog(), None);
    }

    #[test]
    fn an_empty_queue_gives_its_memory_back() {
        let mut output = Output::new();
        output.push(&vec![0; 1 << 20]);
        output.sent(1 << 20);
        assert!(output.bytes.capacity() <= KEEP);
    }
}
