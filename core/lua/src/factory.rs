//! Makes Lua services.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use skyloom_kernel::Spawn;
use skyloom_net::Net;

use crate::chunks::Chunks;
use crate::home::{Home, Module, Script, Settings};
use crate::service;

/// Makes the Lua services of one node, which share its compiled scripts; cheap to clone.
///
/// # Examples
/// ```
/// use skyloom_kernel::Sim;
/// use skyloom_lua::{LuaFactory, Settings};
///
/// let mut sim = Sim::new(1);
/// let lua = LuaFactory::new(Settings::default());
/// let script = "local skynet = require 'skynet'; skynet.register 'greeter'";
/// sim.node().spawn(lua.text("greeter", script, &[]));
/// sim.run_until_idle();
/// assert!(sim.node().lookup(".greeter").is_some());
/// ```
#[derive(Clone)]
pub struct LuaFactory(Arc<Home>);

/// The names of what is part of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builtins {
    /// Modules, which win over files of the same name.
    pub modules: BTreeSet<String>,
    /// Services, which are run where no file of the project has their name.
    pub services: BTreeSet<String>,
}

/// A factory being put together.
#[must_use]
pub struct Builder(Home);

impl LuaFactory {
    /// A factory for services without sockets and without modules in Rust.
    #[must_use]
    pub fn new(settings: Settings) -> LuaFactory {
        LuaFactory::builder(settings).build()
    }

    /// A factory to which more is added.
    pub fn builder(settings: Settings) -> Builder {
        Builder(Home {
            settings,
            net: None,
            chunks: Chunks::default(),
            workers: Arc::default(),
            modules: HashMap::new(),
            services: HashMap::new(),
            monitor: Default::default(),
            spawn: service::spawn,
        })
    }

    /// The service `name`, looked for in the templates when it starts, then among the built-in
    /// ones. Arguments may also follow the name after blanks.
    #[must_use]
    pub fn service(&self, name: &str, args: &[String]) -> Spawn {
        service::spawn(&self.0, Script::Named(name.into()), args.to_vec())
    }

    /// The service in a file.
    #[must_use]
    pub fn file(&self, path: impl Into<PathBuf>, args: &[String]) -> Spawn {
        service::spawn(&self.0, Script::File(path.into()), args.to_vec())
    }

    /// A service whose script is given; `name` stands for it in error messages.
    #[must_use]
    pub fn text(&self, name: &str, text: &str, args: &[String]) -> Spawn {
        service::spawn(&self.0, Script::Text { name: name.into(), text: text.into() }, args.to_vec())
    }

    /// What services find without any file.
    #[must_use]
    pub fn builtins(&self) -> Builtins {
        let modules = crate::raw::module_names().map(str::to_owned).chain(self.0.modules.keys().cloned());
        Builtins { modules: modules.collect(), services: self.0.services.keys().cloned().collect() }
    }

    /// The file of the service `name`, if the templates lead to one that is not replaced by a built-in service.
    #[must_use]
    pub fn find_service(&self, name: &str) -> Option<PathBuf> {
        let places = self.0.places(name).into_iter();
        places.filter(|place| place.file.is_file()).find(|place| !self.0.replaces(name, place)).map(|place| place.file)
    }

    /// Forgets compiled scripts: services that start later see files as they are then.
    pub fn clear_cache(&self) {
        self.0.chunks.clear();
    }
}

impl Builder {
    /// Gives the services sockets: `require "skynet.socket"`.
    pub fn net(mut self, net: Net) -> Builder {
        self.0.net = Some(net);
        self
    }

    /// Adds a module in Rust, written against mlua's safe API: `require(name)` calls `open` once
    /// in each VM and returns what it returned.
    pub fn module(
        mut self,
        name: &str,
        open: impl Fn(&mlua::Lua) -> mlua::Result<mlua::Value> + Send + Sync + 'static,
    ) -> Builder {
        let open: Arc<Module> = Arc::new(open);
        self.0.modules.insert(name.into(), open);
        self
    }

    /// Adds a service that is part of the program; a file of that name in the templates wins.
    pub fn builtin(mut self, name: &str, text: &'static str) -> Builder {
        self.0.services.insert(name.into(), text);
        self
    }

    /// The factory.
    #[must_use]
    pub fn build(self) -> LuaFactory {
        LuaFactory(Arc::new(self.0))
    }
}

impl fmt::Debug for LuaFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LuaFactory").field(&self.0).finish()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.0).finish()
    }
}
