//! What must hold for any bytes at all.
//!
//! Shared by the property tests, the replay of the corpus and the fuzz
//! targets of `core/fuzz`: each function panics if a promise is broken.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use skyloom_wire::frame::{FrameError, Length16, Lines};
use skyloom_wire::http::{BodyLength, Headers, Request, RequestHead, RequestOutline, ResponseOutline, parse_headers};
use skyloom_wire::seri::{Reader, decode_values, encode_values, from_bytes, to_bytes};
use skyloom_wire::websocket::Socket;
use skyloom_wire::{Bytes, Value};

mod records;

#[allow(unused_imports, reason = "each test runs what it is about")]
pub(crate) use records::{bson, sproto};

const LIMIT: usize = 200;

/// A type of every kind that serde knows.
#[derive(Debug, Serialize, Deserialize)]
enum Kind {
    Unit,
    Newtype(Option<i64>),
    Tuple(String, Vec<f64>, Option<Box<Kind>>),
    Struct { any: Value, bytes: Bytes, map: BTreeMap<i32, Vec<Kind>> },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u8),
    Text(String),
    Many(Vec<Loose>),
    Map(BTreeMap<String, Loose>),
    Kind(Kind),
}

/// The serialiser: nothing panics, and what was read is written so that it
/// reads the same again.
pub(crate) fn seri(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let mut before = bytes.len() + 1;
    while let Ok(Some(_)) = reader.next() {
        assert!(reader.remaining() < before, "each token takes a byte at least");
        before = reader.remaining();
    }
    if let Ok(values) = decode_values(bytes) {
        let first = encode_values(&values).expect("it came out of a stream");
        let again = decode_values(&first).expect("it was just written");
        assert_eq!(encode_values(&again), Ok(first));
        assert!(from_bytes::<IgnoredAny>(bytes).is_ok(), "a type wants no less than a value");
        assert!(from_bytes::<Value>(bytes).is_ok());
    }
    typed::<Kind>(bytes);
    typed::<Loose>(bytes);
    typed::<Value>(bytes);
    typed::<(bool, Kind, Option<Loose>)>(bytes);
    typed::<BTreeMap<String, Vec<(u8, Option<u8>)>>>(bytes);
}

fn typed<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) {
    if let Ok(value) = from_bytes::<T>(bytes) {
        // A peer may send a NaN as a key, which is never written.
        let Ok(first) = to_bytes(&value) else { return };
        let again: T = from_bytes(&first).unwrap_or_else(|e| panic!("{value:?} does not come back: {e}"));
        assert_eq!(to_bytes(&again), Ok(first), "{value:?} comes back as {again:?}");
    }
}

/// The framers: frames do not depend on how the bytes arrive.
pub(crate) fn frame(bytes: &[u8]) {
    let whole = lines(bytes, usize::MAX);
    let frames = length16(bytes, usize::MAX);
    for size in [1, 3, 64] {
        assert_eq!(lines(bytes, size), whole, "lines by {size}");
        assert_eq!(length16(bytes, size), frames, "frames by {size}");
    }
}

fn lines(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, bool) {
    let mut framer = Lines::new(LIMIT);
    pieces(bytes, size, |piece, out| {
        framer.push(piece);
        while let Some(line) = framer.next()? {
            assert!(line.len() <= LIMIT && !line.contains(&b'\n'));
            out.push(line.to_vec());
        }
        Ok(())
    })
}

fn length16(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, bool) {
    let mut framer = Length16::new(LIMIT);
    pieces(bytes, size, |piece, out| {
        framer.push(piece);
        while let Some(frame) = framer.next()? {
            assert!(frame.len() <= LIMIT);
            out.push(frame.to_vec());
        }
        Ok(())
    })
}

/// All frames, and whether the stream was fine to its end.
fn pieces(
    bytes: &[u8],
    size: usize,
    mut feed: impl FnMut(&[u8], &mut Vec<Vec<u8>>) -> Result<(), FrameError>,
) -> (Vec<Vec<u8>>, bool) {
    let mut out = Vec::new();
    let fine = bytes.chunks(size).all(|piece| feed(piece, &mut out).is_ok());
    (out, fine)
}

/// The head of a request: the answer does not depend on how it arrives.
pub(crate) fn http(bytes: &[u8]) {
    let mut whole = RequestHead::new(LIMIT);
    whole.push(bytes);
    let answer = whole.next();
    let rest = whole.into_rest();
    for size in [1, 3, 64] {
        let mut head = RequestHead::new(LIMIT);
        let mut pushed = 0;
        let mut now = Ok(None);
        for piece in bytes.chunks(size) {
            head.push(piece);
            pushed += piece.len();
            now = head.next();
            if now != Ok(None) {
                break;
            }
        }
        // Without a byte nobody asked.
        if !bytes.is_empty() {
            assert_eq!(now, answer, "by {size}");
        }
        if let Ok(Some(_)) = now {
            assert_eq!([&head.into_rest(), &bytes[pushed..]].concat(), rest, "by {size}");
        }
    }
    if let Ok(Some(request)) = answer {
        let _ = skyloom_wire::websocket::upgrade(&request);
        let _ = skyloom_wire::websocket::same_origin(&request);
    }
    outlines(bytes);
}

/// Heads of what may have a body: nobody can read its length in another way.
fn outlines(bytes: &[u8]) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let head = &bytes[..end];
    if let Ok(outline) = RequestOutline::parse(head) {
        check_length(&outline.headers, outline.body);
        assert_ne!(outline.body, BodyLength::UntilClose, "a server would wait for ever");
        if Request::parse(head).is_ok() {
            assert_eq!(outline.body, BodyLength::Known(0), "the other parser takes none with a body");
        }
    }
    if let Ok(outline) = ResponseOutline::parse("GET", head) {
        check_length(&outline.headers, outline.body);
    }
    let _ = parse_headers(head);
}

fn check_length(headers: &Headers, body: BodyLength) {
    let lengths = headers.all("content-length").count();
    let codings = headers.all("transfer-encoding").count();
    assert!(lengths + codings <= 1, "{lengths} lengths and {codings} codings");
    assert!(codings == 1 || body != BodyLength::Chunked);
}

/// An open WebSocket, either side: its events do not depend on how the bytes
/// arrive.
pub(crate) fn websocket(bytes: &[u8]) {
    for side in [Socket::server, Socket::client] {
        let whole = conversation(side(LIMIT), bytes, usize::MAX);
        for size in [1, 3, 64] {
            assert_eq!(conversation(side(LIMIT), bytes, size), whole, "by {size}");
        }
    }
}

fn conversation(mut socket: Socket, bytes: &[u8], size: usize) -> (Vec<String>, bool, usize) {
    let mut events = Vec::new();
    let mut sent = 0;
    for piece in bytes.chunks(size) {
        socket.push(piece);
        loop {
            match socket.next() {
                Ok(Some(event)) => events.push(format!("{event:?}")),
                Ok(None) => break,
                Err(error) => events.push(format!("{error:?}")),
            }
        }
        sent += socket.take_output().len();
    }
    assert_eq!(socket.is_open(), !socket.is_finished());
    (events, socket.is_finished(), sent)
}
