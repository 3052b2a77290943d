//! The memory of one VM: counted, and bounded while scripts run.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ffi::c_void;
use std::ptr;

use super::host::{Host, fence};

/// The strictest alignment that Lua asks for: that of a double, a pointer and a 64-bit integer.
/// More would cost an allocator room in every block whose size is no multiple of it.
const ALIGN: usize = 8;

/// What one VM uses, and what it may use.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) used: usize,
    /// Up to here nothing is to be thought of: the smaller one of the two below.
    ceiling: usize,
    /// 0 is no limit.
    limit: usize,
    /// More than this is worth a line in the log.
    warn_at: usize,
    /// Only a resumed coroutine may run out of memory: there the error has a handler. While the
    /// host itself moves values into the VM, allocations succeed and the script pays later.
    pub(super) strict: bool,
}

/// The first use that is worth a line; then each doubling.
const WARN_AT: usize = 32 << 20;

impl Memory {
    /// Nothing is used; 0 is no limit.
    pub(super) fn new(limit: usize) -> Memory {
        let mut memory = Memory { used: 0, ceiling: 0, limit: 0, warn_at: WARN_AT, strict: false };
        memory.set_limit(limit);
        memory
    }

    /// The most that may be used; 0 is no limit.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.ceiling = if limit == 0 { self.warn_at } else { self.warn_at.min(limit) };
    }

    /// Use is above the ceiling: whether it is refused, and whether it is worth a line.
    #[cold]
    fn judge(&mut self, used: usize, grows: bool) -> (bool, bool) {
        if self.strict && self.limit != 0 && grows && used > self.limit {
            return (true, false);
        }
        let warns = used > self.warn_at;
        while used > self.warn_at {
            self.warn_at = self.warn_at.saturating_mul(2);
        }
        self.set_limit(self.limit);
        (false, warns)
    }
}

/// Writes the line about a VM that uses much.
///
/// # Safety
///
/// `memory` lies in a live host, and points to the whole of it.
#[cold]
unsafe fn warn(memory: *mut Memory, used: usize) {
    // SAFETY: by contract. Nothing here enters Lua, and panics stop here.
    unsafe {
        let host = memory.byte_sub(std::mem::offset_of!(Host, memory)).cast::<Host>();
        let text = format_args!("Memory warning {:.2} M", used as f64 / f64::from(1 << 20)).to_string();
        let _ = fence(|| (*host).report(&text));
    }
}

/// Lua's allocator over Rust's, with `ud` pointing to the VM's [`Memory`].
///
/// # Safety
///
/// Lua calls it as its manual says: `block` is null or was returned from here for `old` bytes,
/// and `ud` is what `lua_newstate` was given: a `Memory` that lies in its host and outlives the state.
pub(super) unsafe extern "C" fn allocator(ud: *mut c_void, block: *mut c_void, old: usize, new: usize) -> *mut c_void {
    // SAFETY: `ud` is the VM's `Memory` (see above). No other reference to it is alive: the host
    // touches it only between calls into Lua, and Lua does not call the allocator from itself.
    let memory = unsafe { &mut *ud.cast::<Memory>() };
    // For a fresh block `old` is the kind of object, not a size.
    let old = if block.is_null() { 0 } else { old };
    if new == 0 {
        if !block.is_null() {
            memory.used -= old;
            // SAFETY: `block` came from below with this size and alignment.
            unsafe { dealloc(block.cast(), Layout::from_size_align_unchecked(old, ALIGN)) };
        }
        return ptr::null_mut();
    }
    let used = memory.used - old + new;
    if used > memory.ceiling {
        let (refused, warns) = memory.judge(used, new > old);
        if refused {
            return ptr::null_mut();
        }
        if warns {
            // SAFETY: by contract.
            unsafe { warn(ud.cast(), used) };
        }
    }
    // SAFETY: as above; nobody holds a reference to it, and what warns has given its own back.
    let memory = unsafe { &mut *ud.cast::<Memory>() };
    let Ok(layout) = Layout::from_size_align(new, ALIGN) else { return ptr::null_mut() };
    let fresh = if block.is_null() {
        // SAFETY: the size is not zero.
        unsafe { alloc(layout) }
    } else {
        // SAFETY: `block` came from here with `old` bytes of this alignment, and `new` is a
        // valid size for it, as `layout` shows.
        unsafe { realloc(block.cast(), Layout::from_size_align_unchecked(old, ALIGN), new) }
    };
    if !fresh.is_null() {
        memory.used = used;
    }
    fresh.cast()
}
