//! Logging in and talking to a message server, as clients of such games do it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const LOGIN: &str = r#"
local skynet = require "skynet"
require "skynet.manager"
require "snax.loginserver" {
    host = "127.0.0.1", port = tonumber(skynet.getenv "port"), instance = 2, name = "login_master", timeout = 50,
    auth_handler = function(token)
        local user, server, password = token:match "([^@]+)@([^:]+):(.+)"
        assert(password == "password", "wrong password")
        return server, user
    end,
    login_handler = function(server, uid, secret)
        assert(uid ~= "banned")
        return skynet.call(".msg", "lua", "login", uid, secret)
    end,
    command_handler = function(command, ...) return command, ... end,
}
"#;

const MSG: &str = r#"
local skynet = require "skynet"
require "skynet.manager"
local msgserver = require "snax.msgserver"
local subid = 0
skynet.register ".msg"
msgserver.start {
    login_handler = function(uid, secret)
        subid = subid + 1
        local name = msgserver.username(uid, subid, "sample")
        local user, session, server = msgserver.userid(name)
        assert(user == uid and session == tostring(subid) and server == "sample")
        msgserver.login(name, secret)
        return subid
    end,
    logout_handler = function(uid, id) msgserver.logout(msgserver.username(uid, id, "sample")) end,
    kick_handler = function() end,
    disconnect_handler = function(name) skynet.error("disconnected", (msgserver.userid(name))) end,
    register_handler = function(name) assert(name == "sample") end,
    request_handler = function(name, text)
        assert(msgserver.ip(name):match "^127%.0%.0%.1:")
        if text == "fail" then error "as asked" end
        if text == "slow" then skynet.sleep(20) end
        skynet.error("request", text)
        return "echo " .. text
    end,
}
"#;

const MAIN: &str = r#"
local skynet = require "skynet"
require "skynet.manager"
local socket = require "skynet.socket"
local crypt = require "skynet.crypt"
local port = tonumber(skynet.getenv "port")

local function login(user, password, break_it)
    local fd = assert(socket.open("127.0.0.1", port))
    local challenge = crypt.base64decode(socket.readline(fd))
    local mine = crypt.randomkey()
    socket.write(fd, crypt.base64encode(crypt.dhexchange(mine)) .. "\n")
    local secret = crypt.dhsecret(crypt.base64decode(socket.readline(fd)), mine)
    local answer = crypt.hmac64(break_it and "12345678" or challenge, secret)
    socket.write(fd, crypt.base64encode(answer) .. "\n")
    local token = user .. "@sample:" .. password
    socket.write(fd, crypt.base64encode(crypt.desencode(secret, token)) .. "\n")
    local result = socket.readline(fd)
    socket.close(fd)
    return result, secret
end

local function read_frame(fd)
    local head = socket.read(fd, 2)
    return head and socket.read(fd, socket.header(head))
end

local function greet(gate, name, index, secret)
    local fd = assert(socket.open("127.0.0.1", gate))
    local text = name .. ":" .. index
    local code = crypt.hmac64(crypt.hashkey(text), secret)
    socket.write(fd, string.pack(">s2", text .. ":" .. crypt.base64encode(code)))
    return fd, read_frame(fd)
end

local function send(fd, text, session)
    socket.write(fd, string.pack(">s2", text .. string.pack(">I4", session)))
end

local function response(fd)
    local frame = read_frame(fd)
    local ok, session = string.unpack(">BI4", frame, #frame - 4)
    return ok, session, frame:sub(1, -6)
end

skynet.start(function()
    local msg = skynet.newservice "msg"
    local conf = { address = "127.0.0.1", port = tonumber(skynet.getenv "gate"), maxclient = 64, servername = "sample" }
    skynet.call(msg, "lua", "open", conf)
    skynet.newservice "login"
    assert(login("ann", "wrong") == "401 Unauthorized")
    assert(login("banned", "password") == "403 Forbidden")
    assert(login("ann", "password", true) == "400 Bad Request")
    local long = assert(socket.open("127.0.0.1", port))
    socket.readline(long)
    socket.write(long, ("x"):rep(20000))
    assert(not socket.readline(long))
    local silent = assert(socket.open("127.0.0.1", port))
    socket.readline(silent)
    assert(not socket.readline(silent), "half an exchange, then silence: it ends in time")

    local result, secret = login("ann", "password")
    assert(result == "200 " .. crypt.base64encode "1", result)
    assert(skynet.call(".login_master", "lua", "any", 5) == "any")
    local gate, encode = conf.port, crypt.base64encode
    local name = string.format("%s@%s#%s", encode "ann", encode "sample", encode "1")
    for index, reply in pairs { [0] = "403 Index Expired", ["x"] = "400 Bad Request" } do
        local _, said = greet(gate, name, index, secret)
        assert(said == reply, said)
    end
    assert(select(2, greet(gate, "nobody", 1, secret)) == "404 User Not Found")
    assert(select(2, greet(gate, name, 1, "12345678")) == "401 Unauthorized")
    local fd, said = greet(gate, name, 1, secret)
    assert(said == "200 OK")
    send(fd, "one", 1)
    local ok, session, text = response(fd)
    assert(ok == 1 and session == 1 and text == "echo one")
    send(fd, "fail", 2)
    ok, session, text = response(fd)
    assert(ok == 0 and session == 2 and text == "")
    send(fd, "slow", 3)
    skynet.sleep(5)
    socket.close(fd)

    fd, said = greet(gate, name, 2, secret)
    assert(said == "200 OK")
    send(fd, "one", 1)
    ok, session, text = response(fd)
    assert(session == 1 and text == "echo one", "the answer of before")
    send(fd, "slow", 3)
    ok, session, text = response(fd)
    assert(session == 3 and text == "echo slow", "the answer of a request that was under way")
    send(fd, "again", 1)
    ok, session, text = response(fd)
    assert(session == 1 and text == "echo again", "the number is used again")
    skynet.call(msg, "lua", "logout", "ann", 1)
    assert(not read_frame(fd))
    assert(select(2, greet(gate, name, 3, secret)) == "404 User Not Found")
    skynet.error "all is well"
    skynet.sleep(10)
    skynet.abort()
end)
"#;

#[test]
fn a_user_logs_in_talks_comes_back_and_gets_each_answer_once() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("login");
    std::fs::create_dir_all(&folder).unwrap();
    let free = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let ports = free.each_ref().map(|listener| listener.local_addr().unwrap().port());
    drop(free);
    let config = format!(
        "thread = 2\nstart = \"main\"\nluaservice = \"{}/?.lua\"\nport = {}\ngate = {}\n",
        folder.display(),
        ports[0],
        ports[1]
    );
    for (name, text) in [("main.lua", MAIN), ("login.lua", LOGIN), ("msg.lua", MSG), ("config", config.as_str())] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let mut node = Command::new(env!("CARGO_BIN_EXE_skyloom"))
        .arg(folder.join("config"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(node.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let over = line.contains("init service failed") && line.contains("main");
        lines.push(line);
        if over {
            node.kill().unwrap();
        }
    }
    assert!(node.wait().is_ok());
    assert!(lines.iter().any(|line| line.ends_with("all is well")), "{}", lines.join("\n"));
    let requests = |text: &str| lines.iter().filter(|line| line.ends_with(&format!("request {text}"))).count();
    assert_eq!((requests("one"), requests("slow"), requests("again")), (1, 1, 1), "{}", lines.join("\n"));
}
