//! The language of schemas: what it means, as a bundle of bytes.

use std::collections::{HashMap, HashSet};

use super::SprotoError;
use super::schema::{Field, Type};
use super::text::{self, FieldText, ProtocolText, SchemaText, TypeText};
use super::write::{Open, Writer};

/// Reads a schema's text and makes the bytes of it that every implementation understands; `name` stands for the text in
/// error messages.
///
/// # Errors
///
/// [`SprotoError::Syntax`] and [`SprotoError::Meaning`].
pub fn parse(text: &str, name: &str) -> Result<Vec<u8>, SprotoError> {
    let mut schema = text::read(text, name)?;
    schema.types.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(two) = schema.types.windows(2).find(|two| two[0].name == two[1].name) {
        return fail(format!("redefined {}", two[0].name));
    }
    schema.protocols.sort_by_key(|protocol| protocol.tag);
    let mut names = HashSet::new();
    if let Some(twice) = schema.protocols.iter().find(|protocol| !names.insert(protocol.name)) {
        return fail(format!("redefined {}", twice.name));
    }
    if let Some(two) = schema.protocols.windows(2).find(|two| two[0].tag == two[1].tag) {
        return fail(format!("redefined protocol tag {} at {}", two[1].tag, two[1].name));
    }
    for of in &mut schema.types {
        check(of)?;
    }
    Bundle::new(&schema).write()
}

fn fail<T>(text: String) -> Result<T, SprotoError> {
    Err(SprotoError::Meaning(text))
}

/// Puts the fields in order, and finds two of one name or tag.
fn check(of: &mut TypeText<'_>) -> Result<(), SprotoError> {
    let mut names = HashSet::new();
    if let Some(twice) = of.fields.iter().find(|field| !names.insert(field.name)) {
        return fail(format!("redefine {} in type {}", twice.name, of.name));
    }
    of.fields.sort_by_key(|field| field.tag);
    match of.fields.windows(2).find(|two| two[0].tag == two[1].tag) {
        Some(two) => fail(format!("redefine tag {} in type {}", two[0].tag, of.name)),
        None => Ok(()),
    }
}

/// What is written of a field.
struct Meaning {
    /// A basic kind and what goes with it, or nothing and the index of a type.
    basic: Option<i64>,
    extra: Option<i64>,
    key: Option<u16>,
    pairs: bool,
}

struct Bundle<'a> {
    schema: &'a SchemaText<'a>,
    types: HashMap<&'a str, usize>,
    /// The types of the bundle itself: their heads may have so many words.
    shape: Type,
}

