//! The load generator for line servers: one thread, many connections, a fixed number of lines in
//! flight on each.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// Lines are 64 bytes with their end.
const LINE: usize = 64;

/// What came back.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Lines per second.
    pub(crate) rate: f64,
    /// Microseconds from a batch's departure to its last line's return.
    #[allow(dead_code, reason = "shown by later scenarios")]
    pub(crate) latency: Histogram<u64>,
}

struct Client {
    stream: TcpStream,
    /// Bytes of the batch in flight still to be written and to come back.
    to_write: usize,
    to_read: usize,
    left_at: Instant,
}

/// Sends batches of `depth` lines on each connection for `time`; each batch waits for the one before.
pub(crate) fn lines(address: SocketAddr, connections: usize, depth: usize, time: Duration) -> Result<Outcome, String> {
    let said = |error: std::io::Error| format!("load on {address}: {error}");
    let mut poll = Poll::new().map_err(said)?;
    let batch = batch(depth);
    let mut clients = Vec::with_capacity(connections);
    for token in 0..connections {
        let stream = std::net::TcpStream::connect(address).map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        stream.set_nonblocking(true).map_err(said)?;
        let mut stream = TcpStream::from_std(stream);
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(token), interest).map_err(said)?;
        let mut client = Client { stream, to_write: batch.len(), to_read: batch.len(), left_at: Instant::now() };
        client.write(&batch).map_err(said)?;
        clients.push(client);
    }
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    let mut latency = Histogram::new(3).map_err(|error| error.to_string())?;
    let (start, mut lines) = (Instant::now(), 0usize);
    while start.elapsed() < time {
        poll.poll(&mut events, Some(Duration::from_millis(100))).map_err(said)?;
        for event in &events {
            let Some(client) = clients.get_mut(event.token().0) else { continue };
            client.write(&batch).map_err(said)?;
            while client.read(&mut buffer).map_err(said)? {
                if client.to_read == 0 {
                    lines += depth;
                    latency.saturating_record(client.left_at.elapsed().as_micros() as u64);
                    (client.to_write, client.to_read, client.left_at) = (batch.len(), batch.len(), Instant::now());
                    client.write(&batch).map_err(said)?;
                }
            }
        }
    }
    Ok(Outcome { rate: lines as f64 / start.elapsed().as_secs_f64(), latency })
}

fn batch(depth: usize) -> Vec<u8> {
    let mut line = vec![b'x'; LINE - 1];
    line.push(b'\n');
    line.repeat(depth)
}

impl Client {
    fn write(&mut self, batch: &[u8]) -> std::io::Result<()> {
        while self.to_write > 0 {
            match self.stream.write(&batch[batch.len() - self.to_write..]) {
                Ok(written) => self.to_write -= written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads once; `false` when there is nothing to read now.
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<bool> {
        match self.stream.read(buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                self.to_read = self.to_read.saturating_sub(read);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}
