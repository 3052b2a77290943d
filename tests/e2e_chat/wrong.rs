//! Bad input: one line that says what and where, and nobody else is disturbed.

use std::io::Write;
use std::net::{Shutdown, TcpListener};
use std::process::Stdio;

use serde_json::json;

use crate::common::lines::Guest;
use crate::common::server::{Process, Server, run, skyloom};
use crate::common::web::WebGuest;
use crate::common::{Folder, eventually};

/// Runs a command that cannot begin: exit code 2 and one line, which contains all of `parts`.
#[track_caller]
fn refused(args: &[&str], parts: &[&str]) {
    let output = run(args);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{args:?} said {out:?} {err:?}");
    assert_eq!(err.lines().count(), 1, "{args:?} said {err:?}");
    for part in parts {
        assert!(err.contains(part), "{args:?} said {err:?}, not {part:?}");
    }
    // A Lua service that fails says so in the log too.
    assert!(
        out.lines().all(|line| line.starts_with("[:0") || line.starts_with(['\t', ' ']) || line.starts_with("stack")),
        "{args:?} said {out:?}"
    );
}

#[test]
fn commands_that_do_not_exist_are_named() {
    refused(&["dance"], &["skyloom: unrecognized subcommand 'dance'"]);
    refused(&["demo", "dance"], &["'dance'"]);
    refused(&["demo", "chat", "--port-web", "high"], &["'high'", "--port-web"]);
    refused(&["client", "chat", "--bots", "0"], &["0", "--bots"]);
}

#[test]
fn files_that_are_missing_or_broken_are_named_with_the_line() {
    let folder = Folder::new("files");
    let missing = folder.0.join("missing.lua").display().to_string();
    refused(&["run", &missing], &[&missing, "No such file"]);
    refused(&["run", &folder.0.display().to_string()], &["directory"]);
    let broken = folder.file("broken.lua", "local skynet = require 'skynet'\n\nskynet.start(function( end)\n");
    refused(&["run", &broken], &["broken.lua:3:"]);
    let raising = folder
        .file("raising.lua", "local skynet = require 'skynet'\nskynet.start(function()\n  error 'no luck'\nend)\n");
    refused(&["run", &raising], &["raising.lua:3:", "no luck"]);
    let config = folder.file("config", "thread = 2\nstart = = 1\n");
    refused(&["run", &config], &["config:2:"]);
    let threads = folder.file("threads", "thread = 'many'\n");
    refused(&["run", &threads], &["threads:1: thread is many, expected a number from 1 to 1024"]);
    let lost = folder.file("lost", "thread = 2\nstart = 'nowhere'\nluaservice = './?.lua'\n");
    refused(&["run", &lost], &["nowhere"]);
    let variable = folder.file("variable", "start = '$SKYLOOM_NO_SUCH_THING'\n");
    refused(&["run", &variable], &["variable:1: there is no environment variable SKYLOOM_NO_SUCH_THING"]);
}

#[test]
fn a_port_in_use_is_named_and_whoever_uses_it_goes_on() {
    let mut first = Server::start();
    let port = first.lines.port().to_string();
    refused(&["demo", "chat", "--port-web", "0", "--port-lines", &port], &[&first.lines.to_string(), "in use"]);
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = stranger.local_addr().unwrap();
    refused(&["demo", "chat", "--port-lines", "0", "--port-web", &address.port().to_string()], &[&address.to_string()]);
    Guest::enter(first.lines, "ann", "lobby");
    assert!(first.stop());
}

