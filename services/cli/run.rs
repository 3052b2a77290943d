//! `skyloom run FILE`

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skyloom::{Door, Message, Payload, Protocol, Skyloom, Spawn};

use crate::args::Run;
use crate::daemon::{self, Daemon};
use crate::failure::Failure;
use crate::files;
use crate::plan::{First, Plan};
use crate::signals::Stop;

/// How long services may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long whoever starts a node in the background waits for its first service.
const START: Duration = Duration::from_secs(1);

/// Where the built-in first service leaves the error of the one that it was to start.
const FAILURE: &str = "skyloom.failure";

pub(crate) fn run(options: &Run) -> Result<ExitCode, Failure> {
    let file = &options.file;
    let mut plan = Plan::read(file, &options.args)?;
    if let Some(pid_file) = plan.daemon.as_ref().filter(|_| !options.detached) {
        return daemon::launch(pid_file, again(options));
    }
    let daemon = plan.daemon.as_deref().map(Daemon::enter).transpose()?;
    if let Some(warning) = &plan.warning {
        eprintln!("skyloom: {warning}");
    }
    if let Some(workers) = options.workers {
        plan.workers = Some(workers);
        plan.env.insert("thread".into(), workers.to_string());
    }
    files::raise_limit();
    let mut stop = Stop::listen().map_err(Failure::new)?;
    if plan.first != First::File {
        stop = stop.with_hangup().map_err(Failure::new)?;
    }
    let skyloom = plan.builder().start().map_err(Failure::new)?;
    if plan.first != First::File {
        // Nobody else may have set it: no service runs yet.
        let _ = skyloom.node().set_env("thread", &skyloom.node().workers().to_string());
    }
    let failure = start(&skyloom, first(&skyloom, &plan, file, &options.args), &stop, daemon.is_some());
    // A service may end the node, too.
    let (handle, waiting) = (stop.handle(), skyloom.clone());
    std::thread::spawn(move || {
        waiting.wait();
        handle.close();
    });
    stop.wait(|| hang_up(&skyloom));
    let _ = skyloom.stop(PATIENCE);
    let failure = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    match failure.or_else(|| skyloom.node().env(FAILURE)) {
        Some(error) => Err(Failure::new(error)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The words that say the same once more, to the process in the background.
fn again(options: &Run) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["run".into(), "--detached".into()];
    words.extend(options.workers.map(|workers| format!("--workers={workers}").into()));
    words.push("--".into());
    words.push(options.file.clone().into());
    words.extend(options.args.iter().map(OsString::from));
    words
}

/// What is started first, and then starts the others.
fn first(skyloom: &Skyloom, plan: &Plan, file: &Path, args: &[String]) -> Spawn {
    let lua = skyloom.lua();
    match &plan.first {
        First::File => lua.file(file, args),
        First::Service(line) => lua.service(line, &[]),
        First::Bootstrap(_) => lua.service("bootstrap", &[]),
    }
}

/// Starts the first service; if it fails, the wait of `stop` ends and the error is left here.
fn start(skyloom: &Skyloom, first: Spawn, stop: &Stop, in_background: bool) -> Arc<Mutex<Option<String>>> {
    let failure = Arc::new(Mutex::new(None));
    let (told, handle) = (failure.clone(), stop.handle());
    let (tell, heard) = mpsc::channel();
    skyloom.node().spawn(first.on_started(move |_, _, outcome| {
        // Nobody listens in the foreground.
        let _ = tell.send(outcome.is_ok());
        if let Err(error) = outcome {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            handle.close();
        }
    }));
    // A start that takes its time is a start, as long as nothing has gone wrong.
    if in_background && heard.recv_timeout(START).unwrap_or(true) {
        daemon::tell_up();
    }
    failure
}

/// SIGHUP: whatever the log is, it hears a `SYSTEM` message.
fn hang_up(skyloom: &Skyloom) {
    if let Some(logger) = skyloom.lookup("logger") {
        let again = Message::send(None, Protocol::SYSTEM, Payload::EMPTY);
        let _ = Door::post(skyloom.node(), logger, again);
    }
}
