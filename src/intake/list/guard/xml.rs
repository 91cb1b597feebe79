//! The parts of an xlsx as they are unpacked: no cell holds more text than a cell can.
//!
//! The reading library gathers a cell's text, and a tag, as a whole. A stream: takes the bytes in whatever pieces they come.

use std::io::Read;

use super::{MOST_TEXTS, broken, too_long, too_much};

/// Bytes of one cell, or of one tag: Excel keeps 32,767 characters, which may be written in several fonts.
const MOST_IN_CELL: usize = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Text,
    /// In a tag, and in which quotes.
    Tag(Option<u8>),
    /// In what ends with this: comments and the like.
    Until(&'static [u8]),
}

/// Reads a part to its end; how long it was. `most`: how long it may be.
pub(super) fn part(mut entry: impl Read, most: u64) -> Result<u64, String> {
    const CHUNK: usize = 1 << 16;
    let mut buffer = vec![0; CHUNK];
    let (mut length, mut scan) =
        (0, Scan { at: At::Text, tag: Vec::new(), inside: false, long: 0, tail: [0; 3], texts: 0 });
    loop {
        let n = entry.read(&mut buffer).map_err(|_| broken())?;
        if n == 0 {
            return Ok(length);
        }
        length += n as u64;
        if length > most {
            return Err(too_much());
        }
        scan.take(&buffer[..n])?;
    }
}

struct Scan {
    at: At,
    /// How the tag begins.
    tag: Vec<u8>,
    /// Whether the last cell that began has not ended.
    inside: bool,
    /// Bytes since it began, or since the last tag.
    long: usize,
    tail: [u8; 3],
    texts: u64,
}

impl Scan {
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        const NAME: usize = 64;
        let mut rest = bytes;
        while let Some(&b) = rest.first() {
            if self.at == At::Text {
                let text = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                self.long += text;
                if self.long > MOST_IN_CELL {
                    return Err(too_long());
                }
                if text < rest.len() {
                    self.at = At::Tag(None);
                    self.tag.clear();
                    rest = &rest[text + 1..];
                } else {
                    rest = &[];
                }
                continue;
            }
            rest = &rest[1..];
            self.long += 1;
            if self.long > MOST_IN_CELL {
                return Err(too_long());
            }
            self.tail = [self.tail[1], self.tail[2], b];
            match self.at {
                At::Until(end) if self.tail.ends_with(end) => self.at = At::Text,
                At::Tag(None) if b == b'>' => {
                    self.at = At::Text;
                    self.tag_ends()?;
                }
                At::Tag(quote) => {
                    if self.tag.len() < NAME {
                        self.tag.push(b);
                    }
                    self.at = match (&*self.tag, quote) {
                        (b"!--", _) => At::Until(b"-->"),
                        (b"![CDATA[", _) => At::Until(b"]]>"),
                        (b"?", _) => At::Until(b"?>"),
                        (_, None) if matches!(b, b'"' | b'\'') => At::Tag(Some(b)),
                        (_, Some(q)) if q == b => At::Tag(None),
                        (_, quote) => At::Tag(quote),
                    };
                }
                At::Text | At::Until(_) => {}
            }
        }
        Ok(())
    }

    fn tag_ends(&mut self) -> Result<(), String> {
        let closes = self.tag.first() == Some(&b'/');
        let empty = self.tail[1] == b'/';
        let name = self.tag[usize::from(closes)..].split(|b| b.is_ascii_whitespace() || *b == b'/').next();
        let local = name.unwrap_or_default().rsplit(|b| *b == b':').next().unwrap_or_default();
        if matches!(local, b"c" | b"si") {
            self.inside = !closes && !empty;
            self.long = 0;
        } else if !self.inside {
            self.long = 0;
        }
        if local == b"si" && !closes {
            self.texts += 1;
            if self.texts > MOST_TEXTS {
                return Err(too_much());
            }
        }
        // No workbook declares entities, and the library would gather the declaration as a whole.
        if local.first() == Some(&b'!') { Err(broken()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_longer_than_a_cell_can_be_however_it_is_written() {
        let long = "x".repeat(MOST_IN_CELL + 1);
        let half = "x".repeat(MOST_IN_CELL / 2);
        for (text, fine) in [
            (format!("<row><c r=\"A1\"><v>{half}</v></c><c><v>{half}</v></c><c><v>{half}</v></c></row>"), true),
            (format!("<c/>{}", "<c r=\"B1\" s='>'/>\n".repeat(MOST_IN_CELL / 8)), true),
            (format!("<c><is><t>{long}</t></is></c>"), false),
            (format!("<x:si>{}</x:si>", format!("<r><t>{half}</t></r>").repeat(3)), false),
            (format!("<c r=\"{long}\"/>"), false),
            (format!("<!-- <c> {half} <c/> {half} <c/> {half} -->"), false),
            (format!("<c><t><![CDATA[ <c> {half} <c/> {half} <c/> {half}]]></t></c>"), false),
            (format!("<a b=\"<c/>{half}<c/>{half}<c/>{half}\"/>"), false),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>".to_owned(), false),
        ] {
            let read = part(text.as_bytes(), u64::MAX);
            assert_eq!(read.is_ok(), fine, "{} {read:?}", &text[..60.min(text.len())]);
        }
        assert!(part(&b"<a></a>"[..], 6).is_err());
    }
}
