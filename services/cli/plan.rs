//! What a file on the command line asks for: which service first, and how the node is set up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skyloom::lua::Settings;
use skyloom::{Builder, Log, Skyloom};

use crate::config::{Config, LogTo};
use crate::failure::Failure;

/// What to run, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) first: First,
    pub(crate) settings: Settings,
    pub(crate) log: Log,
    pub(crate) workers: Option<usize>,
    pub(crate) env: BTreeMap<String, String>,
    /// The file for the process's number, if it is to go to the background.
    pub(crate) daemon: Option<PathBuf>,
    /// Something to be said before it begins.
    pub(crate) warning: Option<String>,
}

/// The first service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// The file itself.
    File,
    /// The built-in one, which starts what every node has, and then the service that is named here.
    Bootstrap(String),
    /// One of the project's, with its arguments.
    Service(String),
}

impl Plan {
    /// Reads the file; `args` are for the first service.
    pub(crate) fn read(file: &Path, args: &[String]) -> Result<Plan, Failure> {
        if file.is_dir() {
            return Err(Failure::new(format!("{}: is a directory, not a Lua file or a config", file.display())));
        }
        if is_script(file)? { Ok(Plan::of_script(file)) } else { Ok(Plan::of_config(&Config::read(file)?, args)) }
    }

    /// A node that is set up like this, not started yet.
    pub(crate) fn builder(&self) -> Builder {
        let mut builder = Skyloom::builder().log(self.log.clone()).lua(self.settings.clone());
        if let Some(workers) = self.workers {
            builder = builder.workers(workers);
        }
        for (key, value) in &self.env {
            builder = builder.env(key, value);
        }
        builder
    }

    /// A Lua file: services and modules beside it are found.
    fn of_script(file: &Path) -> Plan {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).display().to_string();
        let beside = format!("{folder}/?.lua;{folder}/?/init.lua");
        let Settings { services, modules, .. } = Settings::default();
        let settings = Settings {
            services: format!("{beside};{services}"),
            modules: format!("{beside};{modules}"),
            ..Settings::default()
        };
        Plan {
            first: First::File,
            settings,
            log: Log::Stdout,
            workers: None,
            env: BTreeMap::new(),
            daemon: None,
            warning: None,
        }
    }

    /// Skynet's keys, with Skynet's defaults.
    pub(crate) fn of_config(config: &Config, args: &[String]) -> Plan {
        let text = |key: &str| config.get(key).map(str::to_owned);
        let default = Settings::default();
        let settings = Settings {
            services: text("luaservice").unwrap_or(default.services),
            modules: text("lua_path").unwrap_or(default.modules),
            native: text("lua_cpath").unwrap_or_else(|| "./luaclib/?.so".into()),
            preload: config.text("preload").unwrap_or_default().trim().to_owned(),
            ..Settings::default()
        };
        let mut start = config.text("start").unwrap_or("main").trim().to_owned();
        for arg in args {
            start = format!("{start} {arg}");
        }
        let mut env = config.environment();
        if !args.is_empty() {
            env.insert("start".into(), start.clone());
        }
        Plan {
            first: config.bootstrap.clone().map_or(First::Bootstrap(start), First::Service),
            settings,
            log: match &config.log {
                LogTo::Stdout => Log::Stdout,
                LogTo::File(file) => Log::File(file.clone()),
                LogTo::Service(line) => Log::Service(line.clone()),
            },
            workers: config.workers,
            env,
            daemon: config.text("daemon").map(PathBuf::from),
            warning: config.misspelt(),
        }
    }
}

/// Whether the file is a Lua script to be run as a service: its name ends in `.lua`, and it does not look like a config
/// of that name, which sets keys of ours and has no use for modules.
fn is_script(file: &Path) -> Result<bool, Failure> {
    if file.extension().is_none_or(|extension| extension != "lua") {
        return Ok(false);
    }
    let text = std::fs::read(file).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    let text = String::from_utf8_lossy(&text);
    let sets = |line: &str, key: &str| {
        line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let is_config = ["start", "thread", "luaservice", "lua_path", "bootstrap"]
        .iter()
        .any(|key| text.lines().any(|line| sets(line, key)));
    Ok(text.contains("require") || !is_config)
}
