//! One VM's view of what is shared.
//!
//! A shared table appears as a table with one hidden field, which says where its contents are: the
//! number of a root in this VM and of a table in the root's tree. The same table appears as the same
//! object for as long as somebody holds it. A root keeps the version that this VM saw last; moving
//! to the next one re-points the objects that are alive and touches nothing else.
//!
//! The lock is for the compiler, not for threads: a VM runs on one worker at a time. Reading may
//! run a script's finalizer, which may read in turn: no reader ever waits, because what changes
//! something only tries to, and gives up if it finds itself inside a reading.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mlua::chunk::ChunkMode;
use mlua::{Function, IntoLua, LightUserData, Lua, Table, Value as Seen};
use parking_lot::RwLock;

use super::intake::MAX_DEPTH;
use super::place::{FUNCTION, Place, hidden, key_of, place_of, simple};
use super::store::{Kind, Named, Store};
use super::tree::{Name, ROOT, Tree, Value};
use crate::library::Fault;

/// The view of one VM.
pub(crate) struct Reader {
    pub(crate) store: Arc<Store>,
    state: RwLock<State>,
}

struct State {
    /// The count of the store's changes when the roots were compared last.
    seen: u64,
    /// Places are not used again, so that a stale object finds nothing.
    roots: Vec<Option<Root>>,
    names: HashMap<(Kind, Vec<u8>), u32>,
    /// Where its contents are to the object, weakly.
    objects: Table,
    metas: HashMap<Kind, Metas>,
}

struct Root {
    named: Arc<Named>,
    version: u64,
    tree: Arc<Tree>,
}

/// The metatables of a kind's objects.
struct Metas {
    here: Table,
    /// Of those that an update has removed; none if they appear empty.
    gone: Option<Table>,
}

/// A root that moves to another version.
struct Move {
    old: Arc<Tree>,
    new: Arc<Tree>,
    kind: Kind,
    /// A root that keeps the old version for what the new one does not have.
    rest: Option<u32>,
}

impl Reader {
    /// A VM that has looked at nothing yet.
    pub(crate) fn new(lua: &Lua, store: Arc<Store>) -> mlua::Result<Reader> {
        let state =
            State { seen: 0, roots: Vec::new(), names: HashMap::new(), objects: weak(lua)?, metas: HashMap::new() };
        Ok(Reader { store, state: RwLock::new(state) })
    }

    /// Sets the metatables of a kind's objects, once.
    pub(crate) fn dress(&self, kind: Kind, here: Table, gone: Option<Table>) -> Result<(), Fault> {
        let Some(mut state) = self.state.try_write() else { return Err(busy()) };
        state.metas.insert(kind, Metas { here, gone });
        Ok(())
    }

    /// The object for the root of a name; none if there is no such name.
    pub(crate) fn view(&self, lua: &Lua, kind: Kind, name: &[u8]) -> Result<Option<Table>, Fault> {
        let Some(named) = self.store.find(kind, name) else { return Ok(None) };
        let known = self.state.read().root_of(kind, name, &named);
        let root = match known {
            Some(root) => root,
            None => {
                self.sweep(kind, name)?;
                let (version, tree) = named.current();
                let Some(mut state) = self.state.try_write() else { return Err(busy()) };
                let root = state.roots.len() as u32;
                state.roots.push(Some(Root { named, version, tree }));
                state.names.insert((kind, name.to_vec()), root);
                root
            }
        };
        Ok(Some(self.state.read().object(lua, kind, Place { root, table: ROOT })?))
    }

