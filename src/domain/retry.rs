//! When a mail that did not get through is tried again, and when it is given up.
//!
//! Pure: attempt, outcome and instants in, decision out; chance enters as a number. A relay that is down for a weekend
//! must cost no mail, so the pauses grow to four hours and last for three days. A clock that leaps over these days must
//! cost none either, so attempts are counted beside them.

use chrono::{DateTime, TimeDelta, Utc};

/// Pauses after the first, second, … attempt in minutes; the last one repeats. Short at first, because most failures
/// are a restart or a greylist; long later, so as not to drum on a relay in trouble.
const PAUSES: [u32; 9] = [1, 2, 5, 15, 30, 60, 120, 180, 240];

/// No mail waits longer than this for its next attempt: the last pause, spread and all.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5 * 60);

/// How long a mail is tried: over a weekend and the Monday after it.
pub const KEEP_TRYING: TimeDelta = TimeDelta::days(3);

/// How often a mail is tried at least, whatever the clock says: two instants cannot tell three days of trying from a
/// clock that was set, or a service that stood still between two attempts. The pauses alone make nearly nineteen hours of so
/// many attempts. Three real days always hold more: twenty-three with the longest pauses, and sixteen if every one of
/// them takes two hours, as only a server does that uses up every time-out of an exchange under a rate limit.
pub const LEAST_ATTEMPTS: u32 = 12;

/// Pauses of all delivery after the first, second, … failure in a row of the mail server itself, in minutes; the last
/// one repeats. No mail loses an attempt by them, so they may stay short enough that mail flows soon after the repair.
const SERVER_PAUSES: [u32; 6] = [1, 2, 4, 8, 16, 30];

/// A pause grows by up to this share, so that mails which failed together are not tried together.
const SPREAD: f64 = 0.2;

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It may work later: 4xx, a refused connection, a full disk.
    Transient,
    /// Nobody knows whether it arrived: the connection broke or the answer was late after the mail was handed over.
    Unknown,
    /// It will never work: 5xx, an address that cannot be.
    Permanent,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Try again at this instant.
    Again(DateTime<Utc>),
    /// Do not try again.
    GiveUp(GiveUp),
}

/// Why a mail is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    /// It will never work.
    Permanent,
    /// It was tried for [`KEEP_TRYING`], and [`LEAST_ATTEMPTS`] times.
    Expired,
}

