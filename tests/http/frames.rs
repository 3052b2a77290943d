//! Frames of a WebSocket, right ones and wrong ones.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::handshakes::UPGRADE;
use super::site::{Server, Site, rest};
use super::talk::ECHO;

/// A frame as a client sends it: the first byte as given, masked.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64, 0x80);
    let mask = [1, 2, 3, 4];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn header(first: u8, len: u64, flag: u8) -> Vec<u8> {
    match len {
        0..126 => vec![first, flag | len as u8],
        126..65536 => [&[first, flag | 126][..], &(len as u16).to_be_bytes()].concat(),
        _ => [&[first, flag | 127][..], &len.to_be_bytes()].concat(),
    }
}

/// A connection that is a WebSocket already, and what the server has noted about that is read.
fn open(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(UPGRADE.as_bytes()).unwrap();
    let mut byte = [0];
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert_eq!(server.next(), "connect");
    assert!(server.next().starts_with("handshake /chat?x h "));
    stream
}

#[track_caller]
fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(got, bytes);
}

#[test]
fn messages_keep_their_kind_and_fragments_are_joined() {
    let server = Site::new().serve(ECHO);
    let mut stream = open(&server);
    stream.write_all(&masked(0x81, b"text")).unwrap();
    expect(&mut stream, b"\x81\x04text");
    stream.write_all(&masked(0x82, b"\xff\x00")).unwrap();
    expect(&mut stream, b"\x82\x02\xff\x00");
    // A ping between two fragments is answered at once.
    let parts = [masked(0x01, b"ab"), masked(0x89, b"there?"), masked(0x00, b""), masked(0x80, b"cd")];
    stream.write_all(&parts.concat()).unwrap();
    expect(&mut stream, b"\x8a\x06there?\x81\x04abcd");
    assert_eq!(server.next(), "ping");
    stream.write_all(&masked(0x8a, b"")).unwrap();
    assert_eq!(server.next(), "pong");
}

#[test]
fn frames_that_hurry_behind_the_handshake_are_not_lost() {
    let server = Site::new().serve(ECHO);
    let mut stream = server.connect();
    let bytes = [UPGRADE.as_bytes(), &masked(0x81, b"early"), &masked(0x88, b"\x03\xe8bye")].concat();
    stream.write_all(&bytes).unwrap();
    let all = rest(&mut stream);
    assert!(all.ends_with(b"\r\n\r\n\x81\x05early\x88\x05\x03\xe8bye"), "{:?}", String::from_utf8_lossy(&all));
    let noted: Vec<_> = (0..4).map(|_| server.next()).collect();
    assert_eq!(noted[2..], ["close 1000 bye", "accept true nil"]);
}

#[test]
fn a_close_frame_is_answered_and_told_with_code_and_reason() {
    let server = Site::new().serve(ECHO);
    for (payload, noted) in [(&b""[..], "close nil nil"), (b"\x03\xe9going", "close 1001 going")] {
        let mut stream = open(&server);
        stream.write_all(&masked(0x88, payload)).unwrap();
        let answer = rest(&mut stream);
        assert_eq!(answer, [&[0x88, payload.len() as u8], payload].concat());
        assert_eq!([server.next(), server.next()], [noted, "accept true nil"]);
    }
}

#[test]
fn what_breaks_the_protocol_is_closed_with_the_code_that_says_why() {
    let server = Site::new().serve(ECHO);
    let big = vec![b'x'; 200 << 10];
    let table: &[(&str, u16, Vec<u8>)] = &[
        ("no mask", 1002, [header(0x81, 2, 0), b"hi".to_vec()].concat()),
        ("an unknown opcode", 1002, masked(0x83, b"hi")),
        ("a reserved bit", 1002, masked(0xc1, b"hi")),
        ("a continuation of nothing", 1002, masked(0x80, b"hi")),
        ("a text inside of a text", 1002, [masked(0x01, b"hi"), masked(0x81, b"hi")].concat()),
        ("a ping in fragments", 1002, masked(0x09, b"hi")),
        ("a ping that is too long", 1002, masked(0x89, &[b'x'; 126])),
        ("half a close code", 1002, masked(0x88, b"\x03")),
        ("a text that is not UTF-8", 1007, masked(0x81, b"\xff")),
        ("a message over 256 KiB", 1009, header(0x82, (256 << 10) + 1, 0x80)),
        ("a message beyond any memory", 1009, header(0x82, u64::MAX >> 1, 0x80)),
        ("fragments that are too long together", 1009, [masked(0x02, &big), masked(0x80, &big)].concat()),
    ];
    for (what, code, bytes) in table {
        let mut stream = open(&server);
        let _ = stream.write_all(&[&bytes[..], &[1, 2, 3, 4]].concat());
        let answer = rest(&mut stream);
        assert_eq!(answer.get(..1), Some(&[0x88][..]), "{what}");
        assert_eq!(answer.get(2..4), Some(&code.to_be_bytes()[..]), "{what}");
        let noted = server.next();
        assert!(
            noted.starts_with("error [Socket Error] : ") && noted.ends_with(&format!("code = {code}")),
            "{what}: {noted}"
        );
        assert_eq!(server.next(), "accept true", "{what}");
    }
}

#[test]
fn a_message_of_256_kib_is_heard() {
    let server = Site::new().serve(ECHO);
    let mut stream = open(&server);
    let big = vec![b'x'; 256 << 10];
    let frame = masked(0x82, &big);
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(&frame).unwrap());
    expect(&mut stream, &[header(0x82, 256 << 10, 0), big].concat());
    writing.join().unwrap();
}

#[test]
fn frames_without_a_mask_are_taken_where_that_is_allowed() {
    let server = Site::new().serve(
        "function serve(id)
            websocket.accept(id, { message = function(_, data) note(data) end }, 'ws', '', { unmasked = true })
        end",
    );
    let mut stream = server.connect();
    stream.write_all(&[UPGRADE.as_bytes(), b"\x81\x02hi"].concat()).unwrap();
    assert_eq!(server.next(), "hi");
}

#[test]
fn a_connection_that_ends_without_goodbye_is_an_error() {
    let server = Site::new().serve(ECHO);
    drop(open(&server));
    assert!(server.next().starts_with("error [Socket Error] : read failed fd = "));
    assert_eq!(server.next(), "accept true");
}