    /// The value of a key; for an object that an update has removed, nil and its old place.
    pub(crate) fn fetch(&self, lua: &Lua, object: &Table, key: &Seen) -> mlua::Result<(Seen, Seen)> {
        let place = object.raw_get::<Seen>(hidden())?;
        let Seen::Integer(packed) = place else { return Ok((Seen::Nil, place)) };
        let place = Place::unpack(packed);
        let state = self.state.read();
        let Some(root) = state.root(place) else { return Ok((Seen::Nil, Seen::Nil)) };
        let text;
        let name = match key {
            Seen::String(key) => {
                text = key.as_bytes();
                Name::Text(&text)
            }
            other => match simple(other) {
                Some(name) => name,
                None => return Ok((Seen::Nil, Seen::Nil)),
            },
        };
        match root.tree.get(place.table, name) {
            Some(value) => Ok((state.show(lua, root, place.root, value)?, Seen::Nil)),
            None => Ok((Seen::Nil, Seen::Nil)),
        }
    }

    /// How many values stand at 1, 2, 3 …; none for an object that an update has removed.
    pub(crate) fn len(&self, object: &Table) -> mlua::Result<Option<usize>> {
        let Some(place) = place_of(object)? else { return Ok(None) };
        let state = self.state.read();
        Ok(state.root(place).map(|root| root.tree.len(place.table)))
    }

    /// The key behind `after`, with its value; nil at the end.
    pub(crate) fn step(&self, lua: &Lua, object: &Table, after: &Seen) -> mlua::Result<(Seen, Seen)> {
        let Some(place) = place_of(object)? else { return Ok((Seen::Nil, Seen::Nil)) };
        let state = self.state.read();
        let Some(root) = state.root(place) else { return Ok((Seen::Nil, Seen::Nil)) };
        let text;
        let name = match after {
            Seen::Nil => None,
            Seen::String(after) => {
                text = after.as_bytes();
                Some(Name::Text(&text))
            }
            other => match simple(other) {
                Some(name) => Some(name),
                None => return Ok((Seen::Nil, Seen::Nil)),
            },
        };
        let Some((key, value)) = root.tree.next(place.table, name) else { return Ok((Seen::Nil, Seen::Nil)) };
        Ok((key_of(lua, key)?, state.show(lua, root, place.root, value)?))
    }

    /// The way to an object from its root, as text.
    pub(crate) fn place(&self, lua: &Lua, object: &Table) -> mlua::Result<Seen> {
        match object.raw_get::<Seen>(hidden())? {
            Seen::Integer(packed) => {
                let place = Place::unpack(packed);
                let text = self.state.read().root(place).map(|root| root.tree.place(place.table));
                text.into_lua(lua)
            }
            gone => Ok(gone),
        }
    }

    /// Whether two objects show the same table.
    pub(crate) fn same(&self, one: &Table, other: &Table) -> mlua::Result<bool> {
        let (Some(one), Some(other)) = (place_of(one)?, place_of(other)?) else { return Ok(false) };
        let state = self.state.read();
        let (Some(a), Some(b)) = (state.root(one), state.root(other)) else { return Ok(false) };
        Ok(one.table == other.table && Arc::ptr_eq(&a.tree, &b.tree))
    }

    /// Copies what an object shows into tables of the script's own.
    pub(crate) fn copy(&self, lua: &Lua, object: &Table) -> mlua::Result<Option<Table>> {
        let Some(place) = place_of(object)? else { return Ok(None) };
        let state = self.state.read();
        let Some(root) = state.root(place) else { return Ok(None) };
        state.copy(lua, root, place, 0).map(Some)
    }

    /// Moves what follows updates by itself to the current versions.
    pub(crate) fn refresh(&self, lua: &Lua) -> Result<(), Fault> {
        // Before the versions: one that comes later is seen next time.
        let changes = self.store.changes();
        if self.state.read().seen == changes {
            return Ok(());
        }
        // Inside a finalizer inside a reading: next time.
        let Some(mut state) = self.state.try_write() else { return Ok(()) };
        state.advance(lua, |named| named.kind.follows())?;
        state.seen = changes;
        Ok(())
    }

    /// Moves every version of a `sharetable` that this VM holds to the current one.
    pub(crate) fn update(&self, lua: &Lua, name: &[u8]) -> Result<(), Fault> {
        let Some(mut state) = self.state.try_write() else { return Err(busy()) };
        Ok(state.advance(lua, |named| named.kind == Kind::Table && named.name == name)?)
    }

