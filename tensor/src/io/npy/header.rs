//! The header of a `.npy` file: magic, version, length, and a dictionary in the syntax of Python.

use crate::dtype::DType;
use crate::io::cursor::Cursor;
use crate::io::elements::Stored;
use crate::io::error::IoError;
use crate::shape::Shape;

const MAGIC: &[u8] = b"\x93NUMPY";

/// What the header says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) stored: Stored,
    pub(super) big_endian: bool,
    pub(super) fortran_order: bool,
    pub(super) shape: Shape,
}

impl Header {
    /// The header of a file, and where the elements start.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Header, usize), IoError> {
        if !bytes.starts_with(MAGIC) {
            return Err(match MAGIC.starts_with(bytes) {
                true => IoError::at(bytes.len(), "the file is cut short in the first word"),
                false => IoError::at(0, "this is not an npy file: it does not begin with \\x93NUMPY"),
            });
        }
        let short = || IoError::at(bytes.len(), "the file is cut short in its header");
        let &[major, minor] = bytes.get(6..8).and_then(|version| version.first_chunk()).ok_or_else(short)?;
        let (length, start) = match (major, minor) {
            (1, 0) => (bytes.get(8..10).map(|n| u32::from(u16::from_le_bytes([n[0], n[1]]))), 10),
            (2 | 3, 0) => (bytes.get(8..12).map(|n| u32::from_le_bytes([n[0], n[1], n[2], n[3]])), 12),
            _ => {
                let message = format!("version {major}.{minor} of npy is not one of 1.0, 2.0 and 3.0");
                return Err(IoError::at(6, message));
            }
        };
        let end = start + length.ok_or_else(short)? as usize;
        let text = bytes.get(start..end).ok_or_else(short)?;
        // Up to version 2.0 the text is Latin-1. All that is understood here is ASCII.
        let text = std::str::from_utf8(text)
            .map_err(|error| IoError::at(start + error.valid_up_to(), "the header is not text").with_source(error))?;
        let header = Dictionary { cursor: Cursor::new(text, start, char::is_whitespace) }.read()?;
        Ok((header, end))
    }
}

/// Reads the dictionary.
struct Dictionary<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Dictionary<'a> {
    fn read(mut self) -> Result<Header, IoError> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.cursor.expect('{')?;
        while !self.cursor.accept('}') {
            let place = self.cursor.place();
            let key = self.string()?;
            self.cursor.expect(':')?;
            let again = match key {
                "descr" => descr.replace(self.descr()?).is_some(),
                "fortran_order" => fortran_order.replace(self.truth()?).is_some(),
                "shape" => shape.replace(self.shape()?).is_some(),
                _ => return Err(IoError::at(place, format!("the header has an unknown key {key:?}"))),
            };
            if again {
                return Err(IoError::at(place, format!("the header gives {key:?} twice")));
            }
            if !self.cursor.accept(',') {
                self.cursor.expect('}')?;
                break;
            }
        }
        self.cursor.end("the header goes on after its dictionary")?;
        let without = |key: &str| self.cursor.error_at_start(format!("the header does not give {key:?}"));
        let (stored, big_endian) = descr.ok_or_else(|| without("descr"))?;
        let fortran_order = fortran_order.ok_or_else(|| without("fortran_order"))?;
        let shape = shape.ok_or_else(|| without("shape"))?;
        Ok(Header { stored, big_endian, fortran_order, shape })
    }

    fn string(&mut self) -> Result<&'a str, IoError> {
        let quote = if self.cursor.accept('\'') {
            '\''
        } else if self.cursor.accept('"') {
            '"'
        } else {
            return Err(self.cursor.error("a string is due in the header"));
        };
        let rest = self.cursor.rest();
        let end = rest.find(quote).ok_or_else(|| self.cursor.error("a string in the header does not end"))?;
        self.cursor.at += end + 1;
        Ok(&rest[..end])
    }

    fn truth(&mut self) -> Result<bool, IoError> {
        self.cursor.skip_space();
        for (word, value) in [("True", true), ("False", false)] {
            if self.cursor.rest().starts_with(word) {
                self.cursor.at += word.len();
                return Ok(value);
            }
        }
        Err(self.cursor.error("True or False is due in the header"))
    }

    fn shape(&mut self) -> Result<Shape, IoError> {
        let mut shape = Shape::new();
        self.cursor.expect('(')?;
        while !self.cursor.accept(')') {
            self.cursor.skip_space();
            let digits =
                self.cursor.rest().len() - self.cursor.rest().trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let size = self.cursor.rest()[..digits].parse();
            shape.push(size.map_err(|_| self.cursor.error("the size of an axis is due in the header"))?);
            self.cursor.at += digits;
            // Python 2 writes long integers so.
            self.cursor.accept('L');
            if !self.cursor.accept(',') {
                self.cursor.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    /// The element type and whether its bytes begin with the highest.
    fn descr(&mut self) -> Result<(Stored, bool), IoError> {
        self.cursor.skip_space();
        if self.cursor.rest().starts_with('[') {
            return Err(self.cursor.error("the elements are records, not numbers or truth values"));
        }
        let place = self.cursor.place();
        let text = self.string()?;
        let (order, name) = text.split_at_checked(1).unwrap_or(("", text));
        let stored = match name {
            "f8" => Stored::F64,
            "f4" => Stored::F32,
            "f2" => Stored::F16,
            "i8" => Stored::I64,
            "i4" => Stored::I32,
            "i2" => Stored::I16,
            "i1" => Stored::I8,
            "u8" => Stored::U64,
            "u4" => Stored::U32,
            "u2" => Stored::U16,
            "u1" => Stored::U8,
            "b1" => Stored::Bool,
            _ => return Err(unsupported(place, text)),
        };
        match order {
            "<" => Ok((stored, false)),
            ">" => Ok((stored, true)),
            "=" => Ok((stored, cfg!(target_endian = "big"))),
            "|" if stored.size() == 1 => Ok((stored, false)),
            _ => Err(unsupported(place, text)),
        }
    }
}

fn unsupported(place: usize, descr: &str) -> IoError {
    let message = format!(
        "elements of type {descr:?} cannot be read; those of f8, f4, f2, i8, i4, i2, i1, u8, u4, u2, u1 and b1 can"
    );
    IoError::at(place, message)
}

/// The header of a row-major array.
pub(super) fn write(dtype: DType, shape: &[usize]) -> Vec<u8> {
    let descr = match dtype {
        DType::F64 => "<f8",
        DType::F32 => "<f4",
        DType::I64 => "<i8",
        DType::Bool => "|b1",
    };
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}", sizes.join(", "));
    // Room for the first size to grow in place, up to the 20 digits and sign that NumPy leaves.
    if let Some(first) = sizes.first() {
        text.extend(std::iter::repeat_n(' ', 21_usize.saturating_sub(first.len())));
    }
    // Elements start at a multiple of 64 bytes; a newline ends the header.
    let fits = |prefix: usize| (prefix + text.len() + 1).next_multiple_of(64) - prefix;
    let (version, prefix) = if fits(10) <= usize::from(u16::MAX) { (1, 10) } else { (2, 12) };
    let length = fits(prefix);
    let mut out = MAGIC.to_vec();
    out.extend([version, 0]);
    out.extend(&(length as u32).to_le_bytes()[..prefix - 8]);
    out.extend(text.bytes());
    out.resize(prefix + length - 1, b' ');
    out.push(b'\n');
    out
}
