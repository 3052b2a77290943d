//! `string.find`, `match`, `gmatch` and `gsub` with a bound on their work: see [`crate::pattern`].
//!
//! They behave as Lua's own; only a search that would hold a worker for ever ends in an error.

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;

use memchr::memmem;
use mlua::ffi::{self, lua_State};

use super::hook::is_killed;
use super::host::{bytes_at, fence, host_of, passed, raise};
use super::pack::type_name;
use crate::pattern::{Capture, Fault, Matcher};

/// Characters that make a pattern more than a text.
const SPECIALS: &[u8] = b"^$*+?.([%-";

/// Their names in `string`.
pub(super) static FUNCTIONS: [(&std::ffi::CStr, ffi::lua_CFunction); 4] =
    [(c"find", find), (c"match", match_), (c"gmatch", gmatch), (c"gsub", gsub)];

lua_fn! {
    /// `find(text, pattern [, init [, plain]])`.
    fn find(l) {
        let (text, pattern) = (text_at(l, 1), text_at(l, 2));
        let Some(init) = init(l, 3, text.len()) else {
            ffi::lua_pushnil(l);
            return 1;
        };
        let is_plain = ffi::lua_toboolean(l, 4) != 0 || !pattern.iter().any(|byte| SPECIALS.contains(byte));
        if !is_plain {
            return search(l, text, pattern, init, true);
        }
        let found = plain(&text[init..], pattern);
        match found {
            None => {
                ffi::lua_pushnil(l);
                1
            }
            Some(at) => {
                push_place(l, init + at);
                ffi::lua_pushinteger(l, (init + at + pattern.len()) as ffi::lua_Integer);
                2
            }
        }
    }

    /// `match(text, pattern [, init])`.
    fn match_(l) {
        let (text, pattern) = (text_at(l, 1), text_at(l, 2));
        match init(l, 3, text.len()) {
            Some(init) => search(l, text, pattern, init, false),
            None => {
                ffi::lua_pushnil(l);
                1
            }
        }
    }

    /// `gmatch(text, pattern [, init])` to an iterator.
    fn gmatch(l) {
        let (text, _) = (text_at(l, 1), text_at(l, 2));
        let init = init(l, 3, text.len()).unwrap_or(text.len() + 1);
        ffi::lua_settop(l, 2);
        // Where to go on, and where the last match ended, as a place behind the text for "nowhere".
        ffi::lua_pushinteger(l, init as ffi::lua_Integer);
        ffi::lua_pushinteger(l, -1);
        ffi::lua_pushcclosure(l, next_match, 4);
        1
    }

    /// The iterator of `gmatch`.
    fn next_match(l) {
        let (text, pattern) = (bytes_at(l, ffi::lua_upvalueindex(1)), bytes_at(l, ffi::lua_upvalueindex(2)));
        let from = ffi::lua_tointeger(l, ffi::lua_upvalueindex(3)) as usize;
        let last = usize::try_from(ffi::lua_tointeger(l, ffi::lua_upvalueindex(4))).ok();
        let host = host_of(l);
        let mut matcher = Matcher::new(text, pattern, || !is_killed(host));
        let found = fence(|| {
            for start in from..=text.len() {
                match matcher.match_at(start) {
                    Ok(Some(end)) if Some(end) != last => return Ok(Some((start, end))),
                    Ok(_) => {}
                    Err(fault) => return Err(fault),
                }
            }
            Ok(None)
        });
        let Some((start, end)) = sound(l, passed(l, found)) else { return 0 };
        ffi::lua_pushinteger(l, end as ffi::lua_Integer);
        ffi::lua_copy(l, -1, ffi::lua_upvalueindex(3));
        ffi::lua_copy(l, -1, ffi::lua_upvalueindex(4));
        ffi::lua_pop(l, 1);
        push_captures(l, text, matcher.captures(), Some((start, end)))
    }

    /// `gsub(text, pattern, replacement [, most])`.
    fn gsub(l) {
        let (text, whole) = (text_at(l, 1), text_at(l, 2));
        let kind = ffi::lua_type(l, 3);
        if !matches!(kind, ffi::LUA_TNUMBER | ffi::LUA_TSTRING | ffi::LUA_TTABLE | ffi::LUA_TFUNCTION) {
            let kind = type_name(kind);
            raise(l, format_args!("bad argument #3 to 'gsub' (string/function/table expected, got {kind})"));
        }
        let most = ffi::luaL_optinteger(l, 4, text.len() as ffi::lua_Integer + 1);
        let (pattern, anchored) = unanchored(whole);
        let host = host_of(l);
        let mut matcher = Matcher::new(text, pattern, || !is_killed(host));
        let mut buffer = MaybeUninit::<ffi::luaL_Buffer>::uninit();
        let out = buffer.as_mut_ptr();
        ffi::luaL_buffinit(l, out);
        // Places of the text: where to look next, what has been copied, where the last match ended.
        let (mut from, mut copied, mut last) = (0, 0, None);
        let (mut count, mut changed) = (0, false);
        while count < most && from <= text.len() {
            let matched = sound(l, passed(l, fence(|| matcher.match_at(from))));
            match matched.filter(|end| Some(*end) != last) {
                Some(end) => {
                    count += 1;
                    add(out, &text[copied..from]);
                    changed |= add_replacement(l, out, text, matcher.captures(), (from, end), kind);
                    (from, copied, last) = (end, end, Some(end));
                }
                None => from += 1,
            }
            if anchored {
                break;
            }
        }
        if changed {
            add(out, &text[copied.min(text.len())..]);
            ffi::luaL_pushresult(out);
        } else {
            ffi::lua_pushvalue(l, 1);
        }
        ffi::lua_pushinteger(l, count);
        2
    }
}

