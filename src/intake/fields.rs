//! One field's text → what it says. Pure: knows no files, columns or problems.

use chrono::{NaiveDate, NaiveTime};
use encoding_rs::WINDOWS_1252;

/// How the bytes of a file are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// With or without BOM.
    Utf8,
    /// What Excel writes as „CSV (Trennzeichen-getrennt)".
    Windows1252,
}

/// Decodes, cleans and trims a field into `out`.
///
/// Line breaks and tabs become spaces; other control characters go: they have no meaning in any field, PostgreSQL
/// refuses NUL, and one in a display name makes the mail library panic.
pub(super) fn clean(bytes: &[u8], encoding: Encoding, out: &mut String) {
    out.clear();
    let decoded = match encoding {
        // A file may change between the two passes: what is not UTF-8 now becomes U+FFFD instead of a panic.
        Encoding::Utf8 => String::from_utf8_lossy(bytes),
        Encoding::Windows1252 => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    };
    out.extend(decoded.trim().chars().filter_map(|c| match c {
        '\n' | '\r' | '\t' => Some(' '),
        // Characters nobody sees, some of which turn the text around them.
        '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }));
    let end = out.trim_end().len();
    out.truncate(end);
    let start = out.len() - out.trim_start().len();
    out.drain(..start);
}

/// `TT.MM.JJJJ` (day and month with one digit or two) or `JJJJ-MM-TT`. Two-digit years are not guessed.
pub(super) fn date(s: &str) -> Option<NaiveDate> {
    let (y, m, d) = if s.contains('.') {
        let mut parts = s.split('.');
        let (d, m, y) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || d.len() > 2 || m.len() > 2 {
            return None;
        }
        (y, m, d)
    } else {
        let mut parts = s.split('-');
        let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || d.len() != 2 || m.len() != 2 {
            return None;
        }
        (y, m, d)
    };
    if y.len() != 4 {
        return None;
    }
    let year = i32::try_from(number(y)?).ok().filter(|y| *y > 0)?;
    NaiveDate::from_ymd_opt(year, number(m)?, number(d)?)
}

/// Whether a date is hardly meant: before 1950 or after 2100. 31.12.9999 is how lists write "open".
pub(super) fn is_odd(d: NaiveDate) -> bool {
    use chrono::Datelike;
    !(1950..=2100).contains(&d.year()) && !is_open(d)
}

/// 31.12.9999: how lists write "without end".
pub(super) fn is_open(d: NaiveDate) -> bool {
    use chrono::Datelike;
    (d.year(), d.month(), d.day()) == (9999, 12, 31)
}

/// `HH:MM`, `H:MM` or `HH:MM:SS` as `HH:MM`.
pub(super) fn time(s: &str) -> Option<String> {
    let mut parts = s.split(':');
    let (h, m, sec) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() || h.len() > 2 || m.len() != 2 || sec.is_some_and(|s| s.len() != 2) {
        return None;
    }
    let time = NaiveTime::from_hms_opt(number(h)?, number(m)?, sec.map_or(Some(0), number)?)?;
    Some(time.format("%H:%M").to_string())
}

/// A whole number from 0 to 9999.
pub(super) fn count(s: &str) -> Option<i64> {
    number(s).filter(|n| *n <= 9999).map(i64::from)
}

/// `ja` or `nein`, in any case.
pub(super) fn yes_no(s: &str) -> Option<bool> {
    if s.eq_ignore_ascii_case("ja") {
        Some(true)
    } else if s.eq_ignore_ascii_case("nein") {
        Some(false)
    } else {
        None
    }
}

/// Digits alone: no sign, no blank, none of the digits of other scripts.
fn number(s: &str) -> Option<u32> {
    if s.is_empty() || !s.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    s.parse().ok()
}

/// A client's name cut to initials: „Max Mustermann" → „M. M."; what is initials already stays.
///
/// Words with a digit are dropped: a client's number is no initial.
pub(super) fn initials(s: &str) -> String {
    let words = s.split(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';' | '/' | '-' | '(' | ')' | '_'));
    let words = words.filter(|w| !w.chars().any(char::is_numeric));
    let firsts = words.filter_map(|w| w.chars().find(|c| c.is_alphabetic()));
    firsts.take(4).map(|c| format!("{c}.")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ymd(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn dates_are_german_or_iso_and_nothing_else() {
        for (s, expected) in [
            ("23.11.2026", Some(ymd(2026, 11, 23))),
            ("3.1.2026", Some(ymd(2026, 1, 3))),
            ("2026-11-23", Some(ymd(2026, 11, 23))),
            ("29.02.2028", Some(ymd(2028, 2, 29))),
            ("31.12.9999", Some(ymd(9999, 12, 31))),
            ("29.02.2026", None),
            ("31.04.2026", None),
            ("23.11.26", None),
            ("23.11.02026", None),
            ("01.01.0000", None),
            ("2026-1-3", None),
            ("23/11/2026", None),
            ("11.2026", None),
            ("23.11.2026 00:00", None),
            ("1.2.3.2026", None),
            ("-1.1.2026", None),
            ("+1.1.2026", None),
            ("٢٣.١١.٢٠٢٦", None),
            ("heute", None),
            ("45000", None),
            (".", None),
            ("--", None),
        ] {
            assert_eq!(date(s), expected, "{s}");
        }
    }

    #[test]
    fn dates_hardly_meant() {
        for (y, odd) in [(1949, true), (1950, false), (2100, false), (2101, true), (202, true)] {
            assert_eq!(is_odd(ymd(y, 12, 31)), odd, "{y}");
        }
        assert!(!is_odd(ymd(9999, 12, 31)));
        assert!(is_odd(ymd(9999, 12, 30)));
    }

    #[test]
    fn times_counts_and_answers() {
        for (s, expected) in [
            ("09:30", Some("09:30")),
            ("9:30", Some("09:30")),
            ("14:05:59", Some("14:05")),
            ("24:00", None),
            ("9:5", None),
            ("09.30", None),
            ("9", None),
            ("09:30 Uhr", None),
            ("1:2:3:4", None),
        ] {
            assert_eq!(time(s).as_deref(), expected, "{s}");
        }
        for (s, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("9999", Some(9999)),
            ("10000", None),
            ("-1", None),
            ("+1", None),
            ("1,0", None),
            ("", None),
            ("99999999999", None),
        ] {
            assert_eq!(count(s), expected, "{s}");
        }
        for (s, expected) in [("ja", Some(true)), ("Nein", Some(false)), ("JA", Some(true)), ("j", None), ("", None)] {
            assert_eq!(yes_no(s), expected, "{s}");
        }
    }

    #[test]
    fn a_name_is_cut_to_initials() {
        for (s, expected) in [
            ("Max Mustermann", "M. M."),
            ("M. M.", "M. M."),
            ("M.M.", "M. M."),
            ("Mustermann, Max", "M. M."),
            ("Öztürk", "Ö."),
            ("Anna-Lena Müller", "A. L. M."),
            ("Max Mustermann 123A456789", "M. M."),
            ("4711", ""),
            ("", ""),
            ("a b c d e f", "a. b. c. d."),
        ] {
            assert_eq!(initials(s), expected, "{s}");
        }
    }

    #[test]
    fn text_is_decoded_cleaned_and_trimmed() {
        let mut out = String::new();
        for (bytes, encoding, expected) in [
            ("  Jäger \u{a0}".as_bytes(), Encoding::Utf8, "Jäger"),
            (b"J\xe4ger \x80".as_slice(), Encoding::Windows1252, "Jäger €"),
            (b"a\r\nb\tc", Encoding::Utf8, "a  b c"),
            (b"a\0\x1b[31mb\x7f", Encoding::Utf8, "a[31mb"),
            (b"\0 a \0", Encoding::Utf8, "a"),
            (b"\x81\x8d", Encoding::Windows1252, ""),
            (b"\xff", Encoding::Utf8, "\u{fffd}"),
        ] {
            clean(bytes, encoding, &mut out);
            assert_eq!(out, expected, "{bytes:?}");
        }
    }
}
