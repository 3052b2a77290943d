//! The key `daemon`: a node in the background, and the file with the number of its process.
//!
//! The process does not fork: it starts the program once more, in a session of its own, and stays until that one
//! has come up or has failed. So what is wrong is still said to the person who started it, with the exit code.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::failure::Failure;

/// What the background says on standard error when it has come up; nobody reads on from there.
const UP: &str = "\u{6}";

/// Starts the program with `words` in the background and tells how it began.
pub(crate) fn launch(file: &Path, words: Vec<std::ffi::OsString>) -> Result<ExitCode, Failure> {
    drop(lock(file)?);
    let program = std::env::current_exe().map_err(Failure::new)?;
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::new(format!("cannot go to the background: {error}")))?;
    let mut said = Vec::new();
    if let Some(mut from) = child.stderr.take() {
        from.read_to_end(&mut said).map_err(Failure::new)?;
    }
    let said = String::from_utf8_lossy(&said);
    let (warnings, is_up) = said.split_once(UP).map_or((&*said, false), |(warnings, _)| (warnings, true));
    eprint!("{warnings}");
    if is_up {
        return Ok(ExitCode::SUCCESS);
    }
    let status = child.wait().map_err(Failure::new)?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2)))
}

/// The process in the background; dropping it takes the file away.
#[derive(Debug)]
pub(crate) struct Daemon {
    path: PathBuf,
    /// Locked as long as the process lives, however it ends.
    _locked: File,
}

impl Daemon {
    /// Makes this process the one in the background.
    pub(crate) fn enter(path: &Path) -> Result<Daemon, Failure> {
        let mut file = lock(path)?;
        // A process that has a session already goes on in it.
        let _ = rustix::process::setsid();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        Ok(Daemon { path: path.to_path_buf(), _locked: file })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Lets the one who started the background go; from now on nobody hears standard error.
pub(crate) fn tell_up() {
    eprint!("{UP}");
    if let Ok(nothing) = OpenOptions::new().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stderr(nothing);
    }
}

/// The file with the process's number, which only one process can have at a time.
fn lock(path: &Path) -> Result<File, Failure> {
    let failed = |error| Failure::new(format!("daemon: cannot open {}: {error}", path.display()));
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        Err(TryLockError::WouldBlock) => {
            let mut number = String::new();
            let _ = Read::by_ref(&mut file).take(32).read_to_string(&mut number);
            let (path, number) = (path.display(), number.trim());
            Err(Failure::new(format!(
                "daemon: already running, pid = {number} ({path} is locked); stop that one first"
            )))
        }
    }
}
