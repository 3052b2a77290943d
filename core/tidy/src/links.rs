//! Files that prose points to exist, and so do the headings that it cites.
//!
//! Three ways of pointing are read: a link `[text](path#anchor)` in a `.md`
//! file; a path in back-ticks there; and a path of a file anywhere in a
//! comment. A path may be shortened from the left (`run_queue/README.md`). A
//! heading is cited as `FILE.md#anchor` or as `FILE.md, "Heading"`.

use crate::finding::Finding;
use crate::headings::{anchors, prose, slug};
use crate::rust::Source;
use crate::tree::{Tree, resolve};

/// Endings by which a word is known to be the path of a file of ours.
const ENDINGS: [&str; 2] = [".md", ".rs"];

/// …and those by which it is only if it names a folder too: `hello.lua` may be anybody's.
const ENDINGS_WITH_FOLDER: [&str; 4] = [".lua", ".toml", ".txt", ".html"];

/// Files that a run makes, and that prose may name all the same.
const MADE: [&str; 1] = ["latest.md"];

/// Checks a Markdown file.
#[must_use]
pub fn check_markdown(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, prose) in prose(text) {
        for link in link_targets(prose) {
            found.extend(check_link(tree, path, text, link).map(|text| Finding::new(path, line, text)));
        }
        for quoted in prose.split('`').skip(1).step_by(2) {
            // A test is cited as `file::name`.
            let file = quoted.split("::").next().unwrap_or_default();
            let file = if is_path(file) { file } else { quoted };
            if is_path(file) && !exists(tree, path, file) || is_folder(file) && !tree.has_folder(file) {
                found.push(Finding::new(path, line, format!("names `{file}`, which is not there")));
            }
        }
        found.extend(check_citations(tree, path, line, prose));
    }
    found
}

/// Checks the comments of a Rust file.
#[must_use]
pub fn check_comments(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let comments = Source::of(text).comments;
    comments.lines().enumerate().flat_map(|(at, line)| check_comment(tree, path, at + 1, line)).collect()
}

/// Checks the comments of a Lua file.
#[must_use]
pub fn check_lua_comments(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let comments = text.lines().enumerate().filter_map(|(at, line)| Some((at + 1, line.split_once("--")?.1)));
    comments.flat_map(|(line, comment)| check_comment(tree, path, line, comment)).collect()
}

fn check_comment(tree: &Tree, path: &str, line: usize, comment: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let stops = |c: char| c.is_whitespace() || "`\"'()[]<>,;:!".contains(c);
    for word in comment.split(stops) {
        let word = word.split('#').next().unwrap_or_default().trim_end_matches('.');
        // A page of somebody else's site is none of our files.
        if is_path(word) && !word.starts_with("//") && !exists(tree, path, word) {
            found.push(Finding::new(path, line, format!("names `{word}`, which is not there")));
        }
    }
    found.extend(check_citations(tree, path, line, comment));
    found
}

/// The targets of the links in a line: `[text](target)` and `[text]: target`.
fn link_targets(line: &str) -> Vec<&str> {
    let code = |at: usize| line[..at].matches('`').count() % 2 == 1;
    let inline = line.match_indices("](").filter(|(at, _)| !code(*at));
    let mut targets: Vec<&str> = inline.filter_map(|(at, _)| line[at + 2..].split([')', ' ']).next()).collect();
    if let Some((_, target)) = line.split_once("]: ").filter(|(text, _)| text.starts_with('[')) {
        targets.extend(target.split(' ').next());
    }
    targets
}

fn check_link(tree: &Tree, from: &str, own: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let Some(target) = (if file.is_empty() { Some(from.to_owned()) } else { resolve(from, file) }) else {
        return Some(format!("links to `{link}`, which is outside the repository"));
    };
    let text = match tree.get(&target) {
        Some(_) if file.is_empty() => own,
        Some(file) => &file.text,
        None if target.is_empty() || tree.files(&format!("{target}/"), "").next().is_some() => return None,
        None => return Some(format!("links to `{link}`, which is not there")),
    };
    let dead = !anchor.is_empty() && target.ends_with(".md") && !anchors(text).iter().any(|other| other == anchor);
    dead.then(|| format!("links to `{link}`, but no heading there makes the anchor `{anchor}`"))
}

