//! What scripts do to a node by mistake or on purpose: each ends in an error, and the node goes on.

use crate::world::World;

/// Runs a script that says what became of its misdeed, and lets another service have a last word.
fn outcome(script: &str) -> Vec<String> {
    let mut world = World::new();
    world.run("wild", script);
    world.run("tame", "skynet.error 'the node lives'");
    let mut lines = world.lines();
    assert_eq!(lines.pop().as_deref(), Some("the node lives"), "{lines:?}");
    lines
}

#[test]
fn an_error_in_an_error_handler_is_an_error_and_no_more() {
    let lines = outcome(
        "local ok, why = xpcall(error, function(e) error(e) end, 'first')
         skynet.error(ok, why ~= nil)
         skynet.start(function() skynet.fork(function()
             error(setmetatable({}, { __tostring = function() error 'again' end }))
         end) end)",
    );
    assert_eq!(lines[0], "false true");
    assert!(lines[1].starts_with("lua call ["), "{lines:?}");
}

#[test]
fn a_string_of_a_megabyte_passes_between_services_unharmed() {
    let lines = outcome(
        "skynet.start(function()
             skynet.dispatch('lua', function(_, _, text) skynet.retpack(#text, text) end)
             skynet.fork(function()
                 local text = ('0123456789abcdef'):rep(1 << 16)
                 local size, back = skynet.call(skynet.self(), 'lua', text)
                 skynet.error(size == 1 << 20, back == text)
             end)
         end)",
    );
    assert_eq!(lines, ["true true"]);
}

#[test]
fn a_table_too_deep_to_be_sent_is_an_error_of_the_sender() {
    let lines = outcome(
        "skynet.start(function()
             skynet.dispatch('lua', function() skynet.ret() end)
             skynet.fork(function()
                 local function nested(n) local t = {} for _ = 2, n do t = { t } end return t end
                 skynet.error(pcall(skynet.call, skynet.self(), 'lua', nested(33)))
                 local ok, why = pcall(skynet.call, skynet.self(), 'lua', nested(34))
                 skynet.error(ok, why:match(\"serialize can't pack too depth table\"))
             end)
         end)",
    );
    assert_eq!(lines, ["true", "false serialize can't pack too depth table"]);
}

#[test]
fn a_frame_has_the_bytes_that_skynet_gives_it_and_a_limit() {
    let lines = outcome(
        "local netpack = require 'skynet.netpack'
         local message, size = netpack.pack 'abc'
         skynet.error((skynet.tostring(message, size):gsub('.', function(c) return ('%02x '):format(c:byte()) end)))
         local ok, why = pcall(netpack.pack, ('x'):rep(65536))
         skynet.error(ok, why:match 'Invalid size .*')",
    );
    assert_eq!(lines, ["00 03 61 62 63 ", "false Invalid size (too long) of data : 65536"]);
}
