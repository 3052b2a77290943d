//! `skynet.netpack`: frames of two bytes' length for gates that are written over the driver.

use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_CFunction, lua_State};

use super::arguments::{Body, key, push_packed, ready};
use super::calm::Calm;
use super::frames::first_frame;
use super::host::{Host, fence, host_of, passed, push_bytes, raise};

/// Metatable of queues.
const QUEUE: &CStr = c"skynet.netpack.queue";

static NETPACK: &[(&CStr, lua_CFunction)] =
    &[(c"clear", clear), (c"filter", filter), (c"pack", pack), (c"pop", pop), (c"tostring", tostring)];

/// What came of each connection and is no whole frame yet, and whole frames that nobody popped.
#[derive(Default)]
struct Queue {
    begun: HashMap<u32, Vec<u8>>,
    whole: VecDeque<(u32, Vec<u8>)>,
}

/// A socket message as the driver's users see it.
pub(super) struct Event<'a> {
    pub(super) kind: u32,
    pub(super) id: u32,
    pub(super) number: u32,
    pub(super) tail: &'a [u8],
}

/// What became of data.
#[derive(Clone, Copy)]
enum Filtered {
    Incomplete,
    /// The end of the host's buffer, from here.
    One(usize),
    More,
}

/// Reads the bytes of a socket message.
pub(super) fn event(bytes: &[u8]) -> Option<Event<'_>> {
    let (kind, rest) = bytes.split_first_chunk::<4>()?;
    let (id, rest) = rest.split_first_chunk::<4>()?;
    let (number, tail) = rest.split_first_chunk::<4>()?;
    let [kind, id, number] = [kind, id, number].map(|bytes| u32::from_le_bytes(*bytes));
    Some(Event { kind, id, number, tail })
}

impl Queue {
    /// Takes in what came; a single frame goes straight to `out`, if none waits before it.
    fn take(&mut self, id: u32, bytes: &[u8], out: &mut Vec<u8>) -> Filtered {
        let begun = self.begun.remove(&id);
        if begun.is_none() && self.whole.is_empty() && first_frame(bytes).is_some_and(|len| len + 2 == bytes.len()) {
            let start = out.len();
            out.extend_from_slice(&bytes[2..]);
            return Filtered::One(start);
        }
        let mut all = begun.unwrap_or_default();
        all.extend_from_slice(bytes);
        let before = self.whole.len();
        let mut done = 0;
        while let Some(len) = first_frame(&all[done..]) {
            self.whole.push_back((id, all[done + 2..done + 2 + len].to_vec()));
            done += 2 + len;
        }
        all.drain(..done);
        if !all.is_empty() {
            self.begun.insert(id, all);
        }
        match self.whole.len() {
            1 if before == 0 && !self.begun.contains_key(&id) => {
                let start = out.len();
                if let Some((_, frame)) = self.whole.pop_front() {
                    out.extend_from_slice(&frame);
                }
                Filtered::One(start)
            }
            now if now == before => Filtered::Incomplete,
            _ => Filtered::More,
        }
    }
}

