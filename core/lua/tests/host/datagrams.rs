//! Datagrams, addresses, and what consoles ask of sockets.

use super::sockets::Real;

#[test]
fn datagrams_go_both_ways_over_both_families() {
    let real = Real::new();
    real.run(
        "udp",
        "skynet.start(function()
        for _, ip in ipairs { '127.0.0.1', '::1' } do
            local server
            server = socket.udp(function(data, from)
                local host, port = socket.udp_address(from)
                assert(host == ip and port > 0)
                socket.sendto(server, from, 'OK ' .. data)
            end, ip, 0)
            local port
            for _, info in ipairs(socket.netstat()) do
                if info.id == server then
                    assert(info.type == 'UDP' and info.address == skynet.self())
                    port = math.tointeger(info.peer:match ':(%d+)$')
                end
            end
            local client = socket.udp(function(data) skynet.error(ip, data) end)
            socket.udp_connect(client, ip, port)
            assert(socket.write(client, 'hello'))
            local dialled = socket.udp_dial(ip, port, function(data) skynet.error(ip, data) end)
            skynet.sleep(5)
            assert(socket.write(dialled, { 'a ', 'table' }))
            skynet.sleep(5)
            socket.close(server) socket.close(client) socket.close(dialled)
            assert(socket.write(client, 'x') == false)
        end
        skynet.error(pcall(socket.udp_address, 'nonsense'))
        local alone = socket.udp_listen('127.0.0.1', 0, print)
        skynet.error(socket.write(alone, 'to whom?'))
    end)",
    );
    for ip in ["127.0.0.1", "::1"] {
        assert_eq!(real.line(), format!("{ip} OK hello"));
        assert_eq!(real.line(), format!("{ip} OK a table"));
    }
    assert!(real.line().contains("Invalid udp address"));
    assert_eq!(real.line(), "false");
}

#[test]
fn netstat_names_every_socket_and_its_owner() {
    let real = Real::new();
    let _client = real.server(
        "skynet.start(function()
        local id, ip, port = socket.listen('127.0.0.1', 0)
        socket.start(id, function(peer, from)
            socket.start(peer)
            for _, info in ipairs(socket.netstat()) do
                if info.id == id then assert(info.type == 'LISTEN' and info.sock == '127.0.0.1:' .. port) end
                if info.id == peer then assert(info.type == 'TCP' and info.peer == from and info.reading) end
                assert(info.address == skynet.self())
            end
            skynet.error(#socket.netstat())
        end)
        skynet.error(port)
    end)",
    );
    assert_eq!(real.line(), "2");
}

#[test]
fn names_and_addresses_are_resolved_off_the_worker() {
    let real = Real::new();
    real.run(
        "names",
        "skynet.start(function()
        skynet.error(socket.resolve('localhost')[1], socket.resolve('::1')[1], socket.resolve('127.0.0.2')[1])
        local ok, err = pcall(socket.resolve, 'no such name.invalid')
        skynet.error(ok, err:match 'cannot find no such name.invalid')
        ok, err = pcall(socket.open, '127.0.0.1:x')
        skynet.error(err:match 'Invalid port in address 127.0.0.1:x%.')
        ok, err = pcall(socket.listen, '192.0.2.1', 1)
        skynet.error(err:match 'Listen error')
    end)",
    );
    assert_eq!(real.line(), "127.0.0.1 ::1 127.0.0.2");
    assert_eq!(real.line(), "false cannot find no such name.invalid");
    assert_eq!(real.line(), "Invalid port in address 127.0.0.1:x.");
    assert_eq!(real.line(), "Listen error");
}
