//! The scenarios: one question each.

/// How a scenario's number comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The Lua file prints `RESULT <number>` and ends the node.
    Prints,
    /// The Lua file listens and prints `READY`; our load generator talks lines to it.
    Lines { connections: usize, depth: usize },
}

/// One question and how to ask it.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) question: &'static str,
    /// The Lua file, without its ending.
    pub(crate) file: &'static str,
    pub(crate) keys: &'static [(&'static str, &'static str)],
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) less_is_better: bool,
    /// What the house promises against Skynet.
    pub(crate) floor: Option<f64>,
}

const RATE: Scenario = Scenario {
    name: "",
    question: "",
    file: "",
    keys: &[],
    kind: Kind::Prints,
    unit: "/s",
    less_is_better: false,
    floor: None,
};

/// All scenarios, in the order of the report.
pub(crate) const ALL: &[Scenario] = &[
    Scenario { name: "call-1", question: "one pair, an integer: calls", file: "call", floor: Some(10.0), ..RATE },
    Scenario {
        name: "call-1-table",
        question: "one pair, a table of 14 fields: calls",
        file: "call",
        keys: &[("payload", "table")],
        ..RATE
    },
    Scenario {
        name: "call-64",
        question: "64 pairs at once, an integer: calls",
        file: "call",
        keys: &[("pairs", "64")],
        floor: Some(20.0),
        ..RATE
    },
    Scenario {
        name: "send-1-to-1",
        question: "one sender, one receiver: messages",
        file: "send",
        floor: Some(8.0),
        ..RATE
    },
    Scenario {
        name: "send-8-to-1",
        question: "eight senders, one receiver: messages",
        file: "send",
        keys: &[("senders", "8")],
        ..RATE
    },
    Scenario {
        name: "ring-1000",
        question: "a token round 1 000 services: hops",
        file: "ring",
        floor: Some(30.0),
        ..RATE
    },
    Scenario {
        name: "spawn",
        question: "new Lua services, one after another",
        file: "spawn",
        floor: Some(2.0),
        ..RATE
    },
    Scenario {
        name: "memory",
        question: "an idle Lua service: resident memory",
        file: "spawn",
        keys: &[("measure", "memory"), ("services", "5000")],
        unit: " B",
        less_is_better: true,
        ..RATE
    },
    Scenario {
        name: "lines-100x16",
        question: "line echo in Lua, 100 connections, 16 lines in flight each",
        file: "line_echo",
        kind: Kind::Lines { connections: 100, depth: 16 },
        floor: Some(4.0),
        ..RATE
    },
    Scenario {
        name: "lines-1000x16",
        question: "line echo in Lua, 1 000 connections, 16 lines in flight each",
        file: "line_echo",
        kind: Kind::Lines { connections: 1000, depth: 16 },
        floor: Some(3.0),
        ..RATE
    },
    Scenario {
        name: "lines-100x1",
        question: "line echo in Lua, 100 connections, one line in flight each",
        file: "line_echo",
        kind: Kind::Lines { connections: 100, depth: 1 },
        ..RATE
    },
];

/// The scenarios whose name contains one of `words`; all without words.
pub(crate) fn chosen(words: &[String]) -> Vec<&'static Scenario> {
    let wanted =
        |scenario: &&Scenario| words.is_empty() || words.iter().any(|word| scenario.name.contains(word.as_str()));
    ALL.iter().filter(wanted).collect()
}