/// Where a text stands in another for the first time. Preparing a search that is fast at any size
/// takes longer than looking through a short text.
fn plain(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let Some((head, tail)) = wanted.split_first().filter(|_| text.len() < 256) else {
        return memmem::find(text, wanted);
    };
    let mut from = 0;
    while let Some(at) = memchr::memchr(*head, &text[from..]) {
        from += at + 1;
        if text[from..].starts_with(tail) {
            return Some(from - 1);
        }
    }
    None
}

/// Adds what a match is replaced by; `false` if it stays. `[-0, +0, v]` but for the buffer's place
///
/// # Safety
///
/// Called from `gsub`, by the law, with `kind` the type of the replacement.
unsafe fn add_replacement(
    l: *mut lua_State,
    out: *mut ffi::luaL_Buffer,
    text: &[u8],
    captures: &[Capture],
    (start, end): (usize, usize),
    kind: c_int,
) -> bool {
    // SAFETY: by contract; what is pushed is popped by the buffer, as its rules want.
    unsafe {
        match kind {
            ffi::LUA_TFUNCTION => {
                ffi::lua_pushvalue(l, 3);
                let count = push_captures(l, text, captures, Some((start, end)));
                ffi::lua_call(l, count, 1);
            }
            ffi::LUA_TTABLE => {
                push_capture(l, text, captures, 0, (start, end));
                ffi::lua_gettable(l, 3);
            }
            _ => {
                add_text(l, out, text, captures, (start, end));
                return true;
            }
        }
        if ffi::lua_toboolean(l, -1) == 0 {
            ffi::lua_pop(l, 1);
            add(out, &text[start..end]);
            return false;
        }
        if ffi::lua_isstring(l, -1) == 0 {
            let kind = type_name(ffi::lua_type(l, -1));
            raise(l, format_args!("invalid replacement value (a {kind})"));
        }
        ffi::luaL_addvalue(out);
        true
    }
}

/// Adds a replacement that is a text, with `%0` to `%9` filled in.
unsafe fn add_text(
    l: *mut lua_State,
    out: *mut ffi::luaL_Buffer,
    text: &[u8],
    captures: &[Capture],
    (start, end): (usize, usize),
) {
    // SAFETY: as `add_replacement`; argument 3 is a string or a number, and stays on the stack.
    unsafe {
        let mut rest = text_at(l, 3);
        while let Some(at) = memchr::memchr(b'%', rest) {
            add(out, &rest[..at]);
            match rest.get(at + 1) {
                Some(b'%') => add(out, b"%"),
                Some(b'0') => add(out, &text[start..end]),
                Some(digit @ b'1'..=b'9') => {
                    let number = usize::from(digit - b'0');
                    if number > captures.len().max(1) {
                        raise(l, format_args!("invalid capture index %{number} in replacement string"));
                    }
                    push_capture(l, text, captures, number - 1, (start, end));
                    ffi::luaL_addvalue(out);
                }
                _ => raise(l, format_args!("invalid use of '%' in replacement string")),
            }
            rest = &rest[at + 2..];
        }
        add(out, rest);
    }
}

