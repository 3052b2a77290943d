//! `skynet.crypt`, which clients have as `client.crypt`: keys, digests and ciphers of Skynet's log-in protocol.

use hmac::{Hmac, KeyInit, Mac};
use mlua::{Lua, LuaString, Value};
use sha1::{Digest, Sha1};

use crate::library::{Args, Fault, Library};

mod base64;
mod cipher;
mod exchange;
mod hashes;

use cipher::Padding;

pub(crate) fn open(lua: &Lua) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    keys(&library)?;
    ciphers(&library)?;
    texts(&library)?;
    Ok(library.finish())
}

fn keys(library: &Library<'_>) -> mlua::Result<()> {
    library.add("randomkey", |lua, _| Ok(lua.create_string(random_key()?)?))?;
    library.add("hashkey", |lua, args| {
        let text = args.string(lua, 1)?;
        Ok(lua.create_string(hashes::hashkey(&text.as_bytes()))?)
    })?;
    library.add("hmac64", |lua, args| {
        Ok(lua.create_string(hashes::hmac64(eight(lua, args, 1, "x")?, eight(lua, args, 2, "y")?))?)
    })?;
    library.add("hmac64_md5", |lua, args| {
        Ok(lua.create_string(hashes::hmac64_md5(eight(lua, args, 1, "x")?, eight(lua, args, 2, "y")?))?)
    })?;
    library.add("hmac_hash", |lua, args| {
        let key = eight(lua, args, 1, "key")?;
        let text = args.string(lua, 2)?;
        let hash = hashes::hashkey(&text.as_bytes());
        Ok(lua.create_string(hashes::hmac64(hash, key))?)
    })?;
    library.add("dhexchange", |lua, args| {
        let key = sized(&args.string(lua, 1)?).ok_or_else(|| Fault::text("Invalid dh uint64 key"))?;
        number(lua, exchange::exchange(u64::from_le_bytes(key)))
    })?;
    library.add("dhsecret", |lua, args| {
        let (theirs, key) = (eight(lua, args, 1, "x")?, eight(lua, args, 2, "y")?);
        number(lua, exchange::secret(u64::from_le_bytes(theirs), u64::from_le_bytes(key)))
    })
}

fn ciphers(library: &Library<'_>) -> mlua::Result<()> {
    let padding = library.lua.create_table()?;
    padding.raw_set("iso7816_4", 0)?;
    padding.raw_set("pkcs7", 1)?;
    library.set("padding", padding)?;
    library.add("desencode", |lua, args| {
        let (key, text) = (des_key(lua, args)?, args.string(lua, 2)?);
        let encrypted = cipher::encrypt(key, &text.as_bytes(), padding_of(lua, args)?);
        Ok(lua.create_string(encrypted)?)
    })?;
    library.add("desdecode", |lua, args| {
        let (key, text) = (des_key(lua, args)?, args.string(lua, 2)?);
        let text = text.as_bytes();
        if text.is_empty() || text.len() % 8 != 0 {
            return Err(Fault::text(format!("Invalid des crypt text length {}", text.len())));
        }
        let decrypted = cipher::decrypt(key, &text, padding_of(lua, args)?);
        Ok(lua.create_string(decrypted.ok_or_else(|| Fault::text("Invalid des crypt text"))?)?)
    })
}

fn texts(library: &Library<'_>) -> mlua::Result<()> {
    library.add("hexencode", |lua, args| Ok(lua.create_string(hex(&args.string(lua, 1)?.as_bytes()))?))?;
    library.add("hexdecode", |lua, args| {
        let text = args.string(lua, 1)?;
        let text = text.as_bytes();
        if text.len() % 2 != 0 {
            return Err(Fault::text(format!("Invalid hex text size {}", text.len())));
        }
        Ok(lua.create_string(unhex(&text).ok_or_else(|| Fault::text("Invalid hex text"))?)?)
    })?;
    library
        .add("base64encode", |lua, args| Ok(lua.create_string(base64::encode(&args.string(lua, 1)?.as_bytes()))?))?;
    library.add("base64decode", |lua, args| {
        let decoded = base64::decode(&args.string(lua, 1)?.as_bytes());
        Ok(lua.create_string(decoded.ok_or_else(|| Fault::text("Invalid base64 text"))?)?)
    })?;
    library.add("sha1", |lua, args| Ok(lua.create_string(Sha1::digest(&*args.string(lua, 1)?.as_bytes()))?))?;
    library.add("hmac_sha1", |lua, args| {
        let (key, text) = (args.string(lua, 1)?, args.string(lua, 2)?);
        // A key of any length will do.
        let mut mac = Hmac::<Sha1>::new_from_slice(&key.as_bytes()).map_err(|e| Fault::text(e.to_string()))?;
        mac.update(&text.as_bytes());
        Ok(lua.create_string(mac.finalize().into_bytes())?)
    })?;
    library.add("xor_str", |lua, args| {
        let (text, mask) = (args.string(lua, 1)?, args.string(lua, 2)?);
        let mask = mask.as_bytes();
        if mask.is_empty() {
            return Err(Fault::text("Can't xor empty string"));
        }
        let mixed: Vec<u8> = text.as_bytes().iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b).collect();
        Ok(lua.create_string(mixed)?)
    })
}

/// Eight bytes whose exclusive or is not zero, so that they are not all alike.
fn random_key() -> Result<[u8; 8], Fault> {
    loop {
        let key: [u8; 8] = random()?;
        if key.iter().fold(0, |all, byte| all ^ byte) != 0 {
            return Ok(key);
        }
    }
}

/// Bytes from the operating system, which nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Fault::text(format!("no random bytes: {e}")))?;
    Ok(bytes)
}

fn sized<const N: usize>(text: &LuaString) -> Option<[u8; N]> {
    (*text.as_bytes()).try_into().ok()
}

fn eight(lua: &Lua, args: &Args, at: usize, name: &str) -> Result<[u8; 8], Fault> {
    sized(&args.string(lua, at)?).ok_or_else(|| Fault::text(format!("Invalid uint64 {name}")))
}

fn number(lua: &Lua, number: Option<u64>) -> Result<LuaString, Fault> {
    let number = number.ok_or_else(|| Fault::text("Can't be 0"))?;
    Ok(lua.create_string(number.to_le_bytes())?)
}

fn des_key(lua: &Lua, args: &Args) -> Result<[u8; 8], Fault> {
    let key = args.string(lua, 1)?;
    let size = key.as_bytes().len();
    sized(&key).ok_or_else(|| Fault::text(format!("Invalid key size {size}, need 8 bytes")))
}

fn padding_of(lua: &Lua, args: &Args) -> Result<Padding, Fault> {
    let mode = args.integer_or(lua, 3, 0)?;
    Padding::of(mode).ok_or_else(|| Fault::text(format!("Invalid padding mode {mode}")))
}

/// Two lower-case digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// A byte for each two digits.
pub(crate) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.chunks(2).map(|two| Some(digit(two[0])? << 4 | digit(*two.get(1)?)?)).collect()
}
