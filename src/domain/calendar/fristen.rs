//! Months and weeks as the law counts them: pure arithmetic on dates, without holidays.
//!
//! Every function is total: a result that no date can hold becomes [`NaiveDate::MIN`] or [`NaiveDate::MAX`]. Months
//! are always counted from the anchor, never from an earlier result, or the clamped day would creep forward.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

/// The day `n` months after `d` (before it, if negative), clamped to the month's last day (BGB §188(3)).
pub fn add_months(d: NaiveDate, n: i32) -> NaiveDate {
    shifted(d, n).unwrap_or(edge(n))
}

/// The last day of a period of `n` months whose first day `d` counts (BGB §187(2), §188(2), §188(3)).
///
/// The day before the one that bears `d`'s number `n` months on; where that month has no such day, its last day.
pub fn end_begin(d: NaiveDate, n: i32) -> NaiveDate {
    match shifted(d, n) {
        Some(clamped) if clamped.day() < d.day() => clamped,
        Some(same_number) => eve(same_number),
        None => edge(n),
    }
}

/// The day `n` months before the last day `e` of a period: of the two readings the earlier, so that nobody is late.
///
/// One reading counts back from `e` itself, the other from the day after it, on which the period has ended
/// (BGB §187(1), §188(2)). They differ around the ends of months.
pub fn before(e: NaiveDate, n: i32) -> NaiveDate {
    let back = n.saturating_neg();
    let from_last_day = add_months(e, back);
    e.succ_opt().map_or(from_last_day, |next| from_last_day.min(eve(add_months(next, back))))
}

/// The Monday of `d`'s week.
pub fn monday(d: NaiveDate) -> NaiveDate {
    let days = Days::new(d.weekday().num_days_from_monday().into());
    d.checked_sub_days(days).unwrap_or(NaiveDate::MIN)
}

/// The ISO 8601 week of `d`, sortable as text between the years 0 and 9999: `2026-W48`.
///
/// The year is the week's, not the day's: 1 January 2027 lies in `2026-W53`.
pub fn iso_week(d: NaiveDate) -> String {
    let week = d.iso_week();
    format!("{:04}-W{:02}", week.year(), week.week())
}

/// The Monday of a week as [`iso_week`] writes it, and of nothing else: `2026-W48` is 23 November 2026.
pub fn parse_iso_week(week: &str) -> Option<NaiveDate> {
    let (year, number) = week.split_once("-W")?;
    let monday = NaiveDate::from_isoywd_opt(year.parse().ok()?, number.parse().ok()?, Weekday::Mon)?;
    // Numbers have many spellings ("+2026", "7"); a cycle must have one.
    (iso_week(monday) == week).then_some(monday)
}

fn shifted(d: NaiveDate, n: i32) -> Option<NaiveDate> {
    let months = Months::new(n.unsigned_abs());
    if n < 0 { d.checked_sub_months(months) } else { d.checked_add_months(months) }
}

/// Where `n` months lead that lead out of all dates.
const fn edge(n: i32) -> NaiveDate {
    if n < 0 { NaiveDate::MIN } else { NaiveDate::MAX }
}

