//! Making connections: what is tried, how it fails, and what waits meanwhile.

mod world;

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use skyloom_abi::Driver;
use skyloom_net::{Limits, NetError, SocketEvent, SocketId, SocketState};
use world::{World, service};

fn opened(world: &mut World, id: SocketId) -> std::net::SocketAddr {
    world.next(|event| match event {
        SocketEvent::Opened { id: opened, addr } if *opened == id => Some(*addr),
        SocketEvent::Failed { text, .. } => panic!("{text}"),
        _ => None,
    })
}

fn failed(world: &mut World, id: SocketId) -> String {
    world.next(|event| match event {
        SocketEvent::Failed { id: failed, text } if *failed == id => Some(text.clone()),
        SocketEvent::Opened { addr, .. } => panic!("connected to {addr}"),
        _ => None,
    })
}

/// A port of 127.0.0.1 on which nobody listens and nobody else can.
fn dead_port(port: u16) -> std::io::Result<(socket2::Socket, u16)> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    let address = socket.local_addr()?.as_socket();
    Ok((socket, address.map_or(0, |address| address.port())))
}

/// A listener whose queue is full: the system answers nobody any more.
fn deaf_listener() -> (socket2::Socket, std::net::SocketAddr, Vec<TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queued.push(stream);
    }
    (socket, address, queued)
}

#[test]
fn what_is_written_before_the_connection_stands_is_sent_when_it_does() {
    let mut world = World::new(2, Limits::default());
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = there.local_addr().unwrap();
    let id = world.net.connect(service(1), "127.0.0.1", address.port()).unwrap();
    world.net.write(Some(0), id, b"early ").unwrap();
    world.net.write(None, id, b"birds").unwrap();
    assert_eq!(world.net.info()[0].state, SocketState::Connecting);
    assert_eq!(opened(&mut world, id), address);

    let (mut peer, _) = there.accept().unwrap();
    let mut words = [0; 11];
    peer.read_exact(&mut words).unwrap();
    assert_eq!(&words, b"early birds");
    peer.write_all(b"hello").unwrap();
    assert_eq!(world.read(id, 5), b"hello", "it is read without being started");
    drop(peer);
    assert_eq!(world.closed(id), None);
}

#[test]
fn bytes_that_come_with_the_connection_come_after_the_news_of_it() {
    let mut world = World::small();
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = there.local_addr().unwrap().port();
    let id = world.net.connect(service(1), "localhost", port).unwrap();
    let greeter = std::thread::spawn(move || there.accept().unwrap().0.write_all(b"220 hello"));
    let events = world.until(|events| (world::ends_of(events, id) > 0).then(|| events.to_vec()));
    greeter.join().unwrap().unwrap();
    assert!(matches!(events[0].1, SocketEvent::Opened { .. }), "{events:?}");
    assert_eq!(world::data_of(&events, id), b"220 hello");
}

#[test]
fn a_refused_connection_says_where_and_why() {
    let mut world = World::small();
    let (_held, free) = dead_port(0).unwrap();
    let id = world.net.connect(service(1), "127.0.0.1", free).unwrap();
    let text = failed(&mut world, id);
    assert!(text.starts_with(&format!("cannot connect to 127.0.0.1:{free}: ")), "{text}");
    assert!(text.to_lowercase().contains("refused"), "{text}");
    assert!(matches!(world.net.close(id), Err(NetError::Unknown(_))));
    assert_eq!(world.settle(), [], "Failed was the last of it");
    let stats = world.net.stats();
    assert_eq!((stats.failed, stats.connections), (1, 0));
}

#[test]
fn the_second_address_of_a_name_is_tried_when_the_first_refuses() {
    let mut both = (0..100).filter_map(|_| {
        let there = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
        let address = there.local_addr().ok()?;
        Some((dead_port(address.port()).ok()?, there, address))
    });
    let Some((_held, _there, address)) = both.next() else { return skip("IPv6") };
    let mut world = World::small();
    let id = world.net.connect(service(1), "localhost", address.port()).unwrap();
    assert_eq!(opened(&mut world, id), address);
}

