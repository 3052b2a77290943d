//! The debug console, over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use skyloom::{Log, Skyloom, Spawn};

use super::common::server::skyloom;
use super::common::{Folder, LONG, eventually};
use super::house::{LogTo, folder, settings};

const IDLE: &str = "skynet.info_func(function() return { mood = 'good', list = { a = 1, b = true } } end)
    skynet.start(function() skynet.dispatch('lua', function(_, _, a, b) skynet.retpack(a + b, 'sum') end)
    skynet.register '.idle' end)";

/// Never answers the debug protocol.
const DEAF: &str = "skynet.start(function() skynet.dispatch('debug', function() end) skynet.register '.deaf' end)";

struct Console {
    skyloom: Skyloom,
    port: u16,
    folder: Folder,
    log: Receiver<String>,
}

impl Console {
    fn with(env: &[(&str, &str)]) -> Console {
        let folder = folder(&[
            ("idle.lua", IDLE),
            ("deaf.lua", DEAF),
            ("injected.lua", "print('hello', ...) print(type(_P.lua))"),
            ("broken.lua", "skynet.start(function() error 'broken' end)"),
            ("leaver.lua", "skynet.start(function() skynet.exit() end)"),
        ]);
        let mut builder = Skyloom::builder().workers(2).log(Log::None).lua(settings(&folder));
        for (key, value) in env {
            builder = builder.env(*key, *value);
        }
        let skyloom = builder.start().unwrap();
        let (said, log) = mpsc::channel();
        let logger = skyloom.node().spawn(Spawn::new("logger", Box::new(LogTo(said))));
        skyloom.register("logger", logger).unwrap();
        skyloom.spawn_lua("idle", &[]).unwrap();
        skyloom.spawn_lua("deaf", &[]).unwrap();
        skyloom.spawn_lua("debug_console", &["0".into()]).unwrap();
        let port = loop {
            let line = log.recv_timeout(LONG).unwrap();
            if let Some(port) = line.strip_prefix("Start debug console at 127.0.0.1:") {
                break port.parse().unwrap();
            }
        };
        Console { skyloom, port, folder, log }
    }

    fn new() -> Console {
        Console::with(&[])
    }

    /// Sends all of `text` and hears what comes until the console closes.
    fn hears(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        heard.strip_prefix("Welcome to skynet console\n").unwrap().to_owned()
    }

    fn says(&self, line: &str) -> String {
        self.hears(&format!("{line}\n"))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.skyloom.stop(Duration::from_secs(5));
    }
}

#[test]
fn it_lists_services_and_what_they_do() {
    let console = Console::new();
    let list = console.says("list");
    assert!(list.contains("\tsnlua idle\n") && list.ends_with("<CMD OK>\n"), "{list}");
    let stat = console.says("stat 30");
    assert!(stat.lines().any(|line| line.contains("\tmessage:") && line.contains("\tmqlen:0\ttask:")), "{stat}");
    assert!(stat.contains("\tTIMEOUT\n"), "the deaf one: {stat}");
    let memory = console.says("mem 30");
    assert!(memory.contains(" Kb (snlua idle)\n") && memory.contains("TIMEOUT (snlua deaf)\n"), "{memory}");
}

