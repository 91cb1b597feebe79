//! The only place that reads the time.
//!
//! Everything else takes a [`Clock`], reads it once per piece of work, and hands the instant or the date down.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};
use chrono_tz::Europe::Berlin;

/// The source of "now". Cheap to clone; tests hand in their own with [`Clock::from_fn`].
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place where time enters")]
        Self::from_fn(|| std::time::SystemTime::now().into())
    }

    /// A clock that says what `now` says.
    pub fn from_fn(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The instant, truncated to microseconds: what PostgreSQL keeps, so that both databases hold the same.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(6)
    }

    /// The date and time of day in Berlin at this instant.
    pub fn local(&self) -> NaiveDateTime {
        local_time(self.now())
    }

    /// The date in Berlin at this instant.
    pub fn today(&self) -> NaiveDate {
        local_date(self.now())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// The date and time of day in Berlin at an instant.
pub fn local_time(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&Berlin).naive_local()
}

/// The date in Berlin at an instant.
pub fn local_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Berlin).date_naive()
}

/// The instant at which clocks in Berlin show a time; where they show it twice, the first, and where never, the same time
/// in UTC.
pub fn at_local(day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = day.and_time(time);
    local.and_local_timezone(Berlin).earliest().map_or_else(|| local.and_utc(), |at| at.to_utc())
}

/// The instant at which a day is over in Berlin: the first of the next day.
pub fn end_of(day: NaiveDate) -> DateTime<Utc> {
    // No change of summer time falls on a midnight here.
    at_local(day.succ_opt().unwrap_or(day), NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_over_at_midnight_in_berlin() {
        for (day, end) in [
            ("2026-11-23", "2026-11-23T23:00:00Z"),
            ("2026-07-01", "2026-07-01T22:00:00Z"),
            ("2026-03-29", "2026-03-29T22:00:00Z"),
            ("2026-10-25", "2026-10-25T23:00:00Z"),
        ] {
            let (day, end): (NaiveDate, DateTime<Utc>) = (day.parse().unwrap(), end.parse().unwrap());
            assert_eq!(end_of(day), end);
            assert_eq!(local_date(end - chrono::TimeDelta::microseconds(1)), day);
        }
    }
}
