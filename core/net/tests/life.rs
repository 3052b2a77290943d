//! The life of a socket: whose it is, how it ends, and that its end is told once.

mod world;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use skyloom_abi::{Cause, Driver};
use skyloom_net::{Limits, Net, NetError, SocketEvent, SocketId};
use world::{Dice, World, ends_of, service};

fn is_gone(net: &Net, id: SocketId) -> bool {
    net.info().iter().all(|info| info.id != id)
}

#[test]
fn every_accepted_socket_ends_once_whatever_both_sides_do_in_whatever_order() {
    for seed in 1..=30 {
        let mut dice = Dice::new(seed);
        let mut world = World::new(2, Limits::default());
        let (listener, address) = world.listen(service(1));
        let mut peers = Vec::new();
        let mut ends: HashMap<SocketId, usize> = HashMap::new();
        let note = |world: &mut World, ends: &mut HashMap<SocketId, usize>| {
            for (_, event) in world.door.take() {
                match event {
                    SocketEvent::Accepted { id, .. } => assert_eq!(ends.insert(id, 0), None),
                    SocketEvent::Closed { id, .. } => *ends.entry(id).or_default() += 1,
                    other => {
                        assert_eq!(ends.get(&other.socket()), Some(&0), "{other:?} after the end");
                    }
                }
            }
        };
        for _ in 0..400 {
            note(&mut world, &mut ends);
            let ids: Vec<SocketId> = ends.keys().copied().collect();
            let id = (!ids.is_empty()).then(|| ids[dice.below(ids.len())]);
            let at = dice.below(peers.len().max(1));
            match (dice.below(11), id) {
                (0 | 1, _) => peers.push(std::net::TcpStream::connect(address).unwrap()),
                (2, _) if !peers.is_empty() => drop(peers.swap_remove(at)),
                (3, _) if !peers.is_empty() => drop(peers[at].shutdown(Shutdown::Write)),
                (4, _) if !peers.is_empty() => drop(peers[at].write(b"something")),
                (5, Some(id)) => drop(world.net.start([Some(0), Some(1), None][dice.below(3)], id, service(1))),
                (6, Some(id)) => drop(world.net.close(id)),
                (7, Some(id)) => drop(world.net.shutdown(id)),
                (8, Some(id)) => drop(world.net.write([Some(0), None][dice.below(2)], id, b"anything")),
                (9, Some(id)) => drop(world.net.pause(id)),
                _ => {
                    let poller = dice.below(2);
                    world.pollers[poller].drive(Some(std::time::Duration::ZERO), &world.door);
                    world.pollers[poller].remote().flush(&world.door);
                }
            }
        }
        drop(peers);
        world.net.close(listener).unwrap();
        world.round();
        world.net.close_all(service(1));
        world.until_true(|net| net.stats().connections == 0 && net.info().is_empty());
        world.round();
        note(&mut world, &mut ends);
        assert_eq!(ends.remove(&listener), Some(1), "seed {seed}: listeners end too");
        assert_eq!(ends.len() as u64, world.net.stats().accepted, "seed {seed}");
        for (id, count) in ends {
            assert_eq!(count, 1, "seed {seed}: {id:?} ended {count} times");
        }
    }
}

#[test]
fn a_socket_that_was_never_started_ends_when_it_is_written_to_in_vain() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (peer, id) = world.peer(address);
    world.net.write(None, id, b"never read, so that the peer's close is a reset").unwrap();
    peer.peek(&mut [0]).unwrap();
    drop(peer);
    assert_eq!(world.settle(), [], "nobody looks at it");
    while world.net.write(Some(0), id, b"anybody?").is_ok() {
        world.pollers[0].remote().flush(&world.door);
    }
    assert!(world.closed(id).is_some(), "not an orderly end");
}

#[test]
fn unknown_stale_and_negative_numbers_are_errors_with_a_clear_text() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (_peer, stale) = world.peer(address);
    world.net.shutdown(stale).unwrap();
    let unknown = SocketId::new(12_345).unwrap();
    for id in [stale, unknown] {
        let net = &world.net;
        for error in [
            net.start(Some(0), id, service(1)),
            net.pause(id),
            net.nodelay(id),
            net.write(Some(0), id, b"x"),
            net.close(id),
            net.shutdown(id),
        ] {
            let error = error.unwrap_err();
            assert!(matches!(error, NetError::Unknown(wrong) if wrong == id));
            assert_eq!(error.to_string(), format!("no socket {id}"));
        }
    }
    for number in [-1, 0, i64::from(SocketId::MAX) + 1, i64::MIN, i64::MAX] {
        let error = SocketId::try_from(number).unwrap_err();
        assert_eq!(error.to_string(), format!("{number} is not the number of a socket"));
    }
}

#[test]
fn a_listener_cannot_be_written_to() {
    let mut world = World::small();
    let (listener, _) = world.listen(service(1));
    for error in [world.net.write(Some(0), listener, b"x"), world.net.nodelay(listener)] {
        assert_eq!(error.unwrap_err().to_string(), format!("socket {listener} only listens"));
    }
}

#[test]
fn a_port_in_use_is_an_error_that_names_the_address_and_the_cause() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let world = World::small();
    let text = world.net.listen(service(1), "localhost", port, 0).unwrap_err().to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    assert!(text.to_lowercase().contains("in use"), "{text}");
}

