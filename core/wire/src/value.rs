//! A Lua value as Rust sees it.
//!
//! For code that must pass on, show or check values without knowing their
//! type. Code that knows the type reads it with
//! [`seri::from_bytes`](crate::seri::from_bytes) instead.

mod bytes;
mod serde;

pub use bytes::Bytes;

/// What a Lua service can send: everything but functions, threads and
/// userdata.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `nil`.
    #[default]
    Nil,
    /// A boolean.
    Boolean(bool),
    /// A number without a fraction; never equal to a float, unlike in Lua.
    Integer(i64),
    /// A number with a fraction, or one that was computed like one.
    Float(f64),
    /// A string of any bytes.
    String(Vec<u8>),
    /// A table.
    Table {
        /// The values at 1, 2, 3 and so on.
        array: Vec<Value>,
        /// All others, in no order.
        map: Vec<(Value, Value)>,
    },
}

impl Value {
    /// A table of `array` and nothing else.
    #[must_use]
    pub fn list(array: Vec<Value>) -> Value {
        Value::Table { array, map: Vec::new() }
    }

    /// A table of pairs and nothing else.
    #[must_use]
    pub fn map(pairs: Vec<(Value, Value)>) -> Value {
        Value::Table { array: Vec::new(), map: pairs }
    }

    /// What the table holds at a string key.
    ///
    /// # Examples
    /// ```
    /// use skyloom_wire::Value;
    /// let table = Value::map(vec![("nick".into(), "ann".into())]);
    /// assert_eq!(table.field("nick").and_then(Value::as_str), Some("ann"));
    /// assert_eq!(table.field("room"), None);
    /// ```
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Value> {
        let Value::Table { map, .. } = self else {
            return None;
        };
        let is_key = |key_value: &Value| matches!(key_value, Value::String(k) if k == key.as_bytes());
        map.iter().find(|(key_value, _)| is_key(key_value)).map(|(_, value)| value)
    }

    /// The text, if it is a string and UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The number, if it is an integer or a float that stands for one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match *self {
            Value::Integer(number) => Some(number),
            Value::Float(number) => integral(number),
            _ => None,
        }
    }

    /// Lua's name of its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Boolean(_) => "boolean",
            Value::Integer(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::Table { .. } => "table",
        }
    }
}

/// The integer that a float stands for, if there is one.
pub(crate) fn integral(number: f64) -> Option<i64> {
    // 2^63 itself is out of range; -2^63 is in.
    const END: f64 = 9_223_372_036_854_775_808.0;
    let fits = number.trunc() == number && (-END..END).contains(&number);
    fits.then_some(number as i64)
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Float(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.as_bytes().to_vec())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text.into_bytes())
    }
}
