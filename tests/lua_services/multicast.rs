//! `skynet.multicast`.

use super::house::House;

const LISTENER: &str = "local multicast = require 'skynet.multicast'
    local heard = {}
    skynet.start(function()
        local channel
        skynet.dispatch('lua', function(_, _, what, id)
            if what == 'join' then
                channel = multicast.new { channel = id, dispatch = function(channel, source, ...)
                    table.insert(heard, tostring(channel) .. skynet.address(source) .. table.concat({ ... }, ','))
                end }
                channel:subscribe()
            elseif what == 'leave' then
                channel:unsubscribe()
            end
            skynet.retpack(table.concat(heard, ' '))
        end)
    end)";

#[test]
fn all_subscribers_hear_what_is_published_and_from_whom() {
    let mut house = House::new(&[("listener.lua", LISTENER)]);
    let said = house.says(
        "local channel = require('skynet.multicast').new()
        local other = require('skynet.multicast').new()
        local listeners = {}
        for i = 1, 10 do
            listeners[i] = skynet.newservice 'listener'
            skynet.call(listeners[i], 'lua', 'join', other.channel)
        end
        channel:publish('nobody hears this')
        other:publish('hello', 7)
        skynet.sleep(1)
        local expected = tostring(other) .. skynet.address(skynet.self()) .. 'hello,7'
        for i = 1, 10 do assert(skynet.call(listeners[i], 'lua') == expected, skynet.call(listeners[i], 'lua')) end
        return channel, other",
    );
    assert_eq!(said, "[Multicast:0] [Multicast:100]");
    assert_eq!(house.lines(), Vec::<String>::new(), "nobody forgot an answer");
}

#[test]
fn whoever_has_left_hears_nothing_more() {
    let mut house = House::new(&[("listener.lua", LISTENER)]);
    let said = house.says(
        "local channel = require('skynet.multicast').new()
        local listener = skynet.newservice 'listener'
        skynet.call(listener, 'lua', 'join', channel.channel)
        channel:publish 'one'
        skynet.call(listener, 'lua', 'leave')
        channel:publish 'two'
        skynet.sleep(1)
        return skynet.call(listener, 'lua'):match 'one$'",
    );
    assert_eq!(said, "one");
}

#[test]
fn a_subscriber_that_has_ended_is_forgotten() {
    let mut house = House::new(&[("listener.lua", LISTENER)]);
    let said = house.says(
        "local channel = require('skynet.multicast').new()
        local first, second = skynet.newservice 'listener', skynet.newservice 'listener'
        skynet.call(first, 'lua', 'join', channel.channel)
        skynet.call(second, 'lua', 'join', channel.channel)
        skynet.kill(first)
        channel:publish 'still here'
        skynet.sleep(1)
        return skynet.call(second, 'lua'):match 'still here$'",
    );
    assert_eq!(said, "still here");
}

#[test]
fn a_channel_may_have_its_own_packing() {
    let mut house = House::new(&[]);
    let said = house.says(
        "local multicast = require 'skynet.multicast'
        local heard
        local channel = multicast.new {
            pack = function(text) return skynet.pack('packed ' .. text) end,
            unpack = function(message, size) return skynet.unpack(message, size) .. ' and unpacked' end,
            dispatch = function(_, _, text) heard = text end,
        }
        channel:subscribe()
        channel:publish 'well'
        skynet.sleep(1)
        return heard",
    );
    assert_eq!(said, "packed well and unpacked");
}

#[test]
fn publishing_on_a_channel_that_was_deleted_fails() {
    let mut house = House::new(&[]);
    let said = house.says(
        "local channel = require('skynet.multicast').new()
        channel:delete()
        channel:publish 'x'",
    );
    assert!(said.contains("call failed") && said.contains("there is no channel 0"), "{said}");
}
