//! Delivery: claim, send, record.
//!
//! This room takes what a morning left in the queue and hands it to a transport, and notes what became of it. Each of the
//! transport's sessions takes its next mail only after it is durably noted what became of the one before, so that at most
//! one mail per session is ever in doubt; sessions that finish together share one transaction (`desk`). A mail server that cannot be used at all is left alone for a while, at no mail's
//! expense. It knows the store's queue, MIME, transports and the retry schedule; it does not know how rules work
//! or what a mail says. Nothing is sent inside a transaction.
//!
//! What is kept in the queue is the words ([`Parts`] as JSON); they become MIME here, with the queue row's own date and
//! Message-ID, so that every attempt sends the same bytes.

mod desk;
mod outage;

use std::sync::{Mutex, PoisonError};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::address::is_within;
use crate::domain::retry::{Failure, GiveUp, Retry, after};
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
        let counts = std::sync::Arc::new(Mutex::new(Counts::default()));
        if self.outage.pause(self.clock.now()).is_none() {
            self.db.notes_in_memory().await?;
            let (desk, counter) = Desk::open(self.transport.connections());
            let mut sessions = JoinSet::new();
            for _ in 0..self.transport.connections() {
                let (courier, stop, desk, counts) = (self.clone(), stop.clone(), desk.clone(), counts.clone());
                sessions.spawn(async move { courier.work(stop, desk, &counts).await });
            }
            drop(desk);
            let error = counter.serve(self, stop).await.err();
            let (mut done, mut trouble) = (false, None);
            // All are awaited, whatever happens to one: another may be past the point of no return.
            while let Some(end) = sessions.join_next().await {
                match end {
                    Ok(End::Done) => done = true,
                    Ok(End::Server(why)) => trouble = Some(why),
                    Ok(End::Queue) => {}
                    // A panic of ours: let it be seen.
                    Err(e) => match e.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => done = true,
                    },
                }
            }
            // One connection too many is no outage, as long as another one works.
            if let Some(why) = trouble.filter(|_| !done) {
                self.outage.failed(self.clock.now(), why);
            }
            if let Some(error) = error {
                return Err(error);
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

    /// One session's work: mail after mail over one connection. What became of one is durable before the next begins.
    async fn work(&self, stop: CancellationToken, desk: Desk, counts: &Mutex<Counts>) -> End {
        let mut session = self.transport.session(stop.clone());
        let mut last: Option<(Outcome, Step)> = None;
        let end = loop {
            let (outcome, step) = last.take().unzip();
            let leaves = match &step {
                Some(Step::Server(why)) => Some(End::Server(why.clone())),
                Some(Step::Stopped) => Some(End::Done),
                _ => stop.is_cancelled().then_some(End::Done),
            };
            let Ok(answer) = desk.exchange(outcome, leaves.is_none()).await else { break End::Queue };
            if let Some(step) = step.filter(|_| answer.noted) {
                count(counts, &step);
            }
            if let Some(end) = leaves {
                break end;
            }
            match answer.next {
                None => break End::Done,
                Some(Next::Unreadable(id)) => {
                    tracing::error!(id, "queue row given up, it cannot be read");
                    count(counts, &Step::Failed);
                }
                Some(Next::Mail(held)) => last = Some(self.attempt(&mut session, *held).await),
            }
        };
        // Nobody waits at the desk for a farewell.
        drop(desk);
        session.quit().await;
        end
    }

    /// Brings a mail to an outcome.
    async fn attempt(&self, session: &mut Session, held: Held) -> (Outcome, Step) {
        // A process that stood still meanwhile must not send: whoever has the mail by now would meet it.
        let in_time = || self.clock.now() + self.transport.longest_handover() <= held.until;
        let outcome = match self.prepare(&held.claimed) {
            Ok(mail) => {
                let outcome = session.send(mail, in_time).await;
                // Whatever became of the mail, the server listened to it.
                if outcome.as_ref().err().is_none_or(|e| e.failure().is_some()) {
                    self.outage.healed();
                }
                outcome
            }
            Err(refused) => Err(refused),
        };
        let (fate, step) = self.judge(&held.claimed, outcome);
        (Outcome { id: held.claimed.id, token: held.token, fate }, step)
    }

    /// The mail as it goes out; what can never be sent is a permanent error.
    fn prepare(&self, claimed: &Claimed) -> Result<Outgoing, SendError> {
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
            kind: claimed.kind,
            redirected_from,
        };
        let message = compose(&parts, &envelope).map_err(|e| never(&e.to_string()))?;
        Ok(Outgoing {
            from: self.from.clone(),
            to: to.clone(),
            message,
            message_id: claimed.message_id.clone(),
            kind: claimed.kind,
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
                tracing::error!(id, attempt, %kind, "mail given up");
                let error = match why {
                    GiveUp::Permanent => error.to_string(),
                    GiveUp::Expired => format!("Nach drei Tagen aufgegeben. Zuletzt: {error}"),
                };
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
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::domain::digest::Kind;
    use crate::mail::compose::message_id;
    use crate::store::{Begun, Claim, NewMail, OutboxFilter, OutboxState};

    /// A queue, a folder, and a clock that stands until it is moved.
    struct House {
        courier: Courier,
        seconds: Arc<AtomicI64>,
        temp: tempfile::TempDir,
    }

    impl House {
        async fn with(recipients: &[&str]) -> Self {
            let temp = tempfile::tempdir().unwrap();
            let start: DateTime<Utc> = "2026-11-23T05:30:00Z".parse().unwrap();
            let seconds = Arc::new(AtomicI64::new(0));
            let ticking = seconds.clone();
            let clock = Clock::from_fn(move || start + TimeDelta::seconds(ticking.load(Ordering::SeqCst)));
            let db = Db::open(&format!("sqlite:{}", temp.path().join("db").display()), None, start).await.unwrap();
            let Begun::Ready(mut run) = db.begin_run("", clock.today(), start, None).await.unwrap() else {
                unreachable!()
            };
            let mails: Vec<_> = recipients.iter().map(|to| new_mail(to, start)).collect();
            run.mails(&mails).await.unwrap();
            run.commit().await.unwrap();
            let courier = Courier {
                db,
                clock,
                transport: Transport::File(temp.path().join("mails")),
                from: "wiedervorlage@jobcenter.example".to_owned(),
                allowed_domains: vec!["Jobcenter.example".to_owned()],
                redirect_all_to: None,
                outage: Outage::default(),
            };
            Self { courier, seconds, temp }
        }

        fn pass(&self, time: TimeDelta) {
            self.seconds.fetch_add(time.num_seconds(), Ordering::SeqCst);
        }

        async fn drain(&self) -> (u32, u32, u32, u32) {
            let c = self.courier.drain(&CancellationToken::new()).await.unwrap();
            (c.sent, c.again, c.failed, c.left)
        }

        /// The next mail, in our hands.
        async fn take(&self, now: DateTime<Utc>) -> Held {
            let until = now + self.courier.transport.longest_exchange() + TimeDelta::seconds(5);
            let mut claims = self.courier.db.exchange(&[], now, until, "ours", 1).await.unwrap().claims;
            let Some(Claim::Mail(claimed)) = claims.pop() else { unreachable!() };
            Held { claimed: *claimed, token: "ours".to_owned(), until }
        }

        async fn states(&self) -> Vec<(OutboxState, u32, Option<String>)> {
            let entries = self.courier.db.outbox_list(&OutboxFilter::default(), 0, 100).await.unwrap();
            entries.into_iter().map(|e| (e.state, e.attempts, e.error)).collect()
        }

        fn files(&self) -> Vec<String> {
            read_all(&self.temp.path().join("mails"))
        }
    }

    fn read_all(dir: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
        entries.map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap()).collect()
    }

    fn new_mail(to: &str, created_at: DateTime<Utc>) -> NewMail {
        let parts = Parts { subject: "Betreff".into(), text: "Text".into(), html: "<p>Text".into(), reply_to: None };
        let dedup_key = format!("tagesuebersicht:{to}:2026-11-23");
        NewMail {
            message_id: message_id(b"secret", &dedup_key, "jobcenter.example"),
            dedup_key,
            kind: Kind::Tagesuebersicht,
            office: String::new(),
            recipient: to.to_owned(),
            day: "2026-11-23".parse().unwrap(),
            subject: parts.subject.clone(),
            message: serde_json::to_vec(&parts).unwrap(),
            sha256: String::new(),
            created_at,
            told_once: false,
            notices: Vec::new(),
        }
    }

    #[tokio::test]
    async fn what_is_due_is_sent_once() {
        let house = House::with(&["a@jobcenter.example", "b@jobcenter.example"]).await;
        assert_eq!(house.drain().await, (2, 0, 0, 0));
        assert_eq!(house.drain().await, (0, 0, 0, 0));
        let files = house.files();
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|f| f.contains("Date: Mon, 23 Nov 2026 05:30:00 +0000\r\n")));
    }

    #[tokio::test]
    async fn a_mail_to_a_foreign_domain_is_never_sent() {
        let house =
            House::with(&["a@elsewhere.example", "a@sub.jobcenter.example", "kaputt", "b@JOBCENTER.example"]).await;
        assert_eq!(house.drain().await, (1, 0, 3, 0));
        assert!(house.files().iter().all(|f| f.contains("To: b@jobcenter.example\r\n")));
        let states = house.states().await;
        assert_eq!(states.iter().filter(|(state, ..)| *state == OutboxState::Failed).count(), 3);
        assert!(states[0].2.as_deref().unwrap().contains("mail.allowed_domains"));
    }

    #[tokio::test]
    async fn in_a_pilot_operation_everything_goes_to_one_box() {
        let mut house = House::with(&["a@elsewhere.example", "b@jobcenter.example"]).await;
        house.courier.redirect_all_to = Some("pilot@jobcenter.example".to_owned());
        assert_eq!(house.drain().await, (2, 0, 0, 0));
        assert!(house.files().iter().all(|f| f.contains("To: pilot@jobcenter.example\r\n")));
        assert!(house.files().iter().any(|f| f.contains("a@elsewhere.example")));
    }

    #[tokio::test]
    async fn a_redirection_to_a_foreign_domain_sends_nothing() {
        let mut house = House::with(&["b@jobcenter.example"]).await;
        house.courier.redirect_all_to = Some("pilot@elsewhere.example".to_owned());
        assert_eq!(house.drain().await, (0, 0, 1, 0));
        assert!(house.files().is_empty());
    }

    #[tokio::test]
    async fn what_does_not_get_through_is_tried_again_and_given_up_after_three_days() {
        let house = House::with(&["a@jobcenter.example"]).await;
        std::fs::write(house.temp.path().join("mails"), "in the way").unwrap();
        assert_eq!(house.drain().await, (0, 1, 0, 1));
        assert_eq!(house.drain().await, (0, 0, 0, 1), "not before its time");
        house.pass(TimeDelta::minutes(2));
        assert_eq!(house.drain().await, (0, 1, 0, 1));
        house.pass(TimeDelta::days(4));
        assert_eq!(house.drain().await, (0, 0, 1, 0));
        let (state, attempts, error) = house.states().await.remove(0);
        assert_eq!((state, attempts), (OutboxState::Failed, 3));
        assert!(error.unwrap().starts_with("Nach drei Tagen aufgegeben."));
    }

    #[tokio::test]
    async fn the_three_days_begin_with_the_first_attempt() {
        let house = House::with(&["a@jobcenter.example"]).await;
        std::fs::write(house.temp.path().join("mails"), "in the way").unwrap();
        // Nobody delivered for five days.
        house.pass(TimeDelta::days(5));
        assert_eq!(house.drain().await, (0, 1, 0, 1));
        house.pass(TimeDelta::days(4));
        assert_eq!(house.drain().await, (0, 0, 1, 0));
        // By hand they begin again.
        assert!(house.courier.db.outbox_retry(1, house.courier.clock.now()).await.unwrap());
        assert_eq!(house.drain().await, (0, 1, 0, 1));
        assert_eq!(house.states().await[0].1, 1);
    }

    #[tokio::test]
    async fn a_failure_does_not_hold_up_the_others_and_heals() {
        let house = House::with(&["a@jobcenter.example"]).await;
        let blocker = house.temp.path().join("mails");
        std::fs::write(&blocker, "in the way").unwrap();
        assert_eq!(house.drain().await, (0, 1, 0, 1));
        std::fs::remove_file(&blocker).unwrap();
        house.pass(TimeDelta::minutes(2));
        assert_eq!(house.drain().await, (1, 0, 0, 0));
    }

    #[tokio::test]
    async fn what_a_dead_process_held_is_delivered_when_its_lease_is_over() {
        let house = House::with(&["a@jobcenter.example"]).await;
        let now = house.courier.clock.now();
        let dead = house.courier.db.exchange(&[], now, now + TimeDelta::seconds(30), "dead", 1).await.unwrap();
        assert!(matches!(&dead.claims[..], [Claim::Mail(_)]));
        assert_eq!(house.drain().await, (0, 0, 0, 1));
        house.pass(TimeDelta::seconds(31));
        assert_eq!(house.drain().await, (1, 0, 0, 0));
        let late = Outcome { id: 1, token: "dead".to_owned(), fate: Fate::Failed { error: String::new() } };
        assert_eq!(house.courier.db.exchange(&[late], now, now, "", 0).await.unwrap().noted, [false]);
    }

    #[tokio::test]
    async fn a_process_that_stood_still_does_not_send() {
        let mut house = House::with(&["a@jobcenter.example"]).await;
        // Every look at the clock finds an hour gone.
        let (start, looks) = (house.courier.clock.now(), Arc::new(AtomicI64::new(0)));
        house.courier.clock = Clock::from_fn(move || start + TimeDelta::hours(looks.fetch_add(1, Ordering::SeqCst)));
        let mut session = house.courier.transport.session(CancellationToken::new());
        let held = house.take(house.courier.clock.now()).await;
        let (outcome, step) = house.courier.attempt(&mut session, held).await;
        assert!(matches!((outcome.fate, step), (Fate::Back { .. }, Step::Again)));
        assert!(house.files().is_empty());
    }

    #[tokio::test]
    async fn a_stop_is_heard_between_mails() {
        let house = House::with(&["a@jobcenter.example", "b@jobcenter.example"]).await;
        let stop = CancellationToken::new();
        let mut session = house.courier.transport.session(stop.clone());
        let now = house.courier.clock.now();
        let held = house.take(now).await;
        let (sent, step) = house.courier.attempt(&mut session, held).await;
        assert_eq!(step, Step::Sent);
        let held = house.take(now).await;
        stop.cancel();
        let (back, step) = house.courier.attempt(&mut session, held).await;
        assert_eq!(step, Step::Stopped);
        house.courier.db.exchange(&[sent, back], now, now, "", 0).await.unwrap();
        let counts = house.courier.drain(&stop).await.unwrap();
        assert_eq!((counts.sent, counts.left), (0, 1));
        assert_eq!(house.states().await[1], (OutboxState::Queued, 0, None), "as if it had not been taken");
    }

    #[tokio::test]
    async fn a_queue_row_that_nobody_can_read_fails_visibly_and_stops_nothing() {
        let to = ["kind", "none", "json", "later", "good"].map(|to| format!("{to}@jobcenter.example"));
        let house = House::with(&to.each_ref().map(String::as_str)).await;
        let Db::Sqlite { writer, .. } = &house.courier.db else { unreachable!() };
        let spoil = "update outbox set kind = 'tanz' where recipient like 'kind@%';
            update outbox set message = null where recipient like 'none@%';
            update outbox set message = '{' where recipient like 'json@%';
            update outbox set kind = 'tanz', next_attempt_at = '2026-11-30T00:00:00Z' where recipient like 'later@%'";
        sqlx::raw_sql(spoil).execute(writer).await.unwrap();
        assert_eq!(house.drain().await, (1, 0, 3, 1));
        assert!(house.files()[0].contains("To: good@jobcenter.example\r\n"));
        let states = house.states().await;
        for (state, why) in states.iter().zip(["Art dieser Mail", "Text dieser Mail fehlt", "nicht lesbar"]) {
            assert_eq!(state.0, OutboxState::Failed);
            assert!(state.2.as_deref().unwrap().contains(why), "{state:?}");
        }
    }
}
