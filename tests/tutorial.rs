//! Every listing of the tutorial runs, and prints what its head says that it prints.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// No listing takes longer than this, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The lines after `Prints:` in the comment at the head of a listing.
fn stated(text: &str) -> Option<String> {
    let head = text.lines().map_while(|line| line.strip_prefix("--"));
    let lines: Vec<&str> = head.skip_while(|line| line.trim() != "Prints:").skip(1).collect();
    let printed = lines.iter().map(|line| format!("{}\n", line.strip_prefix("   ").unwrap_or(line)));
    (!lines.is_empty()).then(|| printed.collect())
}

/// What a listing wrote to standard output; log lines are not the listing's.
fn printed(file: &Path) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_skyloom"))
        .arg("run")
        .arg(file)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{} does not end", file.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}: {said}{}", file.display(), String::from_utf8_lossy(&output.stderr));
    without_log(&said)
}

/// Log lines begin with an address; the traceback below one is indented, or says what it is.
fn without_log(said: &str) -> String {
    let of_log = |line: &&str| !(line.starts_with("[:") || line.starts_with('\t') || *line == "stack traceback:");
    said.lines().filter(of_log).map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_listing_of_the_tutorial_prints_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tutorial");
    let mut listings: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    listings.retain(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit()));
    listings.sort();
    assert!(listings.len() >= 16, "a listing is missing");
    for file in listings {
        let text = std::fs::read_to_string(&file).unwrap();
        let stated = stated(&text).unwrap_or_else(|| panic!("{} does not say what it prints", file.display()));
        assert_eq!(printed(&file), stated, "{}", file.display());
    }
}
