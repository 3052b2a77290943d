use super::{Capture, Fault, Matcher};

fn find(text: &str, pattern: &str) -> Result<Option<(usize, usize)>, Fault> {
    let (pattern, anchored) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
    Matcher::new(text.as_bytes(), pattern.as_bytes(), || true).find_from(0, anchored)
}

fn captures(text: &str, pattern: &str) -> Vec<Capture> {
    let mut matcher = Matcher::new(text.as_bytes(), pattern.as_bytes(), || true);
    assert!(matcher.find_from(0, false).unwrap().is_some());
    matcher.captures().to_vec()
}

/// Text, pattern, and where it matches.
type Case = (&'static str, &'static str, Option<(usize, usize)>);

#[test]
fn what_matches_is_what_luas_manual_says() {
    let table: &[Case] = &[
        ("hello world", "o w", Some((4, 7))),
        ("hello", "l+", Some((2, 4))),
        ("hello", "l-", Some((0, 0))),
        ("hello", "h.-o", Some((0, 5))),
        ("a1b2", "%d", Some((1, 2))),
        ("a1b2", "%D%d", Some((0, 2))),
        ("  x", "%S", Some((2, 3))),
        ("[x]", "[]]", Some((2, 3))),
        ("a-b", "[a%-]+", Some((0, 2))),
        ("a-b", "[%w-]+", Some((0, 3))),
        ("xyz", "[^x]", Some((1, 2))),
        ("key = v", "^(%w+)%s*=%s*(%w+)$", Some((0, 7))),
        ("f(a(b)c)d", "%b()", Some((1, 8))),
        ("THE (quick) fox", "%f[%a]%a+%f[%A]", Some((0, 3))),
        ("\"it's\"", "([\"'])(.-)%1", Some((0, 6))),
        ("abc", "b$", None),
        ("ab", "a?b?c?$", Some((0, 2))),
        ("a$b", "a$b", Some((0, 3))),
        ("", "", Some((0, 0))),
        ("a.b", "%.", Some((1, 2))),
    ];
    for (text, pattern, expected) in table {
        assert_eq!(find(text, pattern), Ok(*expected), "{text:?} with {pattern:?}");
    }
}

#[test]
fn captures_are_texts_and_places() {
    assert_eq!(captures("key=value", "(%w+)=(%w+)()"), [Capture::Span(0, 3), Capture::Span(4, 9), Capture::Place(9)]);
    assert_eq!(captures("abc", "((a)(b))"), [Capture::Span(0, 2), Capture::Span(0, 1), Capture::Span(1, 2)]);
}

#[test]
fn what_is_no_pattern_says_why() {
    let table = [
        ("%", Fault::EndsWithPercent),
        ("[a", Fault::MissingBracket),
        ("[a%", Fault::MissingBracket),
        ("[]", Fault::MissingBracket),
        ("%b(", Fault::MissingBalance),
        ("%fa", Fault::MissingFrontier),
        (")", Fault::NothingOpen),
        ("%1", Fault::NoCapture(1)),
        ("(%1)", Fault::NoCapture(1)),
    ];
    for (pattern, fault) in table {
        assert_eq!(find("a(b", pattern), Err(fault), "{pattern:?}");
    }
    assert_eq!(find("a", &"()".repeat(33)), Err(Fault::TooManyCaptures));
    assert_eq!(find(&"a".repeat(300), &"a?".repeat(300)), Err(Fault::TooComplex));
}

#[test]
fn a_runaway_is_stopped_by_whoever_is_asked() {
    let text = "a".repeat(3000);
    let mut matcher = Matcher::new(text.as_bytes(), b".-.-.-.-b", || false);
    assert_eq!(matcher.find_from(0, true), Err(Fault::Stopped));
}
