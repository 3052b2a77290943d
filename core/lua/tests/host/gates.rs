//! Gates: `snax.gateserver`, the gate service, and gates that are written over the driver.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::sockets::Real;

fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut frame = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(bytes);
    frame
}

fn read_frame(client: &mut TcpStream) -> Vec<u8> {
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut head = [0; 2];
    client.read_exact(&mut head).unwrap();
    let mut bytes = vec![0; u16::from_be_bytes(head).into()];
    client.read_exact(&mut bytes).unwrap();
    bytes
}

fn connect(real: &Real) -> TcpStream {
    let port: u16 = real.line().parse().unwrap();
    TcpStream::connect(("127.0.0.1", port)).unwrap()
}

/// A gate that logs what its handler hears.
const GATE: &str = "local gateserver = require 'snax.gateserver'
    local netpack = require 'skynet.netpack'
    local handler = {}
    function handler.open(source, conf) return source, conf.port end
    function handler.connect(fd, addr) assert(addr:match '^127') skynet.error('connect') gateserver.openclient(fd) end
    function handler.message(fd, msg, sz)
        assert(type(msg) == 'userdata')
        local text = netpack.tostring(msg, sz)
        if text == 'slow' then skynet.sleep(2) end
        if text == 'oops' then error 'oops' end
        if text == 'kick' then gateserver.closeclient(fd) end
        skynet.error('message', #text, text:sub(1, 8))
    end
    function handler.disconnect(fd) skynet.error('disconnect') gateserver.closeclient(fd) end
    function handler.command(cmd, source, ...) return cmd, ... end
    gateserver.start(handler) ";

/// Opens the gate and logs its port.
fn open(real: &Real, gate: skyloom_abi::Handle, conf: &str) {
    real.run(
        "opener",
        &format!(
            "skynet.start(function()
            local source, port = skynet.call({}, 'lua', 'open', {{ address = '127.0.0.1', port = 0, {conf} }})
            assert(source == skynet.self())
            skynet.error(port)
        end)",
            gate.get()
        ),
    );
    assert!(real.line().starts_with("Listen on 127.0.0.1 "));
}