impl<'a> Bundle<'a> {
    fn new(schema: &'a SchemaText<'a>) -> Bundle<'a> {
        let types = schema.types.iter().enumerate().map(|(at, of)| (&*of.name, at)).collect();
        // Seven fields, and a gap before each at the most.
        let shape = Type { name: "".into(), fields: Vec::<Field>::new(), words: 14 };
        Bundle { schema, types, shape }
    }

    fn write(&self) -> Result<Vec<u8>, SprotoError> {
        let mut out = Vec::new();
        let mut group = Writer::begin(&self.shape, &mut out);
        if !self.schema.types.is_empty() {
            let types = group.open(0, &mut out);
            for of in &self.schema.types {
                let element = Open::begin(&mut out);
                self.write_type(of, &mut out)?;
                element.close(&mut out)?;
            }
            types.close(&mut out)?;
        }
        if !self.schema.protocols.is_empty() {
            let protocols = group.open(1, &mut out);
            for protocol in &self.schema.protocols {
                let element = Open::begin(&mut out);
                self.write_protocol(protocol, &mut out)?;
                element.close(&mut out)?;
            }
            protocols.close(&mut out)?;
        }
        group.finish(&mut out)?;
        Ok(out)
    }

    fn write_type(&self, of: &TypeText<'_>, out: &mut Vec<u8>) -> Result<(), SprotoError> {
        let mut writer = Writer::begin(&self.shape, out);
        writer.bytes(0, of.name.as_bytes(), out)?;
        if !of.fields.is_empty() {
            let fields = writer.open(1, out);
            for field in &of.fields {
                let element = Open::begin(out);
                self.write_field(field, of, out)?;
                element.close(out)?;
            }
            fields.close(out)?;
        }
        writer.finish(out)
    }

    fn write_field(&self, field: &FieldText<'_>, of: &TypeText<'_>, out: &mut Vec<u8>) -> Result<(), SprotoError> {
        let meaning = self.meaning(field, of)?;
        let mut writer = Writer::begin(&self.shape, out);
        writer.bytes(0, field.name.as_bytes(), out)?;
        let numbers = [(1, meaning.basic), (2, meaning.extra), (3, Some(i64::from(field.tag)))];
        for (tag, number) in numbers {
            if let Some(number) = number {
                writer.integer(tag, number, out);
            }
        }
        if field.array {
            writer.boolean(4, true, out);
        }
        if let Some(key) = meaning.key {
            writer.integer(5, i64::from(key), out);
        }
        if meaning.pairs {
            writer.boolean(6, true, out);
        }
        writer.finish(out)
    }

    fn meaning(&self, field: &FieldText<'_>, of: &TypeText<'_>) -> Result<Meaning, SprotoError> {
        let (basic, extra) = match field.of {
            "integer" => (0, digits(field, of)?),
            "boolean" => (1, None),
            "string" => (2, None),
            "binary" => (2, Some(1)),
            "double" => (3, None),
            _ => return self.structure(field, of),
        };
        if field.key.is_some() && basic != 0 {
            return fail(format!("{} in type {} is no integer and has no digits", field.name, of.name));
        }
        Ok(Meaning { basic: Some(basic), extra, key: None, pairs: false })
    }

    fn structure(&self, field: &FieldText<'_>, of: &TypeText<'_>) -> Result<Meaning, SprotoError> {
        let Some(at) = self.look_up(field.of, &of.name) else {
            return fail(format!("Undefined type {} in type {}", field.of, of.name));
        };
        let target = &self.schema.types[at].fields;
        let (key, pairs) = match field.key.filter(|_| field.array) {
            None => (None, false),
            Some("") if target.len() == 2 => (Some(target[0].tag), true),
            Some("") => {
                return fail(format!("Invalid map definition: {}, must only have two fields", field.name));
            }
            Some(name) => match target.iter().find(|field| field.name == name) {
                Some(key) => (Some(key.tag), false),
                None => return fail(format!("Invalid map index :{name}")),
            },
        };
        Ok(Meaning { basic: None, extra: i64::try_from(at).ok(), key, pairs })
    }

    /// Finds a type as it is called inside another: the innermost of that name.
    fn look_up(&self, name: &str, within: &str) -> Option<usize> {
        let mut scope = within;
        loop {
            if let Some(at) = self.types.get(&*format!("{scope}.{name}")) {
                return Some(*at);
            }
            match scope.rsplit_once('.') {
                Some((outer, _)) => scope = outer,
                None => return self.types.get(name).copied(),
            }
        }
    }

    fn write_protocol(&self, protocol: &ProtocolText<'_>, out: &mut Vec<u8>) -> Result<(), SprotoError> {
        let request = self.part(protocol, "request", protocol.request.as_deref())?;
        let empty = protocol.response.as_deref() == Some("nil");
        let response = self.part(protocol, "response", protocol.response.as_deref().filter(|_| !empty))?;
        let mut writer = Writer::begin(&self.shape, out);
        writer.bytes(0, protocol.name.as_bytes(), out)?;
        for (tag, number) in [(1, Some(i64::from(protocol.tag))), (2, request), (3, response)] {
            if let Some(number) = number {
                writer.integer(tag, number, out);
            }
        }
        if empty {
            writer.boolean(4, true, out);
        }
        writer.finish(out)
    }

    fn part(&self, protocol: &ProtocolText<'_>, part: &str, of: Option<&str>) -> Result<Option<i64>, SprotoError> {
        let Some(of) = of else { return Ok(None) };
        match self.look_up(of, protocol.name) {
            Some(at) => Ok(i64::try_from(at).ok()),
            None => fail(format!("Undefined {part} type {of} in protocol {}", protocol.name)),
        }
    }
}

/// How many decimal digits an integer has.
fn digits(field: &FieldText<'_>, of: &TypeText<'_>) -> Result<Option<i64>, SprotoError> {
    match field.key.map(str::parse) {
        None => Ok(None),
        Some(Ok(count @ 0..=18)) => Ok(Some(count)),
        Some(_) => fail(format!("{} in type {} wants 0 to 18 digits", field.name, of.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::sproto::{Kind, Map, Response, Schema};

    #[test]
    fn what_a_text_means_can_be_read_back() {
        let bundle = parse(".A { x 2 : *B(id) .B { id 0 : integer(3) } } a 1 { request A response nil }", "t").unwrap();
        let schema = Schema::from_bytes(&bundle).unwrap();
        let a = schema.type_named("A").unwrap();
        assert_eq!(a.fields()[0].kind(), Kind::Struct(1));
        assert_eq!(a.fields()[0].map(), Some(Map::ByKey(0)));
        assert_eq!(schema.type_named("A.B").unwrap().fields()[0].kind(), Kind::Decimal(3));
        assert_eq!(schema.protocol_tagged(1).unwrap().response(), Response::Empty);
    }
}
