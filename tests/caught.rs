//! What becomes of a panic. In a process of its own, because it changes what every panic leaves behind.
#![expect(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "torture/sink.rs"]
mod sink;

use std::io::Write;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use wiedervorlage::caught::{Panicked, caught, log_places_alone};
use wiedervorlage::clock::Clock;
use wiedervorlage::delivery::{Courier, Outage};
use wiedervorlage::domain::digest::Kind;
use wiedervorlage::mail::Parts;
use wiedervorlage::mail::transport::Transport;
use wiedervorlage::mail::transport::smtp::{Encryption, Options, Smtp};
use wiedervorlage::store::{Db, NewMail};

use sink::Sink;

/// What one test makes panic, the other would find in its log.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The log of this test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Panics with somebody's name, in one of the ways in which work is shared out.
async fn falls(how: &str) {
    let fall = || -> () { panic!("Mia Muster, 0000017") };
    match how {
        "before it waits" => fall(),
        "after it waited" => {
            tokio::task::yield_now().await;
            fall();
        }
        "in a thread" => std::thread::scope(|scope| {
            scope.spawn(fall).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }),
        "in a task" => match tokio::spawn(async move { fall() }).await {
            Ok(()) => {}
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        },
        other => unreachable!("{other}"),
    }
}

#[tokio::test]
async fn a_panic_is_an_error_whose_place_is_logged_without_its_words() {
    let _alone = ALONE.lock().await;
    let log = Log::default();
    let to = log.clone();
    tracing_subscriber::fmt().with_writer(move || to.clone()).with_ansi(false).init();
    log_places_alone();
    assert_eq!(caught(async { 7 }).await, Ok(7));
    assert!(log.0.lock().unwrap().is_empty());
    for how in ["before it waits", "after it waited", "in a thread", "in a task"] {
        let error = caught(falls(how)).await.unwrap_err();
        assert_eq!(error, Panicked, "{how}");
        assert!(!error.to_string().contains("Muster"), "{how}");
        let said = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        assert_eq!(said.lines().count(), 1, "{how}: said once: {said}");
        assert!(said.contains("ERROR") && said.contains("tests/caught.rs:"), "{how}: {said}");
        assert!(!said.contains("Muster") && !said.contains("0000017"), "{how}: {said}");
    }
    // And the next work is none the worse for it.
    assert_eq!(caught(async { 8 }).await, Ok(8));
}

/// Reads of the clock in which a session falls that looks whether it may still hand its mail over: two of drain's, two
/// rounds at the desk, and then the session's own.
const BEFORE_THE_MAIL: u32 = 5;

#[tokio::test]
async fn a_session_that_panics_costs_its_mail_the_time_of_a_lease_and_nothing_else() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let (start, sink) = ("2026-11-23T05:30:00Z".parse::<DateTime<Utc>>().unwrap(), Sink::new(""));
    let url = format!("sqlite:{}", folder.path().join("db").display());
    let db = Db::open(&url, None, start).await.unwrap();
    for to in ["a", "b", "c"] {
        assert!(db.queue(mail(to, start)).await.unwrap());
    }
    let (reads, seconds) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicI64::new(0)));
    let (ticks, time) = (reads.clone(), seconds.clone());
    let clock = Clock::from_fn(move || {
        assert!(ticks.fetch_add(1, Ordering::SeqCst) + 1 != BEFORE_THE_MAIL, "Mia Muster");
        start + TimeDelta::seconds(time.load(Ordering::SeqCst))
    });
    let options = Options {
        host: "127.0.0.1".to_owned(),
        port: sink.port,
        encryption: Encryption::None,
        credentials: None,
        ca_file: None,
        rate_limit: 0,
        connections: 1,
    };
    let transport = Transport::Smtp(Smtp::new(options).unwrap());
    let lease = transport.longest_exchange() * 2 + TimeDelta::minutes(1);
    let courier = Courier {
        db: db.clone(),
        clock,
        transport,
        from: "w@jobcenter.example".to_owned(),
        allowed_domains: vec!["jobcenter.example".to_owned()],
        redirect_all_to: None,
        outage: Outage::default(),
    };
    let stop = CancellationToken::new();
    assert_eq!(Box::pin(caught(courier.drain(&stop))).await.unwrap_err(), Panicked);
    assert!(sink.taken().is_empty());
    // The next bell: the others leave. What became of the one is for nobody to say; one waited behind it.
    let counts = courier.drain(&stop).await.unwrap();
    assert_eq!((counts.sent, counts.left), (1, 2));
    let counts = courier.drain(&stop).await.unwrap();
    assert_eq!((counts.sent, counts.left), (0, 2));
    seconds.store(lease.num_seconds(), Ordering::SeqCst);
    let counts = courier.drain(&stop).await.unwrap();
    assert_eq!((counts.sent, counts.left), (2, 0));
    let mut taken: Vec<_> = sink.taken().into_iter().map(|mail| mail.recipient).collect();
    taken.sort();
    assert_eq!(taken, ["a", "b", "c"].map(|to| format!("{to}@jobcenter.example")), "each once");
}

fn mail(to: &str, at: DateTime<Utc>) -> NewMail {
    let parts = Parts { subject: "Betreff".into(), text: "Text".into(), html: "<p>Text".into(), ..Parts::default() };
    NewMail {
        dedup_key: to.to_owned(),
        kind: Kind::Mitteilung,
        office: String::new(),
        recipient: format!("{to}@jobcenter.example"),
        day: at.date_naive(),
        subject: parts.subject.clone(),
        message_id: format!("<{to}@jobcenter.example>"),
        message: serde_json::to_vec(&parts).unwrap(),
        sha256: String::new(),
        created_at: at,
        told_once: false,
        notices: Vec::new(),
    }
}
