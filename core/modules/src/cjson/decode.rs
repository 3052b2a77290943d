//! JSON to values of Lua.

use mlua::{Lua, LuaString, Table, Value};

use super::lexer::{Lexer, Token};
use super::{Config, Marks};
use crate::library::Fault;

/// A table that is not closed yet. There is no recursion: how deep it goes is a setting of the script's.
enum Open {
    Array { table: Table, len: usize },
    Object { table: Table, key: LuaString },
}

pub(super) fn decode(lua: &Lua, text: &[u8], config: Config, marks: &Marks) -> Result<Value, Fault> {
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        return Err(Fault::text("JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut reading =
        Reading { lua, lexer: Lexer::new(text, config.decode_invalid_numbers), config, marks, open: vec![] };
    let mut token = reading.lexer.next();
    loop {
        let mut value = match reading.begin(token)? {
            Begun::Value(value) => value,
            Begun::Container(first) => {
                token = first;
                continue;
            }
        };
        // Whatever this value closes is a value itself.
        loop {
            match reading.place(value)? {
                Placed::Done(value) => return Ok(value),
                Placed::Next(next) => {
                    token = next;
                    break;
                }
                Placed::Closed(table) => value = table,
            }
        }
    }
}

struct Reading<'a> {
    lua: &'a Lua,
    lexer: Lexer<'a>,
    config: Config,
    marks: &'a Marks,
    open: Vec<Open>,
}

enum Begun {
    Value(Value),
    /// A table was opened; the token that its first value begins with.
    Container(Token),
}

enum Placed {
    Done(Value),
    Next(Token),
    Closed(Value),
}

impl Reading<'_> {
    /// Reads a value, or the beginning of one.
    fn begin(&mut self, token: Token) -> Result<Begun, Fault> {
        Ok(Begun::Value(match token {
            Token::String(text) => Value::String(self.lua.create_string(text)?),
            Token::Integer(integer) => Value::Integer(integer),
            Token::Float(float) => Value::Number(float),
            Token::Boolean(boolean) => Value::Boolean(boolean),
            Token::Null => Value::NULL,
            Token::ObjectBegin => return self.object(),
            Token::ArrayBegin => return self.array(),
            other => return Err(self.expected("value", &other)),
        }))
    }

    fn object(&mut self) -> Result<Begun, Fault> {
        self.descend()?;
        let table = self.lua.create_table()?;
        match self.lexer.next() {
            Token::ObjectEnd => Ok(Begun::Value(Value::Table(table))),
            token => {
                let (key, first) = self.key(token)?;
                self.open.push(Open::Object { table, key });
                Ok(Begun::Container(first))
            }
        }
    }

    fn array(&mut self) -> Result<Begun, Fault> {
        self.descend()?;
        let table = self.lua.create_table()?;
        if self.config.decode_array_with_array_mt {
            table.set_metatable(Some(self.marks.array.clone()))?;
        }
        match self.lexer.next() {
            Token::ArrayEnd => Ok(Begun::Value(Value::Table(table))),
            first => {
                self.open.push(Open::Array { table, len: 0 });
                Ok(Begun::Container(first))
            }
        }
    }

    fn descend(&self) -> Result<(), Fault> {
        let depth = self.open.len() + 1;
        if depth <= self.config.decode_max_depth {
            return Ok(());
        }
        let character = self.lexer.character;
        Err(Fault::text(format!("Found too many nested data structures ({depth}) at character {character}")))
    }

    /// Reads a key, and the first token of its value.
    fn key(&mut self, token: Token) -> Result<(LuaString, Token), Fault> {
        let Token::String(key) = token else { return Err(self.expected("object key string", &token)) };
        let key = self.lua.create_string(key)?;
        match self.lexer.next() {
            Token::Colon => Ok((key, self.lexer.next())),
            other => Err(self.expected("colon", &other)),
        }
    }

    /// Puts a value where it belongs.
    fn place(&mut self, value: Value) -> Result<Placed, Fault> {
        let Some(open) = self.open.last_mut() else {
            return match self.lexer.next() {
                Token::End => Ok(Placed::Done(value)),
                other => Err(self.expected("the end", &other)),
            };
        };
        let what = match open {
            Open::Array { table, len } => {
                *len += 1;
                table.raw_set(*len, value)?;
                "comma or array end"
            }
            Open::Object { table, key } => {
                table.raw_set(&*key, value)?;
                "comma or object end"
            }
        };
        let array = matches!(open, Open::Array { .. });
        match self.lexer.next() {
            Token::Comma if array => Ok(Placed::Next(self.lexer.next())),
            Token::Comma => {
                let token = self.lexer.next();
                let (next, first) = self.key(token)?;
                if let Some(Open::Object { key, .. }) = self.open.last_mut() {
                    *key = next;
                }
                Ok(Placed::Next(first))
            }
            Token::ArrayEnd if array => Ok(self.close()),
            Token::ObjectEnd if !array => Ok(self.close()),
            other => Err(self.expected(what, &other)),
        }
    }

    fn close(&mut self) -> Placed {
        Placed::Closed(match self.open.pop() {
            Some(Open::Array { table, .. } | Open::Object { table, .. }) => Value::Table(table),
            None => Value::Nil,
        })
    }

    fn expected(&self, what: &str, found: &Token) -> Fault {
        Fault::text(format!("Expected {what} but found {} at character {}", found.name(), self.lexer.character))
    }
}
