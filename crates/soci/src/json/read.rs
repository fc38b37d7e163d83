//! Reading: from bytes to values, one at a time.

use super::text::fold;
use super::{JsonError, JsonProblem};

/// Go refuses deeper nesting.
const MAX_DEPTH: usize = 10_000;

/// A position in a JSON text.
pub(crate) struct Reader<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// Arrays and objects around this position.
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Bytes before this position.
    pub(crate) fn offset(&self) -> u64 {
        self.at as u64
    }

    /// Whether the next value is `null`; consumes it if so.
    pub(crate) fn null(&mut self) -> Result<bool, JsonError> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word(b"null")?;
        Ok(true)
    }

    /// Reads an object; `field` gets each key in lower case and must consume its value.
    /// `null` is an object without keys: it changes nothing.
    pub(crate) fn object(
        &mut self,
        mut field: impl FnMut(&str, &mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.null()? {
            return Ok(());
        }
        self.members(|key, reader| field(&fold(&key), reader))
    }

    /// Reads an object, `null` excluded; `member` gets each key as it is.
    pub(super) fn members(
        &mut self,
        mut member: impl FnMut(String, &mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.open(b'{', "an object")?;
        if self.close(b'}') {
            return Ok(());
        }
        loop {
            let key = self.key()?;
            member(key, self)?;
            if self.next_or_close(b'}', "`,` or `}`")? {
                return Ok(());
            }
        }
    }

    /// Reads an array; `element` must consume each element. `null` is an array without elements.
    pub(super) fn array(
        &mut self,
        mut element: impl FnMut(usize, &mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.null()? {
            return Ok(());
        }
        self.open(b'[', "an array")?;
        if self.close(b']') {
            return Ok(());
        }
        for index in 0.. {
            element(index, self)?;
            if self.next_or_close(b']', "`,` or `]`")? {
                break;
            }
        }
        Ok(())
    }

    /// Reads a string.
    pub(super) fn text(&mut self) -> Result<String, JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.mistyped("a string")),
        }
    }

    /// Reads a number that is written as an integer.
    pub(super) fn integer(&mut self) -> Result<i64, JsonError> {
        let wanted = "a 64-bit integer";
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.mistyped(wanted));
        }
        let offset = self.offset();
        let problem = JsonProblem::Type { found: "another number", wanted };
        self.number()?.parse().map_err(|_| JsonError { offset, problem })
    }

    /// Skips one value of any kind, well-formed as it must be.
    pub(crate) fn skip(&mut self) -> Result<(), JsonError> {
        let mut closers: Vec<u8> = Vec::new();
        loop {
            // One value, or the opening of one.
            match self.peek().ok_or_else(|| self.end())? {
                opener @ (b'{' | b'[') => {
                    self.open(opener, "a value")?;
                    let closer = if opener == b'{' { b'}' } else { b']' };
                    if !self.close(closer) {
                        closers.push(closer);
                        if closer == b'}' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => drop(self.string()?),
                b'n' => self.word(b"null")?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'-' | b'0'..=b'9' => drop(self.number()?),
                found => return Err(self.unexpected(found, "a value")),
            }
            // The value is complete; so may be the ones around it.
            loop {
                let Some(&closer) = closers.last() else { return Ok(()) };
                if self.next_or_close(closer, "`,` or the end of the list")? {
                    closers.pop();
                } else {
                    if closer == b'}' {
                        self.key()?;
                    }
                    break;
                }
            }
        }
    }

    /// The next byte that is not white space, without consuming it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<String, JsonError> {
        match self.peek() {
            Some(b'"') => {}
            Some(found) => return Err(self.unexpected(found, "a key in quotes")),
            None => return Err(self.end()),
        }
        let key = self.string()?;
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                Ok(key)
            }
            Some(found) => Err(self.unexpected(found, "`:`")),
            None => Err(self.end()),
        }
    }

    fn open(&mut self, opener: u8, wanted: &'static str) -> Result<(), JsonError> {
        if self.peek() != Some(opener) {
            return Err(self.mistyped(wanted));
        }
        if self.depth >= MAX_DEPTH {
            return Err(self.error(JsonProblem::Depth));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Consumes the closing bracket of the innermost list, if that is what comes next.
    fn close(&mut self, closer: u8) -> bool {
        let closes = self.peek() == Some(closer);
        if closes {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
        }
        closes
    }

    /// After a value: `true` at the end of the list, `false` before another value.
    fn next_or_close(&mut self, closer: u8, wanted: &'static str) -> Result<bool, JsonError> {
        if self.close(closer) {
            return Ok(true);
        }
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(found) => Err(self.unexpected(found, wanted)),
            None => Err(self.end()),
        }
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), JsonError> {
        for &wanted in word {
            match self.text.get(self.at) {
                Some(&found) if found == wanted => self.at += 1,
                Some(&found) => return Err(self.unexpected(found, "`null`, `true` or `false`")),
                None => return Err(self.end()),
            }
        }
        Ok(())
    }

    /// The literal of a number. `01` reads as `0`; whoever looks next stumbles over the `1`.
    fn number(&mut self) -> Result<&str, JsonError> {
        let start = self.at;
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        let literal = self.text.get(start..self.at).unwrap_or_default();
        // Only ASCII was consumed.
        Ok(str::from_utf8(literal).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.text.get(self.at) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(());
        }
        match self.text.get(self.at) {
            Some(&found) => Err(self.unexpected(found, "a digit")),
            None => Err(self.end()),
        }
    }

    pub(super) fn error(&self, problem: JsonProblem) -> JsonError {
        JsonError { offset: self.offset(), problem }
    }

    pub(super) fn end(&self) -> JsonError {
        self.error(JsonProblem::End)
    }

    pub(super) fn unexpected(&self, found: u8, wanted: &'static str) -> JsonError {
        self.error(JsonProblem::Unexpected { found, wanted })
    }

    /// The next value is not what its field holds.
    fn mistyped(&mut self, wanted: &'static str) -> JsonError {
        let found = match self.peek() {
            None => return self.end(),
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a truth value",
            Some(b'-' | b'0'..=b'9') => "a number",
            Some(b'n') => "null",
            Some(found) => return self.unexpected(found, wanted),
        };
        self.error(JsonProblem::Type { found, wanted })
    }
}
