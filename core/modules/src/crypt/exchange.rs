//! The Diffie-Hellman exchange over 64 bits. It hides a key from a passive listener of the year 2012, not from anybody
//! with a modern machine: use TLS where it matters.

/// The largest prime of 64 bits.
const PRIME: u64 = u64::MAX - 58;
const GENERATOR: u64 = 5;

/// What to tell the other side; nothing for a key that is zero.
pub(crate) fn exchange(key: u64) -> Option<u64> {
    (key != 0).then(|| power(GENERATOR, key))
}

/// The secret of both sides; nothing if a number is zero.
pub(crate) fn secret(theirs: u64, key: u64) -> Option<u64> {
    (theirs != 0 && key != 0).then(|| power(theirs, key))
}

fn power(base: u64, mut exponent: u64) -> u64 {
    let mut square = base % PRIME;
    let mut product = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = times(product, square);
        }
        square = times(square, square);
        exponent >>= 1;
    }
    product
}

fn times(a: u64, b: u64) -> u64 {
    let rest = u128::from(a) * u128::from(b) % u128::from(PRIME);
    // A rest of a division by 64 bits has 64 bits.
    rest as u64
}
