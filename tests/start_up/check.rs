//! `skyloom check`: what a config would run.

use crate::project::Project;

#[test]
fn a_check_tells_what_is_found_and_what_is_replaced() {
    let project = Project::new("check", &[("main", ""), ("room/init", ""), ("launcher", ""), ("bootstrap", "")]);
    project.write("lualib/skynet.lua", "");
    project.write("lualib/game/dice.lua", "");
    project.write("luaclib/fast.so", "");
    project.write("cservice/mine.so", "");
    let config = "luaservice = './service/?.lua;./service/?/init.lua'\nlua_path = './lualib/?.lua'\nharbor = 1\n\
                  lua_cpath = './luaclib/?.so'\ncpath = './cservice/?.so'\nstart = 'main x'\nthraed = 2\n";
    project.write("config", config);
    let ran = project.done(&["check", "config"]);
    let lines = [
        "start      main x: ./service/main.lua",
        "bootstrap  bootstrap: built in",
        "services   2",
        "room                     ./service/room/init.lua",
        "modules    1",
        "game.dice                ./lualib/game/dice.lua",
        "C modules  1",
        "fast                     ./luaclib/fast.so",
        "replaced   3: these files give way",
        "launcher                 ./service/launcher.lua",
        "skynet                   ./lualib/skynet.lua",
        "unknown key: thraed (did you mean thread?)",
        "config:3: nodes are not connected by harbors",
        "config:5: services in C are not run: ./cservice/mine.so",
    ];
    for line in lines {
        ran.says(line);
    }
}

#[test]
fn a_check_fails_where_the_start_would() {
    let project = Project::new("check-fails", &[("main", "x = = 1"), ("other", "")]);
    project.write("config", "luaservice = './service/?.lua'\n\nstart = 'nowhere'\n");
    project.done(&["check", "config"]).fails(&["./service/main.lua:1: unexpected symbol"]);
    project.write("service/main.lua", "");
    project.done(&["check", "config"]).fails(&["skyloom: config:3: start: no service nowhere in ./service/?.lua"]);
    project.write("config", "luaservice = './service/?.lua'\npreload = './x.lua'\n");
    project.done(&["check", "config"]).fails(&["config:2: ./x.lua: No such file"]);
}
