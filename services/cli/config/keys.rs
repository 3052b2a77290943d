//! The keys of a config that mean something to Skynet or to us: one table, from which defaults, help and the advice on
//! misspelt keys follow.

use std::fmt::Write;

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What `skynet.getenv` says when the config does not say it.
    pub(super) default: Option<&'static str>,
    /// For the help; a key without is passed on to whoever asks for it.
    about: &'static str,
}

const fn key(name: &'static str, default: Option<&'static str>, about: &'static str) -> Key {
    Key { name, default, about }
}

/// All of them, in the order of the help.
pub(super) const KEYS: &[Key] = &[
    key("thread", None, "workers, 1 to 1024; one per core if not set"),
    key("start", None, "the first service of yours, and its arguments; main if not set"),
    key("bootstrap", Some("snlua bootstrap"), "what starts the services of every node and then `start`"),
    key("luaservice", None, "where services are: templates with ?, separated by ;"),
    key("lua_path", None, "where modules are; our own win over copies of Skynet's"),
    key("lua_cpath", None, "where modules in C are, built for Lua 5.5"),
    key("preload", None, "a Lua file that runs before each service, with its name and arguments"),
    key("logger", None, "the log's file, or the Lua service that is the log; standard output if not set"),
    key("logservice", Some("logger"), "snlua: `logger` names a Lua service; logger: it names a file"),
    key("daemon", None, "a file for the process's number: runs in the background"),
    key("snax", None, "where snax services are"),
    key("cluster", None, "the file with the names of nodes"),
    key("calltimeout", None, "hundredths of a second after which a call fails; never if not set"),
    key("loglife", Some("true"), "whether the log says which services start and end"),
    key("debug_console_token", None, "what a client of debug_console says before it may run code"),
    key("debug_console_unsafe", None, "true: whoever reaches debug_console may run code"),
    key("http_timeout", None, "hundredths of a second that an HTTP exchange may take; 6000 if not set"),
    key("websocket_unmasked", None, "true: frames of clients without a mask are taken"),
    key("profile", Some("true"), "accepted: the processor's time is measured where somebody asks"),
    key("lualoader", None, "accepted: services are loaded by the program itself"),
    key(
        "cpath",
        Some("./cservice/?.so"),
        "accepted: services in C are not run; write modules in C, or services in Rust",
    ),
    key("harbor", Some("0"), "accepted: nodes find each other by cluster, not by harbor; this one runs alone"),
    key("master", None, "accepted, as harbor"),
    key("address", None, "accepted, as harbor"),
    key("standalone", None, "accepted, as harbor"),
    key("logpath", None, "accepted: there is no log of a service's messages"),
    key("snax_loader", None, "accepted: snax is part of the program"),
    key("snax_interface_g", None, ""),
    key("enablessl", None, ""),
    key("certfile", None, ""),
    key("keyfile", None, ""),
];

/// The table, for people.
pub(crate) fn help() -> String {
    let mut text =
        String::from("Keys of a config (any other is the program's own; skynet.getenv tells all of them):\n");
    for Key { name, about, .. } in KEYS.iter().filter(|key| !key.about.is_empty()) {
        let _ = writeln!(text, "  {name:<20} {about}");
    }
    text
}

/// The key that `name` was probably meant to be; `None` if it is one, or is like none of them.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    if KEYS.iter().any(|key| key.name == name) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let distances = KEYS.iter().map(|key| (strsim::osa_distance(&lower, key.name), key.name));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    // One slip in a short word, two in a long one: what is further away is a word of the program's own.
    let slips = if nearest.len() < 8 { 1 } else { 2 };
    (distance <= slips).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_key_that_was_meant_and_a_word_of_the_programs_own_has_none() {
        let slips =
            [("thraed", "thread"), ("Thread", "thread"), ("luaservices", "luaservice"), ("lua_paht", "lua_path")];
        for (name, key) in slips {
            assert_eq!(meant(name), Some(key), "{name}");
        }
        for name in ["thread", "port", "redis_host", "debug_port", "root", "name", "pairs"] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
