use std::time::Duration;

use skyloom_wire::http::Request;
use skyloom_wire::websocket::Socket;

use crate::gate::bucket::Bucket;
use crate::gate::options::Options;
use crate::gate::progress::Progress;
use crate::gate::site::{Answer, Site};
use crate::gate::{Command, Framing};

const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

#[test]
fn a_bucket_gives_a_burst_and_then_its_rate() {
    let mut bucket = Bucket::new(10.0, 3, ms(0));
    let mut taken = 0;
    while bucket.wait(ms(0)).is_none() {
        bucket.take();
        taken += 1;
    }
    assert_eq!(taken, 3);
    assert_eq!(bucket.wait(ms(0)), Some(ms(100)));
    assert_eq!(bucket.wait(ms(60)), Some(ms(40)));
    assert_eq!(bucket.wait(ms(100)), None);
    bucket.take();
    assert_eq!(bucket.wait(ms(100)), Some(ms(100)));
    assert_eq!(bucket.wait(ms(100_000)), None, "a long rest fills it, to the brim and no further");
    (0..3).for_each(|_| bucket.take());
    assert!(bucket.wait(ms(100_000)).is_some());
}

#[test]
fn a_rate_of_zero_never_runs_out() {
    let mut bucket = Bucket::new(0.0, 1, ms(0));
    (0..1000).for_each(|_| bucket.take());
    assert_eq!(bucket.wait(ms(0)), None);
}

#[test]
fn options_that_cannot_be_are_refused_by_name() {
    let table: [(Options, &str); 7] = [
        (Options { max_clients: 0, ..Options::default() }, "gate option max_clients is 0, expected 1 to 100000"),
        (
            Options { max_frame: 70_000, ..Options::default() },
            "gate option max_frame is 70000, expected 1 to 65535 with this framing",
        ),
        (
            Options { rate: -1.0, ..Options::default() },
            "gate option rate is -1, expected 0, or 0.01 and more frames per second",
        ),
        (
            Options { rate: f64::NAN, ..Options::default() },
            "gate option rate is NaN, expected 0, or 0.01 and more frames per second",
        ),
        (Options { burst: 0, ..Options::default() }, "gate option burst is 0, expected at least 1 frame"),
        (Options { deadline: 0.0, ..Options::default() }, "gate option deadline is 0, expected 0.1 to 86400 seconds"),
        (
            Options { watchdog: Some(0), ..Options::default() },
            "gate option watchdog is 0, expected the handle of a service",
        ),
    ];
    for (options, text) in table {
        let error = options.check().map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), text);
    }
    assert!(Options { framing: Framing::Lines, max_frame: 70_000, ..Options::default() }.check().is_ok());
}

#[test]
fn commands_are_what_lua_says() {
    use skyloom_wire::seri;
    let bytes = seri::to_bytes(&("multicast", vec![1, 2], "hello")).unwrap();
    let command: Command = seri::from_bytes(&bytes).unwrap();
    assert_eq!(command, Command::Multicast(vec![1, 2], skyloom_wire::Bytes(b"hello".to_vec())));
    let command: Command = seri::from_bytes(&seri::to_bytes(&("kick", 7)).unwrap()).unwrap();
    assert_eq!(command, Command::Kick(7, None));
}

#[test]
fn progress_sees_half_frames_and_half_messages() {
    let mut client = Socket::client(1 << 20);
    client.send_text(&"x".repeat(300)).unwrap();
    let long = client.take_output();
    let mut progress = Progress::default();
    for byte in &long[..long.len() - 1] {
        progress.push(&[*byte]);
        assert!(progress.has_partial());
    }
    progress.push(&long[long.len() - 1..]);
    assert!(!progress.has_partial());

    let masked = |first: u8, payload: &[u8]| [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat();
    progress.push(&masked(0x01, b"begun"));
    assert!(progress.has_partial(), "the message's end is not here");
    progress.push(&masked(0x89, b""));
    assert!(progress.has_partial(), "a ping between does not end it");
    progress.push(&masked(0x80, b"ended"));
    assert!(!progress.has_partial());
    progress.push(&[long.clone(), long.clone(), masked(0x8a, b"pong")].concat());
    assert!(!progress.has_partial());
}

fn ask(site: &Site, head: &str) -> String {
    let request = Request::parse(head.replace('\n', "\r\n").as_bytes()).unwrap();
    let bytes = match site.answer(&request) {
        Ok(Answer::Upgrade(bytes) | Answer::Page(bytes)) => bytes,
        Err(refusal) => refusal.to_string().into_bytes(),
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_site_serves_its_pages_and_nothing_else() {
    let page = |body: &str| skyloom_wire::Bytes(body.into());
    let pages = [("/".to_owned(), page("<h1>")), ("/a.js".to_owned(), page("1"))].into();
    let site = Site { pages, hosts: Some(vec!["chat.example".into()]) };
    assert!(ask(&site, "GET /?x HTTP/1.1\nHost: localhost:1\n\n").ends_with("\r\n\r\n<h1>"));
    assert!(ask(&site, "GET /a.js HTTP/1.1\nHost: 127.0.0.1\n\n").contains("Content-Type: text/javascript"));
    assert!(ask(&site, "HEAD / HTTP/1.1\nHost: [::1]:8\n\n").ends_with("\r\n\r\n"));
    assert!(ask(&site, "GET / HTTP/1.1\nHost: chat.example:80\n\n").ends_with("<h1>"));
    assert_eq!(ask(&site, "GET /b HTTP/1.1\nHost: localhost\n\n"), "there is no such page");
    assert_eq!(ask(&site, "PUT / HTTP/1.1\nHost: localhost\n\n"), "only GET and HEAD are answered here");
    assert_eq!(ask(&site, "GET / HTTP/1.1\nHost: evil.example\n\n"), "this server is not called that");
    assert!(ask(&Site { hosts: None, ..site }, "GET / HTTP/1.1\nHost: any.example\n\n").ends_with("<h1>"));
}

#[test]
fn pages_of_other_sites_get_no_websocket() {
    let site = Site { pages: Default::default(), hosts: Some(Vec::new()) };
    let upgrade = |origin: &str| {
        format!(
            "GET /chat HTTP/1.1\nHost: 127.0.0.1:7788\n{origin}Upgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
        )
    };
    assert!(ask(&site, &upgrade("")).starts_with("HTTP/1.1 101"));
    assert!(ask(&site, &upgrade("Origin: http://127.0.0.1:7788\n")).starts_with("HTTP/1.1 101"));
    let refused = "a page of another site may not connect here";
    assert_eq!(ask(&site, &upgrade("Origin: http://evil.example\n")), refused);
    assert_eq!(ask(&site, &upgrade("Origin: http://127.0.0.1:1\n")), refused);
}
