//! HTTP heads and responses.

use skyloom_wire::http::{BadHeader, HttpError, Request, RequestHead, Response};

const PLAIN: &[u8] = b"GET /a/b?c=d HTTP/1.1\r\nHost: x:80\r\nAccept: a, B ,c\r\nACCEPT: d\r\n\r\n";

fn parse(head: &str) -> Result<Request, HttpError> {
    Request::parse(head.as_bytes())
}

#[test]
fn a_request_is_the_same_however_it_arrives() {
    let whole = Request::parse(PLAIN);
    assert!(whole.is_ok());
    for size in 1..=PLAIN.len() {
        let mut head = RequestHead::new(8192);
        let mut pieces = PLAIN.chunks(size).peekable();
        let request = loop {
            head.push(pieces.next().expect("the last piece completes it"));
            match head.next() {
                Ok(None) => assert!(head.has_partial()),
                done => break done,
            }
        };
        assert_eq!(request, whole.clone().map(Some), "by {size}");
        assert!(pieces.peek().is_none());
        assert!(head.into_rest().is_empty());
    }
}

#[test]
fn path_and_headers_are_found_whatever_their_case() {
    let request = Request::parse(PLAIN).expect("valid");
    assert_eq!((request.target(), request.path()), ("/a/b?c=d", "/a/b"));
    assert_eq!(request.headers().only("host"), Some("x:80"));
    assert_eq!(request.headers().only("accept"), None, "there are two");
    for word in ["a", "b", "C", "d"] {
        assert!(request.headers().lists("Accept", word), "{word}");
    }
    assert!(!request.headers().lists("accept", "e"));
}

#[test]
fn what_follows_the_head_is_kept() {
    let mut head = RequestHead::new(8192);
    head.push(b"GET / HTTP/1.0\r\n\r\n\x81\x85frame");
    let request = head.next().expect("valid").expect("whole");
    assert!(!request.is_http11());
    assert_eq!(head.into_rest(), b"\x81\x85frame");
}

#[test]
fn a_head_over_the_limit_is_refused_before_it_ends() {
    let mut head = RequestHead::new(100);
    head.push(b"GET / HTTP/1.1\r\nHost: x\r\nX: ");
    assert_eq!(head.next(), Ok(None));
    head.push(&[b'x'; 100]);
    let error = head.next().expect_err("too long");
    assert_eq!(error, HttpError::TooLarge { limit: 100 });
    assert!(error.response().encode().starts_with(b"HTTP/1.1 431 "));
}

#[test]
fn a_head_of_exactly_the_limit_passes() {
    let mut head = RequestHead::new(PLAIN.len());
    head.push(PLAIN);
    head.push(b"behind it");
    assert!(matches!(head.next(), Ok(Some(_))));
}

#[test]
fn what_is_no_request_is_told_at_once() {
    for bytes in [&b"\x16\x03\x01"[..], b"\r\n", b"get / http/1.1", b"\0"] {
        let mut head = RequestHead::new(8192);
        head.push(bytes);
        assert!(matches!(head.next(), Err(HttpError::Malformed(_))), "{bytes:?}");
    }
}

#[test]
fn doubtful_requests_are_refused() {
    let malformed = [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\0\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nmore",
    ];
    for head in malformed {
        assert!(matches!(parse(head), Err(HttpError::Malformed(_))), "{head:?}");
    }
    let mut head = RequestHead::new(8192);
    head.push(b"GET / HTTP/1.1\nHost: x\n\n");
    assert!(matches!(head.next(), Err(HttpError::Malformed(_))));
}

#[test]
fn a_request_with_a_body_is_refused() {
    let with = |line| parse(&format!("POST / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n"));
    assert_eq!(with("Content-Length: 5"), Err(HttpError::Body));
    assert_eq!(with("Content-Length: 0\r\nContent-Length: 5"), Err(HttpError::Body));
    assert_eq!(with("Transfer-Encoding: chunked"), Err(HttpError::Body));
    assert!(with("Content-Length: 0").is_ok());
}

#[test]
fn a_response_says_how_long_it_is_and_how_careful_to_be() {
    let page = Response::page("<p>ß</p>");
    let text = String::from_utf8(page.encode()).expect("all of it is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("an empty line");
    assert_eq!(body, "<p>ß</p>");
    for line in [
        "HTTP/1.1 200 OK",
        "Content-Length: 9",
        "Content-Type: text/html; charset=utf-8",
        "Connection: close",
        "X-Content-Type-Options: nosniff",
        "X-Frame-Options: DENY",
    ] {
        assert!(head.lines().any(|one| one == line), "{line} in {head}");
    }
    assert!(head.contains("Content-Security-Policy: default-src 'none'; "));
    assert_eq!(page.encode_head(), format!("{head}\r\n\r\n").as_bytes());
}

#[test]
fn a_header_cannot_become_two() {
    let text = Response::text(200, "");
    let evil = "a\r\nSet-Cookie: b";
    assert_eq!(text.clone().header("Location", evil), Err(BadHeader));
    assert_eq!(text.clone().policy(evil), Err(BadHeader));
    let moved = text.header("Location", "/b").expect("harmless");
    assert!(String::from_utf8_lossy(&moved.encode()).contains("\r\nLocation: /b\r\n\r\n"));
}
