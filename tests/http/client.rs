//! What `httpc` sends, and what it does when nobody answers.

use std::net::TcpListener;

use super::site::{Site, scripted};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// The request that `call` sends; `HOST` in it is the server.
fn sent(call: &str) -> String {
    let (port, peer) = scripted(OK);
    let host = format!("127.0.0.1:{port}");
    let said = Site::new().says(&format!("return {}", call.replace("HOST", &format!("'{host}'"))));
    assert!(said.starts_with("200"), "{said}");
    peer.join().unwrap().replace(&host, "HOST")
}

#[test]
fn a_request_names_its_host_and_its_length() {
    assert_eq!(sent("httpc.get(HOST, '/x?y')"), "GET /x?y HTTP/1.1\r\nHost:HOST\r\nContent-length:0\r\n\r\n");
    assert_eq!(sent("httpc.head(HOST, '')"), "HEAD / HTTP/1.1\r\nHost:HOST\r\nContent-length:0\r\n\r\n");
}

#[test]
fn headers_are_sent_as_they_are_given() {
    let request =
        sent("httpc.request('POST', 'http://' .. HOST, '/', nil, { Host = 'other', ['X-A'] = { '1', '2' } }, 'body')");
    assert!(request.contains("\r\nHost:other\r\n") && !request.contains("HOST"), "{request}");
    assert!(request.contains("\r\nX-A:1\r\nX-A:2\r\n"), "{request}");
    assert!(request.ends_with("\r\nContent-length:4\r\n\r\nbody"), "{request}");
}

#[test]
fn a_form_is_encoded() {
    let request = sent("httpc.post(HOST, '/', { ['a b'] = 'c&ä' })");
    assert!(request.contains("\r\ncontent-type:application/x-www-form-urlencoded\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\na%20b=c%26%C3%A4"), "{request}");
}

#[test]
fn what_would_become_another_request_is_not_sent() {
    let site = Site::new();
    let (port, _) = scripted(OK);
    let table = [
        (
            "'GET', host, '/ HTTP/1.1\\r\\n\\r\\nGET /'",
            "error: the url holds a blank or a control character: encode it",
        ),
        ("'GET', host, '/', nil, { a = 'b\\r\\nc: d' }", "error: the header a holds a control character"),
        ("'GET', host, '/', nil, { ['a\\r\\nc'] = 'd' }", "cannot be the name of a header"),
        ("'GET /x', host, '/'", "error: \"GET /x\" is not a method of HTTP"),
    ];
    for (arguments, expected) in table {
        let said = site.says(&format!("local host = '127.0.0.1:{port}' return httpc.request({arguments})"));
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_address_must_be_one() {
    let site = Site::new();
    let table = [
        ("::1", "error: Invalid host: bare IPv6 address '::1', use '[::1]' instead"),
        ("ftp://h", "error: Invalid protocol: ftp"),
        ("", "error: Invalid host: "),
        ("h:x", "error: Invalid host: h:x"),
    ];
    for (host, expected) in table {
        assert_eq!(site.says(&format!("return httpc.get('{host}', '/')")), expected);
    }
}

#[test]
fn a_connection_that_cannot_be_made_says_where_and_why() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = Site::new().says(&format!(
        "httpc.timeout = 100
        local ok, err = pcall(httpc.get, '127.0.0.1:{port}', '/')
        return err == sockethelper.socket_error, err"
    ));
    let begin = format!("true [Socket Error] : connect failed host = 127.0.0.1 port = {port} timeout = 100 err = ");
    assert!(said.starts_with(&begin) && said.ends_with(" is_time_out = false"), "{said}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    // The system accepts for it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap();
    let said = Site::new().says(&format!(
        "httpc.timeout = 20
        local before = skynet.now()
        local ok, err = pcall(httpc.get, '{host}', '/')
        return err == sockethelper.socket_error, skynet.now() - before >= 20, err"
    ));
    assert_eq!(said, format!("true true [Socket Error] : no answer in time host = {host} timeout = 20"));
}

#[test]
fn there_is_a_timeout_if_nobody_sets_one() {
    assert_eq!(Site::new().says("return httpc.timeout, httpd.timeout"), "6000 6000");
}

#[test]
fn tls_is_missing_and_says_so() {
    let said = Site::new().says("return httpc.get('https://127.0.0.1', '/')");
    assert!(said.contains("TLS is not built in yet"), "{said}");
}
