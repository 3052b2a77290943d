use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use skyloom_kernel::Spawn;

use crate::gate::Gate;
use crate::{Log, Skyloom};

const LONG: Duration = Duration::from_secs(20);

/// A watchdog in Lua: greets who comes, repeats what is said, and throws out who says so.
const WATCHDOG: &str = r#"
    local skynet = require "skynet"
    local gate = math.tointeger(tonumber((...)))
    local gone = {}
    skynet.register_protocol { name = "client", id = skynet.PTYPE_CLIENT, pack = function(s) return s end, unpack = skynet.tostring }
    skynet.start(function()
        skynet.dispatch("client", function(fd, source, line)
            assert(source == gate)
            if line == "bye" then
                skynet.send(gate, "lua", "kick", fd, "as you wish")
            else
                skynet.redirect(gate, skynet.self(), "client", fd, "you said " .. line)
            end
        end)
        skynet.dispatch("lua", function(_, _, cmd, what, fd, more)
            if cmd == "open" then
                skynet.retpack(skynet.call(gate, "lua", "open", { framing = "lines", max_clients = 10 }))
            elseif cmd == "misspelled" then
                local ok, err = pcall(skynet.call, gate, "lua", "open", { prot = 1 })
                skynet.retpack(ok, tostring(err))
            elseif cmd == "clients" then
                skynet.retpack(skynet.call(gate, "lua", "stats").clients, table.concat(gone, " "))
            elseif cmd == "socket" and what == "open" then
                skynet.send(gate, "lua", "multicast", { fd }, "hello")
            elseif cmd == "socket" and what == "close" then
                gone[#gone + 1] = more
            end
        end)
    end)
"#;

#[test]
fn a_watchdog_in_lua_says_and_hears_the_same() {
    let builder = Skyloom::builder().workers(2).log(Log::None);
    let skyloom = builder.lua_with(|lua| lua.builtin("watchdog", WATCHDOG)).start().unwrap();
    let gate = skyloom.node().spawn(Spawn::new("gate", Box::new(Gate::new(skyloom.net().clone()))));
    let watchdog = skyloom.spawn_lua("watchdog", &[gate.get().to_string()]).unwrap();
    let (opened, error): (bool, String) = skyloom.call_blocking(watchdog, "misspelled", LONG).unwrap();
    assert!(!opened && error.contains("prot"), "{error}");
    let address: (String, u16) = skyloom.call_blocking(watchdog, "open", LONG).unwrap();

    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client.write_all(b"hi\nbye\n").unwrap();
    let lines: Vec<String> = BufReader::new(&client).lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["hello", "you said hi", "error: as you wish"]);
    let clients: (u64, String) = skyloom.call_blocking(watchdog, "clients", LONG).unwrap();
    assert_eq!(clients, (0, "as you wish".into()));
    skyloom.stop(LONG).unwrap();
}
