//! What `httpc` makes of answers.

use super::site::{Site, scripted};

/// What a request gives when the server answers so.
fn get(site: &Site, answer: &str) -> String {
    let (port, peer) = scripted(answer);
    let said = site.says(&format!("return httpc.get('127.0.0.1:{port}', '/')"));
    peer.join().unwrap();
    said
}

#[test]
fn a_body_ends_where_the_answer_says() {
    let site = Site::new();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let table = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhimore".to_owned(), "200 hi"),
        (format!("{chunked}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\nmore"), "200 abcde"),
        ("HTTP/1.0 200\r\n\r\nuntil it closes".to_owned(), "200 until it closes"),
        ("HTTP/1.1 204 No Content\r\n\r\nmore".to_owned(), "204 "),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx"
                .to_owned(),
            "201 x",
        ),
    ];
    for (answer, expected) in table {
        assert_eq!(get(&site, &answer), expected, "{answer:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_trusted_raises() {
    let site = Site::new();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    let table = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi".to_owned(),
            "more than one content-length",
        ),
        (format!("{chunked}Content-Length: 2\r\n\r\n0\r\n\r\n"), "both content-length and transfer-encoding"),
        (format!("{chunked}\r\nzz\r\n"), "invalid response: a chunk of its body is malformed"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), "other than chunked"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort".to_owned(), "[Socket Error] : read failed"),
        (format!("{chunked}\r\n9\r\nshort"), "[Socket Error] : read failed"),
        ("HTTP/1.1 200".to_owned(), "[Socket Error] : read failed"),
        (String::new(), "[Socket Error] : read failed"),
        ("nonsense\r\n\r\n".to_owned(), "invalid response: malformed response"),
        ("HTTP/1.1 200 OK\n\n".to_owned(), "invalid response: malformed response"),
        (format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(9000)), "the head of the response exceeds 8192 bytes"),
    ];
    for (answer, expected) in table {
        let said = get(&site, &answer);
        assert!(said.starts_with("error: ") && said.contains(expected), "{answer:.100?}: {said}");
    }
}

#[test]
fn headers_are_found_in_lower_case_and_repeated_ones_in_a_list() {
    let (port, _) =
        scripted("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a\r\nSET-COOKIE: b\r\nX-A: c\r\n\r\n");
    let said = Site::new().says(&format!(
        "local header = {{ ['x-a'] = 'of the request before' }}
        httpc.get('127.0.0.1:{port}', '/', header)
        return table.concat(header['set-cookie'], ','), header['x-a']"
    ));
    assert_eq!(said, "a,b c");
}

#[test]
fn the_answer_to_head_has_no_body_whatever_it_says() {
    let (port, _) = scripted("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    let said =
        Site::new().says(&format!("local h = {{}} return httpc.head('127.0.0.1:{port}', '/', h), h['content-length']"));
    assert_eq!(said, "200 100");
}

#[test]
fn a_body_over_the_limit_raises() {
    let site = Site::new();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n";
    let answers = ["HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", chunked, "HTTP/1.1 200 OK\r\n\r\n0123456789a"];
    for answer in answers {
        let (port, _) = scripted(answer);
        let said = site.says(&format!("httpc.bodylimit = 10 return httpc.get('127.0.0.1:{port}', '/')"));
        assert_eq!(said, "error: the body of the response exceeds 10 bytes", "{answer:?}");
    }
}

#[test]
fn a_stream_gives_the_body_part_by_part() {
    let site = Site::new();
    let chunked = "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let (port, _) = scripted(chunked);
    let said = site.says(&format!(
        "local stream = httpc.request_stream('GET', '127.0.0.1:{port}', '/')
        local out = {{ stream.status, stream.header['x-a'], tostring(stream.connected) }}
        for part, same in stream do out[#out + 1] = part .. tostring(same == stream) end
        out[#out + 1] = tostring(stream.connected)
        stream:close()
        return table.concat(out, ' '), stream()"
    ));
    assert_eq!(said, "200 b true abctrue detrue false nil");
    for answer in ["HTTP/1.1 200 OK\r\n\r\nwhole", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"] {
        let (port, _) = scripted(answer);
        let said = site.says(&format!(
            "local all = ''
            for part in httpc.request_stream('GET', '127.0.0.1:{port}', '/') do all = all .. part end
            return all"
        ));
        assert_eq!(said, "whole", "{answer:?}");
    }
}

#[test]
fn a_stream_that_breaks_off_raises_and_is_closed() {
    let (port, _) = scripted("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort");
    let said = Site::new().says(&format!(
        "local stream = httpc.request_stream('GET', '127.0.0.1:{port}', '/')
        local first = stream()
        local ok, err = pcall(stream)
        return first, ok, err == sockethelper.socket_error, stream.connected"
    ));
    assert_eq!(said, "short false true false");
}

#[test]
fn the_client_and_the_server_of_one_node_understand_each_other() {
    let server = Site::new().serve(
        "function serve(id)
            socket.start(id)
            local read, write = sockethelper.readfunc(id), sockethelper.writefunc(id)
            local status, url, method, header, body = httpd.read_request(read)
            local parts = { method, url, header['x-a'], body }
            local next = 0
            httpd.write_response(write, status, function() next = next + 1 return parts[next] end)
            socket.close(id)
        end",
    );
    let port = server.port;
    let said = server.says(&format!(
        "local body = ('x'):rep(300000)
        local status, answer = httpc.request('POST', '127.0.0.1:{port}', '/up', nil, {{ ['X-A'] = 'b' }}, body)
        return status, answer == 'POST/upb' .. body"
    ));
    assert_eq!(said, "200 true");
}
