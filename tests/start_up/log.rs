//! Where the log goes.

use std::process::{Command, Stdio};

use crate::common::eventually;
use crate::project::Project;

fn hang_up(child: &std::process::Child) {
    let kill = format!("kill -HUP {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Logs a line when it is asked to by the presence of a file.
const TALKER: &str = "skynet.start(function()
    local count = 0
    while true do
        count = count + 1
        skynet.error('line', count)
        local stop = io.open 'stop'
        if stop then skynet.abort() end
        skynet.sleep(1)
    end
end)";

#[test]
fn lines_in_a_file_begin_with_the_local_time() {
    let project =
        Project::new("stamp", &[("main", "skynet.start(function() skynet.error 'hello'; skynet.abort() end)")]);
    project.write("config", "luaservice = './service/?.lua'\nlogger = 'log'\n");
    let hours = |zone: &str| {
        project.write("log", "");
        let status = project.skyloom(&["config"]).env("TZ", zone).status().unwrap();
        assert!(status.success());
        let log = project.read("log");
        let line = log.lines().find(|line| line.ends_with("[:00000008] hello")).unwrap_or_else(|| panic!("{log:?}"));
        let (stamp, _) = line.split_once(" [").unwrap();
        let shape: String = stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "00/00/00 00:00:00.00");
        stamp[9..11].parse::<i32>().unwrap()
    };
    let apart = (hours("XXX-9") - hours("UTC0")).rem_euclid(24);
    assert!([9, 8].contains(&apart), "{apart} hours: an hour may begin between the two runs");
}

#[test]
fn a_hang_up_has_the_log_opened_anew() {
    let project = Project::new("rotate", &[("main", TALKER)]);
    project.write("config", "luaservice = './service/?.lua'\nlogger = 'log'\n");
    let mut child = project.skyloom(&["config"]).stdout(Stdio::null()).spawn().unwrap();
    eventually("the log has a line", || project.read("log").contains("line 1").then_some(()));
    std::fs::rename(project.folder.0.join("log"), project.folder.0.join("log.1")).unwrap();
    hang_up(&child);
    eventually("the new log has a line", || project.read("log").contains("line").then_some(()));
    project.write("stop", "");
    assert!(child.wait().unwrap().success());
    // Every line is in one of the two.
    let both = project.read("log.1") + &project.read("log");
    let numbers: Vec<usize> =
        both.lines().filter_map(|line| line.rsplit_once("line ")).map(|(_, number)| number.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
}

/// A log that writes into a file of its own, after a while.
const LOGGER: &str = "
    local name = ...
    local file = io.open(name, 'w')
    local function write(...) file:write(table.concat({ ... }, ' '), '\\n') file:flush() end
    skynet.register_protocol { name = 'text', id = skynet.PTYPE_TEXT, unpack = skynet.tostring,
        dispatch = function(_, source, text) write(skynet.address(source), text) end }
    skynet.register_protocol { name = 'SYSTEM', id = skynet.PTYPE_SYSTEM, unpack = function() end,
        dispatch = function() write 'opened anew' end }
    skynet.start(function() skynet.sleep(5) write 'up' end)";

#[test]
fn a_service_of_the_project_may_be_the_log() {
    let project = Project::new("own-log", &[("main", TALKER), ("mylog", LOGGER)]);
    project.write(
        "config",
        "luaservice = './service/?.lua'\nlogservice = 'snlua'\nlogger = 'mylog lines'\nstart = 'main'\n",
    );
    let mut child = project.skyloom(&["config"]).stdout(Stdio::piped()).spawn().unwrap();
    eventually("a line", || project.read("lines").contains(":00000008 line 1\n").then_some(()));
    hang_up(&child);
    eventually("the hang-up", || project.read("lines").contains("opened anew").then_some(()));
    project.write("stop", "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_log_service_that_fails_ends_the_start() {
    let project = Project::new("no-log", &[("main", TALKER), ("mylog", "error 'no disk'")]);
    let ran = project.run("logservice = 'snlua' logger = 'mylog'");
    ran.fails(&["cannot start the log service mylog: ./service/mylog.lua:1: no disk"]).at_once();
}
