//! Bytes → records: `;`, quotes, line breaks inside quotes, with the exact line of every record.
//!
//! Quotes mean what they mean to Python's csv module and the csv crate: a quote opens a field only at the field's
//! start, a doubled one stands for itself, and what follows a closing quote on the same line still belongs to the
//! field. One thing is stricter, because a forgotten quote would otherwise swallow the rows behind it: a field that
//! runs over several lines must be closed properly (by a quote before a delimiter or a line's end, in a record as wide
//! as the header). If it is not, only the line on which the quote stands is given up and reading goes on after it.
//!
//! Knows bytes alone: no encodings, no columns. Memory is bounded by [`MAX_RECORD`].

use std::io::{self, Read};

/// No record is longer (bytes). What is, is refused unread; a quote not closed within it counts as never closed.
pub(super) const MAX_RECORD: usize = 1 << 20;

const CHUNK: usize = 1 << 16;

/// One record: the unquoted bytes of its fields.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Line of the file (from 1) on which it begins.
    pub(super) line: u64,
    /// Whether a quoted field holds lines that look like rows themselves: perhaps a forgotten quote.
    pub(super) swallows: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Record {
    /// How many fields it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of a field; empty where there is none.
    pub(super) fn field(&self, i: usize) -> &[u8] {
        let Some(&end) = self.ends.get(i) else { return &[] };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start..end]
    }

    /// A record of these texts, as if a file had held it.
    pub(super) fn of<'a>(line: u64, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut record = Self { line, ..Self::default() };
        for text in texts {
            record.text.extend_from_slice(text.as_bytes());
            record.end_field();
        }
        record
    }

    fn clear(&mut self, line: u64) {
        self.line = line;
        self.swallows = false;
        self.text.clear();
        self.ends.clear();
    }

    fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Keeps the first `n` fields only.
    fn truncate(&mut self, n: usize) {
        self.ends.truncate(n);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// What the reader found next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A record.
    Record,
    /// A record whose field of this index opens a quote that nothing closes; it holds the fields before that one.
    Unclosed(usize),
    /// A record longer than [`MAX_RECORD`]; it holds no fields.
    TooLong,
    /// The end of the file.
    End,
}

/// Where a parse of the buffer ended.
enum Parse {
    /// A record of so many bytes and line ends.
    Done { used: usize, lines: u64 },
    /// The buffer ends first. Where the record is inside a quoted field that already runs over several lines, that one.
    More(Option<Open>),
    /// A field's quote is not closed properly.
    Unclosed(Open),
}

/// A quoted field that runs over several lines.
#[derive(Clone, Copy)]
struct Open {
    field: usize,
    /// Bytes and line ends from the record's start to behind the line on which the quote stands.
    used: usize,
    lines: u64,
}

/// Reads records from bytes, a chunk at a time.
#[derive(Debug)]
pub(super) struct Reader<R> {
    input: R,
    buf: Vec<u8>,
    pos: usize,
    eof: bool,
    line: u64,
    taken: u64,
    width: usize,
}

impl<R: Read> Reader<R> {
    /// A reader that stands before the first line.
    pub(super) fn new(input: R) -> Self {
        Self { input, buf: Vec::with_capacity(CHUNK), pos: 0, eof: false, line: 1, taken: 0, width: 0 }
    }

    /// Says how many fields the header has; records over several lines must have as many.
    pub(super) fn expect_width(&mut self, width: usize) {
        self.width = width;
    }

    /// Bytes handed out so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Reads the next record into `record`.
    pub(super) fn next(&mut self, record: &mut Record) -> io::Result<Next> {
        loop {
            record.clear(self.line);
            if self.pos == self.buf.len() && self.eof {
                return Ok(Next::End);
            }
            match parse(&self.buf[self.pos..], self.eof, self.width, record) {
                Parse::Done { used, lines } => {
                    self.take(used, lines);
                    return Ok(Next::Record);
                }
                Parse::Unclosed(open) => return Ok(self.unclosed(open, record)),
                Parse::More(open) if self.buf.len() - self.pos >= MAX_RECORD => {
                    if let Some(open) = open {
                        return Ok(self.unclosed(open, record));
                    }
                    record.truncate(0);
                    self.skip_line()?;
                    return Ok(Next::TooLong);
                }
                Parse::More(_) => self.fill()?,
            }
        }
    }

    fn unclosed(&mut self, open: Open, record: &mut Record) -> Next {
        self.take(open.used, open.lines);
        record.truncate(open.field);
        Next::Unclosed(open.field)
    }

    fn take(&mut self, bytes: usize, lines: u64) {
        self.pos += bytes;
        self.taken += bytes as u64;
        self.line += lines;
    }

