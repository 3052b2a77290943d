//! What may be said on the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

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
  skyloom run config                     run what a Skynet config file says

The environment variable SKYLOOM_LOG (error, warn, info, debug) says how much the kernel tells on standard error.
Ctrl-C stops in order; a second one stops at once.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what it can do: a complete application, ready to try
    Demo(Demo),
    /// Run a Lua file, or what a config file says
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
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
        logger = nil                        -- a file, or standard output";

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A file that ends in .lua is run as the first service; any other is read as a config
    pub(crate) file: PathBuf,
    /// Arguments for the first service
    pub(crate) args: Vec<String>,
    /// Workers, instead of one per core or of the config's `thread`
    #[arg(long)]
    pub(crate) workers: Option<usize>,
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
    let error = match Cli::try_parse() {
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
        _ => {
            eprintln!("skyloom: {}", in_one_line(&error.to_string()));
            Err(ExitCode::from(2))
        }
    }
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
    use clap::CommandFactory;

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
