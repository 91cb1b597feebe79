//! What a run is about, decided from dates alone (RULES.md §5 *Gap*, *Data*).

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::calendar::{Calendar, monday};

/// The skipped workdays (between the last run and today) on which last week's search runs would have been asked for:
/// of each week the first workday.
pub fn skipped_first_days(cal: &Calendar, last: NaiveDate, day: NaiveDate) -> Vec<NaiveDate> {
    let between = last.iter_days().skip(1).take_while(|d| *d < day);
    between.filter(|d| cal.is_workday(*d) && *d == cal.fwd(monday(*d))).collect()
}

/// Whether a run on `day` brings what goes out once a week, on `weekday` (Monday 0 to Friday 4) or the workday before it;
/// what falls out is made up for within the week.
pub fn is_weekly(cal: &Calendar, weekday: u8, last: Option<NaiveDate>, day: NaiveDate) -> bool {
    let first = monday(day);
    let wanted = first.checked_add_days(Days::new(weekday.into())).unwrap_or(first);
    // A week that begins with a holiday begins with its first workday.
    let from = cal.back(wanted).max(first);
    day >= from && last.is_none_or(|last| last < from)
}

/// Whether data of the day `at` is older on `day` than `after` workdays (0: never); data that never came is.
pub fn is_stale(cal: &Calendar, at: Option<NaiveDate>, day: NaiveDate, after: u32) -> bool {
    after > 0 && at.is_none_or(|at| cal.workdays_between(at, day) > i64::from(after))
}

/// So long after its time a run that is not there is worth an alarm.
const GRACE: TimeDelta = TimeDelta::minutes(15);

/// Between which times of day an office's morning runs, both included (Europe/Berlin).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// From when on.
    pub morning: NaiveTime,
    /// Up to when: a service that comes up later leaves the day to the next run.
    pub latest: NaiveTime,
}

impl Hours {
    /// Whether the morning of `local`'s day is to run now: within the hours, on a workday, once, and never for a day
    /// before the last run. Only the time of day decides, so that a missing or doubled hour changes nothing: a morning
    /// at 02:30 runs at 03:00 on the day without that hour, and once on the day that has it twice.
    pub fn is_due(self, local: NaiveDateTime, last_run: Option<NaiveDate>, is_workday: bool) -> bool {
        is_workday && (self.morning..=self.latest).contains(&local.time()) && last_run.is_none_or(|d| d < local.date())
    }

    /// The day of the next run; none where no workday follows within two years.
    pub fn next(
        self,
        local: NaiveDateTime,
        last_run: Option<NaiveDate>,
        is_workday: impl Fn(NaiveDate) -> bool,
    ) -> Option<NaiveDate> {
        let open = |day: &NaiveDate| {
            last_run.is_none_or(|last| last < *day) && (*day > local.date() || local.time() <= self.latest)
        };
        local.date().iter_days().take(731).filter(open).find(|day| is_workday(*day))
    }

    /// The newest workday that is over and has no run, of those after the last one; none before the first run ever.
    pub fn missed(
        self,
        local: NaiveDateTime,
        last_run: Option<NaiveDate>,
        is_workday: impl Fn(NaiveDate) -> bool,
    ) -> Option<NaiveDate> {
        let last = last_run?;
        let today = (local.time() > self.latest).then_some(local.date());
        let before = local.date().pred_opt()?;
        let days = today.into_iter().chain(before.iter_days().rev().take(31));
        days.take_while(|day| *day > last).find(|day| is_workday(*day))
    }

    /// Whether today was to have a run and its time is over without: nobody will try again before tomorrow.
    pub fn is_over(self, local: NaiveDateTime, last_run: Option<NaiveDate>, is_workday: bool) -> bool {
        is_workday && local.time() > self.latest && last_run.is_none_or(|d| d < local.date())
    }

