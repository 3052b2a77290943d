//! What may be said on the command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::config::keys;

/// Services that exchange messages: Skynet's model in Rust, spoken by Lua, Rust and others.
#[derive(Debug, Parser)]
#[command(name = "skyloom", version, after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  skyloom demo chat                      a chat on this machine: open the address that it prints
  skyloom client chat --nick ann         join it from this terminal
  skyloom client chat --bots 200         or let 200 bots talk there, and measure
  skyloom run hello.lua                  run a Lua service of your own
  skyloom config                         run what a Skynet config file says
  skyloom check config                   tell what that would run, and what is wrong with it

The environment variable SKYLOOM_LOG (error, warn, info, debug) says how much the kernel tells on standard error.
Ctrl-C stops in order; a second one stops at once. A hang-up (SIGHUP) has the log of a config opened anew.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what it can do: a complete application, ready to try
    Demo(Demo),
    /// Run a Lua file, or what a config file says; the word `run` may be left out
    #[command(after_help = format!("{RUN_EXAMPLES}\n\n{}", keys::help().trim_end()))]
    Run(Run),
    /// Tell what a config file would run, and what is wrong with it
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Be a client of a demo, or many
    Client(Client),
}

const RUN_EXAMPLES: &str = "\
Examples:
  skyloom run hello.lua
        -- hello.lua
        local skynet = require \"skynet\"
        skynet.start(function() skynet.error(\"hello\") end)

  skyloom run config
        -- config: Lua assignments, as for Skynet
        thread = 8
        start = \"main\"                      -- the first service
        luaservice = \"./service/?.lua\"      -- where services are
        lua_path = \"./lualib/?.lua\"         -- where modules are
        logger = nil                        -- a file, or standard output

A config is Lua that sees nothing but include \"file\" and the methods of strings; $NAME in it stands for a variable
of the environment. It has 600 ms and 64 MiB.";

const CHECK_EXAMPLES: &str = "\
Prints the services, modules and C modules that the config leads to, which files give way to parts of the program of the
same name (a copy of Skynet's Lua library, above all), and keys that look misspelt. Runs nothing but the config itself.

Exit code: 0 if it could start; 2 if not, with a line for each reason on standard error.

Examples:
  skyloom check config && skyloom config";

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The config
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A file that ends in .lua is run as the first service; any other is read as a config
    pub(crate) file: PathBuf,
    /// Arguments for the first service
    pub(crate) args: Vec<String>,
    /// Workers, instead of one per core or of the config's `thread`
    #[arg(long)]
    pub(crate) workers: Option<usize>,
    /// Said by the process that the key `daemon` has started to the one that it leaves behind
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(subcommand)]
    pub(crate) which: Demos,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Demos {
    /// A chat: rooms in Lua, gates in Rust, for browsers and for nc
    #[command(after_help = DEMO_EXAMPLES)]
    Chat(DemoChat),
}

const DEMO_EXAMPLES: &str = "\
Examples:
  skyloom demo chat                      then open http://127.0.0.1:7788, and in a terminal: nc 127.0.0.1 7789
  skyloom demo chat --host 0.0.0.0       let others on your network in
  skyloom demo chat --port-web 0 --port-lines 0
                                         let the system choose free ports";

#[derive(Debug, Args)]
pub(crate) struct DemoChat {
    /// Port for browsers
    #[arg(long, default_value_t = 7788, value_name = "PORT")]
    pub(crate) port_web: u16,
    /// Port for nc
    #[arg(long, default_value_t = 7789, value_name = "PORT")]
    pub(crate) port_lines: u16,
    /// Where to listen; nobody else sees it unless you say so
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(crate) host: String,
    /// Workers; one per core if not given
    #[arg(long)]
    pub(crate) workers: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct Client {
    #[command(subcommand)]
    pub(crate) which: Clients,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Clients {
    /// Chat from this terminal, or let bots do it and measure
    #[command(after_help = CLIENT_EXAMPLES)]
    Chat(ClientChat),
}

const CLIENT_EXAMPLES: &str = "\
Examples:
  skyloom client chat --nick ann --room games
  skyloom client chat --bots 2000 --rooms 20 --seconds 20 --rate 0.2
        2000 bots, 100 to a room, each says a line every 5 s and checks that it hears every line of its room,
        in the order of its sender. Exit code 1 if a line was lost or came out of order.";

#[derive(Debug, Args)]
pub(crate) struct ClientChat {
    /// Where the chat is
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(crate) host: String,
    /// Its port for nc
    #[arg(long, default_value_t = 7789, value_name = "PORT")]
    pub(crate) port: u16,
    /// Its port for browsers, for bots that use it
    #[arg(long, default_value_t = 7788, value_name = "PORT")]
    pub(crate) port_web: u16,
    /// Your name; the chat gives you one otherwise
    #[arg(long)]
    pub(crate) nick: Option<String>,
    /// The room to join; bots take it as the beginning of their rooms' names [default: lobby, or bots]
    #[arg(long)]
    pub(crate) room: Option<String>,
    /// Let so many bots talk instead of you
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) bots: Option<u32>,
    /// How long bots talk
    #[arg(long, default_value_t = 10.0, requires = "bots")]
    pub(crate) seconds: f64,
    /// How many rooms they share
    #[arg(long, default_value_t = 1, requires = "bots", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) rooms: u32,
    /// Lines per second of each bot
    #[arg(long, default_value_t = 0.5, requires = "bots")]
    pub(crate) rate: f64,
    /// How bots connect: as nc does, as browsers do, or every other one
    #[arg(long, default_value = "lines", requires = "bots")]
    pub(crate) via: Via,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    Lines,
    Web,
    Both,
}

/// Reads the command line; the error is the exit code, when all has been said.
pub(crate) fn parse() -> Result<Command, ExitCode> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let first = words.get(1).cloned().unwrap_or_default();
    if is_file(&first) {
        words.insert(1, "run".into());
    }
    let error = match Cli::try_parse_from(words) {
        Ok(cli) => return Ok(cli.command),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            Err(ExitCode::SUCCESS)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Err(ExitCode::from(2))
        }
        kind => {
            let text = error.to_string();
            let is_first = kind == ErrorKind::InvalidSubcommand && text.contains(&format!("'{}'", first.display()));
            let hint = if is_first { "; and there is no file of that name" } else { "" };
            eprintln!("skyloom: {}{hint}", in_one_line(&text));
            Err(ExitCode::from(2))
        }
    }
}

/// Whether the first word is a file to run: no command, but there, or plainly meant to be.
fn is_file(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    let is_other = text.is_empty() || text.starts_with('-') || text == "help";
    let is_command = Cli::command().get_subcommands().any(|command| command.get_name() == text);
    !is_other && !is_command && (Path::new(word).exists() || text.contains(['/', '.']))
}

/// What is wrong, and clap's advice if there is one.
fn in_one_line(text: &str) -> String {
    let wanted = |line: &&str| !line.is_empty() && !line.starts_with("Usage:") && !line.starts_with("For more");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(wanted).collect();
    let line = lines.join("; ").replace(":; ", ": ").replace("; tip: ", ", ");
    format!("{} (see --help)", line.strip_prefix("error: ").unwrap_or(&line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_a_command() {
        for (word, expected) in
            [("run", false), ("--help", false), ("help", false), ("dance", false), ("game.cfg", true), ("etc/x", true)]
        {
            assert_eq!(is_file(OsStr::new(word)), expected, "{word}");
        }
    }

    #[test]
    fn the_table_of_arguments_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_wrong_fits_a_line() {
        for bad in
            [&["dance"][..], &["run"], &["demo", "chat", "--port-web", "x"], &["client", "chat", "--seconds", "1"]]
        {
            let words = std::iter::once("skyloom").chain(bad.iter().copied());
            let Err(error) = Cli::try_parse_from(words) else { panic!("{bad:?} was accepted") };
            let line = in_one_line(&error.to_string());
            assert!(!line.contains('\n') && !line.starts_with("error"), "{line}");
        }
    }
}
