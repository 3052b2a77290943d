//! Exchanging datagrams.
//!
//! A datagram is sent when it is written; what the system does not take waits in a queue with a
//! bound. Datagrams get lost anyway: one that nobody has room for is dropped and counted, and
//! neither side's socket ends because of it.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;

use mio::net::UdpSocket;
use skyloom_abi::{Cause, Door};
use socket2::{Domain, Socket, Type};

use crate::error::NetError;
use crate::event::SocketEvent;
use crate::hold::{Hold, Seen};
use crate::socket::{Body, Datagrams, Traffic};

/// The longest datagram: what IP leaves of 65535 bytes.
pub(crate) const LONGEST: usize = 65_507;

/// Datagrams taken in one visit, so that one flood does not keep all others waiting.
const RECEIVES: usize = 64;

/// What each datagram that waits costs besides its bytes.
const OVERHEAD: usize = 64;

impl Datagrams {
    /// A socket at `address`, or one for IPv4 that has none yet.
    pub(crate) fn open(address: Option<SocketAddr>) -> Result<Datagrams, NetError> {
        let domain = address.map_or(Domain::IPV4, Domain::for_address);
        open(domain, |socket| match address {
            Some(address) => socket.bind(&address.into()),
            None => Ok(()),
        })
        .map(|socket| Datagrams::new(socket, address.is_some(), None))
        .map_err(|source| failed(address, source))
    }

    /// A socket that hears only `peer`.
    pub(crate) fn dial(peer: SocketAddr) -> Result<Datagrams, NetError> {
        open(Domain::for_address(peer), |socket| socket.connect(&peer.into()))
            .map(|socket| Datagrams::new(socket, true, Some(peer)))
            .map_err(|source| failed(Some(peer), source))
    }

    fn new(socket: UdpSocket, bound: bool, peer: Option<SocketAddr>) -> Datagrams {
        let traffic = Traffic::default();
        Datagrams { socket, bound, peer, waiting: Default::default(), queued: 0, blocked: false, traffic }
    }

    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        // A dialled socket has one peer, and some systems take no address for it.
        let dialled = self.peer == Some(to) && self.socket.peer_addr().is_ok();
        loop {
            let sent = if dialled { self.socket.send(bytes) } else { self.socket.send_to(bytes, to) };
            match sent {
                Ok(count) => {
                    self.bound = true;
                    self.traffic.writes += 1;
                    self.traffic.written_bytes += count as u64;
                    return Ok(());
                }
                // The second is what became of an earlier one: its receiver was not there.
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionRefused) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Hold<'_> {
    /// Sends to `to`, or to the peer that has been set.
    pub(crate) fn send_to(&mut self, to: Option<SocketAddr>, bytes: &[u8]) -> Result<(), NetError> {
        let id = self.socket.id;
        let limit = self.state.queue;
        let Body::Datagrams(datagrams) = &mut self.state.body else { return Err(NetError::NoDatagrams(id)) };
        let to = to.or(datagrams.peer).ok_or(NetError::NoPeer(id))?;
        if bytes.len() > LONGEST {
            return Err(NetError::TooLong { id, len: bytes.len(), limit: LONGEST });
        }
        if !datagrams.blocked {
            match datagrams.send(to, bytes) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => datagrams.blocked = true,
                Err(source) => {
                    return Err(match datagrams.socket.local_addr() {
                        Ok(local) if local.is_ipv4() != to.is_ipv4() => NetError::Family { id, address: to },
                        _ => NetError::System { id, source },
                    });
                }
            }
        }
        if datagrams.queued + bytes.len() + OVERHEAD > limit {
            let waiting = datagrams.queued;
            self.board.counts.overflows.fetch_add(1, Relaxed);
            return Err(NetError::QueueFull { id, waiting, limit });
        }
        datagrams.queued += bytes.len() + OVERHEAD;
        datagrams.waiting.push_back((to, bytes.to_vec()));
        Ok(())
    }

    /// The system takes more.
    pub(crate) fn send_waiting(&mut self) {
        let Body::Datagrams(datagrams) = &mut self.state.body else { return };
        while let Some((to, bytes)) = datagrams.waiting.pop_front() {
            match datagrams.send(to, &bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    datagrams.blocked = true;
                    datagrams.waiting.push_front((to, bytes));
                    return;
                }
                // One that cannot be sent is as lost as one that does not arrive.
                _ => datagrams.queued -= bytes.len() + OVERHEAD,
            }
        }
    }

    /// Whom `write` sends to from now on.
    pub(crate) fn set_peer(&mut self, peer: SocketAddr) -> Result<(), NetError> {
        let id = self.socket.id;
        let Body::Datagrams(datagrams) = &mut self.state.body else { return Err(NetError::NoDatagrams(id)) };
        let is_ipv4 = datagrams.socket.local_addr().is_ok_and(|local| local.is_ipv4());
        if is_ipv4 == peer.is_ipv4() {
            datagrams.peer = Some(peer);
            return Ok(());
        }
        if datagrams.bound {
            return Err(NetError::Family { id, address: peer });
        }
        // It was made before anybody knew the family, and nobody knows it yet.
        let socket = open(Domain::for_address(peer), |_| Ok(())).map_err(|source| failed(Some(peer), source))?;
        self.deregister();
        if let Body::Datagrams(datagrams) = &mut self.state.body {
            *datagrams = Datagrams::new(socket, false, Some(peer));
        }
        let home = self.state.home;
        self.register(home).map_err(|source| NetError::System { id, source })
    }

    /// Takes what came and posts it to the owner.
    pub(crate) fn receive(&mut self, buffer: &mut [u8], door: &dyn Door) -> Seen {
        for _ in 0..RECEIVES {
            let state = &mut *self.state;
            let Body::Datagrams(datagrams) = &mut state.body else { return Seen::All };
            if !state.reading {
                return Seen::All;
            }
            let (count, from) = match datagrams.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Seen::All,
                    // What became of something that was sent: its receiver was not there.
                    ErrorKind::Interrupted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => continue,
                    _ => {
                        self.end(Some(error.to_string()));
                        return Seen::All;
                    }
                },
            };
            datagrams.traffic.reads += 1;
            datagrams.traffic.read_bytes += count as u64;
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            let event = SocketEvent::Datagram { id: self.socket.id, from, bytes: buffer[..count].to_vec() };
            match self.post(event, door) {
                Ok(()) => {}
                Err(undelivered) if undelivered.cause == Cause::Full => {
                    self.board.counts.dropped.fetch_add(1, Relaxed);
                }
                Err(_) => {
                    self.abandon();
                    return Seen::All;
                }
            }
        }
        Seen::More
    }
}

fn open(domain: Domain, place: impl FnOnce(&Socket) -> io::Result<()>) -> io::Result<UdpSocket> {
    let socket = Socket::new(domain, Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    place(&socket)?;
    Ok(UdpSocket::from_std(socket.into()))
}

fn failed(address: Option<SocketAddr>, source: io::Error) -> NetError {
    let address = address.map_or_else(|| "this machine".to_owned(), |address| address.to_string());
    NetError::Udp { address, source }
}
