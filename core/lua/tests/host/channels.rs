//! `skynet.socketchannel` against a server that does what each test says.

use super::sockets::Real;

/// Runs `test` with a server on `port`; `serve(fd)` is what it does with each connection.
fn channel(serve: &str, test: &str) -> Real {
    let real = Real::new();
    real.run(
        "channel",
        &format!(
            "local socketchannel = require 'skynet.socketchannel'
        local connections = 0
        local function serve(fd) {serve} end
        local function line(sock) return true, sock:readline() end
        local port
        local function listen()
            local id, _, bound = socket.listen('127.0.0.1', port or 0)
            port = bound
            socket.start(id, function(fd)
                connections = connections + 1
                skynet.fork(function()
                    socket.start(fd)
                    serve(fd)
                    socket.close(fd)
                end)
            end)
            return id
        end
        skynet.start(function()
            local listener = listen()
            {test}
            skynet.error 'done'
        end)"
        ),
    );
    real
}

fn lines_until_done(real: &Real) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        match real.line() {
            line if line == "done" => return lines,
            line if line.starts_with("init service failed") => panic!("{line}"),
            line => lines.push(line),
        }
    }
}

const ECHO: &str =
    "while true do local l = socket.readline(fd) if not l then break end socket.write(fd, l .. '\\n') end";

#[test]
fn replies_come_in_the_order_of_their_requests_whoever_asks() {
    let real = channel(
        ECHO,
        "local c = socketchannel.channel { host = '127.0.0.1', port = port }
        local got = {}
        assert(c:request('first\\n', line) == 'first')
        for n = 1, 50 do
            skynet.fork(function() got[n] = c:request('request ' .. n .. '\\n', line) end)
        end
        skynet.yield()
        assert(c:request('last\\n', line) == 'last')
        for n = 1, 50 do assert(got[n] == 'request ' .. n) end
        assert(connections == 1)",
    );
    assert_eq!(lines_until_done(&real), [""; 0]);
}

#[test]
fn a_reply_may_have_more_parts_and_a_request_padding() {
    let real = channel(
        ECHO,
        "local c = socketchannel.channel { host = '127.0.0.1', port = port }
        local function parts(sock)
            local l = sock:readline()
            return true, l, l ~= 'end'
        end
        local all = c:request('a\\n', parts, { 'b\\n', 'end\\n' })
        assert(type(all) == 'table' and table.concat(all, ' ') == 'a b end')
        assert(c:request('end\\n', parts) == 'end')",
    );
    assert_eq!(lines_until_done(&real), [""; 0]);
}

#[test]
fn a_reply_that_says_no_is_an_error_with_its_text_and_the_connection_lives_on() {
    let real = channel(
        ECHO,
        "local c = socketchannel.channel { host = '127.0.0.1', port = port }
        local ok, err = pcall(c.request, c, 'no way\\n', function(sock) return false, sock:readline() end)
        assert(not ok and err:match 'no way$', err)
        assert(c:request('yes\\n', line) == 'yes')
        assert(connections == 1)",
    );
    assert_eq!(lines_until_done(&real), [""; 0]);
}

#[test]
fn sessions_bring_each_reply_to_who_asked() {
    let real = channel(
        "local held = {}
        while true do
            local l = socket.readline(fd)
            if not l then break end
            held[#held + 1] = l
            if #held == 3 then
                for n = 3, 1, -1 do socket.write(fd, held[n] .. '\\n') end
                socket.write(fd, '99 unasked\\n')
                held = {}
            end
        end",
        "local c = socketchannel.channel {
            host = '127.0.0.1', port = port,
            response = function(sock)
                local session, text = sock:readline():match '(%d+) (.*)'
                return tonumber(session), text ~= 'bad', text
            end,
        }
        local got = {}
        for n, text in ipairs { 'one', 'bad' } do
            skynet.fork(function() got[n] = table.pack(pcall(c.request, c, n .. ' ' .. text .. '\\n', n)) end)
        end
        skynet.yield()
        assert(c:request('3 three\\n', 3) == 'three')
        skynet.sleep(2)
        assert(got[1][2] == 'one' and not got[2][1] and got[2][2]:match 'bad$')",
    );
    assert_eq!(lines_until_done(&real), ["socket: unknown session : 99"]);
}

