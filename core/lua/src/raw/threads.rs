//! The coroutines of a service: used again when they have finished, kept from the collector.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::host::{Host, Tag};

/// No coroutine of ours.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// The number under which a coroutine owns payloads; 0 when none runs.
pub(super) fn owner(slot: u32) -> u32 {
    slot.wrapping_add(1)
}

/// In place of a handler's reference: there is a function at the bottom, and nobody's any more.
const GONE: c_int = c_int::MIN;

/// Finished coroutines that are kept for the next message; one more goes to the collector.
const IDLE: usize = 16;

/// What a coroutine was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A message, a fork, a timeout: when it ends it is done.
    Task,
    /// The main chunk or a start function: when it ends the start goes on.
    Start,
}

/// How the answer that a coroutine waits for is to be handed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// As serialised values.
    Values,
    /// As one string.
    Text,
    /// As key and size.
    Raw,
    /// As key and size with the function at this reference, which its continuation calls.
    Unpacked(c_int),
}

/// One coroutine.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) state: *mut lua_State,
    pub(super) role: Role,
    pub(super) expect: Expect,
    /// Arguments that wait on its stack above its function.
    pub(super) args: c_int,
    /// Reference of the handler that lies at the bottom of its stack, or `LUA_NOREF`.
    pub(super) handler: c_int,
    /// Its place in the registry.
    anchor: c_int,
    /// The idle one below it.
    next: u32,
    /// Boxed, because the state points to it. There is one always; it is taken when the slot gets another coroutine.
    tag: Option<Box<Tag>>,
}

/// All coroutines, by slot.
#[derive(Debug)]
pub(super) struct Threads {
    all: Vec<Thread>,
    /// The idle ones, from the one that ended last: a list through [`Thread::next`], because
    /// every place that a message touches counts when there are many services.
    idle: u32,
    idle_count: usize,
    /// Slots without a coroutine.
    vacant: Vec<u32>,
}

impl Threads {
    pub(super) fn new() -> Threads {
        Threads { all: Vec::new(), idle: NO_SLOT, idle_count: 0, vacant: Vec::new() }
    }

    /// The coroutine in a slot.
    ///
    /// # Panics
    ///
    /// If the slot was never given out.
    #[inline(always)]
    pub(super) fn at(&mut self, slot: u32) -> &mut Thread {
        &mut self.all[slot as usize]
    }

    #[inline(always)]
    pub(super) fn state(&self, slot: u32) -> *mut lua_State {
        self.all[slot as usize].state
    }

    /// The first coroutine that a test accepts, idle ones left out.
    pub(super) fn find(&self, test: impl Fn(*mut lua_State) -> bool) -> Option<u32> {
        let slots = 0..self.all.len() as u32;
        let mut idle = Vec::new();
        let mut next = self.idle;
        while next != NO_SLOT {
            idle.push(next);
            next = self.all[next as usize].next;
        }
        let given = |slot: &u32| !idle.contains(slot) && !self.vacant.contains(slot);
        slots.filter(given).find(|slot| test(self.state(*slot)))
    }

    /// The coroutine of a start that is not over, if a test finds it alive.
    pub(super) fn starter(&self, alive: impl Fn(u32) -> bool) -> Option<u32> {
        let slots = 0..self.all.len() as u32;
        slots.filter(|slot| self.all[*slot as usize].role == Role::Start).find(|slot| alive(*slot))
    }

    /// A protocol got another handler: no coroutine shall think that it still has this one.
    pub(super) fn forget_handler(&mut self, handler: c_int) {
        for thread in self.all.iter_mut().filter(|thread| thread.handler == handler) {
            thread.handler = GONE;
        }
    }

    #[inline]
    fn pop_idle(&mut self) -> Option<u32> {
        let slot = self.idle;
        let thread = self.all.get(slot as usize)?;
        self.idle = thread.next;
        self.idle_count -= 1;
        Some(slot)
    }

    #[inline]
    fn push_idle(&mut self, slot: u32) {
        self.all[slot as usize].next = self.idle;
        self.idle = slot;
        self.idle_count += 1;
    }

    /// How many there are, idle ones included.
    pub(super) fn len(&self) -> usize {
        self.all.len() - self.vacant.len()
    }
}