    /// Reads on; the unread part is doubled at most, so that parsing it again stays cheap.
    fn fill(&mut self) -> io::Result<()> {
        self.buf.drain(..self.pos);
        self.pos = 0;
        let have = self.buf.len();
        let want = have.clamp(CHUNK, MAX_RECORD);
        (&mut self.input).take(want as u64).read_to_end(&mut self.buf)?;
        self.eof = self.buf.len() - have < want;
        Ok(())
    }

    /// Drops everything up to behind the next line end beyond what the buffer holds.
    fn skip_line(&mut self) -> io::Result<()> {
        let mut lines = count_lines(&self.buf[self.pos..]);
        let mut ended_by_cr = false;
        loop {
            self.taken += (self.buf.len() - self.pos) as u64;
            ended_by_cr = self.buf.last().map_or(ended_by_cr, |b| *b == b'\r');
            self.buf.clear();
            self.pos = 0;
            if self.eof {
                break;
            }
            self.fill()?;
            if ended_by_cr {
                // The line end straddles two chunks.
                let rest = usize::from(self.buf.first() == Some(&b'\n'));
                self.take(rest, 0);
                break;
            }
            if let Some(at) = self.buf.iter().position(|b| matches!(b, b'\n' | b'\r')) {
                if at + 1 == self.buf.len() && self.buf[at] == b'\r' && !self.eof {
                    lines += 1;
                    continue;
                }
                let crlf = self.buf[at] == b'\r' && self.buf.get(at + 1) == Some(&b'\n');
                self.take(at + 1 + usize::from(crlf), 1);
                break;
            }
        }
        self.line += lines;
        Ok(())
    }
}