#[test]
fn addresses_that_are_not_ours_or_where_nobody_is_are_named() {
    refused(&["demo", "chat", "--host", "example.invalid"], &["example.invalid"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    refused(&["client", "chat", "--port", &free], &[&format!("127.0.0.1:{free}"), "demo chat"]);
    refused(&["client", "chat", "--port", &free, "--bots", "2"], &[&format!("127.0.0.1:{free}")]);
}

#[test]
fn a_guest_who_breaks_a_rule_is_told_which_and_the_others_go_on() {
    let mut server = Server::start();
    let mut bob = Guest::enter(server.lines, "bob", "lobby");

    let mut long = Guest::connect(server.lines);
    long.say(&"x".repeat(5000));
    assert_eq!(long.rest().last().unwrap(), "error: frame of 5000 bytes exceeds 4096");

    let mut latin = Guest::connect(server.lines);
    latin.stream.write_all(b"gr\xfc\xdfe\n/nick latin\n").unwrap();
    latin.hears("error: line is not UTF-8");
    latin.hears("* you are latin now");

    let mut wordy = Guest::enter(server.lines, "wordy", "lobby");
    wordy.say(&"x".repeat(1001));
    assert_eq!(wordy.hears("!"), "! a message has at most 1000 characters");
    wordy.say("\x1b[2J");
    assert_eq!(wordy.hears("!"), "! a message cannot contain '\\u{1b}'");

    let mut web = WebGuest::enter(server.web, "web", "lobby");
    web.say(&json!({"do": "say", "room": "lobby"}));
    assert!(web.hears("error")["text"].as_str().unwrap().starts_with("not understood: missing field `text`"));
    web.say(&json!({"do": "say", "room": "nowhere", "text": "x"}));
    assert_eq!(web.hears("error")["text"], "you are not in nowhere");
    web.say(&json!({"do": "join", "room": "<b>"}));
    assert_eq!(web.hears("error")["text"], "a room's name cannot contain '<'");
    web.say(&json!("x".repeat(17_000)));
    assert_eq!(web.end(), 1009);

    let mut ann = WebGuest::enter(server.web, "ann", "lobby");
    // A text message of one byte that is not UTF-8, its mask being zero.
    ann.say_raw(&[0x81, 0x81, 0, 0, 0, 0, 0xff]);
    assert_eq!(ann.end(), 1007);

    bob.say("still here");
    bob.hears("<bob> still here");
    assert!(server.stop());
}

#[test]
fn half_a_frame_and_then_silence_ends_after_ten_seconds() {
    let server = Server::start();
    let mut bob = Guest::enter(server.lines, "bob", "lobby");
    bob.stream.write_all(b"hel").unwrap();
    let mut ann = WebGuest::enter(server.web, "ann", "lobby");
    ann.say_raw(&[0x81]);
    let mut silent = Guest::connect(server.web);
    assert_eq!(bob.rest().last().unwrap(), "error: nothing whole arrived within 10 s");
    assert_eq!(ann.end(), 1008);
    assert_eq!(silent.rest().last().unwrap(), "nothing whole arrived within 10 s");
}

#[test]
fn a_signal_stops_in_order_and_clients_are_told() {
    for signal in ["INT", "TERM"] {
        let mut server = Server::start();
        let mut bob = Guest::enter(server.lines, "bob", "lobby");
        let mut ann = WebGuest::enter(server.web, "ann", "lobby");
        server.process.signal(signal);
        assert_eq!(server.process.wait().code(), Some(0));
        server.process.prints("stopped");
        assert_eq!(bob.rest().last().unwrap(), "error: the server is stopping");
        assert_eq!(ann.end(), 1001);
    }
}

#[test]
fn a_second_signal_ends_at_once_what_does_not_want_to_stop() {
    let folder = Folder::new("loop");
    let endless = folder.file("endless.lua", "print 'begun'\nwhile true do end\n");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut process = Process::start(&["run", &endless]);
        process.prints("begun");
        process.signal(signal);
        // Signals of one kind do not queue: the second must not come before the first is taken.
        std::thread::sleep(std::time::Duration::from_millis(300));
        process.signal(signal);
        assert_eq!(process.wait().code(), Some(code));
    }
}

#[test]
fn a_lua_file_runs_as_the_first_service_and_finds_what_lies_beside_it() {
    let folder = Folder::new("run");
    folder.file("greeting.lua", "return 'hello from a module'");
    let worker = "local s = require 'skynet'\ns.start(function()\n  \
                  s.dispatch('lua', function(_, _, x) s.retpack(x + 1) end)\nend)\n";
    folder.file("worker.lua", worker);
    let main = "local skynet = require 'skynet'\nlocal word = ...\nskynet.start(function()\n  skynet.error((require 'greeting'))\n  \
                local worker = skynet.newservice 'worker'\n  \
                skynet.error('answer', skynet.call(worker, 'lua', 41), word)\nend)\n";
    let file = folder.file("main.lua", main);
    let mut process = Process::start(&["run", &file, "please"]);
    process.prints("hello from a module");
    process.prints("answer 42 please");
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn a_config_says_what_to_run_and_where_the_log_goes() {
    let folder = Folder::new("config");
    let main = "local skynet = require 'skynet'\nskynet.start(function()\n  skynet.error('hello', skynet.getenv 'greeting')\nend)\n";
    folder.file("main.lua", main);
    folder.file("common", "greeting = 'from ' .. root\n");
    let path = folder.0.display();
    let config = format!(
        "root = '{path}/'\ninclude 'common'\nthread = 2\nstart = 'main'\nluaservice = root .. '?.lua'\n\
         lua_path = root .. '?.lua'\nlogger = root .. 'log'\n"
    );
    let mut process = Process::start(&["run", &folder.file("config", &config)]);
    let log = folder.0.join("log");
    let line = eventually("the log has its line", || {
        let text = std::fs::read_to_string(&log).ok()?;
        text.lines().find(|line| line.contains("hello")).map(str::to_owned)
    });
    assert!(line.ends_with(&format!("hello from {path}/")), "{line}");
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn a_service_that_aborts_ends_the_process_in_order() {
    let folder = Folder::new("abort");
    let main = "local skynet = require 'skynet'\nskynet.start(function() skynet.timeout(1, skynet.abort) end)\n";
    assert_eq!(run(&["run", &folder.file("main.lua", main)]).status.code(), Some(0));
}

#[test]
fn the_terminal_client_says_what_is_piped_into_it() {
    let server = Server::start();
    let mut bob = Guest::enter(server.lines, "bob", "games");
    let port = server.lines.port().to_string();
    let mut client = skyloom(&["client", "chat", "--port", &port, "--nick", "ann", "--room", "games"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    bob.hears("* ann");
    client.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    bob.hears("<ann> hello");
    bob.hears("* ann left");
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("<ann> hello"));
    let _ = bob.stream.shutdown(Shutdown::Both);
}
