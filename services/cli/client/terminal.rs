//! The chat in a terminal: what is typed goes there, what comes is printed.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use crate::args::ClientChat;
use crate::failure::Failure;

/// One line up, and clear it: the chat repeats what was said, with the name before it.
const ERASE_TYPED: &str = "\x1b[1A\x1b[2K";

pub(crate) fn terminal(options: &ClientChat) -> Result<ExitCode, Failure> {
    let address = (options.host.as_str(), options.port);
    let unreachable = |error| {
        let (host, port) = address;
        Failure::new(format!("cannot connect to {host}:{port}: {error} (is `skyloom demo chat` running?)"))
    };
    let stream = TcpStream::connect(address).map_err(unreachable)?;
    let mut out = stream.try_clone().map_err(unreachable)?;
    if let Some(nick) = &options.nick {
        writeln!(out, "/nick {nick}").map_err(unreachable)?;
    }
    writeln!(out, "/join {}", options.room.as_deref().unwrap_or("lobby")).map_err(unreachable)?;

    let leaving = Arc::new(AtomicBool::new(false));
    // Reading from a terminal cannot be interrupted, so it is this thread that is left behind.
    thread::spawn({
        let leaving = leaving.clone();
        move || {
            let typed = io::stdin().is_terminal() && io::stdout().is_terminal();
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                if typed {
                    print!("{ERASE_TYPED}");
                    let _ = io::stdout().flush();
                }
                if writeln!(out, "{line}").is_err() {
                    return;
                }
            }
            leaving.store(true, Relaxed);
            let _ = writeln!(out, "/quit");
        }
    });
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { break };
        // After `/quit` the chat closes; before, it went away by itself.
        println!("{line}");
    }
    if !leaving.load(Relaxed) {
        println!("* the connection is closed");
    }
    Ok(ExitCode::SUCCESS)
}
