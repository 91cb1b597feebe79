//! Text as quoted-printable (RFC 2045 §6.7).
//!
//! The same bytes as lettre's own encoder gives, which a test holds against it: a mail that is tried again after an
//! update must be the one that was tried before. That one goes through every text several times, character by character,
//! which was an eighth of all that a mail costs; here whole runs are copied. Pure.

use memchr::memchr;

/// The longest line, in octets without its line end.
const LONGEST: usize = 76;
/// Up to here anything fits, and the soft line break after it.
const ROOMY: usize = LONGEST - 2;

/// The text, encoded; each kind of line end that a text may have (LF, CRLF) is CRLF.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8 + 16);
    let mut rest = text.as_bytes();
    while let Some(end) = memchr(b'\n', rest) {
        let (line, after) = rest.split_at(end);
        encode_line(line.strip_suffix(b"\r").unwrap_or(line), &mut out);
        out.extend_from_slice(b"\r\n");
        rest = &after[1..];
    }
    encode_line(rest, &mut out);
    out
}

/// One line, without its end.
fn encode_line(line: &[u8], out: &mut Vec<u8>) {
    // A blank at the end would be lost on the way.
    let (mut rest, blank) = match line.split_last() {
        Some((blank @ (b' ' | b'\t'), before)) => (before, Some(*blank)),
        _ => (line, None),
    };
    let mut line = Line { out, filled: 0, last: 0 };
    while let Some(first) = rest.first() {
        let room = ROOMY.saturating_sub(line.filled).min(rest.len());
        let run = plain_run(&rest[..room]);
        if run > 0 {
            line.out.extend_from_slice(&rest[..run]);
            line.filled += run;
            rest = &rest[run..];
            continue;
        }
        if is_plain(*first) {
            line.add(&[*first]);
        } else {
            line.add(&escaped(*first));
        }
        rest = &rest[1..];
    }
    if let Some(blank) = blank {
        line.add(&escaped(blank));
    }
}

/// The line that is being written.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    /// How long it is.
    filled: usize,
    /// How many octets were added last.
    last: usize,
}

impl Line<'_> {
    /// Adds octets that must stay together, on a line of their own where they do not fit.
    fn add(&mut self, octets: &[u8]) {
        const SOFT_BREAK: [u8; 3] = *b"=\r\n";
        if self.filled + octets.len() > LONGEST {
            if self.filled == LONGEST {
                // No room even for the sign of the break: it comes before what was added last.
                let at = self.out.len().saturating_sub(self.last);
                self.out.splice(at..at, SOFT_BREAK);
                self.filled = self.last;
            } else {
                self.out.extend_from_slice(&SOFT_BREAK);
                self.filled = 0;
            }
        }
        self.out.extend_from_slice(octets);
        self.filled += octets.len();
        self.last = octets.len();
    }
}

/// How many octets from the first one on may stand as they are.
fn plain_run(octets: &[u8]) -> usize {
    // Most of a text may, and to see only that is many times quicker than to look for the first that may not.
    let mut run = 0;
    for block in octets.chunks(16) {
        if !block.iter().fold(true, |plain, octet| plain & is_plain(*octet)) {
            return run + block.iter().take_while(|octet| is_plain(**octet)).count();
        }
        run += block.len();
    }
    run
}

const fn is_plain(octet: u8) -> bool {
    matches!(octet, b'\t' | b' '..=b'~') && octet != b'='
}

const fn escaped(octet: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [b'=', DIGITS[(octet >> 4) as usize], DIGITS[(octet & 15) as usize]]
}

#[cfg(test)]
mod tests {
    use lettre::message::Body;
    use lettre::message::header::ContentTransferEncoding::QuotedPrintable;
    use proptest::prelude::*;

    use super::*;

    fn lettres(text: &str) -> String {
        let body = Body::new_with_encoding(text.to_owned(), QuotedPrintable).unwrap();
        String::from_utf8(body.into_vec()).unwrap()
    }

    fn ours(text: &str) -> String {
        String::from_utf8(encode(text)).unwrap()
    }

    #[test]
    fn lines_are_short_and_blanks_survive() {
        for (text, expected) in [
            ("", ""),
            ("Grüße\n", "Gr=C3=BC=C3=9Fe\r\n"),
            ("a=b\r\n", "a=3Db\r\n"),
            ("a \n\t\nb\t", "a=20\r\n=09\r\nb=09"),
            ("a\rb\r", "a=0Db=0D"),
        ] {
            assert_eq!(ours(text), expected, "{text:?}");
        }
    }

    #[test]
    fn around_the_end_of_a_line_it_breaks_where_lettre_does() {
        for length in 60..170 {
            for end in
                ["", " ", "\t", "=", "ü", "ü ", " =", "==", "= \n", "a=\n", "a \r\n", "\r", "\r\r\nb", "\n\n ", "€€"]
            {
                for filling in ["a", "ab=", "ü", " "] {
                    let text: String = filling.chars().cycle().take(length).chain(end.chars()).collect();
                    assert_eq!(ours(&text), lettres(&text), "{text:?}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn any_text_is_what_lettre_makes_of_it(
            odd in any::<String>(),
            narrow in "[a =\t\r\nü]{0,400}",
            wide in "([a-z ]{1,90}[=ü€\u{1f600}. \t]{0,3}(\n|\r\n|\r)?){0,12}",
        ) {
            for text in [odd, narrow, wide] {
                prop_assert_eq!(ours(&text), lettres(&text));
            }
        }
    }
}
