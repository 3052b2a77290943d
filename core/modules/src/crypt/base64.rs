//! Base64 with Skynet's tolerance.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for at in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= three.len() { letter } else { b'=' });
        }
    }
    out
}

/// Decodes; foreign characters are skipped, the padding may be missing, and another text may
/// follow it.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut group = Group::default();
    for &byte in text {
        match value(byte) {
            _ if byte == b'=' => group.pad(&mut out)?,
            // Between the two signs of a padding stands nothing.
            Some(_) if group.padded > 0 => return None,
            Some(bits) => group.push(bits, &mut out),
            None => {}
        }
    }
    group.end(&mut out)?;
    Some(out)
}

/// Up to four letters.
#[derive(Default)]
struct Group {
    bits: u32,
    letters: usize,
    padded: usize,
}

impl Group {
    fn push(&mut self, bits: u32, out: &mut Vec<u8>) {
        self.bits = self.bits << 6 | bits;
        self.letters += 1;
        if self.letters == 4 {
            out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
            *self = Group::default();
        }
    }

    fn pad(&mut self, out: &mut Vec<u8>) -> Option<()> {
        if self.letters < 2 {
            return None;
        }
        self.padded += 1;
        if self.letters + self.padded == 4 { self.end(out) } else { Some(()) }
    }

    /// What is left of an incomplete group; its last bits must be zero.
    fn end(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let Group { bits, letters, .. } = std::mem::take(self);
        match letters {
            0 => Some(()),
            2 if bits & 15 == 0 => {
                out.push((bits >> 4) as u8);
                Some(())
            }
            3 if bits & 3 == 0 => {
                out.extend_from_slice(&((bits >> 2) as u16).to_be_bytes());
                Some(())
            }
            _ => None,
        }
    }
}

fn value(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}
