//! As much of MIME (RFC 2045, 2046) as a notification needs: headers, parts, and three encodings.
//!
//! Our own, because what reads mail from strangers must bear any bytes: of the libraries, the one at hand walked parts
//! in quadratic time and overflowed the stack on a megabyte of nested messages. Everything here is one pass.

use std::borrow::Cow;

/// No header we ask for is longer (bytes, unfolded); what stands beyond is not looked at.
const MAX_VALUE: usize = 8 << 10;

/// Headers and a body: a mail, a part of one, or a group of a report's fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entity<'a> {
    headers: &'a [u8],
    /// What stands behind the first empty line.
    pub(super) body: &'a [u8],
}

impl<'a> Entity<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut end = 0;
        for line in lines(bytes) {
            if trimmed(line).is_empty() {
                return Self { headers: &bytes[..end], body: &bytes[end + line.len()..] };
            }
            end += line.len();
        }
        Self { headers: bytes, body: &[] }
    }

    /// The headers of a mail that may have been cut off anywhere, with empty lines before them.
    pub(super) fn headers_only(bytes: &'a [u8]) -> Self {
        let blank = lines(bytes).take_while(|line| trimmed(line).is_empty()).map(<[u8]>::len).sum();
        Self::new(&bytes[blank..])
    }

    /// The value of the first header of this name (lower case), unfolded and trimmed.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let mut all = lines(self.headers).skip_while(|line| value_of(line, name).is_none());
        let first = value_of(all.next()?, name)?;
        let mut value = first.get(..MAX_VALUE).unwrap_or(first).to_vec();
        for line in all.take_while(|line| line.starts_with(b" ") || line.starts_with(b"\t")) {
            let room = MAX_VALUE.saturating_sub(value.len());
            let line = trimmed(line);
            value.extend_from_slice(line.get(..room).unwrap_or(line));
        }
        Some(String::from_utf8_lossy(&value).trim().to_owned())
    }

    pub(super) fn content_type(&self) -> ContentType {
        self.header("content-type").map(|value| ContentType::read(&value)).unwrap_or_default()
    }

    /// The parts between the boundary's lines. Where the last line is missing, the last part goes on to the end.
    pub(super) fn parts<'b>(&self, boundary: &'b str) -> impl Iterator<Item = Entity<'a>> + use<'a, 'b> {
        let mut rest = split_at_boundary(self.body, boundary).and_then(|(_, rest)| rest);
        std::iter::from_fn(move || {
            let bytes = rest.take()?;
            let part = match split_at_boundary(bytes, boundary) {
                Some((part, next)) => {
                    rest = next;
                    part
                }
                None => bytes,
            };
            Some(Entity::new(part))
        })
    }

    /// The body without its transfer encoding.
    pub(super) fn decoded(&self) -> Cow<'a, [u8]> {
        match self.header("content-transfer-encoding").map(|e| e.to_ascii_lowercase()).as_deref() {
            Some("base64") => base64(self.body).into(),
            Some("quoted-printable") => quoted_printable(self.body).into(),
            _ => self.body.into(),
        }
    }
}

/// Lines with their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|b| *b == b'\n')
}

/// A line without its end.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What stands behind `name:` on a line that begins with it.
fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let rest = rest.strip_prefix(b":").filter(|_| start.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(trimmed(rest))
}

/// What stands before the boundary's next line, and behind it; nothing behind where that line is the last.
fn split_at_boundary<'a>(bytes: &'a [u8], boundary: &str) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let mut start = 0;
    for line in lines(bytes) {
        let end = start + line.len();
        if let Some(rest) = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary.as_bytes())) {
            let last = rest.starts_with(b"--");
            if last || rest.trim_ascii().is_empty() {
                return Some((&bytes[..start], (!last).then(|| &bytes[end..])));
            }
        }
        start = end;
    }
    None
}

/// A Content-Type: kind in lower case, and its parameters.
#[derive(Debug, Default)]
pub(super) struct ContentType {
    kind: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    fn read(value: &str) -> Self {
        // No real one has more than a handful.
        const MOST: usize = 16;
        let (kind, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let mut parameters = Vec::new();
        while let Some((name, after)) = rest.split_once('=').filter(|_| parameters.len() < MOST) {
            let (value, behind) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
                unquoted(quoted)
            } else {
                let (value, behind) = after.split_once(';').unwrap_or((after, ""));
                (value.trim().to_owned(), behind)
            };
            parameters.push((name.trim_matches([' ', '\t', ';']).to_ascii_lowercase(), value));
            rest = behind;
        }
        Self { kind: kind.trim().to_ascii_lowercase(), parameters }
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// A parameter, in lower case.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.to_ascii_lowercase())
    }

    /// The boundary of a multipart, as it is written.
    pub(super) fn boundary(&self) -> Option<&str> {
        let (_, boundary) = self.parameters.iter().find(|(name, _)| name == "boundary")?;
        Some(boundary.trim_end()).filter(|b| !b.is_empty() && self.kind.starts_with("multipart/"))
    }
}

/// A quoted string whose opening quote is gone, and what stands behind the closing one.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// What is not of the alphabet does not count; what is cut off ends there.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let (mut buffer, mut bits) = (0_u32, 0);
    for b in bytes {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        buffer = buffer << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((buffer >> bits) as u8);
        }
    }
    out
}

/// An escape that is none stays as it is.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).map(|n| n as u8);
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, behind @ ..] = rest {
        rest = behind;
        match (first, behind) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => rest = after,
            (b'=', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(b'='),
            },
            _ => out.push(*first),
        }
    }
    out
}
