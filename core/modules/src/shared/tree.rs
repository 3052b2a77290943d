//! Values that never change: a tree of tables in a few flat arrays.
//!
//! Built once, then shared by any number of readers. A table is a number, so tables may refer to
//! each other in circles and dropping a tree is not recursive. Keys are sorted: a table is walked in
//! the same order by everybody, and a walk can go on in a newer tree.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// A text inside a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    at: u32,
    len: u32,
}

/// A value inside a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(Span),
    Table(u32),
    /// Bytecode without upvalues.
    Function(u32),
    /// An address that means something to others.
    Light(usize),
}

/// A key inside a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Key {
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Text(Span),
}

/// A key that somebody looks for, or is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Name<'a> {
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Text(&'a [u8]),
}

/// The root's number.
pub(crate) const ROOT: u32 = 0;

/// Tables, values and keys that a tree may have.
const MAX_COUNT: usize = 1 << 30;

/// Bytes that a tree may have, so that a table that contains itself many times over cannot eat the machine.
///
/// Tests reach a smaller one in less time.
pub(crate) const MAX_BYTES: usize = if cfg!(test) { 16 << 20 } else { 1 << 30 };

/// Tables with more keys than this are searched by hash.
const FEW: usize = 16;

/// Longer texts are not looked for among those that are there already.
const INTERNED: usize = 128;

#[derive(Debug)]
struct Table {
    parent: u32,
    /// Under what the parent has it; none for the root.
    key: Option<Key>,
    /// The values at 1, 2, 3 …
    array: (u32, u32),
    /// The others, sorted.
    map: (u32, u32),
    /// Where its part of the index begins, if it has one.
    index: u32,
}

/// An immutable tree of tables.
pub(crate) struct Tree {
    bytes: Vec<u8>,
    values: Vec<Value>,
    entries: Vec<(Key, Value)>,
    index: Vec<u32>,
    tables: Vec<Table>,
    functions: Vec<Box<[u8]>>,
    hasher: RandomState,
}

/// It has more than a tree may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A tree that is being built.
pub(crate) struct Builder {
    tree: Tree,
    texts: HashMap<Box<[u8]>, Span>,
}

impl Name<'_> {
    fn rank(&self) -> u8 {
        match self {
            Name::Integer(_) => 0,
            Name::Number(_) => 1,
            Name::Boolean(_) => 2,
            Name::Text(_) => 3,
        }
    }

    /// Integers, other numbers, booleans, texts; each among themselves by value.
    fn order(&self, other: &Name<'_>) -> Ordering {
        match (self, other) {
            (Name::Integer(a), Name::Integer(b)) => a.cmp(b),
            (Name::Number(a), Name::Number(b)) => a.total_cmp(b),
            (Name::Boolean(a), Name::Boolean(b)) => a.cmp(b),
            (Name::Text(a), Name::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Integer(value) => write!(f, "{value}"),
            Name::Number(value) => write!(f, "{value}"),
            Name::Boolean(value) => write!(f, "{value}"),
            Name::Text(value) => f.write_str(&String::from_utf8_lossy(value)),
        }
    }
}

impl Tree {
    /// The bytes of a text.
    pub(crate) fn text(&self, span: Span) -> &[u8] {
        &self.bytes[span.at as usize..][..span.len as usize]
    }

    /// The bytecode of a function.
    pub(crate) fn function(&self, id: u32) -> Option<&[u8]> {
        self.functions.get(id as usize).map(AsRef::as_ref)
    }

