//! What the figures were measured on.

use std::process::Command;

/// Processor, cores, compiler and commit, in one line.
pub(crate) fn description() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned())
    };
    let compiler = said("rustc", &["--version"]).unwrap_or_else(|| "unknown compiler".into());
    let commit = said("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "no commit".into());
    format!("{}, {cores} cores; {compiler}; commit {commit}", model.unwrap_or("unknown processor"))
}
