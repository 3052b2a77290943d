//! `md5`: digests, and the simple cipher that the library of that name has always had.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use mlua::{Lua, Value};

use crate::crypt::{hex, random};
use crate::library::{Fault, Library};

/// The size of a digest, and of the cipher's blocks.
const BLOCK: usize = 16;
const LONGEST_KEY: usize = 256;

pub(crate) fn open(lua: &Lua) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    library.add("sum", |lua, args| Ok(lua.create_string(Md5::digest(&*args.string(lua, 1)?.as_bytes()))?))?;
    library.add("sumhexa", |lua, args| Ok(lua.create_string(hex(&Md5::digest(&*args.string(lua, 1)?.as_bytes())))?))?;
    library.add("hmacmd5", |lua, args| {
        let (text, key) = (args.string(lua, 1)?, args.string(lua, 2)?);
        let mut mac = Hmac::<Md5>::new_from_slice(&key.as_bytes()).map_err(|e| Fault::text(e.to_string()))?;
        mac.update(&text.as_bytes());
        Ok(lua.create_string(hex(&mac.finalize().into_bytes()))?)
    })?;
    library.add("exor", |lua, args| {
        let (a, b) = (args.string(lua, 1)?, args.string(lua, 2)?);
        let (a, b) = (a.as_bytes(), b.as_bytes());
        if a.len() != b.len() {
            return Err(Fault::argument(2, "lengths must be equal"));
        }
        Ok(lua.create_string(mixed(&a, &b))?)
    })?;
    library.add("crypt", |lua, args| {
        let (text, key) = (args.string(lua, 1)?, args.string(lua, 2)?);
        let seed = match args.is_none_or_nil(3) {
            true => random::<BLOCK>()?.to_vec(),
            false => args.string(lua, 3)?.as_bytes().to_vec(),
        };
        Ok(lua.create_string(encrypt(&text.as_bytes(), &key.as_bytes(), &seed)?)?)
    })?;
    library.add("decrypt", |lua, args| {
        let (text, key) = (args.string(lua, 1)?, args.string(lua, 2)?);
        Ok(lua.create_string(decrypt(&text.as_bytes(), &key.as_bytes())?)?)
    })?;
    Ok(library.finish())
}

fn mixed(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

/// The seed's length, the seed, and the text: each block mixed with a digest of the one before it and the key.
fn encrypt(text: &[u8], key: &[u8], seed: &[u8]) -> Result<Vec<u8>, Fault> {
    check_key(key)?;
    let mut last = first_block(seed).ok_or_else(|| Fault::text("seed too long (> 16)"))?;
    let mut out = vec![seed.len() as u8];
    out.extend_from_slice(seed);
    for plain in text.chunks(BLOCK) {
        last = mixed(plain, &Md5::digest([&last, key].concat()));
        out.extend_from_slice(&last);
    }
    Ok(out)
}

fn decrypt(text: &[u8], key: &[u8]) -> Result<Vec<u8>, Fault> {
    check_key(key)?;
    let parts = text.split_first().and_then(|(&size, rest)| rest.split_at_checked(usize::from(size)));
    let wrong = || Fault::argument(1, "invalid cyphered string");
    let (seed, rest) = parts.ok_or_else(wrong)?;
    let mut last = first_block(seed).ok_or_else(wrong)?;
    let mut out = Vec::with_capacity(rest.len());
    for secret in rest.chunks(BLOCK) {
        out.extend(mixed(secret, &Md5::digest([&last, key].concat())));
        last = secret.to_vec();
    }
    Ok(out)
}

fn first_block(seed: &[u8]) -> Option<Vec<u8>> {
    let mut block = seed.to_vec();
    block.resize(BLOCK, 0);
    (seed.len() <= BLOCK).then_some(block)
}

fn check_key(key: &[u8]) -> Result<(), Fault> {
    if key.len() > LONGEST_KEY { Err(Fault::text("key too long (> 256)")) } else { Ok(()) }
}
