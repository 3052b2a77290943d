//! `skynet.dns` against a name server that answers as each test says.

use super::sockets::Real;

/// Runs `test`; `answer(name, kind)` is what the server says: a list of records, or nil for silence.
fn asked(answer: &str, test: &str) -> Vec<String> {
    let real = Real::new();
    real.run(
        "names",
        &format!(
            "local dns = require 'skynet.dns'
        dns.DEFAULT_HOSTS = '/no such file'
        local questions = 0
        local function record(kind, data, ttl) return string.pack('>I2I2I2I4s2', 0xc00c, kind, 1, ttl or 60, data) end
        local function answer(name, kind) {answer} end
        local server
        server = socket.udp(function(data, from)
            questions = questions + 1
            local number = string.unpack('>I2', data)
            local labels, at = {{}}, 13
            while data:byte(at) > 0 do
                labels[#labels + 1] = string.unpack('s1', data, at)
                at = at + 1 + data:byte(at)
            end
            local kind = string.unpack('>I2', data, at + 1)
            local name = table.concat(labels, '.')
            local records, code = answer(name, kind)
            if not records then return end
            local head = string.pack('>I2I2I2I2I2I2', number, 0x8180 | (code or 0), 1, #records, 0, 0)
            socket.sendto(server, from, 'broken')
            socket.sendto(server, from, head .. ('\\255'):rep(20))
            socket.sendto(server, from, head .. data:sub(13, at + 4) .. table.concat(records))
        end, '127.0.0.1', 0)
        skynet.start(function()
            for _, info in ipairs(socket.netstat()) do
                if info.id == server then dns.server('127.0.0.1', tonumber(info.peer:match ':(%d+)$')) end
            end
            {test}
            skynet.error 'done'
        end)"
        ),
    );
    let mut lines = Vec::new();
    loop {
        match real.line() {
            line if line == "done" => return lines,
            line if line.starts_with("init service failed") => panic!("{line}"),
            line => lines.push(line),
        }
    }
}

#[test]
fn a_name_is_asked_for_once_while_its_answer_holds() {
    let lines = asked(
        "return { record(5, '\\192\\12'), record(1, '\\10\\0\\0\\1'), record(1, '\\10\\0\\0\\2') }",
        "local ip, all = dns.resolve 'Some.Example'
        assert(ip == '10.0.0.1' and table.concat(all, ' ') == '10.0.0.1 10.0.0.2')
        assert(dns.resolve 'some.example.' == '10.0.0.1' and questions == 1)
        dns.flush()
        assert(dns.resolve 'some.example' == '10.0.0.1' and questions == 2)",
    );
    assert!(lines.len() == 1 && lines[0].starts_with("Udp server open 127.0.0.1:"), "{lines:?}");
}

#[test]
fn literals_and_names_that_are_none_are_not_asked_for() {
    let lines = asked(
        "return {}",
        "assert(dns.resolve '1.2.3.4' == '1.2.3.4' and dns.resolve('::1', true) == '::1')
        for _, name in ipairs { '', 'a..b', 'sp ace', ('x'):rep(64), ('x.'):rep(200) } do
            local ip, err = dns.resolve(name)
            assert(ip == nil and err == 'illegal name', name)
        end
        assert(questions == 0)",
    );
    assert_eq!(lines, [""; 0]);
}

#[test]
fn ipv6_addresses_are_asked_for_as_such() {
    asked(
        "if kind == 28 then return { record(28, '\\32\\1' .. ('\\0'):rep(13) .. '\\7') } end return {}",
        "assert(dns.resolve('six.example', true) == '2001:0:0:0:0:0:0:7')
        local ok, err = pcall(dns.resolve, 'six.example')
        assert(not ok and err:match 'no address of six.example')",
    );
}

#[test]
fn a_name_that_does_not_exist_says_so() {
    asked(
        "return {}, 3",
        "local ok, err = pcall(dns.resolve, 'nobody.example')
        assert(not ok and err:match 'no such name: nobody.example', err)",
    );
}

#[test]
fn an_answer_that_goes_round_in_circles_is_not_an_answer() {
    asked(
        "return { string.pack('>I2', 0xc000 + 12 + #name + 2 + 4) .. ('\\0'):rep(10) }, 0",
        "local answered
        skynet.fork(function() answered = table.pack(pcall(dns.resolve, 'round.example')) end)
        skynet.sleep(5)
        assert(not answered)",
    );
}