lua_fn! {
    /// Opens `skynet.netpack`.
    fn open_netpack(l) {
        ffi::lua_createtable(l, 0, NETPACK.len() as c_int);
        for (name, function) in NETPACK {
            ffi::lua_pushcfunction(l, *function);
            ffi::lua_setfield(l, -2, name.as_ptr());
        }
        1
    }

    /// `filter(queue, message, size)` to the queue and what happened.
    fn filter(l) {
        let host = host_of(l);
        ffi::lua_settop(l, 3);
        if ffi::lua_type(l, 1) == ffi::LUA_TNIL {
            push_queue(l);
            ffi::lua_replace(l, 1);
        }
        let queue = queue_at(l, 1);
        let body = ready(l, host, 2);
        // What Lua is to get lies in the host's buffer or text meanwhile.
        let seen = passed(l, fence(|| {
            let bytes = match body {
                Body::Key(key) => (*host).keys.take(key).map(|held| held.open().payload.into_bytes()),
                Body::Buffer(start) => Some((*host).buffer.split_off(start)),
                Body::Empty => None,
            };
            let bytes = bytes.unwrap_or_default();
            let event = event(&bytes)?;
            let mut filtered = Filtered::Incomplete;
            match event.kind {
                1 => filtered = (*queue).take(event.id, event.tail, &mut (*host).buffer),
                3 | 5 => drop((*queue).begun.remove(&event.id)),
                _ => {}
            }
            if event.kind != 1 {
                (*host).text = String::from_utf8_lossy(event.tail).into_owned();
            }
            Some((event.kind, event.id, event.number, filtered))
        }));
        ffi::lua_settop(l, 1);
        let Some((kind, id, number, filtered)) = seen else {
            raise(l, format_args!("netpack.filter takes a socket message: key and size as they came"));
        };
        match (kind, filtered) {
            (1, Filtered::Incomplete) => {}
            (1, Filtered::More) => {
                ffi::lua_pushstring(l, c"more".as_ptr());
            }
            (1, Filtered::One(start)) => {
                ffi::lua_pushstring(l, c"data".as_ptr());
                ffi::lua_pushinteger(l, id.into());
                push_frame(l, host, start);
            }
            (2, _) => push_event(l, host, c"init", id, Some(number)),
            (3, _) => {
                ffi::lua_pushstring(l, c"close".as_ptr());
                ffi::lua_pushinteger(l, id.into());
            }
            (4, _) => push_event(l, host, c"open", number, None),
            (5, _) => push_event(l, host, c"error", id, None),
            (7, _) => {
                ffi::lua_pushstring(l, c"warning".as_ptr());
                ffi::lua_pushinteger(l, id.into());
                ffi::lua_pushinteger(l, number.into());
            }
            _ => {}
        }
        ffi::lua_gettop(l)
    }

    /// `pop(queue)` to socket, message and size, or nothing.
    fn pop(l) {
        let host = host_of(l);
        if ffi::lua_type(l, 1) == ffi::LUA_TNIL {
            return 0;
        }
        let queue = queue_at(l, 1);
        let popped = passed(l, fence(|| {
            let (id, frame) = (*queue).whole.pop_front()?;
            let start = (*host).buffer.len();
            (*host).buffer.extend_from_slice(&frame);
            Some((id, start))
        }));
        let Some((id, start)) = popped else { return 0 };
        ffi::lua_pushinteger(l, id.into());
        push_frame(l, host, start);
        3
    }

    /// `clear(queue)`: forgets everything.
    fn clear(l) {
        if ffi::lua_type(l, 1) != ffi::LUA_TNIL {
            let queue = queue_at(l, 1);
            passed(l, fence(|| *queue = Queue::default()));
        }
        0
    }

    /// `pack(text)` or `pack(message, size)` to a frame that is to be written.
    fn pack(l) {
        let host = host_of(l);
        let body = ready(l, host, 1);
        let framed = passed(l, fence(|| {
            let buffer = &mut (*host).buffer;
            let start = if let Body::Buffer(start) = body { start } else { buffer.len() };
            if let Body::Key(key) = body
                && let Some(held) = (*host).keys.take(key)
            {
                buffer.extend_from_slice(held.payload.as_bytes().unwrap_or_default());
            }
            let Ok(len) = u16::try_from(buffer.len() - start) else {
                let len = buffer.len() - start;
                buffer.truncate(start);
                return Err(len);
            };
            buffer.splice(start..start, len.to_be_bytes());
            Ok(start)
        }));
        let start = match framed {
            Ok(start) => start,
            Err(len) => raise(l, format_args!("Invalid size (too long) of data : {len}")),
        };
        push_packed(l, host, Body::Buffer(start))
    }

    /// `tostring(message, size)` to its bytes; the message is gone then.
    fn tostring(l) {
        let host = host_of(l);
        match ffi::lua_type(l, 1) {
            ffi::LUA_TSTRING => ffi::lua_settop(l, 1),
            ffi::LUA_TLIGHTUSERDATA => {
                let Some((key, len, wanted)) = key(l, host, 1) else {
                    push_bytes(l, b"");
                    return 1;
                };
                let _calm = Calm::enter(host);
                if let Some(held) = (*host).keys.take(key) {
                    let bytes = held.payload.as_bytes().unwrap_or_default();
                    push_bytes(l, &bytes[..wanted.unwrap_or(len).min(bytes.len())]);
                }
            }
            _ => push_bytes(l, b""),
        }
        1
    }

    /// `__gc` of a queue.
    fn free_queue(l) {
        let place = ffi::luaL_checkudata(l, 1, QUEUE.as_ptr()).cast::<*mut Queue>();
        let queue = std::mem::replace(&mut *place, std::ptr::null_mut());
        if !queue.is_null() {
            passed(l, fence(|| drop(Box::from_raw(queue))));
        }
        0
    }
}

