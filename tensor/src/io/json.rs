//! As much of JSON (RFC 8259) as headers need.

use super::cursor::Cursor;
use super::error::IoError;
use std::fmt::Write;

/// How deep arrays and objects may nest.
const DEPTH: usize = 32;

/// A value. Numbers are kept as they are written; the members of an object in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Truth(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value that a text is; `start` is where it stands in the file.
    pub(super) fn parse(text: &str, start: usize) -> Result<Json, IoError> {
        let mut reader = Reader { cursor: Cursor::new(text, start, |c| matches!(c, ' ' | '\t' | '\n' | '\r')) };
        let value = reader.value(DEPTH)?;
        reader.cursor.end("the header goes on after its end")?;
        Ok(value)
    }

    /// The whole number that a value is, if it is one.
    pub(super) fn as_usize(&self) -> Option<usize> {
        if let Json::Number(digits) = self { digits.parse().ok() } else { None }
    }

    /// The whole numbers of an array, if all are.
    pub(super) fn as_sizes(&self) -> Option<Vec<usize>> {
        if let Json::Array(items) = self { items.iter().map(Json::as_usize).collect() } else { None }
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, IoError> {
        if depth == 0 {
            return Err(self.cursor.error("the header nests too deep"));
        }
        if self.cursor.accept('{') {
            let mut members = Vec::new();
            while !self.cursor.accept('}') {
                if !members.is_empty() {
                    self.cursor.expect(',')?;
                }
                self.cursor.skip_space();
                let key = self.string()?;
                self.cursor.expect(':')?;
                members.push((key, self.value(depth - 1)?));
            }
            return Ok(Json::Object(members));
        }
        if self.cursor.accept('[') {
            let mut items = Vec::new();
            while !self.cursor.accept(']') {
                if !items.is_empty() {
                    self.cursor.expect(',')?;
                }
                items.push(self.value(depth - 1)?);
            }
            return Ok(Json::Array(items));
        }
        if self.cursor.rest().starts_with('"') {
            return self.string().map(Json::Text);
        }
        for (word, value) in [("null", Json::Null), ("true", Json::Truth(true)), ("false", Json::Truth(false))] {
            if self.cursor.rest().starts_with(word) {
                self.cursor.at += word.len();
                return Ok(value);
            }
        }
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let length = self.cursor.rest().len() - self.cursor.rest().trim_start_matches(is_part).len();
        let digits = &self.cursor.rest()[..length];
        // What Rust reads as a number but JSON does not, such as `+1` or `.5`, does no harm.
        if digits.parse::<f64>().is_err() {
            return Err(self.cursor.error("a value is due in the header"));
        }
        self.cursor.at += length;
        Ok(Json::Number(digits.to_string()))
    }

    fn string(&mut self) -> Result<String, IoError> {
        if !self.cursor.accept('"') {
            return Err(self.cursor.error("a string is due in the header"));
        }
        let mut out = String::new();
        loop {
            let rest = self.cursor.rest();
            let plain =
                rest.find(['"', '\\']).ok_or_else(|| self.cursor.error("a string in the header does not end"))?;
            out.push_str(&rest[..plain]);
            self.cursor.at += plain + 1;
            if rest[plain..].starts_with('"') {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    /// The character that stands after a backslash.
    fn escape(&mut self) -> Result<char, IoError> {
        let sign = self
            .cursor
            .rest()
            .chars()
            .next()
            .ok_or_else(|| self.cursor.error("a string in the header does not end"))?;
        self.cursor.at += sign.len_utf8();
        Ok(match sign {
            '"' | '\\' | '/' => sign,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.unit()?;
                // A character above 16 bits is written as two surrogates.
                let second = match first {
                    0xd800..0xdc00 if self.cursor.rest().starts_with("\\u") => {
                        self.cursor.at += 2;
                        Some(self.unit()?)
                    }
                    _ => None,
                };
                let units = std::iter::once(first).chain(second);
                let mut decoded = char::decode_utf16(units);
                match (decoded.next(), decoded.next()) {
                    (Some(Ok(c)), None) => c,
                    _ => return Err(self.cursor.error("a surrogate in the header stands alone")),
                }
            }
            _ => return Err(self.cursor.error(format!("\\{sign} is not an escape"))),
        })
    }

    fn unit(&mut self) -> Result<u16, IoError> {
        let digits = self.cursor.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.cursor.error("four hexadecimal digits are due after \\u"))?;
        self.cursor.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_sorts_are_read() {
        let read = Json::parse(r#" {"a": [1, -2.5e3, true], "b\n\u00e9\ud83d\ude00": {}, "c": [ ] , "d":null} "#, 0);
        let expected = Json::Object(vec![
            ("a".into(), Json::Array(vec![Json::Number("1".into()), Json::Number("-2.5e3".into()), Json::Truth(true)])),
            ("b\né😀".into(), Json::Object(vec![])),
            ("c".into(), Json::Array(vec![])),
            ("d".into(), Json::Null),
        ]);
        assert_eq!(read.unwrap(), expected);
        let odd = "quote \" slash \\ tab \t line \n é 😀 \u{1}";
        assert_eq!(Json::parse(&quoted(odd), 0).unwrap(), Json::Text(odd.into()));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let says = |text: &str, message: &str| assert_eq!(Json::parse(text, 8).unwrap_err().to_string(), message);
        says("", "byte 8: a value is due in the header");
        says("[1 2]", "byte 11: ',' is due in the header");
        says("{\"a\" 1}", "byte 13: ':' is due in the header");
        says("{1: 1}", "byte 9: a string is due in the header");
        says("\"a", "byte 9: a string in the header does not end");
        says("\"\\", "byte 10: a string in the header does not end");
        says("\"\\q\"", "byte 11: \\q is not an escape");
        says("\"\\ud800\"", "byte 15: a surrogate in the header stands alone");
        says("\"\\u12\"", "byte 11: four hexadecimal digits are due after \\u");
        says("[] []", "byte 11: the header goes on after its end");
        says(&"[".repeat(1000), "byte 40: the header nests too deep");
    }
}
