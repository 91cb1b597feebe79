//! What a run is about, decided from dates alone (RULES.md §5 *Gap*, *Data*).

use chrono::NaiveDate;

use super::calendar::{Calendar, monday};

/// The skipped workdays (between the last run and today) on which last week's search runs would have been asked for:
/// of each week the first workday.
pub fn skipped_first_days(cal: &Calendar, last: NaiveDate, day: NaiveDate) -> Vec<NaiveDate> {
    let between = last.iter_days().skip(1).take_while(|d| *d < day);
    between.filter(|d| cal.is_workday(*d) && *d == cal.fwd(monday(*d))).collect()
}

/// Whether data of the day `at` is older on `day` than `after` workdays (0: never); data that never came is.
pub fn is_stale(cal: &Calendar, at: Option<NaiveDate>, day: NaiveDate, after: u32) -> bool {
    after > 0 && at.is_none_or(|at| cal.workdays_between(at, day) > i64::from(after))
}
