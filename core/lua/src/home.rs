//! What all Lua services of a node share.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use skyloom_kernel::Spawn;
use skyloom_net::Net;

use crate::chunks::Chunks;
use crate::workers::Workers;

/// Where scripts are looked for, and what they may use.
///
/// Templates are separated by `;`, and each `?` stands for the name that is looked for.
///
/// # Examples
/// ```
/// use skyloom_lua::Settings;
/// let settings = Settings { services: "./service/?.lua;./game/?/init.lua".into(), ..Settings::default() };
/// assert_eq!(settings.memory_limit, 0, "no limit unless told");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Templates for services, Skynet's `luaservice`.
    pub services: String,
    /// Templates for modules, Skynet's `lua_path`; the folder of a service is searched before.
    pub modules: String,
    /// Templates for modules in C, Skynet's `lua_cpath`.
    pub native: String,
    /// A file that runs before each service, with its name and arguments; Skynet's `preload`. None if empty.
    pub preload: String,
    /// Bytes that one VM may use; 0 is no limit.
    pub memory_limit: usize,
    /// How long a call may take, in hundredths of a second; 0 is for ever. The node's environment
    /// may say otherwise, by the key `calltimeout`.
    pub call_timeout: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            services: "./service/?.lua;./service/?/init.lua;./?.lua".into(),
            modules: "./lualib/?.lua;./lualib/?/init.lua".into(),
            native: String::new(),
            preload: String::new(),
            memory_limit: 0,
            call_timeout: 0,
        }
    }
}

/// A module in Rust, made for each VM that requires it.
pub type Module = dyn Fn(&mlua::Lua) -> mlua::Result<mlua::Value> + Send + Sync;

/// Shared by the factory and all its services.
pub(crate) struct Home {
    pub(crate) settings: Settings,
    pub(crate) net: Option<Net>,
    pub(crate) chunks: Chunks,
    pub(crate) workers: Arc<Workers>,
    pub(crate) modules: HashMap<String, Arc<Module>>,
    /// Services that are part of the program: name and text.
    pub(crate) services: HashMap<String, &'static str>,
    /// Who hears of the end of each Lua service, a handle; 0 is nobody. Skynet's `monitor`.
    pub(crate) monitor: AtomicU32,
    /// Makes a service: here, because what makes one stands above what asks for one.
    pub(crate) spawn: fn(&Arc<Home>, Script, Vec<String>) -> Spawn,
}

/// What a service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Script {
    /// To be looked for in the templates.
    Named(String),
    /// This file.
    File(PathBuf),
    /// This text.
    Text { name: String, text: String },
}

/// A file that a template led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    /// Its `SERVICE_PATH`, with a slash at its end.
    pub(crate) folder: String,
    /// Whether the folder is the service's alone, so that it finds its modules there.
    pub(crate) is_private: bool,
}

impl Home {
    /// The candidates for a service, in the order of the templates.
    pub(crate) fn places(&self, name: &str) -> Vec<Place> {
        let templates = self.settings.services.split(';').map(str::trim);
        templates.filter(|template| !template.is_empty()).map(|t| place(t, name)).collect()
    }

    /// Whether a built-in service stands for the file that was found: one of Skynet's own, out of
    /// a copy of its service folder. Those speak with a kernel that is not there; any other file
    /// of a project wins over what is built in.
    pub(crate) fn replaces(&self, name: &str, place: &Place) -> bool {
        let has = |file: &str| Path::new(&place.folder).join(file).is_file();
        self.services.contains_key(name) && has("bootstrap.lua") && has("launcher.lua")
    }
}

/// The file behind a template, and its folder: the service's own in `game/?/init.lua`, one that
/// services share in `service/?.lua`, where a module of the same name would be a service's file.
fn place(template: &str, name: &str) -> Place {
    let (folder, last) = template.rsplit_once('/').unwrap_or((".", template));
    Place {
        file: PathBuf::from(template.replace('?', name)),
        folder: format!("{}/", folder.replace('?', name)),
        is_private: folder.contains('?') && !last.contains('?'),
    }
}

/// The folder of a file, with a slash at its end.
pub(crate) fn folder(file: &Path) -> String {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => format!("{}/", parent.display()),
        _ => "./".into(),
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_owns_the_folder_that_has_its_name() {
        let folder = |template| {
            let Place { folder, is_private, .. } = place(template, "hub");
            (folder, is_private)
        };
        assert_eq!(folder("./game/?/init.lua"), ("./game/hub/".into(), true));
        assert_eq!(folder("./service/?.lua"), ("./service/".into(), false));
        assert_eq!(folder("?.lua"), ("./".into(), false));
        assert_eq!(place("./s/?.lua", "a/b").file, PathBuf::from("./s/a/b.lua"));
    }
}
