//! Services never use each other: they talk by messages and names.

use crate::finding::Finding;
use crate::rust::{Source, names_below};

/// The modules of the façade crate that are services; the others are what services are made of.
pub const SERVICES: [&str; 9] =
    ["bootstrap", "launcher", "logger", "gate", "ipc", "topic", "supervisor", "console", "metrics"];

/// Checks one Rust file of a service, given the names of all services.
///
/// Shared types go down into `abi` or `wire`; what wires services together stands in `services/lib.rs`.
#[must_use]
pub fn check(path: &str, text: &str, services: &[String]) -> Vec<Finding> {
    let own = path.strip_prefix("services/").unwrap_or(path).split(['/', '.']).next().unwrap_or_default();
    if !services.iter().any(|service| service == own) {
        return Vec::new();
    }
    let code = Source::of(text).code_without_tests();
    let mut names = names_below(&code, "crate");
    names.extend(names_below(&code, "skyloom"));
    if path.matches('/').count() == 1 {
        names.extend(names_below(&code, "super"));
    }
    let others = names.into_iter().filter(|(_, name)| name != own && services.contains(name));
    others
        .map(|(line, name)| {
            let text = format!(
                "`{own}` uses the service `{name}`: send it a message, or move the shared type into abi or wire"
            );
            Finding::new(path, line, text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let services = ["gate", "logger"].map(str::to_owned);
        check("services/gate/peer.rs", text, &services).len()
    }

    #[test]
    fn a_service_may_use_itself_and_what_is_no_service() {
        assert_eq!(found("use crate::gate::Frame; use crate::context::Context; // crate::logger"), 0);
    }

    #[test]
    fn a_service_that_uses_another_is_found() {
        assert_eq!(found("use crate::{gate::Frame, logger::Line};"), 1);
        assert_eq!(found("skyloom::logger::spawn()"), 1);
    }
}
