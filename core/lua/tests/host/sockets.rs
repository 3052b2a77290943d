//! `skynet.socket` over real sockets on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use skyloom_abi::{Driver, ExitReason, Handle};
use skyloom_kernel::{Context, Envelope, Node, Service, Spawn};
use skyloom_lua::{LuaFactory, Settings};
use skyloom_net::{Limits, Net};

struct Logger(Sender<String>);

impl Service for Logger {
    fn handle(&mut self, _: &mut Context<'_>, message: Envelope) {
        let _ = self.0.send(String::from_utf8_lossy(&message.open().payload.into_bytes()).into_owned());
    }
}

/// A real node with workers and sockets.
pub(crate) struct Real {
    pub(crate) node: Node,
    lua: LuaFactory,
    lines: Receiver<String>,
}

impl Real {
    pub(crate) fn new() -> Real {
        let (net, pollers) = Net::new(2, Limits::default()).unwrap();
        let drivers = pollers.into_iter().map(|poller| Box::new(poller) as Box<dyn Driver>).collect();
        let node = Node::builder().workers(2).drivers(drivers).start().unwrap();
        let (said, lines) = channel();
        let logger = node.spawn(Spawn::new("logger", Box::new(Logger(said))));
        node.register(&"logger".parse().unwrap(), logger).unwrap();
        Real { node, lua: LuaFactory::builder(Settings::default()).net(net).build(), lines }
    }

    pub(crate) fn run(&self, name: &str, text: &str) -> Handle {
        let prelude = "local skynet = require 'skynet' local socket = require 'skynet.socket' ";
        self.node.spawn(self.lua.text(name, &format!("{prelude}{text}"), &[]))
    }

    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(20)).expect("a line within 20 s")
    }

    /// Runs a service that says the port it listens on.
    pub(crate) fn server(&self, text: &str) -> TcpStream {
        self.run("server", text);
        let port: u16 = self.line().parse().unwrap();
        TcpStream::connect(("127.0.0.1", port)).unwrap()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.node.stop(Duration::from_secs(5));
    }
}

#[test]
fn a_line_echo_answers_every_line_and_hears_the_end() {
    let real = Real::new();
    let mut client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer, from)
            assert(from:match '^127.0.0.1:%d+$')
            skynet.fork(function()
                socket.start(peer)
                while true do
                    local line, rest = socket.readline(peer)
                    if not line then skynet.error('end', rest, socket.disconnected(peer)) break end
                    socket.write(peer, line .. '\\n')
                end
                socket.close(peer)
                assert(socket.invalid(peer))
            end)
        end)
        skynet.error(port)
    end)",
    );
    let many: String = (0..1000).map(|n| format!("line {n}\n")).collect();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    for (index, part) in many.as_bytes().chunks(77).enumerate() {
        client.write_all(part).unwrap();
        if index % 50 == 0 {
            client.flush().unwrap();
        }
    }
    client.write_all(b"half").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    for n in 0..1000 {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, format!("line {n}\n"));
    }
    assert_eq!(real.line(), "end half true");
}

#[test]
fn reads_of_every_kind_return_what_they_should() {
    let real = Real::new();
    let mut client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1:0')
        socket.start(id, function(peer)
            skynet.fork(function()
                assert(socket.start(peer) == peer)
                assert(socket.read(peer, 3) == 'abc')
                assert(socket.readline(peer, '\\r\\n\\r\\n') == 'head')
                assert(socket.block(peer) == true)
                assert(socket.read(peer) == 'some')
                socket.write(peer, { 'x', 'y' })
                socket.write(peer, skynet.pack 'z')
                local rest = socket.readall(peer)
                assert(rest == 'rest', rest)
                assert(socket.block(peer) == false)
                assert(socket.readall(peer) == false)
                local a, b = socket.read(peer)
                assert(a == false and b == '')
                a, b = socket.read(peer, 5)
                assert(a == false and b == '')
                socket.close(peer)
                socket.close(peer)
                assert(socket.write(peer, 'x') == false and socket.block(peer) == false)
                for _, f in ipairs { socket.read, socket.readline, socket.readall } do
                    local ok, err = pcall(f, peer)
                    assert(not ok and err:match 'assertion failed!', err)
                end
                skynet.error 'ok'
            end)
        end)
        skynet.error(port)
    end)",
    );
    client.write_all(b"abchead\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(20));
    client.write_all(b"some").unwrap();
    let mut four = [0; 4];
    client.read_exact(&mut four).unwrap();
    assert_eq!(&four, b"xy\x0cz");
    client.write_all(b"rest").unwrap();
    drop(client);
    assert_eq!(real.line(), "ok");
}

