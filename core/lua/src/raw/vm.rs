//! A VM: made, started, given messages, closed.

use std::ffi::{c_int, c_void};
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use mlua::ffi::{self, lua_CFunction, lua_State};
use skyloom_abi::{CallError, ExitReason};
use skyloom_kernel::{Context, Envelope};

use super::hook::{self, Gate};
use super::host::{Host, Outcome, Subject, Tag, home_of, push_bytes};
use super::load::{load, load_file};
use super::memory::{Memory, allocator};
use super::protocols::Protocols;
use super::starting::{self, Starting};
use super::threads::{NO_SLOT, Role, Threads, acquire};
use super::turn::{close, run, say_goodbye, settle, tidy};
use super::{coroutines, incoming, require, unusual};
use crate::home::{Home, Script, folder};
use crate::keys::Keys;
use crate::scheduler::Scheduler;

/// One Lua VM with its coroutines. Moves between workers with its service; see `send.rs`.
pub(crate) struct Vm(*mut Host);

/// The time of one callback: the VM may reach the kernel.
struct Turn(*mut Host);

impl Turn {
    /// # Safety
    ///
    /// `host` outlives the turn, and so does `context`.
    unsafe fn enter(host: *mut Host, context: &Context<'_>) -> Turn {
        // SAFETY: by contract; the lifetime is forgotten for the time of the turn only.
        unsafe {
            (*host).context = (&raw const *context).cast();
            hook::enter(host, &home_of(host).workers);
        }
        Turn(host)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // SAFETY: the host outlives the turn.
        unsafe {
            hook::leave();
            (*self.0).context = std::ptr::null();
        }
    }
}

impl Vm {
    /// Makes a VM with the standard libraries and `require`; `None` without memory.
    pub(crate) fn new(home: &Arc<Home>, gate: &Arc<Gate>, context: &Context<'_>) -> Option<Vm> {
        let started = context.node().started_at().duration_since(SystemTime::UNIX_EPOCH);
        let started = started.unwrap_or_default();
        let host = Box::into_raw(Box::new(Host {
            main: std::ptr::null_mut(),
            tag: Tag { host: std::ptr::null_mut(), slot: NO_SLOT },
            context: std::ptr::null(),
            memory: Memory::new(home.settings.memory_limit),
            home: Arc::clone(home),
            handle: context.handle(),
            first_tick: u64::from(started.subsec_millis()) / 10,
            first_second: started.as_secs(),
            scheduler: Scheduler::new(),
            threads: Threads::new(),
            current: NO_SLOT,
            yielded: false,
            outcome: Outcome::Values,
            active: std::ptr::null_mut(),
            hooked: false,
            gate: Arc::clone(gate),
            keys: Keys::default(),
            protocols: Protocols::new(),
            buffer: Vec::new(),
            text: String::new(),
            subject: Subject::default(),
            starting: Starting::default(),
            exiting: false,
            watched: false,
            detour: false,
            unusual: None,
            leaver: NO_SLOT,
            last_token: 0,
            sockets: None,
            chunks: Vec::new(),
            call_timeout: call_timeout(home, context),
            is_closed: false,
        }));
        // SAFETY: the host is boxed and freed only by `Drop`, after the state was closed. The
        // library openers run protected; memory does not run out, because nothing is strict yet.
        unsafe {
            let memory: *mut c_void = (&raw mut (*host).memory).cast();
            let seed = ffi::luaL_makeseed(std::ptr::null_mut());
            let main = ffi::lua_newstate(allocator, memory, seed);
            if main.is_null() {
                drop(Box::from_raw(host));
                return None;
            }
            (*host).main = main;
            (*host).tag.host = host;
            *ffi::lua_getextraspace(main).cast::<*const Tag>() = &raw const (*host).tag;
            let vm = Vm(host);
            ffi::lua_gc(main, ffi::LUA_GCSTOP);
            ffi::lua_checkstack(main, 32);
            ffi::lua_pushcfunction(main, open_libraries);
            let opened = ffi::lua_pcall(main, 0, 0, 0) == ffi::LUA_OK;
            ffi::lua_settop(main, 0);
            ffi::lua_gc(main, ffi::LUA_GCGEN, 0, 0);
            ffi::lua_gc(main, ffi::LUA_GCRESTART);
            opened.then_some(vm)
        }
    }

