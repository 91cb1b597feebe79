//! Delivery: claim, send, record.
//!
//! This room takes what a morning left in the queue and hands it to a transport, and notes what became of it. Each of the
//! transport's sessions takes its next mail only after it is durably noted what became of the one before, so that at most
//! one mail per session is ever in doubt; sessions that finish together share one transaction (`desk`). A mail server
//! that cannot be used at all is left alone for a while, at no mail's expense. It knows the store's queue, MIME,
//! transports and the retry schedule; it does not know how rules work or what a mail says. Nothing is sent inside a
//! transaction.
//!
//! What is kept in the queue is the words ([`Parts`] as JSON); they become MIME here, with the queue row's own date and
//! Message-ID, so that every attempt sends the same bytes.

mod desk;
mod outage;

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::caught::caught;
use crate::clock::Clock;
use crate::domain::address::is_within;
use crate::domain::retry::{Failure, GiveUp, LONGEST_PAUSE, Retry, after};
use crate::mail::Parts;
use crate::mail::compose::{Envelope, compose};
use crate::mail::transport::{Outgoing, SendError, Session, Transport};
use crate::store::{Claimed, Db, Fate, Outcome, StoreError};

use desk::{Desk, Held, Next};

pub use outage::{Outage, Trouble};

/// Everything that a delivery needs. Cheap to clone. Made once and kept: the transport's pace and what is known of the
/// mail server are one over all clones, and forgotten with the last of them.
#[derive(Debug, Clone)]
pub struct Courier {
    /// The queue.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The way out.
    pub transport: Transport,
    /// `mail.from`.
    pub from: String,
    /// `mail.allowed_domains`: a mail to anywhere else is never sent; empty is any, for files only.
    pub allowed_domains: Vec<String>,
    /// `mail.redirect_all_to`: the one box of a pilot operation.
    pub redirect_all_to: Option<String>,
    /// What is known of a mail server that cannot be used.
    pub outage: Outage,
}

/// What a delivery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// The other side has taken them.
    pub sent: u32,
    /// Will be tried again.
    pub again: u32,
    /// Given up.
    pub failed: u32,
    /// Still in the queue, whoever holds them.
    pub left: u32,
}

/// What one session's mail came to, as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Sent,
    Again,
    Failed,
    /// The mail server cannot be used, and this is why.
    Server(String),
    /// Told to stop.
    Stopped,
}

/// How one session's work ended.
enum End {
    /// Nothing is due, or somebody said stop.
    Done,
    /// The server could not be used.
    Server(String),
    /// The queue could not be used; the [`Desk`] knows why.
    Queue,
}

impl Courier {
    /// Delivers until nothing is due, `stop` is cancelled, or the mail server cannot be used. What fails is due again
    /// later and does not hold this up. On a stop, what was not handed over goes back; a handover that has begun is
    /// awaited. While the server is [left alone](Self::trouble), nothing is taken.
    pub async fn drain(&self, stop: &CancellationToken) -> Result<Counts, StoreError> {
        let counts = Mutex::new(Counts::default());
        if self.outage.pause(self.clock.now()).is_none() {
            let freed = self.db.free_ahead(self.clock.now(), LONGEST_PAUSE).await?;
            if freed > 0 {
                tracing::warn!(freed, "mails were waiting for a time too far ahead, they are due now");
            }
            self.db.notes_in_memory().await?;
            let (desk, counter) = Desk::open(self.transport.connections());
            // All in one task: they wait for the same disk and the same server, and would only wake each other up.
            let sessions: Vec<_> =
                (0..self.transport.connections()).map(|_| caught(self.work(stop, desk.clone(), &counts))).collect();
            drop(desk);
            let (served, ends) = tokio::join!(counter.serve(self, stop), futures_util::future::join_all(sessions));
            let (mut done, mut trouble, mut panicked) = (false, None, None);
            for end in ends {
                match end {
                    Ok(End::Done) => done = true,
                    Ok(End::Server(why)) => trouble = Some(why),
                    Ok(End::Queue) => {}
                    // All were awaited, whatever happened to one: another may have been past the point of no return.
                    Err(why) => panicked = Some(why),
                }
            }
            // One connection too many is no outage, as long as another one works.
            if let Some(why) = trouble.filter(|_| !done) {
                self.outage.failed(self.clock.now(), why);
            }
            served?;
            if let Some(panicked) = panicked {
                // Let it be seen by whoever asked for the delivery.
                std::panic::resume_unwind(Box::new(panicked));
            }
        }
        let mut counts = *counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.left = self.db.outbox_left().await?.try_into().unwrap_or(u32::MAX);
        let Counts { sent, again, failed, left } = counts;
        if sent + again + failed > 0 {
            tracing::info!(sent, again, failed, left, "delivered");
        }
        Ok(counts)
    }

