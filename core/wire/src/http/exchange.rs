//! Heads of requests and responses that may have a body, and how long that is.
//!
//! For those who speak HTTP with the world: services written in Lua. Whatever is ambiguous about
//! the length of a body is refused, never decided: requests are smuggled where two readers
//! disagree about where one ends.

use super::request::blame;
use super::{Headers, HttpError};

/// More header lines than any program sends; a response may set many cookies.
const MAX_HEADERS: usize = 128;

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// So many bytes.
    Known(u64),
    /// It comes in chunks, each with its length.
    Chunked,
    /// It ends with the connection; responses only.
    UntilClose,
}

/// The head of a request that may have a body.
///
/// # Examples
/// ```
/// use skyloom_wire::http::{BodyLength, RequestOutline};
/// let post = RequestOutline::parse(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")?;
/// assert_eq!(post.body, BodyLength::Known(5));
/// let both = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
/// assert!(RequestOutline::parse(both).is_err());
/// # Ok::<(), skyloom_wire::http::HttpError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestOutline {
    /// `GET`, `POST` and so on, as it was sent.
    pub method: String,
    /// A path with its query, a whole URL, or `*`.
    pub target: String,
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor: u8,
    /// Its header lines.
    pub headers: Headers,
    /// How long its body is.
    pub body: BodyLength,
}

impl RequestOutline {
    /// Parses a whole head, its empty line included.
    ///
    /// # Errors
    ///
    /// [`HttpError`], whose [`status`](HttpError::status) is the answer.
    pub fn parse(head: &[u8]) -> Result<RequestOutline, HttpError> {
        check_line_ends(head)?;
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut raw = httparse::Request::new(&mut lines);
        match raw.parse(head) {
            Ok(httparse::Status::Complete(len)) if len == head.len() => {}
            Ok(_) => return Err(HttpError::Malformed("its head does not end where it should")),
            Err(httparse::Error::Version) if names_other_version(head) => return Err(HttpError::Version),
            Err(error) => return Err(blame(error)),
        }
        let (Some(method), Some(target), Some(minor)) = (raw.method, raw.path, raw.version) else {
            return Err(HttpError::Malformed("its first line is incomplete"));
        };
        let headers = Headers::from_parsed(raw.headers);
        if !is_target(method, target) {
            return Err(HttpError::Malformed("its target is neither a path nor a url"));
        }
        let hosts = headers.all("host").count();
        if hosts > 1 || (hosts == 0 && minor == 1) {
            return Err(HttpError::Malformed("it does not name exactly one host"));
        }
        let body = declared_length(minor, &headers)?.unwrap_or(BodyLength::Known(0));
        Ok(RequestOutline { method: method.to_owned(), target: target.to_owned(), minor, headers, body })
    }
}

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseOutline {
    /// 100 to 999.
    pub status: u16,
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor: u8,
    /// Its header lines.
    pub headers: Headers,
    /// How long its body is.
    pub body: BodyLength,
}

impl ResponseOutline {
    /// Parses a whole head, its empty line included, as the answer to a request with `method`.
    ///
    /// # Errors
    ///
    /// [`HttpError`]; nothing of the response can be trusted then.
    pub fn parse(method: &str, head: &[u8]) -> Result<ResponseOutline, HttpError> {
        check_line_ends(head)?;
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut raw = httparse::Response::new(&mut lines);
        match raw.parse(head) {
            Ok(httparse::Status::Complete(len)) if len == head.len() => {}
            Ok(_) => return Err(HttpError::Malformed("its head does not end where it should")),
            Err(error) => return Err(blame(error)),
        }
        let (Some(status), Some(minor)) = (raw.code, raw.version) else {
            return Err(HttpError::Malformed("its first line is incomplete"));
        };
        let headers = Headers::from_parsed(raw.headers);
        let is_bare = method == "HEAD" || matches!(status, 100..200 | 204 | 304);
        let declared = declared_length(minor, &headers)?;
        let body = if is_bare { BodyLength::Known(0) } else { declared.unwrap_or(BodyLength::UntilClose) };
        Ok(ResponseOutline { status, minor, headers, body })
    }
}

/// Parses header lines alone, their empty line included: the trailer of a body in chunks.
///
/// # Errors
///
/// [`HttpError::Malformed`].
pub fn parse_headers(lines: &[u8]) -> Result<Headers, HttpError> {
    check_line_ends(lines)?;
    let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(lines, &mut parsed) {
        Ok(httparse::Status::Complete((len, parsed))) if len == lines.len() => Ok(Headers::from_parsed(parsed)),
        Ok(_) => Err(HttpError::Malformed("its headers do not end where they should")),
        Err(error) => Err(blame(error)),
    }
}

/// A lone line feed is a line end to some and none to others.
fn check_line_ends(head: &[u8]) -> Result<(), HttpError> {
    // An empty line in front is forgiven by some, too.
    if head.first().is_some_and(u8::is_ascii_whitespace) && head != b"\r\n" {
        return Err(HttpError::Malformed("it begins with a blank"));
    }
    let has_return = |end: usize| end.checked_sub(1).is_some_and(|before| head[before] == b'\r');
    match memchr::memchr_iter(b'\n', head).all(has_return) {
        true => Ok(()),
        false => Err(HttpError::Malformed("a line ends without a carriage return")),
    }
}