    /// Runs the script; `None` if its start goes on later.
    pub(crate) fn start(
        &mut self,
        context: &Context<'_>,
        script: &Script,
        args: &[String],
    ) -> Option<Result<(), String>> {
        let host = self.0;
        // SAFETY: `&mut self`: no coroutine runs and nobody else is in the host.
        unsafe {
            let _turn = Turn::enter(host, context);
            let slot = acquire((*host).main, host, Role::Start);
            let state = (*host).threads.state(slot);
            ffi::lua_checkstack(state, c_int::try_from(args.len()).unwrap_or(c_int::MAX / 2).saturating_add(16));
            let found = find(state, host, script).and_then(|()| preload(state, host));
            match found {
                Err(why) => {
                    (*host).report(&format!("init service failed: {why}"));
                    starting::give_up(host, why);
                }
                Ok(before) => {
                    for arg in args {
                        push_bytes(state, arg.as_bytes());
                    }
                    run(host, slot, before + args.len() as c_int);
                    settle(host);
                    tidy(host);
                }
            }
            (*host).starting.news()
        }
    }

    /// Handles one message and what it brings about.
    #[inline]
    pub(crate) fn receive(&mut self, context: &Context<'_>, message: Envelope) {
        let host = self.0;
        // SAFETY: as in `start`.
        unsafe {
            let _turn = Turn::enter(host, context);
            if (*host).detour {
                return unusual::receive(host, message);
            }
            incoming::receive(host, message);
            if !(*host).scheduler.is_settled() {
                settle(host);
            }
            tidy(host);
            if (*host).starting.has_news() {
                starting::tell(host);
            }
        }
    }

    /// Ends the service: whoever waits for it hears so, and the VM is closed.
    pub(crate) fn retire(&mut self, context: &Context<'_>, reason: &ExitReason) {
        let host = self.0;
        // SAFETY: as in `start`; closing coroutines and the VM runs scripts, which may enter the
        // host, so no reference into it is held across.
        unsafe {
            let _turn = Turn::enter(host, context);
            (*host).leave();
            for request in (*host).scheduler.take_unanswered() {
                context.refuse(request.to, request.session, CallError::Died);
            }
            say_goodbye(host);
            let waiting = (*host).scheduler.abandon_all();
            if matches!(reason, ExitReason::Finished | ExitReason::Stopped) {
                for slot in waiting {
                    close(host, slot);
                }
            }
            if !matches!(reason, ExitReason::Killed) && tells_lives(context) {
                (*host).report("KILL self");
            }
            super::api_inside::tell_monitor(host);
            if matches!(reason, ExitReason::Finished | ExitReason::Stopped) {
                let leaver = std::mem::replace(&mut (*host).leaver, NO_SLOT);
                if leaver != NO_SLOT {
                    close(host, leaver);
                }
            }
            if let Some(net) = home_of(host).net.as_ref().filter(|_| (*host).sockets.is_some()) {
                net.close_all((*host).handle);
            }
            self.close();
        }
    }

    /// Closes the VM, once; afterwards nothing of Lua is reachable.
    fn close(&mut self) {
        // SAFETY: no coroutine runs; finalizers may enter the host, which is still whole.
        unsafe {
            if !std::mem::replace(&mut (*self.0).is_closed, true) {
                (*self.0).active = (*self.0).main;
                ffi::lua_close((*self.0).main);
                (*self.0).active = std::ptr::null_mut();
            }
        }
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.close();
        // SAFETY: the box was made by `new`, and the VM, which pointed to it, is closed.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: nobody else is in the host.
        unsafe { write!(f, "Vm({}, {} coroutines)", (*self.0).handle, (*self.0).threads.len()) }
    }
}

/// Whether the log tells of each service that begins and ends, as Skynet's does.
pub(crate) fn tells_lives(context: &Context<'_>) -> bool {
    context.node().env("loglife").is_some_and(|said| said == "true")
}

/// Hundredths of a second that a call may take: as the environment says, else the settings.
fn call_timeout(home: &Home, context: &Context<'_>) -> u64 {
    let said = context.node().env("calltimeout");
    said.and_then(|ticks| ticks.parse().ok()).unwrap_or(home.settings.call_timeout.into())
}

/// Pushes the function of a script and sets what it finds in its globals. `[-0, +1, -]`
unsafe fn find(state: *mut lua_State, host: *mut Host, script: &Script) -> Result<(), String> {
    // SAFETY: the host is idle, nothing is strict, so nothing raises.
    unsafe {
        match script {
            Script::Named(name) => {
                let mut said = String::new();
                for place in home_of(host).places(name) {
                    if place.file.is_file() && !home_of(host).replaces(name, &place) {
                        if load_file(state, host, &place.file) {
                            set_globals(state, host, name, Some((&place.folder, place.is_private)));
                            return Ok(());
                        }
                        said.push_str(&pop_text(state));
                        said.push('\n');
                    } else if !place.file.is_file() {
                        said.push_str(&format!("cannot open {}: no such file\n", place.file.display()));
                    }
                }
                if let Some(text) = home_of(host).services.get(name.as_str()) {
                    let found = home_of(host).chunks.embedded(name, text);
                    if load(state, host, found) {
                        set_globals(state, host, name, None);
                        return Ok(());
                    }
                    said.push_str(&pop_text(state));
                }
                Err(format!("no service {name:?}: {}", said.trim_end()))
            }
            Script::File(path) => {
                if !load_file(state, host, path) {
                    return Err(pop_text(state));
                }
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                set_globals(state, host, &name, Some((&folder(path), true)));
                Ok(())
            }
            Script::Text { name, text } => {
                let found = home_of(host).chunks.embedded(name, text);
                if !load(state, host, found) {
                    return Err(pop_text(state));
                }
                set_globals(state, host, name, None);
                Ok(())
            }
        }
    }
}

