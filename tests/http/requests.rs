//! What `httpd` reads.

use std::io::Write;

use super::site::{Server, Site, rest};

/// Answers with what it has read; notes when there was nothing to read.
const ECHO: &str = "
httpd.bodylimit = 1000
function serve(id)
    socket.start(id)
    local read, write = sockethelper.readfunc(id), sockethelper.writefunc(id)
    local status, url, method, header, body = httpd.read_request(read)
    if not status then
        note(url == sockethelper.socket_error, url)
    elseif status == 200 then
        httpd.write_response(write, 200, text(method, url, header['x-a'], body))
    else
        httpd.write_response(write, status)
    end
    socket.close(id)
end";

fn echo() -> Server {
    Site::new().serve(ECHO)
}

fn body_of(answer: &str) -> &str {
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    answer.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn a_request_has_method_url_headers_and_body() {
    let server = echo();
    let get = server.ask("GET /x?y=z HTTP/1.1\r\nHost: h\r\nX-A:  b \r\n\r\n");
    assert_eq!(body_of(&get), "GET /x?y=z b ");
    let post = server.ask("POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 5\r\n\r\nhello");
    assert_eq!(body_of(&post), "POST / nil hello");
    assert_eq!(body_of(&server.ask("GET / HTTP/1.0\r\n\r\n")), "GET / nil ");
}

#[test]
fn a_body_may_come_in_chunks_with_a_trailer() {
    let server = echo();
    let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = server.ask(format!("{head}5\r\nhello\r\n0006;a=b\r\n world\r\n0\r\nX-A: late\r\n\r\n"));
    assert_eq!(body_of(&answer), "POST / late hello world");
}

#[test]
fn a_trailer_does_not_replace_what_stands_in_front() {
    let server = echo();
    let head = "POST / HTTP/1.1\r\nHost: h\r\nX-A: first\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = server.ask(format!("{head}0\r\nX-A: second\r\n\r\n"));
    assert_eq!(body_of(&answer), "POST / first ");
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let server = echo();
    let mut stream = server.connect();
    stream.set_nodelay(true).unwrap();
    let request = "POST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for byte in request.bytes() {
        stream.write_all(&[byte]).unwrap();
        std::thread::yield_now();
    }
    assert_eq!(body_of(&String::from_utf8(rest(&mut stream)).unwrap()), "POST /slow nil abc");
}

#[test]
fn what_is_ambiguous_malformed_or_too_long_is_refused() {
    let server = echo();
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n";
    let long = "x".repeat(9000);
    let table: &[(u16, String)] = &[
        (400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello".into()),
        (400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".into()),
        (400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5,5\r\n\r\nhello".into()),
        (400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n".into()),
        (400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n".into()),
        (400, format!("{chunked}Content-Length: 5\r\n\r\n0\r\n\r\n")),
        (400, format!("{chunked}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        (501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n".into()),
        (501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".into()),
        (400, "GET / HTTP/1.1\r\n\r\n".into()),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n".into()),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nX-A : b\r\n\r\n".into()),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nX-A: b\r\n c\r\n\r\n".into()),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n".into()),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nX-A: \0\r\n\r\n".into()),
        (400, "GET / HTTP/1.1\nHost: h\n\n".into()),
        (400, "GET x HTTP/1.1\r\nHost: h\r\n\r\n".into()),
        (400, "\x16\x03\x01".into()),
        (505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n".into()),
        (413, format!("GET / HTTP/1.1\r\nHost: h\r\nX-A: {long}\r\n\r\n")),
        (413, format!("GET /{long}")),
        (413, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n".into()),
        (413, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n".into()),
        (413, format!("{chunked}\r\n3e9\r\n")),
        (413, format!("{chunked}\r\nffffffffffffff\r\n")),
        (413, format!("{chunked}\r\n384\r\n{}\r\n384\r\n", "x".repeat(900))),
        (400, format!("{chunked}\r\nzz\r\n")),
        (400, format!("{chunked}\r\n-1\r\n")),
        (400, format!("{chunked}\r\n0x5\r\nhello\r\n")),
        (400, format!("{chunked}\r\n5\nhello\r\n0\r\n\r\n")),
        (400, format!("{chunked}\r\n5\r\nhello!\r\n0\r\n\r\n")),
        (400, format!("{chunked}\r\n5;{long}")),
        (400, format!("{chunked}\r\n0\r\nno colon\r\n\r\n")),
    ];
    for (status, request) in table {
        let answer = server.ask(request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.200?} was answered with {answer:?}");
    }
}

#[test]
fn half_a_request_is_a_socket_error() {
    let server = echo();
    for half in ["", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel"] {
        let mut stream = server.connect();
        stream.write_all(half.as_bytes()).unwrap();
        drop(stream);
        let noted = server.next();
        assert!(noted.starts_with("true [Socket Error] : read failed fd = "), "{noted}");
    }
}

#[test]
fn a_request_that_does_not_end_is_ended() {
    let server = Site::new().serve(&format!("httpd.timeout = 20 {ECHO}"));
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    assert_eq!(rest(&mut stream), b"");
    assert!(server.next().starts_with("true "));
}

#[test]
fn the_caller_may_set_another_limit_for_the_body() {
    let server = Site::new().serve(
        "function serve(id)
            socket.start(id)
            note((httpd.read_request(sockethelper.readfunc(id), 10)))
            socket.close(id)
        end",
    );
    server.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
    assert_eq!(server.next(), "200");
    server.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n0123456789a");
    assert_eq!(server.next(), "413");
}
