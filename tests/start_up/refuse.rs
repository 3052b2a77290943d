//! A config that cannot be run: exit code 2, and one line with the file and its line, at once.

use crate::project::Project;

/// A service that ends the node.
const BRIEF: (&str, &str) = ("main", "skynet.start(skynet.abort)");

/// A project whose config is this and nothing else.
#[track_caller]
fn refused(name: &'static str, config: &str, parts: &[&str]) {
    let project = Project::new(name, &[BRIEF]);
    project.write("config", config);
    let ran = project.done(&["config"]);
    ran.fails(parts).at_once();
    assert_eq!(ran.err().lines().count(), 1, "{}", ran.err());
}

#[test]
fn a_number_of_threads_that_cannot_be_is_named_with_its_line() {
    for (name, thread) in [("zero", "0"), ("many", "1025"), ("word", "'many'"), ("half", "1.5"), ("minus", "-1")] {
        refused(name, &format!("x = 1\nthread = {thread}\n"), &["config:2: thread is", "from 1 to 1024"]);
    }
}

#[test]
fn other_values_that_cannot_be_are_named_with_their_line() {
    refused("harbor", "harbor = 256", &["config:1: harbor is 256, expected a number from 0 to 255"]);
    refused("profile", "profile = 'maybe'", &["config:1: profile is maybe, expected true or false"]);
    refused("bootstrap", "\nbootstrap = 'snowman'", &["config:2: bootstrap is snowman"]);
    refused("logservice", "logservice = 'syslog'", &["config:1: logservice is syslog"]);
    refused("nameless", "logservice = 'snlua'", &["config:1: logservice is snlua, but logger does not name"]);
    refused("table", "\n\nt = { 1 }\n", &["config:3: Invalid config table key = t (table;"]);
    refused("index", "_ENV[1] = 'x'", &["config:1: Invalid config table key = 1"]);
}

#[test]
fn a_config_that_does_not_come_to_its_end_is_stopped() {
    refused("loop", "x = 1\nwhile true do end\n", &["config:2:", "has not come to its end"]);
    refused("calls", "function f() return f() end\nf()\n", &["config:1:", "has not come to its end"]);
    let search = "x = 1\ny = ('a'):rep(30000):find(('.-'):rep(20) .. 'b')\n";
    refused("search", search, &["config:2:", "has not come to its end"]);
}

#[test]
fn a_config_that_eats_memory_is_stopped() {
    refused("memory", "x = 'x'\nwhile true do x = x .. x end\n", &["config:2:", "more than 64 MiB"]);
    refused("string", "x = 1\ny = ('x'):rep(1e10)\n", &["config:2:"]);
}

#[test]
fn a_config_that_is_too_large_or_never_ends_is_refused() {
    let project = Project::new("large", &[BRIEF]);
    project.write("config", &"x = 1\n".repeat(200_000));
    project.done(&["config"]).fails(&["config: ", "too large for a config"]).at_once();
    project.done(&["run", "/dev/zero"]).fails(&["/dev/zero: ", "too large for a config"]).at_once();
}

#[test]
fn what_is_wrong_in_a_file_that_is_included_is_named_there() {
    let project = Project::new("included", &[BRIEF]);
    project.write("config", "x = 1\ninclude 'etc/more'\n");
    project.write("etc/more", "\ninclude 'most'\n");
    project.done(&["config"]).fails(&["etc/more:2: cannot include etc/most: No such file"]);
    project.write("etc/most", "x = = 1\n");
    project.done(&["config"]).fails(&["etc/most:1:", "unexpected symbol"]);
    project.write("etc/most", "y = x.y.z\n");
    project.done(&["config"]).fails(&["etc/most:1:", "attempt to index"]);
    project.write("etc/most", "x = '$SKYLOOM_NO_SUCH_THING'\n");
    project.done(&["config"]).fails(&["etc/most:1: there is no environment variable SKYLOOM_NO_SUCH_THING"]);
    project.write("etc/most", "\ninclude '../config'\n");
    project.done(&["config"]).fails(&["etc/most:2:", "includes itself"]).at_once();
}

#[test]
fn a_long_path_is_said_as_it_is() {
    let project = Project::new("long", &[]);
    let folder = "a-folder-with-a-long-name/".repeat(8);
    project.write(&format!("{folder}config"), "\nthread = = 2\n");
    project.done(&[&format!("{folder}config")]).fails(&[&format!("skyloom: {folder}config:2: unexpected symbol")]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let project = Project::new("missing", &[]);
    project.done(&["etc/config"]).fails(&["etc/config: No such file"]).at_once();
    project.done(&["confg"]).fails(&["'confg'", "no file of that name", "--help"]).at_once();
    project.done(&["service"]).fails(&["'service'"]);
}

#[test]
fn a_start_service_that_fails_says_so_once() {
    let project = Project::new("fails", &[("main", "skynet.start(function() error 'no luck' end)")]);
    let ran = project.run("start = 'main'");
    ran.fails(&["skyloom: ./service/main.lua:1: no luck"]).at_once();
    assert_eq!(ran.err().lines().count(), 1, "{}", ran.err());
    assert_eq!(ran.out().matches("init service failed").count(), 1, "{}", ran.out());
    project.run("start = 'nowhere'").fails(&["no service \"nowhere\": cannot open ./service/nowhere.lua"]);
    project.run("start = 'main' bootstrap = 'snlua main'").fails(&["skyloom: ./service/main.lua:1: no luck"]);
}
