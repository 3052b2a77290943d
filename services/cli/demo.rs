//! `skyloom demo …`

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use skyloom::Skyloom;

use crate::args::{Demo, DemoChat, Demos};
use crate::chat;
use crate::failure::Failure;
use crate::files;
use crate::signals::Stop;

/// How long services may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn demo(demo: &Demo) -> Result<ExitCode, Failure> {
    match &demo.which {
        Demos::Chat(options) => chat(options),
    }
}

fn chat(options: &DemoChat) -> Result<ExitCode, Failure> {
    files::raise_limit();
    let stop = Stop::listen().map_err(Failure::new)?;
    let mut builder = chat::configure(Skyloom::builder());
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    let skyloom = builder.start().map_err(Failure::new)?;
    let at = chat::Place { host: options.host.clone(), web: options.port_web, lines: options.port_lines };
    let doors = chat::start(&skyloom, &at).map_err(Failure::new)?;
    welcome(doors.web, doors.lines);
    stop.wait(|| ());
    println!("stopping …");
    skyloom.stop(PATIENCE).map_err(Failure::new)?;
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn welcome(web: SocketAddr, lines: SocketAddr) {
    // "All interfaces" is no address that one can go to.
    let reach = |address: SocketAddr| match address {
        any if any.ip().is_unspecified() => format!("127.0.0.1:{}", any.port()),
        one => one.to_string(),
    };
    let (host, port) = (reach(lines), lines.port());
    let host = host.strip_suffix(&format!(":{port}")).unwrap_or(&host);
    println!("skyloom {} – chat", env!("CARGO_PKG_VERSION"));
    println!();
    println!("  web    http://{}", reach(web));
    println!("  lines  {}", reach(lines));
    println!();
    println!("Try:");
    println!("  open http://{} in a browser, and once more in another window", reach(web));
    println!("  nc {} {port}, and say something", host.trim_matches(['[', ']']));
    println!("  skyloom client chat --port {port} --room lobby --bots 20");
    println!();
    println!("Ctrl-C stops it.");
}
