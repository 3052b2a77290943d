//! The standard input as a socket.
//!
//! A file, a pipe or a terminal: not all of them can be polled, and making one of them
//! non-blocking would change it for the shell too. So a thread reads it, one part ahead.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;

use crate::board::Board;
use crate::event::SocketEvent;
use crate::hold::{Hold, Seen};
use crate::socket::{Body, Input, Socket, Traffic};

/// The largest part.
const PART: usize = 4 << 10;

/// Parts taken in one visit.
const PARTS: usize = 16;

impl Input {
    /// An input and where its parts are to be sent.
    pub(crate) fn new() -> (Input, SyncSender<Vec<u8>>) {
        let (sender, parts): (_, Receiver<_>) = sync_channel(1);
        (Input { parts, traffic: Traffic::default() }, sender)
    }
}

/// Begins to read the standard input for `socket`.
///
/// The thread keeps neither the socket nor its node: it ends at the end of the input, or when a
/// part comes that nobody wants any more.
///
/// # Errors
///
/// The system gives no thread.
pub(crate) fn read(board: &Arc<Board>, socket: &Arc<Socket>, sender: SyncSender<Vec<u8>>) -> io::Result<()> {
    let (board, socket) = (Arc::downgrade(board), Arc::downgrade(socket));
    let work = move || {
        let mut buffer = [0; PART];
        while let Ok(count @ 1..) = io::stdin().lock().read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() || !tell(&board, &socket) {
                return;
            }
        }
        drop(sender);
        tell(&board, &socket);
    };
    thread::Builder::new().name("stdin".to_owned()).spawn(work).map(drop)
}

/// Asks the poller to look; false if there is none any more.
fn tell(board: &Weak<Board>, socket: &Weak<Socket>) -> bool {
    let (Some(board), Some(socket)) = (board.upgrade(), socket.upgrade()) else { return false };
    board.hold(&socket).attend();
    true
}

impl Hold<'_> {
    /// Takes what has been read.
    pub(crate) fn take_input(&mut self) -> Seen {
        for _ in 0..PARTS {
            let state = &mut *self.state;
            let Body::Input(input) = &mut state.body else { return Seen::All };
            if !state.reading {
                return Seen::All;
            }
            match input.parts.try_recv() {
                Ok(bytes) => {
                    input.traffic.reads += 1;
                    input.traffic.read_bytes += bytes.len() as u64;
                    state.news.push(SocketEvent::Data { id: self.socket.id, bytes });
                }
                Err(TryRecvError::Empty) => return Seen::All,
                Err(TryRecvError::Disconnected) => {
                    self.end(None);
                    return Seen::All;
                }
            }
        }
        Seen::More
    }
}