    /// A key in words that mean something outside.
    pub(crate) fn name(&self, key: Key) -> Name<'_> {
        match key {
            Key::Integer(value) => Name::Integer(value),
            Key::Number(value) => Name::Number(value),
            Key::Boolean(value) => Name::Boolean(value),
            Key::Text(span) => Name::Text(self.text(span)),
        }
    }

    /// How many bytes of memory it takes, about.
    pub(crate) fn weight(&self) -> usize {
        self.bytes.len()
            + self.values.len() * size_of::<Value>()
            + self.entries.len() * size_of::<(Key, Value)>()
            + self.index.len() * size_of::<u32>()
            + self.tables.len() * size_of::<Table>()
            + self.functions.iter().map(|code| code.len()).sum::<usize>()
    }

    fn array(&self, table: u32) -> &[Value] {
        self.tables.get(table as usize).map_or(&[], |t| slice(&self.values, t.array))
    }

    fn map(&self, table: u32) -> &[(Key, Value)] {
        self.tables.get(table as usize).map_or(&[], |t| slice(&self.entries, t.map))
    }

    /// How many values a table has at 1, 2, 3 … without a gap.
    pub(crate) fn len(&self, table: u32) -> usize {
        self.array(table).len()
    }

    /// How many keys a table has besides those.
    pub(crate) fn map_len(&self, table: u32) -> usize {
        self.map(table).len()
    }

    /// The value of a key.
    pub(crate) fn get(&self, table: u32, name: Name<'_>) -> Option<Value> {
        if let Name::Integer(at) = name
            && let Some(value) = usize::try_from(at).ok().and_then(|at| self.array(table).get(at.checked_sub(1)?))
        {
            return Some(*value);
        }
        let place = self.find(table, name)?;
        Some(self.map(table)[place].1)
    }

    /// Where a key stands in the map.
    fn find(&self, table: u32, name: Name<'_>) -> Option<usize> {
        let map = self.map(table);
        if map.len() <= FEW {
            return map.iter().position(|(key, _)| self.name(*key) == name);
        }
        let start = self.tables[table as usize].index as usize;
        let mask = slots(map.len()) - 1;
        let mut slot = hash(&self.hasher, name) & mask;
        loop {
            let place = self.index[start + slot].checked_sub(1)? as usize;
            if self.name(map[place].0) == name {
                return Some(place);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The key behind `after` in the order of the table, with its value; the first if there is none before.
    ///
    /// `after` need not be there (any more): the walk goes on with the next larger key.
    pub(crate) fn next(&self, table: u32, after: Option<Name<'_>>) -> Option<(Name<'_>, Value)> {
        let (array, map) = (self.array(table), self.map(table));
        let place = match after {
            None => 0,
            Some(Name::Integer(at)) if at >= 1 && at as u64 <= array.len() as u64 => at as usize,
            Some(name) => {
                let found = self.find(table, name).map(|place| place + 1);
                let behind = || map.partition_point(|(key, _)| self.name(*key).order(&name).is_le());
                array.len() + found.unwrap_or_else(behind)
            }
        };
        match array.get(place) {
            Some(value) => Some((Name::Integer(place as i64 + 1), *value)),
            None => map.get(place - array.len()).map(|(key, value)| (self.name(*key), *value)),
        }
    }

    /// The keys that lead from the root to a table.
    fn path(&self, mut table: u32) -> Vec<Name<'_>> {
        let mut path = Vec::new();
        while let Some(Table { parent, key: Some(key), .. }) = self.tables.get(table as usize) {
            path.push(self.name(*key));
            table = *parent;
        }
        path.reverse();
        path
    }

    /// The way to a table as text: empty for the root, else `.a.b`.
    pub(crate) fn place(&self, table: u32) -> String {
        self.path(table).iter().map(|name| format!(".{name}")).collect()
    }

    /// The table of `newer` that stands where `table` stands here.
    pub(crate) fn counterpart(&self, table: u32, newer: &Tree) -> Option<u32> {
        self.path(table).into_iter().try_fold(ROOT, |at, name| match newer.get(at, name) {
            Some(Value::Table(next)) => Some(next),
            _ => None,
        })
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({} tables, {} bytes)", self.tables.len(), self.weight())
    }
}

impl Builder {
    /// A tree whose root is still empty.
    pub(crate) fn new() -> Builder {
        let root = Table { parent: ROOT, key: None, array: (0, 0), map: (0, 0), index: 0 };
        let tree = Tree {
            bytes: Vec::new(),
            values: Vec::new(),
            entries: Vec::new(),
            index: Vec::new(),
            tables: vec![root],
            functions: Vec::new(),
            hasher: RandomState::new(),
        };
        Builder { tree, texts: HashMap::new() }
    }

    /// A new table, which `parent` has under `key`; to be filled.
    pub(crate) fn table(&mut self, parent: u32, key: Key) -> Result<u32, TooLarge> {
        let id = self.tree.tables.len();
        self.grow(size_of::<Table>())?;
        self.tree.tables.push(Table { parent, key: Some(key), array: (0, 0), map: (0, 0), index: 0 });
        Ok(id as u32)
    }

    /// A text; the same short one is kept once.
    pub(crate) fn text(&mut self, text: &[u8]) -> Result<Span, TooLarge> {
        if let Some(span) = self.texts.get(text) {
            return Ok(*span);
        }
        self.grow(text.len())?;
        let span = Span { at: self.tree.bytes.len() as u32, len: text.len() as u32 };
        self.tree.bytes.extend_from_slice(text);
        if text.len() <= INTERNED {
            self.texts.insert(text.into(), span);
        }
        Ok(span)
    }

    /// A function.
    pub(crate) fn function(&mut self, code: Vec<u8>) -> Result<u32, TooLarge> {
        self.grow(code.len())?;
        self.tree.functions.push(code.into());
        Ok(self.tree.functions.len() as u32 - 1)
    }

    /// What leads to a table, for messages.
    pub(crate) fn place(&self, table: u32) -> String {
        self.tree.place(table)
    }

    /// A key, for messages.
    pub(crate) fn name(&self, key: Key) -> Name<'_> {
        self.tree.name(key)
    }

    /// Gives a table its keys; of two that are the same, the later counts.
    pub(crate) fn fill(&mut self, table: u32, mut pairs: Vec<(Key, Value)>) -> Result<(), TooLarge> {
        self.grow(pairs.len() * size_of::<(Key, Value)>())?;
        let tree = &mut self.tree;
        let order = |a: &Key, b: &Key| tree.name(*a).order(&tree.name(*b));
        pairs.reverse();
        pairs.sort_by(|(a, _), (b, _)| order(a, b));
        pairs.dedup_by(|(later, _), (earlier, _)| order(later, earlier).is_eq());
        let first = pairs.iter().position(|(key, _)| *key == Key::Integer(1)).unwrap_or(pairs.len());
        let run = pairs[first..].iter().zip(1..).take_while(|((key, _), at)| *key == Key::Integer(*at)).count();
        let array = (tree.values.len() as u32, run as u32);
        tree.values.extend(pairs.drain(first..first + run).map(|(_, value)| value));
        let map = (tree.entries.len() as u32, pairs.len() as u32);
        let index = tree.index.len() as u32;
        if pairs.len() > FEW {
            let slots = slots(pairs.len());
            tree.index.resize(tree.index.len() + slots, 0);
            for (place, (key, _)) in (1..).zip(&pairs) {
                let mut slot = hash(&tree.hasher, tree.name(*key)) & (slots - 1);
                while tree.index[index as usize + slot] != 0 {
                    slot = (slot + 1) & (slots - 1);
                }
                tree.index[index as usize + slot] = place;
            }
        }
        tree.entries.append(&mut pairs);
        let slot = &mut tree.tables[table as usize];
        (slot.array, slot.map, slot.index) = (array, map, index);
        Ok(())
    }

    /// The tree.
    pub(crate) fn finish(self) -> Tree {
        let mut tree = self.tree;
        tree.bytes.shrink_to_fit();
        tree.values.shrink_to_fit();
        tree.entries.shrink_to_fit();
        tree.index.shrink_to_fit();
        tree.tables.shrink_to_fit();
        tree
    }

    fn grow(&self, by: usize) -> Result<(), TooLarge> {
        let tree = &self.tree;
        let bytes = tree.bytes.len()
            + tree.values.len() * size_of::<Value>()
            + tree.entries.len() * size_of::<(Key, Value)>()
            + tree.tables.len() * size_of::<Table>();
        let counted = tree.entries.len().max(tree.values.len()).max(tree.tables.len());
        if by > MAX_BYTES || bytes + by > MAX_BYTES || counted >= MAX_COUNT { Err(TooLarge) } else { Ok(()) }
    }
}

fn slice<T>(all: &[T], (at, len): (u32, u32)) -> &[T] {
    &all[at as usize..][..len as usize]
}

/// The size of the index of a table with that many keys: never full, so that a search ends.
fn slots(len: usize) -> usize {
    (len * 3 / 2 + 1).next_power_of_two()
}

fn hash(hasher: &RandomState, name: Name<'_>) -> usize {
    let hash = match name {
        Name::Integer(value) => hasher.hash_one(value),
        Name::Number(value) => hasher.hash_one(value.to_bits()),
        Name::Boolean(value) => hasher.hash_one(value),
        Name::Text(value) => hasher.hash_one(value),
    };
    hash as usize
}

#[cfg(test)]
mod tests;
