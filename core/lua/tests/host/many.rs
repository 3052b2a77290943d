//! Many services at once.

use crate::world::World;

/// Bytes that this process has in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[test]
fn services_start_talk_and_exit_and_their_memory_comes_back() {
    // At full size in CI, and whenever the code is optimised.
    let is_full = !cfg!(debug_assertions) || std::env::var_os("SKYLOOM_FULL").is_some();
    let count = if is_full { 10_000 } else { 1_000 };
    let mut world = World::new();
    let text = "local skynet = require 'skynet'
        local next = tonumber((...))
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, cmd, n)
                if cmd == 'sum' then
                    skynet.retpack(next and skynet.call(next, 'lua', 'sum', n + 1) or n)
                else
                    skynet.exit()
                end
            end)
        end)";
    let mut peak = 0;
    let mut ends = Vec::new();
    for _ in 0..3 {
        let mut handles = Vec::new();
        for index in 0..count {
            // Chains of ten: each calls the one before it.
            let next: Vec<String> = (index % 10 != 0)
                .then(|| handles.last())
                .flatten()
                .map(|handle: &skyloom_abi::Handle| handle.get().to_string())
                .into_iter()
                .collect();
            let spawn = world.lua.text("link", text, &next);
            handles.push(world.node().spawn(spawn));
        }
        world.sim.run_until_idle();
        let tails: Vec<String> = handles.chunks(10).map(|chain| chain[9].get().to_string()).collect();
        world.run(
            "asker",
            &format!(
                "local sum = 0
            for _, tail in ipairs {{ {} }} do sum = sum + skynet.call(tail, 'lua', 'sum', 1) end
            skynet.error(sum) skynet.exit()",
                tails.join(",")
            ),
        );
        assert_eq!(world.lines(), [count.to_string()]);
        peak = peak.max(resident());
        world.run(
            "reaper",
            &format!(
                "for _, one in ipairs {{ {} }} do skynet.send(one, 'lua', 'exit') end skynet.exit()",
                handles.iter().map(|handle| handle.get().to_string()).collect::<Vec<_>>().join(",")
            ),
        );
        world.sim.run_until_idle();
        assert_eq!(world.node().stats().services, 1, "the logger");
        ends.push(resident());
    }
    // The allocator keeps pages for the next round; what leaks would add up.
    let growth = ends[2].saturating_sub(ends[0]);
    assert!(growth < peak / 4, "{ends:?} of {peak}");
}
