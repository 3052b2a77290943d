use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use skyloom_kernel::Spawn;
use skyloom_wire::Bytes;
use skyloom_wire::websocket::{Event, Handshake, Socket};

use crate::gate::{Command, Counts, Framing, Gate, Options};
use crate::{Answer, Context, Error, Handle, Log, Message, Protocol, Service, Skyloom};

const LONG: Duration = Duration::from_secs(10);

/// What an owner heard, in words.
#[derive(Debug, PartialEq)]
enum Heard {
    News(String, u32, String),
    Frame(u32, Vec<u8>),
}

/// Writes down what it hears, and says every frame again.
struct Owner {
    tell: Sender<Heard>,
    echo: bool,
}

impl Service for Owner {
    type Message = (String, String, u32, String);

    fn handle(&mut self, ctx: &Context<Self>, (_, what, fd, more): Self::Message) -> Result<Answer, Error> {
        self.tell.send(Heard::News(what, fd, more))?;
        ctx.done()
    }

    fn raw(&mut self, ctx: &Context<Self>, message: Message) -> Result<Answer, Error> {
        let (session, frame) = (message.session.ok_or("no client")?, message.payload.into_bytes());
        self.tell.send(Heard::Frame(session.get(), frame.clone()))?;
        if let Some(gate) = message.source.filter(|_| self.echo) {
            let back =
                Message { source: None, session: Some(session), protocol: Protocol::CLIENT, payload: frame.into() };
            ctx.post(gate, back).map_err(|error| error.to_string())?;
        }
        ctx.done()
    }
}

/// A node with a gate, whose owner echoes.
struct World {
    skyloom: Skyloom,
    gate: Handle,
    heard: Receiver<Heard>,
    address: SocketAddr,
}

fn world(options: Options) -> World {
    world_of(options, true)
}

fn world_of(options: Options, echo: bool) -> World {
    let skyloom = Skyloom::builder().workers(2).log(Log::None).start().unwrap();
    let (tell, heard) = mpsc::channel();
    let owner = skyloom.spawn(Owner { tell, echo });
    let gate = skyloom.node().spawn(Spawn::new("gate", Box::new(Gate::new(skyloom.net().clone()))));
    let options = Options { watchdog: Some(owner.get()), ..options };
    let (host, port): (String, u16) = skyloom.call_blocking(gate, Command::Open(options), LONG).unwrap();
    let address = format!("{host}:{port}").parse().unwrap();
    World { skyloom, gate, heard, address }
}

impl World {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    fn hear(&self) -> Heard {
        self.heard.recv_timeout(LONG).unwrap()
    }

    /// Connects, and takes notice of it.
    fn client(&self) -> (TcpStream, u32) {
        let stream = self.connect();
        let Heard::News(what, fd, addr) = self.hear() else { panic!("a frame before the client") };
        assert_eq!((what.as_str(), addr), ("open", stream.local_addr().unwrap().to_string()));
        (stream, fd)
    }

    fn counts(&self) -> Counts {
        self.skyloom.call_blocking(self.gate, Command::Stats, LONG).unwrap()
    }

    fn closed(&self, fd: u32) -> String {
        match self.hear() {
            Heard::News(what, id, reason) if what == "close" && id == fd => reason,
            other => panic!("expected the end of {fd}, heard {other:?}"),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.skyloom.stop(LONG);
    }
}

fn lines() -> Options {
    Options { framing: Framing::Lines, ..Options::default() }
}

fn web() -> Options {
    let pages = [("/".to_owned(), Bytes(b"<p>hello".to_vec()))].into();
    Options { framing: Framing::WebSocket, pages, ..Options::default() }
}

fn read_line(stream: &TcpStream) -> String {
    let mut line = String::new();
    BufReader::with_capacity(1, stream).read_line(&mut line).unwrap();
    line
}

fn read_all(mut stream: &TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Shakes hands as a program does.
fn shake(stream: &mut TcpStream) -> Socket {
    let mut handshake = Handshake::new("localhost", "/", 1 << 20).unwrap();
    stream.write_all(handshake.request()).unwrap();
    let mut byte = [0];
    loop {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "closed in the middle of the handshake");
        handshake.push(&byte);
        if let Some(socket) = handshake.next().unwrap() {
            return socket;
        }
    }
}

fn next_event(stream: &mut TcpStream, socket: &mut Socket) -> Event {
    let mut buffer = [0; 4096];
    loop {
        if let Some(event) = socket.next().unwrap() {
            return event;
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "closed without a close frame");
        socket.push(&buffer[..count]);
    }
}

#[test]
fn frames_of_two_byte_lengths_go_to_the_owner_and_back() {
    let world = world(Options::default());
    let (mut client, fd) = world.client();
    client.write_all(b"\0\x05hello\0\0\0\x01x").unwrap();
    for frame in [&b"hello"[..], b"", b"x"] {
        assert_eq!(world.hear(), Heard::Frame(fd, frame.to_vec()));
    }
    let mut back = [0; 12];
    client.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"\0\x05hello\0\0\0\x01x");
    drop(client);
    assert_eq!(world.closed(fd), "left");
}

