//! `skyloom check CONFIG`

mod found;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, StdLib};
use skyloom::Log;
use skyloom::lua::{Builtins, LuaFactory};

use crate::args::Check;
use crate::config::Config;
use crate::failure::Failure;
use crate::plan::{First, Plan};
use found::{Found, Names, find};

/// What is said about a config, and what is wrong.
struct Report<'a> {
    config: &'a Config,
    plan: &'a Plan,
    lua: LuaFactory,
    builtins: Builtins,
    errors: Vec<String>,
}

pub(crate) fn check(options: &Check) -> Result<ExitCode, Failure> {
    let config = Config::read(&options.file)?;
    let plan = Plan::of_config(&config, &[]);
    let lua = plan.builder().lua_factory();
    let builtins = lua.builtins();
    let mut report = Report { config: &config, plan: &plan, lua, builtins, errors: Vec::new() };
    report.say_what_runs();
    report.say_what_is_found();
    report.say_what_is_odd();
    for error in &report.errors {
        eprintln!("skyloom: {error}");
    }
    Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// One line of the report: what, and the words about it.
fn say(what: &str, text: impl std::fmt::Display) {
    println!("{what:<10} {text}");
}

/// A line for each, below the line that counts them.
fn list(lines: impl IntoIterator<Item = String>) {
    for line in lines {
        println!("{:<12} {line}", "");
    }
}

impl Report<'_> {
    fn say_what_runs(&mut self) {
        let files: Vec<String> = self.config.files.iter().map(|file| file.display().to_string()).collect();
        say("config", files.join(", "));
        match &self.plan.first {
            First::File => {}
            First::Bootstrap(start) => {
                self.say_service("bootstrap", "bootstrap", "bootstrap");
                self.say_service("start", "start", start);
            }
            First::Service(line) => self.say_service("bootstrap", "bootstrap", line),
        }
        match &self.plan.log {
            Log::File(file) => say("log", file.display()),
            Log::Service(line) => self.say_service("log", "logger", line),
            _ => say("log", "standard output"),
        }
        if !self.plan.settings.preload.is_empty() {
            let file = self.plan.settings.preload.clone();
            say("preload", &file);
            if let Err(error) = compile(Path::new(&file)) {
                self.errors.push(self.config.blame("preload", error));
            }
        }
    }

    /// The service in `line`, which `key` asks for.
    fn say_service(&mut self, what: &str, key: &str, line: &str) {
        let name = line.split_whitespace().next().unwrap_or_default();
        match self.lua.find_service(name) {
            Some(file) => {
                say(what, format_args!("{line}: {}", file.display()));
                if let Err(error) = compile(&file) {
                    self.errors.push(error);
                }
            }
            None if self.builtins.services.contains(name) => say(what, format_args!("{line}: built in")),
            None => {
                say(what, format_args!("{line}: not found"));
                let templates = &self.plan.settings.services;
                self.errors.push(self.config.blame(key, format_args!("{key}: no service {name} in {templates}")));
            }
        }
    }

    fn say_what_is_found(&mut self) {
        let settings = &self.plan.settings;
        let (services, all) = find(&settings.services, Names::Plain);
        let own = |found: &Found| self.lua.find_service(&found.name).is_some_and(|file| file == found.file);
        let (services, mut replaced): (Vec<Found>, Vec<Found>) = services.into_iter().partition(own);
        // What an earlier template hides is nobody's business here.
        replaced.retain(|found| {
            self.builtins.services.contains(&found.name) && self.lua.find_service(&found.name).is_none()
        });
        say("services", format_args!("{}{}", services.len(), if all { "" } else { " and more" }));
        list(services.iter().map(|found| format!("{:<24} {}", found.name, found.file.display())));

        let (modules, all) = find(&settings.modules, Names::Dotted);
        let ours = &self.builtins.modules;
        let (copies, modules): (Vec<Found>, Vec<Found>) =
            modules.into_iter().partition(|found| ours.contains(&found.name));
        say("modules", format_args!("{}{}", modules.len(), if all { "" } else { " and more" }));
        list(modules.iter().map(|found| format!("{:<24} {}", found.name, found.file.display())));

        let (natives, _) = find(&settings.native, Names::Dotted);
        let (hidden, natives): (Vec<Found>, Vec<Found>) =
            natives.into_iter().partition(|found| ours.contains(&found.name));
        say("C modules", natives.len());
        list(natives.iter().map(|found| format!("{:<24} {}", found.name, found.file.display())));

        let count = replaced.len() + copies.len() + hidden.len();
        say(
            "replaced",
            format_args!("{count}{}", if count == 0 { "" } else { ": these files give way to what is built in" }),
        );
        list(
            replaced
                .iter()
                .chain(&copies)
                .chain(&hidden)
                .map(|found| format!("{:<24} {}", found.name, found.file.display())),
        );

        let broken: BTreeSet<String> =
            services.iter().chain(&modules).filter_map(|found| compile(&found.file).err()).collect();
        let news = broken.into_iter().filter(|error| !self.errors.contains(error)).collect::<Vec<_>>();
        self.errors.extend(news);
    }

    fn say_what_is_odd(&self) {
        if let Some(line) = &self.plan.warning {
            say("warning", line);
        }
        let (harbor, cpath) = (self.config.text("harbor"), self.config.text("cpath"));
        if harbor.is_some_and(|harbor| harbor != "0") {
            say("note", self.config.blame("harbor", "nodes are not connected by harbors: this one runs alone"));
        }
        if let Some((services, _)) = cpath.map(|cpath| find(cpath, Names::Plain))
            && let Some(found) = services.iter().find(|found| !STOCK.contains(&found.name.as_str()))
        {
            let text = format!("services in C are not run: {}", found.file.display());
            say("note", self.config.blame("cpath", text));
        }
    }
}

/// The services in C that come with Skynet, and that nobody misses.
const STOCK: [&str; 4] = ["snlua", "logger", "gate", "harbor"];

/// Bytes of a script that is looked at.
const LARGEST: u64 = 16 << 20;

/// Whether the file is Lua; else what is wrong with it, and where.
fn compile(file: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    if std::fs::metadata(file).map_err(failed)?.len() > LARGEST {
        return Err(format!("{}: is larger than {} MiB, too large for a script", file.display(), LARGEST >> 20));
    }
    let text = std::fs::read(file).map_err(failed)?;
    let lua = Lua::new_with(StdLib::NONE, LuaOptions::default()).map_err(|error| error.to_string())?;
    // A first line that begins with # is for the shell.
    let text = if text.starts_with(b"#") { [b"--", &text[..]].concat() } else { text };
    let chunk = lua.load(text).set_name("=<file>").set_mode(ChunkMode::Text).into_function();
    match chunk {
        Ok(_) => Ok(()),
        Err(mlua::Error::SyntaxError { message, .. }) => {
            let line = message.lines().next().unwrap_or_default();
            Err(line.replacen("<file>", &file.display().to_string(), 1))
        }
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}