/// Whether the first line ends with a version, if not one of ours: a digit, a point, a digit.
fn names_other_version(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let word = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    matches!(word.strip_prefix(b"HTTP/"), Some([major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit())
}

fn is_target(method: &str, target: &str) -> bool {
    target.starts_with('/')
        || target.starts_with("http://")
        || target.starts_with("https://")
        || (target == "*" && method == "OPTIONS")
}

/// What the headers say about the length of the body.
fn declared_length(minor: u8, headers: &Headers) -> Result<Option<BodyLength>, HttpError> {
    let mut lengths = headers.all("content-length");
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(HttpError::Malformed("more than one content-length"));
    }
    let mut codings = headers.all("transfer-encoding");
    let coding = codings.next();
    match (length, coding) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(HttpError::Malformed("both content-length and transfer-encoding")),
        (Some(digits), None) => parse_length(digits).map(|length| Some(BodyLength::Known(length))),
        (None, Some(_)) if codings.next().is_some() => Err(HttpError::Malformed("more than one transfer-encoding")),
        (None, Some(_)) if minor == 0 => Err(HttpError::Malformed("transfer-encoding in HTTP/1.0")),
        (None, Some(coding)) if coding.trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(Some(BodyLength::Chunked)),
        (None, Some(_)) => Err(HttpError::Coding),
    }
}

/// Digits and nothing else: no sign, no list, no blank, and not more than a Lua integer holds.
fn parse_length(digits: &[u8]) -> Result<u64, HttpError> {
    let is_number = !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(digits).ok().filter(|_| is_number).and_then(|digits| digits.parse().ok());
    length.ok_or(HttpError::Malformed("its content-length is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(lines: &str) -> Result<RequestOutline, HttpError> {
        RequestOutline::parse(format!("POST /x HTTP/1.1\r\nHost: h\r\n{lines}\r\n").as_bytes())
    }

    fn response(method: &str, head: &str) -> Result<BodyLength, HttpError> {
        ResponseOutline::parse(method, head.as_bytes()).map(|response| response.body)
    }

    #[test]
    fn a_length_that_could_be_read_in_two_ways_is_refused() {
        let table = [
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: -1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length : 5\r\n",
            "Content-Length: 5\r\n folded\r\n",
            "Content-Length: 5\n",
            "Host: other\r\n",
        ];
        for lines in table {
            assert_eq!(request(lines).map_err(HttpError::status), Err(400), "{lines:?}");
        }
    }

    #[test]
    fn a_coding_other_than_chunked_is_not_implemented() {
        for coding in ["gzip", "identity", "gzip, chunked", "chunked, chunked", "xchunked"] {
            let error = request(&format!("Transfer-Encoding: {coding}\r\n")).unwrap_err();
            assert_eq!((error, error.status()), (HttpError::Coding, 501), "{coding}");
        }
    }

    #[test]
    fn the_length_of_a_request_is_what_it_declares() {
        assert_eq!(request("").unwrap().body, BodyLength::Known(0));
        assert_eq!(request("Content-Length: 0005\r\n").unwrap().body, BodyLength::Known(5));
        assert_eq!(request("transfer-encoding: Chunked\r\n").unwrap().body, BodyLength::Chunked);
    }

    #[test]
    fn a_first_line_says_whether_it_is_http_of_another_version_or_none() {
        let status = |line: &str| {
            let head = format!("{line}\r\nHost: h\r\n\r\n");
            RequestOutline::parse(head.as_bytes()).map(|request| request.minor).map_err(HttpError::status)
        };
        let table = [
            ("GET / HTTP/1.1", Ok(1)),
            ("GET / HTTP/1.0", Ok(0)),
            ("OPTIONS * HTTP/1.1", Ok(1)),
            ("GET http://h/ HTTP/1.1", Ok(1)),
            ("GET / HTTP/2.0", Err(505)),
            ("GET / HTTP/0.9", Err(505)),
            ("GET / HTTP/x", Err(400)),
            ("GET /", Err(400)),
            ("GET * HTTP/1.1", Err(400)),
            ("GET h HTTP/1.1", Err(400)),
            (" GET / HTTP/1.1", Err(400)),
            ("\r\nGET / HTTP/1.1", Err(400)),
            ("hello", Err(400)),
        ];
        for (line, expected) in table {
            assert_eq!(status(line), expected, "{line:?}");
        }
    }

    #[test]
    fn the_length_of_a_response_depends_on_what_was_asked() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        assert_eq!(response("GET", whole), Ok(BodyLength::Known(3)));
        assert_eq!(response("HEAD", whole), Ok(BodyLength::Known(0)));
        assert_eq!(response("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"), Ok(BodyLength::Known(0)));
        assert_eq!(response("GET", "HTTP/1.0 200\r\n\r\n"), Ok(BodyLength::UntilClose));
        let both = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(response("GET", both).is_err());
        assert!(response("GET", "nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn trailers_are_headers() {
        let headers = parse_headers(b"X-Sum: 7\r\n\r\n").unwrap();
        assert_eq!(headers.only("x-sum"), Some("7"));
        assert_eq!(parse_headers(b"\r\n").unwrap().iter().count(), 0);
        assert!(parse_headers(b"no colon\r\n\r\n").is_err());
        assert!(parse_headers(b"a: b\n\n").is_err());
    }
}
