//! Dates that cross from the database packed in one text.
//!
//! Each column of a row costs time to cross, and there are millions of dates. SQL's `concat` writes several into one
//! text, a missing one as nothing; here they come apart.

use std::str::FromStr;

use chrono::NaiveDate;

/// `N` dates with a blank between each two; none where nothing stands. `None` if it is anything else.
pub(super) fn dates<const N: usize>(packed: &str) -> Option<[Option<NaiveDate>; N]> {
    let mut dates = [None; N];
    let mut words = packed.split(' ');
    for slot in &mut dates {
        let word = words.next()?;
        *slot = if word.is_empty() { None } else { Some(date(word)?) };
    }
    words.next().is_none().then_some(dates)
}

/// `2026-11-23`; by hand because there are millions of them. Years beyond four digits take the long way.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    match text.as_bytes() {
        [year @ .., b'-', m1, m2, b'-', d1, d2] if year.len() == 4 => {
            NaiveDate::from_ymd_opt(number(year)?.cast_signed(), number(&[*m1, *m2])?, number(&[*d1, *d2])?)
        }
        _ => NaiveDate::from_str(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_way_to_read_a_date_says_what_the_long_way_says() {
        for text in
            ["2026-11-23", "0001-01-01", "9999-12-31", "2026-13-01", "2026-1-1", "2026-11-2x", "", "+10000-01-01"]
        {
            assert_eq!(date(text).is_some(), !matches!(text, "2026-13-01" | "2026-11-2x" | ""), "{text}");
        }
    }

    #[test]
    fn dates_come_apart_where_they_stood() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23);
        assert_eq!(dates::<3>(" 2026-11-23 "), Some([None, day, None]));
        assert_eq!(dates::<1>(""), Some([None]));
        for wrong in ["", "2026-11-23", "a b", "2026-11-23 2026-11-23 2026-11-23", "2026-11-23 2026-02-30"] {
            assert_eq!(dates::<2>(wrong), None, "{wrong}");
        }
    }
}
