//! `daemon`: in the background.

use std::process::Command;

use crate::common::eventually;
use crate::project::Project;

const STAYS: &str = "skynet.start(function() skynet.error('up', io.read()) end)";

#[test]
fn a_daemon_leaves_its_number_and_lets_nobody_else_begin() {
    let project = Project::new("daemon", &[("main", STAYS)]);
    let config = "daemon = './pid'\nlogger = './log'";
    let ran = project.run(config);
    ran.says("").at_once();
    let number: u32 = project.read("pid").trim().parse().unwrap();
    project.done(&["config"]).fails(&["daemon: already running", &format!("pid = {number}")]).at_once();
    eventually("its log", || project.read("log").contains("up nil").then_some(()));
    let kill = format!("kill -TERM {number}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    eventually("the file is gone", || (!project.folder.0.join("pid").exists()).then_some(()));
}

#[test]
fn a_file_that_a_dead_process_has_left_does_not_hold_up_the_next() {
    let project = Project::new("stale", &[("main", "skynet.start(function() skynet.timeout(20, skynet.abort) end)")]);
    project.write("pid", "1\n");
    project.run("daemon = './pid'").says("");
    eventually("the file is gone", || (!project.folder.0.join("pid").exists()).then_some(()));
}

#[test]
fn a_daemon_that_cannot_begin_says_so_to_who_started_it() {
    let project = Project::new("stillborn", &[("main", "skynet.start(function() error 'no luck' end)")]);
    let ran = project.run("daemon = './pid'");
    ran.fails(&["skyloom: ./service/main.lua:1: no luck"]).at_once();
    assert!(!project.folder.0.join("pid").exists());
    project.run("daemon = './no/such/folder/pid'").fails(&["daemon: cannot open ./no/such/folder/pid"]);
}
