//! The desk between the sessions of one delivery and the queue: whoever has finished a mail hands in what became of it
//! and gets one more. All who stand there at once share one transaction, and nobody leaves before it is durable.
//!
//! It knows the store's queue and leases; it does not know what a session does with a mail.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Courier;
use crate::caught::caught;
use crate::store::{Claim, Claimed, Exchanged, Outcome, StoreError};

/// What a lease has beyond the longest exchange, for all that happens around it.
const LEASE_SLACK: TimeDelta = TimeDelta::seconds(5);

/// The sessions' side of the desk.
#[derive(Debug, Clone)]
pub(super) struct Desk(mpsc::Sender<Visit>);

/// The queue's side of the desk.
#[derive(Debug)]
pub(super) struct Counter {
    visits: mpsc::Receiver<Visit>,
    sessions: usize,
}

/// A session that stands at the desk.
#[derive(Debug)]
struct Visit {
    outcomes: Vec<Outcome>,
    wants: bool,
    answer: oneshot::Sender<Answer>,
}

/// What a session leaves with. By then it is durable.
#[derive(Debug)]
pub(super) struct Answer {
    /// For each of its outcomes whether it was noted; if not, its lease had passed to somebody else, and theirs counts.
    pub(super) noted: Vec<bool>,
    /// The next mail, unless nothing is due or none was wanted.
    pub(super) next: Option<Next>,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// A mail.
    Mail(Box<Held>),
    /// A row that was given up; its id.
    Unreadable(i64),
}

/// A mail in a session's hands.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) claimed: Claimed,
    /// Under which it is held.
    pub(super) token: String,
    /// Until when.
    pub(super) until: DateTime<Utc>,
}

/// The queue did not answer.
#[derive(Debug)]
pub(super) struct Closed;

impl Desk {
    /// A desk for so many sessions. It is served until the last of them has left.
    pub(super) fn open(sessions: usize) -> (Self, Counter) {
        let sessions = sessions.max(1);
        let (desk, visits) = mpsc::channel(sessions);
        (Self(desk), Counter { visits, sessions })
    }

    /// Hands in what became of mails, asks for one more if one is wanted, and waits until both are durable.
    pub(super) async fn exchange(&self, outcomes: Vec<Outcome>, wants: bool) -> Result<Answer, Closed> {
        if outcomes.is_empty() && !wants {
            return Ok(Answer { noted: Vec::new(), next: None });
        }
        let (answer, answered) = oneshot::channel();
        self.0.send(Visit { outcomes, wants, answer }).await.map_err(|_| Closed)?;
        answered.await.map_err(|_| Closed)
    }
}

impl Counter {
    /// Serves until the last session has left. Once the queue has failed or `stop` is cancelled, no more mails are given
    /// out, but what became of those in hand is still noted. The last failure.
    pub(super) async fn serve(mut self, courier: &Courier, stop: &CancellationToken) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        let mut round = Vec::with_capacity(self.sessions);
        while self.visits.recv_many(&mut round, self.sessions).await > 0 {
            let open = outcome.is_ok() && !stop.is_cancelled();
            // Whoever gets no answer leaves. A panic in one round must not send those away who come to the next: they have
            // mails to tell of.
            match caught(serve(courier, round.drain(..), open)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => outcome = Err(error),
                Err(panicked) => outcome = Err(StoreError::Other(panicked.to_string())),
            }
        }
        outcome
    }
}

/// One round: one transaction for all.
async fn serve(courier: &Courier, visits: impl Iterator<Item = Visit>, open: bool) -> Result<(), StoreError> {
    let (mut outcomes, mut waiting) = (Vec::new(), Vec::new());
    for visit in visits {
        let handed_in = visit.outcomes.len();
        outcomes.extend(visit.outcomes);
        waiting.push((handed_in, visit.wants && open, visit.answer));
    }
    let want = waiting.iter().filter(|(_, wants, _)| *wants).count();
    let token = token()?;
    let now = courier.clock.now();
    // A mail waits in its session for the one before it.
    let until = now + courier.transport.longest_exchange() * 2 + LEASE_SLACK;
    let Exchanged { noted, claims } = match (&outcomes[..], want) {
        ([], 0) => Exchanged::default(),
        _ => courier.db.exchange(&outcomes, now, until, &token, want).await?,
    };
    let (mut noted, mut claims) = (noted.into_iter(), claims.into_iter());
    for (handed_in, wants, answer) in waiting {
        let noted = noted.by_ref().take(handed_in).collect();
        let claim = if wants { claims.next() } else { None };
        let next = claim.map(|claim| match claim {
            Claim::Mail(claimed) => Next::Mail(Box::new(Held { claimed: *claimed, token: token.clone(), until })),
            Claim::Unreadable(id) => Next::Unreadable(id),
        });
        // A session that is gone has panicked; its mail is another's when the lease is over.
        let _ = answer.send(Answer { noted, next });
    }
    Ok(())
}

/// A lease's token: nobody else has it.
fn token() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Random)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
