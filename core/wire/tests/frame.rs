//! Framers, through their public face.

use skyloom_wire::frame::{FrameError, Length16, Lines, length16, line};

/// All frames that `bytes` hold when they arrive in pieces of `size`.
fn lines_in_pieces(bytes: &[u8], size: usize, limit: usize) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut lines = Lines::new(limit);
    let mut all = Vec::new();
    for piece in bytes.chunks(size) {
        lines.push(piece);
        while let Some(line) = lines.next()? {
            all.push(line.to_vec());
        }
    }
    Ok(all)
}

fn frames_in_pieces(bytes: &[u8], size: usize, limit: usize) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut frames = Length16::new(limit);
    let mut all = Vec::new();
    for piece in bytes.chunks(size) {
        frames.push(piece);
        while let Some(frame) = frames.next()? {
            all.push(frame.to_vec());
        }
    }
    Ok(all)
}

#[test]
fn lines_are_the_same_however_they_arrive() {
    let bytes = b"one\r\n\ntwo\rthree\r\r\n\xff\xfe\nunfinished";
    let want: [&[u8]; 4] = [b"one", b"", b"two\rthree\r", b"\xff\xfe"];
    for size in 1..=bytes.len() {
        assert_eq!(lines_in_pieces(bytes, size, 100).expect("short lines"), want, "by {size}");
    }
}

#[test]
fn frames_are_the_same_however_they_arrive() {
    let bytes = [0, 3, 1, 2, 3, 0, 0, 0, 1, 9, 0, 5, 1];
    for size in 1..=bytes.len() {
        let frames = frames_in_pieces(&bytes, size, 100).expect("short frames");
        assert_eq!(frames, [&[1, 2, 3][..], &[], &[9]], "by {size}");
    }
}

#[test]
fn a_line_of_exactly_the_limit_passes_with_either_end() {
    for size in 1..8 {
        assert_eq!(lines_in_pieces(b"abcde\r\nabcde\n", size, 5).expect("5 bytes").len(), 2);
    }
}

#[test]
fn a_line_over_the_limit_is_refused_before_its_end_arrives() {
    let mut lines = Lines::new(5);
    lines.push(b"abcdef");
    let error = FrameError::TooLarge { size: 6, limit: 5 };
    assert_eq!(lines.next(), Err(error));
    assert_eq!(error.to_string(), "frame of 6 bytes exceeds 5");
}

#[test]
fn a_framer_that_has_failed_goes_on_failing() {
    let mut lines = Lines::new(2);
    lines.push(b"abc\nd\n");
    assert!(lines.next().is_err());
    assert!(lines.next().is_err());
    lines.push(b"\n");
    assert!(lines.next().is_err());
    let mut frames = Length16::new(2);
    frames.push(&[0, 3]);
    assert_eq!(frames.next(), Err(FrameError::TooLarge { size: 3, limit: 2 }));
    frames.push(&[0; 9]);
    assert!(frames.next().is_err());
}

#[test]
fn an_unfinished_frame_is_told_apart_from_silence() {
    let mut frames = Length16::new(10);
    assert!(!frames.has_partial());
    frames.push(&[0]);
    assert_eq!(frames.next(), Ok(None));
    assert!(frames.has_partial(), "half a length");
    frames.push(&[1]);
    assert_eq!(frames.next(), Ok(None));
    assert!(frames.has_partial(), "a length without its bytes");
    frames.push(&[7]);
    assert_eq!(frames.next(), Ok(Some(&[7][..])));
    assert!(!frames.has_partial());
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let mut out = Vec::new();
    assert_eq!(line(b"a\nb", &mut out), Err(FrameError::LineEnd { at: 1 }));
    assert_eq!(line(b"ab\r", &mut out), Err(FrameError::LineEnd { at: 2 }));
    assert_eq!(length16(&[0; 65536], &mut out), Err(FrameError::TooLarge { size: 65536, limit: 65535 }));
    assert!(out.is_empty());
    line(b"a\rb", &mut out).expect("a lone \\r is part of the line");
    length16(&[1; 65535], &mut out).expect("it just fits");
    assert_eq!(out.len(), 4 + 2 + 65535);
}

#[test]
fn a_long_line_that_arrives_byte_by_byte_is_searched_once() {
    // Half a million bytes one at a time: with a search from the start for
    // each of them this test would not end before anybody lost patience.
    let mut lines = Lines::new(usize::MAX);
    for _ in 0..500_000 {
        lines.push(b"x");
        assert_eq!(lines.next(), Ok(None));
    }
    lines.push(b"\n");
    assert_eq!(lines.next().map(|line| line.map(<[u8]>::len)), Ok(Some(500_000)));
}
