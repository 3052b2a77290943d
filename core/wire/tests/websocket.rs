//! WebSockets from the first request to the last goodbye.

use skyloom_wire::http::{Request, RequestHead};
use skyloom_wire::websocket::{
    Event, Handshake, HandshakeError, Refusal, Socket, WsError, same_origin, text_frame, upgrade,
};

const HEAD: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example:8000\r\n\
    Upgrade: websocket\r\n\
    Connection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

fn request(head: &str) -> Request {
    Request::parse(head.as_bytes()).expect("a valid request")
}

/// A frame as a client sends it, masked with zeroes.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

fn events(socket: &mut Socket, bytes: &[u8]) -> Result<Vec<Event>, WsError> {
    socket.push(bytes);
    let mut all = Vec::new();
    while let Some(event) = socket.next()? {
        all.push(event);
    }
    Ok(all)
}

fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    let mut bytes = vec![0x88, 2 + reason.len() as u8];
    bytes.extend_from_slice(&code.to_be_bytes());
    bytes.extend_from_slice(reason.as_bytes());
    bytes
}

#[test]
fn the_key_of_the_standard_gets_the_answer_of_the_standard() {
    let answer = upgrade(&request(HEAD)).expect("a proper upgrade");
    let text = String::from_utf8(answer).expect("all of it is text");
    assert!(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    assert!(text.ends_with("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
}

#[test]
fn an_improper_upgrade_is_refused_with_the_reason() {
    let changed = |from: &str, to: &str| upgrade(&request(&HEAD.replace(from, to)));
    assert_eq!(changed("GET", "POST"), Err(Refusal::NotAnUpgrade));
    assert_eq!(changed("HTTP/1.1", "HTTP/1.0"), Err(Refusal::NotAnUpgrade));
    assert_eq!(changed("Upgrade: websocket", "Upgrade: h2c"), Err(Refusal::NotAnUpgrade));
    assert_eq!(changed("keep-alive, Upgrade", "close"), Err(Refusal::NotAnUpgrade));
    assert_eq!(changed("Version: 13", "Version: 8"), Err(Refusal::Version));
    assert_eq!(changed("dGhl", "short"), Err(Refusal::Key));
    let told = String::from_utf8(Refusal::Version.response().encode()).expect("text");
    assert!(told.starts_with("HTTP/1.1 426 ") && told.contains("Sec-WebSocket-Version: 13\r\n"));
}

#[test]
fn only_pages_of_this_server_share_its_origin() {
    let from = |line: &str| same_origin(&request(&HEAD.replace("Upgrade: websocket", &format!("{line}\r\nA: b"))));
    assert!(from("X: y"), "a program that is no browser");
    assert!(from("Origin: http://server.example:8000"));
    assert!(from("Origin: https://SERVER.example:8000"));
    assert!(!from("Origin: http://server.example"));
    assert!(!from("Origin: http://evil.example"));
    assert!(!from("Origin: null"));
    assert!(!from("Origin: http://server.example:8000\r\nOrigin: http://server.example:8000"));
}

#[test]
fn client_and_server_meet_and_talk_in_pieces_of_any_size() {
    for size in [1, 2, 7, 1000] {
        let mut handshake = Handshake::new("localhost", "/chat?x=1", 100).expect("plain address");
        let mut head = RequestHead::new(8192);
        head.push(handshake.request());
        let asked = head.next().expect("valid").expect("whole");
        assert_eq!(asked.target(), "/chat?x=1");
        let mut bytes = upgrade(&asked).expect("a proper upgrade");
        let mut server = Socket::server(100);
        server.send_text("welcome").expect("open");
        bytes.extend(server.take_output());

        let mut client = None;
        let mut heard = Vec::new();
        for piece in bytes.chunks(size) {
            match &mut client {
                None => {
                    handshake.push(piece);
                    client = handshake.next().expect("agreed");
                }
                Some(client) => client.push(piece),
            }
            if let Some(client) = &mut client {
                heard.extend(events(client, &[]).expect("well-behaved"));
            }
        }
        assert_eq!(heard, [Event::Text("welcome".into())], "by {size}");
    }
}

#[test]
fn a_server_that_answers_wrongly_is_not_believed() {
    let answered = |bytes: &[u8]| {
        let mut handshake = Handshake::new("localhost", "/", 100).expect("plain address");
        handshake.push(bytes);
        handshake.next().map(|_| ())
    };
    let not_ours = upgrade(&request(HEAD)).expect("a proper upgrade");
    assert_eq!(answered(&not_ours), Err(HandshakeError::Mismatch("Sec-WebSocket-Accept")));
    assert_eq!(answered(b"HTTP/1.1 403 No\r\n\r\n"), Err(HandshakeError::Refused(403)));
    assert!(matches!(answered(b"hello\r\n\r\n"), Err(HandshakeError::Http(_))));
    for (host, path) in [("", "/"), ("a b", "/"), ("a", "x"), ("a", "/\r\nX: y")] {
        assert_eq!(Handshake::new(host, path, 1).err(), Some(HandshakeError::Address));
    }
}

#[test]
fn messages_of_every_length_arrive_in_both_directions() {
    let (mut server, mut client) = (Socket::server(70_000), Socket::client(70_000));
    for len in [0, 1, 125, 126, 65535, 65536] {
        let text = "x".repeat(len);
        server.send_text(&text).expect("open");
        client.send_binary(text.as_bytes()).expect("open");
        let heard = events(&mut client, &server.take_output());
        assert_eq!(heard, Ok(vec![Event::Text(text.clone())]), "{len}");
        let heard = events(&mut server, &client.take_output());
        assert_eq!(heard, Ok(vec![Event::Binary(text.into_bytes())]), "{len}");
    }
}

#[test]
fn a_line_framed_once_reads_as_one_sent_to_each() {
    let mut framed = Vec::new();
    text_frame("news", &mut framed);
    let mut server = Socket::server(100);
    server.send_text("news").expect("open");
    assert_eq!(server.take_output(), framed);
    assert_eq!(events(&mut Socket::client(100), &framed), Ok(vec![Event::Text("news".into())]));
}

#[test]
fn fragments_become_one_message_with_a_ping_between_them() {
    let mut server = Socket::server(100);
    let mut bytes = masked(0x01, "grü".as_bytes());
    bytes.extend(masked(0x89, b"?"));
    bytes.extend(masked(0x80, "ße".as_bytes()));
    let heard = events(&mut server, &bytes);
    assert_eq!(heard, Ok(vec![Event::Ping, Event::Text("grüße".into())]));
    assert_eq!(server.take_output(), [0x8a, 1, b'?'], "the pong");
}

#[test]
fn a_ping_of_ours_is_answered() {
    let (mut server, mut client) = (Socket::server(9), Socket::client(9));
    server.ping().expect("open");
    assert_eq!(events(&mut client, &server.take_output()), Ok(vec![Event::Ping]));
    assert_eq!(events(&mut server, &client.take_output()), Ok(vec![Event::Pong]));
}

#[test]
fn a_message_over_the_limit_closes_with_1009() {
    let error = WsError::TooLarge { size: 11, limit: 10 };
    let reason = "message of 11 bytes exceeds 10";
    let mut server = Socket::server(10);
    assert_eq!(events(&mut server, &masked(0x82, &[0; 11])), Err(error.clone()));
    assert_eq!(server.take_output(), close_frame(1009, reason));
    // In fragments that are small enough each.
    let mut server = Socket::server(10);
    let mut bytes = masked(0x02, &[0; 6]);
    bytes.extend(masked(0x80, &[0; 5]));
    assert_eq!(events(&mut server, &bytes), Err(error));
    assert_eq!(server.take_output(), close_frame(1009, reason));
}

#[test]
fn a_length_that_is_only_claimed_is_refused_before_the_bytes_come() {
    let mut server = Socket::server(1000);
    let claim = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let heard = events(&mut server, &[&claim[..], &[0; 4]].concat());
    assert!(matches!(heard, Err(WsError::TooLarge { limit: 1000, .. })), "{heard:?}");
}

#[test]
fn text_that_is_not_utf8_closes_with_1007() {
    let mut server = Socket::server(100);
    assert_eq!(events(&mut server, &masked(0x81, b"a\xff")), Err(WsError::NotUtf8));
    assert_eq!(server.take_output(), close_frame(1007, "text message is not UTF-8"));
}

#[test]
fn a_breach_of_the_protocol_closes_with_1002() {
    let breaches: [&[u8]; 4] = [
        &[0x81, 1, b'a'],             // not masked
        &masked(0xc1, b"a"),          // a reserved bit
        &masked(0x80, b"a"),          // continues nothing
        &masked(0x09, b"fragmented"), // a ping in fragments
    ];
    for breach in breaches {
        let mut server = Socket::server(100);
        let error = events(&mut server, breach).expect_err("a breach");
        assert!(matches!(error, WsError::Protocol(_)), "{breach:02x?}: {error:?}");
        assert_eq!(server.take_output()[..4][2..], 1002u16.to_be_bytes());
        assert!(server.is_finished());
    }
}

#[test]
fn after_an_error_nothing_more_is_read_or_written() {
    let mut server = Socket::server(100);
    assert!(events(&mut server, &masked(0x81, b"\xff")).is_err());
    drop(server.take_output());
    assert_eq!(events(&mut server, &masked(0x81, b"more")), Ok(vec![]));
    assert_eq!(server.send_text("more"), Err(WsError::Closed));
    server.close(1000, "");
    assert!(server.take_output().is_empty());
}

#[test]
fn a_goodbye_of_the_peer_is_answered_and_reported_once() {
    let mut server = Socket::server(100);
    let bytes = [masked(0x88, &[0x03, 0xe9]), masked(0x81, b"too late")].concat();
    assert_eq!(events(&mut server, &bytes), Ok(vec![Event::Closed { code: 1001 }]));
    assert_eq!(server.take_output(), close_frame(1001, ""));
    assert!(server.is_finished() && !server.is_open());
    let mut server = Socket::server(100);
    assert_eq!(events(&mut server, &masked(0x88, b"")), Ok(vec![Event::Closed { code: 1005 }]));
}

#[test]
fn a_goodbye_of_ours_waits_for_the_answer_and_hears_nothing_else() {
    let (mut server, mut client) = (Socket::server(100), Socket::client(100));
    client.send_text("still talking").expect("open");
    server.close(1008, "too many lines");
    assert!(!server.is_open() && !server.is_finished());
    assert_eq!(server.send_text("x"), Err(WsError::Closed));
    let heard = events(&mut client, &server.take_output());
    assert_eq!(heard, Ok(vec![Event::Closed { code: 1008 }]));
    let heard = events(&mut server, &client.take_output());
    assert_eq!(heard, Ok(vec![Event::Closed { code: 1008 }]));
    assert!(server.is_finished() && client.is_finished());
}

#[test]
fn a_goodbye_that_may_not_be_sent_is_made_fit() {
    let mut server = Socket::server(100);
    server.close(1005, &"ß".repeat(100));
    assert_eq!(server.take_output(), close_frame(1000, &"ß".repeat(61)));
}