fn eve(d: NaiveDate) -> NaiveDate {
    d.pred_opt().unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(iso: &str) -> NaiveDate {
        iso.parse().unwrap()
    }

    const EXTREMES: [i32; 9] = [i32::MIN, i32::MIN + 1, -6_291_443, -1, 0, 1, 6_291_443, i32::MAX - 1, i32::MAX];

    #[test]
    fn months_end_with_the_month_when_the_day_is_missing() {
        for (from, months, to) in [
            ("2025-08-31", 6, "2026-02-28"),
            ("2027-08-31", 6, "2028-02-29"),
            ("2026-05-31", -3, "2026-02-28"),
            ("2026-12-15", 1, "2027-01-15"),
            ("2026-01-15", -1, "2025-12-15"),
            ("2028-02-29", 12, "2029-02-28"),
            ("2026-11-23", 0, "2026-11-23"),
        ] {
            assert_eq!(add_months(day(from), months), day(to), "{from} {months:+}");
        }
    }

    #[test]
    fn six_months_whose_first_day_counts_end_where_the_rules_say() {
        for (first, last) in [
            ("2025-08-31", "2026-02-28"),
            ("2025-12-04", "2026-06-03"),
            ("2028-02-29", "2028-08-28"),
            ("2025-08-30", "2026-02-28"),
            ("2025-08-29", "2026-02-28"),
            ("2025-08-28", "2026-02-27"),
            ("2027-08-31", "2028-02-29"),
            ("2027-08-29", "2028-02-28"),
            ("2026-01-01", "2026-06-30"),
            ("2026-03-01", "2026-08-31"),
            ("2026-03-31", "2026-09-30"),
            ("2026-07-01", "2026-12-31"),
        ] {
            assert_eq!(end_begin(day(first), 6), day(last), "from {first}");
        }
    }

    #[test]
    fn months_before_a_last_day_take_the_earlier_reading() {
        for (last, months, expected) in [
            ("2027-02-28", 3, "2026-11-28"),
            ("2028-02-29", 3, "2027-11-29"),
            ("2026-06-30", 3, "2026-03-30"),
            ("2026-05-31", 3, "2026-02-28"),
            ("2026-05-30", 3, "2026-02-27"),
            ("2026-05-29", 3, "2026-02-27"),
            ("2026-05-28", 3, "2026-02-27"),
            ("2026-05-27", 3, "2026-02-27"),
            ("2026-12-31", 4, "2026-08-31"),
            ("2026-12-15", 3, "2026-09-15"),
        ] {
            let e = day(last);
            let readings = (add_months(e, -months), add_months(e.succ_opt().unwrap(), -months).pred_opt().unwrap());
            assert_eq!(before(e, months), readings.0.min(readings.1), "{months} before {last}");
            assert_eq!(before(e, months), day(expected), "{months} before {last}");
        }
    }

    #[test]
    fn weeks_belong_to_the_year_of_their_thursday() {
        for (date, week, first) in [
            ("2026-11-23", "2026-W48", "2026-11-23"),
            ("2026-11-29", "2026-W48", "2026-11-23"),
            ("2027-01-01", "2026-W53", "2026-12-28"),
            ("2027-01-04", "2027-W01", "2027-01-04"),
            ("2024-12-30", "2025-W01", "2024-12-30"),
            ("0001-01-01", "0001-W01", "0001-01-01"),
        ] {
            assert_eq!(iso_week(day(date)), week);
            assert_eq!(monday(day(date)), day(first));
            assert_eq!(parse_iso_week(week), Some(day(first)));
        }
    }

    #[test]
    fn every_week_is_read_back_as_its_monday() {
        for d in day("2019-12-01").iter_days().take(800) {
            assert_eq!(parse_iso_week(&iso_week(d)), Some(monday(d)), "{d}");
        }
        let far = NaiveDate::from_ymd_opt(-5, 6, 1).unwrap();
        assert_eq!(parse_iso_week(&iso_week(far)), Some(monday(far)));
    }

    #[test]
    fn what_is_no_week_is_refused() {
        let numbers = "|-W|2026|2026-W|2026-W00|2026-W54|2025-W53|2026-W1|2026-W048|26-W48|9999999999-W01";
        let spelling = "+2026-W48|2026-W+8|2026-w48| 2026-W48|2026-W48 |2026-48|2026-W48-1|KW48";
        for text in numbers.split('|').chain(spelling.split('|')) {
            assert_eq!(parse_iso_week(text), None, "{text:?}");
        }
    }

    #[test]
    fn results_beyond_all_dates_stop_at_the_edge() {
        assert_eq!(add_months(NaiveDate::MAX, 1), NaiveDate::MAX);
        assert_eq!(add_months(NaiveDate::MIN, -1), NaiveDate::MIN);
        assert_eq!(end_begin(NaiveDate::MAX, 6), NaiveDate::MAX);
        assert_eq!(end_begin(day("2026-11-23"), i32::MAX), NaiveDate::MAX);
        assert_eq!(end_begin(day("2026-11-23"), i32::MIN), NaiveDate::MIN);
        assert_eq!(before(day("2026-11-23"), i32::MAX), NaiveDate::MIN);
        assert_eq!(before(NaiveDate::MIN, 3), NaiveDate::MIN);
        assert_eq!(monday(NaiveDate::MIN), NaiveDate::MIN);
        for d in [NaiveDate::MIN, day("0001-01-01"), day("2026-11-23"), day("9999-12-31"), NaiveDate::MAX] {
            for n in EXTREMES {
                add_months(d, n);
                end_begin(d, n);
                before(d, n);
            }
            monday(d);
            parse_iso_week(&iso_week(d));
        }
    }
}
