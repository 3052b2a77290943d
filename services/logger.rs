//! The service named `.logger`: what services have to say to people.
//!
//! Every `TEXT` message becomes a line `[:00000008] text`, on standard output
//! or in a file. A thread of its own does the writing, because a full disk or a
//! stopped terminal may take its time and a worker may not. What waits for it
//! is bounded; beyond that lines are dropped, and their number is a line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use skyloom_abi::{ExitReason, Handle, Protocol};
use skyloom_kernel::{self as kernel, StartError};

/// Where the lines go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Log {
    /// To standard output.
    #[default]
    Stdout,
    /// To the end of a file; each line begins with the local time, `31/12/26 23:59:59.99`.
    File(PathBuf),
    /// To a Lua service with this name (arguments may follow), which is started before all others and gets each
    /// line as a `TEXT` message of whoever says it.
    Service(String),
    /// To the process's own log, as warnings.
    None,
}

/// Bytes that may wait for the writer.
const QUEUE: usize = 4 << 20;

/// What a line weighs beside its text.
const LINE: usize = 64;

/// How long the end of the service waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The service.
pub(crate) struct Logger {
    queue: Sender<Note>,
    waiting: Arc<AtomicUsize>,
    dropped: u64,
    written: Receiver<()>,
}

/// What the writer is told.
enum Note {
    Line { source: Option<Handle>, at: SystemTime, text: Vec<u8> },
    Reopen,
}

impl Logger {
    /// Opens where the lines go and starts the writer; `None` if there is nothing to open.
    pub(crate) fn new(log: &Log) -> Result<Option<Logger>, StartError> {
        let out = match log {
            Log::Stdout => Out::Stdout,
            Log::File(path) => {
                let file =
                    open(path).map_err(|e| StartError::new(format!("cannot open log {}: {e}", path.display())))?;
                Out::File(path.clone(), BufWriter::new(file))
            }
            Log::Service(_) | Log::None => return Ok(None),
        };
        Self::writing_to(out).map(Some)
    }

    fn writing_to(out: Out) -> Result<Logger, StartError> {
        let (queue, notes) = mpsc::channel();
        let (done, written) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let weight = waiting.clone();
        std::thread::Builder::new()
            .name("skyloom-log".into())
            .spawn(move || {
                write_all(&notes, out, &weight);
                // The service may have given up waiting.
                let _ = done.send(());
            })
            .map_err(|e| StartError::new(format!("cannot start thread skyloom-log: {e}")))?;
        Ok(Logger { queue, waiting, dropped: 0, written })
    }

    fn say(&mut self, source: Option<Handle>, text: Vec<u8>) {
        let weight = text.len() + LINE;
        if self.waiting.load(Relaxed).saturating_add(weight) > QUEUE {
            self.dropped += 1;
            return;
        }
        self.say_what_is_lost();
        self.queue_up(source, text);
    }

    fn say_what_is_lost(&mut self) {
        let lost = std::mem::take(&mut self.dropped);
        if lost > 0 {
            self.queue_up(None, format!("error: {lost} lines lost: the log is written too slowly").into_bytes());
        }
    }

    fn queue_up(&mut self, source: Option<Handle>, text: Vec<u8>) {
        self.waiting.fetch_add(text.len() + LINE, Relaxed);
        // The writer lives as long as this end of the queue.
        let _ = self.queue.send(Note::Line { source, at: SystemTime::now(), text });
    }
}

impl kernel::Service for Logger {
    fn handle(&mut self, ctx: &mut kernel::Context<'_>, message: kernel::Envelope) {
        let message = message.open();
        match message.protocol {
            Protocol::TEXT => self.say(message.source, message.payload.into_bytes()),
            Protocol::SYSTEM => drop(self.queue.send(Note::Reopen)),
            _ => {
                if let Some((to, session)) = message.awaits() {
                    let error = format!("the logger understands no {} messages", message.protocol);
                    ctx.refuse(to, session, skyloom_abi::CallError::Refused(error));
                }
            }
        }
    }

    fn retire(&mut self, _: &mut kernel::Context<'_>, _: &ExitReason) {
        self.say_what_is_lost();
        self.queue = mpsc::channel().0;
        // It runs after all others; only a log that cannot be written holds it up.
        let _ = self.written.recv_timeout(LAST_LINES);
    }
}

/// Where the writer writes.
enum Out {
    Stdout,
    File(PathBuf, BufWriter<File>),
    #[cfg(test)]
    Test(Box<dyn Write + Send>),
}

