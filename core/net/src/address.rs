//! What a host and a port mean, as far as one can tell without asking a name server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::error::NetError;

/// Where `host` says to listen.
///
/// Nothing listens outside loopback unless it is told to: an empty host is
/// loopback, and "everywhere" must be said (`0.0.0.0` or `::`). Names are not
/// looked up: that could block, and a listener belongs to this machine.
pub(crate) fn to_listen(host: &str, port: u16) -> Result<SocketAddr, NetError> {
    if is_loopback_name(host) {
        return Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
    }
    numeric(host, port).ok_or_else(|| NetError::NotAnAddress(host.chars().take(255).collect()))
}

/// The addresses to try for `host`, unless it is a name that must be looked up.
pub(crate) fn to_connect(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    if is_loopback_name(host) {
        let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Some(loopback.map(|ip| SocketAddr::new(ip, port)).to_vec());
    }
    numeric(host, port).map(|address| vec![address])
}

fn is_loopback_name(host: &str) -> bool {
    host.is_empty() || host.eq_ignore_ascii_case("localhost")
}

fn numeric(host: &str, port: u16) -> Option<SocketAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, port));
    }
    // An address with a zone, like fe80::1%2: only a whole socket address may carry one.
    if bare.contains('%') { format!("[{bare}]:{port}").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_listens_outside_loopback_unless_told_to() {
        for (host, means) in [
            ("", "127.0.0.1:80"),
            ("localhost", "127.0.0.1:80"),
            ("LocalHost", "127.0.0.1:80"),
            ("0.0.0.0", "0.0.0.0:80"),
            ("::", "[::]:80"),
            ("[::1]", "[::1]:80"),
            ("10.1.2.3", "10.1.2.3:80"),
            ("fe80::1%2", "[fe80::1%2]:80"),
        ] {
            let address = to_listen(host, 80).map(|address| address.to_string());
            assert!(matches!(&address, Ok(text) if text == means), "{host:?}: {address:?}");
        }
    }

    #[test]
    fn a_name_is_no_place_to_listen_and_says_so() {
        for host in ["example.org", "*", "1.2.3", "127.0.0.1:80", "[::1", "fe80::1%"] {
            let error = to_listen(host, 80).map_err(|error| error.to_string());
            assert!(matches!(&error, Err(text) if text.contains(host)), "{host:?}: {error:?}");
        }
    }

    #[test]
    fn only_true_names_are_looked_up() {
        assert_eq!(to_connect("example.org", 80), None);
        assert_eq!(to_connect("::1", 80).map(|list| list.len()), Some(1));
        assert_eq!(to_connect("localhost", 80).map(|list| list.len()), Some(2));
    }
}
