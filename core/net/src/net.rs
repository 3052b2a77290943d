//! What services and hosts may ask of sockets, from any thread.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use mio::Poll;
use skyloom_abi::Handle;

use crate::address;
use crate::board::Board;
use crate::desk::Desk;
use crate::error::NetError;
use crate::id::SocketId;
use crate::info::{NetStats, SocketInfo, describe, stats};
use crate::input;
use crate::limits::Limits;
use crate::output::Output;
use crate::poller::Poller;
use crate::socket::{Body, Datagrams, Dial, Input, Listener, Stage};

/// The index of the worker that calls, which sends what was written when the
/// turn that it runs ends; `None` for every other thread.
pub type Near = Option<usize>;

/// The sockets of a node.
///
/// Cheap to clone. No method blocks for longer than a few system calls, and
/// none needs the pollers to be running: what they ask for then waits.
///
/// # Examples
/// ```
/// use skyloom_abi::{Door, Driver, Handle, Message, Undelivered};
/// use skyloom_net::{Limits, Net, SocketEvent};
///
/// /// Prints what happens, where a node would put it into a mailbox.
/// struct Print;
/// impl Door for Print {
///     fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
///         if let Some(event) = message.payload.peek::<SocketEvent>() {
///             println!("{to} hears {event:?}");
///         }
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (net, mut pollers) = Net::new(1, Limits::default())?;
/// let me = Handle::new(1).ok_or("0 is no handle")?;
/// let (listener, address) = net.listen(me, "", 0, 0)?;
/// assert!(address.ip().is_loopback(), "an empty host is this machine, and no other sees it");
/// net.start(Some(0), listener, me)?;
///
/// let _peer = std::net::TcpStream::connect(address)?;
/// pollers[0].drive(None, &Print); // :00000001 hears Accepted(2, by 1, from 127.0.0.1:…)
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Net {
    board: Arc<Board>,
}

impl Net {
    /// The sockets of a node with so many workers, and a poller for each of them.
    ///
    /// # Errors
    ///
    /// The system gives no poller.
    pub fn new(workers: usize, limits: Limits) -> io::Result<(Net, Vec<Poller>)> {
        let polls: Vec<Poll> = (0..workers.max(1)).map(|_| Poll::new()).collect::<Result<_, _>>()?;
        let desks = polls.iter().map(Desk::new).collect::<Result<_, _>>()?;
        let board = Arc::new(Board::new(limits, desks));
        let poller = |(index, poll)| Poller::new(poll, board.clone(), index);
        let pollers = polls.into_iter().enumerate().map(poller).collect::<Result<_, _>>()?;
        Ok((Net { board }, pollers))
    }

    /// Opens a socket that accepts connections for `owner`, once it is [started](Net::start).
    ///
    /// It is bound at once: port 0 takes a free one, which the result names.
    /// An empty host and `localhost` are 127.0.0.1; all interfaces are
    /// `0.0.0.0` or `::`. `backlog` connections wait in the system's queue (0: 128).
    ///
    /// # Errors
    ///
    /// [`NetError::NotAnAddress`] or [`NetError::Listen`].
    pub fn listen(
        &self,
        owner: Handle,
        host: &str,
        port: u16,
        backlog: u32,
    ) -> Result<(SocketId, SocketAddr), NetError> {
        let address = address::to_listen(host, port)?;
        let listener = Listener::bind(address, backlog)
            .map_err(|source| NetError::Listen { address: address.to_string(), source })?;
        let local = listener.local;
        let socket = self.board.add(owner, self.board.any_desk(), Body::Listener(listener));
        Ok((socket.id, local))
    }

    /// Begins a connection for `owner`, which will hear `Opened` and then what
    /// is read, or `Failed`.
    ///
    /// A name is looked up on a thread of its own; its addresses are tried in
    /// order, within [`Limits::connect`] in all. What is written meanwhile is
    /// sent when the connection stands.
    ///
    /// # Errors
    ///
    /// [`NetError::TooMany`].
    pub fn connect(&self, owner: Handle, host: &str, port: u16) -> Result<SocketId, NetError> {
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        self.dial(owner, host, port, target, false)
    }

    /// Begins to look a name up for `owner`, which will hear `Found` or `Failed`.
    ///
    /// It takes at most [`Limits::connect`], and counts as a connection meanwhile.
    ///
    /// # Errors
    ///
    /// [`NetError::TooMany`].
    pub fn look_up(&self, owner: Handle, host: &str) -> Result<SocketId, NetError> {
        self.dial(owner, host, 0, host.chars().take(255).collect(), true)
    }

