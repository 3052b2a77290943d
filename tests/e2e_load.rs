//! Many clients at once: nothing is lost, nothing out of order, memory stays flat.
//!
//! Small unless SKYLOOM_FULL is set, which is for release builds.
#![allow(unreachable_pub, missing_debug_implementations, reason = "nobody else uses these")]

#[path = "common/mod.rs"]
mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::lines::Guest;
use common::server::{Server, run};

/// What is measured here is measured alone.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_full() -> bool {
    std::env::var_os("SKYLOOM_FULL").is_some()
}

/// Lets bots talk, and shows what they measured; panics with what they say unless all is well.
#[expect(clippy::print_stdout, reason = "the numbers are worth a look")]
fn bots(server: &Server, options: &[&str]) {
    let (port, port_web) = (server.lines.port().to_string(), server.web.port().to_string());
    let mut args = vec!["client", "chat", "--port", &port, "--port-web", &port_web];
    args.extend(options);
    let output = run(&args);
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.contains("lost 0, out of order 0, connections lost 0"), "{said}");
}

#[test]
fn bots_hear_every_line_of_their_room_in_the_order_of_its_sender() {
    let _alone = alone();
    let mut server = Server::start();
    if is_full() {
        bots(&server, &["--bots", "2000", "--rooms", "20", "--seconds", "20", "--rate", "0.25", "--via", "both"]);
    } else {
        bots(&server, &["--bots", "100", "--rooms", "5", "--seconds", "3", "--rate", "2", "--via", "both"]);
    }
    assert!(server.stop());
}

#[test]
#[expect(clippy::print_stdout, reason = "the numbers are worth a look")]
fn clients_that_never_read_cost_little_and_hold_nobody_up() {
    let _alone = alone();
    let (deaf, talkers) = if is_full() { (200, 12) } else { (20, 12) };
    let server = Server::start();
    // They come in one after the other and never read again.
    let sleepers: Vec<Guest> = (0..deaf).map(|n| Guest::enter(server.lines, &format!("deaf-{n}"), "games")).collect();
    let listener = Guest::enter(server.lines, "listener", "games");
    let people: Vec<Guest> = (0..talkers).map(|n| Guest::enter(server.lines, &format!("p{n}"), "games")).collect();
    let before = server.process.resident();

    // Each reads what comes, so that only the sleepers do not.
    for person in &people {
        let stream = person.stream.try_clone().unwrap();
        std::thread::spawn(move || std::io::copy(&mut &stream, &mut std::io::sink()));
    }
    let mut talk = Talk { people, listener, said: 0, sleepers_dropped: 0 };
    let (end, mut most) = (Instant::now() + Duration::from_secs(120), before);
    while talk.sleepers_dropped < deaf {
        assert!(Instant::now() < end, "only {} of {deaf} sleepers were dropped", talk.sleepers_dropped);
        talk.round();
        most = most.max(server.process.resident());
    }
    // What may wait for one client is 128 KiB. The rest is the room's history, and what is on its way.
    let allowed = (deaf as u64) * 128 + 64 * 1024;
    assert!(most - before < allowed, "{before} KiB grew to {most} KiB");
    let rounds = talk.said;
    (0..rounds).for_each(|_| talk.round());
    let after = server.process.resident();
    println!("{deaf} clients that do not read: {before} KiB, at most {most} KiB, after as much talk again {after} KiB");
    assert!(after < most + 16 * 1024, "{most} KiB went on growing to {after} KiB");
    drop(sleepers);
}

/// People who talk, and one who listens to all of them.
struct Talk {
    people: Vec<Guest>,
    listener: Guest,
    said: usize,
    sleepers_dropped: usize,
}

impl Talk {
    /// Everybody says a long line, and every line is heard, in its order.
    fn round(&mut self) {
        let text = "😀".repeat(990);
        for person in &mut self.people {
            person.say(&format!("{} {text}", self.said));
        }
        let mut heard = vec![false; self.people.len()];
        while heard.contains(&false) {
            let line = self.listener.next().expect("the listener is listened to");
            if line.starts_with("* deaf-") && line.ends_with(" left") {
                self.sleepers_dropped += 1;
            } else if let Some((user, rest)) = line.strip_prefix("<p").and_then(|line| line.split_once("> ")) {
                let user: usize = user.parse().unwrap();
                assert_eq!(rest.split(' ').next(), Some(self.said.to_string().as_str()), "line of p{user}");
                assert!(!std::mem::replace(&mut heard[user], true), "p{user} is heard twice");
            }
        }
        self.said += 1;
    }
}
