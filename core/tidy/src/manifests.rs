//! The arrows between crates, as their manifests draw them.
//!
//! `abi <- wire <- net`, `abi <- kernel`, `wire <- modules`, `lua` on all four,
//! the services on all of core, benches on the façade only. Dependencies of tests count too: a
//! test that needs the crate above stands on the wrong floor.

use crate::finding::Finding;

/// Each crate of ours and those that it may use.
const FLOORS: [(&str, &[&str]); 10] = [
    ("skyloom-abi", &[]),
    ("skyloom-wire", &["skyloom-abi"]),
    ("skyloom-kernel", &["skyloom-abi"]),
    ("skyloom-net", &["skyloom-abi", "skyloom-wire"]),
    ("skyloom-lua", &["skyloom-abi", "skyloom-wire", "skyloom-kernel", "skyloom-net"]),
    ("skyloom-modules", &["skyloom-wire"]),
    ("skyloom", &["skyloom-abi", "skyloom-wire", "skyloom-kernel", "skyloom-net", "skyloom-lua", "skyloom-modules"]),
    ("skyloom-bench", &["skyloom"]),
    ("skyloom-tidy", &[]),
    ("skyloom-fuzz", &["skyloom-wire"]),
];

/// Foreign crates that only some of ours may use, because they are what those are about.
const HOMES: [(&str, &[&str]); 10] = [
    ("mlua", &["skyloom-lua", "skyloom-modules", "skyloom"]),
    ("mio", &["skyloom-net", "skyloom-bench"]),
    ("socket2", &["skyloom-net"]),
    ("tungstenite", &["skyloom-wire"]),
    ("httparse", &["skyloom-wire"]),
    ("clap", &["skyloom", "skyloom-bench"]),
    ("env_logger", &["skyloom", "skyloom-bench"]),
    ("indicatif", &["skyloom", "skyloom-bench"]),
    ("signal-hook", &["skyloom"]),
    ("mimalloc", &["skyloom", "skyloom-bench"]),
];

/// Checks one `Cargo.toml`; one without a package is let be.
#[must_use]
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let Some((line, name)) = package(text) else { return Vec::new() };
    let Some((_, allowed)) = FLOORS.iter().find(|(of, _)| *of == name) else {
        return vec![Finding::new(
            path,
            line,
            format!("crate `{name}` has no floor: give it one in core/tidy/src/manifests.rs"),
        )];
    };
    let mut found = Vec::new();
    for (line, dependency) in dependencies(text) {
        if dependency.starts_with("skyloom") {
            if dependency != name && !allowed.contains(&dependency) {
                let below = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
                found.push(Finding::new(
                    path,
                    line,
                    format!("`{name}` must not use `{dependency}`, which is not below it; it may use {below}"),
                ));
            }
            continue;
        }
        if name == "skyloom-abi" {
            found.push(Finding::new(
                path,
                line,
                format!("`{name}` uses std only: move what needs `{dependency}` to a floor above"),
            ));
        }
        if let Some((_, homes)) = HOMES.iter().find(|(of, _)| *of == dependency)
            && !homes.contains(&name)
        {
            let homes = homes.join(", ");
            found.push(Finding::new(path, line, format!("`{dependency}` is the matter of {homes}, not of `{name}`")));
        }
    }
    found
}

/// The package's name and its line.
fn package(text: &str) -> Option<(usize, &str)> {
    let at = text.lines().position(|line| line.trim() == "[package]")?;
    let mut fields = text.lines().enumerate().skip(at + 1).take_while(|(_, line)| !line.starts_with('['));
    fields.find_map(|(at, line)| {
        let name = line.strip_prefix("name")?.trim_start().strip_prefix('=')?;
        Some((at + 1, name.trim().trim_matches('"')))
    })
}

/// What the package depends on, in whatever section, with the lines.
fn dependencies(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            let workspace = section.starts_with("workspace");
            inside = section.ends_with("dependencies") && !workspace;
            if let Some((_, name)) = section.split_once("dependencies.").filter(|_| !workspace) {
                found.push((at + 1, name));
            }
        } else if inside && !line.is_empty() {
            let key = line.split(['.', '=', ' ']).next().unwrap_or_default().trim_matches('"');
            // `other = { package = "skyloom-…" }` is the same arrow under another name.
            let renamed = line.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            found.push((at + 1, renamed.unwrap_or(key)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"skyloom-net\"\n[dependencies]\nskyloom-abi.workspace = true\nmio = \"1\"\n";

    #[test]
    fn a_crate_that_uses_what_is_below_it_is_good() {
        assert_eq!(check("core/net/Cargo.toml", GOOD), []);
    }

    #[test]
    fn an_upward_arrow_is_found_in_every_kind_of_section() {
        let bad = format!(
            "{GOOD}\n[dev-dependencies]\nskyloom-kernel.workspace = true\n[target.'cfg(x)'.dependencies]\n\
             a = {{ package = \"skyloom-lua\" }}\n[dependencies.skyloom]\npath = \"../..\"\n"
        );
        let lines: Vec<usize> = check("core/net/Cargo.toml", &bad).iter().map(|found| found.line).collect();
        assert_eq!(lines, [8, 10, 11]);
    }

    #[test]
    fn the_workspaces_own_table_draws_no_arrow() {
        let root = "[workspace.dependencies]\nskyloom-bench = { path = \"bench\" }\n[package]\nname = \"skyloom\"\n";
        assert_eq!(check("Cargo.toml", root), []);
    }

    #[test]
    fn words_need_no_foreign_crate_and_only_net_needs_mio() {
        let abi = "[package]\nname = \"skyloom-abi\"\n[dependencies]\nserde = \"1\"\n";
        assert!(check("core/abi/Cargo.toml", abi)[0].text.contains("std only"));
        let kernel = "[package]\nname = \"skyloom-kernel\"\n[dependencies]\nmio.workspace = true\n";
        assert!(check("core/kernel/Cargo.toml", kernel)[0].text.contains("matter of skyloom-net"));
    }

    #[test]
    fn a_new_crate_is_asked_for_its_floor() {
        assert!(check("x/Cargo.toml", "[package]\nname = \"skyloom-x\"\n")[0].text.contains("no floor"));
    }
}
