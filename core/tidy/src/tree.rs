//! The files of the repository, read once.

use std::path::Path;
use std::{fs, io};

/// One file: its path from the root of the repository, with `/`, and its text.
#[derive(Debug, Clone)]
pub struct File {
    /// The path.
    pub path: String,
    /// The text; empty for a file that is none, such as a picture.
    pub text: String,
}

/// All files that people wrote, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: Vec<File>,
}

/// Folders that hold nothing that people wrote.
const SKIPPED: [&str; 5] = [".git", "target", "node_modules", "corpus", "artifacts"];

/// The kinds of file whose text some rule reads.
const READ: [&str; 7] = ["rs", "md", "toml", "lua", "txt", "html", "js"];

impl Tree {
    /// Reads everything below `root`.
    ///
    /// # Errors
    ///
    /// If a folder or a file cannot be read.
    pub fn read(root: &Path) -> io::Result<Tree> {
        let mut tree = Tree::default();
        tree.add(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// A tree of these paths and texts: for tests of rules.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Tree { files: files.iter().map(file).collect() }
    }

    fn add(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.add(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                let known = name.rsplit_once('.').is_some_and(|(_, ending)| READ.contains(&ending));
                let text =
                    if known { String::from_utf8_lossy(&fs::read(entry.path())?).into_owned() } else { String::new() };
                self.files.push(File { path, text });
            }
        }
        Ok(())
    }

    /// The files whose path begins and ends like this.
    pub fn files<'a>(&'a self, below: &'a str, ending: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.starts_with(below) && file.path.ends_with(ending))
    }

    /// The file at exactly this path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files that a reader could mean by `path`: whole components at the end of their paths.
    pub fn meant<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| match file.path.strip_suffix(path) {
            Some(before) => before.is_empty() || before.ends_with('/'),
            None => false,
        })
    }

    /// Whether there is such a folder; like `meant`, from anywhere.
    #[must_use]
    pub fn has_folder(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let inner = format!("/{folder}");
        self.files.iter().any(|file| file.path.starts_with(&folder) || file.path.contains(&inner))
    }
}

/// The path that `link` means in a file at `from`, without `.` and `..`; `None` if it leaves the repository.
#[must_use]
pub(crate) fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if link.starts_with('/') {
        parts.clear();
    }
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_from_the_folder_of_their_file() {
        assert_eq!(resolve("core/WHY.md", "abi/src/lib.rs").as_deref(), Some("core/abi/src/lib.rs"));
        assert_eq!(resolve("core/WHY.md", "../README.md").as_deref(), Some("README.md"));
        assert_eq!(resolve("README.md", "../shared/x.md"), None);
    }

    #[test]
    fn a_path_may_be_shortened_from_the_left_by_whole_names() {
        let tree = Tree::of(&[("core/kernel/src/run_queue/README.md", "")]);
        assert_eq!(tree.meant("run_queue/README.md").count(), 1);
        assert_eq!(tree.meant("queue/README.md").count(), 0);
        assert!(tree.has_folder("run_queue/") && !tree.has_folder("queue"));
    }
}
