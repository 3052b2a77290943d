//! WebSocket between two services: our client and our server.

use super::site::{Server, Site, scripted};

/// Sends back what it hears; `bye` closes.
pub const ECHO: &str = "
local handler = {}
for _, name in ipairs { 'connect', 'ping', 'pong', 'close', 'error' } do
    handler[name] = function(id, ...) note(name, ...) end
end
function handler.handshake(id, header, url) note('handshake', url, header.host, websocket.addrinfo(id)) end
function handler.message(id, data, kind)
    if data == 'bye' then websocket.close(id, 4001, 'as you wish') else websocket.write(id, data, kind) end
end
function serve(id, address) note('accept', websocket.accept(id, handler, 'ws', 'from ' .. #address)) end";

fn echo() -> Server {
    Site::new().serve(ECHO)
}

#[test]
fn what_is_written_is_read_and_the_end_is_told_to_both() {
    let server = echo();
    let port = server.port;
    let said = server.says(&format!(
        "local id = websocket.connect('ws://127.0.0.1:{port}/path?x')
        websocket.write(id, 'häuser')
        local first = websocket.read(id)
        websocket.write(id, '\\0\\255', 'binary')
        local second = websocket.read(id)
        websocket.ping(id)
        local big = ('x'):rep(200000)
        websocket.write(id, big)
        local same = websocket.read(id) == big
        local address = websocket.addrinfo(id)
        websocket.close(id, 1000, 'done')
        return first, second == '\\0\\255', same, address, websocket.is_close(id)"
    ));
    assert_eq!(said, format!("häuser true true 127.0.0.1:{port} true"));
    let begin = format!("handshake /path?x 127.0.0.1:{port} from 1");
    assert_eq!(server.next(), "connect");
    assert!(server.next().starts_with(&begin));
    assert_eq!([server.next(), server.next(), server.next()], ["ping", "close 1000 done", "accept true nil"]);
}

#[test]
fn a_close_frame_is_read_as_false_and_its_payload() {
    let server = echo();
    let port = server.port;
    let said = server.says(&format!(
        "local id = websocket.connect('ws://127.0.0.1:{port}')
        websocket.write(id, 'bye')
        local data, payload = websocket.read(id)
        return data, string.unpack('>I2', payload), payload:sub(3), websocket.is_close(id)"
    ));
    assert_eq!(said, "false 4001 as you wish true");
}

#[test]
fn a_websocket_that_is_closed_or_unknown_raises() {
    let server = echo();
    let port = server.port;
    let said = server.says(&format!(
        "local id = websocket.connect('ws://127.0.0.1:{port}')
        websocket.close(id)
        websocket.close(id)
        local _, one = pcall(websocket.write, id, 'x')
        local _, two = pcall(websocket.read, id)
        return one:match 'there is no open websocket', two:match 'there is no open websocket', websocket.is_close(4000)"
    ));
    assert_eq!(said, "there is no open websocket there is no open websocket true");
}

#[test]
fn a_text_that_is_not_utf8_is_the_writers_fault() {
    let server = echo();
    let port = server.port;
    let said = server.says(&format!("websocket.write(websocket.connect('ws://127.0.0.1:{port}'), '\\255')"));
    assert!(said.contains("a text message must be UTF-8; write it as \"binary\""), "{said}");
}

#[test]
fn a_server_that_does_not_upgrade_is_an_error_with_its_answer() {
    let site = Site::new();
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let table = [
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_owned(),
            "websocket handshake error: code[403] info:no",
        ),
        (format!("{upgrade}Sec-WebSocket-Accept: xxx\r\n\r\n"), "invalid Sec-WebSocket-Accept"),
        ("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n".to_owned(), "the server does not upgrade"),
        (String::new(), "[Socket Error] : read failed"),
    ];
    for (answer, expected) in table {
        let (port, _) = scripted(answer.as_str());
        let said = site.says(&format!("return websocket.connect('ws://127.0.0.1:{port}/')"));
        assert!(said.contains(expected), "{answer:?}: {said}");
    }
    assert!(site.says("return websocket.connect('http://127.0.0.1/')").contains("invalid websocket url"));
    assert!(site.says("return websocket.connect('wss://127.0.0.1/')").contains("TLS is not built in yet"));
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap();
    let said = Site::new().says(&format!("return websocket.connect('ws://{host}', nil, 20)"));
    assert_eq!(said, format!("error: [Socket Error] : no answer in time url = ws://{host}"));
}

#[test]
fn a_request_that_httpd_has_read_can_become_a_websocket() {
    let server = Site::new().serve(
        "function serve(id)
            socket.start(id)
            local _, url, method, header = httpd.read_request(sockethelper.readfunc(id))
            local handler = { message = function(id, data) websocket.write(id, url .. data) end }
            websocket.accept(id, handler, 'ws', '', { upgrade = { header = header, method = method, url = url } })
        end",
    );
    let port = server.port;
    let said = server.says(&format!(
        "local id = websocket.connect('ws://127.0.0.1:{port}/up')
        websocket.write(id, '!')
        return websocket.read(id)"
    ));
    assert_eq!(said, "/up!");
}

#[test]
fn an_error_in_a_handler_ends_the_connection_and_is_returned() {
    let server = Site::new()
        .serve("function serve(id) note(websocket.accept(id, { message = function() error 'oops' end })) end");
    let port = server.port;
    let said = server.says(&format!(
        "local id = websocket.connect('ws://127.0.0.1:{port}')
        websocket.write(id, '!')
        local ok, err = pcall(websocket.read, id)
        return ok, err == sockethelper.socket_error"
    ));
    assert_eq!(said, "false true");
    let noted = server.next();
    assert!(noted.starts_with("false ") && noted.contains("oops") && noted.contains("stack traceback"), "{noted}");
}
