//! Whether a WebSocket's peer is in the middle of something.

/// Follows the frames of a byte stream by their headers alone.
///
/// The protocol itself keeps what has arrived of a frame to itself; this says whether it has
/// begun one, or a message of several frames, so that a deadline can end half ones.
#[derive(Debug, Default)]
pub(super) struct Progress {
    header: [u8; 14],
    gathered: usize,
    /// Bytes of the payload still to come.
    payload: u64,
    /// A message's first frame has come and its last has not.
    in_message: bool,
}

impl Progress {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.payload > 0 {
                let skipped = self.payload.min(bytes.len() as u64);
                self.payload -= skipped;
                // At most `bytes.len()`, so it fits.
                bytes = bytes.get(skipped as usize..).unwrap_or_default();
                continue;
            }
            bytes = rest;
            self.header[self.gathered] = first;
            self.gathered += 1;
            if self.gathered == self.header_len() {
                self.begin_payload();
            }
        }
    }

    /// How long this header will be, as far as it is known.
    fn header_len(&self) -> usize {
        if self.gathered < 2 {
            return 2;
        }
        let extended = match self.header[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        2 + extended + mask
    }

    fn begin_payload(&mut self) {
        let h = &self.header;
        self.payload = match h[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes([h[2], h[3]])),
            127 => u64::from_be_bytes([h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9]]),
            short => u64::from(short),
        };
        // Control frames may come between the frames of a message.
        let is_control = h[0] & 0x08 != 0;
        if !is_control {
            self.in_message = h[0] & 0x80 == 0;
        }
        self.gathered = 0;
    }

    /// Whether something was begun and not ended.
    pub(super) fn has_partial(&self) -> bool {
        self.gathered > 0 || self.payload > 0 || self.in_message
    }
}