/// Puts what `preload` says before the script on the stack; how many arguments that are. `[-0, +(0|3), -]`
unsafe fn preload(state: *mut lua_State, host: *mut Host) -> Result<c_int, String> {
    // SAFETY: as `find`, which has left the script's function.
    unsafe {
        if home_of(host).settings.preload.is_empty() {
            return Ok(0);
        }
        if super::preload::wrap(state, host) { Ok(3) } else { Err(format!("preload: {}", pop_text(state))) }
    }
}

/// `SERVICE_NAME`, `SERVICE_PATH`, and the templates of `require`: the folder, and whether modules
/// are looked for there. `[-0, +0, -]`
unsafe fn set_globals(state: *mut lua_State, host: *mut Host, name: &str, folder: Option<(&str, bool)>) {
    // SAFETY: as `find`. The tables are the VM's own and have no metatables yet.
    unsafe {
        push_bytes(state, name.as_bytes());
        ffi::lua_setglobal(state, c"SERVICE_NAME".as_ptr());
        let mut path = home_of(host).settings.modules.clone();
        if let Some((folder, is_private)) = folder {
            push_bytes(state, folder.as_bytes());
            ffi::lua_setglobal(state, c"SERVICE_PATH".as_ptr());
            if is_private {
                path = format!("{folder}?.lua;{folder}?/init.lua;{path}");
            }
        }
        ffi::luaL_getsubtable(state, ffi::LUA_REGISTRYINDEX, ffi::LUA_LOADED_TABLE);
        ffi::lua_getfield(state, -1, c"package".as_ptr());
        push_bytes(state, path.as_bytes());
        ffi::lua_setfield(state, -2, c"path".as_ptr());
        push_bytes(state, home_of(host).settings.native.as_bytes());
        ffi::lua_setfield(state, -2, c"cpath".as_ptr());
        ffi::lua_pop(state, 2);
    }
}

unsafe fn pop_text(state: *mut lua_State) -> String {
    // SAFETY: loaders leave a string.
    unsafe {
        let text = if ffi::lua_type(state, -1) == ffi::LUA_TSTRING {
            String::from_utf8_lossy(super::host::bytes_at(state, -1)).into_owned()
        } else {
            String::from("unknown error")
        };
        ffi::lua_pop(state, 1);
        text
    }
}

lua_fn! {
    /// The standard libraries, with our own `require` and loading of text only.
    fn open_libraries(l) {
        ffi::lua_pushboolean(l, 1);
        ffi::lua_setfield(l, ffi::LUA_REGISTRYINDEX, c"LUA_NOENV".as_ptr());
        ffi::luaL_openselectedlibs(l, !0, 0);
        ffi::lua_getglobal(l, c"load".as_ptr());
        ffi::lua_pushcclosure(l, super::load::load_text, 1);
        ffi::lua_setglobal(l, c"load".as_ptr());
        let ours: [(&std::ffi::CStr, lua_CFunction); 3] = [
            (c"loadfile", super::load::loadfile),
            (c"dofile", super::load::dofile),
            (c"require", require::require),
        ];
        for (name, function) in ours {
            ffi::lua_pushcfunction(l, function);
            ffi::lua_setglobal(l, name.as_ptr());
        }
        ffi::lua_getglobal(l, c"string".as_ptr());
        for (name, function) in super::api_string::FUNCTIONS {
            ffi::lua_pushcfunction(l, function);
            ffi::lua_setfield(l, -2, name.as_ptr());
        }
        ffi::lua_pop(l, 1);
        ffi::lua_getglobal(l, c"coroutine".as_ptr());
        ffi::lua_pushcfunction(l, coroutines::resume);
        ffi::lua_setfield(l, -2, c"resume".as_ptr());
        ffi::lua_pushcfunction(l, coroutines::wrap);
        ffi::lua_setfield(l, -2, c"wrap".as_ptr());
        ffi::lua_getglobal(l, c"table".as_ptr());
        ffi::lua_getfield(l, -1, c"unpack".as_ptr());
        ffi::lua_setglobal(l, c"unpack".as_ptr());
        ffi::lua_getglobal(l, c"package".as_ptr());
        ffi::lua_getfield(l, -1, c"searchers".as_ptr());
        ffi::lua_pushcfunction(l, require::search);
        ffi::lua_rawseti(l, -2, 2);
        0
    }
}
