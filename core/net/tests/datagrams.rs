//! Datagrams, names and the numbers of what is waited for.

mod world;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use skyloom_abi::Cause;
use skyloom_net::{Limits, Net, NetError, SocketEvent, SocketId};
use world::{PATIENCE, World, service};

fn datagram(world: &mut World, id: SocketId) -> (SocketAddr, Vec<u8>) {
    world.next(|event| match event {
        SocketEvent::Datagram { id: to, from, bytes } if *to == id => Some((*from, bytes.clone())),
        _ => None,
    })
}

fn address_of(net: &Net, id: SocketId) -> SocketAddr {
    net.info().iter().find(|info| info.id == id).and_then(|info| info.local).expect("it has an address")
}

fn peer() -> (UdpSocket, SocketAddr) {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = peer.local_addr().unwrap();
    (peer, address)
}

#[test]
fn a_datagram_arrives_whole_with_the_address_to_answer_to() {
    for host in ["127.0.0.1", "::1"] {
        let mut world = World::small();
        let server = world.net.udp(Some(0), service(1), Some((host, 0))).unwrap();
        let at = address_of(&world.net, server);
        let client = world.net.udp_dial(None, service(2), at).unwrap();
        world.net.write(None, client, b"one").unwrap();
        world.net.write(None, client, b"").unwrap();
        let (from, bytes) = datagram(&mut world, server);
        assert_eq!((from, bytes.as_slice()), (address_of(&world.net, client), &b"one"[..]));
        world.net.send_to(server, from, b"answer").unwrap();
        assert_eq!(datagram(&mut world, client), (at, b"answer".to_vec()));
    }
}

#[test]
fn an_empty_datagram_is_one_too() {
    let mut world = World::small();
    let server = world.net.udp(Some(0), service(1), Some(("", 0))).unwrap();
    let (peer, _) = peer();
    peer.send_to(b"", address_of(&world.net, server)).unwrap();
    assert_eq!(datagram(&mut world, server).1, b"");
}

#[test]
fn a_socket_without_an_address_gets_one_when_it_sends_and_the_family_of_its_first_peer() {
    let mut world = World::small();
    let server = world.net.udp(Some(0), service(1), Some(("::1", 0))).unwrap();
    let at = address_of(&world.net, server);
    let client = world.net.udp(None, service(1), None).unwrap();
    assert!(matches!(world.net.write(None, client, b"x"), Err(NetError::NoPeer(_))));
    world.net.udp_connect(client, at).unwrap();
    world.net.write(None, client, b"hello").unwrap();
    let (from, bytes) = datagram(&mut world, server);
    assert_eq!((from.is_ipv6(), bytes.as_slice()), (true, &b"hello"[..]));
    let other = world.net.udp_connect(client, "127.0.0.1:9".parse().unwrap());
    assert!(matches!(other, Err(NetError::Family { .. })), "{other:?}");
}

#[test]
fn what_cannot_be_sent_is_an_error_of_the_call_and_the_socket_lives_on() {
    let world = World::small();
    let (_, to) = peer();
    let id = world.net.udp(None, service(1), Some(("127.0.0.1", 0))).unwrap();
    let long = world.net.send_to(id, to, &vec![0; 65_508]);
    assert_eq!(
        long.map_err(|error| error.to_string()).unwrap_err(),
        format!("a datagram has at most 65507 bytes, not 65508 (socket {id})")
    );
    let family = world.net.send_to(id, "[::1]:9".parse().unwrap(), b"x");
    assert!(matches!(family, Err(NetError::Family { .. })), "{family:?}");
    world.net.send_to(id, to, b"x").unwrap();
    let (stream, _) = world.net.listen(service(1), "", 0, 0).unwrap();
    assert!(matches!(world.net.send_to(stream, to, b"x"), Err(NetError::NoDatagrams(_))));
}

#[test]
fn a_receiver_that_is_gone_ends_no_socket() {
    let mut world = World::small();
    let (gone, to) = peer();
    drop(gone);
    let id = world.net.udp_dial(Some(0), service(1), to).unwrap();
    for _ in 0..10 {
        world.net.write(None, id, b"x").unwrap();
        world.round();
    }
    assert_eq!(world.settle().len(), 0);
    assert_eq!(world.net.info().len(), 1);
}

#[test]
fn a_datagram_that_its_owner_has_no_room_for_is_dropped_and_counted() {
    let mut world = World::small();
    let id = world.net.udp(Some(0), service(1), Some(("", 0))).unwrap();
    let at = address_of(&world.net, id);
    let (peer, _) = peer();
    world.door.refuse(service(1), Cause::Full);
    peer.send_to(b"lost", at).unwrap();
    world.until_true(|net| net.stats().dropped == 1);
    world.door.welcome(service(1));
    peer.send_to(b"found", at).unwrap();
    assert_eq!(datagram(&mut world, id).1, b"found");
}

#[test]
fn a_paused_socket_takes_no_datagrams_until_it_is_started() {
    let mut world = World::small();
    let id = world.net.udp(Some(0), service(1), Some(("", 0))).unwrap();
    let (peer, _) = peer();
    world.net.pause(id).unwrap();
    peer.send_to(b"later", address_of(&world.net, id)).unwrap();
    assert_eq!(world.settle().len(), 0);
    world.net.start(Some(0), id, service(2)).unwrap();
    world.until(|events| events.iter().any(|(to, _)| *to == service(2)).then_some(()));
}

#[test]
fn a_closed_socket_says_so_once() {
    let mut world = World::small();
    let id = world.net.udp(Some(0), service(1), Some(("", 0))).unwrap();
    world.net.close(id).unwrap();
    assert_eq!(world.closed(id), None);
    assert!(world.net.info().is_empty());
    assert_eq!(world.net.stats().connections, 0);
}

#[test]
fn a_name_is_looked_up_without_a_connection() {
    let mut world = World::small();
    let id = world.net.look_up(service(1), "127.0.0.1").unwrap();
    let found = world.next(|event| match event {
        SocketEvent::Found { id: found, addresses } if *found == id => Some(addresses.clone()),
        _ => None,
    });
    assert_eq!(found, [IpAddr::from([127, 0, 0, 1])]);
    assert_eq!(world.net.stats().connections, 0);
}

#[test]
fn a_name_that_is_none_fails_and_says_which() {
    let limits = Limits { connect: Duration::from_secs(5), ..Limits::default() };
    let mut world = World::new(1, limits);
    let id = world.net.look_up(service(1), "no such name.invalid").unwrap();
    let text = world.next(|event| match event {
        SocketEvent::Failed { id: failed, text } if *failed == id => Some(text.clone()),
        _ => None,
    });
    assert!(text.starts_with("cannot find no such name.invalid: "), "{text}");
}

#[test]
fn a_socket_may_be_allowed_a_longer_queue_than_others() {
    let mut world = World::small();
    let (_, address) = world.listen(service(1));
    let (_peer, id) = world.started_peer(address, service(1));
    world.net.allow(id, 64 << 20).unwrap();
    let part = vec![0; 4 << 20];
    for _ in 0..8 {
        world.net.write(None, id, &part).unwrap();
    }
}
