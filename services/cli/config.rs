//! Config files as Skynet has them: assignments in Lua.
//!
//! `$NAME` stands for an environment variable, and `include "file"` runs another file, found
//! beside the one that includes it. A config sees nothing of Lua's own library, as there, but the methods of strings.

pub(crate) mod keys;
mod reading;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use keys::KEYS;
use reading::Setting;

/// What a config file says, checked.
#[derive(Debug)]
pub(crate) struct Config {
    file: PathBuf,
    settings: BTreeMap<String, Setting>,
    /// The files that it consists of.
    pub(crate) files: Vec<PathBuf>,
    /// The key `thread`.
    pub(crate) workers: Option<usize>,
    /// The first service of the node, with its arguments; `None` is the built-in one.
    pub(crate) bootstrap: Option<String>,
    /// Where the log goes.
    pub(crate) log: LogTo,
}

/// Where the log goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LogTo {
    Stdout,
    File(PathBuf),
    /// A Lua service, with its arguments.
    Service(String),
}

impl Config {
    /// Reads and runs a config file.
    pub(crate) fn read(file: &Path) -> Result<Config, Failure> {
        let said = reading::run(file)?;
        let mut config = Config {
            file: file.to_path_buf(),
            settings: said.settings,
            files: said.files,
            workers: None,
            bootstrap: None,
            log: LogTo::Stdout,
        };
        config.workers = config.number("thread", 1..=1024)?.and_then(|workers| workers.try_into().ok());
        config.number("harbor", 0..=255)?;
        config.number("calltimeout", 0..=u64::from(u32::MAX))?;
        config.flag("profile")?;
        config.flag("loglife")?;
        config.bootstrap = config.bootstrap()?;
        config.log = config.log()?;
        Ok(config)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(|setting| setting.text.as_str())
    }

    /// Like [`get`](Self::get), but a text that says nothing counts as nothing.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|text| !text.trim().is_empty())
    }

    /// The node's environment: what the config says, and what Skynet would have written into it.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let defaults = KEYS.iter().filter_map(|key| Some((key.name.to_owned(), key.default?.to_owned())));
        let said = self.settings.iter().map(|(key, setting)| (key.clone(), setting.text.clone()));
        defaults.chain(said).collect()
    }

    /// What must be wrong with a key, and where it stands.
    pub(crate) fn blame(&self, key: &str, text: impl std::fmt::Display) -> String {
        match self.settings.get(key) {
            Some(setting) => format!("{}: {text}", setting.at),
            None => format!("{}: {text}", self.file.display()),
        }
    }

    /// Keys that were probably meant to be others, in one line.
    pub(crate) fn misspelt(&self) -> Option<String> {
        let meant = |key: &String| keys::meant(key).map(|meant| format!("{key} (did you mean {meant}?)"));
        let list: Vec<String> = self.settings.keys().filter_map(meant).collect();
        let word = if list.len() == 1 { "key" } else { "keys" };
        (!list.is_empty()).then(|| format!("{}: unknown {word}: {}", self.file.display(), list.join(", ")))
    }

    fn number(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Failure> {
        let Some(text) = self.get(key) else { return Ok(None) };
        // Lua has 8.0 for 8 where somebody has divided.
        let whole = text.trim().trim_end_matches(".0");
        match whole.parse::<u64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let (least, most) = range.into_inner();
                let text = format!("{key} is {text}, expected a number from {least} to {most}");
                Err(Failure::new(self.blame(key, text)))
            }
        }
    }

    fn flag(&self, key: &str) -> Result<(), Failure> {
        match self.get(key) {
            None | Some("true" | "false") => Ok(()),
            Some(text) => Err(Failure::new(self.blame(key, format!("{key} is {text}, expected true or false")))),
        }
    }

    fn bootstrap(&self) -> Result<Option<String>, Failure> {
        let Some(line) = self.text("bootstrap") else { return Ok(None) };
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("snlua"), Some("bootstrap")) => Ok(None),
            (Some("snlua"), Some(_)) => Ok(line.trim().strip_prefix("snlua").map(|rest| rest.trim().to_owned())),
            _ => {
                let text = format!("bootstrap is {line}, expected snlua and the name of a Lua service");
                Err(Failure::new(self.blame("bootstrap", text)))
            }
        }
    }

    fn log(&self) -> Result<LogTo, Failure> {
        let logger = self.text("logger");
        match self.text("logservice").unwrap_or("logger") {
            "logger" => Ok(logger.map_or(LogTo::Stdout, |file| LogTo::File(file.into()))),
            "snlua" => match logger {
                Some(line) => Ok(LogTo::Service(line.to_owned())),
                None => {
                    let text = "logservice is snlua, but logger does not name a Lua service";
                    Err(Failure::new(self.blame("logservice", text)))
                }
            },
            other => {
                let text =
                    format!("logservice is {other}, expected logger, or snlua with a Lua service's name in logger");
                Err(Failure::new(self.blame("logservice", text)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: &str, text: &str) -> Result<Config, Failure> {
        let file = std::env::temp_dir().join(format!("skyloom-{name}-{}.cfg", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let config = Config::read(&file);
        std::fs::remove_file(&file).unwrap();
        config
    }

    #[test]
    fn a_key_may_have_the_name_of_a_function_of_lua() {
        let config = config("names", "pairs = 64\nstart = ('x'):rep(2)\nthread = 2\n").unwrap();
        let all: Vec<_> = ["pairs", "start", "thread"].map(|key| config.get(key).unwrap()).into();
        assert_eq!(all, ["64", "xx", "2"]);
    }

    #[test]
    fn values_are_the_texts_that_lua_makes_of_them() {
        let config = config("texts", "a = 8 / 2\nb = 1.5\nc = true\nd = 0x10\ne = nil\nthread = 8 / 2").unwrap();
        let all = ["a", "b", "c", "d", "e"].map(|key| config.get(key));
        assert_eq!(all, [Some("4.0"), Some("1.5"), Some("true"), Some("16"), None]);
        assert_eq!(config.workers, Some(4));
    }

    #[test]
    fn what_skynet_would_have_written_back_is_in_the_environment() {
        let config = config("defaults", "harbor = 3").unwrap();
        let environment = config.environment();
        let said = ["harbor", "bootstrap", "logservice", "profile", "cpath", "loglife", "lua_path"];
        let said = said.map(|key| environment.get(key).map(String::as_str));
        let expected = ["3", "snlua bootstrap", "logger", "true", "./cservice/?.so", "true"].map(Some);
        assert_eq!(said[..6], expected);
        assert_eq!(said[6], None, "as there");
    }

    #[test]
    fn a_table_that_is_gone_at_the_end_does_no_harm() {
        let config = config("gone", "t = { x = 'main' }\nstart = t.x\nt = nil").unwrap();
        assert_eq!(config.get("start"), Some("main"));
    }
}