/// Checks `FILE.md#anchor` and `FILE.md, "Heading"` in running text.
fn check_citations(tree: &Tree, path: &str, line: usize, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(".md") {
        let end = at + ".md".len();
        let start = text[..at].rfind(|c: char| !is_path_char(c)).map_or(0, |before| before + 1);
        let (file, rest) = (&text[start..end], text[end..].trim_start_matches('`'));
        let wanted = if let Some(rest) = rest.strip_prefix('#') {
            rest.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).next().map(str::to_owned)
        } else {
            let rest = rest.trim_start_matches([',', ' ']);
            let rest = rest.strip_prefix("section ").unwrap_or(rest);
            rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(heading, _)| slug(heading))
        };
        // A link proper has been looked at already.
        let Some(wanted) = wanted.filter(|_| !text[..start].ends_with("](")) else { continue };
        if !targets(tree, path, file).iter().any(|target| anchors(target).contains(&wanted)) {
            found.push(Finding::new(path, line, format!("cites `{wanted}` of {file}, which has no such heading")));
        }
    }
    found
}

fn targets<'a>(tree: &'a Tree, from: &str, file: &'a str) -> Vec<&'a str> {
    let beside = resolve(from, file).and_then(|path| tree.get(&path));
    match beside {
        Some(file) => vec![&file.text],
        None => tree.meant(file).map(|file| file.text.as_str()).collect(),
    }
}

fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./".contains(c)
}

fn is_path(word: &str) -> bool {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending) && word.len() > ending.len());
    word.chars().all(is_path_char) && (ends(&ENDINGS) || word.contains('/') && ends(&ENDINGS_WITH_FOLDER))
}

fn is_folder(word: &str) -> bool {
    word.ends_with('/') && !word.starts_with('/') && word.chars().all(is_path_char)
}

fn exists(tree: &Tree, from: &str, word: &str) -> bool {
    if resolve(from, word).is_some_and(|path| tree.get(&path).is_some()) {
        return true;
    }
    if MADE.iter().any(|made| word.ends_with(made)) {
        return true;
    }
    // Every folder may have a README: a bare one in a comment is that of the file's folder or crate.
    if word == "README.md" && from.ends_with(".rs") {
        let krate = from.rsplit_once("/src/").map(|(krate, _)| krate.to_owned());
        return krate.is_some_and(|krate| tree.get(&format!("{krate}/README.md")).is_some());
    }
    tree.meant(word.trim_start_matches("./")).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::of(&[
            ("README.md", "# Top\n## Try it\n"),
            ("core/kernel/src/worker.rs", ""),
            ("core/kernel/src/queue/README.md", "## Why no wake-up is lost\n"),
            ("examples/chat/screenshot.png", ""),
        ])
    }

    fn markdown(text: &str) -> Vec<String> {
        check_markdown(&tree(), "README.md", text).into_iter().map(|found| found.text).collect()
    }

    fn comments(text: &str) -> usize {
        check_comments(&tree(), "core/kernel/src/mailbox.rs", text).len()
    }

    #[test]
    fn links_to_what_is_there_are_good() {
        let good = "# Top\n![p](examples/chat/screenshot.png) [a](core/kernel/) [b](#top)\n[c](core/kernel/src/queue/README.md#why-no-wake-up-is-lost)\n\
                    [d](https://example.org/x.md) `queue/README.md` `kernel/src/` `hello.lua` `[e](gone.md)`\n```\n[f](gone.md)\n```\n";
        assert_eq!(markdown(good), [""; 0]);
    }

    #[test]
    fn links_to_what_is_gone_are_found() {
        assert_eq!(markdown("[a](gone.md)\n[b](#gone)\n[c](core/kernel/src/queue/README.md#gone)\n`gone/x.rs` `gone/`\n[d]: core/x.png\n").len(), 6);
        assert!(markdown("[a](../x.md)")[0].contains("outside"));
    }

    #[test]
    fn comments_that_name_a_file_or_a_heading_are_followed() {
        assert_eq!(comments("// See `worker.rs`, queue/README.md and src/queue/README.md.\nlet a = \"gone.rs\";"), 0);
        assert_eq!(
            comments("//! queue/README.md, \"Why no wake-up is lost\" and queue/README.md#why-no-wake-up-is-lost"),
            0
        );
        assert_eq!(comments("// See `gone.rs`.\n// README.md beside this file"), 2);
        assert_eq!(comments("//! queue/README.md, section \"How\" and queue/README.md#how"), 2);
    }

    #[test]
    fn comments_of_lua_files_are_followed_too() {
        let found = check_lua_comments(&tree(), "lualib/a.lua", "local x = 1 -- see kernel/gone.rs\n");
        assert_eq!(found.len(), 1);
    }
}
