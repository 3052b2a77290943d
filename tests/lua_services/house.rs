//! A node in virtual time, with scripts in a folder.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use skyloom::kernel::{self, Envelope};
use skyloom::lua::{LuaFactory, Settings};
use skyloom::test::{self, Sim};
use skyloom::{Handle, Spawn};

use super::common::Folder;

static COUNT: AtomicUsize = AtomicUsize::new(0);

pub struct House {
    pub sim: Sim,
    pub lua: LuaFactory,
    pub folder: Folder,
    log: Receiver<String>,
}

/// Sends the lines of a node's log into a channel.
pub struct LogTo(pub Sender<String>);

impl kernel::Service for LogTo {
    fn handle(&mut self, _: &mut kernel::Context<'_>, message: Envelope) {
        let line = String::from_utf8_lossy(&message.open().payload.into_bytes()).into_owned();
        let _ = self.0.send(line);
    }
}

/// A folder of its own for each test.
pub fn folder(scripts: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(&format!("services-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    for (name, text) in scripts {
        let path = folder.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let head = "local skynet = require 'skynet' ";
        std::fs::write(path, format!("{head}{text}")).unwrap();
    }
    folder
}

/// Settings that find services in a folder.
pub fn settings(folder: &Folder) -> Settings {
    let services = format!("{}/?.lua", folder.0.display());
    Settings { services, modules: String::new(), ..Settings::default() }
}

impl House {
    pub fn new(scripts: &[(&str, &str)]) -> House {
        let folder = folder(scripts);
        let sim = Sim::new(7);
        let (said, log) = mpsc::channel();
        let logger = sim.node().spawn(Spawn::new("logger", Box::new(LogTo(said))));
        sim.node().register(&"logger".parse().unwrap(), logger).unwrap();
        let lua = test::lua(settings(&folder)).build();
        House { sim, lua, folder, log }
    }

    /// Spawns a script and lets it do what it does at once.
    pub fn run(&mut self, name: &str, text: &str) -> Handle {
        let text = format!("local skynet = require 'skynet' {text}");
        let handle = self.sim.node().spawn(self.lua.text(name, &text, &[]));
        self.sim.run();
        handle
    }

    /// Runs `code` in a service of its own, in virtual time; its results as one text, or `error: …`.
    pub fn says(&mut self, code: &str) -> String {
        let script = format!(
            "skynet.start(function() skynet.dispatch('lua', function()
                local results = table.pack(pcall(function() {code}\nend))
                for i = 1, results.n do results[i] = tostring(results[i]) end
                if results[1] == 'false' then skynet.retpack('error: ' .. results[2])
                else skynet.retpack(table.concat(results, ' ', 2, results.n)) end
            end) end)"
        );
        let asker = self.run("asker", &script);
        self.sim.call(asker, ()).unwrap()
    }

    /// The lines of the log so far.
    pub fn lines(&mut self) -> Vec<String> {
        self.sim.run();
        self.log.try_iter().collect()
    }

    /// How many services run a script.
    pub fn count(&self, label: &str) -> usize {
        self.sim.node().services().iter().filter(|service| service.label == label).count()
    }
}
