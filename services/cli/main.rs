//! `skyloom`: runs services, shows the demos, and plays their clients.
//!
//! Exit codes: 0 in order, 1 if what was to be checked does not hold, 2 if it could not begin
//! (one line on standard error says what and where), 130 and 143 after a second signal.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

mod failure;
mod config;
mod args;
mod signals;
mod files;
mod daemon;
mod plan;
mod check;
mod run;
mod demo;
mod client;

#[path = "../../examples/chat/mod.rs"]
mod chat;

use std::process::ExitCode;

use args::Command;

// Services hand buffers from thread to thread all the time, which this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = match args::parse() {
        Ok(command) => command,
        Err(code) => return code,
    };
    // A herd of bots is behind with its reading when the chat is busy: that is what it is for.
    let usual = if matches!(command, Command::Client(_)) { "error" } else { "warn" };
    let log = env_logger::Env::new().filter_or("SKYLOOM_LOG", usual);
    env_logger::Builder::from_env(log).format_target(false).init();
    let done = match command {
        Command::Run(run) => run::run(&run),
        Command::Check(check) => check::check(&check),
        Command::Demo(demo) => demo::demo(&demo),
        Command::Client(client) => client::client(&client),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("skyloom: {failure}");
        ExitCode::from(2)
    })
}
