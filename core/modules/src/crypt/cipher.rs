//! DES block by block, with either of two paddings. It is old and weak: it is here because clients speak it.

use des::Des;
use des::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

const BLOCK: usize = 8;

/// How the last block is filled up; there is always something filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// A byte 80, then zeros.
    Iso7816,
    /// As many bytes as are missing, each saying how many.
    Pkcs7,
}

impl Padding {
    /// By the number that scripts give it.
    pub(crate) fn of(number: i64) -> Option<Padding> {
        match number {
            0 => Some(Padding::Iso7816),
            1 => Some(Padding::Pkcs7),
            _ => None,
        }
    }

    fn fill(self, text: &mut Vec<u8>) {
        let missing = BLOCK - text.len() % BLOCK;
        let whole = text.len() + missing;
        match self {
            Padding::Iso7816 => {
                text.push(0x80);
                text.resize(whole, 0);
            }
            Padding::Pkcs7 => text.resize(whole, missing as u8),
        }
    }

    /// How long the text is without it.
    fn end(self, text: &[u8]) -> Option<usize> {
        let last = text.len().checked_sub(BLOCK)?;
        match self {
            Padding::Iso7816 => {
                let end = text.iter().rposition(|&byte| byte != 0)?;
                (end >= last && text[end] == 0x80).then_some(end)
            }
            Padding::Pkcs7 => {
                let count = *text.last()?;
                let end = text.len() - usize::from(count).clamp(1, BLOCK);
                text[end..].iter().all(|&byte| byte == count).then_some(end).filter(|_| count > 0)
            }
        }
    }
}

pub(crate) fn encrypt(key: [u8; BLOCK], text: &[u8], padding: Padding) -> Vec<u8> {
    let cipher = Des::new(&Array::from(key));
    let mut out = Vec::with_capacity(text.len() + BLOCK);
    out.extend_from_slice(text);
    padding.fill(&mut out);
    let (blocks, _) = out.as_chunks_mut::<BLOCK>();
    for block in blocks {
        cipher.encrypt_block(block.into());
    }
    out
}

/// Decrypts whole blocks; nothing if the padding is not one.
pub(crate) fn decrypt(key: [u8; BLOCK], text: &[u8], padding: Padding) -> Option<Vec<u8>> {
    let cipher = Des::new(&Array::from(key));
    let mut out = text.to_vec();
    let (blocks, _) = out.as_chunks_mut::<BLOCK>();
    for block in blocks {
        cipher.decrypt_block(block.into());
    }
    out.truncate(padding.end(&out)?);
    Some(out)
}