#[test]
fn an_address_that_does_not_answer_leaves_time_for_the_next() {
    let (_listener, silent, _queued) = deaf_listener();
    let Ok(_there) = TcpListener::bind((Ipv6Addr::LOCALHOST, silent.port())) else {
        return skip("IPv6, and a port that is free in both families");
    };
    let limits = Limits { connect: Duration::from_secs(3), ..Limits::default() };
    let mut world = World::new(1, limits);
    let begun = Instant::now();
    let id = world.net.connect(service(1), "localhost", silent.port()).unwrap();
    assert!(opened(&mut world, id).is_ipv6());
    assert!(begun.elapsed() < Duration::from_secs(3), "the first had all the time to itself");
}

#[test]
fn a_name_that_does_not_exist_fails_without_holding_a_worker() {
    let mut world = World::new(1, Limits { connect: Duration::from_secs(5), ..Limits::default() });
    let begun = Instant::now();
    let ids: Vec<SocketId> =
        (0..10).map(|n| world.net.connect(service(1), &format!("nobody{n}.invalid"), 80).unwrap()).collect();
    assert!(begun.elapsed() < Duration::from_secs(1), "the caller does not wait for an answer");
    let mut texts = Vec::new();
    world.until(|events| {
        texts = events
            .iter()
            .filter_map(|(_, event)| match event {
                SocketEvent::Failed { text, .. } => Some(text.clone()),
                _ => None,
            })
            .collect();
        (texts.len() == ids.len()).then_some(())
    });
    assert!(texts.iter().all(|text| text.contains(".invalid:80: ")), "{texts:?}");
}

#[test]
fn a_silent_address_fails_at_the_deadline_even_if_nothing_else_happens() {
    let (_listener, address, _queued) = deaf_listener();
    let limits = Limits { connect: Duration::from_millis(300), ..Limits::default() };
    let mut world = World::new(1, limits);
    let begun = Instant::now();
    let id = world.net.connect(service(1), "127.0.0.1", address.port()).unwrap();
    let mut events = Vec::new();
    while events.is_empty() {
        world.pollers[0].drive(None, &world.door);
        events = world.door.take();
    }
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let [(_, SocketEvent::Failed { id: failed, text })] = &events[..] else { panic!("{events:?}") };
    assert!(*failed == id && text.contains("no answer in time"), "{text}");
}

#[test]
fn a_connection_that_is_being_made_can_be_closed() {
    let (_listener, address, _queued) = deaf_listener();
    let mut world = World::small();
    let id = world.net.connect(service(1), "127.0.0.1", address.port()).unwrap();
    world.round();
    world.net.close(id).unwrap();
    assert_eq!(world.closed(id), None);
    assert_eq!(world.net.stats().connections, 0);

    let named = world.net.connect(service(1), "nobody.invalid", 80).unwrap();
    world.net.close(named).unwrap();
    assert_eq!(world.closed(named), None);
    assert_eq!(world.settle(), [], "the answer of the name server comes too late");
}

/// Two nodes' worth of sockets in one process talk to each other.
#[test]
fn two_nets_in_one_process_do_not_know_of_each_other() {
    let (mut here, mut there) = (World::small(), World::small());
    let (_, address) = there.listen(service(1));
    let id = here.net.connect(service(1), &address.ip().to_string(), address.port()).unwrap();
    assert_eq!(opened(&mut here, id), address);
    let accepted = there.next(|event| match event {
        SocketEvent::Accepted { id, .. } => Some(*id),
        _ => None,
    });
    here.net.write(Some(0), id, b"over the border").unwrap();
    here.net.close(id).unwrap();
    there.net.start(Some(0), accepted, service(7)).unwrap();
    assert_eq!(there.read(accepted, 15), b"over the border");
    assert_eq!(here.closed(id), None);
}

#[expect(clippy::print_stderr, reason = "the one way to say that a test did not run")]
fn skip(what: &str) {
    eprintln!("skipped: needs {what}");
}