#[test]
fn a_line_that_is_too_long_is_answered_with_one_line_and_disturbs_nobody() {
    let world = world(Options { max_frame: 10, ..lines() });
    let (mut other, other_fd) = world.client();
    let (mut client, fd) = world.client();
    client.write_all(b"0123456789\r\n").unwrap();
    assert_eq!(world.hear(), Heard::Frame(fd, b"0123456789".to_vec()));
    assert_eq!(read_line(&client), "0123456789\n");
    client.write_all(b"01234567890\n").unwrap();
    assert_eq!(world.closed(fd), "frame of 11 bytes exceeds 10");
    assert_eq!(read_all(&client), "error: frame of 11 bytes exceeds 10\n");
    other.write_all(b"hi\n").unwrap();
    assert_eq!(world.hear(), Heard::Frame(other_fd, b"hi".to_vec()));
    assert_eq!(world.counts().refused["too_large"], 1);
}

#[test]
fn a_line_that_is_not_utf8_is_refused_alone() {
    let world = world(lines());
    let (mut client, fd) = world.client();
    client.write_all(b"\xff\xfe\nok\n").unwrap();
    assert_eq!(read_line(&client), "error: line is not UTF-8\n");
    assert_eq!(world.hear(), Heard::Frame(fd, b"ok".to_vec()));
    assert_eq!(world.counts().refused["not_utf8"], 1);
}

#[test]
fn half_a_frame_and_then_silence_ends_at_the_deadline_and_silence_alone_does_not() {
    let world = world(Options { deadline: 0.2, ..lines() });
    let (silent, silent_fd) = world.client();
    let (mut client, fd) = world.client();
    client.write_all(b"whole\nhal").unwrap();
    assert_eq!(world.hear(), Heard::Frame(fd, b"whole".to_vec()));
    assert_eq!(world.closed(fd), "nothing whole arrived within 0.2 s");
    assert_eq!(read_all(&client), "whole\nerror: nothing whole arrived within 0.2 s\n");
    (&silent).write_all(b"still here\n").unwrap();
    assert_eq!(world.hear(), Heard::Frame(silent_fd, b"still here".to_vec()));
}

#[test]
fn more_clients_than_may_be_are_told_so() {
    let world = world(Options { max_clients: 1, ..lines() });
    let (first, fd) = world.client();
    assert_eq!(read_all(&world.connect()), "error: there are 1 clients already, try later\n");
    drop(first);
    assert_eq!(world.closed(fd), "left");
    let (_second, _) = world.client();
    assert_eq!(world.counts().refused["full"], 1);
}

#[test]
fn a_flooding_client_is_slowed_and_loses_nothing_even_when_it_leaves() {
    let world = world_of(Options { rate: 200.0, burst: 10, ..lines() }, false);
    let (mut client, fd) = world.client();
    let begun = Instant::now();
    let flood: String = (0..60).map(|number| format!("{number}\n")).collect();
    client.write_all(flood.as_bytes()).unwrap();
    drop(client);
    for number in 0..60 {
        assert_eq!(world.hear(), Heard::Frame(fd, number.to_string().into_bytes()));
    }
    assert!(begun.elapsed() >= Duration::from_millis(240), "50 frames at 200 a second");
    assert_eq!(world.closed(fd), "left");
    assert!(world.counts().slowed > 0);
}

#[test]
fn a_multicast_reaches_those_who_are_here_and_a_kick_comes_after_it() {
    let world = world(lines());
    let ((one, fd1), (two, fd2)) = (world.client(), world.client());
    world.skyloom.send(world.gate, Command::Multicast(vec![fd1, fd2, 999_999], Bytes(b"a\nb".to_vec()))).unwrap();
    let known: bool = world.skyloom.call_blocking(world.gate, Command::Kick(fd1, Some("enough".into())), LONG).unwrap();
    assert!(known);
    assert_eq!(read_all(&one), "a\nb\nerror: enough\n");
    assert_eq!(world.closed(fd1), "enough");
    assert_eq!(read_line(&two) + &read_line(&two), "a\nb\n");
    let counts = world.counts();
    assert_eq!((counts.frames_out, counts.unsent), (2, 1));
}