    /// What is wrong with the mail server, and until when it is left alone; none if it could be used when last tried.
    pub fn trouble(&self) -> Option<Trouble> {
        self.outage.trouble()
    }

    /// One session's work: mail after mail over one connection. What became of one is durable before anything of the next
    /// leaves; meanwhile the next is offered.
    async fn work(&self, stop: &CancellationToken, desk: Desk, counts: &Mutex<Counts>) -> End {
        let mut session = self.transport.session(stop.clone());
        let mut last: Option<(Outcome, Step)> = None;
        let mut held: Option<Held> = None;
        let end = loop {
            let (outcome, step) = last.take().unzip();
            let mut outcomes: Vec<_> = outcome.into_iter().collect();
            let leaves = match &step {
                Some(Step::Server(why)) => Some(End::Server(why.clone())),
                Some(Step::Stopped) => Some(End::Done),
                _ => stop.is_cancelled().then_some(End::Done),
            };
            if leaves.is_some()
                && let Some(Held { claimed, token, .. }) = held.take()
            {
                // It was not touched, and nothing is wrong with it.
                outcomes.push(Outcome {
                    id: claimed.id,
                    token,
                    fate: Fate::Back { at: self.clock.now(), error: None },
                });
            }
            let offering = async {
                match &held {
                    Some(held) => Some(self.offer(&mut session, &held.claimed).await),
                    None => None,
                }
            };
            let (answer, offered) = tokio::join!(desk.exchange(outcomes, leaves.is_none()), offering);
            let Ok(answer) = answer else { break End::Queue };
            if let Some(step) = step.filter(|_| answer.noted.first() == Some(&true)) {
                count(counts, &step);
            }
            if let Some(end) = leaves {
                break end;
            }
            let mine = held.take().zip(offered);
            match answer.next {
                Some(Next::Mail(next)) => held = Some(*next),
                Some(Next::Unreadable(id)) => {
                    tracing::error!(id, "queue row given up, it cannot be read");
                    count(counts, &Step::Failed);
                }
                None if mine.is_none() => break End::Done,
                None => {}
            }
            if let Some((mine, offered)) = mine {
                last = Some(self.hand_over(&mut session, mine, offered).await);
            }
        };
        // Nobody waits at the desk for a farewell.
        drop(desk);
        session.quit().await;
        end
    }

    /// Makes the mail and asks the other side whether it would take it.
    async fn offer(&self, session: &mut Session, claimed: &Claimed) -> Result<Outgoing, SendError> {
        let mail = self.outgoing(claimed)?;
        self.heard(session.offer(&mail).await)?;
        Ok(mail)
    }

    /// Whatever became of a mail, if the server listened to it, the server can be used.
    fn heard(&self, outcome: Result<(), SendError>) -> Result<(), SendError> {
        if outcome.as_ref().err().is_none_or(|e| e.failure().is_some()) {
            self.outage.healed();
        }
        outcome
    }

