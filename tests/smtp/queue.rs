//! The queue before a mail server: what the couriers do, and what `outbox list` says of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use assert_cmd::Command;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use wiedervorlage::clock::Clock;
use wiedervorlage::delivery::{Counts, Courier, Outage};
use wiedervorlage::domain::digest::Kind;
use wiedervorlage::mail::Parts;
use wiedervorlage::mail::compose::message_id;
use wiedervorlage::mail::transport::smtp::Options;
use wiedervorlage::store::{Begun, Db, NewMail, OutboxEntry, OutboxFilter, OutboxState};

use super::server::{At, Fault, Server};
use super::{credentials, options, transport};

/// A queue with mails, a server, and a clock that stands until it is moved.
struct House {
    courier: Courier,
    server: Server,
    seconds: Arc<AtomicI64>,
    folder: tempfile::TempDir,
}

impl House {
    async fn new(mails: usize, server: Server, options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let start: DateTime<Utc> = "2026-11-23T05:30:00Z".parse().unwrap();
        let seconds = Arc::new(AtomicI64::new(0));
        let ticking = seconds.clone();
        let clock = Clock::from_fn(move || start + TimeDelta::seconds(ticking.load(Ordering::SeqCst)));
        let db = Db::open(&format!("sqlite:{}", folder.path().join("db").display()), None, start).await.unwrap();
        let Begun::Ready(mut run) = db.begin_run("", clock.today(), start, None).await.unwrap() else { unreachable!() };
        let mails: Vec<_> = (0..mails).map(|i| new_mail(&format!("b{i}@a.example"), start)).collect();
        run.mails(&mails).await.unwrap();
        run.commit().await.unwrap();
        let courier = Courier {
            db,
            clock,
            transport: transport(&server, options),
            from: "w@a.example".to_owned(),
            allowed_domains: vec!["a.example".to_owned()],
            redirect_all_to: None,
            outage: Outage::default(),
        };
        Self { courier, server, seconds, folder }
    }

    fn pass(&self, time: TimeDelta) {
        self.seconds.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }

    async fn drain(&self) -> Counts {
        self.courier.drain(&CancellationToken::new()).await.unwrap()
    }

    async fn entries(&self) -> Vec<OutboxEntry> {
        self.courier.db.outbox_list(&OutboxFilter::default(), 0, 1_000).await.unwrap()
    }

    /// What a person is told.
    fn outbox_list(&self) -> String {
        let mut command = Command::cargo_bin("wiedervorlage").unwrap();
        let url = format!("sqlite:{}", self.folder.path().join("db").display());
        command.env_clear().env("WIEDERVORLAGE__DATABASE__URL", url).args(["outbox", "list", "--format", "jsonl"]);
        String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
    }
}

