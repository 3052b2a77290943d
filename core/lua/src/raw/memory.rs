//! The memory of one VM: counted, and bounded while scripts run.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ffi::c_void;
use std::ptr;

/// The strictest alignment that Lua asks for: that of a double, a pointer and a 64-bit integer.
/// More would cost an allocator room in every block whose size is no multiple of it.
const ALIGN: usize = 8;

/// What one VM uses, and what it may use.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) used: usize,
    /// 0 is no limit.
    pub(super) limit: usize,
    /// Only a resumed coroutine may run out of memory: there the error has a handler. While the
    /// host itself moves values into the VM, allocations succeed and the script pays later.
    pub(super) strict: bool,
}

/// Lua's allocator over Rust's, with `ud` pointing to the VM's [`Memory`].
///
/// # Safety
///
/// Lua calls it as its manual says: `block` is null or was returned from here for `old` bytes,
/// and `ud` is what `lua_newstate` was given: a `Memory` that outlives the state.
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
    if memory.strict && memory.limit != 0 && new > old && used > memory.limit {
        return ptr::null_mut();
    }
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