    /// Brings a mail that was offered to an outcome.
    async fn hand_over(
        &self,
        session: &mut Session,
        held: Held,
        offered: Result<Outgoing, SendError>,
    ) -> (Outcome, Step) {
        // A process that stood still meanwhile must not send: whoever has the mail by now would meet it.
        let in_time = || self.clock.now() + self.transport.longest_handover() <= held.until;
        let outcome = match offered {
            Ok(mail) => self.heard(session.send(mail, in_time).await),
            Err(refused) => Err(refused),
        };
        let (fate, step) = self.judge(&held.claimed, outcome);
        (Outcome { id: held.claimed.id, token: held.token, fate }, step)
    }

    /// The mail as it goes out; what can never be sent is a permanent error.
    pub fn outgoing(&self, claimed: &Claimed) -> Result<Outgoing, SendError> {
        let never = |why: &str| SendError::Permanent(why.to_owned());
        let (to, redirected_from) = match &self.redirect_all_to {
            Some(to) => (to, Some(claimed.recipient.as_str())),
            None => (&claimed.recipient, None),
        };
        if !self.allows(to) {
            return Err(never("Die Domain des Empfängers ist nicht zugelassen (mail.allowed_domains)."));
        }
        let parts: Parts = serde_json::from_slice(&claimed.message)
            .map_err(|_| never("Die Nachricht in der Warteschlange ist nicht lesbar."))?;
        let envelope = Envelope {
            from: &self.from,
            to,
            message_id: &claimed.message_id,
            date: claimed.created_at,
            kind: claimed.kind.into(),
            redirected_from,
        };
        let message = compose(&parts, &envelope).map_err(|e| never(&e.to_string()))?;
        Ok(Outgoing {
            from: self.from.clone(),
            to: to.clone(),
            message,
            message_id: claimed.message_id.clone(),
            kind: claimed.kind.into(),
            day: claimed.day,
        })
    }

    /// Settings may have changed since the mail was written, so this is asked again for every one. Where nothing leaves
    /// the machine, no list of domains means any.
    fn allows(&self, address: &str) -> bool {
        if self.allowed_domains.is_empty() && !self.transport.leaves_the_machine() {
            return true;
        }
        is_within(address, &self.allowed_domains)
    }

    /// What is to be noted about a mail.
    fn judge(&self, claimed: &Claimed, outcome: Result<(), SendError>) -> (Fate, Step) {
        let (id, attempt, kind) = (claimed.id, claimed.attempt, claimed.kind);
        let Err(error) = outcome else { return (Fate::Sent, Step::Sent) };
        let Some(failure) = error.failure() else { return self.back(error) };
        match after(attempt, failure, claimed.first_attempt_at, self.clock.now(), chance()) {
            Retry::Again(at) => {
                tracing::warn!(id, attempt, %kind, unknown = failure == Failure::Unknown, "mail not delivered, will be tried again");
                (Fate::Again { at, error: error.to_string() }, Step::Again)
            }
            Retry::GiveUp(why) => {
                let error = match why {
                    GiveUp::Permanent => error.to_string(),
                    GiveUp::Expired => format!("Nach drei Tagen aufgegeben. Zuletzt: {error}"),
                };
                tracing::error!(id, attempt, %kind, why = error, "mail given up");
                (Fate::Failed { error }, Step::Failed)
            }
        }
    }

    /// It was not the mail's turn: it goes back and loses nothing by it.
    fn back(&self, error: SendError) -> (Fate, Step) {
        let now = self.clock.now();
        let words = error.to_string();
        match error {
            SendError::Server(why) => {
                (Fate::Back { at: now + self.outage.next_pause(), error: Some(words) }, Step::Server(why))
            }
            // Nothing is wrong with a mail whose sender is told to stop.
            SendError::Stopped => (Fate::Back { at: now, error: None }, Step::Stopped),
            _ => (Fate::Back { at: now, error: Some(words) }, Step::Again),
        }
    }
}

fn count(counts: &Mutex<Counts>, step: &Step) {
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    match step {
        Step::Sent => counts.sent += 1,
        Step::Again => counts.again += 1,
        Step::Failed => counts.failed += 1,
        Step::Server(_) | Step::Stopped => {}
    }
}

/// Chance from 0.0 to 1.0; without it mails are merely tried again at the same time.
fn chance() -> f64 {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_or(0.0, |()| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
