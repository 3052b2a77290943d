//! Cuts a JSON text into tokens, with the places and texts of errors that users of lua-cjson know.
//!
//! serde_json cannot stand here: strings may hold any bytes, numbers may be "invalid", the depth is a
//! setting, and an error names the character.

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    String(Vec<u8>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    /// What is wrong with it.
    Error(&'static str),
}

impl Token {
    /// What error messages call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::String(_) => "T_STRING",
            Token::Integer(_) | Token::Float(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Error(what) => what,
        }
    }
}

/// A text that is being read.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// The character, counted from one, that the last token is about.
    pub(super) character: usize,
    /// Whether NaN, infinities, hexadecimal and leading zeros are let in.
    lenient: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8], lenient: bool) -> Lexer<'a> {
        Lexer { text, at: 0, character: 1, lenient }
    }

    pub(super) fn next(&mut self) -> Token {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.character = self.at + 1;
        let token = match self.peek() {
            None => return Token::End,
            Some(b'{') => Token::ObjectBegin,
            Some(b'}') => Token::ObjectEnd,
            Some(b'[') => Token::ArrayBegin,
            Some(b']') => Token::ArrayEnd,
            Some(b':') => Token::Colon,
            Some(b',') => Token::Comma,
            Some(b'"') => return self.string(),
            Some(b'-' | b'0'..=b'9') => return self.number(),
            Some(_) => return self.word(),
        };
        self.at += 1;
        token
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn word(&mut self) -> Token {
        for (word, token) in
            [(&b"true"[..], Token::Boolean(true)), (b"false", Token::Boolean(false)), (b"null", Token::Null)]
        {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return token;
            }
        }
        self.invalid_number(1.0).unwrap_or(Token::Error("invalid token"))
    }

    /// The names of what no number is, if they are let in.
    fn invalid_number(&mut self, sign: f64) -> Option<Token> {
        let names = [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)];
        let (name, value) = names.iter().find(|(name, _)| {
            self.lenient && self.rest().get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
        })?;
        self.at += name.len();
        Some(Token::Float(value * sign))
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if let Some(token) = self.invalid_number(-1.0) {
                return token;
            }
        }
        if self.peek() == Some(b'0') && matches!(self.text.get(self.at + 1), Some(b'x' | b'X')) {
            return self.hexadecimal(start);
        }
        let whole = self.digits();
        let mut digits = whole;
        let mut float = false;
        if self.peek() == Some(b'.') {
            float = true;
            self.at += 1;
            let fraction = self.digits();
            if fraction == 0 && !self.lenient {
                return Token::Error("invalid number");
            }
            digits += fraction;
        }
        let padded = whole > 1 && self.text[start..].iter().find(|byte| **byte != b'-') == Some(&b'0');
        if digits == 0 || (padded && !self.lenient) {
            return Token::Error("invalid number");
        }
        float |= self.exponent();
        // Digits, signs, a dot and an `e` are ASCII.
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        match text.parse() {
            Ok(integer) if !float => Token::Integer(integer),
            _ => text.parse().map_or(Token::Error("invalid number"), Token::Float),
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// Takes an exponent, if there is a whole one.
    fn exponent(&mut self) -> bool {
        let start = self.at;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() > 0 {
                return true;
            }
        }
        self.at = start;
        false
    }

    fn hexadecimal(&mut self, start: usize) -> Token {
        let digits = self.text[self.at + 2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits == 0 || !self.lenient {
            return Token::Error("invalid number");
        }
        let mut value = 0.0;
        for &byte in &self.text[self.at + 2..self.at + 2 + digits] {
            value = value * 16.0 + f64::from(char::from(byte).to_digit(16).unwrap_or_default());
        }
        self.at += 2 + digits;
        Token::Float(if self.text[start] == b'-' { -value } else { value })
    }

    fn string(&mut self) -> Token {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let plain = self.rest().iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0)).count();
            out.extend_from_slice(&self.rest()[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Token::String(out);
                }
                Some(b'\\') => {
                    if let Err(what) = self.escape(&mut out) {
                        self.character = self.at + 1;
                        return Token::Error(what);
                    }
                }
                _ => {
                    self.character = self.at + 1;
                    return Token::Error("unexpected end of string");
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let byte = match self.text.get(self.at + 1) {
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(b'b') => 8,
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'f') => 12,
            Some(b'r') => b'\r',
            Some(b'u') => return self.unicode(out),
            _ => return Err("invalid escape code"),
        };
        out.push(byte);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        const WRONG: &str = "invalid unicode escape code";
        let first = self.unit(self.at).ok_or(WRONG)?;
        let second = match first {
            0xd800..=0xdbff => {
                Some(self.unit(self.at + 6).filter(|unit| (0xdc00..=0xdfff).contains(unit)).ok_or(WRONG)?)
            }
            _ => None,
        };
        let code = match second {
            Some(second) => 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
            None => first,
        };
        let letter = char::from_u32(code).ok_or(WRONG)?;
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        self.at += if second.is_some() { 12 } else { 6 };
        Ok(())
    }

    /// The number of an escape `\uXXXX`.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |all, &byte| Some(all << 4 | char::from(byte).to_digit(16)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        let mut lexer = Lexer::new(text.as_bytes(), true);
        std::iter::from_fn(|| Some(lexer.next()).filter(|token| *token != Token::End)).take(20).collect()
    }

    #[test]
    fn integers_stay_integers_and_the_rest_are_floats() {
        let numbers = [Token::Integer(1), Token::Integer(-20), Token::Float(1.0), Token::Float(100.0)];
        assert_eq!(tokens("1 -20 1.0 1e2"), numbers);
        assert_eq!(tokens("9223372036854775808"), [Token::Float(9_223_372_036_854_775_808.0)]);
        assert_eq!(tokens("-Infinity 0x10"), [Token::Float(f64::NEG_INFINITY), Token::Float(16.0)]);
    }

    #[test]
    fn an_escape_of_two_halves_is_one_character() {
        assert_eq!(tokens(r#""\ud83d\ude00\u00e4\n""#), [Token::String("😀ä\n".into())]);
        assert_eq!(tokens(r#""\ud83d""#)[0], Token::Error("invalid unicode escape code"));
    }

    #[test]
    fn what_is_not_let_in_is_no_number() {
        for text in ["01", "NaN", "0x1", "-Infinity", "1."] {
            let token = Lexer::new(text.as_bytes(), false).next();
            assert!(matches!(token, Token::Error(_)), "{text}: {token:?}");
        }
    }
}
