//! Requests that ask for a WebSocket.

use std::io::{Read, Write};

use super::site::{Server, Site, rest};
use super::talk::ECHO;

/// With a key whose answer RFC 6455 gives.
pub const UPGRADE: &str = "GET /chat?x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn echo() -> Server {
    Site::new().serve(ECHO)
}

#[test]
fn the_answer_is_the_one_of_the_rfc() {
    let server = echo();
    let mut stream = server.connect();
    stream.write_all(UPGRADE.as_bytes()).unwrap();
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut buffer = vec![0; answer.len()];
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(String::from_utf8(buffer).unwrap(), answer);
}

#[test]
fn a_handshake_that_is_none_is_refused_and_closed() {
    let server = echo();
    let table = [
        ("GET /", "POST /", "400 Bad Request"),
        ("Host: h", "Host: h\r\nHost: i", "400 Bad Request"),
        ("Upgrade: websocket", "Upgrade: h2c", "426 Upgrade Required"),
        ("keep-alive, Upgrade", "keep-alive", "426 Upgrade Required"),
        ("Version: 13", "Version: 8", "426 Upgrade Required"),
        ("Sec-WebSocket-Key", "X-Key", "400 Bad Request"),
        ("dGhl", "", "400 Bad Request"),
        ("Sec-WebSocket-Version", "Content-Length: 3\r\nSec-WebSocket-Version", "400 Bad Request"),
        ("Host: h", "Host: h\r\nSec-WebSocket-Protocol: other", "400 Bad Request"),
        ("HTTP/1.1", "HTTP/1.0", "505 HTTP Version not supported"),
        ("HTTP/1.1", "HTTP/2.0", "505 HTTP Version not supported"),
        ("GET", "\u{16}\u{3}\u{1}", "400 Bad Request"),
    ];
    for (part, replacement, status) in table {
        let answer = server.ask(UPGRADE.replacen(part, replacement, 1));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{replacement:?}: {answer:?}");
        assert_eq!([server.next(), server.next()], ["connect", "close"]);
        assert!(server.next().starts_with("accept false websocket handshake refused: "));
    }
    let long = UPGRADE.replacen("Host: h", &format!("Host: h\r\nX: {}", "x".repeat(9000)), 1);
    assert!(server.ask(long).starts_with("HTTP/1.1 413 "));
}

#[test]
fn the_chat_protocol_is_spoken() {
    let server = echo();
    let mut stream = server.connect();
    stream.write_all(UPGRADE.replacen("Host", "Sec-WebSocket-Protocol: a, chat\r\nHost", 1).as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = String::from_utf8(rest(&mut stream)).unwrap();
    assert!(answer.contains("\r\nSec-WebSocket-Protocol: chat\r\n\r\n"), "{answer}");
}

#[test]
fn a_handshake_that_does_not_end_is_ended() {
    let server = Site::new().serve(&format!("httpd.timeout = 20 {ECHO}"));
    let mut stream = server.connect();
    stream.write_all(&UPGRADE.as_bytes()[..30]).unwrap();
    assert_eq!(rest(&mut stream), b"");
    assert_eq!(server.next(), "connect");
    assert!(server.next().starts_with("error [Socket Error] : read failed"));
    assert_eq!(server.next(), "accept true");
}

#[test]
fn the_address_that_a_proxy_names_is_known() {
    let server = Site::new().serve(
        "function serve(id, address)
            websocket.accept(id, { handshake = function(id) note(websocket.real_ip(id), websocket.is_close(id)) end })
        end",
    );
    let mut stream = server.connect();
    stream.write_all(UPGRADE.replacen("Host", "X-Real-IP: 1.2.3.4\r\nHost", 1).as_bytes()).unwrap();
    assert_eq!(server.next(), "1.2.3.4 false");
}
