//! `skynet.send`, `call` and their kin.

use mlua::ffi;
use skyloom_abi::{Cause, Handle, Protocol, Session, Undelivered};

use super::arguments::{Body, address, body, envelope, protocol, ready, waiting};
use super::host::{Host, Outcome, bytes_at, fence, host_of, passed, raise, raise_text};
use super::protocols::Codec;
use super::threads::Expect;
use crate::scheduler::Request;

lua_fn! {
    /// `send(address, protocol, ...)` to 0, or nil if there is nobody.
    fn send(l) {
        let host = host_of(l);
        let to = address(l, host, 1);
        let index = protocol(l, host, 2);
        let (id, codec) = speech(host, index);
        let body = body(l, host, codec, 3);
        deliver(l, host, to, None, id, body)
    }

    /// `rawsend(address, protocol, message [, size])`: the payload is ready.
    fn rawsend(l) {
        let host = host_of(l);
        let to = address(l, host, 1);
        let index = protocol(l, host, 2);
        let (id, _) = speech(host, index);
        let body = ready(l, host, 3);
        deliver(l, host, to, None, id, body)
    }

    /// `redirect(address, source, protocol, session, message [, size])`: in another's name.
    fn redirect(l) {
        let host = host_of(l);
        let to = address(l, host, 1);
        let source = if ffi::lua_isinteger(l, 2) != 0 && ffi::lua_tointeger(l, 2) == 0 {
            Some((*host).handle)
        } else {
            address(l, host, 2)
        };
        let index = protocol(l, host, 3);
        let (id, _) = speech(host, index);
        let session = session_at(l, 4);
        let body = ready(l, host, 5);
        deliver(l, host, to, Some((source, session)), id, body)
    }

    /// `genid()`: a session that is not in use.
    fn genid(l) {
        let host = host_of(l);
        let session = passed(l, fence(|| fresh(host)));
        ffi::lua_pushinteger(l, session.map_or(0, Session::get).into());
        1
    }

    /// `call(address, protocol, ...)`: waits for the answer.
    fn call(l) {
        let host = host_of(l);
        let slot = waiting(l, host, "call");
        let to = address(l, host, 1);
        let index = protocol(l, host, 2);
        let (id, codec) = speech(host, index);
        let body = body(l, host, codec, 3);
        let (expect, after) = match (*host).protocols.at(index).unpack {
            Codec::Values => (Expect::Values, 0),
            Codec::Text => (Expect::Text, 0),
            Codec::Absent => (Expect::Raw, 0),
            Codec::Function(function) => (Expect::Unpacked(function), 1),
        };
        begin(l, host, slot, to, id, body, expect);
        ffi::lua_settop(l, 0);
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, after, Some(called))
    }

    /// `rawcall(address, protocol, message [, size])`: waits for key and size of the answer.
    fn rawcall(l) {
        let host = host_of(l);
        let slot = waiting(l, host, "rawcall");
        let to = address(l, host, 1);
        let index = protocol(l, host, 2);
        let (id, _) = speech(host, index);
        let body = ready(l, host, 3);
        begin(l, host, slot, to, id, body, Expect::Raw);
        ffi::lua_settop(l, 0);
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, 0, Some(called))
    }
}

lua_continuation! {
    /// The answer is on the stack: values, or a function that makes them, or an error's text.
    fn called(l, context) {
        let host = host_of(l);
        if check_resumed(l, host) == Outcome::Error {
            ffi::luaL_where(l, 1);
            ffi::lua_rotate(l, -2, 1);
            ffi::lua_concat(l, 2);
            ffi::lua_error(l);
        }
        if context == 1 {
            ffi::lua_callk(l, 2, ffi::LUA_MULTRET, 0, Some(unpacked));
        }
        ffi::lua_gettop(l)
    }

    fn unpacked(l, _context) {
        ffi::lua_gettop(l)
    }
}

/// Raises if it was not the host that resumed. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a continuation, by the law.
#[inline]
pub(super) unsafe fn check_resumed(l: *mut ffi::lua_State, host: *mut Host) -> Outcome {
    // SAFETY: by contract. What the host left is taken once, so that nobody else goes on with it.
    unsafe {
        let outcome = (*host).outcome;
        if (*super::host::tag_of(l)).slot != (*host).current || outcome == Outcome::Taken {
            raise(l, format_args!("a coroutine that waits for the service was resumed by hand"));
        }
        (*host).outcome = Outcome::Taken;
        outcome
    }
}

/// Number and packing of a protocol.
#[inline(always)]
unsafe fn speech(host: *mut Host, index: usize) -> (Protocol, Codec) {
    // SAFETY: `host` is valid by the law; the borrow ends here.
    unsafe {
        let speech = (*host).protocols.at(index);
        (Protocol(speech.id), speech.pack)
    }
}

/// A session that is not in use; `None` outside a callback.
pub(super) fn fresh(host: *mut Host) -> Option<Session> {
    // SAFETY: `host` is valid by the law, and nothing here enters Lua.
    unsafe {
        let host = &*host;
        Some(host.context()?.session(|session| host.scheduler.is_taken(session)))
    }
}

