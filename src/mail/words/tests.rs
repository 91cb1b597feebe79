//! The words of days, numbers and places.

use super::*;

fn day(iso: &str) -> NaiveDate {
    iso.parse().unwrap()
}

#[test]
fn dates_read_as_in_a_german_office() {
    assert_eq!(date(day("2026-06-03")), "Mi., 03.06.2026");
    assert_eq!(date(day("0099-01-02")), "Fr., 02.01.99");
    assert!(date(NaiveDate::MAX).ends_with("262142"));
    assert_eq!(time("09:05:59".parse().unwrap()), "09:05");
    assert_eq!(week("2026-W08"), "KW 8");
    assert_eq!(week("kaputt\n"), "kaputt");
    assert_eq!(week_of(day("2026-11-23")), "KW 48");
}

#[test]
fn instants_are_told_in_berlin_time() {
    for (utc, local) in [
        ("2026-11-20T15:12:00Z", "Fr., 20.11.2026, 16:12"),
        ("2026-07-01T22:30:00Z", "Do., 02.07.2026, 00:30"),
        ("2026-03-29T00:59:59Z", "So., 29.03.2026, 01:59"),
        ("2026-03-29T01:00:00Z", "So., 29.03.2026, 03:00"),
    ] {
        assert_eq!(instant(utc.parse().unwrap()), local);
    }
}

#[test]
fn one_is_not_many() {
    assert_eq!(plural(1u32, "Fall", "Fälle"), "1 Fall");
    assert_eq!(plural(0u32, "Fall", "Fälle"), "0 Fälle");
    assert_eq!(plural(7usize, "Fall", "Fälle"), "7 Fälle");
    assert_eq!(list::<&str>(&[]), "");
    assert_eq!(list(&["a"]), "a");
    assert_eq!(list(&["a", "b"]), "a und b");
    assert_eq!(list(&["a", "b", "c"]), "a, b und c");
}

#[test]
fn what_comes_from_files_stays_on_its_line() {
    assert_eq!(clean("A. B."), "A. B.");
    assert_eq!(clean("A.\r\nBcc: x@y\u{202e}"), "A.  Bcc: x@y");
    assert!(matches!(clean("Müller"), Cow::Borrowed(_)));
}

#[test]
fn a_paragraph_does_not_break_from_its_number() {
    for (given, words) in [
        ("§7", "BAK-Konzept §\u{a0}7"),
        ("§ 16e", "BAK-Konzept §\u{a0}16e"),
        ("§\u{a0}6, §7", "BAK-Konzept §\u{a0}6, §\u{a0}7"),
        ("§§ 6, 7", "BAK-Konzept §§\u{a0}6, 7"),
        ("Teamabsprache", "Teamabsprache"),
        ("§", "BAK-Konzept §"),
    ] {
        assert_eq!(source(given), words);
    }
    assert_eq!(paragraphs("bleibt nötig (§7)."), "bleibt nötig (§\u{a0}7).");
}

#[test]
fn where_it_stands_is_said_in_workdays() {
    for (state, workdays, words) in [
        (State::Overdue, 1, "seit 1 Arbeitstag offen"),
        (State::Overdue, 3, "seit 3 Arbeitstagen offen"),
        (State::Overdue, 0, "noch offen"),
        (State::Today, 0, "heute fällig"),
        (State::Upcoming, -1, "noch 1 Arbeitstag"),
        (State::Upcoming, -12, "noch 12 Arbeitstage"),
        (State::Upcoming, 0, "demnächst"),
        (State::Info, 0, "zur Kenntnis"),
        (State::Missed, 1, "nachzutragen"),
        (State::Upcoming, i64::MIN, "noch 9223372036854775808 Arbeitstage"),
    ] {
        assert_eq!(standing(state, workdays), words);
    }
}
