//! `skyloom run FILE`

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use skyloom::{Door, ExitReason, Handle, Message, Node, Payload, Protocol, ServiceInfo, Skyloom, Spawn};

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
    let begun = start(&skyloom, first(&skyloom, &plan, file, &options.args), &stop);
    if daemon.is_some() && begun.is_up(&skyloom, &plan.first) {
        daemon::tell_up();
    }
    // A service may end the node, too.
    let (handle, waiting) = (stop.handle(), skyloom.clone());
    std::thread::spawn(move || {
        waiting.wait();
        handle.close();
    });
    stop.wait(|| hang_up(&skyloom));
    let _ = skyloom.stop(PATIENCE);
    match begun.failure(&skyloom) {
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

/// The first service, started.
struct Begun {
    first: Handle,
    /// Whether it goes on, as soon as that is known.
    heard: Receiver<bool>,
    failure: Arc<Mutex<Option<String>>>,
}

impl Begun {
    /// Waits until it has started, for a while; a start that takes its time is a start, as long as nothing has gone
    /// wrong.
    fn is_up(&self, skyloom: &Skyloom, first: &First) -> bool {
        let end = Instant::now() + START;
        match self.heard.recv_timeout(START) {
            Ok(true) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            _ => return false,
        }
        // The built-in one goes when it has started the others.
        while matches!(first, First::Bootstrap(_)) && skyloom.node().is_alive(self.first) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        skyloom.node().env(FAILURE).is_none()
    }

    /// Why it, or the one that it was to start, has failed.
    fn failure(&self, skyloom: &Skyloom) -> Option<String> {
        let left = skyloom.node().env(FAILURE).map(|error| match error.split_once("call failed: ") {
            // Where the built-in service stood helps nobody.
            Some((place, error)) if place.starts_with("bootstrap:") => error.to_owned(),
            _ => error,
        });
        left.or_else(|| self.failure.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

/// Starts the first service; if it fails, the wait of `stop` ends.
fn start(skyloom: &Skyloom, first: Spawn, stop: &Stop) -> Begun {
    let failure = Arc::new(Mutex::new(None));
    let (told, handle) = (failure.clone(), stop.handle());
    let (tell, heard) = mpsc::channel();
    let first = skyloom.node().spawn(first.on_started(move |node, _, outcome| {
        let end = outcome.map_or_else(|error| End::of(&error.to_string(), node), |()| End::Not);
        // Nobody listens in the foreground.
        let _ = tell.send(matches!(end, End::Not));
        match end {
            End::Not => {}
            End::Done => handle.close(),
            End::Failed(error) => {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                handle.close();
            }
        }
    }));
    Begun { first, heard, failure }
}

/// What the end of the first service's start means for the node.
enum End {
    /// It goes on.
    Not,
    /// There is nothing left to run.
    Done,
    Failed(String),
}

impl End {
    fn of(error: &str, node: &Node) -> End {
        // It has done its work and left, or it has ended the node: neither is a failure.
        if error == "it exited before it had started" {
            let is_ours = |service: &ServiceInfo| matches!(service.label.as_str(), "logger" | "outside");
            return if node.services().iter().all(is_ours) { End::Done } else { End::Not };
        }
        let ended =
            [ExitReason::Killed, ExitReason::Stopped].map(|why| format!("it ended before it had started: {why}"));
        if ended.iter().any(|ended| ended == error) { End::Done } else { End::Failed(error.to_owned()) }
    }
}

/// SIGHUP: whatever the log is, it hears a `SYSTEM` message.
fn hang_up(skyloom: &Skyloom) {
    if let Some(logger) = skyloom.lookup("logger") {
        let again = Message::send(None, Protocol::SYSTEM, Payload::EMPTY);
        let _ = Door::post(skyloom.node(), logger, again);
    }
}
