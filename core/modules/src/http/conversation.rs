//! A WebSocket as a userdata: bytes go in, events and bytes come out.

use std::error::Error;

use mlua::{IntoLuaMulti, Lua, LuaString, MultiValue, UserData, UserDataMethods, Value};
use skyloom_wire::websocket::{Event, Socket};

/// One side of an open WebSocket; the socket itself is the script's.
#[derive(Debug)]
pub(super) struct Conversation(Socket);

impl Conversation {
    /// The server's side, for messages of at most so many bytes, and whether they may come without a mask.
    pub(super) fn server((limit, unmasked): (usize, bool)) -> Conversation {
        let socket = Socket::server(limit);
        Conversation(if unmasked { socket.accept_unmasked() } else { socket })
    }

    pub(super) fn client(limit: usize) -> Conversation {
        Conversation(Socket::client(limit))
    }

    /// The next event: its kind and what belongs to it; nothing until more arrives.
    fn next(&mut self, lua: &Lua) -> mlua::Result<MultiValue> {
        match self.0.next() {
            Ok(None) => Ok(MultiValue::new()),
            Ok(Some(Event::Text(text))) => ("text", text).into_lua_multi(lua),
            Ok(Some(Event::Binary(bytes))) => ("binary", lua.create_string(bytes)?).into_lua_multi(lua),
            Ok(Some(Event::Ping)) => "ping".into_lua_multi(lua),
            Ok(Some(Event::Pong)) => "pong".into_lua_multi(lua),
            // 1005 stands for a close frame without a code.
            Ok(Some(Event::Closed { code: 1005 })) => "close".into_lua_multi(lua),
            Ok(Some(Event::Closed { code })) => ("close", code, self.0.farewell()).into_lua_multi(lua),
            Err(error) => {
                let why = match error.source() {
                    Some(cause) => format!("{error}: {cause}"),
                    None => error.to_string(),
                };
                ("error", why, error.code()).into_lua_multi(lua)
            }
        }
    }

    /// Writes a message; returns the bytes to send, or nil and why not.
    fn write(&mut self, lua: &Lua, data: &LuaString, kind: &str) -> mlua::Result<MultiValue> {
        let bytes = data.as_bytes();
        let written = match kind {
            "text" => match std::str::from_utf8(&bytes) {
                Ok(text) => self.0.send_text(text).map_err(|error| error.to_string()),
                Err(_) => Err("a text message must be UTF-8; write it as \"binary\"".to_owned()),
            },
            "binary" => self.0.send_binary(&bytes).map_err(|error| error.to_string()),
            other => Err(format!("a message is \"text\" or \"binary\", not {other:?}")),
        };
        match written {
            Ok(()) => lua.create_string(self.0.take_output())?.into_lua_multi(lua),
            Err(why) => (Value::Nil, why).into_lua_multi(lua),
        }
    }
}

impl UserData for Conversation {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method_mut("push", |_, this, bytes: LuaString| {
            this.0.push(&bytes.as_bytes());
            Ok(())
        });
        methods.add_method_mut("next", |lua, this, ()| this.next(lua));
        methods.add_method_mut("write", |lua, this, (data, kind): (LuaString, String)| this.write(lua, &data, &kind));
        methods.add_method_mut("ping", |lua, this, ()| {
            // After the end there is nobody to ask.
            let _ = this.0.ping();
            lua.create_string(this.0.take_output())
        });
        methods.add_method_mut("close", |lua, this, (code, reason): (Option<u16>, Option<String>)| {
            this.0.close(code.unwrap_or(1000), reason.as_deref().unwrap_or_default());
            lua.create_string(this.0.take_output())
        });
        methods.add_method_mut("output", |lua, this, ()| {
            let output = this.0.take_output();
            if output.is_empty() { Ok(None) } else { lua.create_string(output).map(Some) }
        });
    }
}