#[test]
fn a_connection_that_cannot_be_made_is_nil_and_why() {
    let real = Real::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    real.run(
        "client",
        &format!(
            "skynet.start(function()
        local id, err = socket.open('127.0.0.1', {port})
        skynet.error(id, type(err) == 'string' and #err > 0)
    end)"
        ),
    );
    assert_eq!(real.line(), "nil true");
}

#[test]
fn two_services_talk_over_a_socket_and_one_is_told_of_the_others_end() {
    let real = Real::new();
    real.run(
        "server",
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            socket.start(peer)
            socket.onclose(peer, function(gone) skynet.error('closed', gone == peer) end)
            skynet.fork(function() socket.write(peer, 'hello ' .. socket.readline(peer) .. '\\n') end)
        end)
        skynet.error(port)
    end)",
    );
    let port = real.line();
    let client = real.run(
        "client",
        &format!(
            "skynet.start(function()
        local id = assert(socket.open('127.0.0.1:{port}'))
        socket.write(id, 'bob\\n')
        skynet.error(socket.readline(id))
    end)"
        ),
    );
    assert_eq!(real.line(), "hello bob");
    real.node.kill(client, ExitReason::Killed);
    assert_eq!(real.line(), "closed true");
}

#[test]
fn a_peer_that_sends_more_than_anybody_reads_is_not_read_any_more() {
    let real = Real::new();
    let mut client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            socket.start(peer)
            skynet.fork(function()
                socket.write(peer, 'go')
                skynet.sleep(20)
                skynet.error('memory', skynet.vmsize() < 4 << 20)
                local sum = 0
                while true do
                    local part = socket.read(peer)
                    if not part then break end
                    sum = sum + #part
                end
                skynet.error(sum)
            end)
        end)
        skynet.error(port)
    end)",
    );
    let mut go = [0; 2];
    client.read_exact(&mut go).unwrap();
    let bytes = vec![7; 16 << 20];
    client.write_all(&bytes).unwrap();
    drop(client);
    let paused = real.line();
    assert!(paused.starts_with("Pause socket (") && paused.contains(") size : "), "{paused}");
    assert_eq!(real.line(), "memory true");
    let rest: Vec<String> = std::iter::repeat_with(|| real.line()).take_while(|line| line != "16777216").collect();
    assert!(rest.iter().all(|line| line.contains("e socket (")), "{rest:?}");
    assert!(rest[0].starts_with("Resume socket ("), "{rest:?}");
}

#[test]
fn a_socket_over_its_limit_is_closed() {
    let real = Real::new();
    let mut client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            socket.start(peer)
            socket.limit(peer, 1000)
        end)
        skynet.error(port)
    end)",
    );
    let _ = client.write_all(&[0; 5000]);
    assert!(real.line().starts_with("socket buffer overflow: fd="));
    let mut end = [0; 1];
    assert!(matches!(client.read(&mut end), Ok(0) | Err(_)));
}

