//! A project in a folder of its own, and what the binary makes of it.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::Folder;

pub struct Project {
    pub folder: Folder,
    name: &'static str,
}

/// What every config of these tests begins with.
const HEAD: &str = "luaservice = './service/?.lua;./service/?/init.lua'\nlua_path = './lualib/?.lua'\nthread = 2\n";

impl Project {
    /// A project with these services, given without `skynet`.
    pub fn new(name: &'static str, services: &[(&str, &str)]) -> Project {
        let project = Project { folder: Folder::new(name), name };
        for (service, text) in services {
            project.write(&format!("service/{service}.lua"), &format!("local skynet = require 'skynet'; {text}"));
        }
        project
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.0.join(path)).unwrap_or_default()
    }

    /// The binary in the project's folder.
    pub fn skyloom(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skyloom"));
        command.args(words).current_dir(&self.folder.0).stdin(Stdio::null());
        command
    }

    /// Writes a config and runs it to its end.
    #[track_caller]
    pub fn run(&self, config: &str) -> Ran {
        self.write("config", &format!("{HEAD}{config}"));
        self.done(&["config"])
    }

    /// Runs the binary to its end; which must come soon.
    #[track_caller]
    pub fn done(&self, words: &[&str]) -> Ran {
        let begun = Instant::now();
        let output = self.skyloom(words).output().unwrap();
        Ran { name: self.name, output, took: begun.elapsed() }
    }
}

/// How it went.
pub struct Ran {
    name: &'static str,
    output: Output,
    took: Duration,
}

impl Ran {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// It ended in order and logged a line with this.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Ran {
        let (out, err) = (self.out(), self.err());
        assert_eq!(self.output.status.code(), Some(0), "{}: {out}{err}", self.name);
        assert!(out.contains(text), "{}: {out:?} without {text:?}; {err}", self.name);
        self
    }

    /// It could not begin, and the last line of standard error has all of this.
    #[track_caller]
    pub fn fails(&self, parts: &[&str]) -> &Ran {
        let (out, err) = (self.out(), self.err());
        assert_eq!(self.output.status.code(), Some(2), "{}: {out}{err}", self.name);
        let line = err.lines().last().unwrap_or_default();
        for part in parts {
            assert!(line.contains(part), "{}: {line:?} without {part:?}", self.name);
        }
        self
    }

    /// ... within a second. (Machines that build at the same time get two more.)
    #[track_caller]
    pub fn at_once(&self) -> &Ran {
        assert!(self.took < Duration::from_secs(3), "{} took {:?}", self.name, self.took);
        self
    }
}
