//! What the couriers know of a mail server that cannot be used: since when it is left alone, until when, and why.
//!
//! Kept in memory alone: a process that starts anew tries at once.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::retry::server_pause;

/// Trouble with the mail server; one over all clones.
#[derive(Debug, Clone, Default)]
pub struct Outage(Arc<Mutex<Option<Trouble>>>);

/// A mail server that is left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Failures in a row.
    pub failures: u32,
    /// When it is tried again.
    pub until: DateTime<Utc>,
    /// What is wrong, in German; nobody's data.
    pub why: String,
}

impl Outage {
    /// The trouble there is, if any; also when its pause is over and nobody has tried again yet.
    pub fn trouble(&self) -> Option<Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until when nothing is to be sent. A clock that was set back does not prolong a pause.
    pub(super) fn pause(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let trouble = self.trouble()?;
        let began = trouble.until - server_pause(trouble.failures);
        (began <= now && now < trouble.until).then_some(trouble.until)
    }

    /// How long the pause after the next failure will be.
    pub(super) fn next_pause(&self) -> TimeDelta {
        server_pause(self.trouble().map_or(0, |t| t.failures).saturating_add(1))
    }

    /// The server could not be used at `now`.
    pub(super) fn failed(&self, now: DateTime<Utc>, why: String) {
        let failures = self.trouble().map_or(0, |t| t.failures).saturating_add(1);
        let until = now + server_pause(failures);
        tracing::error!(failures, %until, why, "mail server cannot be used, delivery pauses");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Trouble { failures, until, why });
    }

    /// The server could be used.
    pub(super) fn healed(&self) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::info!("mail server can be used again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_the_server_is_back() {
        let outage = Outage::default();
        let mut now: DateTime<Utc> = "2026-11-23T05:30:00Z".parse().unwrap();
        for minutes in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(outage.next_pause(), TimeDelta::minutes(minutes));
            outage.failed(now, String::new());
            let until = now + TimeDelta::minutes(minutes);
            assert_eq!(outage.pause(now), Some(until));
            assert_eq!(outage.pause(until - TimeDelta::microseconds(1)), Some(until));
            assert_eq!(outage.pause(until), None);
            assert_eq!(outage.pause(now - TimeDelta::hours(5)), None, "the clock was set back");
            now = until;
        }
        outage.healed();
        assert_eq!((outage.trouble(), outage.next_pause()), (None, TimeDelta::minutes(1)));
    }
}
