//! People with `nc` and people with a WebSocket, in one room.

use serde_json::json;

use crate::common::lines::Guest;
use crate::common::server::Server;
use crate::common::web::WebGuest;

#[test]
fn people_of_both_kinds_talk_in_one_room() {
    let server = Server::start();
    let mut bob = Guest::enter(server.lines, "bob", "games");
    let mut ann = WebGuest::enter(server.web, "ann", "games");
    assert_eq!(bob.hears("* ann"), "* ann joined");

    ann.say(&json!({"do": "say", "room": "games", "text": "hello <b>bob</b>", "ref": "k1"}));
    assert_eq!(bob.hears("<ann>"), "<ann> hello <b>bob</b>");
    let own = ann.hears("line");
    assert_eq!((own["ref"].as_str(), own["id"].as_u64()), (Some("k1"), Some(1)));

    bob.say("grüß dich 😀");
    assert_eq!(bob.hears("<bob>"), "<bob> grüß dich 😀", "what was said comes back to who said it");
    let line = ann.hears("line");
    assert_eq!((line["user"].as_str(), line["text"].as_str()), (Some("bob"), Some("grüß dich 😀")));

    bob.say("/nick robert");
    let renamed = ann.hears("renamed");
    assert_eq!((renamed["from"].as_str(), renamed["to"].as_str()), (Some("bob"), Some("robert")));
    bob.say("/quit");
    assert_eq!(ann.hears("leave")["user"], "robert");
    bob.rest();
    assert!(bob.heard.iter().any(|line| line == "* you are robert now"), "{:?}", bob.heard);
}

#[test]
fn who_comes_later_reads_what_was_said_and_who_comes_back_only_what_is_new() {
    let server = Server::start();
    let mut bob = Guest::enter(server.lines, "bob", "games");
    bob.say("one");
    bob.say("two");
    bob.hears("<bob> two");

    let mut ann = WebGuest::connect(server.web, "/chat");
    ann.say(&json!({"do": "hello", "nick": "ann", "token": "a secret"}));
    ann.hears("welcome");
    ann.say(&json!({"do": "join", "room": "games"}));
    let joined = ann.hears("joined");
    assert_eq!(joined["people"], json!(["ann", "bob"]));
    let texts = |lines: &serde_json::Value| -> Vec<String> {
        lines.as_array().unwrap().iter().map(|line| line[2].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&joined["lines"]), ["one", "two"]);

    // Her connection breaks without a word, and the server does not know it yet.
    let mut again = WebGuest::connect(server.web, "/chat");
    again.say(&json!({"do": "hello", "nick": "ann", "token": "a secret"}));
    again.hears("welcome");
    assert_eq!(ann.end(), 1000, "the token took the name over from the old connection");
    bob.say("three");
    bob.hears("<bob> three");
    again.say(&json!({"do": "join", "room": "games", "since": 2, "epoch": joined["epoch"]}));
    assert_eq!(texts(&again.hears("joined")["lines"]), ["three"]);
    again.say(&json!({"do": "history", "room": "games", "before": 3}));
    assert_eq!(texts(&again.hears("history")["lines"]), ["one", "two"]);

    let mut carl = Guest::enter(server.lines, "carl", "games");
    carl.say("/who");
    assert_eq!(carl.hears("* here"), "* here: ann, bob, carl");
    let old: Vec<_> = carl.heard.iter().filter(|line| line.contains("UTC] <bob>")).collect();
    assert_eq!(old.len(), 3);
}

#[test]
fn a_room_keeps_its_last_thousand_lines() {
    let server = Server::start();
    // One person may not say so much so fast, so many do.
    let mut people: Vec<Guest> = (0..21).map(|n| Guest::enter(server.lines, &format!("p{n}"), "games")).collect();
    for person in &mut people {
        (0..50).for_each(|line| person.say(&line.to_string()));
    }
    let mut said = 0;
    while said < 21 * 50 {
        said += usize::from(people[0].next().unwrap().starts_with('<'));
    }
    let mut ann = WebGuest::enter(server.web, "ann", "games");
    let mut before = 1051;
    let mut read = 0;
    loop {
        ann.say(&json!({"do": "history", "room": "games", "before": before}));
        let news = ann.hears("history");
        let lines = news["lines"].as_array().unwrap();
        let Some(first) = lines.first() else { break };
        read += lines.len();
        before = first[0].as_u64().unwrap();
    }
    assert_eq!((read, before), (1000, 51));
}

#[test]
fn a_name_belongs_to_one_person_whatever_its_case() {
    let server = Server::start();
    let _ann = WebGuest::enter(server.web, "ann", "lobby");
    let mut other = WebGuest::connect(server.web, "/chat");
    other.say(&json!({"do": "hello", "nick": "ANN", "token": "another secret"}));
    assert_eq!(other.hears("error")["text"], "ANN is taken");
    let mut bob = Guest::enter(server.lines, "bob", "lobby");
    bob.say("/nick Ann");
    assert_eq!(bob.hears("!"), "! Ann is taken");
    bob.say("/nick BOB");
    assert_eq!(bob.hears("* you are BOB"), "* you are BOB now", "one's own name in another case is free");
}

#[test]
fn one_person_s_lines_keep_their_order_whatever_is_said_between() {
    let server = Server::start();
    let mut bob = Guest::connect(server.lines);
    // All in one go, before anything has been answered.
    bob.say("first\n/nick bob\nsecond\n/join games\nthird\n/nick rob\nfourth");
    bob.hears("<rob> fourth");
    let said: Vec<_> = bob.heard.iter().filter(|line| line.starts_with('<')).map(String::as_str).collect();
    assert!(said[0].ends_with("> first"), "{said:?}");
    assert_eq!(&said[1..], ["<bob> second", "<bob> third", "<rob> fourth"]);
}

#[test]
fn a_flood_harms_nobody_and_loses_nothing() {
    let server = Server::start();
    let mut listener = Guest::enter(server.lines, "listener", "games");
    let mut flood = Guest::enter(server.lines, "flood", "games");
    let mut other = Guest::enter(server.lines, "other", "games");
    let lines: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    flood.say(&lines.join("\n"));
    other.say("hello");
    let (mut heard, mut hello_after) = (0, None);
    while heard < 100 {
        let line = listener.hears("<");
        if line == "<other> hello" {
            hello_after = Some(heard);
        } else {
            assert_eq!(line, format!("<flood> {heard}"));
            heard += 1;
        }
    }
    assert!(hello_after.is_some_and(|after| after <= 80), "held up by the flood: {hello_after:?}");
}