    /// Lets go of the roots of a name that show nothing any more.
    fn sweep(&self, kind: Kind, name: &[u8]) -> Result<(), Fault> {
        let is_known =
            |root: &Option<Root>| root.as_ref().is_some_and(|root| root.named.kind == kind && root.named.name == name);
        if self.state.read().roots.iter().any(is_known) { self.collect(is_known) } else { Ok(()) }
    }

    /// Lets go of all roots that show nothing any more.
    pub(crate) fn flush(&self) -> Result<(), Fault> {
        self.collect(|_| true)
    }

    fn collect(&self, which: impl Fn(&Option<Root>) -> bool) -> Result<(), Fault> {
        let mut shown = HashSet::new();
        let objects = self.state.read().objects.clone();
        objects.for_each(|packed: i64, _: Seen| {
            shown.insert(Place::unpack(packed).root);
            Ok(())
        })?;
        let Some(mut state) = self.state.try_write() else { return Err(busy()) };
        for (at, root) in (0..).zip(&mut state.roots) {
            if which(root) && !shown.contains(&at) {
                *root = None;
            }
        }
        let State { names, roots, .. } = &mut *state;
        names.retain(|_, root| roots[*root as usize].is_some());
        Ok(())
    }
}

impl State {
    fn root(&self, place: Place) -> Option<&Root> {
        self.roots.get(place.root as usize)?.as_ref()
    }

    /// The root that shows `named` already.
    fn root_of(&self, kind: Kind, name: &[u8], named: &Arc<Named>) -> Option<u32> {
        let at = *self.names.get(&(kind, name.to_vec()))?;
        let root = self.roots.get(at as usize)?.as_ref()?;
        let is_same = Arc::ptr_eq(&root.named, named) && (kind.follows() || root.version == named.version());
        is_same.then_some(at)
    }

    /// The object that shows a table, made if nobody holds it.
    fn object(&self, lua: &Lua, kind: Kind, place: Place) -> mlua::Result<Table> {
        if let Seen::Table(object) = self.objects.raw_get::<Seen>(place.pack())? {
            return Ok(object);
        }
        let object = lua.create_table_with_capacity(0, 1)?;
        object.raw_set(hidden(), place.pack())?;
        let metas = self.metas.get(&kind).ok_or_else(|| mlua::Error::runtime("no metatable for shared data"))?;
        object.set_metatable(Some(metas.here.clone()))?;
        self.objects.raw_set(place.pack(), &object)?;
        Ok(object)
    }

    fn function(&self, lua: &Lua, root: &Root, place: Place) -> mlua::Result<Seen> {
        let known = Place { table: place.table | FUNCTION, ..place }.pack();
        if let Seen::Function(function) = self.objects.raw_get::<Seen>(known)? {
            return Ok(Seen::Function(function));
        }
        let Some(code) = root.tree.function(place.table) else { return Ok(Seen::Nil) };
        // The bytecode is what this same Lua has dumped, and nobody could change it since.
        let function: Function = lua.load(code).set_mode(ChunkMode::Binary).into_function()?;
        self.objects.raw_set(known, &function)?;
        Ok(Seen::Function(function))
    }

    /// A value as a script sees it.
    fn show(&self, lua: &Lua, root: &Root, at: u32, value: Value) -> mlua::Result<Seen> {
        Ok(match value {
            Value::Boolean(value) => Seen::Boolean(value),
            Value::Integer(value) => Seen::Integer(value),
            Value::Number(value) => Seen::Number(value),
            Value::Text(span) => Seen::String(lua.create_string(root.tree.text(span))?),
            Value::Table(table) => Seen::Table(self.object(lua, root.named.kind, Place { root: at, table })?),
            Value::Function(table) => self.function(lua, root, Place { root: at, table })?,
            Value::Light(address) => Seen::LightUserData(LightUserData(std::ptr::with_exposed_provenance_mut(address))),
        })
    }