/// Line ends in `bytes`: LF, CRLF or a CR alone.
fn count_lines(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    for (i, b) in bytes.iter().enumerate() {
        lines += u64::from(*b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n')));
    }
    lines
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote inside a quoted field: it closes the field, or stands for itself if another one follows.
    Quote,
}

fn parse(bytes: &[u8], eof: bool, width: usize, record: &mut Record) -> Parse {
    let mut at = At::FieldStart;
    let mut lines = 0;
    let mut i = 0;
    // Set from the first line end inside a quoted field on, until the field ends.
    let mut open: Option<Open> = None;
    // The last field that ran over several lines, for the check of the width.
    let mut last: Option<Open> = None;
    while i < bytes.len() {
        let b = bytes[i];
        let mut step = 1;
        let line_end = b == b'\n' || b == b'\r';
        if b == b'\r' {
            match bytes.get(i + 1) {
                Some(b'\n') => step = 2,
                None if !eof => return Parse::More(open),
                _ => {}
            }
        }
        lines += u64::from(line_end);
        match (at, b) {
            (At::FieldStart, b'"') => at = At::Quoted,
            (At::Quoted, b'"') => at = At::Quote,
            (At::Quote, b'"') => {
                record.text.push(b'"');
                at = At::Quoted;
            }
            (At::Quoted, _) => {
                record.text.extend_from_slice(&bytes[i..i + step]);
                if line_end {
                    open = open.or(Some(Open { field: record.ends.len(), used: i + step, lines }));
                    last = open;
                }
            }
            (_, b';') => {
                record.end_field();
                at = At::FieldStart;
                open = None;
            }
            _ if line_end => {
                record.end_field();
                return finish(i + step, lines, width, last, record);
            }
            _ => {
                if let Some(open) = open {
                    return Parse::Unclosed(open);
                }
                record.text.push(b);
                at = At::Plain;
            }
        }
        i += step;
    }
    if !eof {
        return Parse::More(open);
    }
    if at == At::Quoted {
        let here = Open { field: record.ends.len(), used: bytes.len(), lines: lines + 1 };
        return Parse::Unclosed(open.unwrap_or(here));
    }
    record.end_field();
    finish(bytes.len(), lines + 1, width, last, record)
}

fn finish(used: usize, lines: u64, width: usize, multi: Option<Open>, record: &mut Record) -> Parse {
    if let Some(open) = multi.filter(|_| width > 0) {
        if record.len() < width || (width..record.len()).any(|i| !record.field(i).is_empty()) {
            return Parse::Unclosed(open);
        }
        let swallows = (0..record.len()).any(|i| {
            let mut lines = record.field(i).split(|b| *b == b'\n' || *b == b'\r').skip(1);
            lines.any(|line| line.split(|b| *b == b';').count() >= width.max(3))
        });
        record.swallows = swallows;
    }
    Parse::Done { used, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All records of `text` as (line, fields joined by |), flaws as (line, what, fields).
    fn read(width: usize, text: &[u8]) -> Vec<(u64, String)> {
        let mut reader = Reader::new(text);
        reader.expect_width(width);
        let (mut record, mut out) = (Record::default(), Vec::new());
        loop {
            let next = reader.next(&mut record).unwrap();
            let fields: Vec<_> =
                (0..record.len()).map(|i| String::from_utf8_lossy(record.field(i)).into_owned()).collect();
            let fields = fields.join("|");
            match next {
                Next::End => break,
                Next::Record => out.push((record.line, fields)),
                Next::Unclosed(i) => out.push((record.line, format!("unclosed {i}: {fields}"))),
                Next::TooLong => out.push((record.line, "too long".into())),
            }
        }
        assert_eq!(reader.taken(), text.len() as u64, "every byte is accounted for");
        out
    }

    fn check(width: usize, text: &str, expected: &[(u64, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(l, f)| (*l, (*f).to_owned())).collect();
        assert_eq!(read(width, text.as_bytes()), expected, "{text:?}");
    }

    #[test]
    fn records_and_their_lines() {
        check(3, "a;b;c\n1;2;3\n", &[(1, "a|b|c"), (2, "1|2|3")]);
        check(3, "a;b;c\r\n1;2;3", &[(1, "a|b|c"), (2, "1|2|3")]);
        check(2, "a;b\r1;2\r\r3;4", &[(1, "a|b"), (2, "1|2"), (3, ""), (4, "3|4")]);
        check(2, ";\n\n;;\n", &[(1, "|"), (2, ""), (3, "||")]);
        check(2, "", &[]);
    }

    #[test]
    fn quotes_mean_what_they_mean_to_python() {
        check(2, "\"a;b\";\"c \"\"d\"\" e\"\n", &[(1, "a;b|c \"d\" e")]);
        check(2, "a\"b;\"\"\n", &[(1, "a\"b|")]);
        check(2, "\"a\"b\"c;d\n", &[(1, "ab\"c|d")]);
        check(2, " \"a\";b\n", &[(1, " \"a\"|b")]);
        check(2, "\"\"\"Zum Löwen\"\" Gastro\";x\n", &[(1, "\"Zum Löwen\" Gastro|x")]);
    }

    #[test]
    fn a_quoted_field_may_hold_line_breaks() {
        check(2, "1;\"a\nb\"\n2;c\n", &[(1, "1|a\nb"), (3, "2|c")]);
        check(2, "\"a\r\nb\r\n\";1\r\n2;c\r\n", &[(1, "a\r\nb\r\n|1"), (4, "2|c")]);
        check(2, "1;\"a\nb\"", &[(1, "1|a\nb")]);
    }

    #[test]
    fn an_unclosed_quote_costs_its_own_line_only() {
        check(2, "1;\"a\n2;b\n3;c\n", &[(1, "unclosed 1: 1"), (2, "2|b"), (3, "3|c")]);
        check(2, "1;\"a\n2;\"b\"\n3;c\n", &[(1, "unclosed 1: 1"), (2, "2|b"), (3, "3|c")]);
        check(2, "1;\"a\n2;\"\"\"b\"\" c\"\n", &[(1, "unclosed 1: 1"), (2, "2|\"b\" c")]);
        check(2, "1;a\n2;\"b", &[(1, "1|a"), (2, "unclosed 1: 2")]);
        check(3, "1;\"a;x\n2;b;\"y\"\n3;c;z\n", &[(1, "unclosed 1: 1"), (2, "2|b|y"), (3, "3|c|z")]);
        // The quote that is not closed stands on the record's second line.
        check(3, "1;\"a\nb\";\"c\n2;d;e\n", &[(1, "unclosed 2: 1|a\nb"), (3, "2|d|e")]);
    }

    #[test]
    fn a_quote_that_spans_whole_rows_is_noticed() {
        let mut reader = Reader::new(&b"1;2;\"a\n2;3;4\n5;6;\"\n7;8;9\n1;2;\"x;y\nz\"\n"[..]);
        reader.expect_width(3);
        let mut record = Record::default();
        let mut seen = Vec::new();
        while reader.next(&mut record).unwrap() != Next::End {
            seen.push((record.line, record.swallows));
        }
        assert_eq!(seen, [(1, true), (4, false), (5, false)]);
    }

    #[test]
    fn what_is_longer_than_a_record_may_be_is_skipped_and_reading_goes_on() {
        let long = "x".repeat(3 * MAX_RECORD);
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("1;2{end}{long};3{end}4;5{end}");
            check(2, &text, &[(1, "1|2"), (2, "too long"), (3, "4|5")]);
        }
        check(2, &format!("1;\"{long}"), &[(1, "too long")]);
        let rows = "2;b\n".repeat(MAX_RECORD / 2);
        let out = read(2, format!("1;\"a\n{rows}").as_bytes());
        assert_eq!(out.len(), 1 + MAX_RECORD / 2);
        assert_eq!(out[0].1, "unclosed 1: 1");
        assert_eq!(out.last().unwrap(), &(1 + MAX_RECORD as u64 / 2, "2|b".to_owned()));
    }
}
