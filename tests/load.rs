//! Many clients at once: nothing is lost, nothing out of order, memory stays flat.
//!
//! Small unless SKYLOOM_FULL is set, which is for release builds.
#![allow(unreachable_pub, missing_debug_implementations, reason = "nobody else uses these")]

#[path = "common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::lines::Guest;
use common::server::{Server, run};

fn is_full() -> bool {
    std::env::var_os("SKYLOOM_FULL").is_some()
}

/// Lets bots talk; panics with what they say unless all is well.
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
    let mut server = Server::start();
    if is_full() {
        bots(&server, &["--bots", "2000", "--rooms", "20", "--seconds", "20", "--rate", "0.25", "--via", "both"]);
    } else {
        bots(&server, &["--bots", "100", "--rooms", "5", "--seconds", "3", "--rate", "2", "--via", "both"]);
    }
    assert!(server.stop());
}

#[test]
fn clients_that_never_read_cost_little_and_hold_nobody_up() {
    let (deaf, talkers) = if is_full() { (200, 12) } else { (20, 12) };
    let server = Server::start();
    // They come in one after the other and never read again.
    let sleepers: Vec<Guest> = (0..deaf).map(|n| Guest::enter(server.lines, &format!("deaf-{n}"), "games")).collect();
    let mut listener = Guest::enter(server.lines, "listener", "games");
    let mut people: Vec<Guest> = (0..talkers).map(|n| Guest::enter(server.lines, &format!("p{n}"), "games")).collect();
    let before = server.process.resident();

    // Each reads what comes, so that only the sleepers do not.
    for person in &people {
        let stream = person.stream.try_clone().unwrap();
        std::thread::spawn(move || std::io::copy(&mut &stream, &mut std::io::sink()));
    }
    let text = "😀".repeat(990);
    let (mut said, mut next, mut dropped, mut most) = (0, vec![0; talkers], 0, before);
    let end = Instant::now() + Duration::from_secs(120);
    while dropped < deaf {
        assert!(Instant::now() < end, "only {dropped} of {deaf} sleepers were dropped");
        for person in &mut people {
            person.say(&format!("{said} {text}"));
        }
        said += 1;
        let mut heard = 0;
        while heard < talkers {
            let line = listener.next().unwrap();
            if line.starts_with("* deaf-") && line.ends_with(" left") {
                dropped += 1;
            } else if let Some((user, rest)) = line.strip_prefix("<p").and_then(|line| line.split_once("> ")) {
                let user: usize = user.parse().unwrap();
                assert_eq!(rest.split(' ').next(), Some(next[user].to_string().as_str()), "line of p{user}");
                next[user] += 1;
                heard += 1;
            }
        }
        most = most.max(server.process.resident());
    }
    // What may wait for one client is 256 KiB, noticed at that size; the rest is history and slack.
    let allowed = (deaf as u64) * 320 + 32 * 1024;
    assert!(most - before < allowed, "{before} KiB grew to {most} KiB");
    eventually_below(&server, before + 48 * 1024);
    drop(sleepers);
}

fn eventually_below(server: &Server, limit: u64) {
    common::eventually("memory is given back", || (server.process.resident() < limit).then_some(()));
}
