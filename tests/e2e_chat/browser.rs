//! The page, in a real browser.

use serde_json::json;

use crate::chrome::Browser;
use crate::common::lines::Guest;
use crate::common::server::Server;
use crate::common::skip;

/// The texts of the lines that the page shows.
const TEXTS: &str = "[...document.querySelectorAll('#log .line:not(.pending) p')].map((p) => p.textContent)";

/// Opens the page and comes in by the keyboard alone.
fn enter(browser: &mut Browser, server: &Server, nick: &str) {
    browser.open(&format!("http://{}/", server.web));
    browser.until("document.activeElement.id === 'nick'");
    browser.type_line(nick);
    online(browser);
    browser.until("document.activeElement.id === 'text'");
}

fn online(browser: &mut Browser) {
    browser.until("document.getElementById('state').textContent === 'online' && [...state.rooms.values()].every((room) => room.joined)");
}

#[test]
fn a_browser_joins_talks_and_survives_a_restart_of_the_server() {
    let Some(mut browser) = Browser::start("restart") else { return skip("chromium") };
    let mut server = Server::start();
    let mut bob = Guest::enter(server.lines, "bob", "lobby");
    enter(&mut browser, &server, "ann");
    bob.hears("* ann joined");
    assert_eq!(browser.value("document.getElementById('people-label').textContent"), "Here — 2");

    browser.type_line("hello <b>bob</b>");
    assert_eq!(bob.hears("<ann>"), "<ann> hello <b>bob</b>");
    let evil = "<img src=x onerror=alert(1)> see http://127.0.0.1:1/a?b=1.";
    bob.say(evil);
    browser.until(&format!("{TEXTS}.length === 2"));
    assert_eq!(browser.value(TEXTS), json!(["hello <b>bob</b>", evil]));
    assert_eq!(browser.value("document.querySelectorAll('#log img, #log b').length"), 0, "text stays text");
    assert_eq!(browser.value("document.querySelector('#log a').href"), "http://127.0.0.1:1/a?b=1");

    // Her connection breaks; what she has seen she does not see again.
    browser.value("state.socket.close()");
    online(&mut browser);
    assert_eq!(browser.value(&format!("{TEXTS}.length")), 2);

    let (web, lines) = (server.web.port(), server.lines.port());
    assert!(server.stop());
    browser.until("!document.getElementById('banner').hidden");
    browser.type_line("said while nobody listened");
    browser.until("document.querySelectorAll('#log .pending').length === 1");
    let server = Server::start_at(web, lines);
    online(&mut browser);
    browser.until(&format!("{TEXTS}.length === 3"));
    let mut bob = Guest::enter(server.lines, "bob", "lobby");
    assert!(bob.heard.iter().any(|line| line.ends_with("<ann> said while nobody listened")), "{:?}", bob.heard);
    bob.say("welcome back");
    browser.until(&format!("{TEXTS}.length === 4"));
    let all = json!(["hello <b>bob</b>", evil, "said while nobody listened", "welcome back"]);
    assert_eq!(browser.value(TEXTS), all, "nothing twice, nothing lost");
    assert_eq!(browser.value("document.querySelectorAll('#log .pending').length"), 0);
    browser.is_sound();
}

#[test]
fn rooms_names_and_unread_lines_are_shown() {
    let Some(mut browser) = Browser::start("rooms") else { return skip("chromium") };
    let server = Server::start();
    let mut bob = Guest::enter(server.lines, "bob", "lobby");
    enter(&mut browser, &server, "ann");
    browser.type_line("/join games");
    browser.until("document.getElementById('title').textContent === '# games'");
    bob.say("are you there?");
    browser.until("document.querySelector('#rooms .unread')?.textContent === '1'");
    browser.until("document.title.startsWith('(1)')");

    browser.type_line("/nick anna");
    bob.hears("* ann is now anna");
    browser.until("document.getElementById('my-nick').textContent === 'anna'");
    browser.type_line("/nick bob");
    browser.until("document.querySelector('#log .wrong')?.textContent === 'bob is taken'");

    browser.value(
        "[...document.querySelectorAll('#rooms button')].find((b) => b.textContent.startsWith('lobby')).click()",
    );
    browser.until(&format!("JSON.stringify({TEXTS}) === '[\"are you there?\"]'"));
    assert_eq!(browser.value("document.querySelectorAll('#rooms .unread').length"), 0);
    assert_eq!(browser.value("location.hash"), "#lobby");
    browser.type_line("/leave");
    bob.hears("* anna left");
    browser.until("document.getElementById('title').textContent === '# games'");
    browser.is_sound();
}

#[test]
fn a_name_that_is_taken_is_asked_for_again() {
    let Some(mut browser) = Browser::start("taken") else { return skip("chromium") };
    let server = Server::start();
    let _bob = Guest::enter(server.lines, "bob", "lobby");
    browser.open(&format!("http://{}/#games", server.web));
    browser.until("document.activeElement.id === 'nick'");
    browser.type_line("bob");
    browser.until("document.getElementById('nick-error').textContent === 'bob is taken'");
    browser.type_line("ann");
    online(&mut browser);
    assert_eq!(browser.value("document.getElementById('title').textContent"), "# games");
    browser.is_sound();
}
