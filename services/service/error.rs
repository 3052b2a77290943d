//! What handlers fail with.

use std::fmt;

use skyloom_abi::{Cause, Handle, Undelivered};

/// Anything that a handler or a task fails with.
///
/// `?` makes one from any error type, and `"text".into()` from a text. Whoever
/// waits for the answer gets the text, with those of its causes.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Why a message could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendError {
    /// Where it should have gone.
    pub to: Handle,
    /// Why it did not.
    pub cause: Cause,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message to {} not delivered: {}", self.to, self.cause)
    }
}

impl std::error::Error for SendError {}

impl From<Undelivered> for SendError {
    /// Lets go of the message, so that `?` can hand the rest on as an [`Error`].
    fn from(back: Undelivered) -> SendError {
        SendError { to: back.to, cause: back.cause }
    }
}

/// An error and its causes in one line; a cause that the error quotes already is not said twice.
pub(super) fn text_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}

/// What a panic said.
pub(super) fn text_of_panic(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a text".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_the_error_once_each() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError, &'static str);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.1)
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let parse = || "x".parse::<u8>().unwrap_err();
        let silent: Error = Outer(parse(), "bad port").into();
        assert_eq!(text_of(&silent), "bad port: invalid digit found in string");
        let quoting: Error = Outer(parse(), "bad port: invalid digit found in string").into();
        assert_eq!(text_of(&quoting), "bad port: invalid digit found in string");
    }
}
