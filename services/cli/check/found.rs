//! What the templates of a config lead to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files that are looked at for one template.
const MOST: usize = 20_000;
/// Folders in each other.
const DEEPEST: usize = 12;

/// A file, and the name by which it would be asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) file: PathBuf,
}

/// What the `?` of a template stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// One word, the name of a service.
    Plain,
    /// Folders too: a dot in the name of a module for each slash.
    Dotted,
}

/// All files that the templates lead to, by name, the first of each name only; and whether those are all.
pub(super) fn find(templates: &str, names: Names) -> (Vec<Found>, bool) {
    let (mut found, mut known, mut is_all) = (Vec::new(), BTreeSet::new(), true);
    for template in templates.split(';').map(str::trim) {
        let Some((before, after)) = template.split_once('?') else { continue };
        // A second ? in a template is so rare that it may be missing here.
        if after.contains('?') {
            continue;
        }
        let (folder, _) = before.rsplit_once('/').unwrap_or((".", before));
        let folder = if folder.is_empty() { "/" } else { folder };
        let shown = if before.contains('/') { format!("{folder}/") } else { String::new() };
        let mut files = Vec::new();
        // A service `?/init.lua` lies one folder deeper than a service `?.lua`.
        let deepest = if names == Names::Plain { after.matches('/').count() } else { DEEPEST };
        is_all &= walk(Path::new(folder), "", deepest, &mut files);
        for file in files {
            let path = format!("{shown}{file}");
            let name = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            let name = name.replace('/', ".");
            if known.insert(name.clone()) {
                found.push(Found { name, file: path.into() });
            }
        }
    }
    found.sort();
    (found, is_all)
}

/// Gathers the files below a folder, relative to it; `false` if there are too many.
fn walk(folder: &Path, prefix: &str, deepest: usize, files: &mut Vec<String>) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return true };
    for entry in entries.flatten() {
        if files.len() >= MOST {
            return false;
        }
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        if path.is_file() {
            files.push(format!("{prefix}{name}"));
        } else if deepest > 0
            && path.is_dir()
            && !name.starts_with('.')
            && !walk(&path, &format!("{prefix}{name}/"), deepest - 1, files)
        {
            return false;
        }
    }
    true
}