impl Out {
    fn reopen(&mut self) -> io::Result<()> {
        if let Out::File(path, file) = self {
            file.flush()?;
            *file = BufWriter::new(open(path)?);
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], last: bool) -> io::Result<()> {
        let out: &mut dyn Write = match self {
            Out::Stdout => &mut io::stdout().lock(),
            Out::File(_, file) => file,
            #[cfg(test)]
            Out::Test(out) => out,
        };
        out.write_all(bytes)?;
        if last { out.flush() } else { Ok(()) }
    }
}

fn open(path: &std::path::Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// The writer: gathers what waits, writes it in one piece, and only then waits for more.
fn write_all(notes: &Receiver<Note>, mut out: Out, weight: &AtomicUsize) {
    const PIECE: usize = 64 << 10;
    let zone = matches!(out, Out::File(..)).then(TimeZone::system);
    let (mut piece, mut weighed) = (Vec::new(), 0);
    let mut healthy = true;
    while let Ok(first) = notes.recv() {
        let mut next = Some(first);
        while let Some(note) = next {
            match note {
                Note::Line { source, at, text } => {
                    weighed += text.len() + LINE;
                    if let Some(zone) = &zone {
                        piece.extend_from_slice(stamp(at, zone).as_bytes());
                    }
                    let source = source.map_or(0, Handle::get);
                    piece.extend_from_slice(format!("[:{source:08x}] ").as_bytes());
                    piece.extend_from_slice(&text);
                    piece.push(b'\n');
                }
                Note::Reopen => {
                    let reopened = out.write(&piece, true).and_then(|()| out.reopen());
                    piece.clear();
                    say_once(reopened, &mut healthy);
                }
            }
            next = if piece.len() < PIECE { notes.try_recv().ok() } else { None };
        }
        say_once(out.write(&piece, true), &mut healthy);
        piece.clear();
        weight.fetch_sub(std::mem::take(&mut weighed), Relaxed);
    }
}

/// A log that cannot be written has only the process's own log to say so.
fn say_once(outcome: io::Result<()>, healthy: &mut bool) {
    if let Err(error) = &outcome
        && *healthy
    {
        log::error!("cannot write the log: {error}");
    }
    *healthy = outcome.is_ok();
}

/// `31/12/26 23:59:59.99 `, in local time.
fn stamp(at: SystemTime, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::try_from(at) else { return String::new() };
    let at = zone.to_datetime(at);
    let (year, centis) = (at.year().rem_euclid(100), at.subsec_nanosecond() / 10_000_000);
    let (day, month) = (at.day(), at.month());
    format!("{day:02}/{month:02}/{year:02} {:02}:{:02}:{:02}.{centis:02} ", at.hour(), at.minute(), at.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_a_file_have_the_local_time() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(20_818 * 86_400_000 + 3_723_450);
        assert_eq!(stamp(at, &TimeZone::UTC), "31/12/26 01:02:03.45 ");
        assert_eq!(stamp(at, &TimeZone::fixed(jiff::tz::offset(-2))), "30/12/26 23:02:03.45 ");
    }

    /// Takes nothing until it is told to.
    struct Gate(Receiver<()>, Arc<parking_lot::Mutex<Vec<u8>>>);
    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_stands_still_costs_lines_and_says_how_many() {
        let (open, gate) = mpsc::channel();
        let seen = Arc::default();
        let mut logger = Logger::writing_to(Out::Test(Box::new(Gate(gate, Arc::clone(&seen))))).unwrap();
        // The writer holds some of them and the queue the rest; the last ones do not fit.
        let lines = 10 * QUEUE / (1000 + LINE);
        (0..lines).for_each(|_| logger.say(None, vec![b'x'; 1000]));
        let dropped = logger.dropped;
        assert!(dropped > 0);
        drop(open);
        while logger.waiting.load(Relaxed) > 0 {
            std::thread::yield_now();
        }
        logger.say(Handle::new(8), b"after".to_vec());
        let Logger { queue, written, .. } = logger;
        drop(queue);
        written.recv().unwrap();
        let text = String::from_utf8(seen.lock().clone()).unwrap();
        let expected =
            format!("[:00000000] error: {dropped} lines lost: the log is written too slowly\n[:00000008] after\n");
        assert!(text.ends_with(&expected));
        assert_eq!(text.lines().count() as u64, lines as u64 - dropped + 2);
    }
}