fn new_mail(to: &str, created_at: DateTime<Utc>) -> NewMail {
    let parts =
        Parts { subject: "Betreff".into(), text: "Grüße".into(), html: "<p>Grüße".into(), ..Parts::default() };
    let dedup_key = format!("mitteilung:{to}:1");
    NewMail {
        message_id: message_id(b"secret", &dedup_key, "a.example"),
        dedup_key,
        kind: Kind::Mitteilung,
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
async fn each_mail_is_taken_once_over_as_many_connections_as_allowed() {
    for connections in [1, 8] {
        let house = House::new(40, Server::default(), Options { connections, ..options() }).await;
        let counts = house.drain().await;
        assert_eq!((counts.sent, counts.left), (40, 0));
        let mut taken = house.server.taken();
        taken.sort();
        taken.dedup();
        assert_eq!((taken.len(), house.server.book().taken.len()), (40, 40));
        assert!(house.server.connections() <= connections);
        // What goes out needs no 8BITMIME: every mail is ASCII in lines that any server takes.
        let book = house.server.book();
        assert!(
            book.taken.iter().all(|t| t.content.is_ascii() && t.content.split(|b| *b == b'\n').all(|l| l.len() <= 998))
        );
    }
}

#[tokio::test]
async fn one_recipients_refusal_stops_nobody_else_and_is_shown() {
    let server = Server::default();
    server.book().faults = vec![
        (At::Rcpt, "b1@a.example", Fault::Say("550 5.1.1 <b1@a.example> geheim"), 9),
        (At::Rcpt, "b2@a.example", Fault::Say("450 4.2.0 <b2@a.example> geheim, greylisted"), 2),
    ];
    let house = House::new(4, server, options()).await;
    let counts = house.drain().await;
    assert_eq!((counts.sent, counts.again, counts.failed, counts.left), (2, 1, 1, 1));
    let list = house.outbox_list();
    assert!(list.contains("Der Mailserver lehnt den Empfänger ab (550 5.1.1)."), "{list}");
    assert!(list.contains("Der Mailserver nimmt den Empfänger zurzeit nicht an (450 4.2.0)."), "{list}");
    assert!(!list.contains("geheim"));
    // Greylisting passes with time, and a refusal does not.
    for _ in 0..5 {
        house.pass(TimeDelta::minutes(3));
        house.drain().await;
    }
    let states: Vec<_> = house.entries().await.into_iter().map(|e| (e.state, e.attempts)).collect();
    let (sent, failed) = (OutboxState::Sent, OutboxState::Failed);
    assert_eq!(states, [(sent, 1), (failed, 1), (sent, 3), (sent, 1)]);
}

#[tokio::test]
async fn a_server_that_refuses_connections_for_an_hour_costs_no_mail_an_attempt() {
    let server = Server::default();
    server.book().faults = vec![(At::Connect, "", Fault::Close, usize::MAX)];
    let house = House::new(3, server, options()).await;
    // Asked every ten seconds, as a service would.
    let (mut calls, mut before) = (0, usize::MAX);
    for _ in 0..360 {
        house.drain().await;
        let left = house.server.book().faults[0].3;
        calls += usize::from(left != before);
        before = left;
        house.pass(TimeDelta::seconds(10));
    }
    assert_eq!(calls, 6, "at 0, 1, 3, 7, 15 and 31 minutes");
    let trouble = house.courier.trouble().unwrap();
    assert_eq!((trouble.failures, trouble.why.as_str()), (6, "Der Mailserver nimmt keine Verbindung an."));
    assert!(house.entries().await.iter().all(|e| (e.state, e.attempts) == (OutboxState::Queued, 0)));
    assert!(house.outbox_list().contains("Der Mailserver nimmt keine Verbindung an."));
    house.server.book().faults.clear();
    house.pass(TimeDelta::minutes(2));
    let counts = house.drain().await;
    assert_eq!((counts.sent, counts.left, house.courier.trouble()), (3, 0, None));
    assert!(house.entries().await.iter().all(|e| e.attempts == 1 && e.error.is_none()));
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_every_second() {
    let server = Server::default();
    server.book().login = Some(("w", "richtig"));
    server.book().mechanisms = "LOGIN";
    let options = Options { credentials: Some(credentials("w", "falsch")), connections: 2, ..options() };
    let house = House::new(3, server, options).await;
    for _ in 0..600 {
        house.drain().await;
        house.pass(TimeDelta::seconds(1));
    }
    assert!(house.server.heard("AUTH") <= 8, "four times in ten minutes over two connections");
    let list = house.outbox_list();
    assert!(list.contains("bitte mail.smtp.username und das Kennwort in mail.smtp.password_file prüfen"), "{list}");
    assert!(house.entries().await.iter().all(|e| (e.state, e.attempts) == (OutboxState::Queued, 0)));
}

#[tokio::test]
async fn one_connection_too_many_does_not_stop_the_others() {
    let server = Server::with(&[(At::Greeting, Fault::Say("421 4.7.0 too many connections"))]);
    let house = House::new(20, server, Options { connections: 4, ..options() }).await;
    let counts = house.drain().await;
    assert_eq!((counts.sent, counts.left, house.courier.trouble()), (19, 1, None));
    house.pass(TimeDelta::minutes(1));
    assert_eq!(house.drain().await.sent, 1);
}

#[tokio::test]
async fn a_mail_whose_end_nobody_knows_is_sent_again_with_the_same_bytes() {
    let house = House::new(1, Server::with(&[(At::Dot, Fault::Close)]), options()).await;
    assert_eq!(house.drain().await.again, 1);
    assert!(house.outbox_list().contains("Ob die Mail angenommen ist, ist nicht bekannt."));
    house.pass(TimeDelta::minutes(2));
    assert_eq!(house.drain().await.sent, 1);
    let book = house.server.book();
    assert_eq!((book.taken.len(), &book.taken[0].content), (2, &book.taken[1].content));
}

#[tokio::test]
async fn a_stop_puts_back_what_was_not_handed_over() {
    let house = House::new(2, Server::with(&[(At::Rcpt, Fault::Hang)]), options()).await;
    let stop = CancellationToken::new();
    let stopping = async {
        while house.server.heard("RCPT") == 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (counts, ()) = tokio::join!(house.courier.drain(&stop), stopping);
    assert_eq!(counts.unwrap().left, 2);
    let now = house.courier.clock.now();
    for entry in house.entries().await {
        assert_eq!((entry.state, entry.attempts, entry.error), (OutboxState::Queued, 0, None));
        assert!(entry.next_attempt_at <= now, "due at once");
    }
    assert_eq!(house.drain().await.sent, 2);
}
