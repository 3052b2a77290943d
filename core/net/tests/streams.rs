//! What goes through a connection: all of it, in order, whatever happens around it.

mod world;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use skyloom_abi::Driver;
use skyloom_net::{Limits, NetError, SocketEvent, SocketId, SocketState};
use world::{Dice, World, data_of, ends_of, pattern, read_some, service};

#[test]
fn what_a_peer_says_is_heard_and_what_is_answered_arrives() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(2));

    peer.write_all(b"hello").unwrap();
    assert_eq!(world.read(id, 5), b"hello");

    world.net.write(Some(0), id, b"hello yourself").unwrap();
    world.round();
    let mut answer = [0; 14];
    peer.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"hello yourself");
}

#[test]
fn an_accepted_socket_is_not_read_before_it_is_started() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.peer(address);
    peer.write_all(b"early").unwrap();
    assert_eq!(world.settle(), []);

    world.net.start(Some(0), id, service(2)).unwrap();
    world.until(|events| {
        let heard = events.iter().any(|(owner, _)| *owner == service(2));
        (heard && data_of(events, id) == b"early").then_some(())
    });
}

#[test]
fn writes_of_one_turn_are_one_system_call() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    let writes = |world: &World| world.net.info().iter().map(|info| info.writes).sum::<u64>();

    for _ in 0..1000 {
        world.net.write(Some(0), id, b"little by little ").unwrap();
    }
    assert_eq!(writes(&world), 0, "nothing is sent before the turn ends");
    world.pollers[0].remote().flush(&world.door);
    assert_eq!(writes(&world), 1);
    let mut all = vec![0; 17_000];
    peer.read_exact(&mut all).unwrap();

    world.net.write(None, id, b"from no worker: at once").unwrap();
    assert_eq!(writes(&world), 2);
    world.net.write(Some(77), id, b"from a worker that does not exist: the same").unwrap();
    assert_eq!(writes(&world), 3);
}

#[test]
fn what_one_worker_wrote_does_not_wait_for_another_that_is_held_up() {
    let mut world = World::new(2, Limits::default());
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    world.net.write(Some(0), id, b"from the one that hangs, ").unwrap();
    world.net.write(Some(1), id, b"from the other").unwrap();
    world.pollers[1].remote().flush(&world.door);
    let mut all = [0; 39];
    peer.read_exact(&mut all).unwrap();
    assert_eq!(&all, b"from the one that hangs, from the other");

    world.net.write(Some(0), id, b"!").unwrap();
    world.pollers[0].drive(Some(std::time::Duration::ZERO), &world.door);
    peer.read_exact(&mut all[..1]).unwrap();
    assert_eq!(&all[..1], b"!", "whoever drives a poller also sends for its worker");
}

#[test]
fn a_large_answer_to_a_slow_reader_arrives_whole_and_in_order() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    let total = 24 << 20;
    let (mut written, mut got) = (0, 0);
    let mut dice = Dice::new(5);
    while got < total {
        let size = (1 + dice.below(200_000)).min(total - written);
        let near = [Some(0), None][dice.below(2)];
        match world.net.write(near, id, &pattern(written, size)) {
            Ok(()) => written += size,
            Err(error) => panic!("{error} after {written} bytes"),
        }
        world.round();
        // The reader keeps up, but only just.
        while got < written && written - got > 600 << 10 || written == total && got < total {
            let bytes = read_some(&mut peer).expect("the stream goes on");
            assert_eq!(bytes, pattern(got, bytes.len()), "at byte {got}");
            got += bytes.len();
            world.round();
        }
    }
}

#[test]
fn a_backlog_is_told_as_it_doubles_and_when_it_is_gone() {
    let mut world = World::new(1, Limits { queue: 4 << 20, ..Limits::default() });
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    let mut told = Vec::new();
    while told.len() < 3 {
        world.net.write(Some(0), id, &[7; 32 << 10]).unwrap();
        world.round();
        told.extend(world.door.take());
    }
    let queued = world.net.info().iter().map(|info| info.queued).max().unwrap();
    world.until(|events| {
        told.extend_from_slice(events);
        while read_some(&mut peer).is_some_and(|bytes| !bytes.is_empty()) {}
        let gone = SocketEvent::Backlog { id, bytes: 0 };
        events.iter().any(|(_, event)| *event == gone).then_some(())
    });
    let mut sizes: Vec<usize> = Vec::new();
    for (_, event) in told {
        match event {
            SocketEvent::Backlog { bytes, .. } => sizes.push(bytes),
            other => panic!("{other:?} is no backlog"),
        }
    }
    sizes.dedup();
    assert_eq!(sizes.len(), 4, "{sizes:?}");
    for (told, mark) in sizes.iter().zip([256 << 10, 512 << 10, 1 << 20]) {
        assert!((mark..mark + (64 << 10)).contains(told), "{sizes:?}, queued {queued}");
    }
}

