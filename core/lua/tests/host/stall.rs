//! Scripts that do not return.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use skyloom_abi::ExitReason;
use skyloom_kernel::{Context, Envelope, Node, Service, Spawn};
use skyloom_lua::{LuaFactory, Settings};

struct Logger(std::sync::mpsc::Sender<String>);

impl Service for Logger {
    fn handle(&mut self, _: &mut Context<'_>, message: Envelope) {
        let _ = self.0.send(String::from_utf8_lossy(&message.open().payload.into_bytes()).into_owned());
    }
}

/// A node whose stall watcher is impatient.
fn impatient() -> (Node, LuaFactory, Receiver<String>) {
    let node = Node::builder().workers(2).stall(Duration::from_millis(200)).start().unwrap();
    let (said, lines) = channel();
    let logger = node.spawn(Spawn::new("logger", Box::new(Logger(said))));
    node.register(&"logger".parse().unwrap(), logger).unwrap();
    (node, LuaFactory::new(Settings::default()), lines)
}

/// Runs a loop, expects to hear where it is, kills it, and expects its end.
fn endless(body: &str) {
    let (node, lua, lines) = impatient();
    let text =
        format!("local skynet = require 'skynet' skynet.start(function() skynet.fork(function()\n{body}\nend) end)");
    let looping = node.spawn(lua.text("endless", &text, &[]));
    let line = || lines.recv_timeout(Duration::from_secs(20)).expect("a line within 20 s");
    assert!(line().contains("maybe in an endless loop"));
    let place = line();
    assert!(place.starts_with("still running:\nstack traceback:") && place.contains("endless:2"), "{place}");
    node.kill(looping, ExitReason::Killed);
    let other = node.spawn(lua.text("other", "require 'skynet'.error 'others run'", &[]));
    let heard: Vec<String> = std::iter::from_fn(|| Some(line())).take_while(|line| line != "others run").collect();
    assert!(heard.iter().all(|line| line.contains("killed")), "{heard:?}");
    node.kill(other, ExitReason::Killed);
    node.stop(Duration::from_secs(10)).expect("the loop has ended");
}

#[test]
fn an_endless_loop_is_told_where_it_is_and_ends_when_it_is_killed() {
    endless("while true do end");
}

#[test]
fn a_loop_that_catches_errors_ends_too() {
    endless("while true do pcall(function() while true do end end) end");
    endless("while true do xpcall(function() while true do end end, function() while true do end end) end");
}

#[test]
fn a_loop_in_a_coroutine_of_the_script_is_found() {
    endless("coroutine.wrap(function() while true do end end)()");
}

#[test]
fn a_loop_in_a_metamethod_is_found() {
    endless("table.sort({ 1, 2, 3 }, function() while true do end end)");
}
