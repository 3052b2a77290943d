//! What all Lua services of a node share.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// The folder whose modules belong to the service, with a slash at its end.
    pub(crate) folder: String,
}

impl Home {
    /// The candidates for a service, in the order of the templates.
    pub(crate) fn places(&self, name: &str) -> Vec<Place> {
        let templates = self.settings.services.split(';').map(str::trim);
        templates.filter(|template| !template.is_empty()).map(|t| place(t, name)).collect()
    }
}

/// The file behind a template, and the folder that belongs to the service.
fn place(template: &str, name: &str) -> Place {
    let file = PathBuf::from(template.replace('?', name));
    Place { folder: folder(&file), file }
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
    fn a_service_owns_the_folder_that_its_file_lies_in() {
        assert_eq!(place("./game/?/init.lua", "hub").folder, "./game/hub/");
        assert_eq!(place("./service/?.lua", "hub").folder, "./service/");
        assert_eq!(place("?.lua", "hub").folder, "./");
        assert_eq!(place("./s/?.lua", "a/b").file, PathBuf::from("./s/a/b.lua"));
    }
}