#[test]
fn after_the_peers_end_the_owner_may_still_answer() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    peer.write_all(b"question").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let events = world.until(|events| (ends_of(events, id) > 0).then(|| events.to_vec()));
    assert_eq!(data_of(&events, id), b"question");
    assert!(events.iter().any(|(_, e)| *e == SocketEvent::Closed { id, reason: None }));
    assert!(matches!(world.net.start(Some(0), id, service(1)), Err(NetError::Closed(_))));
    assert!(world.net.info().iter().any(|info| info.state == SocketState::HalfOpen));

    world.net.write(Some(0), id, b"answer").unwrap();
    world.net.close(id).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer");
    assert_eq!(world.settle(), [], "its end was told once and is not told again");
    assert!(matches!(world.net.write(None, id, b"more"), Err(NetError::Unknown(_))));
}

#[test]
fn last_words_arrive_although_the_peer_goes_on_talking() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    for _ in 0..20 {
        let (mut peer, id) = world.started_peer(address, service(1));
        peer.write_all(&[1; 100_000]).unwrap();
        world.until(|events| (!data_of(events, id).is_empty()).then_some(()));
        world.net.write(Some(0), id, b"too large a frame").unwrap();
        world.net.close(id).unwrap();
        assert!(matches!(world.net.write(None, id, b"more"), Err(NetError::Closed(_))));
        assert_eq!(world.closed(id), None);
        peer.write_all(&[2; 1000]).unwrap();
        let mut words = String::new();
        peer.read_to_string(&mut words).expect("no reset destroys the last words");
        assert_eq!(words, "too large a frame");
        drop(peer);
        world.until_true(|net| net.stats().connections == 0);
    }
}

#[test]
fn what_a_peer_said_before_it_reset_is_still_heard() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    world.net.write(None, id, b"never read, so that the peer's close is a reset").unwrap();
    world.net.pause(id).unwrap();
    peer.write_all(b"bye").unwrap();
    // Waits for what we wrote, so that it certainly lies unread when the peer closes.
    peer.peek(&mut [0]).unwrap();
    drop(peer);
    let events = world.until(|events| (ends_of(events, id) > 0).then(|| events.to_vec()));
    assert_eq!(data_of(&events, id), b"bye");
    assert_eq!(world.net.stats().connections, 0, "nothing is left of it");
}

#[test]
fn one_flood_does_not_keep_the_others_waiting_and_is_read_to_its_end() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut flood, flooded) = world.started_peer(address, service(1));
    let (mut quiet, heard) = world.started_peer(address, service(1));
    let total = 32 << 20;
    let flooding = std::thread::spawn(move || flood.write_all(&pattern(0, total)).map(|()| flood));
    // Until the system holds more than one visit may take.
    while world.round_reads(flooded) < 100 << 10 {}
    quiet.write_all(b"me too").unwrap();

    let (mut answered_after, mut got) = (None, 0);
    let begun = std::time::Instant::now();
    while got < total && begun.elapsed() < world::PATIENCE {
        world.pollers[0].drive(Some(std::time::Duration::ZERO), &world.door);
        let events = world.door.take();
        let read = data_of(&events, flooded).len();
        assert!(read <= 4 * (64 << 10), "{read} bytes of one socket in one visit");
        got = world.net.info().iter().map(|info| info.read_bytes as usize).max().unwrap();
        if data_of(&events, heard) == b"me too" {
            answered_after.get_or_insert(got);
        }
    }
    assert_eq!(got, total, "no edge says that there is more");
    assert!(answered_after.is_some_and(|got| got < total / 2), "{answered_after:?}");
    drop(flooding.join().unwrap());
}

#[test]
fn what_came_while_a_socket_was_paused_is_read_when_it_is_resumed() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.started_peer(address, service(1));
    world.net.pause(id).unwrap();
    peer.write_all(b"readiness is reported once, ").unwrap();
    assert_eq!(world.settle(), [], "and was, to no effect");
    peer.write_all(b"and so is the end").unwrap();
    drop(peer);
    assert_eq!(world.settle(), []);

    world.net.start(Some(0), id, service(1)).unwrap();
    let events = world.until(|events| (ends_of(events, id) > 0).then(|| events.to_vec()));
    assert_eq!(data_of(&events, id), b"readiness is reported once, and so is the end");
}

#[test]
fn output_that_a_socket_could_not_send_before_it_was_started_is_sent_all_the_same() {
    let mut world = World::new(1, Limits { queue: 32 << 20, ..Limits::default() });
    let (_, address) = world.listen(service(1));
    let (mut peer, id) = world.peer(address);
    let total = 16 << 20;
    world.net.write(Some(0), id, &pattern(0, total)).unwrap();
    let mut got = 0;
    world.until_true(|_| {
        let bytes = read_some(&mut peer).expect("it is not closed");
        assert_eq!(bytes, pattern(got, bytes.len()));
        got += bytes.len();
        got == total
    });
}

