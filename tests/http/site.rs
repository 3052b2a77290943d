//! A node with real sockets, services that are told what to do, and peers that are not to be trusted.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use skyloom::{Handle, Log, Skyloom};

/// Longer than anything takes that works at all, on a busy machine too.
pub const LONG: Duration = Duration::from_secs(30);

/// What every script begins with: `note` keeps a line for the test, which asks for it with "next".
const PRELUDE: &str = "
local skynet = require 'skynet'
local socket = require 'skynet.socket'
local sockethelper = require 'http.sockethelper'
local httpd, httpc = require 'http.httpd', require 'http.httpc'
local websocket, url = require 'http.websocket', require 'http.url'
local notes = {}
local function text(...)
    local all = table.pack(...)
    for i = 1, all.n do all[i] = tostring(all[i]) end
    return table.concat(all, ' ')
end
local function note(...) notes[#notes + 1] = text(...) end
local function listen(serve)
    local id, _, port = socket.listen('127.0.0.1', 0)
    socket.start(id, function(peer, address) skynet.fork(serve, peer, address) end)
    return port
end
local commands = {}
function commands.count() return #notes end
function commands.next()
    while #notes == 0 do skynet.sleep(1) end
    return table.remove(notes, 1)
end
skynet.start(function()
    skynet.dispatch('lua', function(_, _, command) skynet.retpack(commands[command]()) end)
end)
";

pub struct Site(Skyloom);

/// A service with a port on loopback.
pub struct Server {
    site: Site,
    handle: Handle,
    pub port: u16,
}

impl Site {
    pub fn new() -> Site {
        Site(Skyloom::builder().workers(2).log(Log::None).start().unwrap())
    }

    fn run(&self, script: &str) -> Handle {
        self.0.node().spawn(self.0.lua().text("script", &format!("{PRELUDE}{script}"), &[]))
    }

    /// Runs `code` in a service; its results as one text, or `error: …`.
    pub fn says(&self, code: &str) -> String {
        let script = format!(
            "function commands.go()
                local function answer(ok, ...) return ok and text(...) or 'error: ' .. text(...) end
                return answer(pcall(function() {code}\nend))
            end"
        );
        let handle = self.run(&script);
        self.0.call_blocking(handle, "go", LONG).unwrap()
    }

    /// Runs a script that defines `serve(id, address)`, which each connection is given to.
    pub fn serve(self, script: &str) -> Server {
        let handle = self.run(&format!("{script}\nfunction commands.listen() return listen(serve) end"));
        let port = self.0.call_blocking(handle, "listen", LONG).unwrap();
        Server { site: self, handle, port }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.0.stop(Duration::from_secs(5));
    }
}

impl Server {
    /// The next line that the script has noted.
    pub fn next(&self) -> String {
        self.site.0.call_blocking(self.handle, "next", LONG).unwrap()
    }

    /// How many lines wait to be asked for.
    pub fn count_of_notes(&self) -> usize {
        self.site.0.call_blocking(self.handle, "count", LONG).unwrap()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Sends bytes and reads until the server closes.
    pub fn ask(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // Who is refused early may be closed before all is sent.
        let _ = stream.write_all(bytes.as_ref());
        String::from_utf8_lossy(&rest(&mut stream)).into_owned()
    }

    /// Runs `code` in another service of the node.
    pub fn says(&self, code: &str) -> String {
        self.site.says(code)
    }
}

/// What comes until the other side closes.
pub fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&all)),
    }
    all
}

/// Answers one request, whatever it is, with these bytes; returns its port, and later the request.
pub fn scripted(answer: impl Into<Vec<u8>>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.into();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let request = request(&mut stream);
        let _ = stream.write_all(&answer);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = rest(&mut stream);
        request
    });
    (port, peer)
}

/// Reads a request with as long a body as it says.
pub fn request(stream: &mut TcpStream) -> String {
    let mut request = String::new();
    let mut buffer = [0; 1024];
    loop {
        if let Some((head, body)) = request.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return request;
            }
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "closed after {request:?}");
        request.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
}
