//! Answering requests: `skynet.ret` and its kin.

use mlua::ffi::{self, lua_State};
use skyloom_abi::{CallError, Protocol};
use skyloom_kernel::{Context, Envelope};

use super::arguments::{Body, body, envelope, ready};
use super::host::{Host, bytes_at, fence, host_of, passed, raise};
use super::protocols::Codec;
use crate::scheduler::{Detached, Request};

/// Name of the metatable of response objects, in the registry.
const RESPONSE: &std::ffi::CStr = c"skyloom.response";

lua_fn! {
    /// `ret([message [, size]])`: answers the request that this coroutine handles.
    fn ret(l) {
        let host = host_of(l);
        let body = ready(l, host, 1);
        answer(l, host, body)
    }

    /// `retpack(...)`: the same, packing the values.
    fn retpack(l) {
        let host = host_of(l);
        let body = body(l, host, Codec::Values, 1);
        answer(l, host, body)
    }

    /// `ignoreret()`: no answer will come, and that is no mistake.
    fn ignoreret(l) {
        let host = host_of(l);
        if let Some(slot) = (*host).running() {
            let _ = (*host).scheduler.answer(slot);
        }
        0
    }

    /// `context()` to session and source of the request that this coroutine handles.
    fn context(l) {
        let host = host_of(l);
        let Some(slot) = (*host).running() else { return 0 };
        let (session, source) = (*host).scheduler.context(slot);
        match session {
            Some(session) => ffi::lua_pushinteger(l, session.get().into()),
            None => ffi::lua_pushinteger(l, 0),
        }
        match source {
            Some(source) => ffi::lua_pushinteger(l, source.get().into()),
            None => ffi::lua_pushinteger(l, 0),
        }
        2
    }

    /// `response([pack])` to a function that answers later, from anywhere.
    fn response(l) {
        let host = host_of(l);
        let has_pack = ffi::lua_type(l, 1) == ffi::LUA_TFUNCTION;
        let slot = (*host).running();
        let detached = match slot {
            Some(slot) => (*host).scheduler.detach(slot),
            None => raise(l, format_args!("no session")),
        };
        let number = match detached {
            Ok(Some(detached)) => detached.0,
            Ok(None) => {
                ffi::lua_pushcfunction(l, unwanted);
                return 1;
            }
            Err(_) => raise(l, format_args!("no session")),
        };
        let place = ffi::lua_newuserdatauv(l, size_of::<u64>(), 0).cast::<u64>();
        place.write(number);
        if ffi::luaL_newmetatable(l, RESPONSE.as_ptr()) != 0 {
            ffi::lua_pushcfunction(l, dropped);
            ffi::lua_setfield(l, -2, c"__gc".as_ptr());
        }
        ffi::lua_setmetatable(l, -2);
        if has_pack {
            ffi::lua_pushvalue(l, 1);
        } else {
            ffi::lua_pushnil(l);
        }
        ffi::lua_pushcclosure(l, respond, 2);
        1
    }

    /// A response object: `(true, ...)` answers, `(false)` refuses, `("TEST")` asks.
    fn respond(l) {
        let host = host_of(l);
        let place = ffi::lua_touserdata(l, ffi::lua_upvalueindex(1)).cast::<u64>();
        let number = place.read();
        if ffi::lua_type(l, 1) == ffi::LUA_TSTRING && bytes_at(l, 1) == b"TEST" {
            let waits = number != 0 && (*host).scheduler.is_awaited_response(Detached(number));
            ffi::lua_pushboolean(l, waits.into());
            return 1;
        }
        if number == 0 {
            raise(l, format_args!("Can't response more than once"));
        }
        let answered = ffi::lua_toboolean(l, 1) != 0;
        let packed = match (answered, ffi::lua_type(l, ffi::lua_upvalueindex(2))) {
            (false, _) => Body::Empty,
            (true, ffi::LUA_TNIL) => body(l, host, Codec::Values, 2),
            (true, _) => {
                ffi::lua_pushvalue(l, ffi::lua_upvalueindex(2));
                ffi::lua_replace(l, 1);
                ffi::lua_call(l, ffi::lua_gettop(l) - 1, 2);
                ready(l, host, ffi::lua_gettop(l) - 1)
            }
        };
        place.write(0);
        let sent = fence(|| {
            let envelope = envelope(host, packed);
            let Some(request) = (*host).scheduler.answer_detached(Detached(number)) else { return false };
            let Some(context) = (*host).context() else { return false };
            if answered {
                reply(context, request, envelope)
            } else {
                context.refuse(request.to, request.session, CallError::Refused(String::new()))
            }
        });
        ffi::lua_pushboolean(l, passed(l, sent).into());
        1
    }

    /// The collector found a response object that was never used: nobody else can answer.
    fn dropped(l) {
        let host = host_of(l);
        let place = ffi::lua_touserdata(l, 1).cast::<u64>();
        if place.is_null() {
            return 0;
        }
        let number = std::mem::replace(&mut *place, 0);
        let _ = fence(|| {
            let request = (*host).scheduler.answer_detached(Detached(number));
            if let (Some(request), Some(context)) = (request, (*host).context()) {
                let text = "its response object was dropped".into();
                context.refuse(request.to, request.session, CallError::Refused(text));
            }
        });
        0
    }
}

/// The response to a message that awaits none.
unsafe extern "C-unwind" fn unwanted(_: *mut lua_State) -> std::ffi::c_int {
    0
}

/// Sends an answer; tells whether somebody got it.
#[inline(always)]
fn reply(context: &Context<'_>, request: Request, mut envelope: Envelope) -> bool {
    envelope.source = Some(context.handle());
    envelope.session = Some(request.session);
    envelope.protocol = Protocol::RESPONSE;
    context.post(request.to, envelope).is_ok()
}

/// Sends the answer, pushes whether somebody got it. `[-0, +1, v]`
#[inline(always)]
unsafe fn answer(l: *mut lua_State, host: *mut Host, body: Body) -> std::ffi::c_int {
    // SAFETY: by the law; inside the fence nothing enters Lua.
    unsafe {
        let sent = fence(|| {
            let envelope = envelope(host, body);
            let slot = (*host).running()?;
            if (*host).watched {
                super::tracing::tell(host, slot, c"response", None);
            }
            match (*host).scheduler.answer(slot) {
                Err(_) => None,
                Ok(None) => Some(false),
                Ok(Some(request)) => {
                    let context = (*host).context()?;
                    Some(reply(context, request, envelope))
                }
            }
        });
        match passed(l, sent) {
            Some(sent) => ffi::lua_pushboolean(l, sent.into()),
            None => raise(l, format_args!("No session")),
        }
        1
    }
}
