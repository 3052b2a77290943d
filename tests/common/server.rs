//! `skyloom` as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};

use super::{LONG, eventually};

/// The binary with these arguments.
pub fn skyloom(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skyloom"));
    command.args(args);
    command
}

/// Runs it to its end.
pub fn run(args: &[&str]) -> Output {
    skyloom(args).stdin(Stdio::null()).output().unwrap()
}

/// A process that is killed when it is dropped.
pub struct Process {
    pub child: Child,
    lines: Receiver<String>,
    /// What it has printed so far, and we have read.
    pub printed: Vec<String>,
}

impl Process {
    pub fn start(args: &[&str]) -> Process {
        let mut child = skyloom(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = follow(child.stdout.take().unwrap());
        Process { child, lines, printed: Vec::new() }
    }

    /// Waits for a line that contains `part`.
    pub fn prints(&mut self, part: &str) -> String {
        loop {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => self.printed.push(line.clone()),
                Err(error) => panic!("never printed {part:?} ({error}), only {:#?}", self.printed),
            }
            if let Some(line) = self.printed.last().filter(|line| line.contains(part)) {
                return line.clone();
            }
        }
    }

    /// Sends it a signal by name, as a shell does.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        eventually("the process ends", || self.child.try_wait().unwrap())
    }

    /// Memory that it has resident, in KiB.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(out: ChildStdout) -> Receiver<String> {
    let (tell, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines() {
            if line.is_err() || tell.send(line.unwrap_or_default()).is_err() {
                break;
            }
        }
    });
    lines
}

/// The chat demo.
pub struct Server {
    pub process: Process,
    pub web: SocketAddr,
    pub lines: SocketAddr,
}

impl Server {
    /// At ports that the system chooses.
    pub fn start() -> Server {
        Server::start_at(0, 0)
    }

    pub fn start_at(web: u16, lines: u16) -> Server {
        let (web, lines) = (web.to_string(), lines.to_string());
        let mut process = Process::start(&["demo", "chat", "--port-web", &web, "--port-lines", &lines]);
        let web =
            process.prints("  web ").trim().trim_start_matches("web").trim().trim_start_matches("http://").parse();
        let lines = process.prints("  lines ").trim().trim_start_matches("lines").trim().parse();
        process.prints("Ctrl-C");
        Server { process, web: web.unwrap(), lines: lines.unwrap() }
    }

    /// Asks it to stop; true if it did so in order.
    pub fn stop(&mut self) -> bool {
        self.process.signal("TERM");
        self.process.wait().success()
    }
}

/// All that a pipe holds.
pub fn read_all(mut from: impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    text
}
