//! Typed messages: by type inside the process, as Lua values for everybody else, and the same to both.

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::log_of;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use skyloom::prelude::*;
use skyloom::test::Sim;
use skyloom::wire::seri;
use skyloom::{Message, Payload, Protocol, pack, unpack};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    Nothing,
    Add(u32),
    Both(i64, String),
    List(Vec<i64>),
    Moved { x: f64, name: Option<String> },
    Nested(Box<Thing>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Thing {
    tags: BTreeMap<String, bool>,
    kind: Kind,
    parts: Vec<Thing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Kind {
    Round,
    Square(u8),
}

/// Answers with what it was asked.
struct Mirror;

impl Service for Mirror {
    type Message = Ask;

    fn handle(&mut self, ctx: &Context<Self>, ask: Ask) -> Result<Answer, Error> {
        ctx.reply(ask)
    }
}

fn thing() -> impl Strategy<Value = Thing> {
    let kind = prop_oneof![Just(Kind::Round), any::<u8>().prop_map(Kind::Square)];
    let tags = proptest::collection::btree_map("[a-z]{1,8}", any::<bool>(), 0..4);
    let leaf = (tags.clone(), kind.clone()).prop_map(|(tags, kind)| Thing { tags, kind, parts: vec![] });
    leaf.prop_recursive(3, 16, 3, move |inner| {
        (tags.clone(), kind.clone(), proptest::collection::vec(inner, 0..3)).prop_map(|(tags, kind, parts)| Thing {
            tags,
            kind,
            parts,
        })
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        Just(Ask::Nothing),
        any::<u32>().prop_map(Ask::Add),
        (any::<i64>(), ".{0,40}").prop_map(|(number, text)| Ask::Both(number, text)),
        proptest::collection::vec(any::<i64>(), 0..20).prop_map(Ask::List),
        (any::<i32>(), proptest::option::of(".{0,8}")).prop_map(|(x, name)| Ask::Moved { x: f64::from(x) / 4.0, name }),
        thing().prop_map(|thing| Ask::Nested(Box::new(thing))),
    ]
}

proptest! {
    #[test]
    fn a_message_means_the_same_handed_over_and_read_from_bytes(ask in ask()) {
        let mut sim = Sim::new(1);
        let mirror = sim.spawn(Mirror);
        prop_assert_eq!(sim.call::<Ask>(mirror, ask.clone()), Ok(ask.clone()));
        let bytes = Payload::from(seri::to_bytes(&ask).unwrap());
        let asked = sim.ask_raw::<Ask>(mirror, Protocol::LUA, bytes);
        sim.run();
        prop_assert_eq!(asked.answer(), Some(Ok(ask.clone())));
        let answer = pack(ask.clone()).into_bytes();
        prop_assert_eq!(seri::from_bytes::<Ask>(&answer).unwrap(), ask);
    }
}

#[test]
fn what_lua_services_say_reaches_the_enum() {
    let mut sim = Sim::new(1);
    let mirror = sim.spawn(Mirror);
    let moved = Ask::Moved { x: 1.5, name: None };
    assert_eq!(sim.call(mirror, ("add", 5)), Ok(Ask::Add(5)));
    assert_eq!(sim.call(mirror, "nothing"), Ok(Ask::Nothing));
    assert_eq!(sim.call(mirror, ("both", 5, "ann")), Ok(Ask::Both(5, "ann".into())));
    assert_eq!(sim.call(mirror, ("moved", BTreeMap::from([("x", 1.5)]))), Ok(moved));
    assert_eq!(sim.call(mirror, Ask::Both(5, "ann".into())), Ok(("both".to_owned(), 5, "ann".to_owned())));
}

static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// Counts how often it is serialised.
#[derive(Deserialize)]
struct Counted(u64);

impl Serialize for Counted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WRITTEN.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_u64(self.0)
    }
}

#[test]
fn between_rust_services_nothing_is_serialised() {
    struct Next;
    impl Service for Next {
        type Message = Counted;
        fn handle(&mut self, ctx: &Context<Self>, counted: Counted) -> Result<Answer, Error> {
            ctx.reply(Counted(counted.0 + 1))
        }
    }
    let mut sim = Sim::new(1);
    let next = sim.spawn(Next);
    assert_eq!(sim.call::<Counted>(next, Counted(1)).unwrap().0, 2);
    assert_eq!(WRITTEN.load(Ordering::Relaxed), 0);
    assert_eq!(sim.call(next, Counted(1)), Ok(2u64), "only a receiver with another type needs the bytes");
    assert_eq!(WRITTEN.load(Ordering::Relaxed), 1);
}

#[test]
fn a_message_that_cannot_be_understood_is_refused_with_what_was_expected_and_reported_once() {
    let mut sim = Sim::new(1);
    let lines = log_of(sim.node());
    let mirror = sim.spawn(Mirror);
    for _ in 0..3 {
        let error = sim.call::<Ask>(mirror, ("subtract", 5)).unwrap_err().to_string();
        assert!(error.starts_with("expected Ask: no variant \"subtract\" among nothing, add"), "{error}");
        sim.send(mirror, ("add", "five")).unwrap();
        let garbage = Message::send(None, Protocol::LUA, Payload::from(&b"\xff\xff"[..]));
        sim.post(mirror, garbage).unwrap();
    }
    assert_eq!(sim.call(mirror, Ask::Add(1)), Ok(Ask::Add(1)), "it lives");
    assert_eq!(lines.try_iter().count(), 1);
}

#[test]
fn an_answer_that_cannot_be_understood_is_an_error_of_the_call() {
    let mut sim = Sim::new(1);
    let mirror = sim.spawn(Mirror);
    let error = sim.call::<(String, String)>(mirror, Ask::Add(1)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("answer of {mirror}: expected (String, String): ")), "{error}");
}

#[test]
fn other_protocols_go_to_raw_and_are_refused_unless_somebody_handles_them() {
    struct Shouts;
    impl Service for Shouts {
        type Message = ();
        fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
            ctx.done()
        }
        fn raw(&mut self, ctx: &Context<Self>, message: Message) -> Result<Answer, Error> {
            let text = String::from_utf8(message.payload.into_bytes())?;
            ctx.reply(text.to_uppercase())
        }
    }
    let mut sim = Sim::new(1);
    let lines = log_of(sim.node());
    let (shouts, mirror) = (sim.spawn(Shouts), sim.spawn(Mirror));
    let mut text = |to| {
        let asked = sim.ask_raw::<String>(to, Protocol::TEXT, Payload::from("hello"));
        sim.run();
        asked.answer().unwrap()
    };
    assert_eq!(text(shouts), Ok("HELLO".into()));
    for _ in 0..3 {
        assert_eq!(text(mirror), Err(CallError::Refused("Mirror understands no text messages".into())));
    }
    assert_eq!(lines.try_iter().count(), 1, "said once");
    assert_eq!(unpack::<u8>(Payload::from(seri::to_bytes(&7).unwrap())).unwrap(), 7);
}
