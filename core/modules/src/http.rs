//! `http.core`: what `http.httpd`, `http.httpc` and `http.websocket` do not do in Lua.
//!
//! Heads are parsed and WebSocket frames are taken apart by `skyloom-wire`, which is strict and
//! fuzzed; the modules in Lua move bytes between it and their sockets. A function that finds
//! something wrong with a peer's bytes returns it: only a script's own fault raises.

use mlua::{IntoLuaMulti, Lua, LuaString, MultiValue, Table, Value};
use skyloom_wire::http::{self, BodyLength, Headers, RequestOutline, ResponseOutline};
use skyloom_wire::websocket;

mod conversation;

use conversation::Conversation;

pub(crate) fn open(lua: &Lua) -> mlua::Result<Value> {
    let table = lua.create_table()?;
    table.raw_set("request", lua.create_function(|lua, head: LuaString| request(lua, &head))?)?;
    table.raw_set(
        "response",
        lua.create_function(|lua, (method, head): (String, LuaString)| response(lua, &method, &head))?,
    )?;
    table.raw_set("headers", lua.create_function(|lua, lines: LuaString| headers(lua, &lines))?)?;
    table.raw_set(
        "accept_key",
        lua.create_function(|_, key: LuaString| Ok(key.to_str().ok().and_then(|key| websocket::accept_key(&key))))?,
    )?;
    table.raw_set("new_key", lua.create_function(|_, ()| Ok(websocket::new_key()))?)?;
    table.raw_set("server", lua.create_function(|_, limits| Ok(Conversation::server(limits)))?)?;
    table.raw_set("client", lua.create_function(|_, limit| Ok(Conversation::client(limit)))?)?;
    Ok(Value::Table(table))
}

/// `request(head)` to method, target, minor version, headers, length of the body; or nil, a status and why.
fn request(lua: &Lua, head: &LuaString) -> mlua::Result<MultiValue> {
    match RequestOutline::parse(&head.as_bytes()) {
        Ok(RequestOutline { method, target, minor, headers, body }) => {
            (method, target, minor, table_of(lua, &headers)?, length(lua, body)?).into_lua_multi(lua)
        }
        Err(error) => (Value::Nil, error.status(), error.to_string()).into_lua_multi(lua),
    }
}

/// `response(method, head)` to status, headers, length of the body; or nil and why.
fn response(lua: &Lua, method: &str, head: &LuaString) -> mlua::Result<MultiValue> {
    match ResponseOutline::parse(method, &head.as_bytes()) {
        Ok(ResponseOutline { status, headers, body, .. }) => {
            (status, table_of(lua, &headers)?, length(lua, body)?).into_lua_multi(lua)
        }
        // The texts speak of requests, which is what the format's own users parse.
        Err(error) => (Value::Nil, error.to_string().replace("request", "response")).into_lua_multi(lua),
    }
}

/// `headers(lines)` to a table, or nil and why.
fn headers(lua: &Lua, lines: &LuaString) -> mlua::Result<MultiValue> {
    match http::parse_headers(&lines.as_bytes()) {
        Ok(headers) => table_of(lua, &headers)?.into_lua_multi(lua),
        Err(error) => (Value::Nil, error.to_string()).into_lua_multi(lua),
    }
}

/// A number of bytes, `"chunked"`, or nil if only the end of the connection ends it.
fn length(lua: &Lua, body: BodyLength) -> mlua::Result<Value> {
    Ok(match body {
        BodyLength::Known(length) => Value::Integer(i64::try_from(length).unwrap_or(i64::MAX)),
        BodyLength::Chunked => Value::String(lua.create_string("chunked")?),
        BodyLength::UntilClose => Value::Nil,
    })
}

/// Names in lower case to values; a name that comes several times to a list of them.
fn table_of(lua: &Lua, headers: &Headers) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    for (name, value) in headers.iter() {
        let name = name.to_ascii_lowercase();
        match table.raw_get(name.as_str())? {
            Value::Nil => table.raw_set(name, lua.create_string(value)?)?,
            Value::Table(list) => list.raw_push(lua.create_string(value)?)?,
            first => {
                let list = lua.create_sequence_from([first])?;
                list.raw_push(lua.create_string(value)?)?;
                table.raw_set(name, list)?;
            }
        }
    }
    Ok(table)
}