#[test]
fn it_knows_every_command_of_skynets_console() {
    let help = Console::new().says("help");
    let names: Vec<_> = help.lines().filter_map(|line| line.split_once('\t')).map(|(name, _)| name).collect();
    let expected = "call clearcache cmem dbgcmd debug dumpheap exit gc getenv help info inject jmem kill killtask list \
        log logoff logon mem netstat ping profactive service setenv signal snax start stat task trace uniqtask";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn what_a_service_tells_of_itself_is_printed_sorted() {
    assert_eq!(Console::new().says("info .idle"), "list\ta:1\tb:true\nmood\tgood\n<CMD OK>\n");
}

#[test]
fn a_service_is_named_by_its_number_or_its_name() {
    let console = Console::new();
    let handle = console.skyloom.lookup("idle").unwrap().get();
    for address in [".idle".to_owned(), format!(":{handle:08x}"), format!("{handle:x}")] {
        let answer = console.says(&format!("ping {address}"));
        assert!(answer.ends_with("\n<CMD OK>\n"), "{address}: {answer}");
    }
    assert_eq!(console.says("ping .nobody"), "no service is called .nobody\n<CMD Error>\n");
    assert!(console.says("ping").ends_with("<CMD Error>\n"));
}

#[test]
fn an_answer_of_any_type_is_printed() {
    assert_eq!(Console::new().says("dbgcmd .idle SUPPORT lua"), "true\n<CMD OK>\n");
}

#[test]
fn a_service_that_does_not_answer_does_not_hold_the_console() {
    let answer = Console::new().says("ping .deaf\nping .idle");
    assert!(answer.starts_with("no answer after 400 ticks\n<CMD Error>\n"), "{answer}");
    assert!(answer.ends_with("<CMD OK>\n"), "{answer}");
}

#[test]
fn an_unknown_command_is_an_error_and_an_empty_line_is_nothing() {
    let answer = Console::new().says("\ndance");
    assert_eq!(answer, "Invalid command, type help for command list\n<CMD Error>\n");
}

#[test]
fn commands_that_run_code_are_off() {
    let console = Console::new();
    for line in [
        "call .idle 1,2",
        "inject .idle x.lua",
        "start idle",
        "snax x",
        "log idle",
        "debug .idle",
        "signal .idle",
        "dbgcmd .idle RUN x",
    ] {
        let answer = console.says(line);
        assert!(answer.contains("this command runs code, which is off"), "{line}: {answer}");
        assert!(answer.ends_with("<CMD Error>\n"), "{line}: {answer}");
    }
    assert!(console.says("token guess").contains("no debug_console_token is configured"));
}

#[test]
fn the_token_lets_a_session_run_code() {
    let console = Console::with(&[("debug_console_token", "sesame")]);
    assert!(console.says("token sesam\ncall .idle 1,2").starts_with("wrong token\n<CMD Error>\nthis command runs"));
    let answer = console.says("token sesame\ncall .idle 1, 1 + 1\nstart idle\nstart leaver\nstart broken");
    let mut lines = answer.lines();
    let mut next = |count| lines.by_ref().take(count).collect::<Vec<_>>().join("|");
    assert_eq!(next(1), "<CMD OK>");
    assert_eq!(next(4), "1\t3|2\tsum|n\t2|<CMD OK>");
    let started = next(2);
    assert!(started.starts_with(':') && started.ends_with("\tidle|<CMD OK>"), "{started}");
    assert_eq!(next(4), "Exit|<CMD OK>|Failed|<CMD OK>");
    assert!(console.says("getenv debug_console_token").contains("secret"));
}

#[test]
fn code_is_injected_with_arguments_and_what_it_prints_is_shown() {
    let console = Console::with(&[("debug_console_unsafe", "true")]);
    // The harness gives each script a first line for services; it does no harm here.
    let file = console.folder.0.join("injected.lua");
    let answer = console.says(&format!("inject .idle {} a b", file.display()));
    assert!(answer.contains("hello\ta\tb\ntable\n") && answer.ends_with("<CMD OK>\n"), "{answer}");
    let answer = console.says("inject .idle /nowhere.lua");
    assert!(answer.contains("/nowhere.lua") && answer.ends_with("<CMD Error>\n"), "{answer}");
}

#[test]
fn services_are_ended() {
    let console = Console::new();
    assert!(console.says("kill .deaf").contains("\tsnlua deaf\n<CMD OK>\n"));
    assert_eq!(console.says("exit .idle"), "<CMD OK>\n");
    assert_eq!(console.skyloom.lookup("deaf"), None);
    eventually("the service has ended", || console.skyloom.lookup("idle").is_none().then_some(()));
}

#[test]
fn the_environment_is_read_and_set() {
    let console = Console::with(&[("colour", "red")]);
    assert_eq!(console.says("getenv colour"), "colour\tred\n<CMD OK>\n");
    assert_eq!(console.says("setenv shape round\ngetenv shape"), "<CMD OK>\nshape\tround\n<CMD OK>\n");
    assert!(console.says("setenv colour blue").contains("Can't setenv exist key : colour"));
    assert!(console.says("setenv debug_console_unsafe true").ends_with("<CMD Error>\n"));
}

#[test]
fn tracing_is_turned_on_and_off() {
    let console = Console::new();
    assert_eq!(console.says("trace .idle on\ntrace .idle lua off"), "<CMD OK>\n<CMD OK>\n");
    let turned = || std::iter::from_fn(|| console.log.recv_timeout(LONG).ok()).find(|line| line.starts_with("Turn"));
    assert_eq!(turned().unwrap(), "Turn trace log true for lua");
}

#[test]
fn there_is_a_limit_of_sessions_and_a_place_that_is_left_is_free_again() {
    let console = Console::new();
    let open: Vec<_> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", console.port)).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.read_exact(&mut [0; 26]).unwrap();
            stream
        })
        .collect();
    let mut refused = TcpStream::connect(("127.0.0.1", console.port)).unwrap();
    refused.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(refused.read(&mut [0]).unwrap_or(0), 0, "closed without a word");
    drop(open);
    eventually("a place is free", || {
        let mut stream = TcpStream::connect(("127.0.0.1", console.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        (stream.read(&mut [0; 26]).unwrap_or(0) > 0).then_some(())
    });
}

#[test]
fn the_output_of_code_that_a_debug_command_runs_is_shown() {
    let console = Console::with(&[("debug_console_unsafe", "true")]);
    let answer = console.says("dbgcmd .idle RUN print(1+1)");
    assert!(answer.starts_with("1\ttrue\n2\t2") && answer.ends_with("<CMD OK>\n"), "{answer}");
}

#[test]
fn what_this_node_has_not_is_said() {
    let console = Console::with(&[("debug_console_unsafe", "true")]);
    for line in ["signal .idle", "logon .idle", "logoff .idle", "debug .idle", "dumpheap"] {
        let answer = console.says(line);
        assert!(answer.contains("this node") && answer.ends_with("<CMD Error>\n"), "{line}: {answer}");
    }
}

#[test]
fn tools_may_ask_in_the_form_of_http() {
    let console = Console::with(&[("debug_console_token", "sesame")]);
    let head = "Host: localhost\r\n\r\n";
    assert!(console.hears(&format!("GET /ping/.idle HTTP/1.1\r\n{head}")).ends_with("\n<CMD OK>\n"));
    let answer = console.hears("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\ninfo .idle");
    assert!(answer.ends_with("mood\tgood\n<CMD OK>\n"), "{answer}");
    assert!(console.hears(&format!("GET /call/.idle/1,2 HTTP/1.1\r\n{head}")).contains("which is off"));
    let trusted = format!("GET /call/.idle/1,2 HTTP/1.1\r\nAuthorization: Bearer sesame\r\n{head}");
    assert!(console.hears(&trusted).starts_with("1\t3\n"));
}

#[test]
fn a_web_page_cannot_command_the_console() {
    let console = Console::new();
    for header in ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Referer: http://evil.example/"] {
        let answer = console.hears(&format!("POST / HTTP/1.1\r\n{header}\r\nContent-Length: 9\r\n\r\nexit .idle"));
        assert!(answer.contains("requests of web pages are refused"), "{answer}");
    }
    assert!(console.skyloom.lookup("idle").is_some());
}

#[test]
fn a_line_without_an_end_is_not_read_for_ever() {
    let console = Console::new();
    let mut stream = TcpStream::connect(("127.0.0.1", console.port)).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    // The console closes after 64 KiB, whatever is still under way.
    let _ = stream.write_all(&vec![b'x'; 1 << 20]);
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    assert!(console.says("ping .idle").ends_with("<CMD OK>\n"), "others are served");
}

#[test]
fn the_console_on_standard_input_starts_what_is_typed() {
    let greeter = "local name = ... skynet.start(function() skynet.error('hello ' .. name) end)";
    let folder = folder(&[("greeter.lua", greeter)]);
    let config = folder.file("config", &format!("start = 'console'\nluaservice = '{}/?.lua'\n", folder.0.display()));
    let mut child =
        skyloom(&["run", &config]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"missing\n\ngreeter ann\n").unwrap();
    let wanted = ["cannot start missing: ", "hello ann"];
    let heard: Vec<_> = lines.filter(|line| wanted.iter().any(|part| line.contains(part))).take(2).collect();
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(heard.len(), 2, "{heard:?}");
}