    fn dial(
        &self,
        owner: Handle,
        host: &str,
        port: u16,
        target: String,
        name_only: bool,
    ) -> Result<SocketId, NetError> {
        self.board.enter()?;
        let until = Instant::now() + self.board.limits.connect;
        let known = address::to_connect(host, port);
        let look_up = known.is_none();
        let left = known.map(Into::into);
        let dial = Dial { target, name_only, left, attempt: None, cause: None, until, output: Output::new() };
        let socket = self.board.add(owner, self.board.any_desk(), Body::Dial(dial));
        let mut hold = self.board.hold(&socket);
        hold.state.deadline = Some(until);
        hold.attend();
        if look_up {
            let (board, dialing) = (self.board.clone(), socket.clone());
            let then = move |found| board.hold(&dialing).resolved(found);
            if let Err(error) = self.board.resolver.look_up(host, port, then) {
                hold.resolved(Err(error));
            }
        }
        Ok(socket.id)
    }

    /// Begins to accept, or to read, on behalf of `owner`, whose socket it is from now on.
    ///
    /// From now on the worker `near` polls it: that of the owner, best of all.
    /// Also resumes a socket after [`pause`](Net::pause). A connection that
    /// was made with [`connect`](Net::connect) is read from its beginning.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`], [`NetError::Closed`] if it is being closed or its
    /// peer's end was told already, [`NetError::System`].
    pub fn start(&self, near: Near, id: SocketId, owner: Handle) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        let mut hold = self.board.hold(&socket);
        match &mut hold.state.body {
            Body::Gone => return Err(NetError::Unknown(id)),
            Body::Listener(_) | Body::Dial(_) | Body::Datagrams(_) | Body::Input(_) => {}
            Body::Stream(stream) if stream.stage != Stage::Open || stream.broken.is_some() => {
                return Err(NetError::Closed(id));
            }
            Body::Stream(stream) => stream.begun = true,
        }
        if hold.state.owner != owner {
            self.board.owners.remove(hold.state.owner, id);
            self.board.owners.add(owner, id);
            hold.state.owner = owner;
        }
        if matches!(hold.state.body, Body::Dial(_)) {
            // It is read as soon as it stands.
            return Ok(());
        }
        if matches!(hold.state.body, Body::Input(_)) {
            hold.state.reading = true;
            hold.attend();
            return Ok(());
        }
        let home = self.worker(near).unwrap_or(hold.state.home);
        let was_reading = std::mem::replace(&mut hold.state.reading, true);
        if hold.state.registered && hold.state.home == home {
            // What came while it was paused has been reported already, to no effect.
            if !was_reading {
                hold.attend();
            }
            return Ok(());
        }
        let registered = hold.register(home);
        registered.map_err(|source| {
            hold.end(Some(source.to_string()));
            hold.pass_on();
            NetError::System { id, source }
        })
    }

    /// Stops reading, or accepting, until it is [started](Net::start) again.
    ///
    /// Nothing is lost: what comes meanwhile waits in the system, and then the peer does.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`].
    pub fn pause(&self, id: SocketId) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        self.board.hold(&socket).state.reading = false;
        Ok(())
    }

    /// Sends small writes at once, which every socket does from its beginning.
    ///
    /// # Errors
    ///
    /// As [`set_nodelay`](Net::set_nodelay).
    pub fn nodelay(&self, id: SocketId) -> Result<(), NetError> {
        self.set_nodelay(id, true)
    }

    /// Whether the system sends small writes at once, or waits for more.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`], [`NetError::Listener`], [`NetError::System`].
    pub fn set_nodelay(&self, id: SocketId, at_once: bool) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        let hold = self.board.hold(&socket);
        let set = match &hold.state.body {
            Body::Stream(stream) => stream.stream.set_nodelay(at_once),
            Body::Dial(_) | Body::Datagrams(_) => Ok(()),
            Body::Listener(_) | Body::Input(_) => return Err(NetError::Listener(id)),
            Body::Gone => return Err(NetError::Unknown(id)),
        };
        set.map_err(|source| NetError::System { id, source })
    }

    /// Takes `bytes` for the peer; all of them, or none.
    ///
    /// What is written during one turn of a worker is sent when the turn ends,
    /// in order; what the peer is too slow for waits in the socket's queue,
    /// of which the owner hears [`Backlog`](crate::SocketEvent::Backlog).
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`], [`NetError::Closed`], [`NetError::Listener`], and
    /// [`NetError::QueueFull`], after which the socket has ended if that is
    /// the policy ([`Overflow`](crate::Overflow)).
    pub fn write(&self, near: Near, id: SocketId, bytes: &[u8]) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        self.board.hold(&socket).write(self.worker(near), bytes)
    }

    /// Lets `bytes` wait for the peer of this socket, whatever [`Limits::queue`] says.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`].
    pub fn allow(&self, id: SocketId, bytes: usize) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        self.board.hold(&socket).state.queue = bytes;
        Ok(())
    }

    /// Sends what has been written, then closes the socket; the owner hears
    /// `Closed` unless it has heard it already.
    ///
    /// What cannot be sent within [`Limits::linger`] is dropped. A connection
    /// that is still being made is given up.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`].
    pub fn close(&self, id: SocketId) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        self.board.hold(&socket).close(Instant::now());
        Ok(())
    }

    /// Closes the socket now and drops what has not been sent.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`].
    pub fn shutdown(&self, id: SocketId) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        let mut hold = self.board.hold(&socket);
        hold.end(None);
        hold.pass_on();
        Ok(())
    }

    /// Closes all sockets of `owner`: for a service that has ended.
    pub fn close_all(&self, owner: Handle) {
        for id in self.board.owners.of(owner) {
            // One that is gone meanwhile is as closed as it can be.
            let _ = self.close(id);
        }
    }

    /// What `host` and `port` are if they need no looking up.
    #[must_use]
    pub fn address(host: &str, port: u16) -> Option<SocketAddr> {
        address::to_connect(host, port)?.first().copied()
    }

    /// Opens a socket of `owner` for datagrams, which is read at once; `at` says where others
    /// find it. Without that it has an address when it has sent something.
    ///
    /// # Errors
    ///
    /// [`NetError::NotAnAddress`], [`NetError::Udp`], [`NetError::TooMany`].
    pub fn udp(&self, near: Near, owner: Handle, at: Option<(&str, u16)>) -> Result<SocketId, NetError> {
        let address = at.map(|(host, port)| address::to_listen(host, port)).transpose()?;
        let datagrams = Datagrams::open(address)?;
        self.add_datagrams(near, owner, datagrams)
    }

    /// The same, which exchanges datagrams with `peer` and nobody else.
    ///
    /// # Errors
    ///
    /// [`NetError::Udp`], [`NetError::TooMany`].
    pub fn udp_dial(&self, near: Near, owner: Handle, peer: SocketAddr) -> Result<SocketId, NetError> {
        self.add_datagrams(near, owner, Datagrams::dial(peer)?)
    }

    /// From now on what is [written](Net::write) to the socket is sent to `peer`.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`], [`NetError::NoDatagrams`], [`NetError::Family`], [`NetError::Udp`].
    pub fn udp_connect(&self, id: SocketId, peer: SocketAddr) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        self.board.hold(&socket).set_peer(peer)
    }

    /// Sends a datagram. What the system does not take at once waits, as much as may.
    ///
    /// # Errors
    ///
    /// [`NetError::Unknown`], [`NetError::NoDatagrams`], [`NetError::Family`],
    /// [`NetError::TooLong`], [`NetError::QueueFull`], [`NetError::System`].
    pub fn send_to(&self, id: SocketId, to: SocketAddr, bytes: &[u8]) -> Result<(), NetError> {
        let socket = self.board.find(id)?;
        self.board.hold(&socket).send_to(Some(to), bytes)
    }

    /// The standard input as a socket of `owner`, once it is [started](Net::start).
    ///
    /// # Errors
    ///
    /// [`NetError::TooMany`], [`NetError::Input`].
    pub fn input(&self, owner: Handle) -> Result<SocketId, NetError> {
        self.board.enter()?;
        let (input, sender) = Input::new();
        let socket = self.board.add(owner, self.board.any_desk(), Body::Input(input));
        input::read(&self.board, &socket, sender).map_err(|error| {
            self.board.hold(&socket).abandon();
            NetError::Input(error)
        })?;
        Ok(socket.id)
    }

    fn add_datagrams(&self, near: Near, owner: Handle, datagrams: Datagrams) -> Result<SocketId, NetError> {
        self.board.enter()?;
        let home = self.worker(near).unwrap_or_else(|| self.board.any_desk());
        let socket = self.board.add(owner, home, Body::Datagrams(datagrams));
        let mut hold = self.board.hold(&socket);
        hold.state.reading = true;
        if let Err(source) = hold.register(home) {
            hold.abandon();
            return Err(NetError::System { id: socket.id, source });
        }
        Ok(socket.id)
    }

    /// Whose socket it is; `None` if there is none with that number.
    #[must_use]
    pub fn owner(&self, id: SocketId) -> Option<Handle> {
        let socket = self.board.find(id).ok()?;
        let state = socket.state.lock();
        Some(state.owner)
    }

    /// All sockets, oldest first.
    #[must_use]
    pub fn info(&self) -> Vec<SocketInfo> {
        let all = self.board.table.all();
        all.iter().filter_map(|socket| describe(socket.id, &socket.state.lock())).collect()
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> NetStats {
        stats(&self.board.counts)
    }

    /// A worker that does not exist is nobody's.
    fn worker(&self, near: Near) -> Option<usize> {
        near.filter(|worker| *worker < self.board.desks.len())
    }
}