/// Gives out a coroutine with an empty stack. `[-0, +0, m]` on `l`, needs one place there.
///
/// # Safety
///
/// `l` is a state of `host`'s VM: a running one, or the main one when none runs.
pub(super) unsafe fn acquire(l: *mut lua_State, host: *mut Host, role: Role) -> u32 {
    // SAFETY: each borrow of the host ends within its statement. An idle coroutine has nothing on
    // its stack but a handler, unless a script did something to it, and then it is not used.
    unsafe {
        let slot = take(l, host);
        let thread = (*host).threads.at(slot);
        thread.role = role;
        thread.args = 0;
        if thread.handler != ffi::LUA_NOREF {
            thread.handler = ffi::LUA_NOREF;
            ffi::lua_settop(thread.state, 0);
        }
        slot
    }
}

/// Gives out a coroutine for a message, with the handler on its stack twice: once to be called,
/// and once to stay there for the next message. `[-0, +0, m]` on `l`, needs one place there.
///
/// # Safety
///
/// As [`acquire`].
#[inline(always)]
pub(super) unsafe fn acquire_for(l: *mut lua_State, host: *mut Host, handler: c_int) -> u32 {
    // SAFETY: as in `acquire`; a coroutine has 20 places at least.
    unsafe {
        let slot = take(l, host);
        let thread = (*host).threads.at(slot);
        thread.role = Role::Task;
        let state = thread.state;
        if thread.handler != handler {
            thread.handler = handler;
            ffi::lua_settop(state, 0);
            ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, handler.into());
        }
        slot
    }
}

/// An idle coroutine that is as it was left, or a new one.
#[inline(always)]
unsafe fn take(l: *mut lua_State, host: *mut Host) -> u32 {
    // SAFETY: as in `acquire`.
    unsafe {
        while let Some(slot) = (*host).threads.pop_idle() {
            let thread = (*host).threads.at(slot);
            let (state, left) = (thread.state, c_int::from(thread.handler != ffi::LUA_NOREF));
            if ffi::lua_status(state) == ffi::LUA_OK && ffi::lua_gettop(state) == left {
                return slot;
            }
            forget(host, slot);
        }
        create(l, host)
    }
}

unsafe fn create(l: *mut lua_State, host: *mut Host) -> u32 {
    // SAFETY: what can raise comes first; then the state, now anchored in the registry, gets a
    // tag that lives as long as the slot. A state whose slot is given up gets the main tag back.
    unsafe {
        let state = ffi::lua_newthread(l);
        let anchor = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
        let threads = &mut (*host).threads;
        let slot = threads.vacant.pop().unwrap_or(threads.all.len() as u32);
        // A slot keeps its tag for ever: a state that is suspended inside another may still point to it.
        let tag = match threads.all.get_mut(slot as usize) {
            Some(before) => before.tag.take(),
            None => None,
        };
        let tag = tag.unwrap_or_else(|| Box::new(Tag { host, slot }));
        *ffi::lua_getextraspace(state).cast::<*const Tag>() = &raw const *tag;
        let thread = Thread {
            state,
            role: Role::Task,
            expect: Expect::Values,
            args: 0,
            handler: ffi::LUA_NOREF,
            anchor,
            next: NO_SLOT,
            tag: Some(tag),
        };
        match threads.all.get_mut(slot as usize) {
            Some(place) => *place = thread,
            None => threads.all.push(thread),
        }
        slot
    }
}

/// Takes back a coroutine that has finished, with its handler on its stack, or nothing. `[-0, +0, -]`
///
/// # Safety
///
/// No coroutine runs, and nothing of the host refers to this one any more.
#[inline]
pub(super) unsafe fn release(host: *mut Host, slot: u32) {
    // SAFETY: by contract.
    unsafe {
        if (*host).threads.idle_count < IDLE {
            (*host).threads.push_idle(slot);
        } else {
            forget(host, slot);
        }
    }
}

/// Gives a coroutine to the collector, whatever its state. `[-0, +0, -]`
///
/// # Safety
///
/// As [`release`].
pub(super) unsafe fn forget(host: *mut Host, slot: u32) {
    // SAFETY: a script may still hold the coroutine and name it to `wakeup`: it must not find
    // the tag of a slot that belongs to another by then. The main tag lives as long as the VM.
    unsafe {
        let (state, anchor) = {
            let thread = (*host).threads.at(slot);
            (thread.state, thread.anchor)
        };
        *ffi::lua_getextraspace(state).cast::<*const Tag>() = &raw const (*host).tag;
        ffi::luaL_unref((*host).main, ffi::LUA_REGISTRYINDEX, anchor);
        (*host).threads.vacant.push(slot);
    }
}
