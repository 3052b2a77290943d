//! The language of schemas: what was written.

use super::words::Words;
use super::{MAX_DEPTH, MAX_TAG, SprotoError};

/// A field as it was written.
#[derive(Debug)]
pub(super) struct FieldText<'a> {
    pub(super) name: &'a str,
    pub(super) tag: u16,
    pub(super) array: bool,
    pub(super) of: &'a str,
    /// What stands in parentheses.
    pub(super) key: Option<&'a str>,
}

/// A type as it was written.
#[derive(Debug)]
pub(super) struct TypeText<'a> {
    /// With the names of what is around it.
    pub(super) name: String,
    pub(super) fields: Vec<FieldText<'a>>,
}

/// A protocol as it was written.
#[derive(Debug)]
pub(super) struct ProtocolText<'a> {
    pub(super) name: &'a str,
    pub(super) tag: u16,
    pub(super) request: Option<String>,
    /// `nil` stands for an answer without content.
    pub(super) response: Option<String>,
}

/// All of a text.
#[derive(Debug, Default)]
pub(super) struct SchemaText<'a> {
    pub(super) types: Vec<TypeText<'a>>,
    pub(super) protocols: Vec<ProtocolText<'a>>,
}

pub(super) fn read<'a>(text: &'a str, name: &'a str) -> Result<SchemaText<'a>, SprotoError> {
    let mut words = Words::new(text, name);
    let mut schema = SchemaText::default();
    while !words.at_end() {
        if words.sign(b'.') {
            let name = words.word()?.to_owned();
            words.expect(b'{')?;
            schema.body(&mut words, name, 1)?;
        } else {
            schema.protocol(&mut words)?;
        }
    }
    Ok(schema)
}

impl<'a> SchemaText<'a> {
    /// The rest of a type, behind its opening brace.
    fn body(&mut self, words: &mut Words<'a>, name: String, depth: usize) -> Result<(), SprotoError> {
        if depth > MAX_DEPTH {
            return Err(SprotoError::Meaning(format!("types nested too deep in type {name}")));
        }
        let mut fields = Vec::new();
        while !words.sign(b'}') {
            if words.sign(b'.') {
                let inner = format!("{name}.{}", words.word()?);
                words.expect(b'{')?;
                self.body(words, inner, depth + 1)?;
            } else {
                fields.push(field(words, &name)?);
            }
        }
        self.types.push(TypeText { name, fields });
        Ok(())
    }

    fn protocol(&mut self, words: &mut Words<'a>) -> Result<(), SprotoError> {
        let name = words.word()?;
        let tag = words.number()?;
        let tag = u16::try_from(tag)
            .map_err(|_| SprotoError::Meaning(format!("tag {tag} of protocol {name} exceeds {}", u16::MAX)))?;
        words.expect(b'{')?;
        let mut protocol = ProtocolText { name, tag, request: None, response: None };
        while !words.sign(b'}') {
            let part = words.word()?;
            let place = match part {
                "request" => &mut protocol.request,
                "response" => &mut protocol.response,
                _ => return Err(words.error()),
            };
            let of = if words.sign(b'{') {
                let inner = format!("{name}.{part}");
                self.body(words, inner.clone(), 1)?;
                inner
            } else {
                words.path()?.to_owned()
            };
            if place.replace(of).is_some() {
                return Err(SprotoError::Meaning(format!("redefine {part} in protocol {name}")));
            }
        }
        self.protocols.push(protocol);
        Ok(())
    }
}

fn field<'a>(words: &mut Words<'a>, within: &str) -> Result<FieldText<'a>, SprotoError> {
    let name = words.word()?;
    let tag = words.number()?;
    let tag = u16::try_from(tag)
        .ok()
        .filter(|tag| *tag <= MAX_TAG)
        .ok_or_else(|| SprotoError::Meaning(format!("tag {tag} of {name} in type {within} exceeds {MAX_TAG}")))?;
    words.expect(b':')?;
    let array = words.sign(b'*');
    let of = if array { words.path_here()? } else { words.path()? };
    let mut key = None;
    if words.sign_here(b'(') {
        key = Some(words.letters_here());
        if !words.sign_here(b')') {
            return Err(words.error());
        }
    }
    Ok(FieldText { name, tag, array, of, key })
}
