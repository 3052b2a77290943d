//! Two thousand readers of ten megabytes that change under them.

use skyloom::{Log, Skyloom};

use super::common::LONG;

const READERS: usize = 2000;

/// Every row of a version has its number.
const OWNER: &str = "
    local skynet = require 'skynet'
    local sharedata = require 'skynet.sharedata'
    skynet.start(function()
        skynet.dispatch('lua', function(_, _, version)
            local rows = {}
            for i = 1, 60000 do rows[i] = { id = i, version = version, name = 'item number ' .. i } end
            sharedata.update('items', { version = version, rows = rows })
            rows = nil
            collectgarbage()
            skynet.retpack(true)
        end)
    end)";

const READER: &str = "
    local skynet = require 'skynet'
    local sharedata = require 'skynet.sharedata'
    local items, newest, mixed, back = nil, 0, 0, 0
    local held = {}
    skynet.start(function()
        skynet.dispatch('lua', function(session)
            items = items or sharedata.query 'items'
            local version = items.version
            for i = 1, 10 do
                local row = items.rows[i * 5999]
                held[i] = row
                if row.version ~= version or held[1].version ~= version then mixed = mixed + 1 end
            end
            if version < newest then back = back + 1 end
            newest = version
            if session ~= 0 then skynet.retpack(newest, mixed, back) end
        end)
    end)";

/// Megabytes that the process has in memory.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096 / (1 << 20)
}

#[test]
#[cfg(target_os = "linux")]
fn two_thousand_readers_share_one_copy_and_never_see_a_mixture() {
    let skyloom = Skyloom::builder().workers(2).log(Log::None).start().unwrap();
    let spawn = |text| skyloom.start_blocking(skyloom.lua().text("script", text, &[])).unwrap();
    let owner = spawn(OWNER);
    let update = |version: i64| assert!(skyloom.call_blocking::<bool>(owner, version, LONG).unwrap());
    update(1);
    let readers: Vec<_> = (0..READERS).map(|_| spawn(READER)).collect();
    let ask = || {
        for reader in &readers {
            let (newest, mixed, back): (i64, i64, i64) = skyloom.call_blocking(*reader, (), LONG).unwrap();
            assert_eq!((mixed, back), (0, 0), "at version {newest}");
        }
    };
    let before = resident();
    ask();
    let grown = resident().saturating_sub(before);
    assert!(grown < 40, "{grown} MB for {READERS} readers of one table");
    for version in 2..=4 {
        std::thread::scope(|scope| {
            // On the other worker, while the readers look.
            let updating = scope.spawn(|| update(version));
            while !updating.is_finished() {
                ask();
            }
        });
    }
    ask();
    let newest: Vec<i64> =
        readers.iter().map(|reader| skyloom.call_blocking::<(i64, i64, i64)>(*reader, (), LONG).unwrap().0).collect();
    assert!(newest.iter().all(|version| *version == 4), "everybody sees the last version");
    let grown = resident().saturating_sub(before);
    assert!(grown < 200, "{grown} MB after three updates");
    skyloom.stop(LONG).unwrap();
}
