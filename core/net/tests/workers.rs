//! Sockets under workers that are threads, as in a node: each drives its poller
//! between turns, sleeps in it, and is woken when something is posted.

mod world;

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use skyloom_abi::{Door, Driver, Handle, Message, Remote, Undelivered};
use skyloom_net::{Limits, Net, NetError, Poller, SocketEvent};
use world::{Dice, pattern, service};

const WORKERS: usize = 3;

/// Service `n` lives on worker `n - 1`, and has its mailbox here.
struct House {
    mailboxes: [Mutex<VecDeque<SocketEvent>>; WORKERS],
    remotes: Vec<Arc<dyn Remote>>,
    stop: AtomicBool,
}

impl Door for House {
    fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        let worker = to.local() as usize - 1;
        if let Ok(event) = message.payload.take::<SocketEvent>() {
            self.mailboxes[worker].lock().unwrap().push_back(*event);
            self.remotes[worker].wake();
        }
        Ok(())
    }
}

fn work(house: &House, worker: usize, mut poller: Poller, mut turn: impl FnMut(SocketEvent)) {
    while !house.stop.load(SeqCst) {
        let event = house.mailboxes[worker].lock().unwrap().pop_front();
        let Some(event) = event else {
            poller.drive(None, house);
            continue;
        };
        turn(event);
        house.remotes[worker].flush(house);
        if !house.remotes[worker].is_idle() {
            poller.drive(Some(Duration::ZERO), house);
        }
    }
}

/// The gate on the first worker gives each client to a service on one of the
/// others, which echoes, and lets now this and now that worker poll it.
#[test]
fn clients_of_a_node_get_what_they_sent_while_their_sockets_change_hands() {
    let (net, pollers) = Net::new(WORKERS, Limits::default()).unwrap();
    let house = House {
        mailboxes: Default::default(),
        remotes: pollers.iter().map(Driver::remote).collect(),
        stop: AtomicBool::new(false),
    };
    let (listener, address) = net.listen(service(1), "", 0, 0).unwrap();
    net.start(Some(0), listener, service(1)).unwrap();

    std::thread::scope(|scope| {
        for (worker, poller) in pollers.into_iter().enumerate() {
            let (net, house) = (net.clone(), &house);
            let mut dice = Dice::new(worker as u64 + 50);
            scope.spawn(move || {
                work(house, worker, poller, |event| match event {
                    SocketEvent::Accepted { id, .. } => {
                        let to = 1 + dice.below(WORKERS - 1);
                        net.start(Some(to), id, service(to as u32 + 1)).unwrap();
                    }
                    SocketEvent::Data { id, bytes } => {
                        net.write(Some(worker), id, &bytes).unwrap();
                        if dice.below(4) == 0 {
                            net.pause(id).unwrap();
                            let to = Some(dice.below(WORKERS));
                            match net.start(to, id, service(worker as u32 + 1)) {
                                // Its client had just got all and gone.
                                Ok(()) | Err(NetError::Closed(_)) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                    }
                    SocketEvent::Closed { id, reason } => {
                        assert_eq!(reason, None);
                        net.close(id).unwrap();
                    }
                    SocketEvent::Backlog { .. } => {}
                    other => panic!("{other:?}"),
                });
            });
        }
        let clients: Vec<_> = (0..30).map(|n| scope.spawn(move || talk(address, n, 60))).collect();
        let all_well = clients.into_iter().map(|client| client.join()).all(|end| end.is_ok());
        let begun = std::time::Instant::now();
        while net.stats().connections > 0 && begun.elapsed() < world::PATIENCE {
            std::thread::yield_now();
        }
        house.stop.store(true, SeqCst);
        house.remotes.iter().for_each(|remote| remote.wake());
        assert!(all_well, "a client did not get what it sent");
        assert_eq!(net.stats().connections, 0, "all are gone");
    });
}

fn talk(address: SocketAddr, seed: usize, rounds: usize) {
    let mut dice = Dice::new(seed as u64 + 1);
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(world::PATIENCE)).unwrap();
    let mut at = seed * 7_919;
    for _ in 0..rounds {
        // More than one read's worth now and then, never more than the system buffers.
        let most = [100, 3000, 100_000][dice.below(3)];
        let size = 1 + dice.below(most);
        peer.write_all(&pattern(at, size)).unwrap();
        let mut answer = vec![0; size];
        peer.read_exact(&mut answer).unwrap();
        assert_eq!(answer, pattern(at, size), "client {seed}");
        at += size;
    }
}