/// Pushes an empty queue. `[-0, +1, v]`
unsafe fn push_queue(l: *mut lua_State) {
    // SAFETY: the userdata holds a null pointer until the queue is made, and the box belongs to
    // it alone: only `free_queue` frees it.
    unsafe {
        let place = ffi::lua_newuserdatauv(l, size_of::<*mut Queue>(), 0).cast::<*mut Queue>();
        *place = std::ptr::null_mut();
        if ffi::luaL_newmetatable(l, QUEUE.as_ptr()) != 0 {
            ffi::lua_pushcfunction(l, free_queue);
            ffi::lua_setfield(l, -2, c"__gc".as_ptr());
        }
        ffi::lua_setmetatable(l, -2);
        *place = passed(l, fence(|| Box::into_raw(Box::<Queue>::default())));
    }
}

/// The queue at `index`. `[-0, +0, v]`
unsafe fn queue_at(l: *mut lua_State, index: c_int) -> *mut Queue {
    // SAFETY: the name of the metatable proves what it is; it lives as long as it is on the stack.
    unsafe {
        let queue = *ffi::luaL_checkudata(l, index, QUEUE.as_ptr()).cast::<*mut Queue>();
        if queue.is_null() {
            raise(l, format_args!("this queue has been freed"));
        }
        queue
    }
}

/// Pushes a frame that is the end of the buffer as key and size. `[-0, +2, v]`
unsafe fn push_frame(l: *mut lua_State, host: *mut Host, start: usize) {
    // SAFETY: called from C functions, by the law.
    unsafe {
        if (*host).buffer.len() == start {
            ffi::lua_pushlightuserdata(l, std::ptr::null_mut());
            ffi::lua_pushinteger(l, 0);
        } else {
            push_packed(l, host, Body::Buffer(start));
        }
    }
}

/// Pushes a name, a socket, the host's text and a number. `[-0, +(3|4), m]`
unsafe fn push_event(l: *mut lua_State, host: *mut Host, name: &CStr, id: u32, number: Option<u32>) {
    // SAFETY: called from C functions, by the law.
    unsafe {
        ffi::lua_pushstring(l, name.as_ptr());
        ffi::lua_pushinteger(l, id.into());
        super::host::push_text(l, host);
        if let Some(number) = number {
            ffi::lua_pushinteger(l, number.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: &[u8]) -> Vec<u8> {
        let mut frame = (bytes.len() as u16).to_be_bytes().to_vec();
        frame.extend_from_slice(bytes);
        frame
    }

    /// All frames that come out when `stream` comes in parts of `cut` bytes.
    fn cut(stream: &[u8], cut: usize) -> Vec<Vec<u8>> {
        let mut queue = Queue::default();
        let mut frames = Vec::new();
        for part in stream.chunks(cut) {
            let mut out = Vec::new();
            match queue.take(7, part, &mut out) {
                Filtered::Incomplete => {}
                Filtered::One(start) => frames.push(out[start..].to_vec()),
                Filtered::More => frames.extend(queue.whole.drain(..).map(|(_, frame)| frame)),
            }
        }
        frames
    }

    #[test]
    fn frames_come_out_as_they_went_in_however_they_were_cut() {
        let frames = [b"hello".to_vec(), Vec::new(), vec![7; 300], vec![1; 65_535]];
        let stream: Vec<u8> = frames.iter().flat_map(|bytes| frame(bytes)).collect();
        for size in [1, 2, 3, 5, 7, 100, 4096, stream.len()] {
            assert_eq!(cut(&stream, size), frames, "parts of {size} bytes");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_in_any_parts_give_the_same_frames(bytes: Vec<u8>, size in 1_usize..40) {
            proptest::prop_assert_eq!(cut(&bytes, size), cut(&bytes, bytes.len().max(1)));
        }
    }

    #[test]
    fn half_a_frame_waits_and_its_claimed_length_allocates_nothing() {
        let mut queue = Queue::default();
        assert!(matches!(queue.take(1, b"\xff\xffab", &mut Vec::new()), Filtered::Incomplete));
        assert!(queue.begun.get(&1).is_some_and(|begun| begun.capacity() < 100));
    }

    #[test]
    fn a_frame_behind_others_that_nobody_popped_keeps_its_place() {
        let mut queue = Queue::default();
        let two = [frame(b"a"), frame(b"b")].concat();
        assert!(matches!(queue.take(1, &two, &mut Vec::new()), Filtered::More));
        assert!(matches!(queue.take(2, &frame(b"c"), &mut Vec::new()), Filtered::More));
        assert_eq!(queue.whole, [(1, b"a".to_vec()), (1, b"b".to_vec()), (2, b"c".to_vec())]);
    }
}
