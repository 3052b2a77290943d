//! The digests that are Skynet's own.

use md5::Digest;
use md5::block_api::compress;

/// How MD5 begins (RFC 1321, 3.3).
const BEGINNING: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// Eight bytes that stand for a text: two old hashes side by side.
pub(crate) fn hashkey(text: &[u8]) -> [u8; 8] {
    let mut djb: u32 = 5381;
    let mut js: u32 = 1_315_423_911;
    for &byte in text {
        let byte = u32::from(byte);
        djb = djb.wrapping_mul(33).wrapping_add(byte);
        js ^= (js << 5).wrapping_add(byte).wrapping_add(js >> 2);
    }
    pair(djb, js)
}

/// What one step of MD5 makes of two keys, folded.
pub(crate) fn hmac64(x: [u8; 8], y: [u8; 8]) -> [u8; 8] {
    let quarter = [high(x), low(x), high(y), low(y)].concat();
    let mut block = [0; 64];
    for part in block.chunks_exact_mut(16) {
        part.copy_from_slice(&quarter);
    }
    let mut state = BEGINNING;
    compress(&mut state, &[block]);
    // Skynet leaves out the sum that ends a step.
    for (word, beginning) in state.iter_mut().zip(BEGINNING) {
        *word = word.wrapping_sub(beginning);
    }
    let [a, b, c, d] = state;
    pair(c ^ d, a ^ b)
}

/// A whole MD5 of two keys, folded.
pub(crate) fn hmac64_md5(x: [u8; 8], y: [u8; 8]) -> [u8; 8] {
    let digest = md5::Md5::digest([x, y].concat().repeat(3));
    std::array::from_fn(|at| digest[at] ^ digest[at + 8])
}

fn high(x: [u8; 8]) -> [u8; 4] {
    [x[4], x[5], x[6], x[7]]
}

fn low(x: [u8; 8]) -> [u8; 4] {
    [x[0], x[1], x[2], x[3]]
}

fn pair(low: u32, high: u32) -> [u8; 8] {
    (u64::from(high) << 32 | u64::from(low)).to_le_bytes()
}
