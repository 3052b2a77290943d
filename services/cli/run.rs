//! `skyloom run FILE`

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skyloom::lua::Settings;
use skyloom::{Log, Skyloom};

use crate::args::Run;
use crate::config::Config;
use crate::failure::Failure;
use crate::files;
use crate::signals::Stop;

/// How long services may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn run(options: &Run) -> Result<ExitCode, Failure> {
    let file = &options.file;
    if let Err(error) = std::fs::File::open(file) {
        return Err(Failure::new(format!("{}: {error}", file.display())));
    }
    if file.is_dir() {
        return Err(Failure::new(format!("{}: is a directory, not a Lua file or a config", file.display())));
    }
    files::raise_limit();
    let stop = Stop::listen().map_err(Failure::new)?;
    let is_script = file.extension().is_some_and(|extension| extension == "lua");
    let plan = if is_script { Plan::of_script(file) } else { Plan::of_config(&Config::read(file)?) };

    let mut builder = Skyloom::builder().log(plan.log).lua(plan.settings);
    if let Some(workers) = options.workers.or(plan.workers) {
        builder = builder.workers(workers);
    }
    for (key, value) in plan.env {
        builder = builder.env(key, value);
    }
    let skyloom = builder.start().map_err(Failure::new)?;
    let first = match &plan.first {
        First::File => skyloom.lua().file(file, &options.args),
        First::Service(line) => skyloom.lua().service(line, &options.args),
    };
    let failure = Arc::new(Mutex::new(None));
    let (told, handle) = (failure.clone(), stop.handle());
    skyloom.node().spawn(first.on_started(move |_, _, outcome| {
        if let Err(error) = outcome {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            handle.close();
        }
    }));
    // A service may end the node, too.
    let (handle, waiting) = (stop.handle(), skyloom.clone());
    std::thread::spawn(move || {
        waiting.wait();
        handle.close();
    });
    stop.wait();
    let _ = skyloom.stop(PATIENCE);
    match failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(Failure::new(error)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// What to run, and how.
struct Plan {
    first: First,
    settings: Settings,
    log: Log,
    workers: Option<usize>,
    env: Vec<(String, String)>,
}

enum First {
    /// The file itself.
    File,
    /// A service that is looked for, with its arguments.
    Service(String),
}

impl Plan {
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
        Plan { first: First::File, settings, log: Log::Stdout, workers: None, env: Vec::new() }
    }

    /// Skynet's keys, with Skynet's defaults.
    fn of_config(config: &Config) -> Plan {
        let text = |key: &str| config.get(key).map(str::to_owned);
        let default = Settings::default();
        let settings = Settings {
            services: text("luaservice").unwrap_or(default.services),
            modules: text("lua_path").unwrap_or(default.modules),
            native: text("lua_cpath").unwrap_or(default.native),
            ..Settings::default()
        };
        let log = text("logger").filter(|file| !file.is_empty());
        Plan {
            first: First::Service(text("start").unwrap_or_else(|| "main".into())),
            settings,
            log: log.map_or(Log::Stdout, |file| Log::File(file.into())),
            workers: config.workers,
            env: config.all().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        }
    }
}
