//! What an SMTP server answers (RFC 5321 §4.2), put together line by line. Pure, and safe against any bytes.
//!
//! Only the codes are ever shown to people: the text often repeats an address.

use std::fmt;

/// The longest line that is read, in octets with its line end. RFC 5321 §4.5.3.1.5 says 512; some servers write more.
pub const LONGEST_LINE: usize = 2048;
/// The most lines of one answer. EHLO lists some twenty; nothing lists a hundred.
pub const MOST_LINES: usize = 100;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The three digits.
    pub code: u16,
    /// The enhanced status code (RFC 3463) as class, subject, detail, if the first line begins with one.
    pub enhanced: Option<(u16, u16, u16)>,
    /// The texts of the lines.
    lines: Vec<String>,
}

/// Why bytes are no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// A line that is longer than any server needs.
    LongLine,
    /// More lines than any server needs.
    ManyLines,
    /// Not three digits and a separator, or other digits than the line before.
    NoCode,
}

impl Answer {
    /// Done (2yz).
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// Not now (4yz).
    pub const fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// Never (5yz).
    pub const fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// The texts of the lines, without codes.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}

/// „550 5.1.1": what may be shown.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        match self.enhanced {
            Some((class, subject, detail)) => write!(f, " {class}.{subject}.{detail}"),
            None => Ok(()),
        }
    }
}

/// An answer in the making.
#[derive(Debug, Default)]
pub struct Assembly {
    code: Option<u16>,
    lines: Vec<String>,
}

impl Assembly {
    /// Takes the next line, with or without its line end; the whole answer once it was the last one.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Answer>, Malformed> {
        if line.len() > LONGEST_LINE {
            return Err(Malformed::LongLine);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (digits, rest) = line.split_at_checked(3).ok_or(Malformed::NoCode)?;
        let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9'] = *digits else {
            return Err(Malformed::NoCode);
        };
        let code = u16::from(first - b'0') * 100 + u16::from(second - b'0') * 10 + u16::from(third - b'0');
        if self.code.is_some_and(|c| c != code) {
            return Err(Malformed::NoCode);
        }
        self.code = Some(code);
        let (last, text) = match rest {
            [] => (true, rest),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return Err(Malformed::NoCode),
        };
        if self.lines.len() >= MOST_LINES {
            return Err(Malformed::ManyLines);
        }
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        if !last {
            return Ok(None);
        }
        let lines = std::mem::take(&mut self.lines);
        self.code = None;
        let enhanced = lines.first().and_then(|first| enhanced(first, code));
        Ok(Some(Answer { code, enhanced, lines }))
    }
}

/// The enhanced status code at the beginning of a text; it must be of the same class as the code.
fn enhanced(text: &str, code: u16) -> Option<(u16, u16, u16)> {
    let word = text.split(' ').next()?;
    let mut numbers = word.split('.').map(|n| n.parse::<u16>().ok().filter(|n| *n < 1000));
    let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && class == code / 100).then_some((class, subject, detail))
}

/// What a server offers (RFC 5321 §4.1.1.1): the answer to EHLO, read for what we use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// BODY=8BITMIME (RFC 6152).
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// SIZE (RFC 1870): the largest mail in octets; 0 is no limit.
    pub size: Option<u64>,
    /// PIPELINING (RFC 2920): commands may be said before the ones before them are answered.
    pub pipelining: bool,
    /// AUTH PLAIN (RFC 4616).
    pub plain: bool,
    /// AUTH LOGIN, which Exchange still prefers.
    pub login: bool,
}

impl Offers {
    /// Reads the answer to EHLO; its first line is a greeting.
    pub fn of(answer: &Answer) -> Self {
        let mut offers = Self::default();
        for line in answer.lines().skip(1) {
            let line = line.to_ascii_uppercase();
            // „AUTH=LOGIN" is how old servers wrote it.
            let mut words = line.split([' ', '=']).filter(|w| !w.is_empty());
            match words.next() {
                Some("STARTTLS") => offers.starttls = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("PIPELINING") => offers.pipelining = true,
                Some("SMTPUTF8") => offers.utf8 = true,
                Some("SIZE") => offers.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0)),
                Some("AUTH") => {
                    for mechanism in words {
                        offers.plain |= mechanism == "PLAIN";
                        offers.login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> Result<Option<Answer>, Malformed> {
        let mut assembly = Assembly::default();
        let mut last = Ok(None);
        for line in lines {
            last = assembly.line(line.as_bytes());
        }
        last
    }

    #[test]
    fn an_answer_is_shown_by_its_codes_alone() {
        for (lines, shown) in [
            (&["250 ok\r\n"][..], "250"),
            (&["250\r\n"], "250"),
            (&["250 \n"], "250"),
            (&["550 5.1.1 <a@b.de>: unknown\r\n"], "550 5.1.1"),
            (&["550-5.1.1 a@b.de\r\n", "550 5.1.1 unknown\r\n"], "550 5.1.1"),
            (&["550 5.1 a\r\n"], "550"),
            (&["550 4.1.1 another class\r\n"], "550"),
            (&["451 4.7.1.2 a\r\n"], "451"),
            (&["451 \u{fc}\r\n"], "451"),
        ] {
            assert_eq!(read(lines).unwrap().unwrap().to_string(), shown, "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let long = format!("250 {}", "x".repeat(LONGEST_LINE));
        let many = vec!["250-x\r\n"; MOST_LINES + 1];
        for (lines, why) in [
            (&["\r\n"][..], Malformed::NoCode),
            (&["25\r\n"], Malformed::NoCode),
            (&["2500 ok\r\n"], Malformed::NoCode),
            (&["150 ok\r\n"], Malformed::NoCode),
            (&["HTTP/1.1 400 Bad Request\r\n"], Malformed::NoCode),
            (&["250-a\r\n", "251 b\r\n"], Malformed::NoCode),
            (&[&long], Malformed::LongLine),
            (&many, Malformed::ManyLines),
        ] {
            assert_eq!(read(lines), Err(why), "{lines:?}");
        }
    }

    #[test]
    fn an_unfinished_answer_waits_for_more() {
        assert_eq!(read(&["250-a\r\n"]), Ok(None));
    }

    #[test]
    fn offers_are_read_however_they_are_written() {
        let lines = [
            "250-mx grüßt\r\n",
            "250-size 1000\r\n",
            "250-AUTH=LOGIN\r\n",
            "250-auth GSSAPI plain\r\n",
            "250 8BITMIME",
        ];
        let offers = Offers::of(&read(&lines).unwrap().unwrap());
        let expected = Offers { eight_bit: true, size: Some(1000), plain: true, login: true, ..Offers::default() };
        assert_eq!(offers, expected);
        // The greeting's own words offer nothing.
        assert_eq!(Offers::of(&read(&["250 STARTTLS"]).unwrap().unwrap()), Offers::default());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..200)) {
            let mut assembly = Assembly::default();
            for line in lines {
                if let Ok(Some(answer)) = assembly.line(&line) {
                    prop_assert!((200..600).contains(&answer.code));
                    let _ = (answer.to_string(), Offers::of(&answer));
                }
            }
        }
    }
}
