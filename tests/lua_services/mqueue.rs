//! `skynet.mqueue`.

use super::house::House;

const WORKER: &str = "local mqueue = require 'skynet.mqueue'
    local busy = false
    skynet.start(function() mqueue.register(function(session, source, word)
        assert(not busy, 'two at a time')
        busy = true
        skynet.sleep(10)
        busy = false
        if word == 'fail' then error('as you wish', 0) end
        return word, mqueue.size()
    end) end)";

#[test]
fn messages_are_handled_one_after_another() {
    let mut house = House::new(&[("worker.lua", WORKER)]);
    let said = house.says(
        "local mqueue = require 'skynet.mqueue'
        local worker = skynet.newservice 'worker'
        local before, said = skynet.now(), {}
        for i = 1, 3 do skynet.fork(function() said[i] = table.concat({ mqueue.call(worker, i) }, ':') end) end
        mqueue.send(worker, 'sent')
        while not said[3] do skynet.sleep(1) end
        return said[1], said[2], said[3], skynet.now() - before",
    );
    assert!(said == "1:2 2:1 3:0 40" || said == "1:2 2:1 3:0 41", "{said}");
}

#[test]
fn the_error_of_the_other_side_is_raised_with_its_text() {
    let mut house = House::new(&[("worker.lua", WORKER)]);
    let said = house.says("return require('skynet.mqueue').call(skynet.newservice 'worker', 'fail')");
    assert_eq!(said, "error: as you wish");
}
