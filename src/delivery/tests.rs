use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::domain::digest::Kind;
use crate::domain::retry::LEAST_ATTEMPTS;
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
        let Begun::Ready(mut run) = db.begin_run("", clock.today(), start, None).await.unwrap() else { unreachable!() };
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

/// A mail's way from first to last.
async fn attempt(courier: &Courier, session: &mut Session, held: Held) -> (Outcome, Step) {
    let offered = courier.offer(session, &held.claimed).await;
    courier.hand_over(session, held, offered).await
}

fn read_all(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    entries.map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap()).collect()
}

fn new_mail(to: &str, created_at: DateTime<Utc>) -> NewMail {
    let parts = Parts { subject: "Betreff".into(), text: "Text".into(), html: "<p>Text".into(), ..Parts::default() };
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
    let house = House::with(&["a@elsewhere.example", "a@sub.jobcenter.example", "kaputt", "b@JOBCENTER.example"]).await;
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
    // A clock that leaps is not yet three days of trying.
    house.pass(TimeDelta::days(4));
    for _ in 3..LEAST_ATTEMPTS {
        assert_eq!(house.drain().await, (0, 1, 0, 1));
        house.pass(TimeDelta::hours(5));
    }
    assert_eq!(house.drain().await, (0, 0, 1, 0));
    let (state, attempts, error) = house.states().await.remove(0);
    assert_eq!((state, attempts), (OutboxState::Failed, LEAST_ATTEMPTS));
    assert!(error.unwrap().starts_with("Nach drei Tagen aufgegeben."));
}

#[tokio::test]
async fn the_three_days_begin_with_the_first_attempt() {
    let house = House::with(&["a@jobcenter.example"]).await;
    std::fs::write(house.temp.path().join("mails"), "in the way").unwrap();
    // Nobody delivered for five days.
    house.pass(TimeDelta::days(5));
    for _ in 1..LEAST_ATTEMPTS {
        assert_eq!(house.drain().await, (0, 1, 0, 1));
        house.pass(TimeDelta::hours(5));
    }
    assert_eq!(house.drain().await, (0, 1, 0, 1), "enough attempts, but not yet three days");
    house.pass(TimeDelta::days(1));
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
async fn what_a_clock_that_was_ahead_put_off_is_due_once_it_is_right_again() {
    let house = House::with(&["a@jobcenter.example", "b@jobcenter.example", "c@jobcenter.example"]).await;
    let Db::Sqlite { writer, .. } = &house.courier.db else { unreachable!() };
    let ahead = "update outbox set next_attempt_at = '2027-03-01T05:30:00+00:00' where id = 1;
        update outbox set next_attempt_at = '2026-11-23T10:30:00+00:00' where id = 2;
        update outbox set next_attempt_at = '2026-11-23T10:30:01+00:00' where id = 3";
    sqlx::raw_sql(ahead).execute(writer).await.unwrap();
    assert_eq!(house.drain().await, (2, 0, 0, 1), "an ordinary pause is kept");
}

#[tokio::test]
async fn a_process_that_stood_still_does_not_send() {
    let mut house = House::with(&["a@jobcenter.example"]).await;
    // Every look at the clock finds an hour gone.
    let (start, looks) = (house.courier.clock.now(), Arc::new(AtomicI64::new(0)));
    house.courier.clock = Clock::from_fn(move || start + TimeDelta::hours(looks.fetch_add(1, Ordering::SeqCst)));
    let mut session = house.courier.transport.session(CancellationToken::new());
    let held = house.take(house.courier.clock.now()).await;
    let (outcome, step) = attempt(&house.courier, &mut session, held).await;
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
    let (sent, step) = attempt(&house.courier, &mut session, held).await;
    assert_eq!(step, Step::Sent);
    let held = house.take(now).await;
    stop.cancel();
    let (back, step) = attempt(&house.courier, &mut session, held).await;
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
        delete from outbox_text where outbox_id = (select id from outbox where recipient like 'none@%');
        update outbox_text set message = '{' where outbox_id = (select id from outbox where recipient like 'json@%');
        update outbox set kind = 'tanz', next_attempt_at = '2026-11-23T09:00:00Z' where recipient like 'later@%'";
    sqlx::raw_sql(spoil).execute(writer).await.unwrap();
    assert_eq!(house.drain().await, (1, 0, 3, 1));
    assert!(house.files()[0].contains("To: good@jobcenter.example\r\n"));
    let states = house.states().await;
    for (state, why) in states.iter().zip(["Art dieser Mail", "Text dieser Mail fehlt", "nicht lesbar"]) {
        assert_eq!(state.0, OutboxState::Failed);
        assert!(state.2.as_deref().unwrap().contains(why), "{state:?}");
    }
}
