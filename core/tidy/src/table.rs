//! The tables of exceptions beside this crate's manifest.

use crate::finding::Finding;

/// A line of a table: its cells, the last of which takes the rest of the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) line: usize,
    pub(crate) cells: Vec<&'a str>,
}

/// The rows of a table with `columns` columns; blank lines and lines that begin with `#` are none.
///
/// A line with fewer cells is a finding: every exception needs all that its table asks for.
pub(crate) fn rows<'a>(path: &str, text: &'a str, columns: usize) -> (Vec<Row<'a>>, Vec<Finding>) {
    let (mut rows, mut found) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut cells = Vec::new();
        let mut rest = line;
        while cells.len() + 1 < columns {
            let Some((cell, after)) = rest.split_once(char::is_whitespace) else { break };
            cells.push(cell);
            rest = after.trim_start();
        }
        cells.push(rest);
        match cells.len() == columns {
            true => rows.push(Row { line: at + 1, cells }),
            false => found.push(Finding::new(
                path,
                at + 1,
                format!("has fewer than {columns} columns: see the head of the file"),
            )),
        }
    }
    (rows, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_takes_the_rest_of_the_line() {
        let (rows, found) = rows("t.txt", "# head\n\na  b  c d e\n", 3);
        assert_eq!(rows, [Row { line: 3, cells: vec!["a", "b", "c d e"] }]);
        assert!(found.is_empty());
    }

    #[test]
    fn an_exception_without_a_reason_is_a_finding() {
        assert_eq!(rows("t.txt", "a b\n", 3).1.len(), 1);
    }
}
