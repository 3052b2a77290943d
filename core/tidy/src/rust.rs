//! Rust text, parted into code and comments without parsing it.

/// A Rust file as two texts of the same lines: what the compiler sees, and what people read.
///
/// # Examples
/// ```
/// use skyloom_tidy::Source;
/// let source = Source::of("let a = \"// no\"; // yes");
/// assert_eq!(source.code.trim_end(), "let a = \"     \";");
/// assert_eq!(source.comments.trim_start(), "// yes");
/// ```
#[derive(Debug, Clone)]
pub struct Source {
    /// The code; comments and the insides of strings are blank.
    pub code: String,
    /// The comments; all else is blank.
    pub comments: String,
}

/// Reads one text into the two, keeping lines and columns.
struct Parter<'a> {
    rest: &'a [char],
    code: String,
    comments: String,
}

impl Source {
    /// Parts `text`.
    #[must_use]
    pub fn of(text: &str) -> Source {
        let chars: Vec<char> = text.chars().collect();
        let mut parter = Parter { rest: &chars, code: String::new(), comments: String::new() };
        while !parter.rest.is_empty() {
            parter.step();
        }
        Source { code: parter.code, comments: parter.comments }
    }

    /// The code without items under `#[cfg(test)]` or `#[cfg(all(test, …))]`.
    #[must_use]
    pub fn code_without_tests(&self) -> String {
        let mut code = self.code.clone();
        for mark in ["#[cfg(test)]", "#[cfg(all(test"] {
            while let Some(start) = code.find(mark) {
                let end = start + item_len(&code[start..]);
                let blank: String = code[start..end].chars().map(blank).collect();
                code.replace_range(start..end, &blank);
            }
        }
        code
    }
}

fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

/// How long the item at the start of `code` is: to its `;`, or to the brace that closes it.
fn item_len(code: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in code.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

impl Parter<'_> {
    fn step(&mut self) {
        match self.rest {
            ['/', '/', ..] => {
                let len = self.rest.iter().position(|c| *c == '\n').unwrap_or(self.rest.len());
                self.comment(len);
            }
            ['/', '*', ..] => self.comment(block_len(self.rest)),
            ['"', ..] => self.string(string_len(self.rest)),
            ['\'', '\\', ..] => self.string(char_len(self.rest)),
            ['\'', _, '\'', ..] => self.string(3),
            ['r', '"' | '#', ..] if !self.after_word() => match raw_len(self.rest) {
                Some(len) => self.string(len),
                None => self.code(1),
            },
            ['b' | 'c', 'r', '"' | '#', ..] if !self.after_word() => match raw_len(&self.rest[1..]) {
                Some(len) => self.string(len + 1),
                None => self.code(1),
            },
            _ => self.code(1),
        }
    }

    fn after_word(&self) -> bool {
        self.code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    fn take(&mut self, len: usize) -> &[char] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn code(&mut self, len: usize) {
        let text: String = self.take(len).iter().collect();
        self.comments.extend(text.chars().map(blank));
        self.code.push_str(&text);
    }

    fn comment(&mut self, len: usize) {
        let text: String = self.take(len).iter().collect();
        self.code.extend(text.chars().map(blank));
        self.comments.push_str(&text);
    }

    /// A literal: its first and last character stay, so that something stands there.
    fn string(&mut self, len: usize) {
        let text = self.take(len).to_vec();
        for (at, c) in text.iter().enumerate() {
            let edge = at == 0 || at + 1 == text.len();
            self.code.push(if edge { *c } else { blank(*c) });
            self.comments.push(blank(*c));
        }
    }
}

fn block_len(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn string_len(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn char_len(rest: &[char]) -> usize {
    // The character after the backslash may be a quote itself.
    rest.iter().skip(3).position(|c| *c == '\'').map_or(rest.len(), |at| at + 4)
}

/// The length of the raw string that begins here; `None` for a raw identifier.
fn raw_len(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let body = &rest[hashes + 2..];
    let closes = |at: &usize| body[*at] == '"' && body[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    let end = (0..body.len()).find(closes);
    Some(end.map_or(rest.len(), |at| hashes + 2 + at + 1 + hashes))
}

/// The words of some code with the number of their line: identifiers and key words.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let word = |c: char| !(c.is_alphanumeric() || c == '_');
    code.lines()
        .enumerate()
        .flat_map(move |(at, line)| line.split(word).filter(|w| !w.is_empty()).map(move |w| (at + 1, w)))
}

/// The line, counted from 1, that the byte `at` of `text` stands in.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The names that follow `root::` in some code, with their lines: `crate::a::B` and `crate::{a::B, c}` name `a`, `a` and `c`.
pub(crate) fn names_below(code: &str, root: &str) -> Vec<(usize, String)> {
    let path = format!("{root}::");
    let mut names = Vec::new();
    for (at, _) in code.match_indices(&path) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
            continue;
        }
        let rest = &code[at + path.len()..];
        let start = at + path.len();
        match rest.strip_prefix('{') {
            None => names.extend(leading_name(rest).map(|name| (line_of(code, start), name))),
            Some(group) => {
                for (offset, part) in parts_of(group) {
                    let space = part.len() - part.trim_start().len();
                    let line = line_of(code, start + 1 + offset + space);
                    names.extend(leading_name(part.trim_start()).map(|name| (line, name)));
                }
            }
        }
    }
    names
}

fn leading_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The parts of a `use` group between its commas, without what stands in inner braces.
fn parts_of(group: &str) -> Vec<(usize, &str)> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 1, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && c == ',' {
            parts.push((start, &group[start..at]));
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_not_code() {
        let source = Source::of(
            "a(\"unsafe \\\" x\", r#\"un\"safe\"#, '\"', b'\\'', 'a'); /* unsafe /* x */ y */ b::<'a>() // z\nc",
        );
        let seen: Vec<&str> = words(&source.code).map(|(_, word)| word).filter(|w| w.len() > 1).collect();
        assert!(seen.is_empty(), "{seen:?}");
        assert_eq!(source.code.lines().count(), 2);
        assert!(source.comments.contains("/* unsafe /* x */ y */") && source.comments.contains("// z"));
    }

    #[test]
    fn raw_names_are_code() {
        assert!(Source::of("let r#type = for_r\"x\"; var").code.contains("type"));
        assert!(Source::of("macro_r#x var").code.contains("var"));
    }

    #[test]
    fn tests_inside_a_file_can_be_left_out() {
        let source = Source::of(
            "use a;\n#[cfg(test)]\nmod tests { fn x() { y } }\n#[cfg(all(test, not(z)))]\nmod more;\nfn b() {}",
        );
        let left = source.code_without_tests();
        assert_eq!(words(&left).collect::<Vec<_>>(), [(1, "use"), (1, "a"), (6, "fn"), (6, "b")]);
    }

    #[test]
    fn names_are_found_in_plain_paths_and_in_groups() {
        let code = "use crate::a::B;\nuse crate::{\n    c::{D, e},\n    f,\n};\nlet x = crate::g();\nmy_crate::no();";
        let names = names_below(code, "crate");
        let expected = [(1, "a"), (3, "c"), (4, "f"), (6, "g")].map(|(line, name)| (line, name.to_owned()));
        assert_eq!(names, expected);
    }
}