/// Looks for the first match and pushes what `find` or `match` return.
#[inline]
unsafe fn search(l: *mut lua_State, text: &[u8], pattern: &[u8], init: usize, with_places: bool) -> c_int {
    // SAFETY: called from C functions, by the law.
    unsafe {
        let (pattern, anchored) = unanchored(pattern);
        let host = host_of(l);
        let mut matcher = Matcher::new(text, pattern, || !is_killed(host));
        let found = sound(l, passed(l, fence(|| matcher.find_from(init, anchored))));
        let Some((start, end)) = found else {
            ffi::lua_pushnil(l);
            return 1;
        };
        if !with_places {
            return push_captures(l, text, matcher.captures(), Some((start, end)));
        }
        push_place(l, start);
        ffi::lua_pushinteger(l, end as ffi::lua_Integer);
        2 + push_captures(l, text, matcher.captures(), None)
    }
}

/// Pushes all captures, or the whole match if there are none; says how many.
unsafe fn push_captures(l: *mut lua_State, text: &[u8], captures: &[Capture], whole: Option<(usize, usize)>) -> c_int {
    // SAFETY: called from C functions, by the law.
    unsafe {
        let count = if captures.is_empty() { usize::from(whole.is_some()) } else { captures.len() };
        ffi::luaL_checkstack(l, count as c_int, c"too many captures".as_ptr());
        for index in 0..count {
            push_capture(l, text, captures, index, whole.unwrap_or_default());
        }
        count as c_int
    }
}

/// Pushes one capture; the first of none is the whole match. `[-0, +1, v]`
unsafe fn push_capture(
    l: *mut lua_State,
    text: &[u8],
    captures: &[Capture],
    index: usize,
    (start, end): (usize, usize),
) {
    // SAFETY: called from C functions, by the law.
    unsafe {
        match captures.get(index) {
            Some(Capture::Place(place)) => push_place(l, *place),
            Some(Capture::Span(start, end)) => push_text(l, &text[*start..*end]),
            Some(Capture::Open(_)) => raise(l, format_args!("{}", Fault::Unfinished)),
            None => push_text(l, &text[start..end]),
        }
    }
}

/// Pushes a place as Lua counts. `[-0, +1, -]`
unsafe fn push_place(l: *mut lua_State, place: usize) {
    // SAFETY: the caller has a place on the stack.
    unsafe { ffi::lua_pushinteger(l, place as ffi::lua_Integer + 1) }
}

unsafe fn push_text(l: *mut lua_State, text: &[u8]) {
    // SAFETY: the text belongs to a string that stays on the stack.
    unsafe {
        ffi::lua_pushlstring(l, text.as_ptr().cast(), text.len());
    }
}

unsafe fn add(out: *mut ffi::luaL_Buffer, text: &[u8]) {
    // SAFETY: the buffer was begun; the text belongs to a string that stays on the stack.
    unsafe { ffi::luaL_addlstring(out, text.as_ptr().cast::<c_char>(), text.len()) }
}

/// The string at `index`, or an error. `[-0, +0, v]`
unsafe fn text_at<'a>(l: *mut lua_State, index: c_int) -> &'a [u8] {
    let mut len = 0;
    // SAFETY: an argument stays on the stack, and a number has been made a string there.
    unsafe {
        let text = ffi::luaL_checklstring(l, index, &mut len);
        std::slice::from_raw_parts(text.cast(), len)
    }
}

/// Where a search begins, counted from 0; `None` behind the text. `[-0, +0, v]`
unsafe fn init(l: *mut lua_State, index: c_int, len: usize) -> Option<usize> {
    // SAFETY: called from C functions, by the law.
    let init = unsafe { ffi::luaL_optinteger(l, index, 1) };
    let place = match init {
        1.. => init as usize - 1,
        0 => 0,
        _ => len.saturating_sub(init.unsigned_abs() as usize),
    };
    (place <= len).then_some(place)
}

/// A pattern without the `^` at its head, and whether it had one.
fn unanchored(pattern: &[u8]) -> (&[u8], bool) {
    match pattern {
        [b'^', rest @ ..] => (rest, true),
        all => (all, false),
    }
}

/// What was found, or the error that the pattern is. `[-0, +0, v]`
#[inline]
unsafe fn sound<T: Copy>(l: *mut lua_State, found: Result<T, Fault>) -> T {
    match found {
        Ok(found) => found,
        // SAFETY: called from C functions, by the law.
        Err(fault) => unsafe { raise(l, format_args!("{fault}")) },
    }
}
