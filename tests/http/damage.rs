//! Bytes that were right once: whatever happens to them, the server answers or hangs up, and goes on.

use std::io::Write;
use std::net::Shutdown;

use super::handshakes::UPGRADE;
use super::site::{Server, Site, rest};
use super::talk::ECHO;

/// A small generator: the same damage in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % sides
    }
}

/// Changes, drops and repeats a few bytes.
fn damage(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len());
        match dice.roll(4) {
            0 => bytes[at] = dice.roll(256) as u8,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\r\n\0:0 ,;"[dice.roll(8)]),
            _ => {
                let end = (at + dice.roll(20)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

fn send(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = server.connect();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    rest(&mut stream)
}

#[test]
fn a_damaged_request_is_answered_or_dropped() {
    let server = Site::new().serve(
        "httpd.bodylimit = 1000
        function serve(id)
            socket.start(id)
            local write = sockethelper.writefunc(id)
            local status, why = httpd.read_request(sockethelper.readfunc(id))
            if status then
                assert(httpd.write_response(write, status, 'x'))
            elseif why ~= sockethelper.socket_error then
                note(why)
            end
            socket.close(id)
        end",
    );
    let head = "POST /a?b HTTP/1.1\r\nHost: h\r\nX-A: b\r\n";
    let requests = [
        format!("{head}Content-Length: 11\r\n\r\nhello world"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nT: u\r\n\r\n"),
    ];
    let mut dice = Dice(7);
    for round in 0..600 {
        let request = damage(requests[round % 2].as_bytes(), &mut dice);
        let answer = send(&server, &request);
        let is_answer = answer.is_empty() || answer.starts_with(b"HTTP/1.1 ");
        assert!(is_answer, "{:?}", String::from_utf8_lossy(&request));
    }
    assert!(send(&server, requests[0].as_bytes()).starts_with(b"HTTP/1.1 200 OK\r\n"));
    // Nothing but statuses and ends of connections: no error of the parser's own.
    assert_eq!(server.count_of_notes(), 0);
}

#[test]
fn a_damaged_websocket_is_closed() {
    let script = format!("note = function() end {ECHO}");
    let server = Site::new().serve(&script);
    let frames = b"\x81\x85\x01\x02\x03\x04igohk\x89\x81\x01\x02\x03\x04q\x02\x82\x00\x00\x00\x00ab\x80\x82\x00\x00\x00\x00cd\x88\x82\x00\x00\x00\x00\x03\xe8";
    let mut dice = Dice(11);
    for _ in 0..300 {
        let frames = damage(frames, &mut dice);
        let answer = send(&server, &[UPGRADE.as_bytes(), &frames].concat());
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{frames:?}");
    }
    for _ in 0..100 {
        let answer = send(&server, &damage(UPGRADE.as_bytes(), &mut dice));
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "));
    }
    assert!(send(&server, &[UPGRADE.as_bytes(), frames].concat()).ends_with(b"\x88\x02\x03\xe8"));
}
