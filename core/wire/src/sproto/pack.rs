//! Leaves out zeros, eight bytes at a time.

use super::SprotoError;

const GROUP: usize = 8;
/// From this many bytes on that are no zeros a group may continue a run of raw groups.
const NEARLY_FULL: usize = 6;
const LONGEST_RUN: usize = 256;

/// Packs; a last group that is not whole is filled up with zeros.
#[must_use]
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2 + GROUP);
    let mut groups = bytes.chunks(GROUP).map(padded).peekable();
    while let Some(group) = groups.next() {
        let mask = mask(group);
        if mask != 0xff {
            out.push(mask);
            out.extend(group.iter().filter(|byte| **byte != 0));
            continue;
        }
        out.push(mask);
        let count = out.len();
        out.push(0);
        out.extend_from_slice(&group);
        let mut run = 1;
        while run < LONGEST_RUN {
            let Some(next) = groups.next_if(|group| self::mask(*group).count_ones() as usize >= NEARLY_FULL) else {
                break;
            };
            out.extend_from_slice(&next);
            run += 1;
        }
        out[count] = (run - 1) as u8;
    }
    out
}

/// Undoes [`pack`]; the filling stays.
///
/// # Errors
///
/// [`SprotoError::Unpack`] if the bytes end in a group.
pub fn unpack(mut bytes: &[u8]) -> Result<Vec<u8>, SprotoError> {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    while let Some((&mask, rest)) = bytes.split_first() {
        bytes = rest;
        if mask == 0xff {
            let (&count, rest) = bytes.split_first().ok_or(SprotoError::Unpack)?;
            let run = (usize::from(count) + 1) * GROUP;
            let (raw, rest) = rest.split_at_checked(run).ok_or(SprotoError::Unpack)?;
            out.extend_from_slice(raw);
            bytes = rest;
            continue;
        }
        for bit in 0..GROUP {
            let byte = match mask >> bit & 1 {
                0 => 0,
                _ => {
                    let (&byte, rest) = bytes.split_first().ok_or(SprotoError::Unpack)?;
                    bytes = rest;
                    byte
                }
            };
            out.push(byte);
        }
    }
    Ok(out)
}

fn padded(bytes: &[u8]) -> [u8; GROUP] {
    let mut group = [0; GROUP];
    group[..bytes.len()].copy_from_slice(bytes);
    group
}

/// A bit for each byte that is not zero.
fn mask(group: [u8; GROUP]) -> u8 {
    group.iter().enumerate().fold(0, |mask, (at, byte)| mask | u8::from(*byte != 0) << at)
}
