//! One run of one scenario on one system, as a user would start it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::load;
use crate::scenario::{Kind, Scenario};

/// A system under test.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) name: &'static str,
    binary: PathBuf,
    /// Where its config's relative paths begin.
    home: PathBuf,
    threads: u32,
}

/// Ours, and Skynet if there is one.
pub(crate) fn systems(ours: &Path, skynet: Option<&Path>, threads: u32) -> Result<Vec<System>, String> {
    let found = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let mut systems = vec![System { name: "skyloom", binary: found(ours)?, home: here, threads }];
    if let Some(skynet) = skynet {
        let binary = found(skynet)?;
        let home = binary.parent().unwrap_or(Path::new("/")).to_owned();
        systems.push(System { name: "skynet", binary, home, threads });
    }
    Ok(systems)
}

/// Runs `scenario` once and returns its number.
pub(crate) fn once(system: &System, scenario: &Scenario, seconds: u32) -> Result<f64, String> {
    let port = free_port()?;
    let config = std::env::temp_dir().join(format!("skyloom-bench-{}.cfg", std::process::id()));
    std::fs::write(&config, text_of_config(system, scenario, seconds, port)?).map_err(|error| error.to_string())?;
    let mut command = Command::new(&system.binary);
    if system.name == "skyloom" {
        command.arg("run");
    }
    command.arg(&config).current_dir(&system.home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| format!("{}: {error}", system.binary.display()))?;
    let mut child = KilledOnDrop(child);
    let stdout = child.0.stdout.take().ok_or("no output")?;
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let number = match scenario.kind {
        Kind::Prints => lines.find_map(|line| line.split_once("RESULT ")?.1.trim().parse().ok()),
        Kind::Lines { connections, depth } => match lines.find(|line| line.contains("READY")) {
            None => None,
            Some(_) => {
                // Its log goes on while it runs: somebody has to read it.
                std::thread::spawn(move || lines.for_each(drop));
                let address = SocketAddr::from(([127, 0, 0, 1], port));
                Some(load::lines(address, connections, depth, Duration::from_secs(seconds.into()))?.rate)
            }
        },
    };
    number.ok_or_else(|| format!("{} ended {} without a result", system.name, scenario.name))
}

/// A config file that both systems read.
fn text_of_config(system: &System, scenario: &Scenario, seconds: u32, port: u16) -> Result<String, String> {
    let scenarios = Path::new("bench/scenarios").canonicalize().map_err(|error| format!("bench/scenarios: {error}"))?;
    let mut text = format!(
        "thread = {}\nharbor = 0\nbootstrap = \"snlua bootstrap\"\nlualoader = \"lualib/loader.lua\"\n\
         luaservice = \"./service/?.lua;{}/?.lua\"\nlua_path = \"./lualib/?.lua;./lualib/?/init.lua\"\n\
         lua_cpath = \"./luaclib/?.so\"\ncpath = \"./cservice/?.so\"\nstart = \"{}\"\nseconds = {seconds}\nport = {port}\n",
        system.threads,
        scenarios.display(),
        scenario.file,
    );
    for (key, value) in scenario.keys {
        text += &format!("{key} = \"{value}\"\n");
    }
    Ok(text)
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