#[test]
fn frames_of_every_length_come_whole_and_in_order_however_they_were_cut() {
    let real = Real::new();
    let gate = real.run("gate", GATE);
    open(&real, gate, "");
    let mut client = connect(&real);
    assert_eq!(real.line(), "connect");
    client.set_nodelay(true).unwrap();
    client.write_all(&[frame(b"one"), frame(b""), frame(&[b'x'; 65_535]), frame(b"two")].concat()).unwrap();
    for line in ["message 3 one", "message 0 ", "message 65535 xxxxxxxx", "message 3 two"] {
        assert_eq!(real.line(), line);
    }
    for byte in frame(b"cut") {
        client.write_all(&[byte]).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(real.line(), "message 3 cut");
    client.write_all(b"\xff\xffhalf").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(real.line(), "disconnect", "half a frame is no message");
}

#[test]
fn a_handler_that_waits_or_fails_does_not_keep_the_next_frame() {
    let real = Real::new();
    let gate = real.run("gate", GATE);
    open(&real, gate, "");
    let mut client = connect(&real);
    assert_eq!(real.line(), "connect");
    client.write_all(&[frame(b"slow"), frame(b"oops"), frame(b"next")].concat()).unwrap();
    assert!(real.line().contains("oops"));
    assert_eq!(real.line(), "message 4 next");
    assert_eq!(real.line(), "message 4 slow");
}

#[test]
fn a_client_that_the_gate_closes_is_told_like_one_that_left_and_gets_no_more_frames() {
    let real = Real::new();
    let gate = real.run("gate", GATE);
    open(&real, gate, "");
    let mut client = connect(&real);
    assert_eq!(real.line(), "connect");
    client.write_all(&[frame(b"kick"), frame(b"lost")].concat()).unwrap();
    assert_eq!(real.line(), "message 4 kick");
    assert_eq!(real.line(), "disconnect");
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_gate_admits_one_less_than_it_was_told_and_others_when_somebody_left() {
    let real = Real::new();
    let gate = real.run("gate", GATE);
    open(&real, gate, "maxclient = 2");
    let client = connect(&real);
    assert_eq!(real.line(), "connect");
    let mut second = TcpStream::connect(client.peer_addr().unwrap()).unwrap();
    assert!(matches!(second.read(&mut [0]), Ok(0) | Err(_)));
    let address = client.peer_addr().unwrap();
    drop(client);
    assert_eq!(real.line(), "disconnect");
    let _third = TcpStream::connect(address).unwrap();
    assert_eq!(real.line(), "connect");
}

#[test]
fn a_gate_answers_its_own_commands_and_listens_once_at_a_time() {
    let real = Real::new();
    let gate = real.run("gate", GATE);
    real.run(
        "opener",
        &format!(
            "skynet.start(function()
            local gate = {}
            skynet.error(skynet.call(gate, 'lua', 'any', 1, nil, 3))
            local conf = {{ address = '127.0.0.1', port = 0 }}
            skynet.call(gate, 'lua', 'open', conf)
            skynet.error((select(2, pcall(skynet.call, gate, 'lua', 'open', conf))):match 'call failed.*')
            skynet.call(gate, 'lua', 'close')
            skynet.call(gate, 'lua', 'open', conf)
            skynet.error 'again'
        end)",
            gate.get()
        ),
    );
    assert_eq!(real.line(), "any 1 nil 3");
    assert!(real.line().starts_with("Listen on"));
    assert!(real.line().contains("the gate listens already"), "the gate's own line");
    assert!(real.line().contains("the gate listens already"), "the caller's error");
    assert!(real.line().starts_with("Listen on"));
    assert_eq!(real.line(), "again");
}

/// The gate service as it is shipped.
const SERVICE: &str = include_str!("../../../../services/lua/gate.lua");

#[test]
fn a_watchdog_hears_of_clients_and_an_agent_gets_their_frames() {
    let real = Real::new();
    let gate = real.run("gate", SERVICE).get();
    let agent = real.run(
        "agent",
        "skynet.register_protocol {
            name = 'client', id = skynet.PTYPE_CLIENT, unpack = skynet.tostring,
            dispatch = function(fd, source, text)
                skynet.ignoreret()
                skynet.error('agent', text)
                socket.write(fd, string.pack('>s2', 'echo ' .. text))
            end,
        }
        skynet.start(function() end)",
    );
    real.run(
        "watchdog",
        &format!(
            "local gate, agent = {gate}, {}
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, cmd, event, fd, text)
                assert(cmd == 'socket')
                skynet.error(event, type(fd), type(text))
                if event == 'open' then skynet.call(gate, 'lua', 'accept', fd) end
                if event == 'data' then
                    skynet.error('watchdog', text)
                    skynet.call(gate, 'lua', 'forward', fd, nil, agent)
                    socket.write(fd, string.pack('>s2', 'go'))
                end
                if event == 'close' then skynet.call(gate, 'lua', 'kick', fd) skynet.error 'kicked' end
            end)
            local ip, port = skynet.call(gate, 'lua', 'open', {{ port = 0, nodelay = true, maxclient = 64 }})
            skynet.error(port)
        end)",
            agent.get()
        ),
    );
    assert!(real.line().starts_with("Listen on 127.0.0.1 "), "nothing but this machine unless told to");
    let mut client = connect(&real);
    assert_eq!(real.line(), "open number string");
    client.write_all(&frame(b"hello")).unwrap();
    assert_eq!(real.line(), "data number string");
    assert_eq!(real.line(), "watchdog hello");
    assert_eq!(read_frame(&mut client), b"go");
    client.write_all(&[frame(b"one"), frame(b"two")].concat()).unwrap();
    assert_eq!([real.line(), real.line()], ["agent one", "agent two"]);
    assert_eq!(read_frame(&mut client), b"echo one");
    assert_eq!(read_frame(&mut client), b"echo two");
    drop(client);
    assert_eq!(real.line(), "close number nil");
    assert_eq!(real.line(), "kicked");
}

