//! When a mail that did not get through is tried again, and when it is given up.
//!
//! Pure: attempt, outcome and instants in, decision out; chance enters as a number. A relay that is down for a weekend
//! must cost no mail, so the pauses grow to four hours and last for three days.

use chrono::{DateTime, TimeDelta, Utc};

/// Pauses after the first, second, … attempt in minutes; the last one repeats. Short at first, because most failures
/// are a restart or a greylist; long later, so as not to drum on a relay in trouble.
const PAUSES: [u32; 9] = [1, 2, 5, 15, 30, 60, 120, 180, 240];

/// No mail waits longer than this for its next attempt: the last pause, spread and all.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5 * 60);

/// How long a mail is tried: over a weekend and the Monday after it.
pub const KEEP_TRYING: TimeDelta = TimeDelta::days(3);

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
    /// It was tried for [`KEEP_TRYING`].
    Expired,
}

/// What follows from the failure of the `attempt`-th attempt (from 1) of a mail that was first tried at `first_tried`.
/// A queue that nobody worked on takes nothing from the time of trying.
///
/// `jitter` is chance from 0.0 to 1.0; anything else counts as the nearest of these. The last attempt falls on the end
/// of the three days at the latest.
pub fn after(attempt: u32, failure: Failure, first_tried: DateTime<Utc>, now: DateTime<Utc>, jitter: f64) -> Retry {
    if failure == Failure::Permanent {
        return Retry::GiveUp(GiveUp::Permanent);
    }
    let end = first_tried.checked_add_signed(KEEP_TRYING).unwrap_or(DateTime::<Utc>::MAX_UTC);
    if now >= end {
        return Retry::GiveUp(GiveUp::Expired);
    }
    let index = (attempt.max(1) as usize - 1).min(PAUSES.len() - 1);
    let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
    let seconds = f64::from(PAUSES[index] * 60) * (1.0 + SPREAD * jitter);
    let at = now.checked_add_signed(TimeDelta::seconds(seconds as i64)).unwrap_or(end);
    Retry::Again(at.min(end))
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

    proptest! {
        #[test]
        fn again_is_always_later_and_never_beyond_the_end(
            attempt in any::<u32>(), unknown in any::<bool>(), queued in -10_000_000_000i64..10_000_000_000,
            waited in -1_000_000i64..1_000_000, jitter in any::<f64>(),
        ) {
            let failure = if unknown { Failure::Unknown } else { Failure::Transient };
            let queued = DateTime::from_timestamp(queued, 0).unwrap();
            let now = queued + TimeDelta::seconds(waited);
            match after(attempt, failure, queued, now, jitter) {
                Retry::Again(next) => prop_assert!(now < next && next <= queued + KEEP_TRYING),
                Retry::GiveUp(why) => prop_assert!(why == GiveUp::Expired && now >= queued + KEEP_TRYING),
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
