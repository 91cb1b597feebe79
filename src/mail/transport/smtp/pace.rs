//! So many mails a minute and no more, over all sessions of the process.
//!
//! Evenly spaced instead of in bursts: then no window of sixty seconds, wherever a server lets it begin, holds more.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// The pace that all sessions keep together.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// From one mail to the next; none is any.
    interval: Option<Duration>,
    last: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most so many mails a minute; 0 is any number.
    pub(super) fn per_minute(mails: u32) -> Self {
        // Rounded up: the last of a minute must not come a moment early.
        let micros = 60_000_000_u64.checked_div(u64::from(mails)).map(|micros| micros + 1);
        Self { interval: micros.map(Duration::from_micros), last: Mutex::new(None) }
    }

    /// Waits for one's turn; the first has it at once. Dropping this gives the turn up.
    pub(super) async fn turn(&self) {
        let Some(interval) = self.interval else { return };
        // Held while waiting: the lock is fair, so turns are taken in the order in which they were asked for.
        let mut last = self.last.lock().await;
        if let Some(last) = *last {
            sleep_until(last + interval).await;
        }
        *last = Some(Instant::now());
    }

    /// The longest that `sessions` asking at once make the last of them wait.
    pub(super) fn longest_wait(&self, sessions: usize) -> Duration {
        self.interval.unwrap_or_default().saturating_mul(u32::try_from(sessions).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_window_of_a_minute_holds_more_than_allowed() {
        for mails in [1, 7, 30, 60] {
            let pace = Arc::new(Pace::per_minute(mails));
            let begin = Instant::now();
            let mut turns = Vec::new();
            let mut asking = tokio::task::JoinSet::new();
            for _ in 0..100 {
                let pace = pace.clone();
                asking.spawn(async move {
                    pace.turn().await;
                    Instant::now()
                });
            }
            while let Some(turn) = asking.join_next().await {
                turns.push(turn.unwrap());
            }
            turns.sort();
            assert_eq!(turns[0], begin, "the first waits for nothing");
            for (i, from) in turns.iter().enumerate() {
                let window = turns[i..].iter().filter(|t| **t - *from < Duration::from_mins(1)).count();
                assert!(window <= mails as usize, "{window} of {mails}");
            }
            assert!(turns[99] - begin <= pace.longest_wait(100) + Duration::from_millis(100));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let (pace, begin) = (Pace::per_minute(0), Instant::now());
        for _ in 0..1_000 {
            pace.turn().await;
        }
        assert_eq!(Instant::now(), begin);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_was_given_up_is_the_next_ones() {
        let (pace, begin) = (Pace::per_minute(1), Instant::now());
        pace.turn().await;
        assert!(tokio::time::timeout(Duration::from_secs(1), pace.turn()).await.is_err());
        pace.turn().await;
        assert!(Instant::now() - begin < Duration::from_secs(61));
    }
}
