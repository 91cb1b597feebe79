//! One cell of an office's list → a date or a text. Pure: knows no files, headings or problems.
//!
//! People write dates as Excel's, as `3.11.26`, `Mo., 03.11.2026`, `2026-11-03 00:00:00` or `3. Nov. 2026`. What could
//! mean two days (`11/03/26`) or only nearly says one (`3.11.`, `ca. 3.11.26`) is none: guessing would be found out
//! weeks later.

use chrono::{Days, NaiveDate};

use crate::intake::fields;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::intake) enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A text, cleaned and trimmed.
    Text(String),
    /// A number; in a column of dates a day of Excel's counting.
    Number(f64),
    /// A date that the workbook knows to be one.
    Date(NaiveDate),
    /// A formula that came to an error (`#NV`), or whose value is not in the file.
    Broken,
}

impl Cell {
    /// What a person sees in it.
    pub(in crate::intake) fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(n) => number(*n),
            Self::Date(day) => day.format("%d.%m.%Y").to_string(),
            Self::Broken => "#FEHLER".to_owned(),
        }
    }

    /// The day it says, if it says one. `epoch_1904`: whether the workbook counts days from 1904.
    pub(in crate::intake) fn day(&self, epoch_1904: bool) -> Option<NaiveDate> {
        match self {
            Self::Date(day) => Some(*day),
            Self::Number(n) => serial(*n, epoch_1904),
            Self::Text(text) => text_day(text),
            Self::Empty | Self::Broken => None,
        }
    }

    pub(in crate::intake) fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }
}

/// A number as Excel shows it in a cell without a format: `21`, not `21.0`.
fn number(n: f64) -> String {
    // Beyond that, neighbouring whole numbers are the same to a computer.
    const EXACT: f64 = 9e15;
    if n.fract() == 0.0 && n.abs() < EXACT { format!("{n:.0}") } else { n.to_string().replace('.', ",") }
}

/// Days since 30.12.1899 (or 01.01.1904), as Excel counts. Days before 01.03.1900, which it miscounts, and beyond 2173
/// are none: more likely the number is not meant as a date.
fn serial(n: f64, epoch_1904: bool) -> Option<NaiveDate> {
    const DAYS: std::ops::Range<f64> = 61.0..100_000.0;
    const FROM_1904: u64 = 1_462;
    let days = DAYS.contains(&n).then_some(n.trunc() as u64)?;
    let days = if epoch_1904 { days + FROM_1904 } else { days };
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(days))
}

/// A date that a workbook states as one, in its parts.
pub(in crate::intake) fn ymd(year: i32, month: u32, day: u32) -> Cell {
    // 29.02.1900 is one to Excel.
    NaiveDate::from_ymd_opt(year, month, day).map_or(Cell::Broken, Cell::Date)
}

/// The day that a text says, in one of the ways in which people write it.
pub(in crate::intake) fn text_day(text: &str) -> Option<NaiveDate> {
    let text = without_weekday(text.trim())?;
    // „17. 07. 2026" and „17 .07.2026" are the same as without blanks.
    let mut tight = String::with_capacity(text.len());
    for part in text.split_inclusive('.') {
        let part = if part.ends_with('.') { part.trim() } else { part.trim_start() };
        match part.strip_suffix('.') {
            Some(before) => tight.extend([before.trim_end(), "."]),
            None => tight.push_str(part),
        }
    }
    if tight.chars().any(char::is_alphabetic) && !tight.contains('T') && !tight.ends_with("Uhr") {
        return with_month_name(&tight);
    }
    let (day, time) = tight.split_once([' ', 'T']).unwrap_or((&tight, ""));
    let time = time.trim().trim_end_matches("Uhr").trim_end();
    // Fractions of seconds are how programs write midnight.
    let time = time.split_once('.').filter(|(t, _)| t.len() == 8).map_or(time, |(t, _)| t);
    if !time.is_empty() && fields::time(time).is_none() {
        return None;
    }
    numeric(day)
}

/// `3.11.26`, `03.11.2026`, `3-11-2026` or `2026-11-03`.
fn numeric(text: &str) -> Option<NaiveDate> {
    if let Some(day) = fields::date(text) {
        return Some(day);
    }
    let separator = if text.contains('.') { '.' } else { '-' };
    let mut parts = text.split(separator);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || day.len() > 2 || month.len() > 2 {
        return None;
    }
    NaiveDate::from_ymd_opt(self::year(year)?, digits(month)?, digits(day)?)
}

/// Two digits are a year near ours: 70 to 99 lie behind us.
fn year(text: &str) -> Option<i32> {
    let year = digits(text)?.cast_signed();
    match text.len() {
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        4 if year > 0 => Some(year),
        _ => None,
    }
}

/// `3.Nov.2026`, `3.November 26` (blanks behind points are gone).
fn with_month_name(text: &str) -> Option<NaiveDate> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"];
    const LONGEST: usize = "september".len();
    let (day, rest) = text.split_once('.')?;
    let (name, year) = rest.split_once(['.', ' '])?;
    let name = name.trim().to_lowercase().replace("mrz", "mär");
    let month = MONTHS.iter().position(|month| name.starts_with(month) && name.len() <= LONGEST)?;
    NaiveDate::from_ymd_opt(self::year(year.trim())?, u32::try_from(month).ok()? + 1, digits(day.trim())?)
}