#[test]
fn a_held_client_is_read_only_after_it_was_forwarded() {
    let world = world(Options { hold: true, ..lines() });
    let (mut client, fd) = world.client();
    client.write_all(b"hello\n").unwrap();
    assert!(world.heard.recv_timeout(Duration::from_millis(100)).is_err());
    let (tell, heard) = mpsc::channel();
    let agent = world.skyloom.spawn(Owner { tell, echo: false });
    let known: bool = world.skyloom.call_blocking(world.gate, Command::Forward(fd, Some(agent.get())), LONG).unwrap();
    assert!(known);
    assert_eq!(heard.recv_timeout(LONG).unwrap(), Heard::Frame(fd, b"hello".to_vec()));
}

#[test]
fn a_browser_gets_its_page_and_is_no_client() {
    let world = world(web());
    let mut browser = world.connect();
    write!(browser, "GET / HTTP/1.1\r\nHost: {}\r\n\r\n", world.address).unwrap();
    let answer = read_all(&browser);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("<p>hello"), "{answer}");
    let mut lost = world.connect();
    lost.write_all(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(read_all(&lost).ends_with("\r\n\r\nthere is no such page\n"));
    let mut confused = world.connect();
    confused.write_all(b"\x16\x03\x01 hello").unwrap();
    assert!(read_all(&confused).starts_with("HTTP/1.1 400"));
    assert!(world.heard.try_recv().is_err());
    assert_eq!((world.counts().pages, world.counts().refused["http"]), (1, 2));
}

#[test]
fn websocket_messages_go_to_the_owner_and_back() {
    let world = world(web());
    let mut client = world.connect();
    let mut socket = shake(&mut client);
    let Heard::News(_, fd, _) = world.hear() else { panic!("no news") };
    socket.send_text("grüße").unwrap();
    client.write_all(&socket.take_output()).unwrap();
    assert_eq!(world.hear(), Heard::Frame(fd, "grüße".into()));
    assert_eq!(next_event(&mut client, &mut socket), Event::Text("grüße".into()));
    socket.close(1000, "");
    client.write_all(&socket.take_output()).unwrap();
    assert_eq!(next_event(&mut client, &mut socket), Event::Closed { code: 1000 });
    assert_eq!(world.closed(fd), "left");
}

#[test]
fn a_websocket_that_breaks_a_rule_is_closed_with_the_code_that_says_which() {
    let masked = |first: u8, payload: &[u8]| [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat();
    let unmasked = vec![0x81, 1, b'x'];
    let large = masked(0x81, &[b'x'; 101]);
    for (bytes, code, kind) in
        [(masked(0x81, b"\xff"), 1007, "not_utf8"), (large, 1009, "too_large"), (unmasked, 1002, "protocol")]
    {
        let world = world(Options { max_frame: 100, ..web() });
        let mut client = world.connect();
        let mut socket = shake(&mut client);
        world.hear();
        client.write_all(&bytes).unwrap();
        assert_eq!(next_event(&mut client, &mut socket), Event::Closed { code });
        assert_eq!(world.counts().refused[kind], 1);
    }
}

#[test]
fn a_handshake_that_does_not_come_ends_at_the_deadline() {
    let world = world(Options { deadline: 0.2, ..web() });
    let silent = world.connect();
    assert!(read_all(&silent).starts_with("HTTP/1.1 408"));
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_others_get_everything() {
    let world = world_of(Options { queue: 300 << 10, ..lines() }, false);
    let (_deaf, deaf) = world.client();
    let (other, fd) = world.client();
    let reader = std::thread::spawn(move || {
        BufReader::new(other).lines().take(2000).map(|line| line.unwrap().len()).sum::<usize>()
    });
    let frame = Bytes(vec![b'x'; 10_000]);
    for _ in 0..2000 {
        let (): () =
            world.skyloom.call_blocking(world.gate, Command::Multicast(vec![deaf, fd], frame.clone()), LONG).unwrap();
    }
    assert_eq!(reader.join().unwrap(), 20_000_000);
    assert!(world.closed(deaf).ends_with("bytes wait unread"));
    assert_eq!(world.counts().refused["not_reading"], 1);
}

#[test]
fn a_port_that_is_taken_is_an_error_that_names_it() {
    let world = world(lines());
    let gate = world.skyloom.node().spawn(Spawn::new("gate", Box::new(Gate::new(world.skyloom.net().clone()))));
    let options = Options { port: world.address.port(), watchdog: Some(1), ..lines() };
    let answer: Result<(String, u16), _> = world.skyloom.call_blocking(gate, Command::Open(options), LONG);
    let text = answer.unwrap_err().to_string();
    assert!(text.starts_with(&format!("cannot listen on {}: ", world.address)), "{text}");
}

#[test]
fn clients_hear_that_the_server_stops() {
    let world = world(web());
    let mut client = world.connect();
    let mut socket = shake(&mut client);
    world.hear();
    world.skyloom.stop(LONG).unwrap();
    assert_eq!(next_event(&mut client, &mut socket), Event::Closed { code: 1001 });
}
