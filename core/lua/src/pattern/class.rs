//! Single characters of a pattern: letters, `.`, `%a` and its kin, and sets.

use super::Fault;

/// Where the class that begins at `p` ends.
pub(super) fn class_end(pattern: &[u8], p: usize) -> Result<usize, Fault> {
    match pattern.get(p) {
        Some(b'%') if p + 1 >= pattern.len() => Err(Fault::EndsWithPercent),
        Some(b'%') => Ok(p + 2),
        Some(b'[') => set_end(pattern, p + 1),
        _ => Ok(p + 1),
    }
}

/// Where the set ends whose inside begins at `p`.
fn set_end(pattern: &[u8], mut p: usize) -> Result<usize, Fault> {
    if pattern.get(p) == Some(&b'^') {
        p += 1;
    }
    // A bracket that comes first belongs to the set.
    loop {
        match pattern.get(p) {
            None => return Err(Fault::MissingBracket),
            Some(b'%') => p += 2,
            Some(_) => p += 1,
        }
        if pattern.get(p) == Some(&b']') {
            return Ok(p + 1);
        }
    }
}

/// Whether a byte matches a whole class.
#[inline]
pub(super) fn is_single(byte: u8, class: &[u8]) -> bool {
    match class {
        [b'.'] => true,
        [b'%', letter] => is_of_class(byte, *letter),
        [b'[', ..] => is_in_set(byte, class),
        [letter, ..] => *letter == byte,
        [] => false,
    }
}

/// Whether a byte is in a set, whose brackets belong to `set`.
pub(super) fn is_in_set(byte: u8, set: &[u8]) -> bool {
    let inside = &set[1..set.len() - 1];
    let (inside, negated) = match inside {
        [b'^', rest @ ..] => (rest, true),
        all => (all, false),
    };
    is_listed(byte, inside) != negated
}

fn is_listed(byte: u8, mut list: &[u8]) -> bool {
    loop {
        list = match list {
            [] => return false,
            [b'%', letter, rest @ ..] => {
                if is_of_class(byte, *letter) {
                    return true;
                }
                rest
            }
            [from, b'-', to, rest @ ..] => {
                if (*from..=*to).contains(&byte) {
                    return true;
                }
                rest
            }
            [letter, rest @ ..] => {
                if *letter == byte {
                    return true;
                }
                rest
            }
        }
    }
}

/// `%a` and its kin; a capital means all others, and what is no letter of a class means itself.
fn is_of_class(byte: u8, letter: u8) -> bool {
    let is = match letter.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'g' => byte.is_ascii_graphic(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => byte.is_ascii_whitespace() || byte == 0x0b,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        _ => return letter == byte,
    };
    is != letter.is_ascii_uppercase()
}