/// „Mo., 03.11.2026" without the weekday; none where other words stand before the date.
fn without_weekday(text: &str) -> Option<&str> {
    const DAYS: [&str; 7] = ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"];
    let at = text.find(|c: char| c.is_ascii_digit())?;
    let (word, rest) = text.split_at(at);
    let word = word.trim().trim_end_matches(['.', ',', ' ']).to_lowercase();
    let is_day = word.is_empty() || DAYS.iter().any(|day| *day == word || day.get(..2) == Some(&*word));
    is_day.then_some(rest)
}

fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Whether a text is what a spreadsheet shows where a formula has no value: `#NV`, `#BEZUG!`, `#DIV/0!`, `Err:502`, `####`.
pub(in crate::intake) fn is_error(text: &str) -> bool {
    const LONGEST: usize = 24;
    if let Some(code) = text.strip_prefix("Err:").or_else(|| text.strip_prefix("Fehler:")) {
        return !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    }
    let Some(name) = text.strip_prefix('#').filter(|name| name.len() <= LONGEST) else { return false };
    let word = |c: char| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '/' | '_');
    let name_of = name.trim_end_matches(['!', '?']);
    (name_of.len() > 1 && name_of.contains(char::is_uppercase) && name_of.chars().all(word))
        || (name.len() > 1 && name.bytes().all(|b| b == b'#'))
}

/// A heading or a word as it is compared: case, blanks and what stands behind it do not matter.
pub(in crate::intake) fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches([':', '*', ' ']).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(y, m, d)
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, expected) in [
            ("3.11.26", day(2026, 11, 3)),
            ("03.11.2026", day(2026, 11, 3)),
            (" 17.07.2026 ", day(2026, 7, 17)),
            ("17. 07. 2026", day(2026, 7, 17)),
            ("17 .7. 26", day(2026, 7, 17)),
            ("2026-07-17", day(2026, 7, 17)),
            ("2026-07-17 00:00:00", day(2026, 7, 17)),
            ("2026-07-17T00:00:00", day(2026, 7, 17)),
            ("2026-07-17T00:00:00.000", day(2026, 7, 17)),
            ("17.07.2026 10:30", day(2026, 7, 17)),
            ("17.07.2026 10:30 Uhr", day(2026, 7, 17)),
            ("3-11-2026", day(2026, 11, 3)),
            ("Mo., 03.11.2026", day(2026, 11, 3)),
            ("Di 3.11.26", day(2026, 11, 3)),
            ("Dienstag, 3.11.26", day(2026, 11, 3)),
            ("3. November 2026", day(2026, 11, 3)),
            ("3. Nov. 26", day(2026, 11, 3)),
            ("3.Mrz.2026", day(2026, 3, 3)),
            ("5.3.71", day(1971, 3, 5)),
            ("31.12.9999", day(9999, 12, 31)),
            ("29.2.26", None),
            ("3.11.", None),
            ("3.11", None),
            ("11/03/26", None),
            ("ca. 3.11.26", None),
            ("3.11.26?", None),
            ("3.11.26 und 5.11.26", None),
            ("November 2026", None),
            ("KW 48", None),
            ("3.11.126", None),
            ("3.11.026", None),
            ("k. A.", None),
            ("", None),
            ("٣.١١.٢٠٢٦", None),
            (".", None),
            ("3..26", None),
        ] {
            assert_eq!(text_day(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_days_of_excels_counting_or_texts() {
        for (n, epoch_1904, expected) in [
            (46219.0, false, day(2026, 7, 16)),
            (46219.75, false, day(2026, 7, 16)),
            (44757.0, true, day(2026, 7, 16)),
            (61.0, false, day(1900, 3, 1)),
            (60.0, false, None),
            (21.0, false, None),
            (-1.0, false, None),
            (1e300, false, None),
            (f64::NAN, false, None),
        ] {
            assert_eq!(Cell::Number(n).day(epoch_1904), expected, "{n}");
        }
        for (n, expected) in [(21.0, "21"), (0.5, "0,5"), (-3.0, "-3"), (46_219.0, "46219"), (f64::NAN, "NaN")] {
            assert_eq!(Cell::Number(n).text(), expected);
        }
    }

    #[test]
    fn errors_of_formulas_are_no_texts() {
        for (text, expected) in [
            ("#NV", true),
            ("#N/A", true),
            ("#BEZUG!", true),
            ("#DIV/0!", true),
            ("#NAME?", true),
            ("#ÜBERLAUF!", true),
            ("#FEHLER", true),
            ("Err:502", true),
            ("####", true),
            ("#1", false),
            ("#", false),
            ("# NV", false),
            ("#wichtig", false),
            ("NV", false),
            ("Err:", false),
        ] {
            assert_eq!(is_error(text), expected, "{text}");
        }
    }

    #[test]
    fn headings_are_compared_without_what_nobody_sees() {
        assert_eq!(plain("  zust.\n IFK: "), "zust. ifk");
        assert_eq!(plain("Übergabe *"), "übergabe");
    }
}
