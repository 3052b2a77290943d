//! `skynet.sharemap`.

use super::house;

const READER: &str = "
    local sharemap = require 'skynet.sharemap'
    local seen
    skynet.start(function()
        skynet.dispatch('lua', function(_, _, token)
            local changed
            if token then seen = sharemap.reader('hero', token) else changed = seen:update() end
            skynet.retpack(seen.name, seen.level, changed)
        end)
    end)";

#[test]
fn readers_follow_what_the_writer_commits() {
    let mut house = house(&[("reader.lua", READER)]);
    let path = house.folder.0.join("hero.sproto");
    std::fs::write(&path, ".hero {\n name 0 : string\n level 1 : integer\n}\n").unwrap();
    let said = house.says(&format!(
        "local sharemap = require 'skynet.sharemap'
        sharemap.register('{}')
        local hero = sharemap.writer('hero', {{ name = 'ann', level = 1 }})
        local other = skynet.newservice 'reader'
        local said = {{}}
        local function hear(...) said[#said + 1] = table.concat({{ tostringall(...) }}, ' ') end
        function tostringall(...)
            local all = {{ ... }}
            for i = 1, select('#', ...) do all[i] = tostring(all[i]) end
            return table.unpack(all, 1, select('#', ...))
        end
        hear(skynet.call(other, 'lua', hero:copy()))
        hero.level = 2
        hear(skynet.call(other, 'lua'))
        hero:commit()
        hear(skynet.call(other, 'lua'))
        return table.concat(said, ', ')",
        path.display()
    ));
    assert_eq!(said, "ann 1 nil, ann 1 false, ann 2 true");
}