#[test]
fn a_port_is_free_again_at_once_when_its_listener_is_closed() {
    let mut world = World::small();
    let (listener, address) = world.listen(service(1));
    let (mut peer, id) = world.peer(address);
    world.net.close(listener).unwrap();
    assert_eq!(world.closed(listener), None);
    let again = world.net.listen(service(1), "127.0.0.1", address.port(), 5);
    assert_eq!(again.unwrap().1, address);
    world.net.write(None, id, b"its connections live on").unwrap();
    peer.read_exact(&mut [0; 23]).unwrap();
}

#[test]
fn a_listener_accepts_nothing_before_it_is_started_or_while_it_is_paused() {
    let mut world = World::small();
    let (listener, address) = world.net.listen(service(1), "", 0, 0).unwrap();
    let _early = std::net::TcpStream::connect(address).unwrap();
    assert_eq!(world.settle(), []);
    world.net.start(None, listener, service(2)).unwrap();
    world.until(|events| (events.len() == 1 && events[0].0 == service(2)).then_some(()));

    world.net.pause(listener).unwrap();
    let _late = std::net::TcpStream::connect(address).unwrap();
    assert_eq!(world.settle(), []);
    world.net.start(None, listener, service(2)).unwrap();
    world.until(|events| (events.len() == 1).then_some(()));
}

#[test]
fn a_crowd_at_the_door_is_let_in_to_the_last() {
    let mut world = World::small();
    let (listener, address) = world.net.listen(service(1), "", 0, 512).unwrap();
    let crowd: Vec<_> = (0..300).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    world.net.start(Some(0), listener, service(1)).unwrap();
    world.until(|events| (events.len() == crowd.len()).then_some(()));
}

#[test]
fn close_all_ends_what_one_service_owns_and_nothing_else() {
    let mut world = World::small();
    let (listener, address) = world.listen(service(1));
    let (mut given, id) = world.started_peer(address, service(2));
    let (_kept, other) = world.started_peer(address, service(3));
    world.net.write(Some(0), id, b"farewell").unwrap();
    world.net.close_all(service(2));
    assert_eq!(world.closed(id), None);
    let mut words = String::new();
    given.read_to_string(&mut words).unwrap();
    assert_eq!(words, "farewell");
    drop(given);
    world.until_true(|net| net.info().iter().map(|info| info.id).eq([listener, other]));
}

#[test]
fn the_sockets_of_a_service_that_is_gone_are_closed_when_they_have_news() {
    let mut world = World::small();
    let (listener, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(2));
    world.door.refuse(service(2), Cause::Unknown);
    peer.write_all(b"anybody?").unwrap();
    world.until_true(|net| is_gone(net, id));
    // The bytes were read, so the peer sees an end; had they not been, a reset.
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);

    world.door.refuse(service(1), Cause::Unknown);
    let mut late = std::net::TcpStream::connect(address).unwrap();
    world.until_true(|net| is_gone(net, listener));
    assert_eq!(late.read(&mut [0]).unwrap(), 0);
    assert_eq!(world.net.info().len(), 0);
    assert_eq!(world.net.stats().connections, 0);
    assert_eq!(world.settle(), [], "there is nobody to tell");
}

#[test]
fn an_owner_whose_mailbox_was_full_still_hears_of_the_end() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(2));
    world.door.refuse(service(2), Cause::Full);
    peer.write_all(b"one too many").unwrap();
    world.until_true(|net| is_gone(net, id));
    assert_eq!(world.settle(), []);
    world.door.welcome(service(2));
    let reason = world.closed(id).expect("a stream with a hole is no orderly end");
    assert!(reason.contains("mailbox"), "{reason}");
    assert_eq!(world.settle().iter().filter(|(_, event)| event.is_last()).count(), 0);
}

#[test]
fn a_driver_without_sockets_is_idle_and_one_with_sockets_is_not() {
    let mut world = World::small();
    let remote = world.pollers[0].remote();
    assert!(remote.is_idle());
    let (listener, address) = world.listen(service(1));
    assert!(!remote.is_idle());
    let (_peer, id) = world.started_peer(address, service(1));
    world.net.shutdown(id).unwrap();
    world.net.close(listener).unwrap();
    assert!(!remote.is_idle(), "it has something to tell");
    world.until(|events| (ends_of(events, id) + ends_of(events, listener) == 2).then_some(()));
    assert!(remote.is_idle());
}

#[test]
fn what_is_asked_from_outside_ends_a_wait() {
    let mut world = World::small();
    let (listener, _) = world.listen(service(1));
    let net = world.net.clone();
    let asker = std::thread::spawn(move || net.close(listener));
    let begun = std::time::Instant::now();
    let mut events = Vec::new();
    while events.is_empty() {
        world.pollers[0].drive(Some(world::PATIENCE), &world.door);
        assert!(begun.elapsed() < world::PATIENCE, "nobody woke it");
        events = world.door.take();
    }
    assert_eq!(ends_of(&events, listener), 1);
    asker.join().unwrap().unwrap();
}

#[test]
fn a_wake_up_ends_a_wait_without_end() {
    let mut world = World::small();
    let remote = world.pollers[0].remote();
    remote.wake();
    world.pollers[0].drive(None, &world.door);

    let waker = std::thread::spawn(move || remote.wake());
    world.pollers[0].drive(None, &world.door);
    waker.join().unwrap();
}
