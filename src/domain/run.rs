//! What a run is about, decided from dates alone (RULES.md §5 *Gap*, *Data*).

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

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

/// How fresh a team's data is on a day (RULES.md §5 *Data*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// The last import or record; none: nothing ever came.
    pub at: Option<DateTime<Utc>>,
    /// Workdays after that day, up to and including the day that is asked about; none where nothing ever came, or only
    /// after that day.
    pub workdays: Option<u32>,
    /// Whether these are more than `stale_after`: what waits for activities is held, mails open with a warning.
    pub stale: bool,
}

/// Whether data is said to be of an instant that is still to come: a clock was wrong, and how old it is nobody knows. Clocks
/// of several machines are never quite alike.
pub fn is_ahead(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at > now + TimeDelta::hours(1)
}

impl Freshness {
    /// That of data of the instant `at` on `day`. Stale is what is older than `after` workdays, and what never came; 0:
    /// nothing ever is. `local` says which day an instant is on.
    pub fn of(
        cal: &Calendar,
        at: Option<DateTime<Utc>>,
        local: impl Fn(DateTime<Utc>) -> NaiveDate,
        day: NaiveDate,
        after: u32,
    ) -> Self {
        let workdays = at.map(|at| cal.workdays_between(local(at), day));
        let stale = after > 0 && workdays.is_none_or(|workdays| workdays > i64::from(after));
        let came = at.is_some_and(|at| local(at) <= day);
        Self { at, workdays: workdays.filter(|_| came).and_then(|n| u32::try_from(n).ok()), stale }
    }
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
    use crate::domain::calendar::{Bundesland, Dienstfrei};

    fn hours() -> Hours {
        let time = |text: &str| text.parse().unwrap();
        Hours { morning: time("06:30:00"), latest: time("18:00:00") }
    }

    #[test]
    fn data_is_as_old_as_the_workdays_since_it_came() {
        let cal = Calendar::new(Bundesland::Bw, &[], &Dienstfrei::default());
        // 30.03. to 06.04.2026: Good Friday is the 3rd, Easter Monday the 6th.
        let rows = [
            ("it came this morning", Some("2026-11-23T06:10"), "2026-11-23", 2, (Some(0), false)),
            ("on the last workday", Some("2026-11-20T16:12"), "2026-11-23", 2, (Some(1), false)),
            ("on a Saturday", Some("2026-11-21T10:00"), "2026-11-23", 2, (Some(1), false)),
            ("two workdays are not too old", Some("2026-11-19T23:59"), "2026-11-23", 2, (Some(2), false)),
            ("three are", Some("2026-11-18T23:59"), "2026-11-23", 2, (Some(3), true)),
            ("asked on a Sunday", Some("2026-11-20T16:12"), "2026-11-22", 2, (Some(0), false)),
            ("Easter is no workday", Some("2026-04-01T12:00"), "2026-04-07", 2, (Some(2), false)),
            ("nor is Christmas Eve", Some("2026-12-22T12:00"), "2026-12-28", 2, (Some(2), false)),
            ("the office wants it daily", Some("2026-11-20T16:12"), "2026-11-24", 1, (Some(2), true)),
            ("the office does not want to know", Some("2026-11-09T16:12"), "2026-11-23", 0, (Some(10), false)),
            ("nothing ever came", None, "2026-11-23", 2, (None, true)),
            ("nor does anybody want to know", None, "2026-11-23", 0, (None, false)),
            ("it came only later", Some("2026-11-24T06:10"), "2026-11-23", 2, (None, false)),
            ("it came later on a Saturday", Some("2026-11-21T06:10"), "2026-11-20", 2, (None, false)),
        ];
        for (sentence, at, day, after, (workdays, stale)) in rows {
            let at = at.map(|at| format!("{at}:00Z").parse().unwrap());
            let day = day.parse().unwrap();
            let found = Freshness::of(&cal, at, |at| at.date_naive(), day, after);
            assert_eq!(found, Freshness { at, workdays, stale }, "{sentence}");
        }
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
