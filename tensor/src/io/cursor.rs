//! A place in the text of a header.

use super::error::IoError;

/// A place in the text of a header, which moves on as parts are read.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Where the text stands in the file.
    start: usize,
    /// What may stand between parts.
    is_space: fn(char) -> bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, start: usize, is_space: fn(char) -> bool) -> Cursor<'a> {
        Cursor { text, at: 0, start, is_space }
    }

    /// Where in the file this is.
    pub(super) fn place(&self) -> usize {
        self.start + self.at
    }

    pub(super) fn error(&self, message: impl Into<String>) -> IoError {
        IoError::at(self.place(), message)
    }

    /// An error of the text as a whole.
    pub(super) fn error_at_start(&self, message: impl Into<String>) -> IoError {
        IoError::at(self.start, message)
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(self.is_space).len();
    }

    /// Steps over a sign, if it is what comes next.
    pub(super) fn accept(&mut self, sign: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, sign: char) -> Result<(), IoError> {
        if self.accept(sign) { Ok(()) } else { Err(self.error(format!("{sign:?} is due in the header"))) }
    }

    /// An error unless the text ends here.
    pub(super) fn end(&mut self, message: &str) -> Result<(), IoError> {
        self.skip_space();
        if self.at < self.text.len() { Err(self.error(message)) } else { Ok(()) }
    }
}
