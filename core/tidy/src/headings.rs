//! The headings of a Markdown text and the anchors they make.

/// A line of Markdown outside code fences, with its number from 1.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((at + 1, line))
    })
}

/// The text of a heading and how deep it is.
pub(crate) fn heading(line: &str) -> Option<(usize, &str)> {
    let depth = line.bytes().take_while(|byte| *byte == b'#').count();
    let text = line[depth..].strip_prefix(' ')?;
    (1..=6).contains(&depth).then_some((depth, text.trim()))
}

/// The anchor of a heading, as pages of repositories make them.
pub(crate) fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// All anchors of a text; the second of the same name ends in `-1`.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let Some((_, heading)) = heading(line) else { continue };
        let slug = slug(heading);
        let again = seen.iter().filter(|other| **other == slug).count();
        anchors.push(if again == 0 { slug.clone() } else { format!("{slug}-{again}") });
        seen.push(slug);
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_made_as_readers_link_them() {
        let text = "# The hot slot's promise\n```\n# not me\n```\n## Why `Vec`, and why not?\n## Again\n## Again\n";
        assert_eq!(anchors(text), ["the-hot-slots-promise", "why-vec-and-why-not", "again", "again-1"]);
    }
}
