//! The fuzzers' corpus, replayed in the ordinary test run.

use std::fs;
use std::path::Path;

mod exercise;

/// Feeds every file of one folder, and every beginning of it.
fn replay(folder: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut count = 0;
    for file in fs::read_dir(&folder).expect("the folder is part of the repository") {
        let bytes = fs::read(file.expect("readable").path()).expect("readable");
        for end in 0..=bytes.len() {
            check(&bytes[..end]);
        }
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn the_serialiser_keeps_its_promises() {
    replay("seri", exercise::seri);
}

#[test]
fn the_framers_keep_their_promises() {
    replay("frame", exercise::frame);
}

#[test]
fn the_request_parser_keeps_its_promises() {
    replay("http", exercise::http);
}

#[test]
fn the_websocket_keeps_its_promises() {
    replay("websocket", exercise::websocket);
}

#[test]
fn sproto_keeps_its_promises() {
    replay("sproto", exercise::sproto);
}

#[test]
fn bson_keeps_its_promises() {
    replay("bson", exercise::bson);
}
