//! What happens at the bounds: an error, an event or a count, and nobody else is disturbed.

mod world;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use skyloom_net::{Limits, NetError, Overflow, SocketEvent};
use world::{World, ends_of, service};

/// Writes lines for a peer that never reads until one is refused: how many were taken.
fn write_to_a_stalled_reader(world: &mut World, id: skyloom_net::SocketId, most: usize) -> usize {
    for written in 0..most {
        match world.net.write(Some(0), id, &[b'x'; 100]) {
            Ok(()) => {}
            Err(NetError::QueueFull { waiting, limit, .. }) => {
                assert!(waiting <= limit);
                return written;
            }
            Err(error) => panic!("{error} after {written} writes"),
        }
        if written % 100 == 0 {
            world.round();
        }
    }
    most
}

#[test]
fn a_peer_that_does_not_read_is_dropped_when_its_queue_is_full() {
    let mut world = World::new(1, Limits { queue: 64 << 10, ..Limits::default() });
    let (_, address) = world.listen(service(1));
    let (mut stalled, id) = world.started_peer(address, service(1));
    let (mut reader, other) = world.started_peer(address, service(1));

    let written = write_to_a_stalled_reader(&mut world, id, 1_000_000);
    assert!(written < 1_000_000, "some 100 MB were taken for a peer that does not read");
    let reason = world.closed(id).expect("not an orderly end");
    assert!(reason.contains("does not read"), "{reason}");
    assert!(matches!(world.net.write(None, id, b"x"), Err(NetError::Unknown(_))));
    assert_eq!(world.net.stats().overflows, 1);
    let gone = std::io::copy(&mut stalled, &mut std::io::sink());
    assert_eq!(gone.map_err(|e| e.kind()), Err(ErrorKind::ConnectionReset), "the system holds nothing for it");

    world.net.write(Some(0), other, b"undisturbed").unwrap();
    world.round();
    let mut answer = [0; 11];
    reader.read_exact(&mut answer).unwrap();
    assert_eq!(world.settle(), []);
}

#[test]
fn where_the_policy_is_to_refuse_the_socket_lives_on_and_loses_nothing_it_took() {
    let limits = Limits { queue: 64 << 10, overflow: Overflow::Refuse, ..Limits::default() };
    let mut world = World::new(1, limits);
    let (_, address) = world.listen(service(1));
    let (mut slow, id) = world.started_peer(address, service(1));

    let mut written = write_to_a_stalled_reader(&mut world, id, 1_000_000);
    for _ in 0..100_000 {
        assert!(world.net.write(Some(0), id, &[b'x'; 100]).is_err(), "the queue is full");
    }
    assert!(world.net.info().iter().all(|info| info.queued <= 64 << 10));

    let mut got = 0;
    while got < written * 100 {
        world.round();
        got += world::read_some(&mut slow).expect("it is not closed").len();
    }
    world.settle();
    written += write_to_a_stalled_reader(&mut world, id, 10);
    world.net.close(id).unwrap();
    assert_eq!(world.closed(id), None);
    let rest = slow.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(got + rest, written * 100);
}

#[test]
fn a_write_larger_than_the_limit_is_taken_while_nothing_waits() {
    let mut world = World::new(1, Limits { queue: 1000, ..Limits::default() });
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    let page = world::pattern(0, 8 << 20);
    world.net.write(Some(0), id, &page).unwrap();
    assert!(matches!(world.net.write(Some(0), id, b"x"), Err(NetError::QueueFull { .. })));
    assert!(world.closed(id).is_some(), "the policy is to close");

    let (_, again) = world.started_peer(address, service(1));
    world.net.write(Some(0), again, b"as much as one likes, ").unwrap();
    world.net.write(Some(0), again, &page).expect("what waited could be sent first");
    drop(peer.read_to_end(&mut Vec::new()));
}

#[test]
fn connections_beyond_the_limit_are_closed_at_once_and_counted() {
    let mut world = World::new(1, Limits { connections: 2, ..Limits::default() });
    let (_, address) = world.listen(service(1));
    let (first, id) = world.started_peer(address, service(1));
    let (_second, _) = world.peer(address);
    let mut third = TcpStream::connect(address).unwrap();
    world.until_true(|net| net.stats().refused == 1);
    assert_eq!(third.read(&mut [0]).unwrap(), 0, "the third is closed");
    let error = world.net.connect(service(1), "127.0.0.1", 1).unwrap_err();
    assert!(matches!(error, NetError::TooMany { limit: 2 }), "{error}");

    drop(first);
    assert_eq!(world.closed(id), None);
    world.net.close(id).unwrap();
    world.until_true(|net| net.stats().connections == 1);
    let (_fourth, _) = world.peer(address);
    assert_eq!(world.net.stats().accepted, 3);
}

#[test]
fn one_address_cannot_take_all_connections() {
    let mut world = World::new(1, Limits { per_address: Some(1), ..Limits::default() });
    let (_, address) = world.listen(service(1));
    let (_first, id) = world.peer(address);
    let mut second = TcpStream::connect(address).unwrap();
    world.until_true(|net| net.stats().refused == 1);
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
    world.net.shutdown(id).unwrap();
    let (_third, _) = world.peer(address);
    assert_eq!(world.net.stats().connections, 1);
}

#[test]
fn what_a_closed_socket_cannot_send_in_time_is_dropped() {
    let limits = Limits { linger: Duration::from_millis(200), ..Limits::default() };
    let mut world = World::new(1, limits);
    let (_, address) = world.listen(service(1));
    let (_stalled, id) = world.started_peer(address, service(1));
    world.net.write(None, id, &vec![0; 16 << 20]).unwrap();
    world.settle();
    world.net.close(id).unwrap();
    let begun = Instant::now();
    let reason = world.closed(id).expect("not an orderly end");
    assert!(reason.contains("could not be sent"), "{reason}");
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert_eq!(world.net.stats().connections, 0);
}

#[test]
fn a_peer_that_never_closes_does_not_hold_a_closed_socket() {
    let limits = Limits { linger: Duration::from_millis(200), ..Limits::default() };
    let mut world = World::new(1, limits);
    let (_, address) = world.listen(service(1));
    let (_stubborn, id) = world.started_peer(address, service(1));
    let (mut chatty, other) = world.started_peer(address, service(1));
    world.net.close(id).unwrap();
    world.net.close(other).unwrap();
    world.until(|events| (ends_of(events, id) + ends_of(events, other) == 2).then_some(()));
    assert_eq!(world.net.stats().connections, 2, "they wait for their peers, though");
    let talks = std::thread::spawn(move || while chatty.write_all(&[0; 64 << 10]).is_ok() {});
    // The driver must wake by itself: nothing else happens on the first one.
    world.until_true(|net| net.stats().connections == 0);
    talks.join().unwrap();
    assert!(!world.settle().iter().any(|(_, event)| matches!(event, SocketEvent::Closed { .. })));
}
