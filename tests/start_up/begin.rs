//! What a config means, and what its services see of it.

use crate::project::Project;

/// A service that logs an expression and ends the node.
fn tells(expression: &str) -> String {
    format!("local args = table.pack(...); skynet.start(function() skynet.error({expression}); skynet.abort() end)")
}

/// Runs a config whose `main` logs an expression.
#[track_caller]
fn told(name: &'static str, config: &str, expression: &str, expected: &str) {
    Project::new(name, &[("main", &tells(expression))]).run(config).says(&format!("] {expected}\n"));
}

#[test]
fn the_word_run_may_be_left_out() {
    let project = Project::new("word", &[("main", &tells("'hello', args[1]"))]);
    project.run("").says("hello nil\n");
    project.done(&["run", "config", "please"]).says("hello please\n");
    project.done(&["config", "please"]).says("hello please\n");
    project.done(&["./config", "--workers", "1"]).says("hello nil\n");
}

#[test]
fn every_key_can_be_asked_for_as_a_text() {
    let ask = "table.concat({ skynet.getenv 'own', skynet.getenv 'half', skynet.getenv 'flag', skynet.getenv 'thread' }, ' ')";
    told("texts", "own = 'x'\nhalf = 1 / 2\nflag = false", ask, "x 0.5 false 2");
}

#[test]
fn what_the_config_does_not_say_is_there_as_skynet_writes_it() {
    let ask = "skynet.getenv 'harbor', skynet.getenv 'bootstrap', skynet.getenv 'logservice', skynet.getenv 'profile', \
               skynet.getenv 'cpath', skynet.getenv 'standalone', skynet.getenv 'lua_cpath'";
    told("defaults", "", ask, "0 snlua bootstrap logger true ./cservice/?.so true nil");
}

#[test]
fn the_first_service_is_the_eighth_as_in_skynet() {
    told("eighth", "start = 'main'", "skynet.self(), skynet.localname '.launcher' ~= nil", "8 true");
}

#[test]
fn arguments_may_stand_in_start() {
    told("arguments", "start = 'main a  b'", "args.n, args[1], args[2], SERVICE_NAME", "2 a b main");
}

#[test]
fn another_bootstrap_is_started_in_its_place() {
    let project = Project::new("bootstrap", &[("mine", &tells("'mine', args[1], skynet.getenv 'start'"))]);
    project.run("bootstrap = 'snlua mine x' start = 'y'").says("mine x y\n");
}

#[test]
fn values_of_the_environment_and_of_other_files_are_seen() {
    let project = Project::new("include", &[("main", &tells("skynet.getenv 'path', skynet.getenv 'both'"))]);
    project.write("etc/common", "include 'deeper/one'\nboth = one .. two\n");
    project.write("etc/deeper/one", "one = 1\ntwo = 'x'\n");
    project.write("config", "include 'etc/common'\nluaservice = './service/?.lua'\npath = '$SKYLOOM_TEST_PATH/y'\n");
    let output = project.skyloom(&["config"]).env("SKYLOOM_TEST_PATH", "/x").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("/x/y 1x\n"), "{output:?}");
}

#[test]
fn a_config_need_not_be_utf8() {
    let project = Project::new("bytes", &[("main", &tells("'runs'"))]);
    std::fs::write(project.folder.0.join("config"), b"-- \xc5\xe4\xd6\xc3\nluaservice = './service/?.lua'\n").unwrap();
    project.done(&["config"]).says("runs");
}

#[test]
fn a_config_may_be_called_config_lua() {
    let project = Project::new("extension", &[("main", &tells("'runs'"))]);
    project.write("etc/config.lua", "luaservice = './service/?.lua'\nstart = 'main'\n");
    project.done(&["etc/config.lua"]).says("runs");
}

#[test]
fn misspelt_keys_are_named_in_one_line_and_keys_of_the_programs_own_are_not() {
    let project = Project::new("misspelt", &[("main", &tells("'runs'"))]);
    let ran = project.run("thraed = 3\nlua_cpaht = 'x'\nredis_host = 'y'\nport = 1\n");
    ran.says("runs");
    let line = "skyloom: config: unknown keys: lua_cpaht (did you mean lua_cpath?), thraed (did you mean thread?)\n";
    assert_eq!(ran.err(), line);
    assert_eq!(project.run("redis_host = 'y'").err(), "");
}

#[test]
fn a_service_in_a_folder_of_its_own_finds_its_modules_there() {
    let project = Project::new("private", &[("main/init", &tells("require 'helper', SERVICE_PATH"))]);
    project.write("service/main/helper.lua", "return 'of its own'");
    project.run("").says("of its own ./service/main/\n");
}

#[test]
fn a_service_among_others_does_not_take_their_files_for_modules() {
    let project = Project::new("shared", &[("main", &tells("require 'chat', SERVICE_PATH")), ("chat", "")]);
    project.write("lualib/chat.lua", "return 'the module'");
    project.run("").says("the module ./service/\n");
}

#[test]
fn preload_runs_before_each_service_with_its_words() {
    let project = Project::new("preload", &[("main", &tells("SEEN, SERVICE_NAME")), ("broken", "")]);
    project.write(
        "etc/before.lua",
        "SEEN = table.concat({ SERVICE_NAME, ... }, '+')\nif (...) == 'broken' then error 'not that one' end",
    );
    project.run("preload = './etc/before.lua' start = 'main a b'").says("] main+main+a+b main\n");
    project.run("preload = './etc/before.lua' start = 'broken'").fails(&["skyloom: ./etc/before.lua:2: not that one"]);
    project.run("preload = './nowhere.lua'").fails(&["preload: cannot open ./nowhere.lua"]);
}

#[test]
fn a_copy_of_skynets_library_gives_way_to_what_is_built_in() {
    let project = Project::new("copy", &[("main", &tells("'runs'"))]);
    project.write("lualib/skynet.lua", "error 'the copy'");
    for name in ["bootstrap", "launcher", "service_mgr"] {
        project.write(&format!("service/{name}.lua"), "error 'the copy'");
    }
    project.run("").says("runs");
}
