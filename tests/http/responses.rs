//! What `httpd` writes.

use super::site::Site;

/// The bytes of `write_response(…)`, and what it returned.
fn written(arguments: &str) -> String {
    Site::new().says(&format!(
        "local out = {{}}
        local ok, why = httpd.write_response(function(bytes) out[#out + 1] = bytes end, {arguments})
        return table.concat(out) .. '|' .. text(ok, why)"
    ))
}

#[test]
fn a_text_has_its_length() {
    let head = "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\n\r\n";
    assert_eq!(written("200, 'hello', { ['x-a'] = 'b' }"), format!("{head}hello|true nil"));
}

#[test]
fn no_body_has_the_length_zero_unless_the_status_has_none() {
    assert_eq!(written("404"), "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n|true nil");
    assert_eq!(written("204"), "HTTP/1.1 204 No Content\r\n\r\n|true nil");
}

#[test]
fn a_list_of_values_becomes_several_lines() {
    let answer = written("200, nil, { ['set-cookie'] = { 'a=1', 'b=2' } }");
    assert!(answer.contains("\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n"), "{answer}");
}

#[test]
fn a_function_gives_the_body_in_chunks() {
    let answer = written(
        "200, coroutine.wrap(function() coroutine.yield 'abc' coroutine.yield '' coroutine.yield(('x'):rep(20)) end)",
    );
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(answer, format!("{head}3\r\nabc\r\n14\r\n{}\r\n0\r\n\r\n|true nil", "x".repeat(20)));
}

#[test]
fn a_length_of_the_caller_is_not_written_twice_and_must_be_right() {
    assert_eq!(
        written("200, 'abc', { ['Content-Length'] = 3 }"),
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc|true nil"
    );
    let wrong = written("200, 'abc', { ['Content-Length'] = 4 }");
    assert_eq!(wrong, "|false content-length is 4, but the body has 3 bytes");
}

#[test]
fn a_header_cannot_become_two() {
    let split = written(r"200, 'abc', { ['x-a'] = 'b\r\nset-cookie: c' }");
    assert_eq!(split, "|false the header x-a holds a control character");
    let named = written(r"200, 'abc', { ['x a'] = 'b' }");
    assert_eq!(named, "|false \"x a\" cannot be the name of a header");
}

#[test]
fn a_connection_that_has_ended_is_a_socket_error() {
    let site = Site::new();
    let said = site.says(
        "local ok, why = httpd.write_response(sockethelper.writefunc(4000), 200, 'x')
        return ok, why == sockethelper.socket_error, why",
    );
    assert_eq!(said, "false true [Socket Error] : write failed fd = 4000");
}
