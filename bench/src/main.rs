//! Runs the scenarios of `bench/scenarios` on the `skyloom` binary and, run by run in turn,
//! on a Skynet binary that the user has built, and prints medians and ratios.
//!
//! Both run the same Lua files as their users would: a config file and a binary. See `README.md`.

mod machine;
mod load;
mod scenario;
mod run;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Measures Skyloom, beside a Skynet binary if SKYNET_BIN names one
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Examples:
  cargo build --release --workspace && target/release/skyloom-bench
  SKYNET_BIN=~/skynet/skynet target/release/skyloom-bench --runs 5 call send
"
)]
struct Arguments {
    /// Only scenarios whose name contains one of these words
    words: Vec<String>,
    /// Runs of each scenario on each system; the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Seconds per run
    #[arg(long, default_value_t = 2)]
    seconds: u32,
    /// Workers of each node
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// The skyloom binary [default: the one beside this program]
    #[arg(long, env = "SKYLOOM_BIN")]
    ours: Option<PathBuf>,
    /// A Skynet binary inside its own built tree
    #[arg(long, env = "SKYNET_BIN")]
    skynet: Option<PathBuf>,
    /// Where `latest.md` and `latest.json` go
    #[arg(long, default_value = "bench/results")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match bench(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&error);
            ExitCode::from(2)
        }
    }
}

fn bench(arguments: &Arguments) -> Result<(), String> {
    let beside = || std::env::current_exe().ok().map(|exe| exe.with_file_name("skyloom"));
    let ours = arguments.ours.clone().or_else(beside).ok_or("no skyloom binary: name one with --ours")?;
    let systems = run::systems(&ours, arguments.skynet.as_deref(), arguments.threads)?;
    let chosen = scenario::chosen(&arguments.words);
    if chosen.is_empty() {
        return Err(format!("no scenario is called {}", arguments.words.join(" or ")));
    }
    let progress = report::progress(chosen.len() * systems.len() * arguments.runs);
    let mut rows = Vec::new();
    for scenario in chosen {
        let mut results = vec![Vec::new(); systems.len()];
        // Interleaved, so that a noisy neighbour disturbs both alike.
        for _ in 0..arguments.runs {
            for (system, results) in systems.iter().zip(&mut results) {
                progress.set_message(format!("{} on {}", scenario.name, system.name));
                results.push(run::once(system, scenario, arguments.seconds)?);
                progress.inc(1);
            }
        }
        rows.push(report::Row::new(scenario, &results));
    }
    progress.finish_and_clear();
    report::write(&arguments.out, &systems, &rows, arguments.runs)
}