    /// Whether a run that is due should have been written by now: even a large office takes minutes.
    pub fn is_late(self, local: NaiveDateTime) -> bool {
        local.time() - self.morning > GRACE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours() -> Hours {
        let time = |text: &str| text.parse().unwrap();
        Hours { morning: time("06:30:00"), latest: time("18:00:00") }
    }

    #[test]
    fn a_morning_runs_once_on_a_workday_within_its_hours() {
        let rows = [
            ("the hour has come", "2026-11-23T06:30:00", Some("2026-11-20"), true, true),
            ("a minute too early", "2026-11-23T06:29:59", Some("2026-11-20"), true, false),
            ("up late, but in time", "2026-11-23T18:00:00", Some("2026-11-20"), true, true),
            ("too late for today", "2026-11-23T18:00:01", Some("2026-11-20"), true, false),
            ("the first run ever", "2026-11-23T09:00:00", None, true, true),
            ("done today", "2026-11-23T09:00:00", Some("2026-11-23"), true, false),
            ("the clock was ahead once", "2026-11-23T09:00:00", Some("2026-11-25"), true, false),
            ("nobody works", "2026-11-22T09:00:00", Some("2026-11-20"), false, false),
            ("after a month of standstill", "2026-11-23T09:00:00", Some("2026-10-20"), true, true),
        ];
        for (sentence, local, last, workday, due) in rows {
            let last = last.map(|day: &str| day.parse().unwrap());
            assert_eq!(hours().is_due(local.parse().unwrap(), last, workday), due, "{sentence}");
        }
    }

    #[test]
    fn what_is_weekly_comes_once_on_its_day_or_after() {
        let cal = Calendar::new(
            crate::domain::calendar::Bundesland::Bw,
            &[],
            &crate::domain::calendar::Dienstfrei::default(),
        );
        let rows = [
            ("on Monday", 0, Some("2026-11-20"), "2026-11-23", true),
            ("once", 0, Some("2026-11-23"), "2026-11-24", false),
            ("the service was down on Monday", 0, Some("2026-11-20"), "2026-11-25", true),
            ("the first run ever", 0, None, "2026-11-25", true),
            ("Monday is a holiday (Easter)", 0, Some("2026-04-02"), "2026-04-07", true),
            ("not before its day", 2, Some("2026-11-20"), "2026-11-24", false),
            ("on its day", 2, Some("2026-11-24"), "2026-11-25", true),
            ("Friday is a holiday (25.12.), Thursday closed", 4, Some("2026-12-22"), "2026-12-23", true),
            ("and not again", 4, Some("2026-12-23"), "2026-12-28", false),
        ];
        for (sentence, weekday, last, day, expected) in rows {
            let last = last.map(|day: &str| day.parse().unwrap());
            assert_eq!(is_weekly(&cal, weekday, last, day.parse().unwrap()), expected, "{sentence}");
        }
    }

    #[test]
    fn a_day_is_over_without_a_run_once_nobody_will_try_again() {
        let rows = [
            ("there is still time", "2026-11-23T18:00:00", Some("2026-11-20"), true, false),
            ("a moment later", "2026-11-23T18:00:00.5", Some("2026-11-20"), true, true),
            ("before midnight", "2026-11-23T23:59:59", Some("2026-11-20"), true, true),
            ("the next morning is to come", "2026-11-24T00:00:00", Some("2026-11-20"), true, false),
            ("none ever was", "2026-11-23T18:01:00", None, true, true),
            ("all is well", "2026-11-23T18:01:00", Some("2026-11-23"), true, false),
            ("nobody works", "2026-11-22T18:01:00", Some("2026-11-20"), false, false),
            ("the clock was ahead once", "2026-11-23T18:01:00", Some("2026-11-25"), true, false),
        ];
        for (sentence, local, last, workday, over) in rows {
            let last = last.map(|day: &str| day.parse().unwrap());
            assert_eq!(hours().is_over(local.parse().unwrap(), last, workday), over, "{sentence}");
        }
    }

    #[test]
    fn a_workday_that_passed_without_a_run_is_known_until_the_next_one() {
        let monday_to_friday = |d: NaiveDate| chrono::Datelike::weekday(&d).number_from_monday() < 6;
        let rows = [
            ("the morning is still to come", "2026-11-23T05:00:00", Some("2026-11-20"), None),
            ("there is still time", "2026-11-23T18:00:00", Some("2026-11-20"), None),
            ("today is over", "2026-11-23T18:00:01", Some("2026-11-20"), Some("2026-11-23")),
            ("yesterday", "2026-11-24T05:00:00", Some("2026-11-20"), Some("2026-11-23")),
            ("before the weekend", "2026-11-22T12:00:00", Some("2026-11-19"), Some("2026-11-20")),
            ("all is well", "2026-11-23T18:00:01", Some("2026-11-23"), None),
            ("the first run is to come", "2026-11-23T18:00:01", None, None),
            ("the clock was ahead once", "2026-11-23T18:00:01", Some("2026-11-25"), None),
        ];
        for (sentence, local, last, missed) in rows {
            let parse = |day: &str| day.parse().unwrap();
            let found = hours().missed(local.parse().unwrap(), last.map(parse), monday_to_friday);
            assert_eq!(found, missed.map(parse), "{sentence}");
        }
    }

    #[test]
    fn the_next_run_is_on_the_next_workday_that_has_none() {
        let monday_to_friday = |d: NaiveDate| chrono::Datelike::weekday(&d).number_from_monday() < 6;
        let rows = [
            ("this morning", "2026-11-23T05:00:00", Some("2026-11-20"), Some("2026-11-23")),
            ("now", "2026-11-23T09:00:00", Some("2026-11-20"), Some("2026-11-23")),
            ("today is done", "2026-11-23T09:00:00", Some("2026-11-23"), Some("2026-11-24")),
            ("today is over", "2026-11-27T18:30:00", Some("2026-11-26"), Some("2026-11-30")),
            ("the clock was ahead once", "2026-11-23T09:00:00", Some("2026-11-25"), Some("2026-11-26")),
        ];
        for (sentence, local, last, next) in rows {
            let parse = |day: &str| day.parse().unwrap();
            let found = hours().next(local.parse().unwrap(), last.map(parse), monday_to_friday);
            assert_eq!(found, next.map(parse), "{sentence}");
        }
        assert_eq!(hours().next("2026-11-23T09:00:00".parse().unwrap(), None, |_| false), None);
    }
}