unsafe fn session_at(l: *mut ffi::lua_State, index: std::ffi::c_int) -> Option<Session> {
    // SAFETY: called from C functions, by the law.
    unsafe {
        let number = ffi::luaL_checkinteger(l, index);
        u32::try_from(number).ok().and_then(Session::new)
    }
}

/// What became of a message.
#[derive(Clone, Copy)]
enum Sent {
    Yes,
    /// There is nobody.
    Nobody,
    /// There is somebody who takes no more.
    Full,
}

impl Sent {
    fn of(outcome: Result<(), Undelivered>) -> Sent {
        match outcome {
            Ok(()) => Sent::Yes,
            Err(Undelivered { cause: Cause::Full, .. }) => Sent::Full,
            Err(_) => Sent::Nobody,
        }
    }
}

/// Sends; pushes 0 (or the session), nil if there is nobody, false if the mailbox is full. `[-0, +1, v]`
#[inline(always)]
unsafe fn deliver(
    l: *mut ffi::lua_State,
    host: *mut Host,
    to: Option<Handle>,
    forged: Option<(Option<Handle>, Option<Session>)>,
    id: Protocol,
    body: Body,
) -> std::ffi::c_int {
    // SAFETY: by the law; inside the fence nothing enters Lua.
    unsafe {
        let sent = fence(|| {
            let mut envelope = envelope(host, body);
            let (source, session) = forged.unwrap_or((Some((*host).handle), None));
            let (Some(to), true) = (to, (*host).context().is_some()) else { return Sent::Nobody };
            if forged.is_some() {
                by_hand(host, to, source, session, id);
            }
            (envelope.source, envelope.session, envelope.protocol) = (source, session, id);
            (*host).context().map_or(Sent::Nobody, |context| Sent::of(context.post(to, envelope)))
        });
        match passed(l, sent) {
            Sent::Yes => {
                let session = forged.and_then(|(_, session)| session);
                ffi::lua_pushinteger(l, session.map_or(0, Session::get).into());
            }
            Sent::Nobody => ffi::lua_pushnil(l),
            Sent::Full => ffi::lua_pushboolean(l, 0),
        }
        1
    }
}

/// Notes that a message sent in another's name answers a request, or hands one over.
unsafe fn by_hand(host: *mut Host, to: Handle, source: Option<Handle>, session: Option<Session>, id: Protocol) {
    let Some(session) = session else { return };
    let whose = if id.is_answer() { Some(to) } else { source };
    let Some(whose) = whose else { return };
    // SAFETY: nothing here enters Lua.
    unsafe {
        let running = (*host).running();
        (*host).scheduler.answered_by_hand(running, Request { to: whose, session });
    }
}

/// Sends a request and notes who waits for the answer, or raises. `[-0, +0, v]`
#[inline(always)]
unsafe fn begin(
    l: *mut ffi::lua_State,
    host: *mut Host,
    slot: u32,
    to: Option<Handle>,
    id: Protocol,
    body: Body,
    expect: Expect,
) {
    // SAFETY: by the law; inside the fence nothing enters Lua.
    unsafe {
        let sent = fence(|| {
            let mut envelope = envelope(host, body);
            let (Some(to), Some(session)) = (to, fresh(host)) else { return Sent::Nobody };
            let Some(context) = (*host).context() else { return Sent::Nobody };
            if (*host).watched {
                super::tracing::calls(l, host, slot, Some(to));
            }
            (envelope.source, envelope.session, envelope.protocol) = (Some((*host).handle), Some(session), id);
            let sent = Sent::of(context.post(to, envelope));
            if !matches!(sent, Sent::Yes) {
                return sent;
            }
            let deadline = match (*host).call_timeout {
                0 => None,
                ticks => context.deadline(session, std::time::Duration::from_millis(10 * ticks)),
            };
            (*host).threads.at(slot).expect = expect;
            (*host).scheduler.wait_call(slot, session, Some(to), deadline);
            sent
        });
        match passed(l, sent) {
            Sent::Yes => {}
            Sent::Nobody => invalid_address(l, host, to),
            Sent::Full => raise(l, format_args!("call failed: {}", Cause::Full)),
        }
    }
}

#[cold]
unsafe fn invalid_address(l: *mut ffi::lua_State, host: *mut Host, to: Option<Handle>) -> ! {
    // SAFETY: by the law; the name is copied into the host's text before Lua runs.
    unsafe {
        if let Some(to) = to {
            raise(l, format_args!("call to invalid address {to}"));
        }
        (*host).text.clear();
        (*host).text.push_str("call to invalid address ");
        if ffi::lua_type(l, 1) == ffi::LUA_TSTRING {
            let name = String::from_utf8_lossy(bytes_at(l, 1));
            (*host).text.push_str(&name);
        } else {
            let number = ffi::lua_tointeger(l, 1);
            let _ = std::fmt::write(&mut (*host).text, format_args!(":{number:08x}"));
        }
        raise_text(l, host)
    }
}