#[test]
fn two_coroutines_cannot_read_one_socket() {
    let real = Real::new();
    let _client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            socket.start(peer)
            skynet.fork(function() skynet.error(socket.readline(peer)) end)
            skynet.fork(function()
                local ok, err = pcall(socket.read, peer)
                skynet.error(err:match 'another coroutine waits')
                socket.close(peer)
                skynet.error 'closed'
            end)
        end)
        skynet.error(port)
    end)",
    );
    assert_eq!(real.line(), "another coroutine waits");
    assert_eq!(real.line(), "false ");
    assert_eq!(real.line(), "closed");
}

#[test]
fn the_owner_hears_of_the_end_when_it_closes_itself_and_before_close_returns() {
    let real = Real::new();
    let _client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            skynet.fork(function()
                socket.start(peer)
                socket.onclose(peer, function(gone) skynet.sleep(1) skynet.error('end', gone == peer) end)
                socket.close(peer)
                skynet.error('closed', socket.invalid(peer), socket.disconnected(peer))
                socket.onclose(peer, print)
                socket.close(peer)
                skynet.error(pcall(socket.limit, peer, 10))
            end)
        end)
        skynet.error(port)
    end)",
    );
    assert_eq!(real.line(), "end true");
    assert_eq!(real.line(), "closed true nil");
    assert!(real.line().contains("assertion failed!"));
}

#[test]
fn an_abandoned_socket_belongs_to_whoever_starts_it() {
    let real = Real::new();
    let agent = real.run(
        "agent",
        "skynet.start(function()
        skynet.dispatch('lua', function(_, _, fd)
            assert(socket.start(fd))
            socket.write(fd, 'agent: ' .. socket.readline(fd) .. '\\n')
        end)
        skynet.error 'ready'
    end)",
    );
    assert_eq!(real.line(), "ready");
    let mut client = real.server(&format!(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            socket.start(peer)
            skynet.fork(function() skynet.error(socket.read(peer, 100)) end)
            skynet.fork(function()
                socket.abandon(peer)
                assert(socket.invalid(peer))
                skynet.send({}, 'lua', peer)
            end)
        end)
        skynet.error(port)
    end)",
        agent.get()
    ));
    assert_eq!(real.line(), "false ");
    client.write_all(b"hello\n").unwrap();
    let mut line = String::new();
    BufReader::new(client).read_line(&mut line).unwrap();
    assert_eq!(line, "agent: hello\n");
}

#[test]
fn a_line_that_never_ends_is_over_the_limit_too() {
    let real = Real::new();
    let mut client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            skynet.fork(function()
                socket.start(peer)
                socket.limit(peer, 1000)
                skynet.error(#socket.read(peer, 2000))
                local line, rest = socket.readline(peer)
                skynet.error(line, #rest > 1000)
            end)
        end)
        skynet.error(port)
    end)",
    );
    client.write_all(&[b'x'; 2000]).unwrap();
    assert_eq!(real.line(), "2000");
    let _ = client.write_all(&[b'x'; 1500]);
    assert!(real.line().starts_with("socket buffer overflow: fd="));
    assert_eq!(real.line(), "false true");
}

#[test]
fn what_waits_for_a_slow_peer_is_told_from_one_mebibyte_on_and_when_it_is_gone() {
    let real = Real::new();
    let mut client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer)
            socket.start(peer)
            local heard = {}
            socket.warning(peer, function(fd, kilobytes)
                assert(fd == peer)
                heard[#heard + 1] = kilobytes
                if kilobytes == 0 then skynet.error('drained', heard[1] >= 1024, #heard) end
            end)
            skynet.fork(function()
                for _ = 1, 160 do socket.write(peer, ('x'):rep(128 << 10)) end
                skynet.error(heard[1])
            end)
        end)
        skynet.error(port)
    end)",
    );
    assert_eq!(real.line(), "nil", "a warning is a message like any other");
    let mut all = vec![0; 160 * (128 << 10)];
    client.read_exact(&mut all).unwrap();
    assert!(real.line().starts_with("drained true "));
}
