//! Frames as a server writes them: whole and without a mask.

/// First byte of a whole text message.
const TEXT: u8 = 0x81;
/// First byte of a whole binary message.
const BINARY: u8 = 0x82;

/// Appends a text message as a server sends it.
///
/// The same bytes do for every client, so a line for a thousand of them is
/// framed once. They go to the connection of an open
/// [`Socket`](super::Socket), behind its output.
pub fn text_frame(text: &str, out: &mut Vec<u8>) {
    frame(TEXT, text.as_bytes(), out);
}

/// Appends a binary message as a server sends it; see [`text_frame`].
pub fn binary_frame(bytes: &[u8], out: &mut Vec<u8>) {
    frame(BINARY, bytes, out);
}

fn frame(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(10 + payload.len());
    out.push(first);
    let len = payload.len();
    if len < 126 {
        out.push(len as u8);
    } else if let Ok(short) = u16::try_from(len) {
        out.push(126);
        out.extend_from_slice(&short.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(len as u64).to_be_bytes());
    }
    out.extend_from_slice(payload);
}