/// Pauses, resumes and moves sockets between workers at random while peers
/// send: readiness that was reported at the wrong moment must not be lost.
#[test]
fn pausing_and_moving_a_socket_loses_nothing() {
    for seed in 1..=20 {
        let mut dice = Dice::new(seed);
        let mut world = World::new(2, Limits::default());
        let (_, address) = world.listen(service(1));
        let (mut peer, id) = world.peer(address);
        let total = 1_000_000;
        let sender = std::thread::spawn(move || {
            let mut dice = Dice::new(seed + 1000);
            let mut sent = 0;
            while sent < total {
                let size = (1 + dice.below(60_000)).min(total - sent);
                peer.write_all(&pattern(sent, size)).unwrap();
                sent += size;
                if dice.below(3) == 0 {
                    std::thread::yield_now();
                }
            }
            peer
        });
        let mut got = 0;
        let mut owner = service(1);
        while got < total {
            match dice.below(4) {
                0 => world.net.pause(id).unwrap(),
                choice => {
                    owner = service(1 + choice as u32);
                    world.net.start([Some(0), Some(1), None][choice - 1], id, owner).unwrap();
                }
            }
            for _ in 0..dice.below(3) {
                let poller = dice.below(2);
                world.pollers[poller].drive(Some(std::time::Duration::ZERO), &world.door);
            }
            for (to, event) in world.door.take() {
                let SocketEvent::Data { bytes, .. } = event else { panic!("{event:?}") };
                assert_eq!(to, owner, "seed {seed}: the old owner hears of it");
                assert_eq!(bytes, pattern(got, bytes.len()), "seed {seed}, byte {got}");
                got += bytes.len();
            }
        }
        world.net.start(Some(1), id, owner).unwrap();
        drop(sender.join().unwrap());
        assert_eq!(world.closed(id), None, "seed {seed}: the end is not lost either");
    }
}

/// Many peers, an echo that answers from any worker or none: each peer gets
/// its own bytes, in order.
#[test]
fn every_peer_gets_its_own_answers_in_order() {
    let mut world = World::new(3, Limits::default());
    let (_, address) = world.listen(service(1));
    let (peers, total) = (24, 300_000);
    let clients: Vec<_> = (0..peers).map(|peer| std::thread::spawn(move || check_echo(address, peer, total))).collect();

    let mut dice = Dice::new(3);
    let mut ended = 0;
    let begun = std::time::Instant::now();
    while ended < peers {
        assert!(begun.elapsed() < world::PATIENCE * 2);
        world.round();
        for (_, event) in world.door.take() {
            let near = [None, Some(0), Some(1), Some(2)][dice.below(4)];
            match event {
                SocketEvent::Accepted { id, .. } => world.net.start(near, id, service(2)).unwrap(),
                SocketEvent::Data { id, bytes } => echo(&world, &mut dice, near, id, &bytes),
                SocketEvent::Closed { id, reason } => {
                    assert_eq!(reason, None);
                    world.net.close(id).unwrap();
                    ended += 1;
                }
                SocketEvent::Backlog { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    for client in clients {
        client.join().unwrap();
    }
    world.until_true(|net| net.stats().connections == 0);
}

fn echo(world: &World, dice: &mut Dice, near: Option<usize>, id: SocketId, bytes: &[u8]) {
    let cut = dice.below(bytes.len());
    world.net.write(near, id, &bytes[..cut]).unwrap();
    if dice.below(2) == 0 {
        world.net.start(near, id, service(2)).unwrap();
    }
    world.net.write([None, near][dice.below(2)], id, &bytes[cut..]).unwrap();
}

fn check_echo(address: std::net::SocketAddr, seed: usize, total: usize) {
    let mut dice = Dice::new(seed as u64 + 1);
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(world::PATIENCE)).unwrap();
    let mut reader = peer.try_clone().unwrap();
    let shift = seed * 1_000_003;
    let reads = std::thread::spawn(move || {
        let (mut got, mut buffer) = (0, vec![0; 64 << 10]);
        while got < total {
            let count = reader.read(&mut buffer).expect("the echo goes on");
            assert!(count > 0, "the echo ended after {got} bytes");
            assert_eq!(buffer[..count], pattern(shift + got, count), "peer {seed}, byte {got}");
            got += count;
        }
    });
    let mut sent = 0;
    while sent < total {
        let size = (1 + dice.below(5000)).min(total - sent);
        peer.write_all(&pattern(shift + sent, size)).unwrap();
        sent += size;
    }
    reads.join().unwrap();
}
