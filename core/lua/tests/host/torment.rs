//! Memory that runs out anywhere: the script fails, the node does not.

use skyloom_lua::{LuaFactory, Settings};

use crate::world::World;

/// Uses much of the API, with errors caught and not caught.
const BUSY: &str = "local function work()
        local t = {}
        for i = 1, 20 do t['k' .. i] = { i, tostring(i):rep(20) } end
        local msg, sz = skynet.pack(t, 'x', 1.5)
        skynet.unpack(msg, sz)
        skynet.tostring(msg, sz)
        skynet.unpack(skynet.packstring(t))
        local token = {}
        skynet.fork(function() skynet.sleep(1) skynet.wakeup(token) end)
        skynet.timeout(1, function() local x = ('y'):rep(500) end)
        skynet.sleep(2, token)
        local r = skynet.call(skynet.self(), 'lua', t)
        coroutine.wrap(function() coroutine.yield(skynet.address(r)) end)()
        pcall(error, setmetatable({}, { __tostring = function() return ('e'):rep(100) end }))
        require 'skynet.queue'()(function() load('return ' .. ('1 + '):rep(50) .. '1')() end)
        skynet.error(skynet.now(), t, r)
        pcall(skynet.call, '.nobody', 'lua')
    end
    skynet.dispatch('lua', function(_, _, t)
        local r = skynet.response()
        skynet.fork(function() r(true, #t.k1[2], setmetatable(t, { __pairs = pairs })) end)
    end)
    skynet.start(function()
        skynet.fork(function() for i = 1, 3 do skynet.fork(work) skynet.sleep(5) end end)
    end)";

#[test]
fn whatever_allocation_fails_the_node_goes_on() {
    let mut failed = 0;
    let mut finished = 0;
    for limit in (18_000..90_000).step_by(101) {
        let lua = LuaFactory::new(Settings { memory_limit: limit, ..Settings::default() });
        let mut world = World::with(lua);
        let handle = world.run("busy", BUSY);
        for _ in 0..25 {
            world.pass(1);
        }
        match world.lines().iter().any(|line| line.contains("not enough memory")) {
            true => failed += 1,
            false => finished += 1,
        }
        world.node().kill(handle, skyloom_abi::ExitReason::Stopped);
        world.sim.run_until_idle();
    }
    assert!(failed > 20 && finished > 5, "{failed} failed, {finished} finished");
}
