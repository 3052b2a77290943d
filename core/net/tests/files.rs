//! When the system has no more files: a listener waits, says so now and then, and goes on.
#![cfg(unix)]

mod world;

use std::fs::File;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use skyloom_net::SocketEvent;
use world::{World, service};

/// Runs the test below in a process that may open 64 files.
#[test]
fn a_listener_survives_that_there_are_no_more_files() {
    let program = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" --exact in_a_process_with_64_files --ignored"])
        .arg(program)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "the test above runs it, in a process of its own"]
fn in_a_process_with_64_files() {
    log::set_logger(&COMPLAINTS).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let mut world = World::small();
    let (listener, address) = world.listen(service(1));
    let mut files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(files.len() < 64, "the limit holds");

    // One file for the peer; none for our side of it.
    files.pop();
    let _peer = TcpStream::connect(address).unwrap();
    let begun = Instant::now();
    world.until_true(|net| net.stats().starved >= 15);
    assert!(begun.elapsed().as_millis() >= 1400, "it waits 100 ms before it tries again");
    let most = 2 + begun.elapsed().as_secs() as usize;
    let complaints = COMPLAINTS.0.lock().unwrap().clone();
    assert!((1..most).contains(&complaints.len()), "one a second at most: {complaints:?}");
    assert!(complaints[0].contains(&address.to_string()), "{complaints:?}");
    assert_eq!(world.door.take(), []);

    drop(files);
    let accepted = world.next(|event| match event {
        SocketEvent::Accepted { listener: by, id, .. } => Some((*by, *id)),
        _ => None,
    });
    assert_eq!(accepted.0, listener);
    world.started_peer(address, service(1));
}

static COMPLAINTS: Complaints = Complaints(Mutex::new(Vec::new()));

struct Complaints(Mutex<Vec<String>>);

impl log::Log for Complaints {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}