/// What follows from the failure of the `attempt`-th attempt (from 1) of a mail that was first tried at `first_tried`.
/// A queue that nobody worked on takes nothing from the time of trying.
///
/// `jitter` is chance from 0.0 to 1.0; anything else counts as the nearest of these. The last attempt falls on the end
/// of the three days at the latest, unless they were over before there were enough attempts: then pauses go on as usual
/// until there are.
pub fn after(attempt: u32, failure: Failure, first_tried: DateTime<Utc>, now: DateTime<Utc>, jitter: f64) -> Retry {
    if failure == Failure::Permanent {
        return Retry::GiveUp(GiveUp::Permanent);
    }
    let end = first_tried.checked_add_signed(KEEP_TRYING).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let over = now >= end;
    if over && attempt >= LEAST_ATTEMPTS {
        return Retry::GiveUp(GiveUp::Expired);
    }
    let index = (attempt.max(1) as usize - 1).min(PAUSES.len() - 1);
    let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
    let seconds = f64::from(PAUSES[index] * 60) * (1.0 + SPREAD * jitter);
    let at = now.checked_add_signed(TimeDelta::seconds(seconds as i64)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    Retry::Again(if over { at } else { at.min(end) })
}

/// How long to leave a mail server alone that has failed so many times in a row (from 1).
pub fn server_pause(failures: u32) -> TimeDelta {
    let index = (failures.max(1) as usize - 1).min(SERVER_PAUSES.len() - 1);
    TimeDelta::minutes(i64::from(SERVER_PAUSES[index]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn pauses_grow_to_four_hours() {
        let now = at("2026-11-23T05:30:00Z");
        for (attempt, minutes) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 5),
            (4, 15),
            (5, 30),
            (6, 60),
            (7, 120),
            (8, 180),
            (9, 240),
            (10, 240),
            (999, 240),
        ] {
            let expected = Retry::Again(now + TimeDelta::minutes(minutes));
            assert_eq!(after(attempt, Failure::Transient, now, now, 0.0), expected, "attempt {attempt}");
            assert_eq!(after(attempt, Failure::Unknown, now, now, f64::NAN), expected, "attempt {attempt}");
        }
        assert_eq!(after(6, Failure::Transient, now, now, 1.0), Retry::Again(now + TimeDelta::minutes(72)));
    }

    #[test]
    fn a_server_is_left_alone_for_half_an_hour_at_most() {
        let pauses: Vec<_> = (0..9).map(|n| server_pause(n).num_minutes()).collect();
        assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(server_pause(u32::MAX), TimeDelta::minutes(30));
    }

    #[test]
    fn what_will_never_work_is_given_up_at_once() {
        let now = at("2026-11-23T05:30:00Z");
        assert_eq!(after(1, Failure::Permanent, now, now, 0.5), Retry::GiveUp(GiveUp::Permanent));
    }

    #[test]
    fn the_last_attempt_is_at_the_end_of_the_third_day() {
        let queued = at("2026-11-20T05:30:00Z");
        let end = at("2026-11-23T05:30:00Z");
        for (now, expected) in [
            ("2026-11-23T05:29:59Z", Retry::Again(end)),
            ("2026-11-23T03:00:00Z", Retry::Again(end)),
            ("2026-11-23T05:30:00Z", Retry::GiveUp(GiveUp::Expired)),
            ("2026-12-24T05:30:00Z", Retry::GiveUp(GiveUp::Expired)),
        ] {
            assert_eq!(after(20, Failure::Transient, queued, at(now), 0.9), expected, "{now}");
        }
    }

    #[test]
    fn an_outage_of_three_days_costs_few_attempts_and_ends() {
        let queued = at("2026-11-20T05:30:00Z");
        let (mut now, mut attempts) = (queued, 0);
        while let Retry::Again(next) = after(attempts + 1, Failure::Transient, queued, now, 0.0) {
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!((now, attempts), (queued + KEEP_TRYING, 25));
    }

    #[test]
    fn a_mail_is_only_given_up_after_three_days_and_enough_attempts() {
        let first = at("2026-11-20T05:30:00Z");
        let again = |minutes| Retry::Again(first + TimeDelta::minutes(minutes));
        let (day, end) = (24 * 60, 3 * 24 * 60);
        let given_up = Retry::GiveUp(GiveUp::Expired);
        for (sentence, attempt, minutes, expected) in [
            ("the clock leaps over the first pause", 1, 4 * day, again(4 * day + 1)),
            ("and over years", 2, 4_000 * day, again(4_000 * day + 2)),
            ("nobody was there for a week", 5, 7 * day, again(7 * day + 30)),
            ("the days are over, one attempt is missing", 11, end, again(end + 240)),
            ("and now it was made", 12, end + 240, given_up),
            ("days and attempts end together", 12, end, given_up),
            ("many attempts, but a minute is missing", 40, end - 1, again(end)),
            ("the clock was set back before the first attempt", 40, -day, again(-day + 240)),
            ("a queue that went on as it should", 25, end, given_up),
        ] {
            let now = first + TimeDelta::minutes(minutes);
            assert_eq!(after(attempt, Failure::Transient, first, now, 0.0), expected, "{sentence}");
        }
    }

    #[test]
    fn nothing_beyond_the_calendar_is_counted() {
        for now in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
            for attempt in [0, 1, LEAST_ATTEMPTS, u32::MAX] {
                after(attempt, Failure::Unknown, now, DateTime::<Utc>::MAX_UTC, 1.0);
                after(attempt, Failure::Unknown, DateTime::<Utc>::MAX_UTC, now, 1.0);
            }
        }
    }

    /// How often a mail is tried and for how long, if each attempt takes `takes`, and the clock leaps by `leap` before
    /// the attempt of that number.
    fn tried(jitter: f64, takes: TimeDelta, leap: (u32, TimeDelta)) -> (u32, TimeDelta) {
        let first = at("2026-11-20T05:30:00Z");
        let (mut now, mut attempt) = (first, 0);
        loop {
            attempt += 1;
            if attempt == leap.0 {
                now += leap.1;
            }
            now += takes;
            match after(attempt, Failure::Transient, first, now, jitter) {
                Retry::Again(next) => now = next,
                Retry::GiveUp(_) => return (attempt, now - first),
            }
        }
    }

    #[test]
    fn three_slow_days_hold_as_many_attempts_as_the_least_number_says() {
        let attempts = |jitter, minutes| tried(jitter, TimeDelta::minutes(minutes), (0, TimeDelta::zero())).0;
        assert_eq!((attempts(0.0, 0), attempts(1.0, 0), attempts(1.0, 120)), (26, 23, 16));
        let pauses = (1..LEAST_ATTEMPTS).map(|n| PAUSES[(n as usize - 1).min(PAUSES.len() - 1)]);
        assert_eq!(pauses.sum::<u32>(), 18 * 60 + 53);
    }

    proptest! {
        #[test]
        fn three_real_days_always_hold_more_than_the_least_attempts(jitter in 0.0f64..=1.0, takes in 0i64..=120) {
            let takes = TimeDelta::minutes(takes);
            let (attempts, time) = tried(jitter, takes, (0, TimeDelta::zero()));
            prop_assert!(attempts > LEAST_ATTEMPTS, "{attempts}");
            prop_assert!(KEEP_TRYING <= time && time <= KEEP_TRYING + takes, "the days alone decide: {time}");
        }

        #[test]
        fn a_clock_that_leaps_costs_no_attempt(
            jitter in 0.0f64..=1.0, takes in 0i64..=120, before in 1u32..30, days in 0i64..4_000,
        ) {
            let (attempts, time) = tried(jitter, TimeDelta::minutes(takes), (before, TimeDelta::days(days)));
            prop_assert!(attempts >= LEAST_ATTEMPTS && time >= KEEP_TRYING);
        }

        #[test]
        fn again_is_always_later_and_never_beyond_the_end(
            attempt in any::<u32>(), unknown in any::<bool>(), queued in -10_000_000_000i64..10_000_000_000,
            waited in -1_000_000i64..1_000_000, jitter in any::<f64>(),
        ) {
            let failure = if unknown { Failure::Unknown } else { Failure::Transient };
            let queued = DateTime::from_timestamp(queued, 0).unwrap();
            let now = queued + TimeDelta::seconds(waited);
            match after(attempt, failure, queued, now, jitter) {
                Retry::Again(next) => {
                    prop_assert!(now < next);
                    prop_assert!(next <= queued + KEEP_TRYING || (now >= queued + KEEP_TRYING && attempt < LEAST_ATTEMPTS));
                }
                Retry::GiveUp(why) => {
                    prop_assert!(why == GiveUp::Expired && now >= queued + KEEP_TRYING && attempt >= LEAST_ATTEMPTS);
                }
            }
        }

        #[test]
        fn a_later_attempt_never_waits_less(attempt in 0u32..100, jitter in 0.0f64..1.0) {
            let now = DateTime::UNIX_EPOCH;
            let pause = |n| match after(n, Failure::Transient, now, now, jitter) { Retry::Again(t) => t, Retry::GiveUp(_) => now };
            prop_assert!(pause(attempt) <= pause(attempt + 1));
        }
    }
}