#[test]
fn a_gate_written_over_driver_and_netpack_works() {
    let real = Real::new();
    real.run(
        "gate",
        "local driver = require 'skynet.socketdriver'
        local netpack = require 'skynet.netpack'
        local queue, listener
        local on = {}
        function on.init(id, addr, port)
            if id == listener and port > 0 then skynet.error(port) end
        end
        function on.open(fd, addr) skynet.error('open', addr:match '^127') driver.nodelay(fd) driver.start(fd) end
        function on.data(fd, msg, sz)
            local text = netpack.tostring(msg, sz)
            skynet.error('data', #text)
            driver.send(fd, netpack.pack('got ' .. #text))
            if text == 'bye' then driver.close(fd) end
        end
        function on.more()
            local fd, msg, sz = netpack.pop(queue)
            while fd do
                on.data(fd, msg, sz)
                fd, msg, sz = netpack.pop(queue)
            end
        end
        function on.close(fd) skynet.error 'close' end
        skynet.register_protocol {
            name = 'socket', id = skynet.PTYPE_SOCKET,
            unpack = function(msg, sz) return netpack.filter(queue, msg, sz) end,
            dispatch = function(_, _, q, kind, ...)
                queue = q
                if kind then on[kind](...) end
            end,
        }
        skynet.start(function()
            listener = driver.listen('127.0.0.1', 0)
            driver.start(listener)
        end)",
    );
    let mut client = connect(&real);
    assert_eq!(real.line(), "open 127");
    client.write_all(&frame(b"one")).unwrap();
    assert_eq!(read_frame(&mut client), b"got 3");
    client.write_all(&[frame(b""), frame(&[1; 40_000]), frame(b"bye")].concat()).unwrap();
    for len in [0, 40_000, 3] {
        assert_eq!(read_frame(&mut client), format!("got {len}").into_bytes());
    }
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    drop(client);
    for line in ["data 3", "data 0", "data 40000", "data 3", "close"] {
        assert_eq!(real.line(), line);
    }
}

#[test]
fn netpack_refuses_what_it_cannot_frame_and_forged_messages() {
    let real = Real::new();
    real.run(
        "packer",
        "local netpack = require 'skynet.netpack'
        skynet.start(function()
            local msg, sz = netpack.pack 'hello'
            assert(sz == 7 and netpack.tostring(msg, sz) == '\\0\\5hello')
            assert(not pcall(netpack.tostring, msg, sz))
            local _, whole = netpack.pack(('x'):rep(65535))
            assert(whole == 65537)
            local ok, err = pcall(netpack.pack, ('x'):rep(65536))
            assert(err:match 'Invalid size %(too long%) of data : 65536', err)
            local key = skynet.pack 'ab'
            assert(not pcall(netpack.filter, nil, key, 3))
            assert(not pcall(netpack.filter, nil, 'short'))
            assert(not pcall(netpack.pop, io.stdout))
            assert(netpack.pop(nil) == nil)
            local data = string.pack('<I4I4I4', 1, 7, 0) .. '\\0\\1a\\0\\2bc\\0'
            local queue, kind = netpack.filter(nil, data)
            assert(kind == 'more')
            local fd, m, n = netpack.pop(queue)
            assert(fd == 7 and netpack.tostring(m, n) == 'a')
            netpack.clear(queue)
            assert(netpack.pop(queue) == nil)
            skynet.error 'ok'
        end)",
    );
    assert_eq!(real.line(), "ok");
}

#[test]
fn the_drivers_buffers_keep_what_came_until_it_is_read() {
    let real = Real::new();
    real.run(
        "buffers",
        "local driver = require 'skynet.socketdriver'
        skynet.start(function()
            local buffer, pool = driver.buffer(), {}
            assert(driver.push(buffer, pool, driver.str2p 'one\\r\\ntw') == 7)
            assert(driver.readline(buffer, nil, '\\r\\n') == true)
            assert(driver.readline(buffer, pool, '\\r\\n') == 'one')
            assert(driver.readline(buffer, pool, '\\n') == nil)
            local text, left = driver.pop(buffer, pool, 3)
            assert(text == nil and left == 2)
            assert(driver.push(buffer, pool, driver.str2p 'o!') == 4)
            text, left = driver.pop(buffer, pool, 3)
            assert(text == 'two' and left == 1)
            assert(driver.readall(buffer, pool) == '!' and driver.readall(buffer, pool) == '')
            driver.push(buffer, pool, driver.str2p 'x')
            driver.clear(buffer, pool)
            assert(driver.readall(buffer, pool) == '')
            assert(driver.header '\\1\\2' == 258)
            local kind, id, number, text = driver.unpack(string.pack('<I4I4I4', 4, 3, 9) .. '1.2.3.4:5')
            assert(kind == 4 and id == 3 and number == 9 and text == '1.2.3.4:5')
            local kind, id, size, msg, from = driver.unpack(string.pack('<I4I4I4', 6, 3, 2) .. 'hi' .. '\\1\\0\\80\\1\\2\\3\\4')
            assert(kind == 6 and skynet.tostring(msg, size) == 'hi')
            assert(table.concat({ driver.udp_address(from) }, ' ') == '1.2.3.4 80')
            skynet.error 'ok'
        end)",
    );
    assert_eq!(real.line(), "ok");
}