    /// Copies a table and all below it.
    fn copy(&self, lua: &Lua, root: &Root, place: Place, depth: usize) -> mlua::Result<Table> {
        // Only in a circle: depth was limited when the data was read.
        if depth > MAX_DEPTH {
            return Err(mlua::Error::runtime("cannot copy a table that contains itself"));
        }
        let tree = &root.tree;
        let copy = lua.create_table_with_capacity(tree.len(place.table), tree.map_len(place.table))?;
        let mut after = None;
        while let Some((key, value)) = tree.next(place.table, after) {
            let value = match value {
                Value::Table(table) => Seen::Table(self.copy(lua, root, Place { table, ..place }, depth + 1)?),
                other => self.show(lua, root, place.root, other)?,
            };
            copy.raw_set(key_of(lua, key)?, value)?;
            after = Some(key);
        }
        Ok(copy)
    }

    /// Moves the roots of some names to their current versions, and the objects with them.
    fn advance(&mut self, lua: &Lua, which: impl Fn(&Named) -> bool) -> mlua::Result<()> {
        let mut moves = HashMap::new();
        let mut rest = Vec::new();
        for (at, root) in (0..).zip(&mut self.roots) {
            let Some(root) = root else { continue };
            if !which(&root.named) || root.named.version() == root.version {
                continue;
            }
            let (version, new) = root.named.current();
            let kind = root.named.kind;
            let old = std::mem::replace(&mut root.tree, Arc::clone(&new));
            let before = std::mem::replace(&mut root.version, version);
            if !kind.follows() {
                rest.push((at, Root { named: Arc::clone(&root.named), version: before, tree: Arc::clone(&old) }));
            }
            moves.insert(at, Move { old, new, kind, rest: None });
        }
        for (at, root) in rest {
            if let Some(of) = moves.get_mut(&at) {
                of.rest = Some(self.roots.len() as u32);
                self.roots.push(Some(root));
            }
        }
        if moves.is_empty() {
            return Ok(());
        }
        // No finalizer may read while the objects and the trees disagree.
        let was_running = lua.gc_is_running();
        lua.gc_stop();
        let moved = self.relocate(lua, &moves);
        if was_running {
            lua.gc_restart();
        }
        let kept = moved?;
        for rest in moves.values().filter_map(|of| of.rest).filter(|rest| !kept.contains(rest)) {
            self.roots[rest as usize] = None;
        }
        Ok(())
    }

    /// Re-points the living objects. Returns the rests that are needed.
    fn relocate(&mut self, lua: &Lua, moves: &HashMap<u32, Move>) -> mlua::Result<HashSet<u32>> {
        let fresh = weak(lua)?;
        let mut kept = HashSet::new();
        let metas = &self.metas;
        self.objects.for_each(|packed: i64, object: Seen| {
            let place = Place::unpack(packed);
            let Some(of) = moves.get(&place.root) else { return fresh.raw_set(packed, object) };
            // A function is loaded again when somebody asks for it.
            let Seen::Table(object) = object else { return Ok(()) };
            let to = match (of.old.counterpart(place.table, &of.new), of.rest) {
                (Some(table), _) => Place { table, ..place },
                (None, Some(rest)) => {
                    kept.insert(rest);
                    Place { root: rest, ..place }
                }
                (None, None) => {
                    object.raw_set(hidden(), of.old.place(place.table))?;
                    return match metas.get(&of.kind).and_then(|metas| metas.gone.clone()) {
                        Some(gone) => object.set_metatable(Some(gone)),
                        None => Ok(()),
                    };
                }
            };
            object.raw_set(hidden(), to.pack())?;
            fresh.raw_set(to.pack(), object)
        })?;
        self.objects = fresh;
        Ok(kept)
    }
}

fn weak(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let meta = lua.create_table()?;
    meta.raw_set("__mode", "v")?;
    table.set_metatable(Some(meta))?;
    Ok(table)
}

fn busy() -> Fault {
    Fault::text("shared data cannot be opened while a finalizer interrupts its reading")
}