#[test]
fn a_lost_connection_fails_all_who_wait_and_is_made_again_with_its_authentication() {
    let real = channel(
        "while true do
            local l = socket.readline(fd)
            if not l or l == 'die' then break end
            socket.write(fd, l .. '\\n')
        end",
        "local c
        local logins = 0
        c = socketchannel.channel {
            host = '127.0.0.1', port = port,
            auth = function(channel)
                assert(channel == c and c:request('login\\n', line) == 'login')
                logins = logins + 1
            end,
        }
        assert(c:request('a\\n', line) == 'a')
        local errs = {}
        for n = 1, 3 do
            skynet.fork(function()
                local ok, err = pcall(c.request, c, 'die\\n', line)
                assert(not ok and err == socketchannel.error and tostring(err) == '[Error: socket]')
                errs[n] = true
            end)
        end
        skynet.sleep(5)
        assert(#errs == 3)
        assert(c:request('b\\n', line) == 'b' and logins == 2 and connections == 2)",
    );
    let lines = lines_until_done(&real);
    assert!(lines.iter().all(|line| line.starts_with("socket closed by peer : 127.0.0.1 ")), "{lines:?}");
}

#[test]
fn a_peer_that_leaves_an_idle_channel_is_noticed() {
    let real = channel(
        "socket.readline(fd) socket.write(fd, 'bye\\n')",
        "local c = socketchannel.channel { host = '127.0.0.1', port = port }
        assert(c:request('a\\n', line) == 'bye')
        skynet.sleep(5)
        assert(c:request('a\\n', line) == 'bye' and connections == 2)",
    );
    let lines = lines_until_done(&real);
    assert!(lines[0].starts_with("socket closed by peer : 127.0.0.1 "), "{lines:?}");
}

#[test]
fn nobody_there_is_one_line_and_the_error_and_a_backup_is_tried() {
    let real = channel(
        ECHO,
        "socket.close(listener)
        local gone = port
        port = nil
        local c = socketchannel.channel { host = '127.0.0.1', port = gone }
        local ok, err = pcall(c.request, c, 'x\\n', line)
        assert(not ok and err == socketchannel.error)
        listen()
        c:changebackup { { host = '127.0.0.1', port = port }, '127.0.0.1' }
        assert(c:request('x\\n', line) == 'x')",
    );
    let lines = lines_until_done(&real);
    assert!(lines[0].starts_with("Connect failed ") && lines[0].contains("refused"), "{lines:?}");
    assert!(lines[1].starts_with("socket: connect to backup host 127.0.0.1 "), "{lines:?}");
}

#[test]
fn an_authentication_that_fails_leads_to_the_next_host() {
    let real = channel(
        ECHO,
        "local first = port
        port = nil
        listen()
        local attempts = 0
        local c = socketchannel.channel {
            host = '127.0.0.1', port = first, backup = { { host = '127.0.0.1', port = port } },
            auth = function(channel)
                attempts = attempts + 1
                assert(attempts > 1, 'go away')
                assert(channel:request('hello\\n', line) == 'hello')
            end,
        }
        assert(c:request('x\\n', line) == 'x' and attempts == 2)",
    );
    let lines = lines_until_done(&real);
    assert!(lines[0].starts_with("socket: auth failed") && lines[0].contains("go away"), "{lines:?}");
    assert!(lines[1].starts_with("socket: connect to backup host "), "{lines:?}");
}

#[test]
fn an_authentication_may_send_the_channel_elsewhere() {
    let real = channel(
        ECHO,
        "local first = port
        port = nil
        listen()
        local second = port
        local c
        c = socketchannel.channel {
            host = '127.0.0.1', port = first,
            auth = function(channel)
                if channel.__port == first then channel:changehost('127.0.0.1', second) end
            end,
        }
        assert(c:request('x\\n', line) == 'x' and c.__port == second)",
    );
    assert_eq!(lines_until_done(&real), [""; 0]);
}

#[test]
fn a_closed_channel_takes_no_requests_until_it_is_connected_again() {
    let real = channel(
        ECHO,
        "local c = socketchannel.channel { host = '127.0.0.1', port = port }
        skynet.fork(function()
            local ok, err = pcall(c.response, c, line)
            assert(not ok and err == socketchannel.error)
            skynet.error 'waiter'
        end)
        skynet.sleep(3)
        c:close()
        local ok, err = pcall(c.request, c, 'x\\n', line)
        assert(not ok and err:match 'assertion failed!')
        c:connect(true)
        assert(c:request('x\\n', line) == 'x')",
    );
    let lines = lines_until_done(&real);
    assert_eq!(lines.last().map(String::as_str), Some("waiter"), "{lines:?}");
    assert!(lines[0].starts_with("socket: connect to 127.0.0.1 "), "{lines:?}");
}

#[test]
fn connecting_for_ever_waits_for_the_server_to_come_back() {
    let real = channel(
        ECHO,
        "socket.close(listener)
        local c = socketchannel.channel { host = '127.0.0.1', port = port }
        skynet.timeout(30, listen)
        assert(c:connect())
        assert(c:request('x\\n', line) == 'x')",
    );
    let lines = lines_until_done(&real);
    assert!(lines[0].starts_with("socket: connect cannot connect to "), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.starts_with("socket: connect to 127.0.0.1 ")), "{lines:?}");
}

#[test]
fn a_channel_whose_peer_does_not_read_says_that_it_is_overloaded_and_when_no_more() {
    let real = channel(
        "socket.pause(fd)
        skynet.sleep(20)
        while true do local l = socket.read(fd) if not l then break end end",
        "local heard = {}
        local c = socketchannel.channel {
            host = '127.0.0.1', port = port,
            overload = function(is) heard[#heard + 1] = tostring(is) end,
        }
        for _ = 1, 100 do c:request(('x'):rep(256 << 10)) end
        for _ = 1, 500 do
            if #heard == 2 then break end
            skynet.sleep(1)
        end
        skynet.error('heard', table.concat(heard, ' '))",
    );
    let lines = lines_until_done(&real);
    assert_eq!(lines.last().map(String::as_str), Some("heard true false"), "{lines:?}");
}

#[test]
fn a_parser_that_fails_tells_its_asker_why_and_the_others_that_the_connection_is_gone() {
    let real = channel(
        ECHO,
        "local c = socketchannel.channel { host = '127.0.0.1', port = port }
        skynet.fork(function()
            local ok, err = pcall(c.request, c, 'a\\n', function() error 'cannot parse' end)
            assert(not ok and err:match 'cannot parse')
        end)
        skynet.fork(function()
            local ok, err = pcall(c.request, c, 'b\\n', line)
            assert(not ok and err == socketchannel.error)
            skynet.error 'other'
        end)
        skynet.sleep(5)
        assert(c:request('c\\n', line) == 'c' and connections == 2)",
    );
    let lines = lines_until_done(&real);
    assert!(lines[0].starts_with("socket: error in a response :"), "{lines:?}");
    assert_eq!(lines[1], "other", "{lines:?}");
}
